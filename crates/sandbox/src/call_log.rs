//! The call log: every API call, in the order of arrival.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

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

/// The calls of one sandbox.
#[derive(Debug)]
pub(crate) struct CallLog {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    count: u64,
    calls: Vec<CallRecord>,
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
    pub(crate) fn open(&self, mut call: CallRecord) -> CallRecord {
        let mut state = self.lock();
        state.count += 1;
        call.seq = state.count;
        call.at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if state.calls.len() >= 2 * KEPT {
            state.calls.drain(..KEPT);
        }
        state.calls.push(call.clone());
        call
    }

    /// Enters the result of a call, unless the log was reset since.
    pub(crate) fn close(&self, seq: u64, status: u16, error_code: Option<String>) {
        let mut state = self.lock();
        if let Ok(index) = state.calls.binary_search_by_key(&seq, |call| call.seq) {
            let call = &mut state.calls[index];
            (call.status, call.error_code) = (status, error_code);
        }
    }

    /// Returns the calls since the start or the last reset, as far as they are kept.
    pub(crate) fn all(&self) -> Vec<CallRecord> {
        self.lock().calls.clone()
    }

    /// Forgets the calls; numbers go on from 1.
    pub(crate) fn reset(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        for _ in 0..=2 * KEPT {
            log.open(call());
        }
        log.close(1, 200, None);
        log.close(2 * KEPT as u64, 404, Some("NoSuchKey".to_owned()));
        let calls = log.all();
        assert_eq!((calls.len(), calls[0].seq), (KEPT + 1, KEPT as u64 + 1));
        let statuses: Vec<_> = calls.iter().filter(|call| call.status != 0).collect();
        assert_eq!((statuses.len(), statuses[0].status), (1, 404));
    }
}
