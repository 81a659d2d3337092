//! How many calls s3ferry makes: what `docs/benchmarks.md` says is read is read, once, and nothing else.

use std::collections::BTreeMap;
use std::fs;

use s3ferry_tests::world::{ACCOUNTS, SOURCE, World};
use serde_json::json;

/// Few enough that no account's roles are worth reading together.
const FEW: usize = 3;

/// What is read of each migration that is as its spec says, with how often.
const READ: [(&str, usize); 12] = [
    ("GetBucketEncryption", 2), // of the source and of the destination
    ("GetBucketOwnershipControls", 1),
    ("GetBucketPolicy", 2), // of the source and of the destination
    ("GetBucketReplication", 1),
    ("GetBucketTagging", 1),
    ("GetBucketVersioning", 1), // of the destination
    ("GetObjectLockConfiguration", 1),
    ("GetPublicAccessBlock", 1),
    ("GetRole", 1),
    ("GetRolePolicy", 1),
    ("ListAttachedRolePolicies", 1),
    ("ListRolePolicies", 1),
];

fn migrations(of: &str, count: usize) -> String {
    let migration = |number: usize| {
        format!(
            "  {of}-{number}:
    phase: replicate
    source: {{ account: prod, bucket: {of}-{number}-prod }}
    destination: {{ account: archive, bucket: {of}-{number}-archive, create: true }}
    monitoring: {{ none: a test }}
    canary: {{ skip: a test }}
    rules: [ {{ id: all, delete_markers: keep }} ]
"
        )
    };
    (0..count).map(migration).collect()
}

fn sources(of: &str, count: usize) -> serde_json::Value {
    let bucket = |number: usize| json!({ "name": format!("{of}-{number}-prod"), "account": SOURCE.0, "region": SOURCE.1 });
    json!({ "buckets": (0..count).map(bucket).collect::<Vec<_>>() })
}

/// The calls of a plan without changes by operation, signing in left out.
fn plan(world: &World) -> BTreeMap<String, usize> {
    world.sandbox().reset_calls();
    world.must_be_settled();
    let mut calls = BTreeMap::new();
    for call in world.sandbox().calls() {
        if call.service != "sts" {
            *calls.entry(call.operation).or_default() += 1;
        }
    }
    calls
}

#[test]
fn a_plan_without_changes_reads_what_it_must_know() {
    let world = World::new(&migrations("orders", FEW)).with(&sources("orders", FEW));
    world.converge();
    let mut expected: BTreeMap<String, usize> = READ
        .iter()
        .map(|(operation, times)| ((*operation).to_owned(), times * FEW))
        .collect();
    expected.insert("ListRoles".to_owned(), 2); // once in each account
    assert_eq!(plan(&world), expected);
    let each: usize = READ.iter().map(|(_, times)| times).sum();
    assert_eq!(each, 14, "what docs/benchmarks.md says");
}

#[test]
fn roles_of_other_specs_are_not_read_one_by_one() {
    let world = World::new(&migrations("orders", 1))
        .with(&sources("orders", 1))
        .with(&sources("theirs", FEW));
    world.converge();
    let alone = plan(&world);
    let theirs = ACCOUNTS.replace("name: test", "name: other");
    let theirs = format!("{theirs}{}", migrations("theirs", FEW));
    fs::write(world.folder().join("other.yaml"), theirs).expect("the other spec is written");
    world.expect(0, &["apply", "--yes", "other.yaml"]);
    assert_eq!(plan(&world), alone);
}
