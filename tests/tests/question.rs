//! The question of `apply` and `restore`, asked at a terminal: what is answered "yes" to must still be what there is.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use s3ferry_tests::signed::Request;
use s3ferry_tests::world::{DESTINATION, SOURCE, World};
use serde_json::{Value, json};

const ORDERS: &str = "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    rules:
      - { id: everything, prefix: \"\", delete_markers: keep }
    canary: { skip: \"a test of the question\" }
";

/// An apply that has asked.
struct Asking {
    apply: Child,
    keyboard: File,
    said: BufReader<std::process::ChildStderr>,
}

fn world() -> World {
    let (account, region) = SOURCE;
    let source = json!({ "name": "orders-prod", "account": account, "region": region });
    World::new(ORDERS).with(&json!({ "buckets": [source] }))
}

impl Asking {
    fn of(world: &World) -> Self {
        Self::by(world, &["apply", "spec.yaml"])
    }

    fn by(world: &World, arguments: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal opens");
        grantpt(&keyboard).expect("it is ours");
        unlockpt(&keyboard).expect("it is unlocked");
        let name = ptsname(&keyboard, Vec::new()).expect("it has a name");
        let name = name.to_str().expect("its name is a path");
        let screen = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name)
            .expect("its other side opens");
        let mut apply = world
            .command(arguments)
            .stdin(Stdio::from(screen))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut said = BufReader::new(apply.stderr.take().expect("standard error is ours"));
        let mut before = Vec::new();
        while !String::from_utf8_lossy(&before).contains("taken as such") {
            let read = said
                .read_until(b':', &mut before)
                .expect("it says something");
            assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&before));
        }
        Self {
            apply,
            keyboard: keyboard.into(),
            said,
        }
    }

    /// Answers; returns the exit code, and what it said then.
    fn answer(mut self, answer: &str) -> (Option<i32>, String) {
        writeln!(self.keyboard, "{answer}").expect("the answer is typed");
        let mut said = String::new();
        self.said
            .read_to_string(&mut said)
            .expect("it speaks UTF-8");
        (self.apply.wait().expect("it ends").code(), said)
    }
}

#[test]
fn a_yes_applies_what_was_shown() {
    let world = world();
    let (code, said) = Asking::of(&world).answer("yes");
    assert_eq!(code, Some(0), "{said}");
    world.must_be_settled();
}

#[test]
fn any_other_word_changes_nothing() {
    let world = world();
    let (code, said) = Asking::of(&world).answer("y");
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(world.buckets("/orders-archive"), Value::Null);
}

#[test]
fn a_bucket_that_somebody_makes_while_the_question_is_open_is_left_alone() {
    let world = world();
    let asking = Asking::of(&world);
    let (_, region) = DESTINATION;
    let make = Request {
        method: "PUT",
        path: "/orders-archive",
        body: &format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        ),
        ..Request::default()
    };
    world.destination().s3(make).expect_ok();
    let (code, said) = asking.answer("yes");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("archive/bucket/orders-archive"), "{said}");
    let theirs = world.buckets("/orders-archive/configuration");
    assert_eq!(theirs["policy"], Value::Null, "{theirs:#}");
    let source = world.buckets("/orders-prod/configuration");
    assert_eq!(source["replication"], Value::Null, "{source:#}");
}

/// A world where the policy of a bucket of others was written by a run, and the command that gives it back.
fn applied() -> (World, Vec<String>) {
    let (account, region) = DESTINATION;
    let theirs = json!({ "name": "orders-archive", "account": account, "region": region, "versioning": "Enabled" });
    let world = world().with(&json!({ "buckets": [theirs] }));
    // Without rules yet: what they rest on does not come back from under them.
    let prepared = ORDERS.replace("phase: replicate", "phase: prepare");
    world.spec(&prepared.replace(", create: true", ""));
    world.converge();
    let runs = std::fs::read_dir(world.folder().join("ledger/runs")).expect("there are runs");
    let run = runs.map(|run| run.expect("it is listed").path()).next();
    let run = run.expect("there is one");
    let run = run.file_stem().expect("it has a name").to_string_lossy();
    let words = [
        "restore",
        &run,
        "spec.yaml",
        "--document",
        "archive/bucket/orders-archive/policy",
    ];
    (world, words.map(str::to_owned).to_vec())
}

fn words(of: &[String]) -> Vec<&str> {
    of.iter().map(String::as_str).collect()
}

#[test]
fn a_restore_asks_and_only_yes_is_yes() {
    let (world, arguments) = applied();
    let (code, said) = Asking::by(&world, &words(&arguments)).answer("y");
    assert_eq!(code, Some(130), "{said}");
    world.must_be_settled();
    let (code, said) = Asking::by(&world, &words(&arguments)).answer("yes");
    assert_eq!(code, Some(0), "{said}");
    let policy = world.buckets("/orders-archive/configuration/policy");
    assert_eq!(policy, Value::Null);
}

#[test]
fn what_somebody_writes_while_a_restore_asks_is_left_alone() {
    let (world, arguments) = applied();
    let asking = Asking::by(&world, &words(&arguments));
    let theirs = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::orders-archive",
    }] });
    let theirs = theirs.to_string();
    world.destination().put("orders-archive", "policy", &theirs);
    let (code, said) = asking.answer("yes");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("while the question was open"), "{said}");
    assert!(
        said.contains("archive/bucket/orders-archive/policy"),
        "{said}"
    );
    let live = world.buckets("/orders-archive/configuration/policy");
    assert!(live.as_str().is_some_and(|live| live.contains("Theirs")));
}
