//! What left the spec is found with `--search` although nothing leads there any more: no tag, no role, no ledger.

use std::fs;

use s3ferry_tests::world::{ACCOUNTS, DESTINATION, SOURCE, World};
use serde_json::{Value, json};

const SEARCH: [&str; 4] = ["plan", "--search", "--detailed-exitcode", "spec.yaml"];
const APPLY: [&str; 4] = ["apply", "--search", "--yes", "spec.yaml"];
const ROLE: (&str, &str) = ("RoleName", "s3ferry-orders-prod");

/// A migration with a part of each sort that can be left somewhere.
fn migration() -> String {
    let topic = |region: &str, name: &str| format!("arn:aws:sns:{region}:{}:{name}", SOURCE.0);
    let (here, there) = (topic(SOURCE.1, "ops"), topic(DESTINATION.1, "ops"));
    let events = topic(SOURCE.1, "failures");
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: orders-archive, create: true }}
    rules: [ {{ id: all, delete_markers: keep }} ]
    monitoring:
      notify: {{ source: [\"{here}\"], destination: [\"{there}\"] }}
      events: \"{events}\"
    logging:
      access:
        source: {{ bucket: prod-logs, prefix: access/ }}
      cloudtrail:
        source: {{ trail: s3-data, bucket: prod-trail }}
      inventory:
        source: {{ bucket: prod-logs, prefix: lists/ }}
"
    )
}

/// The migration, applied, with the ledger gone and the migration taken out of the spec.
fn left() -> World {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" });
    let world = World::new(&migration()).with(&json!({ "buckets": [
        bucket("orders-prod", SOURCE), bucket("prod-logs", SOURCE), bucket("prod-trail", SOURCE),
        bucket("others", SOURCE),
    ], "trails": [
        { "name": "audit", "account": SOURCE.0, "region": SOURCE.1, "bucket": "prod-trail", "tags": { "team": "security" } },
    ] }));
    world.make_topics();
    let events = format!("arn:aws:sns:{}:{}:failures", SOURCE.1, SOURCE.0);
    let open = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "sns:Publish", "Resource": events }] });
    let open = open.to_string();
    let make = [
        ("Action", "CreateTopic"),
        ("Name", "failures"),
        ("Attributes.entry.1.key", "Policy"),
        ("Attributes.entry.1.value", &open),
    ];
    world.source().sns(&make).expect_ok();
    world.converge();
    fs::remove_dir_all(world.folder().join("ledger")).expect("it goes");
    let accounts = ACCOUNTS.replace("migrations:\n", "migrations: {}\n");
    let gone = format!("{accounts}defaults: {{ guards: {{ max_deletes: 9 }} }}\n");
    fs::write(world.folder().join("spec.yaml"), gone).expect("a spec");
    world
}

/// What of the spec is in the accounts: all that its name or its mark is in, but for the tag of a bucket that stays.
fn marked(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    walk(&world.sandbox().snapshot(), &mut String::new(), &mut found);
    found.retain(|at| {
        !at.contains("/objects/") && !at.contains("/tags/") && !at.contains("/history")
    });
    found
}

fn walk(value: &Value, at: &mut String, found: &mut Vec<String>) {
    let is_mark = |text: &str| text.contains("s3ferry/test") || text.contains("S3FerryTest");
    match value {
        Value::String(text) if is_mark(text) => found.push(format!("{at}: {text}")),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                let length = at.len();
                at.push_str(&format!("/{place}"));
                walk(item, at, found);
                at.truncate(length);
            }
        }
        Value::Object(items) => {
            for (name, item) in items {
                let length = at.len();
                at.push_str(&format!("/{name}"));
                if is_mark(name) {
                    found.push(at.clone());
                }
                walk(item, at, found);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

fn untag(world: &World) {
    let role = world.source().iam(&[("Action", "ListRoleTags"), ROLE]);
    let text = role.body;
    let keys: Vec<&str> = text
        .split("<Key>")
        .skip(1)
        .filter_map(|part| part.split("</Key>").next())
        .collect();
    for key in keys {
        let tag = [("Action", "UntagRole"), ROLE, ("TagKeys.member.1", key)];
        world.source().iam(&tag).expect_ok();
    }
}

fn must_be_cleaned_up(world: &World) {
    let before = marked(world);
    assert!(before.len() > 5, "{before:#?}");
    world.expect(2, &SEARCH);
    world.expect(0, &["plan", "--search", "--out", "plan.json", "spec.yaml"]);
    world.expect(0, &["apply", "--yes", "plan.json"]);
    assert_eq!(marked(world), [""; 0]);
    world.expect(0, &SEARCH);
    world.expect(0, &APPLY);
}

#[test]
fn what_a_role_without_its_tags_led_to_is_found() {
    let world = left();
    let audit = world.sandbox().snapshot()["cloudtrail"].clone();
    untag(&world);
    must_be_cleaned_up(&world);
    let gone = world.source().iam(&[("Action", "GetRole"), ROLE]);
    assert_eq!(
        gone.status, 404,
        "its description says whose it was: {}",
        gone.body
    );
    let arn = format!("arn:aws:cloudtrail:{}:{}:trail/audit", SOURCE.1, SOURCE.0);
    assert_eq!(world.sandbox().snapshot()["cloudtrail"][&arn], audit[&arn]);
}

#[test]
fn what_a_role_that_somebody_gave_to_another_spec_led_to_is_found() {
    let world = left();
    untag(&world);
    let tag = [
        ("Action", "TagRole"),
        ROLE,
        ("Tags.member.1.Key", "s3ferry:spec"),
        ("Tags.member.1.Value", "theirs"),
    ];
    world.source().iam(&tag).expect_ok();
    must_be_cleaned_up(&world);
    let stays = world.source().iam(&[("Action", "GetRole"), ROLE]);
    assert_eq!(stays.status, 200, "it is another spec's");
}

#[test]
fn what_a_role_led_to_that_somebody_deleted_is_found() {
    let world = left();
    let policy = [
        ("Action", "DeleteRolePolicy"),
        ROLE,
        ("PolicyName", "s3ferry"),
    ];
    world.source().iam(&policy).expect_ok();
    world
        .source()
        .iam(&[("Action", "DeleteRole"), ROLE])
        .expect_ok();
    let blind = world.expect(0, &["plan", "spec.yaml"]);
    assert!(
        blind.out.contains("plan again with --search"),
        "{}",
        blind.said()
    );
    must_be_cleaned_up(&world);
}

#[test]
fn a_bucket_that_cannot_be_read_is_named_and_the_rest_is_found() {
    let world = left();
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Closed", "Effect": "Deny", "Principal": "*",
        "Action": "s3:GetReplicationConfiguration", "Resource": "arn:aws:s3:::others" }] });
    world.source().put("others", "policy", &deny.to_string());
    let plan = world.expect(2, &SEARCH);
    assert!(plan.out.contains("left-unseen"), "{}", plan.said());
    assert!(
        plan.out.contains("prod/bucket/others/replication"),
        "{}",
        plan.said()
    );
    world.expect(0, &APPLY);
    assert_eq!(marked(&world), [""; 0]);
}

#[test]
fn a_search_is_of_the_whole_spec() {
    let world = World::new(&migration());
    let both = world.s3ferry(&["plan", "--search", "--target", "orders", "spec.yaml"]);
    assert_eq!(both.code, Some(64), "{}", both.said());
}
