//! An independent reader agrees: after an apply Terraform imports what is live under a configuration that says the same, written
//! by hand, and has nothing to change.

use s3ferry_tests::terraform::Terraform;
use s3ferry_tests::world::{SOURCE, World};
use serde_json::json;

const MIGRATION: &str = r#"  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    canary: { skip: "Terraform reads, and nothing else" }
    rules:
      - id: hot
        prefix: hot/
        tags: { keep: "yes" }
        delete_markers: keep
        storage_class: STANDARD_IA
        time_control: true
      - { id: cold, prefix: cold/, delete_markers: mirror, enabled: false }
    monitoring:
      notify: { source: ["arn:aws:sns:eu-west-1:111111111111:ops"] }
      events: arn:aws:sqs:eu-west-1:111111111111:failures
      latency: 10m
    logging:
      access:
        source: { bucket: prod-logs, prefix: s3/orders/ }
      inventory:
        source: { bucket: prod-logs, prefix: lists }
"#;

const CONFIGURATION: &str = include_str!("parity/main.tf");

#[test]
fn terraform_imports_what_an_apply_made_and_has_nothing_to_change() {
    let world = World::new(MIGRATION).with(&json!({ "buckets": [
        { "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1 },
        { "name": "prod-logs", "account": SOURCE.0, "region": SOURCE.1 },
    ] }));
    let Some(terraform) = Terraform::new(&world, CONFIGURATION) else {
        return;
    };
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    let plan = terraform.expect(0, &["plan"]);
    let imports = CONFIGURATION.matches("\nimport {").count();
    let alarms = 2 * 4 - 2; // Two of the blocks import those of two rules: one each here, three each there.
    let agreed = format!(
        "Plan: {} to import, 0 to add, 0 to change, 0 to destroy.",
        imports + alarms
    );
    assert!(plan.contains(&agreed), "{plan}");

    // It would see a difference.
    terraform.write(&CONFIGURATION.replace("above = 600", "above = 601"));
    let plan = terraform.expect(0, &["plan"]);
    assert!(plan.contains(" 2 to change, 0 to destroy."), "{plan}");

    terraform.write(CONFIGURATION);
    terraform.expect(0, &["apply", "-auto-approve"]);
    terraform.expect(0, &["plan", "-detailed-exitcode"]);
    world.expect(0, &["plan", "--detailed-exitcode", "spec.yaml"]);
}
