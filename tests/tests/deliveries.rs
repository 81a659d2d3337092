//! What S3 and CloudTrail deliver under the statements that s3ferry writes: access logs, inventories and files of trails come under
//! exactly these, and with any one of them gone, or any part of one changed, they do not.

use std::time::Duration;

use s3ferry_tests::world::{DESTINATION, SOURCE, World};
use serde_json::{Value, json};

const MIGRATION: &str = "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    monitoring: { none: a test }
    logging:
      access:
        source: { bucket: prod-logs, prefix: s3/orders/ }
        destination: { bucket: archive-logs, prefix: s3/orders/ }
      inventory:
        source: { bucket: prod-lists, prefix: lists }
        destination: { bucket: archive-lists }
      cloudtrail:
        source: { trail: s3-data, bucket: prod-trail }
    rules:
      - { id: everything, delete_markers: keep }
";

fn world() -> World {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region });
    let world = World::new(MIGRATION).with(&json!({ "buckets": [
        { "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled" },
        bucket("prod-logs", SOURCE), bucket("prod-lists", SOURCE), bucket("prod-trail", SOURCE),
        bucket("archive-logs", DESTINATION), bucket("archive-lists", DESTINATION),
    ] }));
    world.converge();
    world
}

fn keys(world: &World, bucket: &str) -> Vec<String> {
    let objects = world.buckets(&format!("/{bucket}/objects"));
    let keys = objects.as_object().into_iter().flat_map(|keys| keys.keys());
    keys.cloned().collect()
}

/// Puts an object and lets all that is due be delivered; what came into a bucket.
fn delivered(world: &World, to: &str, wait: Duration) -> Vec<String> {
    let before = keys(world, to);
    world.source().put_object("orders-prod", "seen", &[]);
    // The sandbox looks once a minute of its clock, and counts from when it saw a configuration first.
    for wait in [Duration::from_secs(120), wait] {
        world.settle();
        world.sandbox().clock().advance(wait);
        world.settle();
    }
    let after = keys(world, to).into_iter();
    after.filter(|key| !before.contains(key)).collect()
}

fn policy(world: &World, bucket: &str) -> Value {
    let text = world.buckets(&format!("/{bucket}/configuration/policy"));
    serde_json::from_str(text.as_str().unwrap_or("null")).expect("a policy is JSON")
}

/// The policy without each of its statements, and with each value that says who, where and on whose behalf replaced.
fn mutants(policy: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let statements = policy["Statement"].as_array().expect("statements");
    for (at, statement) in statements.iter().enumerate() {
        let mut less = policy.clone();
        less["Statement"]
            .as_array_mut()
            .expect("statements")
            .remove(at);
        all.push((format!("without {}", statement["Sid"]), less));
        let mut paths = vec![
            format!("/Statement/{at}/Principal/Service"),
            format!("/Statement/{at}/Resource"),
        ];
        for (operator, keys) in statement["Condition"].as_object().expect("conditions") {
            paths.extend(
                keys.as_object()
                    .expect("keys")
                    .keys()
                    .map(|key| format!("/Statement/{at}/Condition/{operator}/{key}")),
            );
        }
        for path in paths {
            let mut other = policy.clone();
            let value = other.pointer_mut(&path).expect("it was read");
            *value = json!(replaced(value.as_str().expect("one value")));
            all.push((path, other));
        }
    }
    all
}

/// Somebody, somewhere or something else of the same sort.
fn replaced(value: &str) -> String {
    match value {
        "bucket-owner-full-control" => "private".to_owned(),
        of if of.ends_with(".amazonaws.com") => "config.amazonaws.com".to_owned(),
        of if of.bytes().all(|byte| byte.is_ascii_digit()) => "999999999999".to_owned(),
        of if of.ends_with('*') => of
            .replace(":::", ":::x")
            .replace(":::x", ":::")
            .replace("/*", "/elsewhere/*"),
        of => format!("{of}-else"),
    }
}

/// Whether something comes under the policy that was written, and nothing under any mutant of it.
fn comes_under_nothing_less(world: &World, to: &str, wait: Duration, is_it: impl Fn(&str) -> bool) {
    let came = |world: &World| delivered(world, to, wait).iter().any(|key| is_it(key));
    assert!(came(world), "nothing came into {to}");
    let written = policy(world, to);
    let mutants = mutants(&written);
    assert!(mutants.len() > 4, "{mutants:#?}");
    for (what, mutant) in mutants {
        // A policy without statements is none.
        if mutant["Statement"] == json!([]) {
            let path = format!("/{to}");
            let gone = s3ferry_tests::signed::Request {
                method: "DELETE",
                path: &path,
                query: "policy=",
                ..Default::default()
            };
            world.source().s3(gone).expect_ok();
        } else {
            world.source().put(to, "policy", &mutant.to_string());
        }
        assert!(!came(world), "{to}: with {what} it came all the same");
        world.source().put(to, "policy", &written.to_string());
    }
    assert!(came(world), "nothing came into {to} any more");
}

const HOUR: Duration = Duration::from_secs(60 * 60 + 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60 + 60);

#[test]
fn access_logs_and_inventories_of_both_buckets_arrive() {
    let world = world();
    let logs = delivered(&world, "prod-logs", DAY);
    assert!(
        logs.iter().all(|key| key.starts_with("s3/orders/")),
        "{logs:?}"
    );
    assert!(!logs.is_empty());
    assert!(!keys(&world, "archive-logs").is_empty());
    for (bucket, stem) in [
        ("prod-lists", "lists/orders-prod/s3ferry-test/"),
        ("archive-lists", "orders-archive/s3ferry-test/"),
    ] {
        let lists = keys(&world, bucket);
        assert!(lists.iter().all(|key| key.starts_with(stem)), "{lists:?}");
        assert!(
            lists.iter().any(|key| key.ends_with("/manifest.json")),
            "{lists:?}"
        );
    }
    world.must_be_settled();
}

#[test]
fn access_logs_come_under_nothing_less_than_what_is_written() {
    comes_under_nothing_less(&world(), "prod-logs", HOUR, |key| {
        key.starts_with("s3/orders/")
    });
}

#[test]
fn inventories_come_under_nothing_less_than_what_is_written() {
    comes_under_nothing_less(&world(), "prod-lists", DAY, |key| {
        key.ends_with("/manifest.json")
    });
}

#[test]
fn files_of_a_trail_come_under_nothing_less_than_what_is_written() {
    let world = world();
    let written = policy(&world, "prod-trail");
    let looks = |of: &Value| of["Action"] == "s3:GetBucketAcl";
    let mut delivers = written.clone();
    delivers["Statement"]
        .as_array_mut()
        .expect("statements")
        .retain(|of| !looks(of));
    // To deliver, the second is enough; to make or change a trail, CloudTrail asks both.
    world
        .source()
        .put("prod-trail", "policy", &delivers.to_string());
    comes_under_nothing_less(&world, "prod-trail", HOUR, |key| {
        key.contains("/CloudTrail/")
    });
    let plan = world.expect(2, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(plan.out.contains("TrailLooks"), "{}", plan.out);
    world.converge();
}
