//! What a role leads to and no longer will: documents that a step on it must look at before it takes the last lead to them away.

use std::collections::BTreeSet;

use super::led::Led;
use super::steps::{Stage, WriteStep};
use crate::future::Future;
use crate::model::{
    BucketPart, BucketRef, Document, KeyPart, KeyRef, RolePart, RoleRef, Target, TrailPart,
    TrailRef,
};
use crate::ownership::{
    tagged_destinations, tagged_events, tagged_logs, tagged_sources, tagged_trails,
};
use crate::reads::led_to;
use crate::scene::Scene;

/// What a write takes the last lead to. A role's policy is what its rules run on, so it waits for these alone.
pub(super) fn led(scene: &Scene<'_>, future: &Future<'_>, write: &WriteStep) -> Vec<Led> {
    let (Target::Role(role, part), Stage::Shrink | Stage::Remove) = (&write.target, write.stage)
    else {
        return Vec::new();
    };
    let itself = Target::Role(role.clone(), RolePart::Itself);
    let buckets = || lost(scene, future, &itself, |of| tagged_buckets(role, of));
    let of_buckets = |parts: &[BucketPart]| -> Vec<Target> {
        let of = |bucket: BucketRef| parts.iter().map(move |part| (bucket.clone(), *part));
        let parts = buckets().into_iter().flat_map(of);
        parts.map(|(of, part)| Target::Bucket(of, part)).collect()
    };
    let targets = match part {
        RolePart::Itself => {
            let mut targets = of_buckets(&[
                BucketPart::Replication,
                BucketPart::Policy,
                BucketPart::Inventory,
            ]);
            let told = lost(scene, future, &itself, |of| telling(role, of)).into_iter();
            targets.extend(told.map(|of| Target::Bucket(of, BucketPart::Notifications)));
            let trails = lost(scene, future, &itself, recording).into_iter();
            targets.extend(trails.map(|of| Target::Trail(of, TrailPart::Selectors)));
            targets
        }
        RolePart::Policy => {
            let mut targets = of_buckets(&[BucketPart::Replication]);
            let keys = lost(scene, future, &write.target, |of| granting(scene, of));
            targets.extend(keys.into_iter().map(|of| Target::Key(of, KeyPart::Policy)));
            targets
        }
        RolePart::Policies | RolePart::Texts => Vec::new(),
    };
    // What could not be looked at is said of the plan, and gone on without.
    let known = targets
        .into_iter()
        .filter(|target| scene.observed.knows(target));
    known
        .map(|target| {
            let planned = future.document(&target);
            Led::to(target, &scene.markers, planned)
        })
        .collect()
}

/// What a document leads to and will no longer.
fn lost<T: Ord>(
    scene: &Scene<'_>,
    future: &Future<'_>,
    target: &Target,
    leads: impl Fn(&Document) -> BTreeSet<T>,
) -> BTreeSet<T> {
    let stay = future.document(target).map(&leads).unwrap_or_default();
    let lost = scene.observed.document(target).map(leads);
    let mut lost = lost.unwrap_or_default();
    lost.retain(|of| !stay.contains(of));
    lost
}

/// The buckets that a role's tags lead to.
fn tagged_buckets(role: &RoleRef, document: &Document) -> BTreeSet<BucketRef> {
    let Document::Role(held) = document else {
        return BTreeSet::new();
    };
    let sources = tagged_sources(&role.account, &held.tags).into_iter();
    let destinations = tagged_destinations(&held.tags).into_iter();
    let logs = tagged_logs(&held.tags).into_iter();
    sources.chain(destinations).chain(logs).collect()
}

/// The buckets with event notifications that a role's tags lead to.
fn telling(role: &RoleRef, document: &Document) -> BTreeSet<BucketRef> {
    match document {
        Document::Role(held) => tagged_events(&role.account, &held.tags)
            .into_iter()
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// The trails that a role's tags lead to.
fn recording(document: &Document) -> BTreeSet<TrailRef> {
    match document {
        Document::Role(held) => tagged_trails(&held.tags).into_iter().collect(),
        _ => BTreeSet::new(),
    }
}

/// The keys that a role's policy leads to.
fn granting(scene: &Scene<'_>, document: &Document) -> BTreeSet<KeyRef> {
    let policy = document.policy();
    policy.map_or_else(BTreeSet::new, |policy| led_to(policy, &scene.markers))
}
