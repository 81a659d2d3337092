//! The keys of both sides: whether they can be used ([`look`]), and what their policies let the replication role do ([`told`]). AWS
//! checks nothing of it when rules are put (T3).

pub(crate) mod look;
pub(crate) mod told;

use std::collections::BTreeSet;

use super::{Case, Sight};
use crate::format::Finding;
use crate::future::Future;
use crate::ids::Arn;
use crate::merge::advice;
use crate::model::kinds::Document;
use crate::model::{BucketPart, KeyPart, KeyRef, Target};
use crate::phase::Part;
use crate::policy::generate::{
    self, Encrypted, KeyGrant, KeyPolicyInput, KeySide, RoleBy, RuleAccess,
};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{Create, Encryption, KeyPolicies, Phase, RuleSpec};
use crate::wanted::{Items, Wanted};

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
    let parts = |key: KeyRef| KeyPart::LOOKED_AT.map(|part| Target::Key(key.clone(), part));
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

/// The keys that migrations of the spec use.
pub(crate) fn used(scene: &Scene<'_>) -> BTreeSet<KeyRef> {
    let routes = scene.routes.iter();
    routes
        .flat_map(|route| of_migration(scene, route))
        .collect()
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

/// The grants of keys whose policies alone do not let the role in for sure: nothing else makes them worth a call.
pub(crate) fn asks(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Target> {
    if !Part::Keys.is_in(case.route.migration.phase) {
        return Vec::new();
    }
    let uses = uses(case, "", RoleBy::Name);
    let asks = uses.iter().filter_map(|of| of.asks(scene, case, future));
    asks.collect()
}

/// The grants that may be asked for, as far as the spec names the keys. Where s3ferry writes their policies, those let the role in.
pub(super) fn may_ask(route: &Route<'_>) -> Vec<Target> {
    let is_written = route.migration.destination.key_policies == KeyPolicies::Written;
    if is_written || !Part::Keys.is_in(route.migration.phase) {
        return Vec::new();
    }
    let keys = named(route).filter_map(KeyRef::of_arn);
    keys.map(|key| Target::Key(key, KeyPart::Grants)).collect()
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    if !Part::Keys.is_in(case.route.migration.phase) {
        return Vec::new();
    }
    let Route {
        name,
        source,
        destination,
        ..
    } = case.route;
    let what = format!("{} {} {name}", source.arn(), destination.arn());
    let sid = advice::sid("AllowS3Replication", &what);
    let uses = uses(case, &sid, RoleBy::Account);
    let mut findings: Vec<Finding> = Vec::new();
    for of in &uses {
        findings.extend(of.warns(scene, case, future));
    }
    findings.extend(told::one_material(&uses));
    findings
}
