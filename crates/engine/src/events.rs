//! Events: what happens in a run, told once; the journal and the printer read the same stream.
//!
//! These are wire types of the journal, whose version is [`crate::journal::FORMAT`]; what a minor and a major version may do
//! is the table of [`s3ferry_core::format::reading`].

use std::time::Duration;

use s3ferry_core::plan::StepId;
use serde::{Deserialize, Serialize};

use crate::outcome::{Counts, How, Verdict};
use crate::problem::Problem;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run began.
    Started {
        /// How many steps it has.
        steps: u64,
    },
    /// A step began.
    StepStarted {
        /// The step.
        step: String,
        /// What it does.
        action: StepAction,
    },
    /// Steps that write what others write, too, wait until reads have agreed for long enough; not in journals before 1.2.
    Agreeing {
        /// How many steps wait, so far.
        steps: u64,
        /// How long reads must agree, in milliseconds.
        agree_ms: u64,
        /// How much of that is left, in milliseconds.
        wait_ms: u64,
    },
    /// A write is about to be sent. It may or may not have happened if this is the last that is known.
    Writing {
        /// The step.
        step: String,
        /// Which attempt this is, from 1.
        attempt: u32,
        /// The fingerprint of what the target holds if the write is taken; not in journals before 1.1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wanted: Option<String>,
        /// What the target held when it was looked at last: `absent`, or the name of the document in the ledger
        /// ([`crate::ledger::Held`]); not in journals before 1.3.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// A read answered what is somebody else's and neither what the step found nor what it leaves: it may have been written
    /// over, so it is kept; not in journals before 1.3.
    Glimpsed {
        /// The step.
        step: String,
        /// `absent`, or the name of the document in the ledger ([`crate::ledger::Held`]).
        document: String,
    },
    /// A call failed and will be repeated after a wait.
    Retrying {
        /// The step.
        step: String,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// The wait in milliseconds.
        wait_ms: u64,
        /// What failed.
        problem: Problem,
    },
    /// A document is not as expected yet: an old read, or somebody's edit; it will be read again.
    Doubted {
        /// The step.
        step: String,
        /// The target's address.
        target: String,
    },
    /// Another spec's apply wrote the document at the same time: the step's change is made in what it left; not in journals
    /// before 1.2.
    Merged {
        /// The step.
        step: String,
        /// The target's address.
        target: String,
    },
    /// What was written is read back.
    Settled {
        /// The step.
        step: String,
        /// How many reads it took.
        reads: u32,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// The fingerprint of what the target holds; not in journals before 1.1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holds: Option<String>,
        /// What the target holds: `absent`, or the name of the document in the ledger ([`crate::ledger::Held`]), where it could be
        /// kept; not in journals before 1.4.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<String>,
    },
    /// A canary came one step further.
    Canary {
        /// The step.
        step: String,
        /// How far it is.
        progress: CanaryProgress,
    },
    /// A job of S3 Batch Operations came one step further; not in journals before 1.5.
    Job {
        /// The step.
        step: String,
        /// How far it is.
        progress: JobProgress,
    },
    /// A step is done.
    Done {
        /// The step.
        step: String,
        /// How.
        how: How,
    },
    /// A step failed.
    Failed {
        /// The step.
        step: String,
        /// Whether something may have been written all the same.
        may_have_written: bool,
        /// What went wrong.
        problem: Problem,
    },
    /// A step's target is not what the plan was made from; nothing was written over it.
    Stale {
        /// The step.
        step: String,
        /// The target's address.
        target: String,
        /// The fingerprint that was expected.
        expected: String,
        /// The fingerprint that was found.
        found: String,
        /// Whether the step had written before it found this.
        after_write: bool,
    },
    /// A step was not tried, because of another.
    Skipped {
        /// The step.
        step: String,
        /// The step that stopped the branch.
        because: String,
    },
    /// A step did all it can and waits for AWS.
    Waiting {
        /// The step.
        step: String,
        /// What is waited for.
        what: String,
        /// How long it was waited for, in milliseconds.
        waited_ms: u64,
        /// Whether something was written, or may have been; not in journals before 1.1.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        may_have_written: bool,
    },
    /// The run was asked to stop: no write starts from here on.
    Stopping {
        /// Steps that are finished first.
        running: u64,
        /// Steps that will not start.
        not_started: u64,
    },
    /// A step stopped because the run was asked to.
    Interrupted {
        /// The step.
        step: String,
        /// Whether something may have been written.
        may_have_written: bool,
    },
    /// The run ended.
    Finished {
        /// How.
        verdict: Verdict,
        /// How many steps ended in which way.
        counts: Counts,
    },
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAction {
    /// It makes a document.
    Create,
    /// It changes a document.
    Update,
    /// It removes a document.
    Delete,
    /// It proves a rule.
    Prove,
}

/// How far a canary is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CanaryProgress {
    /// A canary of an earlier run is still on its way and is used.
    Resumed {
        /// Its version ID.
        version: String,
    },
    /// It was written.
    Put {
        /// Its version ID.
        version: String,
        /// Which canary of this step it is, from 1.
        attempt: u32,
    },
    /// S3 has it on its way.
    Pending {
        /// Its version ID.
        version: String,
    },
    /// A new canary will be written, because this one cannot prove anything any more.
    Abandoned {
        /// Its version ID.
        version: String,
        /// Why.
        why: String,
    },
    /// The replica was found at the destination.
    Arrived {
        /// Its version ID.
        version: String,
        /// How long it took, in milliseconds, as far as this run saw.
        took_ms: u64,
    },
    /// The objects failed as they were to, and the alarm is looked at.
    Listening {
        /// The name of the alarm.
        alarm: String,
        /// Its state, as CloudWatch has it.
        is: String,
    },
    /// Canaries were removed on both sides.
    Removed {
        /// How many versions.
        versions: u64,
        /// Versions of the key that are not canaries of this rule, or could not be removed; they stay.
        left: Vec<LeftVersion>,
    },
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobProgress {
    /// An earlier run made it.
    Found {
        /// Its ID.
        job: String,
    },
    /// It was made.
    Made {
        /// Its ID.
        job: String,
    },
    /// It was confirmed.
    Confirmed {
        /// Its ID.
        job: String,
        /// How many objects it has.
        tasks: u64,
    },
    /// S3 is at work on it.
    AtWork {
        /// Its ID.
        job: String,
        /// How far it is, in S3's words.
        status: String,
        /// How many objects it has; 0 before its list is made.
        tasks: u64,
        /// How many of them succeeded.
        succeeded: u64,
        /// How many of them failed.
        failed: u64,
        /// How many are done a second, as far as this run saw.
        a_second: Option<u64>,
        /// In how many seconds the rest is done at that rate.
        left_s: Option<u64>,
    },
}

/// A version of a canary's key that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftVersion {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version ID.
    pub version: String,
    /// Why it stays.
    pub why: String,
}

/// Takes events as they happen; must not block for long.
pub trait EventSink: Send {
    /// Takes one event.
    fn event(&mut self, event: &RunEvent);
}

impl<F: FnMut(&RunEvent) + Send> EventSink for F {
    fn event(&mut self, event: &RunEvent) {
        self(event);
    }
}

/// Passes every event to both.
#[derive(Debug)]
pub struct Both<A, B>(
    /// The first to hear.
    pub A,
    /// The second to hear.
    pub B,
);

impl<A: EventSink, B: EventSink> EventSink for Both<A, B> {
    fn event(&mut self, event: &RunEvent) {
        self.0.event(event);
        self.1.event(event);
    }
}

/// A step's end of the stream: stamps its events with the step.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    pub(crate) step: StepId,
    pub(crate) events: tokio::sync::mpsc::UnboundedSender<RunEvent>,
}

impl Reporter {
    /// Tells an event; where nobody listens any more the run is over and nothing is lost.
    pub(crate) fn emit(&self, event: impl FnOnce(String) -> RunEvent) {
        let _nobody_listens = self.events.send(event(self.step.0.clone()));
    }
}

/// Milliseconds of a duration, for events.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
