//! Goals: facts to become true. Configuration converges; goals are proven, and the proof is of exact documents.
//!
//! One file a goal, with everything about it: its subject, its gate, its change, the permissions that it needs, what is
//! waited for and how many calls it takes.

mod alarm;
mod backfill;
pub mod canary;
mod checksums;
mod cost;
mod jobs;
mod proving;
mod standing;
mod verified;

pub use alarm::{AlarmGoal, Heard};
pub(crate) use alarm::{UNPROVEN_BY_DECISION, denied_for};
pub use backfill::{Attempt, BackfillGoal, Todo, explained, is_whole};
pub(crate) use backfill::{common_prefix, jobs_of};
pub use canary::{CanaryGoal, Carrier, LONGEST_RUN, Probe, PutEncryption, Reach, Replica};
pub use checksums::{ALGORITHM, ChecksumsGoal, ComputeTodo, computed};
pub(crate) use jobs::jobs_in;
pub use jobs::{NewJob, NewWork, ObjectStatus, OwnJobs};
pub(crate) use standing::{GoalWait, Standing};
pub use verified::{VERIFIED, compared};

use crate::format::{Change, Gate};
use crate::future::Future;
use crate::ids::{BucketName, MigrationName};
use crate::model::kinds::Call;
use crate::model::{BucketRef, RoleRef};
use crate::proof::{PlacedCanary, ProofSubject};
use crate::route::Route;
use crate::scene::Scene;

/// A fact to become true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// An object that is written under a rule arrives.
    Canary(Box<CanaryGoal>),
    /// An object that fails is told.
    Alarm(Box<AlarmGoal>),
    /// Existing objects are copied, and what became of each is known.
    Backfill(Box<BackfillGoal>),
    /// The checksums of all objects of one side were computed.
    Checksums(Box<ChecksumsGoal>),
}

/// The goals that the phases ask for, of the world as it will be.
pub(crate) fn goals(scene: &Scene<'_>, future: &Future<'_>) -> Vec<Goal> {
    let of_route = |route| canary::goals(scene, route, future).into_iter();
    let canaries = scene
        .covered()
        .flat_map(of_route)
        .map(Box::new)
        .map(Goal::Canary);
    let alarms = scene.covered();
    let alarms = alarms.filter_map(|route| alarm::goal(scene, route, future));
    let backfills = scene.covered();
    let backfills = backfills.filter_map(|route| backfill::goal(scene, route, future));
    // Nobody asks for what a comparison that still counts has shown already.
    let uncompared = scene
        .covered()
        .filter(|route| !verified::is_met(scene, route));
    let computed = uncompared.flat_map(|route| checksums::goals(scene, route, future));
    canaries
        .chain(alarms.map(Box::new).map(Goal::Alarm))
        .chain(backfills.map(Box::new).map(Goal::Backfill))
        .chain(computed.map(Box::new).map(Goal::Checksums))
        .collect()
}

/// The gates of a migration that are no goals of an apply: what was skipped by decision, and what another command proves.
pub(crate) fn beside(scene: &Scene<'_>, route: &Route<'_>) -> Vec<Gate> {
    let skipped = canary::skipped(route.migration);
    skipped
        .into_iter()
        .chain(verified::gate(scene, route))
        .collect()
}

impl Goal {
    /// The objects of ours that make it true, where such objects do.
    #[must_use]
    pub fn canary(&self) -> Option<&CanaryGoal> {
        match self {
            Self::Canary(goal) => Some(goal),
            Self::Alarm(goal) => Some(&goal.canary),
            Self::Backfill(_) | Self::Checksums(_) => None,
        }
    }

    /// The migration that the goal belongs to.
    #[must_use]
    pub fn migration(&self) -> &MigrationName {
        match self {
            Self::Canary(goal) => &goal.migration,
            Self::Alarm(goal) => &goal.canary.migration,
            Self::Backfill(goal) => &goal.jobs.migration,
            Self::Checksums(goal) => &goal.jobs.migration,
        }
    }

    /// What a proof of it is of.
    #[must_use]
    pub fn subject(&self) -> &ProofSubject {
        match self {
            Self::Canary(goal) => &goal.subject,
            Self::Alarm(goal) => &goal.canary.subject,
            Self::Backfill(goal) => &goal.jobs.subject,
            Self::Checksums(goal) => &goal.jobs.subject,
        }
    }

    /// Whether a receipt proves it; of objects of ours, for the role as it is now.
    pub(crate) fn is_proven(&self, scene: &Scene<'_>) -> bool {
        let by_canary = |goal: &CanaryGoal| {
            let live = scene.observed.document(&goal.proven_by());
            let proof = goal.proof(live);
            proof.is_some_and(|proof| scene.proofs.contains(&proof))
        };
        match self {
            Self::Canary(goal) => by_canary(goal),
            Self::Alarm(goal) => by_canary(&goal.canary),
            Self::Backfill(goal) => goal.is_proven(scene),
            Self::Checksums(goal) => goal.is_proven(scene),
        }
    }

    /// What earlier runs left on its way, which proving it goes on with.
    pub(crate) fn earlier(&self) -> &[PlacedCanary] {
        self.canary().map_or(&[], |canary| &canary.earlier)
    }

    /// The buckets that must be found before it is known what proving it does.
    pub(crate) fn unlocated(&self) -> impl Iterator<Item = BucketName> {
        let elsewhere = self.canary().into_iter().flat_map(|of| &of.elsewhere);
        let unasked = elsewhere.filter(|of| of.to == Reach::Unasked);
        unasked.map(|of| of.bucket.clone())
    }

    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Canary(goal) => goal.address(),
            Self::Alarm(goal) => goal.address(),
            Self::Backfill(goal) => goal.address(),
            Self::Checksums(goal) => goal.address(),
        }
    }

    /// The gate that a reviewer reads.
    pub(crate) fn gate(&self, scene: &Scene<'_>, standing: Standing) -> Gate {
        match self {
            Self::Canary(goal) => goal.gate(standing),
            Self::Alarm(goal) => goal.gate(standing),
            Self::Backfill(goal) => goal.gate(scene, standing),
            Self::Checksums(goal) => goal.gate(scene, standing),
        }
    }

    /// Proving it, as a change.
    pub(crate) fn change(&self, scene: &Scene<'_>, future: &Future<'_>) -> Change {
        match self {
            Self::Canary(goal) => goal.change(scene, future),
            Self::Alarm(goal) => goal.change(scene),
            Self::Backfill(goal) => goal.change(scene),
            Self::Checksums(goal) => goal.change(scene),
        }
    }

    /// The calls that proving it makes, by the bucket that they are made on.
    pub(crate) fn calls_on(&self) -> Vec<(&BucketRef, Vec<Call>)> {
        match self {
            Self::Canary(goal) => goal.calls_on(),
            Self::Alarm(goal) => goal.canary.calls_on(),
            Self::Backfill(goal) => goal.calls_on(),
            Self::Checksums(goal) => goal.calls_on(),
        }
    }

    /// How many calls proving it takes where all goes well.
    pub(crate) fn calls(&self) -> u64 {
        match self {
            Self::Canary(goal) => goal.calls(),
            Self::Alarm(goal) => goal.calls(),
            Self::Backfill(goal) => goal.calls(),
            Self::Checksums(goal) => goal.calls(),
        }
    }

    /// What is waited for.
    pub(crate) const fn wait(&self) -> GoalWait {
        match self {
            Self::Canary(_) => canary::WAIT,
            Self::Alarm(_) => AlarmGoal::wait(),
            Self::Backfill(_) => BackfillGoal::wait(),
            Self::Checksums(_) => ChecksumsGoal::wait(),
        }
    }

    /// The buckets and the roles whose documents it says something about: they are written before.
    #[must_use]
    pub fn rests_on(&self) -> (Vec<&BucketRef>, Vec<&RoleRef>) {
        fn of(goal: &CanaryGoal) -> (Vec<&BucketRef>, Vec<&RoleRef>) {
            (vec![&goal.source, &goal.destination], vec![&goal.role])
        }
        match self {
            Self::Canary(goal) => of(goal),
            Self::Alarm(goal) => of(&goal.canary),
            Self::Backfill(goal) => (
                vec![&goal.source, &goal.destination],
                vec![&goal.role, &goal.batch_role],
            ),
            Self::Checksums(goal) => (vec![&goal.bucket], vec![&goal.batch_role]),
        }
    }
}

/// Every call of every goal, and the IAM actions that it needs.
pub fn calls() -> impl Iterator<Item = Call> {
    canary::all_calls().chain(backfill::all_calls())
}
