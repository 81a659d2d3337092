//! Which rules carry a canary: ours shall, and every other one of the source's configuration that matches its key does, too,
//! whoever it belongs to (BC:s3 ReplicationRule.Priority: rules to different destinations all act).

use std::collections::BTreeMap;

use super::CanaryGoal;
use crate::ids::BucketName;
use crate::model::kinds::replication::{Rule, Status};
use crate::model::kinds::{Document, ReplicationConfiguration};
use crate::model::{BucketPart, BucketRef, Target};
use crate::scene::Scene;

/// Another bucket that a canary is carried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// The ID of a rule that does it.
    pub rule: String,
    /// The bucket.
    pub bucket: BucketName,
    /// Whether its replica can be removed from there.
    pub to: Reach,
    /// Whether the rule carries delete markers, too.
    pub mirrors: bool,
}

/// Whether s3ferry can reach a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It is a destination of the spec.
    OfSpec(BucketRef),
    /// An account of the spec has it.
    Found(BucketRef),
    /// No account of the spec has it.
    Beyond,
    /// Nobody has looked for it yet.
    Unasked,
}

impl Reach {
    /// The bucket, where it can be reached.
    #[must_use]
    pub const fn place(&self) -> Option<&BucketRef> {
        match self {
            Self::OfSpec(place) | Self::Found(place) => Some(place),
            Self::Beyond | Self::Unasked => None,
        }
    }
}

/// The buckets, but for its own destination, that the rules carry a goal's canary to.
pub(in crate::goals) fn elsewhere(
    scene: &Scene<'_>,
    goal: &CanaryGoal,
    configuration: Option<&Document>,
) -> Vec<Carrier> {
    let takers = goal.takers(configuration).into_iter();
    let others = takers.filter(|(bucket, _)| *bucket != goal.destination.bucket);
    let carrier = |(bucket, rule): (BucketName, &Rule)| Carrier {
        rule: named(rule),
        to: reach(scene, &bucket, rule),
        mirrors: rule.meaning().delete_markers == Status::Enabled,
        bucket,
    };
    others.map(carrier).collect()
}

fn reach(scene: &Scene<'_>, bucket: &BucketName, rule: &Rule) -> Reach {
    let destinations = scene.routes.iter().map(|route| &route.destination);
    if let Some(known) = destinations.into_iter().find(|of| of.bucket == *bucket) {
        return Reach::OfSpec(known.clone());
    }
    let said = rule.destination.as_ref().and_then(|to| to.account.as_ref());
    let is_anothers = said.is_some_and(|said| {
        let mut accounts = scene.spec.accounts.values();
        !accounts.any(|account| account.id.as_str() == said)
    });
    match scene.observed.located(bucket) {
        _ if is_anothers => Reach::Beyond,
        Some(Some(found)) => Reach::Found(found.clone()),
        Some(None) => Reach::Beyond,
        None => Reach::Unasked,
    }
}

fn named(rule: &Rule) -> String {
    rule.id.clone().unwrap_or_else(|| "(no ID)".to_owned())
}

impl CanaryGoal {
    /// Where it is said which rules carry the canary.
    #[must_use]
    pub fn carried_by(&self) -> Target {
        Target::Bucket(self.source.clone(), BucketPart::Replication)
    }

    /// What stands in the way of putting the canary under a configuration that may have changed since the plan: the canary
    /// would be carried to where it cannot be removed from, or another rule would carry it to its destination.
    #[must_use]
    pub fn in_the_way(&self, configuration: Option<&Document>) -> Option<String> {
        if let Some(rule) = self.taken_by(configuration) {
            return Some(format!("rule {rule} carries the canary instead"));
        }
        let is_foreseen = |bucket: &BucketName| {
            let mut foreseen = self.elsewhere.iter().map(|carrier| &carrier.bucket);
            *bucket == self.destination.bucket || foreseen.any(|of| of == bucket)
        };
        let takers = self.takers(configuration).into_iter();
        let mut unforeseen = takers.filter(|(bucket, _)| !is_foreseen(bucket));
        unforeseen.next().map(|(bucket, rule)| {
            format!("rule {} carries the canary to {bucket}, too", named(rule))
        })
    }

    /// The rule that carries the canary to its destination in the place of its own, if another one does: its arrival would
    /// prove nothing of its own rule.
    #[must_use]
    pub fn taken_by(&self, configuration: Option<&Document>) -> Option<String> {
        let own = self.own_rule(configuration)?;
        let winner = *self.takers(configuration).get(&self.destination.bucket)?;
        (winner.id != own.id).then(|| named(winner))
    }

    fn own_rule<'a>(&self, configuration: Option<&'a Document>) -> Option<&'a Rule> {
        replication(configuration)?.rule(&self.rule_id)
    }

    /// The rules that take the canary, by the bucket that each sends it to: of several to one, the one of the highest
    /// priority.
    fn takers<'a>(&self, configuration: Option<&'a Document>) -> BTreeMap<BucketName, &'a Rule> {
        let live = replication(configuration);
        live.map(|live| live.takers(|rule| self.is_taken_by(rule)))
            .unwrap_or_default()
    }

    fn is_taken_by(&self, rule: &Rule) -> bool {
        let encrypted = !self.is_kms || rule.meaning().sse_kms == Status::Enabled;
        // What comes after the stem differs from run to run, and no rule can tell these apart.
        let key = format!("{}/", self.stem);
        encrypted && rule.selects_object(&key, &self.tags)
    }
}

fn replication(document: Option<&Document>) -> Option<&ReplicationConfiguration> {
    match document? {
        Document::Replication(held) => Some(held),
        _ => None,
    }
}
