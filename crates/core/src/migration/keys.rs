//! The keys of both sides: whether they can be used, and what their policies let the replication role do. AWS checks nothing of it
//! when rules are put (T3).

use std::collections::BTreeSet;

use super::access::{dangling, denied};
use super::{Case, Sight, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::Arn;
use crate::model::kinds::{Document, Key, Says};
use crate::model::{BucketPart, BucketRef, KeyPart, KeyRef, OutOfReach, Target};
use crate::phase::Part;
use crate::policy::generate::{
    self, Encrypted, KeyGrant, KeyPolicyInput, KeySide, RoleBy, RuleAccess,
};
use crate::policy::key_use::{Granted, KeyUse, denials, granted};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{Create, Encryption, KeyPolicies, Phase, RuleSpec};
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Note, Warning};

/// The keys that rules decrypt and encrypt with, and the key that the destination encrypts with by default, which takes the
/// objects that were not encrypted at all.
pub(super) fn reads(route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    let mut keys: BTreeSet<KeyRef> = named(route).filter_map(KeyRef::of_arn).collect();
    let encryption = Target::Bucket(route.destination.clone(), BucketPart::Encryption);
    if let (Sight::SoFar(seen), Create::No) = (seen, &route.migration.destination.create)
        && let Some(Document::Encryption(default)) = seen.document(&encryption)
    {
        let key = default.key.as_ref().and_then(|key| Arn::new(key).ok());
        keys.extend(key.and_then(|key| KeyRef::of_arn(&key)));
    }
    let parts = |key: KeyRef| KeyPart::ALL.map(|part| Target::Key(key.clone(), part));
    keys.into_iter().flat_map(parts).collect()
}

/// The keys that the spec of a migration names.
pub(crate) fn named<'a>(route: &Route<'a>) -> impl Iterator<Item = &'a Arn> {
    let default = match &route.migration.destination.create {
        Create::Yes(Encryption::SseKms { key, .. }) => Some(key),
        Create::Yes(Encryption::SseS3) | Create::No => None,
    };
    let rules = route.migration.rules.iter();
    rules.flat_map(of_rule).chain(default)
}

/// The keys that a rule names.
pub(crate) fn of_rule(rule: &RuleSpec) -> impl Iterator<Item = &Arn> {
    let kms = rule.kms.iter();
    kms.flat_map(|kms| kms.source_keys.iter().chain([&kms.replica_key]))
}

/// The keys that a migration uses, as far as the spec and the world tell.
pub(crate) fn of_migration(scene: &Scene<'_>, route: &Route<'_>) -> impl Iterator<Item = KeyRef> {
    let reads = reads(route, Sight::SoFar(scene.observed)).into_iter();
    reads.filter_map(|target| target.key().cloned())
}

/// Whether a migration of the spec uses a key.
pub(crate) fn is_used(scene: &Scene<'_>, key: &KeyRef) -> bool {
    let mut routes = scene.routes.iter();
    routes.any(|route| of_migration(scene, route).any(|of| of == *key))
}

/// A key, and what it is used for.
struct Use<'a> {
    key: &'a Arn,
    side: KeySide,
    /// Whether a rule that is enabled selects objects that fail without the key.
    is_needed: bool,
    /// Whether a rule of the spec selects objects under KMS keys for it.
    is_selected: bool,
    grants: Vec<KeyGrant>,
    route: &'a Route<'a>,
}

/// The uses of keys, each key once a side.
fn uses<'a>(case: &'a Case<'_>, sid: &str, by: RoleBy) -> Vec<Use<'a>> {
    let rules = &case.access.rules;
    let specs = &case.route.migration.rules;
    let source = |rule: &'a RuleAccess| rule.kms.iter().flat_map(|kms| &kms.source_keys);
    let mut found: BTreeSet<(KeySide, &Arn)> = BTreeSet::new();
    let (mut needed, mut chosen) = (BTreeSet::new(), BTreeSet::new());
    for (rule, spec) in rules.iter().zip(specs) {
        let of_source = source(rule).map(|key| ((KeySide::Source, key), true));
        let of_replica = rule.replica_keys().into_iter();
        let of_replica =
            of_replica.map(|of| ((KeySide::Replica, of.key), of.objects == Encrypted::WithKms));
        for (of, selected) in of_source.chain(of_replica) {
            found.insert(of);
            chosen.extend(selected.then_some(of));
            let acts = spec.enabled && Part::Rules.is_in(case.route.migration.phase);
            needed.extend((selected && acts).then_some(of));
        }
    }
    let of = |(side, key)| Use {
        key,
        side,
        is_needed: needed.contains(&(side, key)),
        is_selected: chosen.contains(&(side, key)),
        grants: generate::key_policy_grants(&KeyPolicyInput {
            sid,
            role: &case.access.role,
            by,
            key,
            side,
            rules,
        }),
        route: case.route,
    };
    found.into_iter().map(of).collect()
}

/// Our statements in the policies of keys of accounts that the spec has, where it asks for them; also where the phase has none,
/// so that those that are there go.
pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>, phase: Phase) -> Items {
    if case.route.migration.destination.key_policies == KeyPolicies::LeftAlone {
        return Items::new();
    }
    let sid = scene.markers.sid_prefix(case.route.name);
    let uses = uses(case, &sid, RoleBy::Name);
    let of = |of: &Use<'_>| {
        let key = KeyRef::of_arn(of.key).filter(|key| scene.names.knows(&key.account))?;
        let granted = of.grants.iter().filter(|_| Part::Keys.is_in(phase));
        let statements = granted.map(|of| (case.route.name.clone(), of.statement.clone()));
        let wanted = Wanted::KeyPolicy(statements.collect());
        Some((Target::Key(key, KeyPart::Policy), wanted))
    };
    uses.iter().filter_map(of).collect()
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    if !Part::Keys.is_in(case.route.migration.phase) {
        return Vec::new();
    }
    let uses = uses(case, "AllowS3Replication", RoleBy::Account);
    let mut findings: Vec<Finding> = Vec::new();
    for of in &uses {
        findings.extend(of.warns(scene, case, future));
    }
    findings.extend(one_material(&uses));
    findings
}

impl Use<'_> {
    /// What somebody who fails for it is told: blocked where objects fail for certain that the rules select.
    const fn level(&self) -> FindingLevel {
        if self.is_needed { Blocked } else { Warning }
    }

    fn bucket(&self) -> &BucketRef {
        match self.side {
            KeySide::Source => &self.route.source,
            KeySide::Replica => &self.route.destination,
        }
    }

    /// Which objects fail without the key.
    const fn objects(&self) -> &'static str {
        match (self.side, self.is_selected) {
            (KeySide::Source, _) => "source objects under this key",
            (KeySide::Replica, true) => "replicas of SSE-KMS objects",
            (KeySide::Replica, false) => {
                "replicas of objects that are not encrypted at all (from before 2023; SSE-S3 objects stay SSE-S3)"
            }
        }
    }

    /// The statements that the policy must have, as JSON, one a line.
    fn statements(&self) -> String {
        let texts = self.grants.iter().map(|of| of.statement.raw());
        texts.collect::<Vec<_>>().join("\n")
    }

    fn warns(&self, scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
        let known = KeyRef::of_arn(self.key).filter(|key| scene.names.knows(&key.account));
        let Some(key) = known else {
            let why = "its account is not among those of the spec, or its ARN is not that of a key";
            return vec![self.unchecked(self.key.to_string(), why)];
        };
        let part = |part| Target::Key(key.clone(), part);
        let address = scene.names.address(&part(KeyPart::Itself));
        for target in KeyPart::ALL.map(part) {
            let why = match scene.observed.out_of_reach().get(&target) {
                Some(OutOfReach::Unread(code) | OutOfReach::Elsewhere(code)) => code,
                None if scene.observed.knows(&target) => continue,
                None => "it was not read",
            };
            return vec![self.unchecked(address, why)];
        }
        let Some(Document::Key(live)) = scene.observed.document(&part(KeyPart::Itself)) else {
            return vec![finding(
                "key-missing",
                self.level(),
                address,
                format!("there is no such key: {} fail", self.objects()),
                "correct the key's ARN in the spec; a key that was deleted is gone, and so is what was encrypted with it",
            )];
        };
        let mut findings: Vec<Finding> = self.state(&key, live, &address).into_iter().collect();
        if findings.is_empty() {
            findings.extend(self.policy(scene, case, future, &part(KeyPart::Policy)));
        }
        findings
    }

    /// S3 was not asked what the key's policy says, or KMS did not answer.
    fn unchecked(&self, at: String, why: &str) -> Finding {
        let is_written = self.route.migration.destination.key_policies == KeyPolicies::Written;
        let is_ours_to_write = is_written && at != self.key.as_str();
        let level = if is_ours_to_write { Blocked } else { Warning };
        finding(
            "key-policy-unchecked",
            level,
            at,
            format!(
                "the key could not be looked at ({why}); without this statement in its policy {} fail",
                self.objects()
            ),
            &self.statements(),
        )
    }

    /// What keeps the key from being used at all.
    fn state(&self, key: &KeyRef, live: &Key, address: &str) -> Option<Finding> {
        let state_finding = |code, message: String, help: &str| {
            Some(finding(
                code,
                self.level(),
                address.to_owned(),
                format!("{message}: {} fail", self.objects()),
                help,
            ))
        };
        if !live.is_symmetric() {
            return state_finding(
                "key-not-symmetric",
                format!(
                    "the key is {} for {}, and S3 takes symmetric encryption keys only",
                    live.spec, live.usage
                ),
                "name a key of spec SYMMETRIC_DEFAULT and usage ENCRYPT_DECRYPT",
            );
        }
        match live.state.as_str() {
            "Enabled" => {}
            "PendingDeletion" | "PendingReplicaDeletion" => {
                return state_finding(
                    "key-pending-deletion",
                    "the key is waiting to be deleted".to_owned(),
                    &format!(
                        "aws kms cancel-key-deletion --region {} --key-id {id}\naws kms enable-key --region {} --key-id {id}\nor name another key in the spec",
                        key.region,
                        key.region,
                        id = key.id
                    ),
                );
            }
            state => {
                return state_finding(
                    "key-disabled",
                    format!("the key is in state {state}"),
                    &format!(
                        "aws kms enable-key --region {} --key-id {}\nor name another key in the spec",
                        key.region, key.id
                    ),
                );
            }
        }
        let bucket = self.bucket();
        if key.region != bucket.region {
            return state_finding(
                "key-wrong-region",
                format!(
                    "the key is in {}, and the bucket {} is in {}",
                    key.region, bucket.bucket, bucket.region
                ),
                "use a key of the bucket's Region",
            );
        }
        if live.is_of_aws() && key.account != self.route.role.account {
            return state_finding(
                "key-aws-managed",
                "AWS manages the key, and lets nobody of another account use it".to_owned(),
                "name a customer managed key of the destination's account and Region",
            );
        }
        None
    }

    /// What the key's policy says of the role.
    fn policy(
        &self,
        scene: &Scene<'_>,
        case: &Case<'_>,
        future: &Future<'_>,
        target: &Target,
    ) -> Vec<Finding> {
        let address = scene.names.address(target);
        let Some(Document::KeyPolicy(policy)) = future.document(target) else {
            return Vec::new();
        };
        let policy = match policy.says() {
            Says::Readable(policy) => policy,
            Says::Unreadable(error) => {
                let why = format!("its policy cannot be read: {error}");
                return vec![self.unchecked(address, &why)];
            }
        };
        let mut findings = dangling(scene, target, future);
        for grant in &self.grants {
            let of = KeyUse {
                role: &case.access.role,
                key: self.key.as_str(),
                actions: grant.actions,
                via: &grant.via,
                contexts: &grant.contexts,
            };
            findings.extend(self.ungranted(granted(policy, &of), &address));
            findings.extend(denials(policy, &of).iter().map(|hit| {
                let name = policy.name_at(hit.index);
                denied(format!("{address}/statement/{name}"), hit)
            }));
        }
        findings.dedup();
        findings
    }

    fn ungranted(&self, granted: Granted, address: &str) -> Option<Finding> {
        let grant_finding = |code, level, message| {
            let help = format!(
                "{}\nadd this to the key's policy\nto let s3ferry do it, write in the migration: destination: {{ kms: {{ write_policy: true }} }}",
                self.statements()
            );
            Some(finding(code, level, address.to_owned(), message, &help))
        };
        match granted {
            Granted::Surely => None,
            Granted::Perhaps(condition) => grant_finding(
                "key-grant-unsure",
                Warning,
                format!(
                    "whether the key's policy lets the replication role do what it needs cannot be told: {condition}"
                ),
            ),
            Granted::Not(actions) => {
                let actions: Vec<&str> = actions.into_iter().collect();
                let actions = actions.join(", ");
                grant_finding(
                    "key-grants-nothing",
                    self.level(),
                    format!(
                        "the key's policy does not let the replication role do {actions}: {} fail",
                        self.objects()
                    ),
                )
            }
        }
    }
}

/// Keys of both sides that are one multi-Region key: whoever made them so may count on S3 copying what is encrypted as it is.
fn one_material(uses: &[Use<'_>]) -> Option<Finding> {
    let ids = |side| {
        let of_side = uses.iter().filter(move |of| of.side == side);
        of_side.filter_map(|of| KeyRef::of_arn(of.key))
    };
    let both = ids(KeySide::Replica).find(|key| {
        let is_multi = key.id.starts_with("mrk-");
        is_multi && ids(KeySide::Source).any(|other| other.id == key.id)
    })?;
    Some(finding(
        "key-multi-region",
        Note,
        both.arn(),
        "both sides use one multi-Region key, which S3 takes for two: replicas are decrypted and encrypted anew, and the role needs both policies"
            .to_owned(),
        "nothing needs to be done",
    ))
}
