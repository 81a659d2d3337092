//! Keys: what the replication role may do with them, and what their policies must say.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{BucketKeys, RuleAccess};
use super::area::Area;
use crate::ids::{Arn, Partition, Region};
use crate::policy::grammar::{Effect, Statement, StatementBuilder};

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

/// On which side of a migration a key is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeySide {
    /// Source objects are decrypted with it.
    Source,
    /// Replicas are encrypted with it.
    Replica,
}

/// How a key's policy names the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleBy {
    /// By its ARN: the role must be there, and policies know it by its unique ID from then on.
    Name,
    /// As its account, with a condition on the role's ARN: it can be written before the role is made and holds for one that is
    /// made again (IAMUG:reference_policies_elements_principal).
    Account,
}

/// What the replication role of rules does with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPolicyInput<'a> {
    /// How the Sids begin; a word for what is granted follows.
    pub sid: &'a str,
    /// The replication role.
    pub role: &'a Arn,
    /// How it is named.
    pub by: RoleBy,
    /// The key.
    pub key: &'a Arn,
    /// On which side.
    pub side: KeySide,
    /// The rules, in any order; those that do not use the key ask for nothing.
    pub rules: &'a [RuleAccess],
}

/// One use of a key: what the actions are, under which names S3 calls, with which encryption contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGrant {
    /// The statement that grants it.
    pub statement: Statement,
    /// The actions.
    pub actions: &'static [&'static str],
    /// The names under which S3 calls KMS.
    pub via: Vec<String>,
    /// The encryption contexts.
    pub contexts: Vec<String>,
}

/// What the policy of a key must grant (UG:replication-troubleshoot for the destination's, UG:replication-config-for-kms-objects
/// for the conditions). In a key policy `"*"` means the key itself.
#[must_use]
pub fn key_policy_grants(input: &KeyPolicyInput<'_>) -> Vec<KeyGrant> {
    let Some(first) = input.rules.first() else {
        return Vec::new();
    };
    let partition = first.source_region.partition();
    let (word, mut wanted) = match input.side {
        KeySide::Source => ("SourceKey", source_keys(input.rules)),
        KeySide::Replica => ("ReplicaKey", replica_keys(input.rules)),
    };
    wanted.retain(|(_, key, _), _| *key == input.key);
    let uses = by_use(wanted).into_keys();
    uses.zip(1_usize..)
        .map(|(of, number)| {
            let sid = format!("{}{word}{}", input.sid, suffix(number));
            let via = via_s3(&of.region);
            let contexts = contexts(&of.areas, partition);
            let statement =
                Statement::builder(sid, Effect::Allow, of.actions.iter().copied()).resources(["*"]);
            let statement = conditioned(statement, &via, &contexts);
            KeyGrant {
                statement: named(statement, input).build(),
                actions: of.actions,
                via,
                contexts,
            }
        })
        .collect()
}

impl KeyGrant {
    /// What lets the role use the key for these actions, as a statement of its own policy.
    #[must_use]
    pub(crate) fn of_role(&self, sid: String, key: &Arn, actions: &BTreeSet<&str>) -> Statement {
        let actions = actions.iter().copied();
        let statement = Statement::builder(sid, Effect::Allow, actions).resources([key.as_str()]);
        conditioned(statement, &self.via, &self.contexts).build()
    }
}

fn named(statement: StatementBuilder, input: &KeyPolicyInput<'_>) -> StatementBuilder {
    let role = input.role;
    match input.by {
        RoleBy::Name => statement.principals("AWS", [role.as_str()]),
        RoleBy::Account => {
            let account = format!("arn:{}:iam::{}:root", role.partition(), role.account());
            statement.principals("AWS", [account]).condition(
                "ArnEquals",
                "aws:PrincipalArn",
                [role.as_str()],
            )
        }
    }
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

fn by_use(wanted: Wanted<'_>) -> BTreeMap<Use, BTreeSet<&Arn>> {
    let mut keys: BTreeMap<Use, BTreeSet<&Arn>> = BTreeMap::new();
    for ((region, key, actions), areas) in wanted {
        let same = Use {
            region: region.clone(),
            actions,
            areas: outermost(&areas),
        };
        keys.entry(same).or_default().insert(key);
    }
    keys
}

fn numbered(sid: &str, wanted: Wanted<'_>, partition: Partition) -> Vec<Statement> {
    by_use(wanted)
        .into_iter()
        .zip(1_usize..)
        .map(|((granted, keys), number)| {
            let sid = format!("{sid}{}", suffix(number));
            statement(sid, &granted, &keys, partition)
        })
        .collect()
}

fn suffix(number: usize) -> String {
    if number == 1 {
        String::new()
    } else {
        number.to_string()
    }
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
    let grant = Statement::builder(sid, Effect::Allow, granted.actions.iter().copied())
        .resources(keys.iter().map(|key| key.as_str()));
    let contexts = contexts(&granted.areas, partition);
    conditioned(grant, &via_s3(&granted.region), &contexts).build()
}

fn conditioned(grant: StatementBuilder, via: &[String], contexts: &[String]) -> StatementBuilder {
    grant
        .condition("StringLike", "kms:ViaService", via)
        .condition("StringLike", "kms:EncryptionContext:aws:s3:arn", contexts)
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
