//! Drift: what of a plan's changes is there because somebody changed what s3ferry had left, and not because the spec asks for it.
//!
//! What is there is compared with what the last run left, item by item. A spec that was edited since makes changes, too; they
//! are none of others', so they are only counted.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::changes::restored;
use crate::format::drift::Drifted;
use crate::format::{Action, Change, Finding, FindingLevel, Reason};
use crate::model::kinds::Role;
use crate::model::{Document, Observed, Target, fingerprint};
use crate::names::Names;
use crate::ownership::{Markers, adopted_description};
use crate::remembered::Remembered;
use crate::spec::Spec;

/// What a run left at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftByRun {
    /// The run.
    pub run: String,
    /// When it had read it back, RFC 3339 in UTC.
    pub at: String,
    /// The fingerprint of what it read back; none where nobody knows.
    pub fingerprint: Option<String>,
    /// What it read back, where it is kept: then nothing stands for nothing.
    pub document: Option<Option<Document>>,
}

/// A plan's changes by who made them necessary.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drift {
    /// What others changed, in the order of the addresses.
    pub drifted: Vec<Drifted>,
    /// Changes of which nobody knows: nothing says what was left there.
    pub unrecorded: Vec<Change>,
    /// The addresses of documents in which somebody changed what the plan leaves, and of such items in those that have drifted.
    pub beside: Vec<String>,
    /// What an apply is refused for at these documents: somebody took away the marks that make them the spec's.
    pub refused: Vec<Finding>,
    /// How many changes the spec asks for.
    pub pending: u64,
}

/// Takes a plan's changes apart, and what it is refused for.
#[must_use]
pub fn drift(
    spec: &Spec,
    observed: &Observed,
    (changes, findings): (&[Change], &[Finding]),
    left: &BTreeMap<Target, LeftByRun>,
    remembered: &Remembered,
) -> Drift {
    let names = Names::of(spec);
    let markers = Markers::of(&spec.name);
    let by_address: BTreeMap<String, (&Target, &LeftByRun)> = left
        .iter()
        .filter(|(target, _)| observed.knows(target))
        .map(|(target, left)| (names.address(target), (target, left)))
        .collect();
    let once_written: BTreeSet<String> = observed
        .iter()
        .filter(|(target, _)| remembered.has(target))
        .map(|(target, _)| names.address(target))
        .collect();
    let mut drift = Drift::default();
    let mut told: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
    for change in changes.iter().filter(|change| is_of_a_document(change)) {
        let Some((target, left)) = by_address.get(&change.target) else {
            let was_written = by_address.is_empty() || once_written.contains(&change.target);
            drift.sort_unrecorded(change, was_written);
            continue;
        };
        let live = observed.document(target);
        match (&left.document, &left.fingerprint) {
            (Some(document), _) => {
                let since = told.entry(&change.target).or_insert_with(|| {
                    let [left, live] = [document.as_ref(), live].map(|of| alone(&markers, of));
                    restored(&names, target, left.as_deref(), live.as_deref())
                });
                match since.iter().position(|one| one.address == change.address) {
                    Some(at) => drift.drifted.push(Drifted {
                        run: left.run.clone(),
                        left: left.at.clone(),
                        by: None,
                        change: Change {
                            migrations: change.migrations.clone(),
                            ..since.swap_remove(at)
                        },
                    }),
                    None => drift.pending += 1,
                }
            }
            (None, Some(was)) if *was == fingerprint(live) => drift.pending += 1,
            (None, _) => drift.unrecorded.push(change.clone()),
        }
    }
    drift.beside = beside(observed, &by_address, &drift);
    drift.refused = refused(findings, &drift.beside);
    drift.beside.extend(beside_drift(&drift, &told));
    drift.beside.sort();
    drift
}

/// A document without the names of the other specs that share it: what they do as they come and go is no drift.
fn alone<'a>(markers: &Markers, document: Option<&'a Document>) -> Option<Cow<'a, Document>> {
    match document? {
        Document::Role(role) => {
            let role = Role {
                tags: markers.tags_alone(&role.tags),
                ..role.clone()
            };
            let description = adopted_description(role.description.as_deref(), &role.tags);
            Some(Cow::Owned(Document::Role(Role {
                description,
                ..role
            })))
        }
        other => Some(Cow::Borrowed(other)),
    }
}

/// The findings that refuse an apply at documents that somebody changed, or at what these are a part of.
fn refused(findings: &[Finding], changed: &[String]) -> Vec<Finding> {
    let is_under = |part: &str, whole: &str| {
        let rest = part.strip_prefix(whole);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_at = |finding: &&Finding| {
        let mut changed = changed.iter();
        changed.any(|at| is_under(at, &finding.address) || is_under(&finding.address, at))
    };
    let blocked = findings
        .iter()
        .filter(|of| of.level == FindingLevel::Blocked);
    blocked.filter(is_at).cloned().collect()
}

/// Whether a change is made to a document: what is proven, and a canary that an earlier run left, is none of others'.
fn is_of_a_document(change: &Change) -> bool {
    change.actions != [Action::Prove] && change.reason != Reason::LeftBehind
}

/// The documents that somebody changed in what the plan leaves as it is.
fn beside(
    observed: &Observed,
    left: &BTreeMap<String, (&Target, &LeftByRun)>,
    drift: &Drift,
) -> Vec<String> {
    let drifted = drift.drifted.iter().map(|one| &one.change);
    let told: BTreeSet<&String> = drifted
        .chain(&drift.unrecorded)
        .map(|change| &change.target)
        .collect();
    let is_changed = |target: &Target, left: &LeftByRun| {
        let was = left.fingerprint.as_ref();
        was.is_some_and(|was| *was != fingerprint(observed.document(target)))
    };
    let changed = left
        .iter()
        .filter(|(address, (target, left))| is_changed(target, left) && !told.contains(address));
    changed.map(|(address, _)| address.clone()).collect()
}

/// What somebody changed besides in documents that have drifted: items, which the plan leaves as they are.
fn beside_drift(drift: &Drift, told: &BTreeMap<&str, Vec<Change>>) -> Vec<String> {
    let drifted = drift.drifted.iter().map(|one| one.change.target.as_str());
    let drifted: BTreeSet<&str> = drifted.collect();
    let rest = drifted.into_iter().filter_map(|target| told.get(target));
    let items = rest
        .flatten()
        .filter(|change| change.address != change.target);
    items.map(|change| change.address.clone()).collect()
}

impl Drift {
    /// Sorts a change to a document of which no run says what it left there. What the spec itself takes away is the spec's, and
    /// so is what no run can have made: where the ledger has a record, it is one of this document as well.
    fn sort_unrecorded(&mut self, change: &Change, may_have_been_written: bool) {
        match change.reason {
            Reason::LeftSpec | Reason::Phase | Reason::Adopted => self.pending += 1,
            Reason::Missing if !may_have_been_written => self.pending += 1,
            Reason::Missing | Reason::Differs | Reason::BrokenPrincipal => {
                self.unrecorded.push(change.clone());
            }
            Reason::Unproven | Reason::LeftBehind => {}
        }
    }
}
