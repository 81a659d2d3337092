//! What other people do to the places that a migration used: nothing of theirs is touched, and what is ours can still leave.

use std::fs;

use s3ferry_tests::signed::Request;
use s3ferry_tests::world::{ACCOUNTS, SOURCE, World};
use serde_json::{Value, json};

const RULES: &str = "rules: [ { id: all, prefix: \"\", delete_markers: keep } ]
    monitoring: { none: a test }
    canary: { skip: a test }";

fn migration(destination: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: {destination}, create: true }}
    {RULES}
"
    )
}

fn world() -> World {
    let (account, region) = SOURCE;
    let source = json!({ "name": "orders-prod", "account": account, "region": region });
    World::new(&migration("orders-archive")).with(&json!({ "buckets": [source] }))
}

/// Deletes the destination and makes a bucket of its name in another Region.
fn taken(world: &World) {
    let at = |method, body| Request {
        method,
        path: "/orders-archive",
        body,
        ..Request::default()
    };
    world.destination().s3(at("DELETE", "")).expect_ok();
    let elsewhere = "<CreateBucketConfiguration><LocationConstraint>eu-north-1</LocationConstraint></CreateBucketConfiguration>";
    world
        .destination_in("eu-north-1")
        .s3(at("PUT", elsewhere))
        .expect_ok();
}

#[test]
fn a_rule_to_a_bucket_that_is_elsewhere_by_now_can_leave() {
    let world = world();
    world.converge();
    let before = world.buckets("/orders-archive/configuration");
    assert_ne!(before["policy"], Value::Null);
    taken(&world);
    let theirs = world.buckets("/orders-archive");

    // The spec still asks for that bucket: an error, since a plan for it cannot be made.
    let ran = world.expect(1, &["plan", "spec.yaml"]);
    assert!(ran.err.contains("eu-north-1"), "{}", ran.said());

    world.spec("  {}\ndefaults: { guards: { max_deletes: 10 } }\n");
    let planned = world.expect(0, &["plan", "spec.yaml"]);
    assert!(planned.out.contains("[left-unseen]"), "{}", planned.said());
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    let source = world.buckets("/orders-prod/configuration");
    assert_eq!(source["replication"], Value::Null, "{source:#}");
    assert_eq!(world.buckets("/orders-archive"), theirs);
    world.must_be_settled();
}

#[test]
fn a_migration_moves_on_from_a_bucket_that_is_elsewhere_by_now() {
    let world = world();
    world.converge();
    taken(&world);
    let theirs = world.buckets("/orders-archive");
    world.spec(&migration("orders-new"));
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(world.buckets("/orders-archive"), theirs);
    world.must_be_settled();
}

/// The spec without one of its accounts and without its migration.
fn without(world: &World, account: &str, more: &str) {
    let lines = ACCOUNTS
        .lines()
        .filter(|line| !line.starts_with(&format!("  {account}:")));
    let rest: Vec<&str> = lines.filter(|line| *line != "migrations:").collect();
    let spec = format!(
        "{}\nmigrations: {{}}\ndefaults: {{ guards: {{ max_deletes: 9{more} }} }}\n",
        rest.join("\n")
    );
    fs::write(world.folder().join("spec.yaml"), spec).expect("the spec is written");
}

fn proven() -> World {
    let world = world();
    world.spec(&migration("orders-archive").replace("canary: { skip: a test }", ""));
    world.converge();
    world
}

#[test]
fn a_destination_that_left_with_its_account_keeps_what_leads_there() {
    let world = proven();
    let before = world.buckets("");
    without(&world, "archive", "");
    let ran = world.expect(4, &["apply", "--yes", "spec.yaml"]);
    assert!(ran.err.contains("222222222222"), "{}", ran.said());
    assert_eq!(world.buckets(""), before);

    // As the finding says: the account stays until a plan has cleaned up there.
    world.spec("  {}\ndefaults: { guards: { max_deletes: 9 } }\n");
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(
        world.buckets("/orders-archive/configuration")["policy"],
        Value::Null
    );
    without(&world, "archive", "");
    world.must_be_settled();
}

#[test]
fn an_account_that_is_gone_can_be_forgotten() {
    let world = proven();
    without(&world, "archive", ", forget: [\"222222222222\"]");
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(
        world.buckets("/orders-prod/configuration")["replication"],
        Value::Null
    );
    assert_ne!(
        world.buckets("/orders-archive/configuration")["policy"],
        Value::Null
    );
}

#[test]
fn a_source_that_left_with_its_account_is_said_and_its_way_back_stays() {
    let world = proven();
    let before = world.buckets("");
    without(&world, "prod", "");
    let ran = world.expect(4, &["apply", "--yes", "spec.yaml"]);
    assert!(ran.err.contains("111111111111"), "{}", ran.said());
    assert_eq!(world.buckets(""), before);
    without(&world, "prod", ", forget: [\"111111111111\"]");
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(
        world.buckets("/orders-archive/configuration")["policy"],
        Value::Null
    );
}
