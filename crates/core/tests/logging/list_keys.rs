//! The keys that lists of inventories are encrypted with.

use std::collections::BTreeSet;

use s3ferry_core::format::FindingLevel;
use s3ferry_core::model::kinds::{BucketEncryption, Document};
use s3ferry_core::model::{KeyPart, Target};
use s3ferry_core::plan::Plan;
use s3ferry_core::spec::Spec;

use super::{codes, help, logged, world};
use crate::world::{World, customer_key, key, key_policy};

const LISTS: &str = "arn:aws:kms:eu-west-1:111111111111:key/lists";

fn under_key(arn: &str) -> Spec {
    let to = format!("prefix: orders, encryption: {{ kms_key: \"{arn}\" }} }}");
    logged(&[("prefix: orders }", &to)])
}

/// The findings about keys of lists.
fn about_keys(plan: &Plan) -> Vec<(&str, FindingLevel, &str)> {
    let findings = plan.findings.iter();
    let about =
        findings.filter(|of| of.code.starts_with("key-") || of.code.starts_with("inventory-"));
    about
        .map(|of| (of.code.as_str(), of.level, of.address.as_str()))
        .collect()
}

fn with_policy(statements: &[&str]) -> World {
    let mut world = world();
    let key = key(LISTS);
    let policy = Target::Key(key.clone(), KeyPart::Policy);
    world.set_at(policy, key_policy(&key, statements));
    world
}

#[test]
fn lists_under_a_key_say_the_statement_that_the_key_needs() {
    let spec = under_key(LISTS);
    let plan = world().plan(&spec);
    assert_eq!(
        about_keys(&plan),
        [(
            "inventory-key-closed",
            FindingLevel::Blocked,
            "prod/key/eu-west-1/lists/policy"
        )]
    );
    let statement = help(&plan, "inventory-key-closed")
        .lines()
        .next()
        .expect("a statement");
    assert!(
        statement.contains("kms:GenerateDataKey") && statement.contains("arn:aws:s3:::orders-prod"),
        "{statement}"
    );
    // It is enough, and as a statement for another bucket it is not.
    with_policy(&[statement]).converge(&spec);
    let another = statement.replace("orders-prod", "invoices-prod");
    assert_eq!(codes(&with_policy(&[&another]).plan(&spec)), codes(&plan));
    let condition = statement.replace("aws:SourceArn", "aws:PrincipalOrgID");
    let unsure = with_policy(&[&condition]).plan(&spec);
    assert_eq!(
        about_keys(&unsure),
        [(
            "inventory-key-unchecked",
            FindingLevel::Warning,
            "prod/key/eu-west-1/lists/policy"
        )]
    );
}

#[test]
fn a_key_for_lists_that_cannot_be_used_blocks() {
    let itself = Target::Key(key(LISTS), KeyPart::Itself);
    for (state, manager, code) in [
        ("Disabled", "CUSTOMER", "key-disabled"),
        ("PendingDeletion", "CUSTOMER", "key-pending-deletion"),
        ("Enabled", "AWS", "inventory-managed-key"),
    ] {
        let mut world = world();
        world.set_at(itself.clone(), customer_key(state, manager));
        assert_eq!(
            about_keys(&world.plan(&under_key(LISTS))),
            [(code, FindingLevel::Blocked, "prod/key/eu-west-1/lists")]
        );
    }
    let mut world = world();
    world.missing.insert(key(LISTS));
    let plan = world.plan(&under_key(LISTS));
    assert_eq!(
        about_keys(&plan),
        [(
            "key-missing",
            FindingLevel::Blocked,
            "prod/key/eu-west-1/lists"
        )]
    );
    assert!(
        plan.findings
            .iter()
            .any(|of| of.message.contains("inventories of orders-prod"))
    );
}

#[test]
fn a_key_for_lists_that_may_not_be_looked_at_is_said() {
    let mut world = world();
    world
        .denied
        .insert(Target::Key(key(LISTS), KeyPart::Policy));
    let plan = world.plan(&under_key(LISTS));
    assert_eq!(
        about_keys(&plan),
        [(
            "inventory-key-unchecked",
            FindingLevel::Warning,
            "prod/key/eu-west-1/lists"
        )]
    );
    assert!(help(&plan, "inventory-key-unchecked").contains("kms:GenerateDataKey"));
}

/// Where the spec says nothing, lists are encrypted as the bucket that they go to says.
#[test]
fn the_default_key_of_the_bucket_that_lists_go_to_is_looked_at() {
    let default = |key: Option<&str>| {
        let mut world = world();
        let encryption = Document::Encryption(BucketEncryption {
            algorithm: "aws:kms".to_owned(),
            key: key.map(str::to_owned),
            bucket_key: false,
            blocked: BTreeSet::new(),
        });
        world.set("prod/bucket/prod-lists/encryption", encryption);
        let plan = world.plan(&logged(&[]));
        let found = about_keys(&plan).into_iter();
        found
            .map(|(code, _, at)| format!("{code} {at}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        default(Some(LISTS)),
        ["inventory-key-closed prod/key/eu-west-1/lists/policy"]
    );
    assert_eq!(
        default(Some("alias/lists")),
        ["inventory-key-unchecked alias/lists"]
    );
    assert_eq!(
        default(None),
        ["inventory-managed-key prod/bucket/prod-lists/encryption"]
    );
}
