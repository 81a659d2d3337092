//! What people have on their buckets, tried on the sandbox with the program: a policy that AWS takes is no obstacle here.

use s3ferry_tests::world::{DESTINATION, SOURCE, World};
use serde_json::{Value, json};

const MIGRATION: &str = "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive }
    rules: [ { id: all, prefix: orders/, delete_markers: mirror } ]
";

fn bucket(name: &str, (account, region): (&str, &str), policy: Option<&Value>) -> Value {
    let mut configuration = json!({});
    if let Some(policy) = policy {
        configuration["policy"] = json!(policy.to_string());
    }
    json!({ "name": name, "account": account, "region": region, "versioning": "Enabled", "configuration": configuration })
}

/// AWS Config, Security Hub (S3.5) and every Terraform module put this statement on every bucket.
#[test]
fn a_bucket_that_demands_tls_is_a_destination_like_any_other() {
    let statement = json!({
        "Sid": "AllowSSLRequestsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::orders-archive", "arn:aws:s3:::orders-archive/*"],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let world = World::new(MIGRATION).with(&json!({ "buckets": [
        bucket("orders-prod", SOURCE, None),
        bucket("orders-archive", DESTINATION, Some(&policy)),
    ] }));
    let applied = world.expect(0, &["apply", "--yes", "spec.yaml"]);
    let findings: Vec<&str> = applied
        .out
        .lines()
        .filter(|line| line.trim_start().starts_with("warning ["))
        .collect();
    assert_eq!(
        findings,
        ["  warning [not-watched] orders"],
        "{}",
        applied.out
    );
    let kept = world.buckets("/orders-archive/configuration/policy");
    let kept: Value = serde_json::from_str(kept.as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(kept["Statement"][0], statement);
    world.must_be_settled();
}
