//! The question of `apply`, asked at a terminal: what is answered "yes" to must still be what there is.

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
            .command(&["apply", "spec.yaml"])
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
