//! Saved plans: whether the world is still the one that the plan was made from.
//!
//! A run of a saved plan that stopped half way has moved the world itself. Its journal tells what its steps left, and the
//! plan's digest tells that it was this plan; whatever else moved was somebody else. What is left to do must then be a part
//! of what was reviewed.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::aftermath::{Aftermath, Left};
use s3ferry_core::diff::attributes;
use s3ferry_core::format::{Change, PlanFile};
use s3ferry_core::model::Observed;
use s3ferry_core::names::Names;
use s3ferry_core::plan::Stage;

use crate::events::RunEvent;
use crate::journal::JournalFile;
use crate::outcome::{How, Verdict};

/// A document that moved since a plan was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// The target's address.
    pub address: String,
    /// How it moved.
    pub what: Move,
}

/// How a document moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    /// It is there now and was not.
    Appeared,
    /// It was there and is not.
    Disappeared,
    /// It holds something else.
    Changed,
    /// The plan did not read it, and planning again does.
    NewlyRead,
    /// The plan read it, and planning again does not.
    NoLongerRead,
}

impl Move {
    /// The move as a phrase for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Appeared => "was created",
            Self::Disappeared => "was deleted",
            Self::Changed => "was changed",
            Self::NewlyRead => "was not part of the plan and is now",
            Self::NoLongerRead => "was part of the plan and is no longer",
        }
    }
}

/// What `model::fingerprint` says of nothing.
const ABSENT: &str = "absent";

/// Names what differs between the fingerprints of a saved plan and those of the live world, sorted by address.
#[must_use]
pub fn compare_fingerprints(
    saved: &BTreeMap<String, String>,
    live: &BTreeMap<String, String>,
) -> Vec<Moved> {
    let newly_read = live.keys().filter(|address| !saved.contains_key(*address));
    let mut moved: Vec<Moved> = newly_read
        .map(|address| (address, Move::NewlyRead))
        .chain(saved.iter().filter_map(|(address, before)| {
            movement(before, live.get(address)).map(|what| (address, what))
        }))
        .map(|(address, what)| Moved {
            address: address.clone(),
            what,
        })
        .collect();
    moved.sort();
    moved
}

fn movement(before: &str, after: Option<&String>) -> Option<Move> {
    match (before, after.map(String::as_str)) {
        (_, None) => Some(Move::NoLongerRead),
        (before, Some(after)) if before == after => None,
        (ABSENT, Some(_)) => Some(Move::Appeared),
        (_, Some(ABSENT)) => Some(Move::Disappeared),
        (_, Some(_)) => Some(Move::Changed),
    }
}

/// What earlier runs of one plan did, as their journals tell; nothing where one of them finished it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnWrites {
    left: Left,
    proven: BTreeSet<String>,
    /// The run that finished the plan: it is spent, and what it wrote is the world that a new plan is made from.
    pub finished_by: Option<String>,
}

impl OwnWrites {
    /// What the runs of these journals did.
    #[must_use]
    pub fn of(journals: &[JournalFile]) -> Self {
        let mut own = Self::default();
        for journal in journals {
            for entry in &journal.entries {
                own.hear(&entry.what, &journal.header.run);
            }
        }
        if own.finished_by.is_some() {
            own.left = Left::default();
            own.proven.clear();
        }
        own
    }

    fn hear(&mut self, event: &RunEvent, run: &str) {
        match event {
            RunEvent::Writing {
                step,
                attempt: _,
                wanted,
                before: _, // What it was is no part of what it is.
            } => self.add_left(step, wanted.as_ref()),
            RunEvent::Settled {
                step,
                reads: _,
                took_ms: _,
                holds,
                left: _, // Its fingerprint says enough.
            } => {
                self.add_left(step, holds.as_ref());
                self.left.settled.insert(Stage::target_of(step).to_owned());
            }
            RunEvent::Done { step, how } => {
                if matches!(how, How::Proven | How::Removed) {
                    self.proven.insert(step.clone());
                }
            }
            RunEvent::Finished { verdict, counts: _ } => {
                if *verdict == Verdict::Done {
                    self.finished_by = Some(run.to_owned());
                }
            }
            RunEvent::Started { .. }
            | RunEvent::StepStarted { .. }
            | RunEvent::Agreeing { .. }
            | RunEvent::Glimpsed { .. }
            | RunEvent::Retrying { .. }
            | RunEvent::Doubted { .. }
            | RunEvent::Merged { .. }
            | RunEvent::Canary { .. }
            | RunEvent::Job { .. }
            | RunEvent::Failed { .. }
            | RunEvent::Stale { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Waiting { .. }
            | RunEvent::Stopping { .. }
            | RunEvent::Interrupted { .. } => {}
        }
    }

    fn add_left(&mut self, step: &str, left: Option<&String>) {
        let of_target = self.left.prints.entry(Stage::target_of(step).to_owned());
        of_target.or_default().extend(left.cloned());
    }

    /// Whether there is nothing to go on with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.prints.is_empty() && self.proven.is_empty()
    }

    /// Names what moved since a plan was made, but for what its own runs wrote; `live` is the plan that the world and the
    /// same spec give now.
    #[must_use]
    pub fn moved(
        &self,
        saved: &PlanFile,
        live: &PlanFile,
        names: &Names,
        observed: &Observed,
    ) -> Vec<String> {
        let moved = compare_fingerprints(&saved.fingerprints, &live.fingerprints);
        if self.is_empty() {
            return moved.iter().map(told).collect();
        }
        let open = live.changes.iter().map(|change| change.target.as_str());
        let own = Aftermath {
            names,
            observed,
            saved: &saved.fingerprints,
            open: &open.collect(),
            left: &self.left,
        }
        .own();
        let foreign = |moved: &&Moved| {
            // The fewer steps are left, the fewer documents a plan rests on.
            moved.what != Move::NoLongerRead && !own.contains(&moved.address)
        };
        let foreign: Vec<&Moved> = moved.iter().filter(foreign).collect();
        let named = |change: &&Change| foreign.iter().any(|moved| moved.address == change.target);
        let unplanned = self.unplanned(saved, live, &own);
        let unplanned = unplanned.into_iter().filter(|change| !named(change));
        let documents = foreign.iter().copied().map(told);
        let changes = unplanned.map(|change| format!("{}: is another change now", change.address));
        documents.chain(changes).collect()
    }

    /// The changes that are neither as reviewed nor made by a run.
    fn unplanned<'a>(
        &self,
        saved: &'a PlanFile,
        live: &'a PlanFile,
        own: &BTreeSet<String>,
    ) -> Vec<&'a Change> {
        let reviewed = by_address(saved);
        let left = by_address(live);
        let is_own =
            |change: &Change| own.contains(&change.target) || self.proven.contains(&change.address);
        let new = live.changes.iter().filter(|change| {
            let before = reviewed.get(change.address.as_str());
            let own = is_own(change);
            // What a policy held only while it grew goes again.
            let shrinks = own && change.after.is_null();
            !shrinks && !before.is_some_and(|before| leads_to_the_same(before, change, own))
        });
        let gone = saved.changes.iter().filter(|change| {
            // Of a target that need not be read any more, as a bucket that was made or an alarm that no list names, the step alone
            // tells.
            let is_read = live.fingerprints.contains_key(&change.target);
            let made =
                is_own(change) || (!is_read && self.left.prints.contains_key(&change.target));
            !left.contains_key(change.address.as_str()) && !made
        });
        new.chain(gone).collect()
    }
}

fn told(moved: &Moved) -> String {
    let Moved { address, what } = moved;
    format!("{address}: {}", what.as_str())
}

fn by_address(plan: &PlanFile) -> BTreeMap<&str, &Change> {
    let changes = plan.changes.iter();
    changes
        .map(|change| (change.address.as_str(), change))
        .collect()
}

/// Whether a change is one that was reviewed; where a run has written its target, as far as it still has to go, and with what stays
/// of what AWS gave to a bucket that it made.
fn leads_to_the_same(reviewed: &Change, live: &Change, is_own: bool) -> bool {
    if !is_own {
        let same_start = reviewed.actions == live.actions && reviewed.before == live.before;
        return same_start && reviewed.after == live.after;
    }
    let stays = |path: &String| live.attributes.iter().all(|changed| changed.path != *path);
    let others = attributes(&reviewed.after, &live.after);
    others.iter().all(|other| stays(&other.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |&(address, print): &(&str, &str)| (address.to_owned(), print.to_owned());
        entries.iter().map(owned).collect()
    }

    #[test]
    fn every_way_to_move_is_named_in_the_order_of_addresses() {
        let saved = prints(&[
            ("b", "1"),
            ("c", "absent"),
            ("d", "1"),
            ("e", "1"),
            ("f", "1"),
        ]);
        let live = prints(&[
            ("a", "1"),
            ("b", "2"),
            ("c", "1"),
            ("d", "absent"),
            ("f", "1"),
        ]);
        let moved: Vec<_> = compare_fingerprints(&saved, &live)
            .into_iter()
            .map(|moved| (moved.address, moved.what))
            .collect();
        let expected = [
            ("a", Move::NewlyRead),
            ("b", Move::Changed),
            ("c", Move::Appeared),
            ("d", Move::Disappeared),
            ("e", Move::NoLongerRead),
        ];
        assert_eq!(
            moved,
            expected.map(|(address, what)| (address.to_owned(), what))
        );
    }

    #[test]
    fn an_unmoved_world_is_an_empty_list() {
        let prints = prints(&[("a", "absent"), ("b", "1")]);
        assert_eq!(compare_fingerprints(&prints, &prints), []);
    }
}
