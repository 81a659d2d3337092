//! What runs left where they wrote, as their journals tell: what somebody's change is told from the spec's own by.

use std::collections::BTreeMap;

use s3ferry_core::model::Target;
use s3ferry_core::plan::Stage;
use s3ferry_core::spec::Spec;

use super::document::Held;
use crate::events::RunEvent;
use crate::journal::JournalFile;

/// What a run left at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The run.
    pub run: String,
    /// When it had read it back, RFC 3339 in UTC.
    pub at: String,
    /// The fingerprint of what it read back; none where it did not come to that, so that nobody knows.
    pub fingerprint: Option<String>,
    /// What it read back, where the ledger keeps it: a journal before 1.4 does not say.
    pub held: Option<Held>,
}

/// What the last run of each target left there.
pub type LeftByRuns = BTreeMap<Target, Left>;

/// Goes on with the journal of a later run. One before 1.3 does not say which accounts its names stand for, and tells nothing.
pub(super) fn hear(by_target: &mut LeftByRuns, spec: &Spec, journal: &JournalFile) {
    for entry in &journal.entries {
        let (step, fingerprint, held) = match &entry.what {
            // Until it is read back, nobody knows what is there.
            RunEvent::Writing { step, .. } => (step, None, None),
            RunEvent::Settled {
                step,
                reads: _,
                took_ms: _,
                holds,
                left,
            } => (step, holds.clone(), left.as_deref().and_then(Held::parse)),
            RunEvent::Started { .. }
            | RunEvent::StepStarted { .. }
            | RunEvent::Agreeing { .. }
            | RunEvent::Glimpsed { .. }
            | RunEvent::Retrying { .. }
            | RunEvent::Doubted { .. }
            | RunEvent::Merged { .. }
            | RunEvent::Canary { .. }
            | RunEvent::Job { .. }
            | RunEvent::Done { .. }
            | RunEvent::Failed { .. }
            | RunEvent::Stale { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Waiting { .. }
            | RunEvent::Stopping { .. }
            | RunEvent::Interrupted { .. }
            | RunEvent::Finished { .. } => continue,
        };
        if let Ok(target) = journal.header.target(spec, Stage::target_of(step)) {
            let left = Left {
                run: journal.header.run.clone(),
                at: entry.at.clone(),
                fingerprint,
                held,
            };
            by_target.insert(target, left);
        }
    }
}
