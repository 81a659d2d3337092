//! The future: the world as it will be after the writes of a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::MigrationName;
use crate::model::{Document, Observed, Target};

/// What a target shall hold, and who wants it.
#[derive(Debug)]
pub(crate) struct Planned {
    /// The document; `None` for nothing.
    pub(crate) document: Option<Document>,
    /// The migrations that want it.
    pub(crate) migrations: BTreeSet<MigrationName>,
}

/// The world after a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Future<'a> {
    /// What was read.
    pub(crate) observed: &'a Observed,
    /// What the plan is about to leave behind.
    pub(crate) planned: &'a BTreeMap<Target, Planned>,
}

impl<'a> Future<'a> {
    /// What a target will hold, an unread target counting as absent.
    pub(crate) fn document(&self, target: &Target) -> Option<&'a Document> {
        match self.planned.get(target) {
            Some(planned) => planned.document.as_ref(),
            None => self.observed.document(target),
        }
    }
}
