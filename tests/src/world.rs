//! A sandbox of two accounts, a folder with a spec, and the program that works on both.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use s3ferry_sandbox::{Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::program;
use crate::signed::Client;

/// The source's account and Region.
pub const SOURCE: (&str, &str) = ("111111111111", "eu-west-1");
/// The destination's.
pub const DESTINATION: (&str, &str) = ("222222222222", "eu-central-1");

/// The two accounts as a spec names them.
pub const ACCOUNTS: &str = r#"version: 1
name: test
accounts:
  prod: { id: "111111111111", region: eu-west-1, assume_role: { arn: "arn:aws:iam::111111111111:role/sandbox" } }
  archive: { id: "222222222222", region: eu-central-1, assume_role: { arn: "arn:aws:iam::222222222222:role/sandbox" } }
migrations:
"#;

/// A world of its own; it goes away when dropped.
#[derive(Debug)]
pub struct World {
    sandbox: Sandbox,
    folder: TempDir,
}

/// How a run of the program ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs the work of sandboxes, all of them on one runtime.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| Runtime::new().expect("tokio starts"))
        .block_on(work)
}

impl World {
    /// Starts a sandbox and writes the spec: the accounts, and these migrations.
    ///
    /// # Panics
    /// Where the sandbox does not start or the disk is full.
    pub fn new(migrations: &str) -> Self {
        let sandbox = Sandbox::builder()
            .account(SOURCE.0, SOURCE.1)
            .account(DESTINATION.0, DESTINATION.1)
            .start();
        let sandbox = block_on(sandbox).expect("the sandbox starts");
        sandbox
            .switches()
            .replication_delay(Duration::from_millis(20));
        let world = Self {
            sandbox,
            folder: TempDir::new().expect("there is a temporary folder"),
        };
        world.spec(migrations);
        world
    }

    /// Writes the spec anew.
    ///
    /// # Panics
    /// Where the disk is full.
    pub fn spec(&self, migrations: &str) {
        let text = format!("{ACCOUNTS}{migrations}");
        fs::write(self.folder().join("spec.yaml"), text).expect("the spec is written");
    }

    /// Fills the sandbox with buckets and objects.
    ///
    /// # Panics
    /// Where the seed is wrong.
    #[must_use]
    pub fn with(self, seed: &Value) -> Self {
        self.sandbox
            .load_seed(&seed.to_string())
            .expect("the seed is good");
        self
    }

    /// Returns the sandbox.
    pub const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Has every call of an operation refused from now on.
    pub fn deny(&self, service: &str, operation: &str) {
        self.sandbox.switches().fail(Fault {
            service: service.to_owned(),
            operation: operation.to_owned(),
            nth: 0,
            kind: FaultKind::ErrorBefore {
                status: 403,
                code: "AccessDenied".to_owned(),
                message: "Access Denied".to_owned(),
            },
        });
    }

    /// Damages a version as no API can.
    ///
    /// # Panics
    /// Where there is no such version.
    pub fn damage(&self, bucket: &str, key: &str, version: &str, kind: &str) {
        let environment: BTreeMap<String, String> =
            self.sandbox().environment().into_iter().collect();
        let address = environment["AWS_ENDPOINT_URL"].trim_start_matches("http://");
        let body = json!({ "bucket": bucket, "key": key, "version_id": version, "kind": kind });
        let body = body.to_string();
        let request = format!(
            "POST /_sandbox/damage HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            environment["S3FERRY_SANDBOX_TOKEN"],
            body.len()
        );
        let mut stream = TcpStream::connect(address).expect("the sandbox listens");
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("it is answered");
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }

    /// Returns the folder that the program runs in; the ledger is in it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a client in the source's account.
    pub fn source(&self) -> Client {
        self.client().in_account(SOURCE.0, SOURCE.1)
    }

    /// Returns a client in the destination's account.
    pub fn destination(&self) -> Client {
        self.client().in_account(DESTINATION.0, DESTINATION.1)
    }

    /// Returns a client in the destination's account that speaks to another Region.
    pub fn destination_in(&self, region: &str) -> Client {
        self.client().in_account(DESTINATION.0, region)
    }

    /// Returns a client in the source's account that speaks to another Region.
    pub fn source_in(&self, region: &str) -> Client {
        self.client().in_account(SOURCE.0, region)
    }

    /// Makes a topic `ops` in each Region of the source's account, with somebody who listens.
    pub fn make_topics(&self) {
        for region in [SOURCE.1, DESTINATION.1] {
            let topic = format!("arn:aws:sns:{region}:{}:ops", SOURCE.0);
            let queue = format!("arn:aws:sqs:{region}:{}:ops", SOURCE.0);
            let sns = self.source_in(region);
            sns.sns(&[("Action", "CreateTopic"), ("Name", "ops")])
                .expect_ok();
            let listen = [
                ("Action", "Subscribe"),
                ("TopicArn", &topic),
                ("Protocol", "sqs"),
                ("Endpoint", &queue),
            ];
            sns.sns(&listen).expect_ok();
        }
    }

    fn client(&self) -> Client {
        let (key, secret) = (
            self.sandbox.root_access_key_id(),
            self.sandbox.root_secret_access_key(),
        );
        Client::new(self.sandbox.endpoint(), key, secret, SOURCE.1)
    }

    /// Returns the state of S3: the part of the snapshot at a JSON pointer below `/s3/buckets`.
    pub fn buckets(&self, pointer: &str) -> Value {
        let snapshot = self.sandbox.snapshot();
        snapshot
            .pointer(&format!("/s3/buckets{pointer}"))
            .cloned()
            .unwrap_or(Value::Null)
    }

    /// Waits until all replicas are where they belong.
    pub fn settle(&self) {
        block_on(self.sandbox.settle());
    }

    /// Returns the program with the sandbox's environment and no input, to be started in the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        command(self.folder(), self.sandbox.environment(), arguments)
    }

    /// Runs the program.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn s3ferry(&self, arguments: &[&str]) -> Ran {
        Ran::from(
            self.command(arguments)
                .output()
                .expect("the program starts"),
        )
    }

    /// Runs the program, which must end with this code.
    ///
    /// # Panics
    /// Where it ends otherwise.
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.s3ferry(arguments);
        assert_eq!(
            ran.code,
            Some(code),
            "s3ferry {}\n{}",
            arguments.join(" "),
            ran.said()
        );
        ran
    }

    /// Applies the spec and sees that a second plan is empty.
    ///
    /// # Panics
    /// Where it is not.
    pub fn converge(&self) {
        self.expect(0, &["apply", "--yes", "spec.yaml"]);
        self.must_be_settled();
    }

    /// Sees that a plan is empty.
    ///
    /// # Panics
    /// Where it is not.
    pub fn must_be_settled(&self) {
        self.expect(0, &["plan", "--detailed-exitcode", "spec.yaml"]);
    }
}

/// Returns the program in a folder and an environment that says nothing of AWS but this.
pub fn command(
    folder: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
    arguments: &[&str],
) -> Command {
    let mut command = Command::new(program::path());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let is_of_network = name.to_ascii_uppercase().ends_with("_PROXY");
        if name.starts_with("AWS_")
            || is_of_network
            || ["NO_COLOR", "TERM", "CLICOLOR_FORCE"].contains(&&*name)
        {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .current_dir(folder)
        .envs(environment)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "none")
        .env("AWS_SHARED_CREDENTIALS_FILE", "none")
        // What waiting for reads to agree is for has tests of its own (`lag.rs`).
        .env("S3FERRY_AGREE_FOR", "0s")
        .stdin(Stdio::null());
    command
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        let [out, err] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Self {
            code: status.code(),
            out,
            err,
        }
    }
}

impl Ran {
    /// Returns all that was printed, for messages of tests.
    pub fn said(&self) -> String {
        format!(
            "exit {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.out, self.err
        )
    }
}
