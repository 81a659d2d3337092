//! Keys: what the replication role may do with them, and what the destination key's policy must say.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{BucketKeys, RuleAccess};
use super::area::Area;
use crate::ids::{Arn, Partition, Region};
use crate::policy::grammar::{Effect, Statement};

/// Encrypting replicas: the guide names `kms:Encrypt`, and `kms:GenerateDataKey` for sources that were not under
/// KMS (UG:replication-config-for-kms-objects); the troubleshooting page wants both (UG26:replication-troubleshoot).
const ENCRYPT: &[&str] = &["kms:Encrypt", "kms:GenerateDataKey"];
const ENCRYPT_WITH_BUCKET_KEYS: &[&str] = &["kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"];
const DECRYPT: &[&str] = &["kms:Decrypt"];

impl BucketKeys {
    const fn encrypt(self) -> &'static [&'static str] {
        match self {
            Self::Used => ENCRYPT_WITH_BUCKET_KEYS,
            Self::Unused => ENCRYPT,
        }
    }
}

/// The statement to add to the policy of the destination key, which belongs to the destination account
/// (UG:replication-troubleshoot). In a key policy `"*"` means the key itself.
#[must_use]
pub fn key_policy_statement(role: &Arn, bucket_keys: BucketKeys) -> Statement {
    Statement::builder(
        "AllowS3Replication",
        Effect::Allow,
        bucket_keys.encrypt().iter().copied(),
    )
    .principals("AWS", [role.as_str()])
    .resources(["*"])
    .build()
}

/// How keys may be used: in one Region, for these actions, on these objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    region: Region,
    actions: &'static [&'static str],
    areas: BTreeSet<Area>,
}

pub(super) fn key_statements(rules: &[RuleAccess], partition: Partition) -> Vec<Statement> {
    let mut statements = numbered("SourceKey", source_keys(rules), partition);
    statements.extend(numbered("ReplicaKey", replica_keys(rules), partition));
    statements
}

/// Areas by key, Region and actions.
type Wanted<'a> = BTreeMap<(&'a Region, &'a Arn, &'static [&'static str]), BTreeSet<Area>>;

fn source_keys(rules: &[RuleAccess]) -> Wanted<'_> {
    let mut wanted = Wanted::new();
    for rule in rules {
        for key in rule.kms.iter().flat_map(|kms| &kms.source_keys) {
            let name = (&rule.source_region, key, DECRYPT);
            wanted.entry(name).or_default().insert(rule.source_area());
        }
    }
    wanted
}

fn replica_keys(rules: &[RuleAccess]) -> Wanted<'_> {
    let mut wanted = Wanted::new();
    for rule in rules {
        let replica_key = rule.kms.iter().map(|kms| &kms.replica_key);
        for key in replica_key.chain(&rule.destination_default_key) {
            let actions = rule.destination_bucket_keys.encrypt();
            let name = (&rule.destination_region, key, actions);
            wanted
                .entry(name)
                .or_default()
                .insert(rule.destination_area());
        }
    }
    wanted
}

fn numbered(sid: &str, wanted: Wanted<'_>, partition: Partition) -> Vec<Statement> {
    let mut keys: BTreeMap<Use, BTreeSet<&Arn>> = BTreeMap::new();
    for ((region, key, actions), areas) in wanted {
        let same = Use {
            region: region.clone(),
            actions,
            areas: outermost(&areas),
        };
        keys.entry(same).or_default().insert(key);
    }
    keys.into_iter()
        .zip(1_usize..)
        .map(|((granted, keys), number)| {
            let suffix = if number == 1 {
                String::new()
            } else {
                number.to_string()
            };
            statement(format!("{sid}{suffix}"), &granted, &keys, partition)
        })
        .collect()
}

fn outermost(areas: &BTreeSet<Area>) -> BTreeSet<Area> {
    let covered = |area: &Area| areas.iter().any(|other| other.exceeds(area));
    areas
        .iter()
        .filter(|area| !covered(area))
        .cloned()
        .collect()
}

fn statement(sid: String, granted: &Use, keys: &BTreeSet<&Arn>, partition: Partition) -> Statement {
    Statement::builder(sid, Effect::Allow, granted.actions.iter().copied())
        .resources(keys.iter().map(|key| key.as_str()))
        .condition("StringLike", "kms:ViaService", via_s3(&granted.region))
        .condition(
            "StringLike",
            "kms:EncryptionContext:aws:s3:arn",
            contexts(&granted.areas, partition),
        )
        .build()
}

/// The encryption contexts that S3 sends: the object's ARN, or the bucket's where S3 Bucket Keys are used.
///
/// Both are listed, so that turning Bucket Keys on later does not stop replication
/// (T8; UG:bucket-key; that listing both works is unverified).
fn contexts(areas: &BTreeSet<Area>, partition: Partition) -> Vec<String> {
    let buckets = areas
        .iter()
        .map(|area| partition.bucket_arn(&area.bucket).to_string());
    let objects = areas.iter().map(|area| area.pattern(partition));
    let all: BTreeSet<String> = buckets.chain(objects).collect();
    all.into_iter().collect()
}

/// The name under which S3 calls KMS (UG:replication-config-for-kms-objects).
///
/// Unverified: which of the two domains KMS sees in China. Both name S3 of that Region and nothing else, so both
/// are listed there.
fn via_s3(region: &Region) -> Vec<String> {
    let name = format!("s3.{region}.amazonaws.com");
    match region.partition() {
        Partition::Commercial | Partition::GovCloud => vec![name],
        Partition::China => vec![format!("{name}.cn"), name],
    }
}
