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

/// A key that replicas are encrypted with, and what the role does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicaKey<'a> {
    /// The key.
    pub key: &'a Arn,
    /// What S3 uses it for in the role's name.
    pub actions: &'static [&'static str],
    /// For which objects.
    pub objects: Encrypted,
}

/// How source objects are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encrypted {
    /// With SSE-KMS, under a rule that selects such objects.
    WithKms,
    /// Not at all, as objects from before 2023 may be: only for them the destination's default is applied
    /// (UG:replication-config-for-kms-objects, "How default bucket encryption affects replication").
    NotAtAll,
}

impl RuleAccess {
    /// The keys that replicas under the rule are encrypted with: from here both the role's policy and what must stand in the
    /// key policies are made.
    #[must_use]
    pub fn replica_keys(&self) -> Vec<ReplicaKey<'_>> {
        // An S3 Bucket Key travels with the object, whatever the destination's default says, and is then decrypted
        // (UG:bucket-key); whether objects use one is decided put by put.
        let selected = self.kms.as_ref().map(|kms| ReplicaKey {
            key: &kms.replica_key,
            actions: ENCRYPT_WITH_BUCKET_KEYS,
            objects: Encrypted::WithKms,
        });
        let default = self.destination_default_key.as_ref().map(|key| ReplicaKey {
            key,
            actions: match self.destination_bucket_keys {
                BucketKeys::Used => ENCRYPT_WITH_BUCKET_KEYS,
                BucketKeys::Unused => ENCRYPT,
            },
            objects: Encrypted::NotAtAll,
        });
        let is_selected = |of: &ReplicaKey<'_>| selected.is_some_and(|known| known.key == of.key);
        let default = default.filter(|of| !is_selected(of));
        selected.into_iter().chain(default).collect()
    }
}

/// The statement to add to the policy of a destination key, which belongs to the destination account
/// (UG:replication-troubleshoot). In a key policy `"*"` means the key itself.
#[must_use]
pub fn key_policy_statement(role: &Arn, key: ReplicaKey<'_>) -> Statement {
    Statement::builder(
        "AllowS3Replication",
        Effect::Allow,
        key.actions.iter().copied(),
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

/// Encrypting and decrypting with a key, in one statement where both are for the same objects.
fn replica_keys(rules: &[RuleAccess]) -> Wanted<'_> {
    let mut encrypt = Wanted::new();
    let mut decrypt = Wanted::new();
    for rule in rules {
        for ReplicaKey { key, actions, .. } in rule.replica_keys() {
            let of = (&rule.destination_region, key);
            let area = rule.destination_area();
            if actions == ENCRYPT_WITH_BUCKET_KEYS {
                let decrypt = decrypt.entry((of.0, of.1, DECRYPT)).or_default();
                decrypt.insert(area.clone());
            }
            encrypt
                .entry((of.0, of.1, ENCRYPT))
                .or_default()
                .insert(area);
        }
    }
    let mut wanted = Wanted::new();
    for ((region, key, actions), areas) in encrypt {
        let decrypted = decrypt.remove(&(region, key, DECRYPT));
        match decrypted {
            Some(of) if outermost(&of) == outermost(&areas) => {
                wanted.insert((region, key, ENCRYPT_WITH_BUCKET_KEYS), areas);
            }
            Some(of) => {
                wanted.insert((region, key, actions), areas);
                wanted.insert((region, key, DECRYPT), of);
            }
            None => drop(wanted.insert((region, key, actions), areas)),
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
pub(crate) fn via_s3(region: &Region) -> Vec<String> {
    let name = format!("s3.{region}.amazonaws.com");
    match region.partition() {
        Partition::Commercial | Partition::GovCloud => vec![name],
        Partition::China => vec![format!("{name}.cn"), name],
    }
}
