//! Proofs of alarms: an object that fails on purpose raises an alarm of its own, whose topic hears of it, and nothing of all that
//! is left.

use std::time::{Duration, SystemTime};

use s3ferry_tests::world::{Ran, SOURCE, World};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:ops";

fn migration(monitoring: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: orders-archive, create: true }}
    rules:
      - {{ id: everything, delete_markers: keep }}
    monitoring:
      notify:
        source: [\"{TOPIC}\"]
        destination: [\"arn:aws:sns:eu-central-1:111111111111:ops\"]
{monitoring}"
    )
}

const PROVE: &str = "      prove: true\n";

fn world(monitoring: &str) -> World {
    let world = World::new(&migration(monitoring)).with(&json!({ "buckets": [
        { "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled" },
    ] }));
    world.make_topics();
    world
}

/// Everything of a proof that is there: rules, alarms, statements and objects.
fn left(world: &World) -> Vec<String> {
    fn find(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let at = format!("{at}/{key}");
                    if key.contains("s3ferry-prove-") {
                        found.push(at.clone());
                    }
                    find(value, &at, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| find(item, at, found)),
            Value::String(text) if text.contains("s3ferry-prove-") => {
                found.push(format!("{at}: {text}"));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    let snapshot = world.sandbox().snapshot();
    for service in ["s3", "iam", "cloudwatch"] {
        find(&snapshot[service], service, &mut found);
    }
    found
}

/// The alarms that went to ALARM, as the topic heard of them.
fn heard(world: &World) -> Vec<Value> {
    let mailbox = world.sandbox().mailbox();
    let entries = mailbox.as_array().expect("entries").iter();
    let published = entries.filter(|entry| entry["type"] == "published" && entry["topic"] == TOPIC);
    let messages = published.filter_map(|entry| entry["message"].as_str());
    let messages = messages.map(|text| serde_json::from_str::<Value>(text).expect("JSON"));
    messages
        .filter(|message| message["NewStateValue"] == "ALARM")
        .collect()
}

/// Makes it the beginning of a period of the alarms: none of them is looked at before the apply that comes is over.
fn period_begins(world: &World) {
    const PERIOD: u64 = 5 * 60;
    let clock = world.sandbox().clock();
    let now = clock.now().duration_since(SystemTime::UNIX_EPOCH);
    let gone = now.expect("it is later").as_secs() % PERIOD;
    clock.advance(Duration::from_secs(PERIOD - gone + 1));
}

/// An apply that gives up after a second, as one on AWS does after a quarter of an hour.
fn apply(world: &World) -> Ran {
    period_begins(world);
    world.s3ferry(&["apply", "--yes", "--wait", "1s", "spec.yaml"])
}

fn time_passes(world: &World) {
    world.settle();
    let minutes = Duration::from_secs(15 * 60);
    world.sandbox().clock().advance(minutes);
}

#[test]
fn an_object_that_fails_on_purpose_is_told_and_nothing_of_it_stays() {
    let world = world(PROVE);
    let first = apply(&world);
    assert_eq!(first.code, Some(8), "{}", first.said());
    assert!(!left(&world).is_empty());
    assert!(heard(&world).is_empty());

    time_passes(&world);
    let second = world.expect(0, &["apply", "--yes", "spec.yaml"]);
    let [told] = &heard(&world)[..] else {
        panic!("{:#?}\n{}", heard(&world), second.said());
    };
    let rule = told["AlarmName"].as_str().unwrap_or_default();
    assert!(
        rule.starts_with("s3ferry/test/orders/s3ferry-prove-"),
        "{told:#}"
    );
    assert!(
        told["AlarmDescription"]
            .as_str()
            .unwrap_or_default()
            .starts_with("Nothing is wrong"),
        "{told:#}"
    );
    assert_eq!(left(&world), [""; 0], "{}", second.said());
    let empty = world.expect(0, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(empty.out.contains("No changes"), "{}", empty.out);
}

#[test]
fn what_a_proof_put_up_goes_when_nobody_asks_for_it_any_more() {
    let world = world(PROVE);
    assert_eq!(apply(&world).code, Some(8));
    assert!(!left(&world).is_empty());
    world.spec(&migration(""));
    let gone = world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(left(&world), [""; 0], "{}", gone.said());
    world.must_be_settled();
}

#[test]
fn more_objects_fail_where_the_threshold_is_higher() {
    let world = world("      prove: true\n      failed_operations: { above: 2 }\n");
    assert_eq!(apply(&world).code, Some(8));
    time_passes(&world);
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(heard(&world).len(), 1);
    assert_eq!(left(&world), [""; 0]);
    world.must_be_settled();

    // Other topics are another proof.
    let other = "arn:aws:sns:eu-west-1:111111111111:more";
    world
        .source()
        .sns(&[("Action", "CreateTopic"), ("Name", "more")])
        .expect_ok();
    let more = migration("      prove: true\n      failed_operations: { above: 2 }\n");
    world.spec(&more.replace(
        &format!("[\"{TOPIC}\"]"),
        &format!("[\"{TOPIC}\", \"{other}\"]"),
    ));
    let plan = world.expect(2, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(plan.out.contains("orders/alarms/proof"), "{}", plan.out);
}
