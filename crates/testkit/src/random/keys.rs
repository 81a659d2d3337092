//! The KMS keys of random worlds: who administers them, who may use them, and what other people do to their policies.

use proptest::prelude::*;
use proptest::sample::select;
use s3ferry_core::model::kinds::Policy;
use s3ferry_core::model::{Document, KeyPart, KeyRef, Target};

use super::policies::{Parts, is_theirs, parts};
use crate::build;
use crate::world::MemoryWorld;

/// The keys: of source objects, of replicas, and of the destination's default encryption.
pub const KEYS: [(&str, &str, &str); 3] = [
    ("eu-west-1", build::SOURCE_ACCOUNT, "source"),
    ("eu-central-1", build::DESTINATION_ACCOUNT, "replica"),
    ("eu-central-1", build::DESTINATION_ACCOUNT, "default"),
];

/// A key.
#[must_use]
pub fn key(index: usize) -> KeyRef {
    let (region, account, id) = KEYS[index];
    build::key(account, region, id)
}

/// The policy of a key as a target.
#[must_use]
pub fn policy_of(index: usize) -> Target {
    Target::Key(key(index), KeyPart::Policy)
}

/// What somebody does to the policy of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDrift {
    /// The source's account may use the key, or may no longer.
    Use(bool),
    /// A statement of theirs comes, in a layout of its own.
    Audit,
    /// Their statements go, but for that of who administers the key.
    NoAudit,
    /// The first of ours is removed.
    Drop,
    /// All of ours get an action more.
    Widen,
}

/// Any of it.
pub fn drift() -> impl Strategy<Value = (usize, KeyDrift)> {
    let all = [
        KeyDrift::Use(true),
        KeyDrift::Use(true),
        KeyDrift::Use(false),
        KeyDrift::Audit,
        KeyDrift::NoAudit,
        KeyDrift::Drop,
        KeyDrift::Widen,
    ];
    (0..KEYS.len(), select(all.to_vec()))
}

fn administered(account: &str) -> String {
    format!(
        r#"{{"Sid":"TheirsAdmin","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":["kms:PutKeyPolicy","kms:GetKeyPolicy","kms:DescribeKey"],"Resource":"*"}}"#
    )
}

fn used() -> String {
    format!(
        "{{ \"Sid\":\"TheirsUse\", \"Effect\" :\"Allow\",\n \"Principal\":{{\"AWS\":\"arn:aws:iam::{}:root\"}},\"Action\":[\"kms:Decrypt\",\"kms:Encrypt\",\"kms:GenerateDataKey\"],\"Resource\":\"*\"}}",
        build::SOURCE_ACCOUNT
    )
}

const AUDIT: &str = "{\"Sid\":\"Theirs \\u00fc\",\"Effect\":\"Allow\",\t\"Principal\":{\"AWS\":\"333333333333\"},\"Action\":\"kms:DescribeKey\",\"Resource\":\"*\"}";

/// A world with the keys.
#[must_use]
pub fn with_keys(world: MemoryWorld) -> MemoryWorld {
    (0..KEYS.len()).fold(world, |world, index| {
        let key = key(index);
        let text = format!(
            r#"{{"Version":"2012-10-17","Id":"heirs","Statement":[{},{}]}}"#,
            administered(key.account.as_str()),
            used()
        );
        world
            .with(
                &Target::Key(key.clone(), KeyPart::Itself),
                build::customer_key(),
            )
            .with(
                &Target::Key(key, KeyPart::Policy),
                Document::KeyPolicy(Policy::read(text)),
            )
    })
}

/// The policy of a key, taken apart.
#[must_use]
pub fn live(world: &MemoryWorld, index: usize) -> Parts {
    match world.document(&policy_of(index)) {
        Some(Document::KeyPolicy(policy)) => parts(policy.text()),
        _ => Parts::default(),
    }
}

/// Makes the edit.
pub(super) fn edit(world: &MemoryWorld, index: usize, drift: KeyDrift) {
    let mut policy = live(world, index);
    let used = used();
    let compact = |one: &str| one.split_whitespace().collect::<String>();
    let is_use = |one: &String| compact(one).contains("\"TheirsUse\"");
    let is_admin = |one: &String| compact(one).contains("\"TheirsAdmin\"");
    match drift {
        KeyDrift::Use(false) => policy.statements.retain(|one| !is_use(one)),
        KeyDrift::Use(true) if !policy.statements.iter().any(is_use) => {
            policy.statements.insert(0, used);
        }
        KeyDrift::Use(true) => {}
        KeyDrift::Audit if !policy.statements.iter().any(|one| one == AUDIT) => {
            policy.statements.push(AUDIT.to_owned());
        }
        KeyDrift::Audit => {}
        KeyDrift::NoAudit => policy
            .statements
            .retain(|one| !is_theirs(one) || is_use(one) || is_admin(one)),
        KeyDrift::Drop => {
            if let Some(first) = policy.statements.iter().position(|one| !is_theirs(one)) {
                policy.statements.remove(first);
            }
        }
        KeyDrift::Widen => {
            for statement in policy.statements.iter_mut().filter(|one| !is_theirs(one)) {
                *statement = statement.replace("\"kms:Decrypt\"", "\"kms:ReEncryptFrom\"");
            }
        }
    }
    let text = policy.text().map(Policy::read);
    world.set(&policy_of(index), text.map(Document::KeyPolicy));
}
