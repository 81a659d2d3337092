//! How many calls an apply from nothing takes, operation by operation: what is looked at, written and read back, and nothing
//! besides. `docs/benchmarks.md` says what each is for.

use std::collections::BTreeMap;

use s3ferry_tests::world::{SOURCE, World};
use serde_json::json;

/// By operation, how often: in the accounts of the source and of the destination.
const CALLS: &[(&str, &str, usize, usize)] = &[
    ("iam", "CreateRole", 1, 0),
    ("iam", "GetRole", 3, 0),
    ("iam", "GetRolePolicy", 1, 0),
    ("iam", "ListRoles", 1, 1),
    ("iam", "PutRolePolicy", 1, 0),
    ("iam", "SimulatePrincipalPolicy", 3, 1),
    ("s3", "CreateBucket", 0, 1),
    ("s3", "GetBucketEncryption", 1, 1),
    ("s3", "GetBucketLifecycleConfiguration", 1, 0),
    ("s3", "GetBucketOwnershipControls", 0, 1),
    ("s3", "GetBucketPolicy", 1, 3),
    ("s3", "GetBucketReplication", 4, 0),
    ("s3", "GetBucketTagging", 0, 2),
    ("s3", "GetBucketVersioning", 2, 1),
    ("s3", "GetObjectLockConfiguration", 1, 0),
    ("s3", "GetPublicAccessBlock", 0, 1),
    ("s3", "HeadBucket", 0, 1),
    ("s3", "PutBucketPolicy", 0, 1),
    ("s3", "PutBucketReplication", 1, 0),
    ("s3", "PutBucketVersioning", 1, 1),
];

#[test]
fn an_apply_of_one_migration_makes_these_calls() {
    let (account, region) = SOURCE;
    let source = json!({ "name": "orders-prod", "account": account, "region": region });
    let world = World::new(
        "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    rules:
      - { id: everything, prefix: \"\", delete_markers: keep }
    canary: { skip: \"a test of calls\" }
",
    )
    .with(&json!({ "buckets": [source] }));
    world.expect(0, &["apply", "--yes", "spec.yaml"]);

    let mut made: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    let calls = world.sandbox().calls();
    for call in calls.iter().filter(|call| call.service != "sts") {
        let of = (call.service.to_string(), call.operation.clone());
        let (of_source, of_destination) = made.entry(of).or_default();
        *if call.account == account {
            of_source
        } else {
            of_destination
        } += 1;
    }
    let expected = CALLS
        .iter()
        .map(|&(service, operation, source, destination)| {
            (
                (service.to_owned(), operation.to_owned()),
                (source, destination),
            )
        });
    assert_eq!(made, expected.collect());
    world.must_be_settled();
}
