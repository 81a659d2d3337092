//! Answers that are seconds old, which S3 may give (`docs/semantics.md`): what was there before a run is not lost by it.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use s3ferry_tests::signed::Request;
use s3ferry_tests::world::{ACCOUNTS, DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

/// How old an answer is at most. The sandbox answers of six ages in turn, so a test begins at each of them.
const LAG: Duration = Duration::from_secs(4);
const AGES: usize = 6;
/// How long reads must agree here: more than answers are old.
const AGREE: &str = "5s";

fn migration(destination: &str) -> String {
    format!(
        "  orders:
    phase: prepare
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: {destination} }}
    rules: [ {{ id: all, prefix: \"\", delete_markers: keep }} ]
    monitoring: {{ none: a test }}
    guards: {{ max_deletes: 9 }}
"
    )
}

/// The spec of another team that shares a bucket with the first.
fn second(world: &World, migrations: &str) {
    let folder = world.folder().join("two");
    std::fs::create_dir_all(&folder).expect("the disk has room");
    let text = format!("{ACCOUNTS}{migrations}").replace("name: test", "name: two");
    std::fs::write(folder.join("two.yaml"), text).expect("the disk has room");
}

/// Two sources and two destinations, all versioned.
fn world(migrations: &str) -> World {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" });
    let buckets = [
        bucket("orders-prod", SOURCE),
        bucket("clicks-prod", SOURCE),
        bucket("lake", DESTINATION),
        bucket("old-lake", DESTINATION),
    ];
    World::new(migrations).with(&json!({ "buckets": buckets }))
}

fn policy(world: &World, bucket: &str) -> String {
    let policy = world.buckets(&format!("/{bucket}/configuration/policy"));
    policy.as_str().unwrap_or_default().to_owned()
}

/// Lets answers be old from now on, beginning with the age of this number.
fn lag(world: &World, begin: usize) {
    let switches = world.sandbox().switches();
    switches.stale_reads(Duration::from_millis(1));
    for _ in 0..begin {
        let path = "/lake";
        drop(world.destination().s3(Request {
            method: "GET",
            path,
            query: "policy=",
            ..Request::default()
        }));
    }
    switches.stale_reads(LAG);
}

fn fresh(world: &World) {
    world.sandbox().switches().stale_reads(Duration::ZERO);
}

/// An apply that waits for reads to agree.
fn apply(world: &World) -> Ran {
    let mut command = world.command(&["apply", "--yes", "spec.yaml"]);
    let output = command.env("S3FERRY_AGREE_FOR", AGREE).output();
    Ran::from(output.expect("the program starts"))
}

/// Runs a test once for each age that the first answer can have, at the same time.
fn at_every_age(test: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for begin in 0..AGES {
            let test = &test;
            scope.spawn(move || test(begin));
        }
    });
}

#[test]
fn an_edit_made_before_the_run_survives_it_however_old_the_answers_are() {
    at_every_age(|begin| {
        let world = world(&migration("lake"));
        let theirs = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::lake",
        }] });
        let body = theirs.to_string();
        let put = Request {
            method: "PUT",
            path: "/lake",
            query: "policy=",
            body: &body,
            ..Request::default()
        };
        world.destination().s3(put).expect_ok();
        thread::sleep(Duration::from_millis(300));
        lag(&world, begin);
        let ran = apply(&world);
        fresh(&world);
        // The plan may have been made from an old answer; then it says that somebody edited.
        assert!(
            [Some(0), Some(3), Some(5)].contains(&ran.code),
            "{}",
            ran.said()
        );
        assert!(
            policy(&world, "lake").contains("\"Theirs\""),
            "{begin}: {}",
            ran.said()
        );
        let _: Value = theirs;
    });
}

#[test]
fn a_removal_soon_after_an_apply_leaves_nothing_that_no_plan_finds() {
    at_every_age(|begin| {
        let world = world(&migration("old-lake"));
        world.expect(0, &["apply", "--yes", "spec.yaml"]);
        world.spec(&migration("lake"));
        world.sandbox().clock().advance(Duration::from_secs(600));
        world.expect(0, &["apply", "--yes", "spec.yaml"]);
        lag(&world, begin);
        world.spec("  {}\ndefaults: { guards: { max_deletes: 9 } }\n");
        let ran = apply(&world);
        fresh(&world);
        // Where an old answer hid something, the run says so, and the next one removes it.
        assert!(
            [Some(0), Some(1), Some(3), Some(5)].contains(&ran.code),
            "{}",
            ran.said()
        );
        world.sandbox().clock().advance(Duration::from_secs(600));
        // Nothing but the accounts themselves says what is there: a pipeline may begin with an empty ledger.
        drop(std::fs::remove_dir_all(world.folder().join("ledger")));
        world.expect(0, &["apply", "--yes", "spec.yaml"]);
        world.must_be_settled();
        for bucket in ["lake", "old-lake"] {
            assert_eq!(
                policy(&world, bucket),
                "",
                "{begin}: {bucket}\n{}",
                ran.said()
            );
        }
        let source = world.buckets("/orders-prod/configuration/replication");
        assert_eq!(source, Value::Null, "{begin}: {}", ran.said());
    });
}

#[test]
fn two_specs_that_write_one_policy_at_once_lose_nothing_of_each_other() {
    thread::scope(|scope| {
        for round in 0..5_u64 {
            scope.spawn(move || {
                let world = world(&migration("lake"));
                second(&world, &migration("lake").replace("orders", "clicks"));
                world
                    .sandbox()
                    .switches()
                    .latency(Duration::from_millis(30));
                let start = |arguments: &[&str]| {
                    let mut command = world.command(arguments);
                    command.stdout(Stdio::piped()).stderr(Stdio::piped());
                    command.spawn().expect("the program starts")
                };
                let one = start(&["apply", "--yes", "spec.yaml"]);
                thread::sleep(Duration::from_millis(round * 25));
                let two = start(&["apply", "--yes", "two/two.yaml"]);
                let ended =
                    [one, two].map(|child| Ran::from(child.wait_with_output().expect("it ends")));
                for ran in &ended {
                    assert_eq!(ran.code, Some(0), "{round}: {}", ran.said());
                }
                let policy = policy(&world, "lake");
                for team in ["Orders", "Clicks"] {
                    assert!(policy.contains(team), "{round}: {team} is lost: {policy}");
                }
                world.must_be_settled();
                world.expect(0, &["plan", "--detailed-exitcode", "two/two.yaml"]);
            });
        }
    });
}
