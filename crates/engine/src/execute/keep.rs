//! Keeping what is about to be written over, and what somebody else wrote and a read showed in passing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use s3ferry_core::format::document::encode;
use s3ferry_core::model::{Document, Target, fingerprint};
use s3ferry_core::plan::WriteStep;

use crate::events::RunEvent;
use crate::ledger::{DocumentId, Held, LedgerError, ReceiptStore};
use crate::problem::{Problem, ProblemKind};

use super::Context;
use super::between::is_half_written;

/// What is known of documents in a run; shared by its steps.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Those that are kept for good already.
    kept: Mutex<BTreeSet<DocumentId>>,
    /// Of each target, the fingerprints of what the run found, wrote or has told of.
    known: Mutex<BTreeMap<Target, BTreeSet<String>>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Texts {
    /// Knows a document of a target from now on; tells whether it is new.
    fn know(&self, target: &Target, document: Option<&Document>) -> bool {
        let mut known = lock(&self.known);
        let of_target = known.entry(target.clone()).or_default();
        of_target.insert(fingerprint(document))
    }
}

impl<W: Sync, R: ReceiptStore> Context<'_, W, R> {
    /// Keeps a document for good before it ends; what was kept in this run already costs nothing.
    pub(super) async fn keep(&self, document: Option<&Document>) -> Result<Held, LedgerError> {
        let Some(document) = document else {
            return Ok(Held::Absent);
        };
        let content = encode(document);
        let id = DocumentId::of(&content);
        let is_kept = lock(&self.texts.kept).contains(&id);
        if !is_kept {
            self.run.receipts.keep_document(&id, content).await?;
            lock(&self.texts.kept).insert(id.clone());
        }
        Ok(Held::Document(id))
    }

    /// Keeps what a step is about to write over.
    pub(super) async fn keep_before(
        &self,
        step: &WriteStep,
        before: Option<&Document>,
    ) -> Result<Held, Problem> {
        self.texts.know(&step.target, before);
        self.texts.know(&step.target, step.after.as_ref());
        let kept = self.keep(before).await;
        kept.map_err(|error| unkept(step, &error))
    }

    /// Keeps what goes with a step's target when that goes.
    pub(super) async fn keep_along(
        &self,
        step: &WriteStep,
        live: Option<&Document>,
    ) -> Result<Held, Problem> {
        let kept = self.keep(live).await;
        kept.map_err(|error| unkept(step, &error))
    }

    /// Keeps what a read answered where it is somebody else's and neither what the step found nor what it leaves, and tells it
    /// once. What it is worth is seen when the run has ended: it may be there still.
    pub(super) async fn glimpse(&self, step: &WriteStep, live: Option<&Document>) {
        if self.was_born(step, live) || !step.shows_somebodys(live) || is_half_written(step, live) {
            return;
        }
        if !self.texts.know(&step.target, live) {
            return;
        }
        // Where the ledger takes nothing, the next write says so; a read is no reason to stop.
        if let Ok(held) = self.keep(live).await {
            self.reporter.emit(|step| RunEvent::Glimpsed {
                step,
                document: held.to_string(),
            });
        }
    }
}

fn unkept(step: &WriteStep, error: &LedgerError) -> Problem {
    let source = std::error::Error::source(error);
    let why = source.map_or_else(String::new, |source| format!(": {source}"));
    let message = format!(
        "what {} holds could not be kept, so it is not written over: {error}{why}",
        step.target
    );
    Problem::new(ProblemKind::Ledger, message)
        .with_hint("make the ledger a folder of its own that can be written, and run again")
}
