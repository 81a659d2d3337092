//! What the tests share: a run with its events.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use s3ferry_core::model::{BucketPart, Document, Target};
use s3ferry_core::plan::{Step, StepId};
use s3ferry_engine::events::{CanaryProgress, RunEvent};
use s3ferry_engine::ledger::ReceiptStore;
use s3ferry_engine::ports::{Jobs, Objects, Write};
use s3ferry_engine::{CancelToken, Limits, Outcome, Run, StepResult, execute};
use s3ferry_testkit::{MemoryReceipts, MemoryWorld, build};
use tokio::time::Instant;

/// A run and what it told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) outcome: Outcome,
    pub(crate) events: Vec<RunEvent>,
    pub(crate) took: Duration,
}

/// How a run is to be made.
pub(crate) struct How<'a, R> {
    pub(crate) id: String,
    pub(crate) receipts: &'a R,
    pub(crate) limits: Limits,
    /// When the world was read; left out, as the run begins.
    pub(crate) read_at: Option<Instant>,
    pub(crate) cancel: CancelToken,
}

pub(crate) fn now() -> String {
    "2026-11-23T12:00:00Z".to_owned()
}

pub(crate) async fn run<W: Write + Objects + Jobs>(steps: &[Step], world: &W) -> Told {
    let receipts = MemoryReceipts::default();
    run_with(steps, world, how(&receipts)).await
}

pub(crate) fn how<R>(receipts: &R) -> How<'_, R> {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    How {
        id: format!("run{}", RUNS.fetch_add(1, Ordering::Relaxed)),
        receipts,
        limits: limits(),
        read_at: None,
        cancel: CancelToken::never(),
    }
}

/// A policy of the source bucket with one statement of this Sid.
pub(crate) fn policy(sid: &str) -> Document {
    build::bucket_policy(&build::source(), sid)
}

/// The source bucket's policy.
pub(crate) fn target() -> Target {
    Target::Bucket(build::source(), BucketPart::Policy)
}

/// A bucket whose policy is `Before`, and the step that makes it `After`.
pub(crate) fn given() -> (MemoryWorld, Step) {
    let [before, after] = ["Before", "After"].map(policy);
    let world = MemoryWorld::new()
        .with_bucket(&build::source())
        .with(&target(), before.clone());
    let step = build::step(&target(), Some(before), Some(after), &[]);
    (world, step)
}

/// Those of a run, without the wait for reads to agree: what it is for has tests of its own.
pub(crate) fn limits() -> Limits {
    Limits {
        agree: Duration::ZERO,
        ..Limits::default()
    }
}

pub(crate) async fn run_with<W: Write + Objects + Jobs, R: ReceiptStore>(
    steps: &[Step],
    world: &W,
    how: How<'_, R>,
) -> Told {
    let mut events = Vec::new();
    let begun = Instant::now();
    let run = Run {
        id: &how.id,
        world,
        receipts: how.receipts,
        clock: &now,
        limits: &how.limits,
        read_at: how.read_at.unwrap_or(begun),
        cancel: how.cancel,
    };
    let mut sink = |event: &RunEvent| events.push(event.clone());
    let outcome = execute(steps, &run, &mut sink)
        .await
        .expect("the steps are sound");
    Told {
        outcome,
        events,
        took: begun.elapsed(),
    }
}

impl Told {
    /// How a step ended.
    pub(crate) fn of(&self, step: &Step) -> &StepResult {
        &self.outcome.steps[&step.id]
    }

    pub(crate) fn count(&self, fits: impl Fn(&RunEvent) -> bool) -> usize {
        self.events.iter().filter(|event| fits(event)).count()
    }

    pub(crate) fn canary(&self) -> Vec<&CanaryProgress> {
        let mut canaries = Vec::new();
        for event in &self.events {
            if let RunEvent::Canary { progress, .. } = event {
                canaries.push(progress);
            }
        }
        canaries
    }

    pub(crate) fn results(&self) -> &BTreeMap<StepId, StepResult> {
        &self.outcome.steps
    }
}
