//! Execution: brings the world to what the steps say, and proves what they ask to be proven.
//!
//! ```text
//! graph (are the steps sound?) -> board (which step is next?) -> scheduler (one loop, one event at a time)
//!                                                                   +--> write -> settle
//!                                                                   +--> goals: canary
//! ```
//!
//! The scheduler decides nothing about AWS and the steps decide nothing about each other. The one owner of retries of
//! writes is [`write`]; it reads again before it writes again, because an error does not say that nothing happened.

mod between;
mod board;
mod goals;
mod graph;
mod keep;
mod pace;
mod repeat;
mod scheduler;
mod settle;
mod write;

pub use goals::{CANARY_MARK, CANARY_SUBJECT};
pub use graph::InvalidSteps;
pub use scheduler::execute;

use s3ferry_core::model::Document;
use s3ferry_core::plan::WriteStep;

use crate::cancel::CancelToken;
use crate::clock::Clock;
use crate::events::Reporter;
use crate::ledger::ReceiptStore;
use crate::limits::Limits;

/// What a run works with.
pub struct Run<'a, W, R> {
    /// The run's identity: letters, digits and hyphens. No two runs of a spec have the same.
    pub id: &'a str,
    /// The world to change.
    pub world: &'a W,
    /// Where proofs are kept, and where canaries lie.
    pub receipts: &'a R,
    /// The date for receipts.
    pub clock: &'a dyn Clock,
    /// The bounds of every wait.
    pub limits: &'a Limits,
    /// When the world was read that the steps were planned from: what others write, too, is written over only after reads that
    /// agree from then on for [`Limits::agree`].
    pub read_at: tokio::time::Instant,
    /// Whether to stop.
    pub cancel: CancelToken,
}

/// What one step works with.
struct Context<'a, W, R> {
    run: &'a Run<'a, W, R>,
    reporter: Reporter,
    /// What is known of the step's bucket or role, where this run made it.
    made: Option<&'a board::Made>,
    /// What is known of documents in this run.
    texts: &'a keep::Texts,
    /// When what AWS takes few of a second may be written.
    pace: &'a pace::Pace,
    /// Whether the run writes anything that the step rests on.
    after_writes: bool,
}

impl<W: Sync, R: ReceiptStore> Context<'_, W, R> {
    /// Sleeps, unless the run is asked to stop; tells which.
    async fn sleep(&self, wait: std::time::Duration) -> Slept {
        tokio::select! {
            biased;
            () = self.run.cancel.cancelled() => Slept::Cancelled,
            () = tokio::time::sleep(wait) => Slept::Through,
        }
    }

    /// Whether a bucket of this run holds what it was born with.
    fn was_born(&self, step: &WriteStep, live: Option<&Document>) -> bool {
        let made = self.made;
        made.is_some_and(|made| step.is_born_with(live, &made.tags))
    }

    /// The seed of this step's jitter.
    fn seed(&self) -> &str {
        &self.reporter.step.0
    }
}

/// How a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slept {
    Through,
    Cancelled,
}
