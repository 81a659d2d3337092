//! `s3ferry demo`: a migration on the sandbox, by the same commands that a user types.
//!
//! The sandbox runs in this process; every `s3ferry` line that the demo prints is run as printed, as a process of its own.
//! What a user would do with other tools (make buckets, write objects, look at replicas) goes through the SDK.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use s3ferry_aws::{Cloud, Endpoint, Options};
use s3ferry_core::model::kinds::{Bucket, Document};
use s3ferry_core::model::{BucketPart, BucketRef, Target};
use s3ferry_core::plan::PutEncryption;
use s3ferry_core::spec::{Migration, Spec};
use s3ferry_engine::Verdict;
use s3ferry_engine::ports::{
    NewObject, Objects as _, Onto, PortError, Replication, Write as _, WriteChange,
};
use s3ferry_render::{number, plural};
use s3ferry_sandbox::Sandbox;

use super::Ended;
use super::init::SCHEMA;
use crate::args::{Demo, LogFormat};
use crate::chain::chain;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::specs;

/// The specs, as they lie in `plans/demo`.
const SPECS: [(&str, &str); 3] = [
    (
        "accounts.yaml",
        include_str!("../../../../plans/demo/accounts.yaml"),
    ),
    (
        "invoices.yaml",
        include_str!("../../../../plans/demo/invoices.yaml"),
    ),
    (
        "orders.yaml",
        include_str!("../../../../plans/demo/orders.yaml"),
    ),
];

/// Objects in each source bucket before the migration begins.
const OBJECTS_BEFORE: usize = 1_500;
/// Objects written to each source bucket while the rules are on.
const OBJECTS_AFTER: usize = 100;
/// How long the demo waits for replicas before it says that something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(printer: &Printer, args: &Demo, parallelism: usize) -> Ended {
    let sandbox = start(printer).await?;
    let folder = Folder::make(printer, args.keep)?;
    let demo = Stage::set(printer, &sandbox, folder.path(), parallelism).await?;
    let ended = demo.play().await;
    sandbox.shutdown().await;
    if args.keep {
        printer.message(&format!("Kept: {}", folder.path().display()));
    }
    ended
}

async fn start(printer: &Printer) -> Result<Sandbox, Exit> {
    let sandbox = Sandbox::builder()
        .account("111111111111", "eu-west-1")
        .account("222222222222", "eu-central-1")
        .start()
        .await;
    let sandbox = sandbox.map_err(|error| {
        printer.error(&chain(&error), None);
        Exit::Error
    })?;
    sandbox
        .switches()
        .replication_delay(Duration::from_millis(300));
    Ok(sandbox)
}

/// Where the demo writes: a folder of its own that goes away, or `./s3ferry-demo`.
enum Folder {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    fn make(printer: &Printer, keep: bool) -> Result<Self, Exit> {
        let made = if keep {
            let path = PathBuf::from("s3ferry-demo");
            std::fs::create_dir(&path).map(|()| Self::Kept(path))
        } else {
            tempfile::tempdir().map(Self::Temporary)
        };
        made.map_err(|error| {
            printer.error(
                &format!("cannot make a folder for the demo: {error}"),
                Some("remove ./s3ferry-demo of an earlier demo"),
            );
            Exit::Error
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// Everything that the demo plays with.
struct Stage<'a> {
    printer: &'a Printer,
    sandbox: &'a Sandbox,
    folder: &'a Path,
    spec: Spec,
    cloud: Cloud,
    parallelism: usize,
}

impl<'a> Stage<'a> {
    async fn set(
        printer: &'a Printer,
        sandbox: &'a Sandbox,
        folder: &'a Path,
        parallelism: usize,
    ) -> Result<Self, Exit> {
        let specs = folder.join("specs");
        let written = std::fs::create_dir(&specs)
            .and_then(|()| {
                SPECS
                    .iter()
                    .try_for_each(|(name, text)| std::fs::write(specs.join(name), text))
            })
            // The first line of each spec names it, for editors.
            .and_then(|()| std::fs::write(folder.join(SCHEMA), s3ferry_spec::json_schema()));
        written.map_err(|error| broken(printer, "the specs cannot be written", &error))?;
        let loaded = specs::load(printer, &[specs], &[])?;
        let endpoint = Endpoint::new(
            sandbox.endpoint(),
            sandbox.root_access_key_id(),
            sandbox.root_secret_access_key(),
        );
        let options = Options {
            parallelism,
            endpoint: Some(endpoint),
            ..Options::default()
        };
        let connected = Cloud::connect(&loaded.spec.accounts, options).await;
        let (cloud, _) = connected.map_err(|problems| {
            for problem in problems {
                printer.error(&chain(&problem), None);
            }
            Exit::Error
        })?;
        Ok(Self {
            printer,
            sandbox,
            folder,
            spec: loaded.spec,
            cloud,
            parallelism,
        })
    }

    async fn play(&self) -> Ended {
        self.say("A sandbox of two accounts is running: prod (111111111111, eu-west-1) and archive (222222222222, eu-central-1).");
        self.fill().await?;

        self.say("1. The specs are checked offline.");
        self.s3ferry(&["validate", "specs"])?;

        self.say("2. Phase prepare: the destination buckets, versioning, the role, the policies. Nothing replicates yet.");
        self.s3ferry(&["plan", "specs", "--out", "prepare.plan"])?;
        self.s3ferry(&["apply", "prepare.plan"])?;

        self.say("3. Phase replicate, a one-line commit for each migration. The plan is saved, reviewed, and that plan is applied.");
        self.to_phase("prepare", "replicate")?;
        self.s3ferry(&["plan", "specs", "--out", "replicate.plan"])?;
        self.s3ferry(&["apply", "replicate.plan"])?;

        self.say("4. New objects are written in prod and arrive in archive.");
        self.watch().await?;

        self.say("5. Phase backfill: what was there before is copied by a job of S3 Batch Replication, which waits until somebody has seen its number and its cost.");
        self.to_phase("replicate", "backfill")?;
        self.s3ferry(&["plan", "specs", "--out", "backfill.plan"])?;
        self.s3ferry_waits(&["apply", "backfill.plan", "--wait", "30s"])?;
        self.s3ferry(&["plan", "specs", "--out", "confirm.plan"])?;
        self.s3ferry(&["apply", "confirm.plan", "--wait", "5m"])?;

        self.say("6. Phase verify: both sides are compared, version by version, and the receipt is what the gate asks for.");
        self.to_phase("backfill", "verify")?;
        self.s3ferry_waits(&["apply", "specs", "--yes"])?;
        self.s3ferry(&["verify", "specs"])?;

        self.say("7. A last plan: no changes, and every gate is met.");
        self.s3ferry(&["plan", "specs", "--detailed-exitcode"])?;
        self.printer.message("");
        self.printer
            .message("The demo is done. To do the same by hand, see \"By hand\" in the README.");
        Ok(Exit::Done)
    }

    fn say(&self, text: &str) {
        self.printer.message("");
        self.printer.message(&format!("== {text}"));
    }

    /// Runs a command as a user would, in the demo's folder and with the sandbox's environment.
    fn s3ferry(&self, args: &[&str]) -> Result<(), Exit> {
        self.s3ferry_exits(args, 0)
    }

    /// Runs a command that does all it can, and leaves something to wait for.
    fn s3ferry_waits(&self, args: &[&str]) -> Result<(), Exit> {
        let waiting = Verdict::Waiting.exit_code();
        self.s3ferry_exits(args, waiting)?;
        self.printer
            .message(&format!("(exit {waiting}: there is something to wait for)"));
        Ok(())
    }

    fn s3ferry_exits(&self, args: &[&str], code: u8) -> Result<(), Exit> {
        self.printer
            .message(&format!("$ s3ferry {}", args.join(" ")));
        let status = self
            .child(args)
            .map_err(|error| broken(self.printer, "s3ferry cannot be run", &error))?;
        if status.code() == Some(i32::from(code)) {
            return Ok(());
        }
        self.printer.error(
            &format!("s3ferry {} ended with {status}", args.join(" ")),
            None,
        );
        Err(Exit::Error)
    }

    fn child(&self, args: &[&str]) -> std::io::Result<ExitStatus> {
        let mut command = Command::new(std::env::current_exe()?);
        // The sandbox is on this machine: neither the user's AWS nor a proxy has a part in the demo.
        let leads_elsewhere = |name: &OsString| {
            let name = name.to_string_lossy().to_ascii_uppercase();
            name.starts_with("AWS_") || name.ends_with("_PROXY")
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| leads_elsewhere(name)) {
            command.env_remove(name);
        }
        // Not part of what the demo shows: it says how the demo itself was asked to speak.
        if self.printer.log_format == LogFormat::Json {
            command.args(["--log-format", "json"]);
        }
        command
            .args(args)
            .current_dir(self.folder)
            .envs(self.sandbox.environment())
            // Nobody else works on the demo's accounts, and the sandbox answers what is.
            .env("S3FERRY_AGREE_FOR", "0s");
        tokio::task::block_in_place(|| command.status())
    }

    /// Makes the source buckets and the objects that are there before anything begins.
    async fn fill(&self) -> Result<(), Exit> {
        let began = Instant::now();
        let mut written = 0;
        for bucket in self.reports() {
            self.make(&bucket).await?;
        }
        for bucket in self.sources() {
            self.make(&bucket).await?;
            written += self.write(&bucket, "before", OBJECTS_BEFORE).await?.len();
        }
        let seconds = began.elapsed().as_secs_f64();
        self.printer.message(&format!(
            "{} written to {} in {seconds:.1} s.",
            plural(written as u64, "object"),
            plural(self.sources().len() as u64, "source bucket")
        ));
        Ok(())
    }

    async fn make(&self, bucket: &BucketRef) -> Result<(), Exit> {
        let document = Document::Bucket(Bucket {
            region: bucket.region.clone(),
            created_with_tags: BTreeMap::new(),
        });
        let change = WriteChange {
            before: None,
            after: Some(&document),
        };
        let target = Target::Bucket(bucket.clone(), BucketPart::Itself);
        let made = self.cloud.write(&target, change).await;
        made.map_err(|error| self.failed(&error))
    }

    /// The source buckets.
    fn sources(&self) -> BTreeSet<BucketRef> {
        let migrations = self.spec.migrations.values();
        migrations.map(|of| self.spec.source(of)).collect()
    }

    /// The buckets that the reports of jobs go to: in the account and the Region of a source.
    fn reports(&self) -> BTreeSet<BucketRef> {
        let bucket = |of: &Migration| {
            let bucket = of.backfill.report.as_ref()?.bucket.clone();
            Some(BucketRef {
                bucket,
                ..self.spec.source(of)
            })
        };
        self.spec.migrations.values().filter_map(bucket).collect()
    }

    async fn write(
        &self,
        bucket: &BucketRef,
        when: &str,
        count: usize,
    ) -> Result<Vec<(String, String)>, Exit> {
        let writes: Vec<_> = (0..count)
            .map(|number| {
                let object = object(bucket, when, number);
                async move {
                    let version = self.cloud.put(&object).await?;
                    Ok::<_, PortError>((object.key, version))
                }
            })
            .collect();
        let results: Vec<_> = stream::iter(writes)
            .buffered(self.parallelism)
            .collect()
            .await;
        results
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|error| self.failed(&error))
    }

    /// Turns one phase into the next in every file, the commit of a real migration.
    fn to_phase(&self, from: &str, to: &str) -> Result<(), Exit> {
        let (from, to) = (format!("phase: {from}"), format!("phase: {to}"));
        for (name, _) in SPECS {
            let path = self.folder.join("specs").join(name);
            std::fs::read_to_string(&path)
                .and_then(|text| std::fs::write(&path, text.replace(&from, &to)))
                .map_err(|error| broken(self.printer, "a spec cannot be written", &error))?;
        }
        self.printer
            .message(&format!("$ sed -i 's/{from}/{to}/' specs/*.yaml"));
        Ok(())
    }

    /// Writes objects under the rules and waits for their replicas.
    async fn watch(&self) -> Result<(), Exit> {
        for migration in self.spec.migrations.values() {
            let (source, destination) = (
                self.spec.source(migration),
                self.spec.destination(migration),
            );
            let began = Instant::now();
            let written = self.write(&source, "after", OBJECTS_AFTER).await?;
            let mut arrived = 0;
            for (key, version) in &written {
                arrived += usize::from(self.arrives(&destination, key, version, began).await?);
            }
            let line = format!(
                "{} of {} new objects of {} arrived in {} after {:.1} s, with the same version IDs.",
                number(arrived as u64),
                number(written.len() as u64),
                source.bucket,
                destination.bucket,
                began.elapsed().as_secs_f64()
            );
            self.printer.message(&line);
            if arrived < written.len() {
                self.printer.error("not every object arrived", None);
                return Err(Exit::Error);
            }
            self.older(&source, &destination).await?;
        }
        Ok(())
    }

    /// An object that was there before the rule is not there: it needs S3 Batch Replication.
    async fn older(&self, source: &BucketRef, destination: &BucketRef) -> Result<(), Exit> {
        let key = object(source, "before", 0).key;
        let versions = self
            .cloud
            .versions(destination, &key)
            .await
            .map_err(|error| self.failed(&error))?;
        let there = if versions.is_empty() {
            "is not there"
        } else {
            "is there"
        };
        self.printer.message(&format!(
            "{key}, written before the rule, {there}: rules take new objects; existing ones are the backfill's work."
        ));
        Ok(())
    }

    async fn arrives(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
        began: Instant,
    ) -> Result<bool, Exit> {
        while began.elapsed() < PATIENCE {
            let head = self.cloud.head(bucket, key, version).await;
            if let Some(head) = head.map_err(|error| self.failed(&error))? {
                return Ok(head.replication == Replication::Replica);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }

    fn failed(&self, error: &PortError) -> Exit {
        self.printer
            .error(&error.to_string(), error.hint.as_deref());
        Exit::Error
    }
}

/// An object of the demo; each falls under a rule of its migration.
fn object(bucket: &BucketRef, when: &str, number: usize) -> NewObject {
    let name = bucket.bucket.as_str();
    let (prefix, tags) = match (name.starts_with("orders"), number % 2) {
        (true, 0) => ("open", None),
        (true, _) => ("invoiced", None),
        (false, 0) => ("issued", None),
        (false, _) => ("drafts", Some(("retention".to_owned(), "legal".to_owned()))),
    };
    NewObject {
        bucket: bucket.clone(),
        key: format!("{prefix}/{when}/{number:05}.json"),
        body: format!("{{\"number\": {number}}}\n").into_bytes(),
        tags: tags.into_iter().collect(),
        metadata: BTreeMap::new(),
        encryption: PutEncryption::BucketDefault,
        onto: Onto::Anything,
    }
}

fn broken(printer: &Printer, what: &str, error: &std::io::Error) -> Exit {
    printer.error(&format!("{what}: {error}"), None);
    Exit::Error
}
