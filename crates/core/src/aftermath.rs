//! Aftermath: what the world holds because of earlier writes of the same plan, told from what somebody else did since.
//!
//! A run that stopped half way leaves documents that differ from those that its plan was made from. What a step left is
//! known by its fingerprint. The rest follows: a new bucket holds AWS's defaults, and a role lists the policy put on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::kinds::{RolePolicies, Tags};
use crate::model::{Document, Observed, Target, fingerprint};
use crate::names::Names;

/// What steps of a plan left, by the targets' addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// The fingerprints of what a target was seen to hold, or would hold if a write was taken.
    pub prints: BTreeMap<String, BTreeSet<String>>,
    /// The targets that were read back as a step left them.
    pub settled: BTreeSet<String>,
}

impl Left {
    /// Whether a step brought a target to what it holds.
    fn is(&self, address: &str, document: Option<&Document>) -> bool {
        let prints = self.prints.get(address);
        prints.is_some_and(|prints| prints.contains(&fingerprint(document)))
    }
}

/// A world after runs of a plan that stopped.
#[derive(Debug, Clone, Copy)]
pub struct Aftermath<'a> {
    /// How addresses are made.
    pub names: &'a Names,
    /// The world as it is.
    pub observed: &'a Observed,
    /// What the plan was made from, as fingerprints by address.
    pub saved: &'a BTreeMap<String, String>,
    /// The addresses of the targets that are not as wanted yet.
    pub open: &'a BTreeSet<&'a str>,
    /// What the runs left.
    pub left: &'a Left,
}

impl Aftermath<'_> {
    /// The addresses of all that is as it is because of the runs.
    #[must_use]
    pub fn own(&self) -> BTreeSet<String> {
        let is_own =
            |(target, document): &(&Target, Option<&Document>)| self.is_own(target, *document);
        let own = self.observed.iter().filter(is_own);
        own.map(|(target, _)| self.names.address(target)).collect()
    }

    fn is_own(&self, target: &Target, document: Option<&Document>) -> bool {
        let address = self.names.address(target);
        if self.left.is(&address, document) {
            return true;
        }
        // Somebody has brought it to something else since.
        if self.left.settled.contains(&address) {
            return false;
        }
        match document {
            None => self.was_made(target) || self.was_ruled_out(target),
            Some(Document::RolePolicies(live)) => self.lists_ours(target, live),
            Some(_) => {
                let is_wanted = !self.open.contains(address.as_str());
                let is_born = || target.kind().is_born_with(document, &Tags::new());
                self.was_made(target) && (is_wanted || is_born())
            }
        }
    }

    /// Whether a run made the bucket or the role that a target is a part of. Where somebody has changed it since, that is told of
    /// the bucket or the role, and its parts are still ours.
    fn was_made(&self, target: &Target) -> bool {
        let Some(whole) = target.whole() else {
            return false;
        };
        let address = self.names.address(&whole);
        let live = self.observed.document(&whole);
        let saved = self.saved.get(&address);
        let was_absent = saved.is_none_or(|saved| *saved == fingerprint(None));
        was_absent && live.is_some() && self.left.prints.contains_key(&address)
    }

    /// Whether the plan had no need to read a target that holds nothing, and a run has written something else of the same place
    /// since: without versioning there was no Object Lock, and now it takes a look to know that there is none.
    fn was_ruled_out(&self, target: &Target) -> bool {
        let is_left = |(other, document): (&Target, Option<&Document>)| {
            other.whole() == target.whole() && self.left.is(&self.names.address(other), document)
        };
        let was_read = self.saved.contains_key(&self.names.address(target));
        !was_read && target.whole().is_some() && self.observed.iter().any(is_left)
    }

    /// Whether a role's policies besides ours are those of before.
    fn lists_ours(&self, target: &Target, live: &RolePolicies) -> bool {
        let saved = self.saved.get(&self.names.address(target));
        let is_as_before =
            || saved == Some(&fingerprint(Some(&Document::RolePolicies(live.clone()))));
        is_as_before() || (live.foreign().next().is_none() && self.was_made(target))
    }
}
