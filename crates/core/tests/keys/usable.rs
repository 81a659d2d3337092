//! What keeps the replication role from using a key.

use std::collections::BTreeSet;

use s3ferry_core::format::{Finding, FindingLevel};
use s3ferry_core::model::kinds::{BucketEncryption, Document, Key};
use s3ferry_core::model::{KeyPart, Target};

use super::{REPLICA, SOURCE, closed, coded, policy_at, with_keys, world};
use crate::world::{World, customer_key, key, key_policy, spec};

#[test]
fn a_key_that_cannot_be_used_blocks() {
    let key = key(REPLICA);
    let itself = Target::Key(key.clone(), KeyPart::Itself);
    let asymmetric = Document::Key(Key {
        state: "Enabled".to_owned(),
        spec: "RSA_2048".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        manager: "CUSTOMER".to_owned(),
        multi_region: false,
    });
    for (code, document) in [
        ("key-disabled", customer_key("Disabled", "CUSTOMER")),
        (
            "key-pending-deletion",
            customer_key("PendingDeletion", "CUSTOMER"),
        ),
        ("key-aws-managed", customer_key("Enabled", "AWS")),
        ("key-not-symmetric", asymmetric),
    ] {
        let mut world = world();
        world.set_at(itself.clone(), document);
        let plan = world.plan(&with_keys(REPLICA, true));
        let found = coded(&plan, code);
        assert_eq!(found.len(), 1, "{code}: {:#?}", plan.findings);
        assert_eq!(found[0].level, FindingLevel::Blocked, "{code}");
        assert_eq!(found[0].address, "archive/key/eu-central-1/bbbb");
    }
    for (state, way) in [
        ("PendingImport", "import its key material"),
        ("Unavailable", "connect-custom-key-store"),
        ("Creating", "wait until"),
    ] {
        let mut world = world();
        world.set_at(itself.clone(), customer_key(state, "CUSTOMER"));
        let plan = world.plan(&with_keys(REPLICA, true));
        let found = coded(&plan, "key-disabled");
        assert!(found[0].help.contains(way), "{}", found[0].help);
    }
    let mut world = world();
    world.missing.insert(key);
    let plan = world.plan(&with_keys(REPLICA, true));
    assert_eq!(coded(&plan, "key-missing").len(), 1, "{:#?}", plan.findings);
}

#[test]
fn a_deny_in_a_key_policy_is_a_deny_of_the_role() {
    let deny = r#"{"Sid":"NotFromThere","Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111111111111"}}}"#;
    let mut world = world();
    let source = key(SOURCE);
    let spec = with_keys(REPLICA, true);
    world.set_at(policy_at(&source), key_policy(&source, &[deny]));
    assert_eq!(
        coded(&world.plan(&spec), "policy-denies-replication").len(),
        0
    );
    let always = deny.replace("StringNotEquals", "StringEquals");
    world.set_at(policy_at(&source), key_policy(&source, &[&always]));
    let plan = world.plan(&spec);
    let found = coded(&plan, "policy-denies-replication");
    assert_eq!(
        found[0].address,
        "prod/key/eu-west-1/aaaa/policy/statement/NotFromThere"
    );
}

/// The primary Region of a multi-Region key is being changed: the key works all the while.
#[test]
fn a_key_that_is_being_updated_can_be_used() {
    let mut world = world();
    let updating = customer_key("Updating", "CUSTOMER");
    world.set_at(Target::Key(key(SOURCE), KeyPart::Itself), updating);
    world.converge(&with_keys(REPLICA, true));
}

/// What AWS writes into the policy of a key that it manages for S3.
const OF_AWS: &str = r#"{"Sid":"Allow access through S3","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com","kms:CallerAccount":"111111111111"}}}"#;

/// The role is of the key's own account: its policy lets the role in, and nobody can write it.
#[test]
fn a_key_that_aws_manages_works_in_its_own_account_and_stays_as_it_is() {
    let mut world = closed();
    let source = key(SOURCE);
    let itself = Target::Key(source.clone(), KeyPart::Itself);
    world.set_at(itself, customer_key("Enabled", "AWS"));
    world.set_at(policy_at(&source), key_policy(&source, &[OF_AWS]));
    let before = world.key_policy_text(&source);
    let spec = with_keys(REPLICA, true);
    let plan = world.plan(&spec);
    let about = plan
        .findings
        .iter()
        .filter(|of| of.code.starts_with("key-"));
    assert_eq!(about.count(), 0, "{:#?}", plan.findings);
    world.converge(&spec);
    assert_eq!(world.key_policy_text(&source), before);
}

/// The spec names keys of the right Regions; what a bucket of others encrypts with by default is found out.
#[test]
fn a_default_key_of_another_region_is_told() {
    let mut world = world();
    world.make_destination("orders-archive");
    let plain = |world: &mut World, region: &str| {
        let key = format!("arn:aws:kms:{region}:222222222222:key/dddd");
        let default = Document::Encryption(BucketEncryption {
            algorithm: "aws:kms".to_owned(),
            key: Some(key),
            bucket_key: true,
            blocked: BTreeSet::new(),
        });
        world.set("archive/bucket/orders-archive/encryption", default);
        world.plan(&spec(&[("create: true }", "create: false }")]))
    };
    let plan = plain(&mut world, "eu-west-1");
    let found = coded(&plan, "key-wrong-region");
    assert_eq!(found.len(), 1, "{:#?}", plan.findings);
    // Only what is not encrypted at all would be under it.
    assert_eq!(found[0].level, FindingLevel::Warning);
    assert_eq!(found[0].address, "archive/key/eu-west-1/dddd");
    let plan = plain(&mut world, "eu-central-1");
    assert_eq!(coded(&plan, "key-wrong-region").len(), 0);
}

#[test]
fn one_multi_region_key_on_both_sides_is_two() {
    let mrk = "mrk-0123456789abcdef0123456789abcdef";
    let arn = |region: &str, account: &str| format!("arn:aws:kms:{region}:{account}:key/{mrk}");
    let spec = |replica: &str| {
        let source = arn("eu-west-1", "111111111111");
        let rule = format!(
            "delete_markers: keep, source_kms: {{ keys: [\"{source}\"], replica_key: \"{replica}\" }} }}"
        );
        spec(&[("delete_markers: keep }", &rule)])
    };
    let world = world();
    let plan = world.plan(&spec(&arn("eu-central-1", "222222222222")));
    assert_eq!(
        coded(&plan, "key-multi-region")[0].level,
        FindingLevel::Note
    );
    assert_eq!(
        coded(&world.plan(&spec(REPLICA)), "key-multi-region").len(),
        0
    );
}

/// Objects under S3 Bucket Keys are decrypted with the replica's key, for the bucket as the encryption context.
#[test]
fn a_statement_that_forgets_bucket_keys_is_told() {
    let statement = |actions: &str, contexts: &str| {
        format!(
            r#"{{"Sid":"ByHand","Effect":"Allow","Principal":{{"AWS":"111111111111"}},"Action":[{actions}],"Resource":"*","Condition":{{"StringLike":{{"kms:EncryptionContext:aws:s3:arn":[{contexts}]}}}}}}"#
        )
    };
    let (object, both) = (
        r#""arn:aws:s3:::orders-archive/*""#,
        r#""arn:aws:s3:::orders-archive/*","arn:aws:s3:::orders-archive""#,
    );
    let encrypt = r#""kms:Encrypt","kms:GenerateDataKey""#;
    let with_decrypt = format!(r#"{encrypt},"kms:Decrypt""#);
    let key = key(REPLICA);
    for (actions, contexts, code) in [
        (encrypt, both, Some("key-grants-nothing")),
        (&with_decrypt, object, Some("key-grant-unsure")),
        (&with_decrypt, both, None),
    ] {
        let mut world = world();
        let by_hand = statement(actions, contexts);
        world.set_at(policy_at(&key), key_policy(&key, &[&by_hand]));
        let plan = world.plan(&with_keys(REPLICA, false));
        let found: Vec<&Finding> = plan.findings.iter().collect();
        let found = found.iter().filter(|of| of.address.contains("/bbbb/"));
        let codes: Vec<&str> = found.map(|of| of.code.as_str()).collect();
        assert_eq!(codes, Vec::from_iter(code), "{by_hand}");
    }
}
