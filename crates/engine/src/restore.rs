//! What a run found where it wrote, as its journal tells: what there is to give back.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::plan::Stage;

use crate::events::RunEvent;
use crate::journal::JournalFile;
use crate::ledger::Held;

/// What a run's journal says of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// What the run found there before its first write.
    pub before: Option<Held>,
    /// What it found or glimpsed besides, each with what the run had found when somebody made it.
    pub seen: Vec<Seen>,
    /// The fingerprint of what the run left there, as far as it knows: of what it meant to, where it was seen with more.
    pub left: Option<String>,
    /// The fingerprints of all that the run wrote there, or may have written.
    pub own: BTreeSet<String>,
}

/// Something else than what a run found first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it is.
    pub held: Held,
    /// What the run's last write before went over, or its first one.
    pub was: Option<Held>,
}

impl Kept {
    /// Everything that is kept of the document, what was there first before the rest.
    pub fn all(&self) -> impl Iterator<Item = &Held> {
        self.before
            .iter()
            .chain(self.seen.iter().map(|seen| &seen.held))
    }

    fn add(&mut self, held: Held) {
        match &self.before {
            None => self.before = Some(held),
            Some(first) if *first == held => {}
            Some(_) => self.see(held, None),
        }
    }

    fn see(&mut self, held: Held, was: Option<Held>) {
        if self.seen.iter().all(|seen| seen.held != held) {
            self.seen.push(Seen { held, was });
        }
    }
}

/// What a journal says of every document that its run wrote or meant to write, by address. Journals before 1.3 say nothing.
#[must_use]
pub fn kept(journal: &JournalFile) -> BTreeMap<String, Kept> {
    let mut all: BTreeMap<String, Kept> = BTreeMap::new();
    let mut last: BTreeMap<String, Held> = BTreeMap::new();
    for entry in &journal.entries {
        match &entry.what {
            RunEvent::Writing {
                step,
                attempt: _,
                wanted,
                before,
            } => {
                let Some(held) = before.as_deref().and_then(Held::parse) else {
                    continue;
                };
                let of = all.entry(Stage::target_of(step).to_owned()).or_default();
                of.add(held.clone());
                of.left.clone_from(wanted);
                of.own.extend(wanted.clone());
                last.insert(Stage::target_of(step).to_owned(), held);
            }
            RunEvent::Glimpsed { step, document } => {
                if let Some(held) = Held::parse(document) {
                    let was = last.get(Stage::target_of(step)).cloned();
                    let of = all.entry(Stage::target_of(step).to_owned()).or_default();
                    of.see(held, was);
                }
            }
            RunEvent::Settled {
                step,
                reads: _,
                took_ms: _,
                holds,
                left: _,
            } => {
                // What a read showed beside ours is not what the run made: with it, the document is changed since.
                if let Some(of) = all.get_mut(Stage::target_of(step))
                    && of.left.is_none()
                {
                    of.left.clone_from(holds);
                    of.own.extend(holds.clone());
                }
            }
            RunEvent::Started { .. }
            | RunEvent::StepStarted { .. }
            | RunEvent::Agreeing { .. }
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
            | RunEvent::Finished { .. } => {}
        }
    }
    for kept in all.values_mut() {
        for seen in &mut kept.seen {
            if seen.was.is_none() {
                seen.was.clone_from(&kept.before);
            }
        }
    }
    all
}
