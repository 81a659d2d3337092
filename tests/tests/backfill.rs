//! Existing objects are copied by jobs of S3 Batch Replication in the sandbox, each made once, confirmed by who saw its number, and
//! believed when its report was read.

use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3ferry_sandbox::{Fault, FaultKind, Hook};
use s3ferry_tests::signed::Request;
use s3ferry_tests::world::{Ran, SOURCE, World};
use serde_json::{Value, json};

const FOLLOW: [&str; 5] = ["apply", "--yes", "--wait", "60s", "spec.yaml"];

fn migration(phase: &str, prefix: &str, backfill: &str) -> String {
    format!(
        "  orders:
    phase: {phase}
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: orders-archive, create: true }}
    monitoring: {{ none: \"a test\" }}
    rules:
      - {{ id: everything, prefix: \"{prefix}\", delete_markers: keep }}
    backfill: {{ report: {{ bucket: prod-reports, prefix: s3/ }}{backfill} }}
"
    )
}

/// A source with objects from before the rules, and a bucket for reports.
fn world(backfill: &str) -> World {
    seeded(
        &migration("backfill", "", backfill),
        &json!([
            { "key": "old/{}", "count": 5, "size": 100, "versions": 2 },
            { "key": "é x", "body": "one" },
        ]),
    )
}

fn seeded(migration: &str, objects: &Value) -> World {
    World::new(migration).with(&json!({ "buckets": [
        { "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled", "objects": objects },
        { "name": "prod-reports", "account": SOURCE.0, "region": SOURCE.1 },
    ] }))
}

/// Has every state of a job last a minute on the sandbox's clock.
fn slowly(world: World) -> World {
    let minute = Duration::from_secs(60);
    world.sandbox().switches().batch_status(minute);
    world
}

/// Lets an hour pass, in which a job ends.
fn an_hour_passes(world: &World) {
    world.sandbox().clock().advance(Duration::from_secs(3_600));
    world.settle();
}

/// How many versions of keys that begin so are in a bucket.
fn versions(world: &World, bucket: &str, prefix: &str) -> usize {
    let objects = world.buckets(&format!("/{bucket}/objects"));
    let objects = objects.as_object().cloned().unwrap_or_default();
    let named = objects.iter().filter(|(key, _)| key.starts_with(prefix));
    named
        .map(|(_, versions)| versions.as_array().map_or(0, Vec::len))
        .sum()
}

/// How often an operation was called.
fn calls(world: &World, operation: &str) -> usize {
    let calls = world.sandbox().calls();
    calls
        .iter()
        .filter(|call| call.operation == operation)
        .count()
}

/// What was said, its lines joined.
fn said(ran: &Ran) -> String {
    ran.said().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has_role(world: &World) -> bool {
    let snapshot = world.sandbox().snapshot();
    let role = format!("/iam/{}/roles/s3ferry-batch-orders-prod", SOURCE.0);
    snapshot.pointer(&role).is_some()
}

/// The one receipt of a backfill in the ledger.
fn receipts(world: &World) -> Vec<Value> {
    let folder = world.folder().join("ledger/backfills");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let read = files.map(|file| {
        let text = std::fs::read(file.expect("a file").path()).expect("it is read");
        serde_json::from_slice(&text).expect("a receipt is JSON")
    });
    read.collect()
}

#[test]
fn existing_objects_arrive_and_a_second_apply_has_nothing_to_do() {
    let world = slowly(world(", confirm: false"));
    // The canaries show that the rules are in force; then the job is made, and goes on by itself.
    let begun = world.expect(8, &["apply", "--yes", "spec.yaml"]);
    assert!(
        begun.said().contains("still waiting for job"),
        "{}",
        begun.said()
    );
    an_hour_passes(&world);
    assert_eq!(versions(&world, "orders-archive", "old/"), 10);
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    world.must_be_settled();
    world.sandbox().reset_calls();
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(calls(&world, "CreateJob"), 0);
    let plan = world.expect(0, &["plan", "--format", "json", "spec.yaml"]);
    assert!(
        said(&plan).contains("tells of every object of 11"),
        "{}",
        plan.said()
    );
    let [receipt] = receipts(&world).try_into().expect("one receipt");
    assert_eq!(
        (receipt["tasks"].clone(), receipt["failed"].clone()),
        (json!(11), json!(0))
    );
    assert_eq!(receipt["report"]["bucket"], "prod-reports");
    assert_eq!(receipt["report"]["sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn a_job_is_told_statuses_and_a_time_so_that_nothing_is_copied_twice() {
    let world = slowly(world(""));
    world.expect(8, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(calls(&world, "CreateJob"), 1);
    // What is written from now on is live replication's, and the job does not list it.
    world.source().put_object("orders-prod", "new", &[]);
    an_hour_passes(&world);
    let plan = world.expect(2, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(
        said(&plan).contains("11 objects to copy"),
        "{}",
        plan.said()
    );
}

#[test]
fn a_job_that_waits_is_confirmed_by_who_saw_its_number_and_its_cost() {
    let world = world("");
    let begun = world.expect(8, &FOLLOW);
    assert!(
        said(&begun).contains("of 11 objects to be confirmed by an apply of the next plan"),
        "{}",
        begun.said()
    );
    assert_eq!(
        versions(&world, "orders-archive", "old/"),
        0,
        "nothing is copied yet"
    );
    let plan = world.expect(
        2,
        &[
            "plan",
            "--detailed-exitcode",
            "--out",
            "plan.json",
            "spec.yaml",
        ],
    );
    let text = said(&plan);
    for told in ["confirms the job", "tasks: 11", "about 0.26 USD"] {
        assert!(text.contains(told), "{told}: {}", plan.said());
    }
    world.expect(0, &["apply", "--wait", "60s", "plan.json"]);
    world.must_be_settled();
    assert_eq!(versions(&world, "orders-archive", "old/"), 10);
    assert_eq!(
        (calls(&world, "CreateJob"), calls(&world, "UpdateJobStatus")),
        (1, 1)
    );
}

#[test]
fn a_plan_of_a_job_at_work_stays_good_while_it_goes_on() {
    let world = world(", confirm: false");
    let world = slowly(world);
    world.expect(8, &["apply", "--yes", "spec.yaml"]);
    world.expect(0, &["plan", "--out", "plan.json", "spec.yaml"]);
    world.sandbox().clock().advance(Duration::from_secs(150));
    let looked = world.expect(8, &["apply", "plan.json"]);
    assert!(
        said(&looked).contains("still waiting for job"),
        "{}",
        looked.said()
    );
    an_hour_passes(&world);
    world.expect(0, &["apply", "plan.json"]);
    world.must_be_settled();
}

#[test]
fn a_lost_answer_makes_no_second_job() {
    for kind in [FaultKind::DropAfter, FaultKind::ErrorAfter] {
        let world = world(", confirm: false");
        world.sandbox().switches().fail(Fault {
            service: "s3control".to_owned(),
            operation: "CreateJob".to_owned(),
            nth: 1,
            kind,
        });
        world.expect(0, &FOLLOW);
        world.must_be_settled();
        assert_eq!(jobs(&world), 1);
        assert_eq!(calls(&world, "CreateJob"), 2, "the same request, once more");
    }
}

/// How many jobs there are.
fn jobs(world: &World) -> usize {
    let reply = world.source().s3(Request {
        method: "GET",
        path: "/v20180820/jobs",
        headers: &[("x-amz-account-id", SOURCE.0)],
        ..Request::default()
    });
    reply.expect_ok().body.matches("<JobId>").count()
}

#[test]
fn an_apply_that_is_killed_at_any_call_makes_no_second_job() {
    let whole = world(", confirm: false");
    whole.expect(0, &FOLLOW);
    let count = whole.sandbox().calls().len();
    assert!(count > 40, "{count}");
    // The calls of the backfill are the last ones; what comes before has tests of its own.
    for k in count.saturating_sub(14)..=count {
        let world = world(", confirm: false");
        let killed = kill_at(&world, k);
        world.expect(0, &FOLLOW);
        world.must_be_settled();
        assert_eq!(jobs(&world), 1, "killed at call {k} ({killed})");
        assert_eq!(
            versions(&world, "orders-archive", "old/"),
            10,
            "killed at call {k}"
        );
    }
}

/// Runs an apply and kills it when its `k`th call is answered.
fn kill_at(world: &World, k: usize) -> String {
    let child: Arc<Mutex<Option<Child>>> = Arc::default();
    let (count, at) = (AtomicUsize::new(0), Arc::new(Mutex::new(String::new())));
    let (victim, name) = (Arc::clone(&child), Arc::clone(&at));
    let calls = world.sandbox().calls().len();
    world.sandbox().switches().on_call(move |call| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == k + calls {
            name.lock().expect("a name").clone_from(&call.operation);
            if let Some(child) = victim.lock().expect("a child").as_mut() {
                let _ended = child.kill();
            }
        }
        Hook::Continue
    });
    let started = world.command(&FOLLOW).spawn().expect("it starts");
    *child.lock().expect("a child") = Some(started);
    loop {
        let ended = child
            .lock()
            .expect("a child")
            .as_mut()
            .map(|child| child.try_wait());
        if !matches!(ended, Some(Ok(None))) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    at.lock().expect("a name").clone()
}

#[test]
fn what_failed_is_explained_with_the_missing_grant_and_tried_again() {
    let world = slowly(world(", confirm: false, scope: both"));
    world.expect(8, &["apply", "--yes", "spec.yaml"]);
    // Between the canary and the job somebody denies what replicas need.
    deny(&world, "old/*");
    an_hour_passes(&world);
    allow(&world);
    let failed = world.s3ferry(&["apply", "--yes", "spec.yaml"]);
    assert_eq!(failed.code, Some(5), "{}", failed.said());
    let text = said(&failed);
    for told in [
        "10 objects of 11 failed",
        "DstPutObjectNotPermitted",
        "s3:ReplicateObject",
    ] {
        assert!(text.contains(told), "{told}: {}", failed.said());
    }
    let plan = world.expect(2, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(
        said(&plan).contains("10 with DstPutObjectNotPermitted"),
        "{}",
        plan.said()
    );
    world.sandbox().switches().batch_status(Duration::ZERO);
    world.expect(0, &FOLLOW);
    world.must_be_settled();
    assert_eq!(versions(&world, "orders-archive", "old/"), 10);
    assert_eq!((jobs(&world), receipts(&world).len()), (2, 2));
}

/// Somebody denies replicas beside what the spec grants.
fn deny(world: &World, keys: &str) {
    let policy = world
        .destination()
        .get("orders-archive", "policy")
        .expect_ok()
        .body;
    let mut policy: Value = serde_json::from_str(&policy).expect("a policy is JSON");
    let denied = json!({
        "Sid": "Denied", "Effect": "Deny", "Principal": "*", "Action": "s3:ReplicateObject",
        "Resource": format!("arn:aws:s3:::orders-archive/{keys}"),
    });
    policy["Statement"]
        .as_array_mut()
        .expect("statements")
        .push(denied);
    world
        .destination()
        .put("orders-archive", "policy", &policy.to_string());
}

/// Takes the denial away again.
fn allow(world: &World) {
    let policy = world
        .destination()
        .get("orders-archive", "policy")
        .expect_ok()
        .body;
    let mut policy: Value = serde_json::from_str(&policy).expect("a policy is JSON");
    let statements = policy["Statement"].as_array_mut().expect("statements");
    statements.retain(|statement| statement["Sid"] != "Denied");
    world
        .destination()
        .put("orders-archive", "policy", &policy.to_string());
}

#[test]
fn what_failed_is_not_tried_again_unless_the_spec_says_so() {
    let world = slowly(world(", confirm: false"));
    world.expect(8, &["apply", "--yes", "spec.yaml"]);
    deny(&world, "old/*");
    an_hour_passes(&world);
    allow(&world);
    world.expect(5, &["apply", "--yes", "spec.yaml"]);
    let stuck = world.expect(1, &["apply", "--yes", "spec.yaml"]);
    assert!(
        said(&stuck).contains("backfill: { scope: both }"),
        "{}",
        stuck.said()
    );
    assert_eq!(jobs(&world), 1);
    world.spec(&migration("backfill", "", ", confirm: false, scope: both"));
    world.sandbox().switches().batch_status(Duration::ZERO);
    world.expect(0, &FOLLOW);
    world.must_be_settled();
    assert_eq!(versions(&world, "orders-archive", "old/"), 10);
}

#[test]
fn no_keys_matched_is_told_apart() {
    // Nothing is there.
    let nothing = seeded(&migration("backfill", "", ", confirm: false"), &json!([]));
    nothing.expect(0, &FOLLOW);
    let plan = nothing.expect(0, &["plan", "--format", "json", "spec.yaml"]);
    assert!(
        said(&plan).contains("there was nothing to copy"),
        "{}",
        plan.said()
    );

    // Nothing begins so.
    let elsewhere = seeded(
        &migration("backfill", "odl/", ", confirm: false"),
        &json!([{ "key": "old/{}", "count": 3 }]),
    );
    let ran = elsewhere.s3ferry(&FOLLOW);
    assert_eq!(ran.code, Some(5), "{}", ran.said());
    assert!(
        said(&ran).contains("no key of the bucket begins as the rules say"),
        "{}",
        ran.said()
    );
    elsewhere.spec(&migration("backfill", "old/", ", confirm: false"));
    elsewhere.expect(0, &FOLLOW);
    assert_eq!(versions(&elsewhere, "orders-archive", "old/"), 3);

    // What is there is archived.
    let archived = seeded(&migration("backfill", "", ", confirm: false"), &json!([]));
    let class = [("x-amz-storage-class", "GLACIER")];
    archived.source().put_object("orders-prod", "cold", &class);
    let ran = archived.s3ferry(&FOLLOW);
    assert_eq!(ran.code, Some(5), "{}", ran.said());
    assert!(said(&ran).contains("is archived"), "{}", ran.said());
}

#[test]
fn a_phase_that_moves_on_takes_the_role_and_leaves_no_job_unsaid() {
    let world = world("");
    world.expect(8, &FOLLOW);
    assert!(has_role(&world));
    // Back, while a job waits to be confirmed: it loses its role, and is told.
    world.spec(&migration("replicate", "", ""));
    let plan = world.expect(2, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(said(&plan).contains("backfill-left"), "{}", plan.said());
    world.converge();
    assert!(!has_role(&world));
}

#[test]
fn a_job_at_work_keeps_its_role() {
    let world = world(", confirm: false");
    world
        .sandbox()
        .switches()
        .batch_status(Duration::from_secs(3_600));
    world.expect(8, &["apply", "--yes", "spec.yaml"]);
    world.spec(&migration("replicate", "", ""));
    let refused = world.expect(4, &["apply", "--yes", "spec.yaml"]);
    assert!(
        said(&refused).contains("update-job-status"),
        "{}",
        refused.said()
    );
    assert!(has_role(&world));
    world
        .sandbox()
        .clock()
        .advance(Duration::from_secs(40 * 3_600));
    world.converge();
    assert!(!has_role(&world));
}
