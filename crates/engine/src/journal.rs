//! The journal: what a run did, line by line, for people and for the next run's explanation. It decides nothing of what is
//! written, but that without it nothing is: it names what a run writes over; that a saved plan goes on where a run of it stopped rests on it ([`crate::saved`]).
//!
//! JSON lines. The first is the [`Header`], each further one an [`Entry`]. A line is handed to the system whole, before the
//! next event is handled; so a killed run loses at most a torn last line. At the end of each step what was written is forced
//! to the disk, beside the run, which does not wait for it: a machine that loses its power loses the last steps' lines.

mod flusher;
mod reading;

pub use reading::{JournalError, JournalFile, NewerJournal, parse, read};

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use s3ferry_core::ids::{AccountId, InvalidName};
use s3ferry_core::model::Target;
use s3ferry_core::names::Names;
use s3ferry_core::spec::Spec;
use serde::{Deserialize, Serialize};

use self::flusher::Flusher;
use crate::cancel::Canceller;
use crate::clock::Clock;
use crate::events::{EventSink, RunEvent};
use crate::ledger::files::create_new;

/// The version of the format that this build writes.
pub const FORMAT: &str = "1.5";

/// The first line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format's version, [`FORMAT`].
    pub format: String,
    /// The version of s3ferry.
    pub s3ferry: String,
    /// The run's identity, also the journal's name.
    pub run: String,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// SHA-256 of the plan that is applied; of a restore, words that no plan has for its digest.
    pub plan: String,
    /// SHA-256 of the spec that the plan was made from.
    pub spec: String,
    /// The account IDs behind the names that steps begin with; not in journals before 1.3.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<String, String>,
}

/// Why the address of a journal leads to no target.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// It begins with no account.
    #[error(transparent)]
    Account(#[from] InvalidName),
    /// Its account is not the spec's.
    #[error("it is in account {0}, which these specs do not name; give the specs that do")]
    Elsewhere(AccountId),
    /// It is no address.
    #[error("it is not the address of a document")]
    NoAddress,
}

impl Header {
    /// The target of an address, by the account IDs of the run.
    ///
    /// # Errors
    /// [`Unreached`] where it leads to none of the spec's accounts.
    pub fn target(&self, spec: &Spec, address: &str) -> Result<Target, Unreached> {
        let (name, path) = address.split_once('/').unwrap_or((address, ""));
        let id = self.accounts.get(name).map_or(name, String::as_str);
        let account = AccountId::new(id)?;
        if !spec.accounts.values().any(|of| of.id == account) {
            return Err(Unreached::Elsewhere(account));
        }
        Names::target(spec, &account, path).ok_or(Unreached::NoAddress)
    }
}

/// A line after the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened, RFC 3339 in UTC.
    pub at: String,
    /// What happened.
    pub what: RunEvent,
}

/// A journal being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
    flusher: Flusher,
    /// The first failure; after it nothing more is written, so that the journal has no hole.
    failure: Option<io::Error>,
}

/// A journal that hears events.
pub struct JournalSink {
    journal: Journal,
    clock: Arc<dyn Clock>,
    canceller: Canceller,
}

impl Journal {
    /// Begins a journal in a new file.
    ///
    /// # Errors
    /// As the file system gives them; also where the file exists.
    pub fn create(path: &Path, header: &Header) -> io::Result<Self> {
        let file = create_new(path)?;
        let mut journal = Self {
            flusher: Flusher::of(file.try_clone()?)?,
            file,
            failure: None,
        };
        journal.append(header)?;
        journal.file.sync_data()?;
        Ok(journal)
    }

    /// Writes down the events that it hears, at the time that the clock tells. Where that fails the run is asked to stop: what
    /// it would write over then, nobody could tell.
    #[must_use]
    pub fn listen(self, clock: Arc<dyn Clock>, canceller: Canceller) -> JournalSink {
        JournalSink {
            journal: self,
            clock,
            canceller,
        }
    }

    fn append(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.file.write_all(&bytes)
    }

    fn record(&mut self, entry: &Entry) -> io::Result<()> {
        self.append(entry)?;
        if ends_something(&entry.what) {
            self.flusher.wake();
        }
        Ok(())
    }
}

impl EventSink for JournalSink {
    fn event(&mut self, event: &RunEvent) {
        if self.journal.failure.is_some() {
            return;
        }
        let entry = Entry {
            at: self.clock.now(),
            what: event.clone(),
        };
        self.journal.failure = self.journal.record(&entry).err();
        if self.journal.failure.is_some() {
            self.canceller.cancel();
        }
    }
}

impl JournalSink {
    /// Ends the journal.
    ///
    /// # Errors
    /// The first failure to write. No write was sent after it.
    pub fn finish(self) -> io::Result<()> {
        let Journal {
            file,
            flusher,
            failure,
        } = self.journal;
        let flushed = flusher.finish();
        match failure {
            Some(failure) => Err(failure),
            None => flushed.and_then(|()| file.sync_all()),
        }
    }
}

/// Whether an event is worth a trip to the disk.
const fn ends_something(event: &RunEvent) -> bool {
    match event {
        RunEvent::Done { .. }
        | RunEvent::Failed { .. }
        | RunEvent::Stale { .. }
        | RunEvent::Waiting { .. }
        | RunEvent::Interrupted { .. }
        | RunEvent::Glimpsed { .. }
        | RunEvent::Finished { .. } => true,
        RunEvent::Started { .. }
        | RunEvent::StepStarted { .. }
        | RunEvent::Agreeing { .. }
        | RunEvent::Writing { .. }
        | RunEvent::Retrying { .. }
        | RunEvent::Doubted { .. }
        | RunEvent::Merged { .. }
        | RunEvent::Settled { .. }
        | RunEvent::Canary { .. }
        | RunEvent::Job { .. }
        | RunEvent::Skipped { .. }
        | RunEvent::Stopping { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::canceller;

    #[test]
    fn a_failure_to_write_is_told_at_the_end_and_leaves_no_hole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        std::fs::write(&path, "").unwrap();
        let journal = |file: File| Journal {
            flusher: Flusher::of(file.try_clone().unwrap()).unwrap(),
            file,
            failure: None,
        };
        let clock: Arc<dyn Clock> = Arc::new(|| "now".to_owned());
        let read_only = journal(File::open(&path).unwrap());
        let (canceller, cancel) = canceller();
        let mut sink = read_only.listen(Arc::clone(&clock), canceller);
        assert!(!cancel.is_cancelled());
        sink.event(&RunEvent::Started { steps: 1 });
        assert!(cancel.is_cancelled(), "nothing more is written over");
        // Even if it could be written again, an event after a lost one would tell a wrong story.
        sink.journal.file = File::options().append(true).open(&path).unwrap();
        sink.event(&RunEvent::Started { steps: 2 });
        assert!(sink.finish().is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }
}
