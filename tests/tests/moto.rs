//! moto as the second opinion: the program against an emulator that others wrote, as far as that one goes.
//!
//! What moto does not do, and so what the spec here avoids, is in `docs/semantics.md`.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use s3ferry_tests::signed::{Client, Request};
use s3ferry_tests::world::{ACCOUNTS, DESTINATION, Ran, SOURCE, command};
use s3ferry_tests::{python, repository};
use tempfile::TempDir;

/// How long the server may take to start: Python imports all of moto first.
const PATIENCE: Duration = Duration::from_secs(60);

/// A migration of a whole bucket in a phase: moto keeps neither prefixes, tags nor the delete marker switch of a rule.
fn spec(phase: &str) -> String {
    format!(
        "{ACCOUNTS}  orders:
    phase: {phase}
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: orders-archive, create: true }}
    rules:
      - {{ id: everything, delete_markers: keep }}
    canary: {{ skip: \"moto does not replicate\" }}
    monitoring: {{ none: \"a test\" }}
"
    )
}

#[test]
fn a_move_is_prepared_and_replicates_and_foreign_tags_survive() {
    let Some(programs) = python::programs("the program against moto") else {
        return;
    };
    let moto = Moto::start(&programs);
    let (source, destination) = (moto.client(SOURCE), moto.client(DESTINATION));
    make_bucket(&source);
    let folder = TempDir::new().expect("there is a temporary folder");

    moto.converge(folder.path(), "prepare");
    tag_bucket(&destination);
    tag_role(&source);
    moto.must_be_settled(folder.path());

    moto.converge(folder.path(), "replicate");
    let rules = source.get("orders-prod", "replication").expect_ok();
    assert!(
        rules.body.contains("arn:aws:s3:::orders-archive"),
        "{}",
        rules.body
    );
    let tags = destination.get("orders-archive", "tagging").expect_ok();
    assert!(tags.body.contains("<Key>team</Key>"), "{}", tags.body);
    let ours = tags.body.matches("<Key>").count();
    assert!(ours > 1, "ours are there, too: {}", tags.body);
    assert!(
        role_tags(&source).contains("<Key>team</Key>"),
        "{}",
        role_tags(&source)
    );
}

fn make_bucket(source: &Client) {
    let location = format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        SOURCE.1
    );
    let request = Request {
        method: "PUT",
        path: "/orders-prod",
        body: &location,
        ..Request::default()
    };
    source.s3(request).expect_ok();
}

/// Somebody adds a tag to those of the bucket that was made.
fn tag_bucket(destination: &Client) {
    let tags = destination
        .get("orders-archive", "tagging")
        .expect_ok()
        .body;
    let more = "<TagSet><Tag><Key>team</Key><Value>orders</Value></Tag>";
    assert!(
        tags.contains("<TagSet>"),
        "the bucket is marked as ours: {tags}"
    );
    destination.put(
        "orders-archive",
        "tagging",
        &tags.replacen("<TagSet>", more, 1),
    );
}

fn tag_role(source: &Client) {
    let tag = [
        ("Action", "TagRole"),
        ("RoleName", "s3ferry-orders-prod"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "orders"),
    ];
    source.iam(&tag).expect_ok();
}

fn role_tags(source: &Client) -> String {
    let list = [
        ("Action", "ListRoleTags"),
        ("RoleName", "s3ferry-orders-prod"),
    ];
    source.iam(&list).expect_ok().body
}

/// A moto server of its own; it ends when dropped.
struct Moto {
    server: Child,
    endpoint: String,
}

impl Moto {
    fn start(programs: &Path) -> Self {
        let port = free_port();
        let server = Command::new(programs.join("python"))
            .arg(repository::root().join("tests/clients/moto_world.py"))
            .arg(port.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let moto = Self {
            server,
            endpoint: format!("http://127.0.0.1:{port}"),
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "moto does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    /// Returns a client in an account; any role of it can be assumed, whether it is there or not.
    fn client(&self, (account, region): (&str, &str)) -> Client {
        Client::new(&self.endpoint, "test", "test", SOURCE.1).in_account(account, region)
    }

    fn s3ferry(&self, folder: &Path, arguments: &[&str]) -> Ran {
        let environment = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", SOURCE.1),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let output = command(folder, environment, arguments).output();
        Ran::from(output.expect("the program starts"))
    }

    fn converge(&self, folder: &Path, phase: &str) {
        fs::write(folder.join("spec.yaml"), spec(phase)).expect("the spec is written");
        let pending = self.s3ferry(folder, &["plan", "--detailed-exitcode", "spec.yaml"]);
        assert_eq!(pending.code, Some(2), "before {phase}: {}", pending.said());
        let applied = self.s3ferry(folder, &["apply", "--yes", "spec.yaml"]);
        assert_eq!(applied.code, Some(0), "{phase}: {}", applied.said());
        self.must_be_settled(folder);
    }

    fn must_be_settled(&self, folder: &Path) {
        let plan = self.s3ferry(folder, &["plan", "--detailed-exitcode", "spec.yaml"]);
        assert_eq!(plan.code, Some(0), "{}", plan.said());
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _may_have_ended = self.server.kill();
        let _reaped = self.server.wait();
    }
}

/// A port that nobody uses; the server has no way to say which one it chose.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}
