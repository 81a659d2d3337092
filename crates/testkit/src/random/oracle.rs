//! What AWS would say: whether a live rule may do what it does, and whether a write is taken.
//!
//! Grants are read off the policies' JSON and off nothing else (UG:setting-repl-config-perm-overview,
//! UG:replication-config-for-kms-objects, UG:replication-change-owner).

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::model::kinds::replication::{ReplicationConfiguration, Rule, Status};
use s3ferry_core::model::kinds::{Role, Versioning, VersioningStatus};
use s3ferry_core::model::{BucketPart, BucketRef, Document, RolePart, RoleRef, Target};

use super::foreign::is_their_rule;
use super::keys;
use super::policies::{Context, allows, delivers, is_theirs, parts};
use super::shape::{DESTINATIONS, LOGS, ROLES, SOURCES, destination, end, logs, role, source};
use crate::world::MemoryWorld;

/// What the IDs of this spec's rules begin with.
pub const RULE_MARK: &str = "s3ferry/default/";
/// The most bytes of a bucket policy.
const BUCKET_POLICY_BYTES: usize = 20_480;
/// The most characters of a role's inline policies, white space left out.
const ROLE_POLICY_CHARACTERS: usize = 10_240;

/// The live rules of this spec that are enabled, by source bucket and ID, and what keeps each from working.
#[must_use]
pub fn rules(world: &MemoryWorld) -> BTreeMap<(usize, String), Option<String>> {
    let mut found = BTreeMap::new();
    for index in 0..SOURCES.len() {
        let Some(live) = configuration(world, index) else {
            continue;
        };
        let enabled = live
            .rules
            .iter()
            .filter(|rule| rule.status == Status::Enabled);
        for rule in enabled {
            let id = rule.id.clone().unwrap_or_default();
            if id.starts_with(RULE_MARK) && !is_their_rule(rule) {
                found.insert(
                    (index, id),
                    problem(world, &source(index), &live.role, rule),
                );
            }
        }
    }
    found
}

/// What of this spec is delivered, by the bucket that it is about and what it is, and what keeps each from being taken.
#[must_use]
pub fn deliveries(world: &MemoryWorld) -> BTreeMap<(usize, &'static str), Option<String>> {
    let mut found = BTreeMap::new();
    for at in 0..LOGS.len() {
        let of = end(at);
        let part = |part| world.document(&Target::Bucket(of.clone(), part));
        let taken = |to: &str, key: &str, service: &str| {
            let bucket = (0..LOGS.len())
                .map(logs)
                .find(|of| of.bucket.as_str() == to);
            let Some(bucket) = bucket else {
                return Some(format!("no bucket {to}"));
            };
            let text = policy(world, &Target::Bucket(bucket.clone(), BucketPart::Policy));
            let object = format!("{}/{key}", bucket.arn());
            (!delivers(&text, service, of.arn().as_str(), &object))
                .then(|| format!("{to} takes no {key} from {service}"))
        };
        match part(BucketPart::Logging) {
            Some(Document::Logging(live)) if !is_theirs(&live.prefix) => {
                let key = format!("{}2026-11-27", live.prefix);
                let problem = taken(&live.bucket, &key, "logging.s3.amazonaws.com");
                found.insert((at, "logs"), problem);
            }
            _ => {}
        }
        if let Some(Document::Inventories(held)) = part(BucketPart::Inventory)
            && let Some(live) = held.get("s3ferry-default")
        {
            let key = format!("{}/s3ferry-default/data/1.csv.gz", of.bucket);
            let to = live.bucket.rsplit(':').next().unwrap_or_default();
            found.insert((at, "lists"), taken(to, &key, "s3.amazonaws.com"));
        }
    }
    found
}

/// The replication configuration of a source bucket.
#[must_use]
pub fn configuration(world: &MemoryWorld, index: usize) -> Option<ReplicationConfiguration> {
    match world.document(&Target::Bucket(source(index), BucketPart::Replication)) {
        Some(Document::Replication(live)) => Some(live),
        _ => None,
    }
}

/// What keeps a rule from working; `None` where it works.
fn problem(world: &MemoryWorld, from: &BucketRef, role_arn: &str, rule: &Rule) -> Option<String> {
    let to = rule.destination.as_ref()?;
    let index = DESTINATIONS
        .iter()
        .position(|name| to.bucket.ends_with(&format!(":{name}")));
    let Some(to_bucket) = index.map(destination) else {
        return Some(format!("no bucket {}", to.bucket));
    };
    let Some(role) = assumed(world, role_arn) else {
        return Some(format!("S3 may not assume {role_arn}"));
    };
    let unversioned = [from, &to_bucket]
        .into_iter()
        .find(|bucket| !is_versioned(world, bucket));
    if let Some(bucket) = unversioned {
        return Some(format!("{} is not versioned", bucket.bucket));
    }
    let key = format!("{}k", rule.selects().0);
    let own = policy(world, &Target::Role(role, RolePart::Policy));
    let theirs = policy(
        world,
        &Target::Bucket(to_bucket.clone(), BucketPart::Policy),
    );
    let plain = Context::default();
    let lacks = |text: &str, who, action, resource: &str| {
        (!allows(text, who, action, resource, &plain)).then(|| {
            let side = if who.is_none() {
                "the role"
            } else {
                "the destination"
            };
            format!("{side} does not allow {action} on {resource}")
        })
    };
    let bucket = from.arn().to_string();
    let object = format!("{bucket}/{key}");
    let replica = format!("{}/{key}", to_bucket.arn());
    let mut problems = Vec::new();
    for action in ["s3:GetReplicationConfiguration", "s3:ListBucket"] {
        problems.extend(lacks(&own, None, action, &bucket));
    }
    for action in [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
    ] {
        problems.extend(lacks(&own, None, action, &object));
    }
    for action in written(rule) {
        problems.extend(lacks(&own, None, action, &replica));
        problems.extend(lacks(&theirs, Some(role_arn), action, &replica));
    }
    let places = (from, object.as_str(), &to_bucket, replica.as_str());
    problems.extend(of_keys(world, (&own, role_arn), rule, places));
    problems.into_iter().next()
}

/// The actions that a rule needs on replicas.
fn written(rule: &Rule) -> Vec<&'static str> {
    let mut actions = vec!["s3:ReplicateObject", "s3:ReplicateTags"];
    if rule.delete_markers == Some(Some(Status::Enabled)) {
        actions.push("s3:ReplicateDelete");
    }
    if rule
        .destination
        .as_ref()
        .is_some_and(|to| to.owner_override.is_some())
    {
        actions.push("s3:ObjectOwnerOverrideToBucketOwner");
    }
    actions
}

/// What is missing to encrypt replicas with the rule's key and with the bucket's, and to decrypt what the source's key encrypted.
fn of_keys(
    world: &MemoryWorld,
    (own, role_arn): (&str, &str),
    rule: &Rule,
    (from, object, to, replica): (&BucketRef, &str, &BucketRef, &str),
) -> Option<String> {
    let of_rule = rule
        .destination
        .as_ref()
        .and_then(|to| to.replica_key.clone().flatten());
    let default = match world.document(&Target::Bucket(to.clone(), BucketPart::Encryption)) {
        Some(Document::Encryption(encryption)) => encryption.key,
        _ => None,
    };
    let context = Context(BTreeMap::from([
        ("kms:ViaService", format!("s3.{}.amazonaws.com", to.region)),
        ("kms:EncryptionContext:aws:s3:arn", replica.to_owned()),
    ]));
    let mut keys = of_rule.iter().chain(&default);
    if let Some(key) = keys.find(|key| !allows(own, None, "kms:Encrypt", key, &context)) {
        return Some(format!(
            "the role does not allow kms:Encrypt with {key} for {replica}"
        ));
    }
    let needs = ["kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"];
    let key = of_rule?;
    let mut needs = needs.iter();
    if let Some(action) = needs.find(|action| !key_allows(world, &key, role_arn, action, &context))
    {
        return Some(format!(
            "the policy of {key} does not allow {action} for {replica}"
        ));
    }
    let context = Context(BTreeMap::from([
        (
            "kms:ViaService",
            format!("s3.{}.amazonaws.com", from.region),
        ),
        ("kms:EncryptionContext:aws:s3:arn", object.to_owned()),
    ]));
    let source = keys::key(0).arn();
    (!key_allows(world, &source, role_arn, "kms:Decrypt", &context))
        .then(|| format!("the policy of {source} does not allow kms:Decrypt for {object}"))
}

/// Whether a key's policy lets the role in, by its name or with its account, whose IAM has the role's policy.
fn key_allows(
    world: &MemoryWorld,
    key: &str,
    role_arn: &str,
    action: &str,
    context: &Context<'_>,
) -> bool {
    let Some(index) = (0..keys::KEYS.len()).find(|index| keys::key(*index).arn() == key) else {
        return false;
    };
    let text = policy(world, &keys::policy_of(index));
    let account = role_arn.split(':').nth(4).unwrap_or_default();
    let root = format!("arn:aws:iam::{account}:root");
    [role_arn, &root]
        .iter()
        .any(|name| allows(&text, Some(name), action, "*", context))
}

fn is_versioned(world: &MemoryWorld, bucket: &BucketRef) -> bool {
    let live = world.document(&Target::Bucket(bucket.clone(), BucketPart::Versioning));
    matches!(
        live,
        Some(Document::Versioning(Versioning {
            status: VersioningStatus::Enabled,
            ..
        }))
    )
}

fn policy(world: &MemoryWorld, target: &Target) -> String {
    match world.document(target) {
        Some(
            Document::BucketPolicy(policy)
            | Document::RolePolicy(policy)
            | Document::KeyPolicy(policy),
        ) => policy.text().to_owned(),
        _ => r#"{"Statement":[]}"#.to_owned(),
    }
}

/// The role of an ARN, where it is there and S3 may assume it.
fn assumed(world: &MemoryWorld, arn: &str) -> Option<RoleRef> {
    let (index, live) = role_of(world, arn)?;
    live.trust
        .text()
        .contains("s3.amazonaws.com")
        .then(|| role(index))
}

fn role_of(world: &MemoryWorld, arn: &str) -> Option<(usize, Role)> {
    (0..ROLES.len()).find_map(|index| {
        match world.document(&Target::Role(role(index), RolePart::Itself)) {
            Some(Document::Role(live)) => {
                let of = role(index);
                let named = of.partition.role_arn(&of.account, &live.path, &of.name);
                (named.as_str() == arn).then_some((index, live))
            }
            _ => None,
        }
    })
}

/// Why AWS would refuse a write that the memory world takes; `None` where it would not.
#[must_use]
pub fn refused(world: &MemoryWorld, target: &Target, after: Option<&Document>) -> Option<String> {
    match after? {
        Document::BucketPolicy(policy) => {
            let text = policy.text();
            if text.len() > BUCKET_POLICY_BYTES {
                return Some(format!("{target} would have {} bytes", text.len()));
            }
            dangling(world, text)
        }
        Document::KeyPolicy(policy) => {
            if !policy.text().contains("TheirsAdmin") {
                return Some(format!("{target} locks out who administers the key"));
            }
            dangling(world, policy.text())
        }
        Document::RolePolicy(policy) => {
            let characters = policy
                .text()
                .chars()
                .filter(|letter| !letter.is_whitespace())
                .count();
            (characters > ROLE_POLICY_CHARACTERS)
                .then(|| format!("{target} would have {characters} characters"))
        }
        Document::Replication(live) => misnumbered(live),
        _ => None,
    }
}

/// A statement of ours that names a principal that is not there (MalformedPolicy: Invalid principal in policy).
fn dangling(world: &MemoryWorld, text: &str) -> Option<String> {
    let ours = parts(text)
        .statements
        .into_iter()
        .filter(|one| !is_theirs(one));
    ours.into_iter().find(|statement| {
        let value: serde_json::Value = serde_json::from_str(statement).expect("a statement");
        let name = &value["Principal"]["AWS"];
        let name = name
            .as_str()
            .or_else(|| name[0].as_str())
            .unwrap_or_default();
        !name.is_empty() && name != "*" && role_of(world, name).is_none()
    })
}

/// Two rules of one number or one ID, or of both schemas (domain reference §1.1, §1.4).
fn misnumbered(live: &ReplicationConfiguration) -> Option<String> {
    let (mut numbers, mut ids) = (BTreeSet::new(), BTreeSet::new());
    let twice = live.rules.iter().find(|rule| {
        rule.priority.is_some_and(|number| !numbers.insert(number)) || !ids.insert(rule.id.clone())
    });
    let mixed = live.rules.iter().any(Rule::is_legacy) && !live.rules.iter().all(Rule::is_legacy);
    twice
        .map(|rule| format!("the priority or the ID of {:?} is there twice", rule.id))
        .or_else(|| mixed.then(|| "both schemas in one configuration".to_owned()))
}
