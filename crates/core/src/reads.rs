//! Reads: which targets a plan must know, first from the spec alone, then following what was found.

use std::collections::BTreeSet;

use crate::model::document::Document;
use crate::model::target::ROLE_PATH;
use crate::model::{
    AccountPart, AccountRef, BucketPart, BucketRef, Observed, RolePart, RoleRef, Target,
};
use crate::names::Names;
use crate::ownership::{Markers, tagged_destinations, tagged_sources};
use crate::scope::Scope;
use crate::spec::{Account, Create, Migration, Spec};

/// The targets that the spec names: all independent, so that they can be read at once.
#[must_use]
pub fn first(spec: &Spec) -> BTreeSet<Target> {
    first_in(spec, &Scope::All)
}

/// The targets that a plan for some migrations rests on: theirs, and those of the migrations that share a bucket or a role
/// with them. What left the spec is looked for with the whole spec only.
#[must_use]
pub fn first_in(spec: &Spec, scope: &Scope) -> BTreeSet<Target> {
    let mut targets = BTreeSet::new();
    for migration in concerned(spec, scope) {
        let (source, destination) = (spec.source(migration), spec.destination(migration));
        let made = matches!(migration.destination.create, Create::Yes(_));
        targets.extend(source_targets(&source));
        targets.extend(destination_targets(&destination, made));
        targets.extend(role_targets(&spec.role(migration)));
    }
    if *scope == Scope::All {
        let roles = |account: &Account| {
            Target::Account(
                AccountRef {
                    account: account.id.clone(),
                    partition: account.region.partition(),
                },
                AccountPart::Roles,
            )
        };
        targets.extend(spec.accounts.values().map(roles));
    }
    targets
}

/// The migrations of a scope, and those that share a bucket or a role with one of them.
fn concerned<'a>(spec: &'a Spec, scope: &Scope) -> Vec<&'a Migration> {
    let covered = spec
        .migrations
        .iter()
        .filter(|(name, _)| scope.covers(name));
    let (mut buckets, mut roles) = (BTreeSet::new(), BTreeSet::new());
    for (_, migration) in covered {
        buckets.extend([spec.source(migration), spec.destination(migration)]);
        roles.insert(spec.role(migration));
    }
    let shares = |migration: &&Migration| {
        buckets.contains(&spec.source(migration))
            || buckets.contains(&spec.destination(migration))
            || roles.contains(&spec.role(migration))
    };
    spec.migrations.values().filter(shares).collect()
}

/// The targets that what was read leads to and that were not read yet: roles of ours that left the spec, then the buckets
/// that their tags name.
#[must_use]
pub fn following(spec: &Spec, observed: &Observed) -> BTreeSet<Target> {
    let markers = Markers::of(&spec.name);
    let names = Names::of(spec);
    let mut targets = BTreeSet::new();
    for (target, document) in observed.iter() {
        match (target, document) {
            (
                Target::Account(AccountRef { account, partition }, AccountPart::Roles),
                Some(Document::Roles(roles)),
            ) => {
                let role = |name| RoleRef {
                    account: account.clone(),
                    partition: *partition,
                    name,
                };
                targets.extend(
                    roles
                        .iter()
                        .cloned()
                        .map(|name| Target::Role(role(name), RolePart::Itself)),
                );
            }
            (Target::Role(of, RolePart::Itself), Some(Document::Role(role)))
                if markers.owns_tags(&role.tags) =>
            {
                targets.extend(role_targets(of));
                let sources = tagged_sources(&of.account, &role.tags);
                targets.extend(
                    sources
                        .into_iter()
                        .map(|of| Target::Bucket(of, BucketPart::Replication)),
                );
                let destinations = tagged_destinations(&role.tags).into_iter();
                let known = destinations.filter(|bucket| names.knows(&bucket.account));
                targets.extend(known.map(|of| Target::Bucket(of, BucketPart::Policy)));
            }
            _ => {}
        }
    }
    targets.retain(|target| observed.get(target).is_none());
    targets
}

/// The roles of ours that the spec no longer names.
#[must_use]
pub fn abandoned_roles(spec: &Spec, observed: &Observed) -> Vec<RoleRef> {
    let markers = Markers::of(&spec.name);
    let named: BTreeSet<RoleRef> = spec.migrations.values().map(|m| spec.role(m)).collect();
    let roles = observed
        .iter()
        .filter_map(|(target, document)| match (target, document) {
            (Target::Role(of, RolePart::Itself), Some(Document::Role(role)))
                if role.path == ROLE_PATH && markers.owns_tags(&role.tags) =>
            {
                Some(of.clone())
            }
            _ => None,
        });
    roles.filter(|role| !named.contains(role)).collect()
}

fn source_targets(bucket: &BucketRef) -> Vec<Target> {
    vec![
        Target::Bucket(bucket.clone(), BucketPart::Itself),
        Target::Bucket(bucket.clone(), BucketPart::Versioning),
        Target::Bucket(bucket.clone(), BucketPart::Replication),
        Target::Bucket(bucket.clone(), BucketPart::Policy),
        Target::Bucket(bucket.clone(), BucketPart::ObjectLock),
        Target::Bucket(bucket.clone(), BucketPart::Lifecycle),
    ]
}

fn destination_targets(bucket: &BucketRef, made: bool) -> Vec<Target> {
    let mut targets = vec![
        Target::Bucket(bucket.clone(), BucketPart::Itself),
        Target::Bucket(bucket.clone(), BucketPart::Versioning),
        Target::Bucket(bucket.clone(), BucketPart::Encryption),
        Target::Bucket(bucket.clone(), BucketPart::Ownership),
        Target::Bucket(bucket.clone(), BucketPart::Policy),
        Target::Bucket(bucket.clone(), BucketPart::ObjectLock),
        Target::Bucket(bucket.clone(), BucketPart::RequestPayment),
    ];
    if made {
        targets.push(Target::Bucket(bucket.clone(), BucketPart::Tags));
        targets.push(Target::Bucket(bucket.clone(), BucketPart::PublicAccess));
    }
    targets
}

fn role_targets(role: &RoleRef) -> Vec<Target> {
    vec![
        Target::Role(role.clone(), RolePart::Itself),
        Target::Role(role.clone(), RolePart::Policy),
        Target::Role(role.clone(), RolePart::Policies),
    ]
}
