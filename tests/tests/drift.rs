//! What others changed is told from what the spec asks for: `s3ferry plan --drift`.

use std::fs;
use std::time::Duration;

use s3ferry_tests::world::{DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const PREPARE: &str = "  orders:
    phase: prepare
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: lake }
    rules: [ { id: all, prefix: \"\", delete_markers: keep } ]
    monitoring: { none: a test }
    canary: { skip: a test }
    guards: { max_deletes: 9 }
";
const POLICY: &str = "archive/bucket/lake/policy";
const SOMEBODY: &str = "arn:aws:sts::222222222222:assumed-role/sandbox/somebody";

/// A text that was broken into lines, as one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Both buckets, applied to in phase prepare.
fn applied() -> World {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" });
    let buckets = [bucket("orders-prod", SOURCE), bucket("lake", DESTINATION)];
    let world = World::new(PREPARE).with(&json!({ "buckets": buckets }));
    apply(&world);
    world
}

fn apply(world: &World) {
    world.expect(0, &["apply", "spec.yaml", "--yes"]);
    world.sandbox().clock().advance(Duration::from_secs(60));
}

fn drift(world: &World, code: i32) -> Ran {
    world.expect(code, &["plan", "spec.yaml", "--drift"])
}

fn as_json(world: &World, code: i32) -> Value {
    let ran = world.expect(code, &["plan", "spec.yaml", "--drift", "--format", "json"]);
    serde_json::from_str(&ran.out).expect("it is JSON")
}

fn policy(world: &World) -> Value {
    let text = world.buckets("/lake/configuration/policy");
    serde_json::from_str(text.as_str().expect("there is a policy")).expect("it is JSON")
}

/// Has somebody change the destination's policy.
fn edit(world: &World, change: impl FnOnce(&mut Vec<Value>)) {
    let mut policy = policy(world);
    let statements = policy["Statement"].as_array_mut().expect("there are some");
    change(statements);
    let text = policy.to_string();
    world.destination().put("lake", "policy", &text);
    world.sandbox().clock().advance(Duration::from_secs(60));
}

fn theirs() -> Value {
    json!({ "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::lake" })
}

fn replicate(world: &World) {
    world.spec(&PREPARE.replace("phase: prepare", "phase: replicate"));
}

#[test]
fn a_statement_that_somebody_took_is_told_with_what_it_was_until_an_apply_brings_it_back() {
    let world = applied();
    let quiet = drift(&world, 0);
    assert!(quiet.out.contains("No drift"), "{}", quiet.said());

    edit(&world, |statements| {
        statements.pop();
        statements.push(theirs());
    });
    let told = drift(&world, 2);
    assert!(
        one_line(&told.out).contains(&format!("deleted by {SOMEBODY} at ")),
        "{}",
        told.said()
    );
    assert!(
        one_line(&told.out).contains("(PutBucketPolicy) since run "),
        "{}",
        told.said()
    );
    assert!(
        told.out.contains("Drift: 1 change of others."),
        "{}",
        told.said()
    );
    let json = as_json(&world, 2);
    let change = &json["drifted"][0]["change"];
    assert_eq!(change["target"], POLICY, "{json}");
    assert!(
        change["before"].is_object() && change["after"].is_null(),
        "{json}"
    );
    let beside = format!("{POLICY}/statement/Theirs");
    assert_eq!(
        json["beside"],
        json!([beside]),
        "what came besides is told by its item"
    );
    let by = &json["drifted"][0]["by"];
    assert_eq!(by["who"], SOMEBODY, "{json}");
    assert_eq!(by["event"], "PutBucketPolicy", "{json}");
    assert!(
        by["at"].as_str() > json["drifted"][0]["left"].as_str(),
        "{json}"
    );

    apply(&world);
    let json = as_json(&world, 0);
    assert_eq!(json["drifted"], json!([]), "{json}");
}

/// Somebody takes a statement of ours.
fn take(world: &World) {
    edit(world, |statements| {
        statements.pop();
        statements.push(theirs());
    });
}

#[test]
fn who_changed_something_is_not_told_where_the_caller_may_not_look_which_is_said_once() {
    let world = applied();
    take(&world);
    let untag = [
        ("Action", "UpdateAssumeRolePolicy"),
        ("RoleName", "s3ferry-orders-prod"),
        (
            "PolicyDocument",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
        ),
    ];
    world.source().iam(&untag).expect_ok();
    // IAM's events are in one Region of the partition.
    let told = drift(&world, 2);
    let said = one_line(&told.out);
    assert!(said.contains("(PutBucketPolicy)"), "{}", told.said());
    assert!(said.contains("(UpdateAssumeRolePolicy)"), "{}", told.said());

    world.deny("cloudtrail", "LookupEvents");
    let told = drift(&world, 2);
    assert_eq!(
        told.out.matches("by others since run").count(),
        2,
        "{}",
        told.said()
    );
    let said = "the caller needs cloudtrail:LookupEvents";
    assert_eq!(
        told.err.matches(said).count(),
        2,
        "once an account: {}",
        told.said()
    );
    let json = as_json(&world, 2);
    assert_eq!(json["drifted"][0]["by"], Value::Null, "{json}");
}

#[test]
fn what_the_history_no_longer_has_is_said_and_is_no_error() {
    let world = applied();
    take(&world);
    let day = Duration::from_secs(24 * 60 * 60);
    world.sandbox().clock().advance(91 * day);
    let told = drift(&world, 2);
    assert!(told.out.contains("by others since run"), "{}", told.said());
    let said = "goes back 90 days, does not say who made 1 change";
    assert_eq!(
        one_line(&told.err).matches(said).count(),
        1,
        "{}",
        told.said()
    );
}

#[test]
fn a_call_that_was_refused_is_not_told_as_the_change() {
    let world = applied();
    take(&world);
    let denied = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let path = "/lake";
    let refused = s3ferry_tests::signed::Request {
        method: "PUT",
        path,
        query: "policy=",
        body: &denied,
        ..Default::default()
    };
    assert_ne!(
        world.source().s3(refused).status,
        200,
        "it is another account's"
    );
    world.sandbox().clock().advance(Duration::from_secs(60));
    let json = as_json(&world, 2);
    assert_eq!(json["drifted"][0]["by"]["who"], SOMEBODY, "{json}");
}

#[test]
fn what_others_put_beside_ours_is_no_drift_and_is_named() {
    let world = applied();
    edit(&world, |statements| statements.push(theirs()));
    let json = as_json(&world, 0);
    assert_eq!(json["beside"], json!([POLICY]), "{json}");
    assert_eq!(json["drifted"], json!([]), "{json}");
}

/// What carries no mark any more is in no plan but as a refusal.
#[test]
fn a_mark_that_somebody_took_with_what_it_marks_is_drift() {
    let spec = PREPARE.replace("bucket: lake", "bucket: made, create: true");
    let buckets = json!([{ "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1 }]);
    let world = World::new(&spec).with(&json!({ "buckets": buckets }));
    apply(&world);
    drift(&world, 0);
    for query in ["tagging=", "publicAccessBlock="] {
        let delete = s3ferry_tests::signed::Request {
            method: "DELETE",
            path: "/made",
            query,
            ..Default::default()
        };
        assert_eq!(world.destination().s3(delete).status, 204, "{query}");
    }
    world.sandbox().clock().advance(Duration::from_secs(60));
    let told = drift(&world, 2);
    let said = one_line(&told.out);
    for part in [
        "Drift: others took away the marks of what s3ferry left.",
        "An apply of this spec is refused until the marks are back",
        "[bucket-not-ours] archive/bucket/made",
        "archive/bucket/made/public-access-block",
    ] {
        assert!(said.contains(part), "{part}: {}", told.said());
    }
    let json = as_json(&world, 2);
    assert_eq!(json["refused"][0]["code"], "bucket-not-ours", "{json}");
    world.expect(4, &["apply", "spec.yaml", "--yes"]);
}

#[test]
fn what_an_edited_spec_asks_for_is_no_drift_also_in_a_document_that_others_changed() {
    let world = applied();
    replicate(&world);
    let told = drift(&world, 0);
    assert!(told.out.contains("No drift"), "{}", told.said());
    assert!(
        told.out.contains("The spec itself asks for "),
        "{}",
        told.said()
    );

    // The policy was changed by others, and what the spec now asks of it was not.
    world.spec(&PREPARE.replace("delete_markers: keep", "delete_markers: mirror"));
    edit(&world, |statements| statements.push(theirs()));
    let json = as_json(&world, 0);
    assert_eq!(json["drifted"], json!([]), "{json}");
    assert!(json["pending"].as_u64() > Some(0), "{json}");
    assert_eq!(json["unrecorded"], json!([]), "{json}");
    assert_eq!(json["beside"], json!([POLICY]), "{json}");
}

#[test]
fn without_a_record_every_difference_counts() {
    let world = applied();
    edit(&world, |statements| {
        statements.pop();
        statements.push(theirs());
    });
    fs::remove_dir_all(world.folder().join("ledger/runs")).expect("they go");
    let json = as_json(&world, 2);
    assert_eq!(json["drifted"], json!([]), "{json}");
    assert_eq!(json["unrecorded"][0]["target"], POLICY, "{json}");
    let markdown = world.expect(2, &["plan", "spec.yaml", "--drift", "--format", "markdown"]);
    assert!(
        markdown.out.contains("#### Without a record"),
        "{}",
        markdown.said()
    );
}

#[test]
fn what_a_journal_of_an_older_version_left_is_known_by_its_fingerprint() {
    let world = applied();
    let runs = world.folder().join("ledger/runs");
    for run in fs::read_dir(runs).expect("there are runs") {
        let path = run.expect("it is listed").path();
        let text = fs::read_to_string(&path).expect("it is text");
        let lines = text.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("it is JSON");
            if let Some(what) = line.get_mut("what").and_then(Value::as_object_mut) {
                what.remove("left");
            }
            if line.get("format").is_some() {
                line["format"] = json!("1.3");
            }
            format!("{line}\n")
        });
        let text: String = lines.collect();
        fs::write(&path, text).expect("it is written");
    }
    replicate(&world);
    drift(&world, 0);
    edit(&world, |statements| {
        statements.pop();
        statements.push(theirs());
    });
    let json = as_json(&world, 2);
    assert_eq!(json["unrecorded"][0]["target"], POLICY, "{json}");
}

#[test]
fn a_plan_of_drift_is_not_saved() {
    let world = applied();
    let ran = world.s3ferry(&["plan", "spec.yaml", "--drift", "--out", "x.plan"]);
    assert_eq!(ran.code, Some(64), "{}", ran.said());
}
