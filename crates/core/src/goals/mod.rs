//! Goals: facts to become true. Configuration converges; goals are proven, and the proof is of exact documents.
//!
//! One file a goal, with everything about it: its subject, its gate, its change, the permissions that it needs, what is
//! waited for and how many calls it takes.

mod alarm;
pub mod canary;
mod standing;

pub use alarm::{AlarmGoal, Heard};
pub(crate) use alarm::{UNPROVEN_BY_DECISION, denied_for};
pub use canary::{CanaryGoal, Carrier, LONGEST_RUN, Probe, PutEncryption, Reach, Replica};
pub(crate) use standing::{GoalWait, Standing};

use crate::format::{Change, Gate};
use crate::future::Future;
use crate::ids::{BucketName, MigrationName};
use crate::model::kinds::Call;
use crate::model::{BucketRef, Document, RoleRef, Target};
use crate::proof::{PlacedCanary, Proof, ProofSubject};
use crate::scene::Scene;

/// A fact to become true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// An object that is written under a rule arrives.
    Canary(Box<CanaryGoal>),
    /// An object that fails is told.
    Alarm(Box<AlarmGoal>),
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
    canaries
        .chain(alarms.map(Box::new).map(Goal::Alarm))
        .collect()
}

/// The gates of a migration that are no goals: what was skipped by decision.
pub(crate) fn skipped(migration: &crate::spec::Migration) -> Vec<Gate> {
    canary::skipped(migration).into_iter().collect()
}

impl Goal {
    /// The objects that make it true.
    #[must_use]
    pub fn canary(&self) -> &CanaryGoal {
        match self {
            Self::Canary(goal) => goal,
            Self::Alarm(goal) => &goal.canary,
        }
    }

    /// The migration that the goal belongs to.
    #[must_use]
    pub fn migration(&self) -> &MigrationName {
        &self.canary().migration
    }

    /// What a proof of it is of.
    #[must_use]
    pub fn subject(&self) -> &ProofSubject {
        &self.canary().subject
    }

    /// Whether a receipt proves it, for the role as it is now.
    pub(crate) fn is_proven(&self, scene: &Scene<'_>) -> bool {
        let live = scene.observed.document(&self.proven_by());
        let proof = self.proof(live);
        proof.is_some_and(|proof| scene.proofs.contains(&proof))
    }

    /// What must be read to know who a proof is for.
    #[must_use]
    pub fn proven_by(&self) -> Target {
        self.canary().proven_by()
    }

    /// What a receipt must prove for it to be met; `live` is what [`Self::proven_by`] holds. None where nobody is there to
    /// prove it for.
    #[must_use]
    pub fn proof(&self, live: Option<&Document>) -> Option<Proof> {
        self.canary().proof(live)
    }

    /// What earlier runs left on its way, which proving it goes on with.
    pub(crate) fn earlier(&self) -> &[PlacedCanary] {
        &self.canary().earlier
    }

    /// The buckets that must be found before it is known what proving it does.
    pub(crate) fn unlocated(&self) -> impl Iterator<Item = BucketName> {
        let unasked = self
            .canary()
            .elsewhere
            .iter()
            .filter(|of| of.to == Reach::Unasked);
        unasked.map(|of| of.bucket.clone())
    }

    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Canary(goal) => goal.address(),
            Self::Alarm(goal) => goal.address(),
        }
    }

    /// The gate that a reviewer reads.
    pub(crate) fn gate(&self, standing: Standing) -> Gate {
        match self {
            Self::Canary(goal) => goal.gate(standing),
            Self::Alarm(goal) => goal.gate(standing),
        }
    }

    /// Proving it, as a change.
    pub(crate) fn change(&self, scene: &Scene<'_>, future: &Future<'_>) -> Change {
        match self {
            Self::Canary(goal) => goal.change(scene, future),
            Self::Alarm(goal) => goal.change(scene),
        }
    }

    /// The calls that proving it makes, by the bucket that they are made on.
    pub(crate) fn calls_on(&self) -> Vec<(&BucketRef, Vec<Call>)> {
        self.canary().calls_on()
    }

    /// How many calls proving it takes where all goes well.
    pub(crate) fn calls(&self) -> u64 {
        match self {
            Self::Canary(goal) => goal.calls(),
            Self::Alarm(goal) => goal.calls(),
        }
    }

    /// What is waited for.
    pub(crate) const fn wait(&self) -> GoalWait {
        match self {
            Self::Canary(_) => canary::WAIT,
            Self::Alarm(_) => AlarmGoal::wait(),
        }
    }

    /// The buckets and the role whose documents it says something about: they are written before.
    #[must_use]
    pub fn rests_on(&self) -> (Vec<&BucketRef>, &RoleRef) {
        let goal = self.canary();
        (vec![&goal.source, &goal.destination], &goal.role)
    }
}

/// Every call of every goal, and the IAM actions that it needs.
pub fn calls() -> impl Iterator<Item = Call> {
    canary::all_calls()
}
