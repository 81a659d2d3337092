//! The call log: every API call, in the order of arrival, and with the newest of them what logs of AWS tell besides: the
//! event history, trails and access logs read it, and keep nothing of their own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use serde::Serialize;

use crate::particulars::{Particulars, Replied};

/// One API call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CallRecord {
    /// Its number, from 1, over all services.
    pub seq: u64,
    /// `s3`, `iam`, `sts`, as in the credential scope.
    pub service: String,
    /// AWS's name of the operation, as `PutBucketReplication`.
    pub operation: String,
    /// Account of the caller; empty where the request was not signed with a known key.
    pub account: String,
    /// ARN of the caller, likewise.
    pub caller: String,
    /// Region of the credential scope.
    pub region: String,
    /// `bucket`, `bucket/key`, the role's name ...; empty where the call has none.
    pub resource: String,
    /// HTTP status of the reply; 0 while the call runs and where it got no reply.
    pub status: u16,
    /// AWS's error code, where the reply is an error with one.
    pub error_code: Option<String>,
    /// Milliseconds from the start of the sandbox to the call's arrival.
    pub at_ms: u64,
}

/// How many calls are kept at least. A sandbox that runs for days must not grow without bound.
const KEPT: usize = 200_000;

/// How many bytes the particulars of calls may take; the oldest go first.
const WEIGHT: usize = 64 << 20;

/// The calls of one sandbox.
#[derive(Debug)]
pub(crate) struct CallLog {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Of the newest call; it never begins again.
    serial: u64,
    /// Calls up to this serial are forgotten for whoever asks for the log.
    forgotten: u64,
    /// Calls of clients since then.
    count: u64,
    calls: VecDeque<Entry>,
    weight: usize,
    /// Calls up to this serial have no particulars any more.
    lightened: u64,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    call: CallRecord,
    /// AWS itself made it, as when it replicates.
    of_aws: bool,
    more: Option<Arc<Particulars>>,
    replied: Option<Replied>,
}

/// A call with its particulars, after it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) serial: u64,
    pub(crate) call: CallRecord,
    pub(crate) more: Arc<Particulars>,
    pub(crate) replied: Replied,
}

/// A call that runs.
#[derive(Debug)]
pub(crate) struct Open {
    serial: u64,
    pub(crate) call: CallRecord,
}

impl CallLog {
    /// Starts an empty log.
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            state: Mutex::default(),
        }
    }

    /// Numbers a call and enters it without a result.
    pub(crate) fn open(&self, mut call: CallRecord, more: Option<Particulars>) -> Open {
        let mut state = self.lock();
        state.count += 1;
        call.seq = state.count;
        call.at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let serial = state.push(call.clone(), more, false);
        drop(state);
        Open { serial, call }
    }

    /// Enters the result of a call.
    pub(crate) fn close(
        &self,
        open: &Open,
        (status, error_code): (u16, Option<String>),
        replied: Option<Replied>,
    ) {
        let mut state = self.lock();
        if let Some(entry) = state.entry(open.serial) {
            (entry.call.status, entry.call.error_code) = (status, error_code);
            entry.replied = replied;
        }
    }

    /// Enters a call that AWS made itself. Whoever asks for the log does not see it.
    pub(crate) fn note(&self, call: CallRecord, more: Particulars, replied: Replied) {
        let mut state = self.lock();
        let serial = state.push(call, Some(more), true);
        if let Some(entry) = state.entry(serial) {
            entry.replied = Some(replied);
        }
    }

    /// Returns the calls of clients since the start or the last reset, as far as they are kept.
    pub(crate) fn all(&self) -> Vec<CallRecord> {
        let state = self.lock();
        let shown = state
            .calls
            .iter()
            .filter(|entry| entry.serial > state.forgotten && !entry.of_aws);
        shown.map(|entry| entry.call.clone()).collect()
    }

    /// Forgets the calls for whoever asks for the log; numbers go on from 1.
    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        state.forgotten = state.serial;
        state.count = 0;
    }

    /// Returns the calls after a serial that were answered, up to an instant.
    pub(crate) fn told(&self, after: u64, until: SystemTime) -> Vec<Told> {
        let state = self.lock();
        let from = state.calls.partition_point(|entry| entry.serial <= after);
        let entries = state.calls.range(from..);
        // Calls come in the order of time, so that nobody looks at what is not due.
        let due =
            entries.take_while(|entry| entry.more.as_ref().is_none_or(|more| more.at <= until));
        due.filter_map(Entry::told).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn told(&self) -> Option<Told> {
        Some(Told {
            serial: self.serial,
            call: self.call.clone(),
            more: Arc::clone(self.more.as_ref()?),
            replied: self.replied.clone()?,
        })
    }
}

impl State {
    fn push(&mut self, call: CallRecord, more: Option<Particulars>, of_aws: bool) -> u64 {
        self.serial += 1;
        if self.calls.len() >= 2 * KEPT {
            let gone = self.calls.drain(..KEPT);
            let weights = gone.filter_map(|entry| Some(entry.more?.weight()));
            self.weight -= weights.sum::<usize>();
        }
        self.weight += more.as_ref().map_or(0, Particulars::weight);
        self.calls.push_back(Entry {
            serial: self.serial,
            call,
            of_aws,
            more: more.map(Arc::new),
            replied: None,
        });
        self.lighten();
        self.serial
    }

    /// Lets go of the oldest particulars while there are too many.
    fn lighten(&mut self) {
        while self.weight > WEIGHT {
            self.lightened += 1;
            let serial = self.lightened;
            let Some(more) = self.entry(serial).and_then(|entry| entry.more.take()) else {
                continue;
            };
            self.weight -= more.weight();
        }
    }

    fn entry(&mut self, serial: u64) -> Option<&mut Entry> {
        let at = self
            .calls
            .binary_search_by_key(&serial, |entry| entry.serial);
        at.ok().and_then(|at| self.calls.get_mut(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> CallRecord {
        let none = String::new;
        CallRecord {
            seq: 0,
            service: none(),
            operation: none(),
            account: none(),
            caller: none(),
            region: none(),
            resource: none(),
            status: 0,
            error_code: None,
            at_ms: 0,
        }
    }

    #[test]
    fn the_oldest_calls_go_first_and_results_still_find_theirs() {
        let log = CallLog::new();
        let mut opened = Vec::new();
        for _ in 0..=2 * KEPT {
            opened.push(log.open(call(), None));
        }
        log.close(&opened[0], (200, None), None);
        let failed = (404, Some("NoSuchKey".to_owned()));
        log.close(&opened[2 * KEPT - 1], failed, None);
        let calls = log.all();
        assert_eq!((calls.len(), calls[0].seq), (KEPT + 1, KEPT as u64 + 1));
        let statuses: Vec<_> = calls.iter().filter(|call| call.status != 0).collect();
        assert_eq!((statuses.len(), statuses[0].status), (1, 404));
    }

    #[test]
    fn what_is_forgotten_is_still_told_to_logs() {
        let log = CallLog::new();
        let now = SystemTime::now();
        let open = log.open(call(), Some(Particulars::of_aws(now)));
        log.close(&open, (200, None), Some(Replied::default()));
        log.note(call(), Particulars::of_aws(now), Replied::default());
        log.reset();
        assert!(log.all().is_empty());
        assert_eq!(log.open(call(), None).call.seq, 1);
        let told = log.told(0, now);
        assert_eq!(
            told.iter().map(|told| told.serial).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(log.told(1, now).len(), 1);
        let before = now - std::time::Duration::from_secs(1);
        assert!(log.told(0, before).is_empty());
    }

    #[test]
    fn particulars_are_bounded() {
        let log = CallLog::new();
        let now = SystemTime::now();
        let heavy = Particulars {
            input: "x".repeat(WEIGHT / 4),
            ..Particulars::of_aws(now)
        };
        for _ in 0..5 {
            log.note(call(), heavy.clone(), Replied::default());
        }
        let told = log.told(0, now);
        assert_eq!(
            told.iter().map(|told| told.serial).collect::<Vec<_>>(),
            [3, 4, 5]
        );
    }
}
