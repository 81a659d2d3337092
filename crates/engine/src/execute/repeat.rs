//! Repetition: how often a call was tried, and whether and when it is tried again.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::events::{RunEvent, millis};
use crate::ledger::ReceiptStore;
use crate::limits::{Limits, patience};
use crate::ports::{Class, PortError};
use crate::problem::Problem;

use super::{Context, Slept};

/// The errors of one call so far.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: u32,
    by_class: BTreeMap<Class, u32>,
    first_error: Option<Instant>,
}

impl Attempts {
    /// Counts the errors, this one included.
    pub(super) const fn failed(&self) -> u32 {
        self.failed
    }

    /// Counts an error; the wait before the call is tried again, or `None` where it is not.
    pub(super) fn wait_after(
        &mut self,
        class: Class,
        seed: &str,
        limits: &Limits,
    ) -> Option<Duration> {
        self.failed += 1;
        let seen = self.by_class.entry(class).or_default();
        *seen += 1;
        let since = *self.first_error.get_or_insert_with(Instant::now);
        let patience = patience(class, limits)?;
        let wait = patience.waits.after(*seen, seed);
        let in_time = since.elapsed() + wait <= patience.total;
        (*seen < patience.attempts && in_time).then_some(wait)
    }
}

/// Whether an error of this class can pass by itself.
pub(super) fn passes(error: &PortError, limits: &Limits) -> bool {
    patience(error.class, limits).is_some()
}

/// Why a repeated call gave no answer.
pub(super) enum Stopped {
    /// The last error.
    Error(PortError),
    /// The run was asked to stop between two attempts.
    Cancelled,
}

impl<W: Sync, R: ReceiptStore> Context<'_, W, R> {
    /// Repeats a call that may be repeated blindly (an object put under a key of its own, a removal by version).
    pub(super) async fn repeat<T, F>(
        &self,
        call: impl Fn() -> F + Send + Sync,
    ) -> Result<T, Stopped>
    where
        T: Send,
        F: Future<Output = Result<T, PortError>> + Send,
    {
        let mut attempts = Attempts::default();
        loop {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let limits = self.run.limits;
            let Some(wait) = attempts.wait_after(error.class, self.seed(), limits) else {
                return Err(Stopped::Error(error));
            };
            self.tell_retry(attempts.failed(), wait, &error);
            if self.sleep(wait).await == Slept::Cancelled {
                return Err(Stopped::Cancelled);
            }
        }
    }

    /// Tells that a call will be tried again.
    pub(super) fn tell_retry(&self, attempt: u32, wait: Duration, error: &PortError) {
        let problem = Problem::from(error);
        self.reporter.emit(|step| RunEvent::Retrying {
            step,
            attempt,
            wait_ms: millis(wait),
            problem,
        });
    }
}
