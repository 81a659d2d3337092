//! What only a proof needs: a rule, a statement and an alarm that are put up when everything else is done, and taken down when the
//! proof is made.
//!
//! Desired state never has them. So whatever of it is found without a proof under way left the spec, and goes; and where the
//! proof is yet to be made, what an earlier run put up stays where it is.

use std::collections::{BTreeMap, BTreeSet};

use super::growth::grown;
use super::writes::Writes;
use crate::format::Finding;
use crate::future::{Future, Planned};
use crate::goals::{Goal, UNPROVEN_BY_DECISION};
use crate::merge::{fits_with_proof, refuse};
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{Alarm, Policy, ReplicationConfiguration};
use crate::model::{BucketPart, Document, RolePart, Target, same};
use crate::policy::Statement;
use crate::scene::Scene;

/// A part of a document that is there for a proof alone.
#[derive(Debug, Clone, Copy)]
enum Piece<'a> {
    Rule(&'a Rule),
    Statement(&'a Statement),
    Alarm(&'a Alarm),
}

/// What a target holds on the way of a proof.
#[derive(Debug, Default)]
pub(super) struct Lent {
    /// What it holds beside the rest already, and shall until the proof is made: the target without what is yet to be put up.
    pub(super) standing: Option<Document>,
    /// With all that the proof needs.
    pub(super) whole: Option<Document>,
    /// Without any of it.
    pub(super) after: Option<Document>,
}

/// What unproven goals need, by target.
pub(super) fn of(
    scene: &Scene<'_>,
    future: &Future<'_>,
    unproven: &[&Goal],
) -> BTreeMap<Target, Lent> {
    let mut pieces: BTreeMap<Target, Vec<Piece<'_>>> = BTreeMap::new();
    for goal in unproven {
        let Goal::Alarm(goal) = goal else { continue };
        let rules = Target::Bucket(goal.canary.source.clone(), BucketPart::Replication);
        let policy = Target::Role(goal.canary.role.clone(), RolePart::Policy);
        let alarm = Target::Alarm(goal.at.clone());
        let needed = [
            (rules, Piece::Rule(&goal.rule)),
            (policy, Piece::Statement(&goal.denial)),
            (alarm, Piece::Alarm(&goal.alarm)),
        ];
        for (target, piece) in needed {
            pieces.entry(target).or_default().push(piece);
        }
    }
    let lent = |(target, pieces): (Target, Vec<Piece<'_>>)| {
        let live = scene.observed.document(&target);
        let after = future.document(&target).cloned();
        let mut lent = Lent {
            standing: after.clone(),
            whole: after.clone(),
            after,
        };
        for piece in pieces {
            let (whole, is_there) = piece.beside(lent.whole.as_ref(), live);
            if is_there {
                lent.standing = piece.beside(lent.standing.as_ref(), live).0;
            }
            lent.whole = whole;
        }
        (target, lent)
    };
    pieces.into_iter().map(lent).collect()
}

/// What is planned to stand while proofs are under way, in the place of what is planned without them.
pub(super) fn carried(writes: &Writes, lent: &BTreeMap<Target, Lent>) -> BTreeMap<Target, Planned> {
    let stands = |(target, lent): (&Target, &Lent)| {
        let planned = writes.planned.get(target)?;
        Some((
            target.clone(),
            Planned {
                document: lent.standing.clone(),
                migrations: planned.migrations.clone(),
            },
        ))
    };
    lent.iter().filter_map(stands).collect()
}

/// What AWS would not take while proofs are under way: with all that they need, and with what is there of it while policies grow.
pub(super) fn too_large(scene: &Scene<'_>, lent: &BTreeMap<Target, Lent>) -> Vec<Finding> {
    let finding = |(target, lent): (&Target, &Lent)| {
        let live = scene.observed.document(target);
        let on_the_way = grown(live, lent.standing.as_ref(), &scene.markers);
        let mut held = on_the_way.iter().chain(&lent.whole);
        let kind = held.find_map(|document| fits_with_proof(document).err())?;
        let mut finding = refuse(scene, target, kind).finding();
        finding.help = format!("{}\n{UNPROVEN_BY_DECISION}", finding.help);
        Some(finding)
    };
    lent.iter().filter_map(finding).collect()
}

impl Piece<'_> {
    /// A document with the piece, and whether what is live has it just so.
    fn beside(
        self,
        document: Option<&Document>,
        live: Option<&Document>,
    ) -> (Option<Document>, bool) {
        match self {
            Self::Rule(rule) => with_rule(rule, document, live),
            Self::Statement(statement) => with_statement(statement, document, live),
            // Somebody else's, which stays: the proof finds that it is not the one that it needs.
            Self::Alarm(_) if document.is_some() => (document.cloned(), false),
            Self::Alarm(alarm) => {
                let alarm = Document::Alarm(Box::new(alarm.clone()));
                let is_there = same(live, Some(&alarm));
                // It keeps its state, which is no part of what it means.
                let held = if is_there { live.cloned() } else { None };
                (Some(held.unwrap_or(alarm)), is_there)
            }
        }
    }
}

/// The rule is above all others: the object is of nobody's but the proof, and no other rule may carry it in its place.
fn with_rule(
    rule: &Rule,
    document: Option<&Document>,
    live: Option<&Document>,
) -> (Option<Document>, bool) {
    let Some(Document::Replication(held)) = document else {
        return (document.cloned(), false);
    };
    let taken: BTreeSet<i32> = held.rules.iter().filter_map(|rule| rule.priority).collect();
    let highest = taken.last().copied().unwrap_or(0);
    let there = match live {
        Some(Document::Replication(live)) => rule.id.as_deref().and_then(|id| live.rule(id)),
        _ => None,
    };
    let known = there.and_then(|there| there.priority);
    let known = known.filter(|number| *number > highest);
    let rule = Rule {
        priority: known
            .or_else(|| highest.checked_add(1))
            .or_else(|| free(&taken)),
        ..rule.clone()
    };
    let is_there = there.is_some_and(|there| there.meaning() == rule.meaning());
    let rules = held.rules.iter().cloned().chain([rule]);
    let whole = ReplicationConfiguration {
        rules: rules.collect(),
        ..held.clone()
    };
    (Some(Document::Replication(whole)), is_there)
}

/// The highest free number where nothing is above all others; whether the rule still acts, the apply finds out.
fn free(taken: &BTreeSet<i32>) -> Option<i32> {
    (0..i32::MAX).rev().find(|number| !taken.contains(number))
}

fn with_statement(
    statement: &Statement,
    document: Option<&Document>,
    live: Option<&Document>,
) -> (Option<Document>, bool) {
    let sid = statement.sid().unwrap_or_default();
    let there = live.and_then(Document::policy_document);
    let there = there.and_then(|policy| policy.statement(sid));
    let is_there = there.is_some_and(|there| there.same_meaning(statement));
    let with = |held: &Document| {
        let policy = held
            .policy_document()?
            .with_statement(sid, statement.clone());
        Some(held.with_policy(Policy::from(policy)))
    };
    let whole = document.map(|held| with(held).unwrap_or_else(|| held.clone()));
    (whole, is_there)
}
