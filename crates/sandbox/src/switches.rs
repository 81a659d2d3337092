//! What a test or a person can make go wrong: faults, latency, propagation delay, stale reads.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::call_log::CallRecord;
use crate::clock::FARTHEST_MS;

/// A fault armed for calls of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `s3`, `iam` or `sts`; empty for any.
    #[serde(default)]
    pub service: String,
    /// AWS's name of the operation, as `PutBucketReplication`; empty for any.
    #[serde(default)]
    pub operation: String,
    /// Which matching call from now on fails, counted from 1; 0 is every one.
    #[serde(default)]
    pub nth: u32,
    /// How it fails.
    pub kind: FaultKind,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultKind {
    /// Nothing is applied; the reply is this error, in the service's own form.
    ErrorBefore {
        /// HTTP status.
        status: u16,
        /// AWS's error code.
        code: String,
        /// AWS's error message.
        message: String,
    },
    /// The call is applied, but the reply is an internal error (500).
    ErrorAfter,
    /// Nothing is applied; the connection closes without a reply.
    DropBefore,
    /// The call is applied; the connection closes without a reply.
    DropAfter,
    /// Nothing is applied; the service's own throttling error.
    Throttle,
}

/// What a hook wants to happen to a call.
#[non_exhaustive]
pub enum Hook {
    /// The call goes on.
    Continue,
    /// The call fails like this.
    Fail(FaultKind),
    /// This happens first, then the call goes on. The work may call the sandbox itself; the hook
    /// sees those calls, too.
    First(BoxFuture<'static, ()>),
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continue => f.write_str("Continue"),
            Self::Fail(kind) => f.debug_tuple("Fail").field(kind).finish(),
            Self::First(_) => f.write_str("First(..)"),
        }
    }
}

type Callback = Arc<dyn Fn(&CallRecord) -> Hook + Send + Sync>;

/// The sandbox's switches. All can be set at any time, from any thread.
#[derive(Default)]
pub struct Switches {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    delays: Delays,
    reads: usize,
    faults: Vec<Armed>,
    calls: Vec<(u64, FaultKind)>,
    hook: Option<Callback>,
}

/// The switches that are plain values, as the control endpoint shows and takes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Delays {
    pub(crate) latency_ms: u64,
    pub(crate) propagation_delay_ms: u64,
    pub(crate) replication_delay_ms: u64,
    pub(crate) stale_reads_ms: u64,
    pub(crate) iam_reads_lag: bool,
    pub(crate) missing_after_versioning_ms: u64,
    /// 0 is as many as there are.
    pub(crate) alarm_writes_per_second: u64,
    pub(crate) lookups_throttled: bool,
    /// 0 is as many as there are.
    pub(crate) reads_per_prefix: u64,
    pub(crate) batch_status_ms: u64,
}

impl Delays {
    /// No delay is longer than the clock can be set ahead: beyond, times could not be represented.
    fn bound(&mut self) {
        let Self {
            latency_ms,
            propagation_delay_ms,
            replication_delay_ms,
            stale_reads_ms,
            iam_reads_lag: _,
            missing_after_versioning_ms,
            alarm_writes_per_second: _,
            lookups_throttled: _,
            reads_per_prefix: _,
            batch_status_ms,
        } = self;
        for delay in [
            latency_ms,
            propagation_delay_ms,
            replication_delay_ms,
            stale_reads_ms,
            missing_after_versioning_ms,
            batch_status_ms,
        ] {
            *delay = (*delay).min(FARTHEST_MS);
        }
    }
}

struct Armed {
    fault: Fault,
    seen: u32,
}

impl Switches {
    /// Every call takes at least this long.
    pub fn latency(&self, latency: Duration) -> &Self {
        self.set(|delays| delays.latency_ms = millis(latency))
    }

    /// Changes to IAM take effect, and new principals become valid, only after this long; so do
    /// bucket policies and replication configurations.
    pub fn propagation_delay(&self, delay: Duration) -> &Self {
        self.set(|delays| delays.propagation_delay_ms = millis(delay))
    }

    /// A replica appears only this long after its object was written.
    pub fn replication_delay(&self, delay: Duration) -> &Self {
        self.set(|delays| delays.replication_delay_ms = millis(delay))
    }

    /// Reads of configuration may answer as of up to this long ago. The age differs from read to
    /// read, so a later read can be older than an earlier one, as AWS allows for replication
    /// configurations ("a get request soon after put or delete can return a wrong result";
    /// BC:s3 GetBucketReplication).
    pub fn stale_reads(&self, age: Duration) -> &Self {
        self.set(|delays| delays.stale_reads_ms = millis(age))
    }

    /// Reads of IAM itself show changes only after the propagation delay, too.
    pub fn iam_reads_lag(&self, lag: bool) -> &Self {
        self.set(|delays| delays.iam_reads_lag = lag)
    }

    /// For this long after versioning is first enabled on a bucket, HEAD and GET of objects that were written since answer
    /// 404, though they are there and listings show them ("you might see ... HTTP 404 NoSuchKey errors"; BC:s3
    /// PutBucketVersioning).
    pub fn missing_after_versioning(&self, lag: Duration) -> &Self {
        self.set(|delays| delays.missing_after_versioning_ms = millis(lag))
    }

    /// PutMetricAlarm takes so many calls in a second from an account in a Region and answers the others `Throttling`; AWS takes 3
    /// (CWUG:cloudwatch_limits). 0 takes all.
    pub fn alarm_writes_per_second(&self, most: u64) -> &Self {
        self.set(|delays| delays.alarm_writes_per_second = most)
    }

    /// LookupEvents of CloudTrail is refused with a throttling error beyond two in a second for an account in a Region, as AWS
    /// refuses it.
    pub fn throttle_lookups(&self, throttled: bool) -> &Self {
        self.set(|delays| delays.lookups_throttled = throttled)
    }

    /// S3 takes so many reads and listings in a second of what keys have up to their first slash, and answers the others `SlowDown`;
    /// AWS takes 5,500 at least of each prefix that it has parted a bucket into (UG:optimizing-performance). 0 takes all.
    pub fn reads_per_prefix(&self, most: u64) -> &Self {
        self.set(|delays| delays.reads_per_prefix = most)
    }

    /// A job of S3 Batch Operations stays this long in every status that it leaves by itself, and does a hundred tasks in as
    /// much; at first it takes no time.
    pub fn batch_status(&self, lasts: Duration) -> &Self {
        self.set(|delays| delays.batch_status_ms = millis(lasts))
    }

    /// Arms a fault. Several can be armed; a call takes the first that is due.
    pub fn fail(&self, fault: Fault) -> &Self {
        self.lock().faults.push(Armed { fault, seen: 0 });
        self
    }

    /// The k-th call of any service from now on (counted from 1) fails.
    pub fn fail_call(&self, k: u64, kind: FaultKind) -> &Self {
        self.lock().calls.push((k.max(1), kind));
        self
    }

    /// Calls back before every call (its record has no result yet), for tests that change the
    /// world between two calls. There is one hook; a new one replaces it.
    pub fn on_call(&self, callback: impl Fn(&CallRecord) -> Hook + Send + Sync + 'static) -> &Self {
        self.lock().hook = Some(Arc::new(callback));
        self
    }

    /// Removes every armed fault and the hook.
    pub fn clear_faults(&self) -> &Self {
        let mut state = self.lock();
        state.faults.clear();
        state.calls.clear();
        state.hook = None;
        drop(state);
        self
    }

    /// Returns the plain values.
    pub(crate) fn delays(&self) -> Delays {
        self.lock().delays
    }

    /// Replaces the plain values.
    pub(crate) fn set_delays(&self, new: Delays) {
        self.set(|delays| *delays = new);
    }

    /// Returns the instant whose state of IAM is in effect now.
    pub(crate) fn effective(&self, now: SystemTime) -> SystemTime {
        now.checked_sub(Duration::from_millis(self.delays().propagation_delay_ms))
            .unwrap_or(now)
    }

    /// Returns the instant a read of configuration answers from: now, unless reads are stale.
    pub(crate) fn read_instant(&self, now: SystemTime) -> SystemTime {
        // Parts of the age in sixteenths. The first read after a write is fully stale, a later
        // one is fresh, and then time runs backwards: what a client must cope with.
        const AGES: [u64; 6] = [16, 16, 0, 12, 0, 4];
        let mut state = self.lock();
        let age = state.delays.stale_reads_ms;
        if age == 0 {
            return now;
        }
        let part = AGES[state.reads % AGES.len()];
        state.reads = state.reads.wrapping_add(1);
        now.checked_sub(Duration::from_millis(age / 16 * part))
            .unwrap_or(now)
    }

    /// Returns the hook, to be called without holding the switches.
    pub(crate) fn hook(&self) -> Option<Callback> {
        self.lock().hook.clone()
    }

    /// Counts a call and returns the fault that is due for it.
    pub(crate) fn due(&self, service: &str, operation: &str) -> Option<FaultKind> {
        let mut state = self.lock();
        let by_number = due_by_number(&mut state.calls);
        let by_name = due_by_name(&mut state.faults, service, operation);
        by_number.or(by_name)
    }

    fn set(&self, change: impl FnOnce(&mut Delays)) -> &Self {
        let mut state = self.lock();
        change(&mut state.delays);
        state.delays.bound();
        drop(state);
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Switches")
            .field("delays", &state.delays)
            .field("faults", &state.faults.len())
            .field("calls", &state.calls)
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn due_by_number(calls: &mut Vec<(u64, FaultKind)>) -> Option<FaultKind> {
    for (left, _) in calls.iter_mut() {
        *left -= 1;
    }
    let due = calls
        .iter()
        .find(|(left, _)| *left == 0)
        .map(|(_, kind)| kind.clone());
    calls.retain(|(left, _)| *left > 0);
    due
}

fn due_by_name(faults: &mut Vec<Armed>, service: &str, operation: &str) -> Option<FaultKind> {
    let matches = |wanted: &str, actual: &str| wanted.is_empty() || wanted == actual;
    let mut due = None;
    faults.retain_mut(|armed| {
        let Fault {
            service: wanted,
            operation: name,
            nth,
            kind,
        } = &armed.fault;
        if !matches(wanted, service) || !matches(name, operation) {
            return true;
        }
        armed.seen = armed.seen.saturating_add(1);
        let fires = *nth == 0 || armed.seen == *nth;
        if fires && due.is_none() {
            due = Some(kind.clone());
        }
        *nth == 0 || armed.seen < *nth
    });
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(operation: &str, nth: u32) -> Fault {
        let (service, operation) = ("s3".to_owned(), operation.to_owned());
        Fault {
            service,
            operation,
            nth,
            kind: FaultKind::Throttle,
        }
    }

    #[test]
    fn the_nth_matching_call_fails_once() {
        let switches = Switches::default();
        switches.fail(fault("PutObject", 2));
        let calls = ["PutObject", "GetObject", "PutObject", "PutObject"];
        let due = calls.map(|operation| switches.due("s3", operation).is_some());
        assert_eq!(due, [false, false, true, false]);
        assert_eq!(switches.due("iam", "PutObject"), None);
    }

    #[test]
    fn nth_zero_fails_every_call_until_cleared() {
        let switches = Switches::default();
        switches.fail(fault("", 0));
        assert!(switches.due("s3", "A").is_some() && switches.due("s3", "B").is_some());
        switches.clear_faults();
        assert_eq!(switches.due("s3", "A"), None);
    }

    #[test]
    fn the_kth_call_of_any_service_fails() {
        let switches = Switches::default();
        switches
            .fail_call(1, FaultKind::DropBefore)
            .fail_call(3, FaultKind::DropAfter);
        let due = ["s3", "iam", "sts", "s3"].map(|service| switches.due(service, "X"));
        assert_eq!(
            due,
            [
                Some(FaultKind::DropBefore),
                None,
                Some(FaultKind::DropAfter),
                None
            ]
        );
    }

    #[test]
    fn stale_reads_go_backwards() {
        let switches = Switches::default();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        assert_eq!(switches.read_instant(now), now);
        switches.stale_reads(Duration::from_secs(16));
        let ages: Vec<_> = (0..6)
            .map(|_| {
                now.duration_since(switches.read_instant(now))
                    .unwrap()
                    .as_secs()
            })
            .collect();
        assert_eq!(ages, [16, 16, 0, 12, 0, 4]);
    }

    #[test]
    fn no_delay_is_longer_than_time() {
        let switches = Switches::default();
        let all = r#"{"latency_ms":18446744073709551615,"propagation_delay_ms":18446744073709551615,
            "replication_delay_ms":18446744073709551615,"stale_reads_ms":18446744073709551615,
            "missing_after_versioning_ms":18446744073709551615}"#;
        switches.set_delays(serde_json::from_str(all).unwrap());
        switches.latency(Duration::MAX);
        let now = SystemTime::now();
        let Delays {
            latency_ms,
            replication_delay_ms,
            ..
        } = switches.delays();
        for delay in [latency_ms, replication_delay_ms] {
            assert_eq!(delay, FARTHEST_MS);
        }
        assert!(switches.effective(now) < now && switches.read_instant(now) < now);
    }

    #[test]
    fn faults_can_be_read_from_json() {
        let json =
            r#"{"service":"iam","operation":"GetRole","nth":1,"kind":{"type":"drop_after"}}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert_eq!(fault.kind, FaultKind::DropAfter);
    }
}
