//! Reads: which targets a plan must know, first from the spec alone, then following what was found.

use std::collections::BTreeSet;

use crate::ids::{AccountId, Arn};
use crate::marked::{is_marked_role, marked};
use crate::migration::{self, Sight, public_policy};
use crate::model::kinds::policy::keys;
use crate::model::kinds::{Document, Policy};
use crate::model::{
    AccountPart, BucketPart, KeyPart, KeyRef, Observed, RegionPart, RolePart, RoleRef, Target,
    TrailPart,
};
use crate::names::Names;
use crate::ownership::{
    Markers, tagged_alarms, tagged_destinations, tagged_events, tagged_logs, tagged_sources,
    tagged_trails,
};
use crate::route::Route;
use crate::scene::Scene;
use crate::scope::Scope;
use crate::spec::Spec;

/// The targets that the spec names: all independent, so that they can be read at once.
#[must_use]
pub fn first(spec: &Spec) -> BTreeSet<Target> {
    first_in(spec, &Scope::All)
}

/// The targets that a plan for some migrations rests on: theirs, and those of the migrations that share a bucket or a role
/// with them. What left the spec is looked for with the whole spec only.
#[must_use]
pub fn first_in(spec: &Spec, scope: &Scope) -> BTreeSet<Target> {
    following(spec, scope, &Observed::default())
}

/// The targets that a plan rests on, given what was read so far, and that were not read yet: those that the spec names, what
/// they lead to, the roles of ours that left the spec, then the buckets that their tags name.
#[must_use]
pub fn following(spec: &Spec, scope: &Scope, observed: &Observed) -> BTreeSet<Target> {
    let mut targets = needed(spec, scope, observed);
    targets.retain(|target| !observed.was_asked(target));
    targets
}

/// The targets that a plan rests on, given what was read so far, whether they were read or not.
#[must_use]
pub fn needed(spec: &Spec, scope: &Scope, observed: &Observed) -> BTreeSet<Target> {
    let concerned = concerned(spec, scope);
    let mut targets: BTreeSet<Target> = concerned
        .iter()
        .flat_map(|route| of_route(spec, route, Sight::SoFar(observed)))
        .collect();
    if *scope == Scope::All {
        let accounts = spec.account_refs().into_iter();
        targets.extend(accounts.map(|of| Target::Account(of, AccountPart::Roles)));
    }
    targets.extend(left_the_spec(spec, observed));
    targets
}

/// The targets of a migration that somebody can look at: a key may belong to an account that the spec does not sign in to.
pub(crate) fn of_route(spec: &Spec, route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    let markers = Markers::of(&spec.name);
    let mut targets = migration::reads(&markers, route, seen);
    targets.retain(|target| {
        target
            .key()
            .is_none_or(|key| is_signed_in(spec, &key.account))
    });
    targets
}

/// What a plan may have to know besides of a migration, where somebody can look at it.
pub(crate) fn may_ask(spec: &Spec, route: &Route<'_>) -> Vec<Target> {
    let mut targets = migration::may_ask(route);
    targets.retain(|target| {
        target
            .key()
            .is_none_or(|key| is_signed_in(spec, &key.account))
    });
    targets
}

fn is_signed_in(spec: &Spec, account: &AccountId) -> bool {
    spec.accounts.values().any(|of| of.id == *account)
}

/// Whether a plan goes on where the caller may not look at a target, and says so: what a key's policy says is worth knowing, and no
/// rule of AWS's makes who sets up replication a reader of keys.
#[must_use]
pub const fn may_be_denied(target: &Target) -> bool {
    match target {
        Target::Key(_, _) | Target::Region(_, RegionPart::Jobs) => true,
        Target::Bucket(_, _) | Target::Account(_, _) | Target::Role(_, _) => false,
        Target::Trail(_, _) => false,
        Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_) => false,
    }
}

/// Whether a plan can go on without a target: a bucket that the spec does not name any more may be another account's by now, or
/// somewhere else, and then nothing of ours is in it.
#[must_use]
pub fn can_do_without(spec: &Spec, target: &Target) -> bool {
    let Some(bucket) = target.bucket() else {
        return false;
    };
    let is_named = |route: Route<'_>| route.buckets().contains(bucket);
    !spec.routes().any(is_named)
}

/// Whether a place, as `Target` is shown, is a bucket, a role or a key that no migration has any more: marks or the ledger of an
/// earlier text led there.
#[must_use]
pub fn is_left(spec: &Spec, place: &str) -> bool {
    let target = place.split_once('/').and_then(|(account, path)| {
        let account = AccountId::new(account).ok()?;
        Names::target(spec, &account, path)
    });
    match target {
        Some(Target::Role(role, _)) => !spec.routes().any(|route| route.roles().contains(&role)),
        Some(target) => can_do_without(spec, &target),
        None => false,
    }
}

/// The migrations of a scope, and those that share a bucket or a role with one of them.
pub(crate) fn concerned<'a>(spec: &'a Spec, scope: &Scope) -> Vec<Route<'a>> {
    let routes: Vec<Route<'a>> = spec.routes().collect();
    let covered = routes.iter().filter(|route| scope.covers(route.name));
    let (mut buckets, mut roles) = (BTreeSet::new(), BTreeSet::new());
    for route in covered {
        buckets.extend([route.source.clone(), route.destination.clone()]);
        roles.extend(route.roles());
    }
    let shares = |route: &Route<'_>| {
        buckets.contains(&route.source)
            || buckets.contains(&route.destination)
            || !roles.is_disjoint(&route.roles())
    };
    routes.into_iter().filter(shares).collect()
}

/// What may be ours although the spec no longer names it: the roles that do not say that they are another spec's, and the
/// buckets that the tags of ours lead to; and the keys that their policies name.
fn left_the_spec(spec: &Spec, observed: &Observed) -> BTreeSet<Target> {
    let markers = Markers::of(&spec.name);
    let names = Names::of(spec);
    let mut targets = BTreeSet::new();
    for (target, document) in observed.iter() {
        match (target, document) {
            (Target::Account(of, AccountPart::Roles), Some(Document::Roles(roles))) => {
                let unknown = roles
                    .iter()
                    .filter(|(_, says)| says.as_ref().is_none_or(|says| says.contains(&spec.name)));
                targets.extend(unknown.map(|(name, _)| {
                    let role = RoleRef {
                        account: of.account.clone(),
                        partition: of.partition,
                        name: name.clone(),
                    };
                    Target::Role(role, RolePart::Itself)
                }));
            }
            (Target::Role(of, RolePart::Itself), Some(Document::Role(role)))
                if is_marked_role(of, role, observed, &markers) =>
            {
                targets.extend(migration::role_targets(of));
                let sources = tagged_sources(&of.account, &role.tags).into_iter();
                targets.extend(sources.map(|of| Target::Bucket(of, BucketPart::Replication)));
                let events = tagged_events(&of.account, &role.tags).into_iter();
                targets.extend(events.map(|of| Target::Bucket(of, BucketPart::Notifications)));
                let destinations = tagged_destinations(&role.tags).into_iter();
                let logs = tagged_logs(&role.tags).into_iter();
                let with_policies = destinations.chain(logs);
                let known = with_policies.filter(|bucket| names.knows(&bucket.account));
                targets.extend(known.map(|of| Target::Bucket(of, BucketPart::Policy)));
                let alarms = tagged_alarms(&role.tags).into_iter();
                let known = alarms.filter(|place| names.knows(&place.account));
                targets.extend(known.map(|of| Target::Region(of, RegionPart::Alarms)));
                let trails = tagged_trails(&role.tags).into_iter();
                let known = trails.filter(|trail| names.knows(&trail.account));
                targets.extend(
                    known.flat_map(|of| TrailPart::ALL.map(|part| Target::Trail(of.clone(), part))),
                );
            }
            (Target::Region(of, RegionPart::Alarms), Some(Document::AlarmNames(alarms))) => {
                let ours = alarms
                    .ours
                    .iter()
                    .filter(|name| markers.alarm(name).is_some());
                targets.extend(ours.map(|name| Target::Alarm(of.alarm(name))));
            }
            (Target::Role(_, RolePart::Policy), Some(Document::RolePolicy(policy))) => {
                let keys = led_to(policy, &markers).into_iter();
                let known = keys.filter(|key| names.knows(&key.account));
                targets.extend(
                    known.flat_map(|key| {
                        KeyPart::LOOKED_AT.map(|part| Target::Key(key.clone(), part))
                    }),
                );
            }
            (Target::Bucket(of, BucketPart::Policy), Some(policy))
                if !marked(policy, &markers).is_empty() =>
            {
                // A policy that cannot be written cannot be left either.
                if public_policy::is_public(Some(policy)) {
                    targets.extend(public_policy::blocks(of));
                }
                targets.extend(migration::mark::leads(of, policy, &markers));
            }
            _ => {}
        }
    }
    targets
}

/// The keys that our statements in a role's policy name: what is ours in their policies is found by it.
pub(crate) fn led_to(policy: &Policy, markers: &Markers) -> BTreeSet<KeyRef> {
    let statements = policy.statements().iter();
    let ours = statements.filter(|statement| {
        let sid = statement.sid();
        sid.is_some_and(|sid| markers.owns_role_sid(sid))
    });
    let named = ours.flat_map(keys);
    named
        .filter_map(|key| KeyRef::of_arn(&Arn::new(key).ok()?))
        .collect()
}

/// The roles of ours that the spec no longer names.
pub(crate) fn abandoned_roles(scene: &Scene<'_>) -> Vec<RoleRef> {
    let found = scene
        .observed
        .iter()
        .filter_map(|(target, document)| match (target, document) {
            (Target::Role(of, RolePart::Itself), Some(Document::Role(role)))
                if is_marked_role(of, role, scene.observed, &scene.markers) =>
            {
                Some(of)
            }
            _ => None,
        });
    found.filter(|of| !scene.has_role(of)).cloned().collect()
}
