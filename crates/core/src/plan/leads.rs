//! What a role leads to and no longer will: documents that a step on it must look at before it takes the last lead to them away.

use std::collections::BTreeSet;

use super::led::Led;
use super::steps::{Stage, WriteStep};
use crate::future::Future;
use crate::model::{
    BucketPart, BucketRef, Document, KeyPart, KeyRef, RolePart, RoleRef, Target, TrailPart,
    TrailRef,
};
use crate::ownership::{tagged_destinations, tagged_logs, tagged_sources, tagged_trails};
use crate::reads::led_to;
use crate::scene::Scene;

/// What a write takes the last lead to. A role's policy is what its rules run on, so it waits for these alone.
pub(super) fn led(scene: &Scene<'_>, future: &Future<'_>, write: &WriteStep) -> Vec<Led> {
    let (Target::Role(role, part), Stage::Shrink | Stage::Remove) = (&write.target, write.stage)
    else {
        return Vec::new();
    };
    let parts: &[BucketPart] = match part {
        RolePart::Itself => &[
            BucketPart::Replication,
            BucketPart::Policy,
            BucketPart::Inventory,
            BucketPart::Notifications,
        ],
        RolePart::Policy => &[BucketPart::Replication],
        RolePart::Policies => &[],
    };
    let lost = lost(scene, future, role).into_iter();
    let targets = lost.flat_map(|bucket| {
        let of = move |part: &BucketPart| Target::Bucket(bucket.clone(), *part);
        parts.iter().map(of)
    });
    let keys = match part {
        RolePart::Policy => lost_keys(scene, future, role),
        RolePart::Itself | RolePart::Policies => BTreeSet::new(),
    };
    let keys = keys.into_iter();
    let targets = targets.chain(keys.map(|key| Target::Key(key, KeyPart::Policy)));
    let trails: &[TrailPart] = match part {
        RolePart::Itself => &[TrailPart::Selectors],
        RolePart::Policy | RolePart::Policies => &[],
    };
    let lost = lost_trails(scene, future, role).into_iter();
    let recorded = lost.flat_map(|trail| {
        let of = move |part: &TrailPart| Target::Trail(trail.clone(), *part);
        trails.iter().map(of)
    });
    // What could not be looked at is said of the plan, and gone on without.
    targets
        .chain(recorded)
        .filter(|target| scene.observed.knows(target))
        .map(|target| {
            let planned = future.document(&target);
            Led::to(target, &scene.markers, planned)
        })
        .collect()
}

/// The trails that a role's tags lead to and will no longer.
fn lost_trails(scene: &Scene<'_>, future: &Future<'_>, role: &RoleRef) -> BTreeSet<TrailRef> {
    let itself = Target::Role(role.clone(), RolePart::Itself);
    let tagged = |document: Option<&Document>| -> BTreeSet<TrailRef> {
        match document {
            Some(Document::Role(held)) => tagged_trails(&held.tags).into_iter().collect(),
            Some(_) | None => BTreeSet::new(),
        }
    };
    let stay = tagged(future.document(&itself));
    let mut lost = tagged(scene.observed.document(&itself));
    lost.retain(|trail| !stay.contains(trail));
    lost
}

/// The buckets that a role's tags lead to and will no longer.
fn lost(scene: &Scene<'_>, future: &Future<'_>, role: &RoleRef) -> BTreeSet<BucketRef> {
    let itself = Target::Role(role.clone(), RolePart::Itself);
    let tagged = |document: Option<&Document>| -> BTreeSet<BucketRef> {
        let Some(Document::Role(held)) = document else {
            return BTreeSet::new();
        };
        let sources = tagged_sources(&role.account, &held.tags).into_iter();
        let destinations = tagged_destinations(&held.tags).into_iter();
        let logs = tagged_logs(&held.tags).into_iter();
        sources.chain(destinations).chain(logs).collect()
    };
    let stay = tagged(future.document(&itself));
    let mut lost = tagged(scene.observed.document(&itself));
    lost.retain(|bucket| !stay.contains(bucket));
    lost
}

/// The keys that a role's policy leads to and will no longer.
fn lost_keys(scene: &Scene<'_>, future: &Future<'_>, role: &RoleRef) -> BTreeSet<KeyRef> {
    let policy = Target::Role(role.clone(), RolePart::Policy);
    let named = |document: Option<&Document>| -> BTreeSet<KeyRef> {
        let policy = document.and_then(Document::policy);
        policy.map_or_else(BTreeSet::new, |policy| led_to(policy, &scene.markers))
    };
    let stay = named(future.document(&policy));
    let mut lost = named(scene.observed.document(&policy));
    lost.retain(|key| !stay.contains(key));
    lost
}
