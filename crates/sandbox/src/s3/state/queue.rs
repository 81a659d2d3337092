//! Work that waits for its time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::{Notify, watch};

use super::replication::Configuration;
use super::version::Version;
use crate::s3::xml;

/// One version to replicate.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version_id: String,
    pub(crate) work: Work,
    pub(crate) configuration: Arc<Configuration>,
    /// Indexes of the rules that apply, one for each destination bucket.
    pub(crate) rules: Vec<usize>,
    /// When it is to be done.
    pub(crate) due: SystemTime,
}

/// What is to be done with a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Object,
    DeleteMarker,
    /// Tags changed after the version was replicated.
    Metadata,
}

impl Work {
    /// Returns what there is to do with a version that is not copied.
    pub(crate) fn of(version: &Version) -> Self {
        if version.is_marker() {
            Self::DeleteMarker
        } else {
            Self::Object
        }
    }
}

/// A configuration's text and what it says, if it can be read.
type Parsed = (Arc<str>, Option<Arc<Configuration>>);

/// The queue of one store.
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Arc<Notify>,
    /// Jobs waiting or at work.
    pending: watch::Sender<usize>,
    /// The last configuration read of each bucket, so that not every write parses it again.
    parsed: Mutex<BTreeMap<String, Parsed>>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<(SystemTime, u64), Job>,
    count: u64,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            wake: Arc::default(),
            pending: watch::Sender::new(0),
            parsed: Mutex::default(),
        }
    }
}

impl Queue {
    /// Adds a job.
    pub(crate) fn add(&self, job: Job) {
        let mut state = self.state();
        state.count += 1;
        let place = (job.due, state.count);
        state.jobs.insert(place, job);
        drop(state);
        self.pending.send_modify(|pending| *pending += 1);
        self.wake.notify_one();
    }

    /// Parses a bucket's configuration, or returns it parsed where it is the one of last time.
    pub(crate) fn parsed(&self, bucket: &str, text: &Arc<str>) -> Option<Arc<Configuration>> {
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, configuration)) = parsed.get(bucket)
            && Arc::ptr_eq(last, text)
        {
            return configuration.clone();
        }
        let root = xml::parse(text.as_bytes()).ok();
        let configuration = root
            .and_then(|root| Configuration::parse(&root).ok())
            .map(Arc::new);
        parsed.insert(bucket.to_owned(), (Arc::clone(text), configuration.clone()));
        configuration
    }

    /// Takes the first job that is due; [`Queue::done`] must follow.
    pub(crate) fn next(&self, now: SystemTime) -> Option<Job> {
        let mut state = self.state();
        let first = state
            .jobs
            .first_entry()
            .filter(|entry| entry.key().0 <= now)?;
        Some(first.remove())
    }

    /// Says that a job was finished.
    pub(crate) fn done(&self) {
        self.pending
            .send_modify(|pending| *pending = pending.saturating_sub(1));
    }

    /// Says whether a job was taken and is not finished.
    pub(crate) fn is_at_work(&self) -> bool {
        *self.pending.borrow() > self.state().jobs.len()
    }

    /// Says whether jobs wait.
    pub(crate) fn has_work(&self) -> bool {
        !self.state().jobs.is_empty()
    }

    /// Returns what is notified when a job comes.
    pub(crate) fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Waits until no job waits or is at work.
    pub(crate) async fn settle(&self) {
        // The sender lives in this queue, so the wait cannot fail while it is borrowed.
        let _ = self
            .pending
            .subscribe()
            .wait_for(|pending| *pending == 0)
            .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
