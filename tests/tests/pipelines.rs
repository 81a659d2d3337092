//! What pipelines rely on: exit codes of plans, saved plans that are applied again, output that is not lost, and messages
//! that a program can read.

use std::fs;

use s3ferry_tests::world::{SOURCE, World};
use serde_json::json;

const ORDERS: &str = "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    monitoring: { none: \"a test\" }
    rules:
      - { id: all, delete_markers: mirror }
";

const PLAN: [&str; 2] = ["plan", "spec.yaml"];
const SAVE: [&str; 4] = ["plan", "--out", "a.plan", "spec.yaml"];
const APPLY: [&str; 3] = ["apply", "--yes", "spec.yaml"];

fn world() -> World {
    let bucket = json!({ "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1 });
    World::new(ORDERS).with(&json!({ "buckets": [bucket] }))
}

#[test]
fn a_blocked_plan_exits_4_and_promises_no_apply() {
    let world = world();
    world.converge();
    world.spec(&ORDERS.replace("phase: replicate", "phase: prepare"));
    world.expect(4, &PLAN);
    world.expect(4, &["plan", "--detailed-exitcode", "spec.yaml"]);
    let saved = world.expect(4, &SAVE);
    assert!(
        !saved.err.contains("s3ferry apply") && saved.err.contains("1 finding in the way"),
        "{}",
        saved.said()
    );
    let shown = world.expect(0, &["show", "a.plan"]);
    assert!(shown.out.contains("BLOCKED"), "{}", shown.said());
    let refused = world.expect(4, &["apply", "a.plan"]);
    let (_, line) = refused
        .err
        .split_once("add to the spec: ")
        .unwrap_or_else(|| panic!("{}", refused.said()));
    let line = line.lines().next().unwrap_or_default();
    let spec = world.folder().join("spec.yaml");
    let text = fs::read_to_string(&spec).expect("a spec");
    fs::write(&spec, format!("{text}{line}\n")).expect("a spec");
    world.expect(0, &["validate", "spec.yaml"]);
    world.expect(0, &APPLY);
}

#[test]
fn what_is_said_of_a_saved_plan_is_what_can_be_done_with_it() {
    let world = world();
    let yaml = world.expect(64, &["plan", "--out", "move.yaml", "spec.yaml"]);
    assert!(
        yaml.err.contains("as a spec") && !world.folder().join("move.yaml").exists(),
        "{}",
        yaml.said()
    );
    let saved = world.expect(0, &["plan", "--out", "my move.plan", "spec.yaml"]);
    assert!(
        saved.err.contains("To apply it: s3ferry apply 'my move.plan'"),
        "{}",
        saved.said()
    );
    world.expect(0, &["apply", "my move.plan"]);
    let empty = world.expect(0, &SAVE);
    assert!(
        empty.err.contains("There is nothing to apply") && !empty.err.contains("s3ferry apply"),
        "{}",
        empty.said()
    );
}
