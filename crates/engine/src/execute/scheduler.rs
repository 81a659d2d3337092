//! The scheduler: one loop owns the state of a run and handles one event at a time.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{FuturesUnordered, StreamExt};
use s3ferry_core::goals::Goal;
use s3ferry_core::model::kinds::Tags;
use s3ferry_core::model::{BucketRef, Target};
use s3ferry_core::plan::{Step, StepId, Work};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::events::{EventSink, Reporter, RunEvent, StepAction};
use crate::ledger::ReceiptStore;
use crate::outcome::{How, Outcome, StepResult};
use crate::ports::{Objects, Write};

use super::graph::{self, InvalidSteps};
use super::{Context, Run, goals, write};

/// Follows the steps.
///
/// # Guarantees
/// A step starts when all that it needs is done and settled. At most `limits.parallelism` steps run at once (one where it
/// is zero), and never two on one target or one canary's key. What depends on a step that is not done is skipped, with
/// the step that stopped the branch; independent branches go on. Once the run is asked to stop, no write starts; those
/// under way finish and settle. May be dropped at any await: running again converges.
///
/// # Errors
/// [`InvalidSteps`] where the steps cannot be followed; then nothing was tried.
pub async fn execute<W: Write + Objects, R: ReceiptStore>(
    steps: &[Step],
    run: &Run<'_, W, R>,
    sink: &mut dyn EventSink,
) -> Result<Outcome, InvalidSteps> {
    graph::check(steps)?;
    sink.event(&RunEvent::Started {
        steps: steps.len() as u64,
    });
    let outcome = follow(Board::new(steps), run, sink).await;
    sink.event(&RunEvent::Finished {
        verdict: outcome.verdict(),
        counts: outcome.counts(),
    });
    Ok(outcome)
}

async fn follow<W: Write + Objects, R: ReceiptStore>(
    mut board: Board<'_>,
    run: &Run<'_, W, R>,
    sink: &mut dyn EventSink,
) -> Outcome {
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut running = FuturesUnordered::new();
    let mut stopping = false;
    loop {
        while !stopping
            && !run.cancel.is_cancelled()
            && running.len() < run.limits.parallelism.max(1)
        {
            let Some(step) = board.start_next() else {
                break;
            };
            let born = board.tags_of_new_bucket(step);
            running.push(perform(step, born, run, sender.clone()));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            Some(event) = events.recv() => sink.event(&event),
            Some((step, result)) = running.next() => {
                pass_on(&mut events, sink);
                board.end(step, result, sink);
            }
            () = run.cancel.cancelled(), if !stopping => {
                stopping = true;
                sink.event(&board.stopping());
            }
        }
    }
    pass_on(&mut events, sink);
    board.outcome()
}

fn pass_on(events: &mut UnboundedReceiver<RunEvent>, sink: &mut dyn EventSink) {
    while let Ok(event) = events.try_recv() {
        sink.event(&event);
    }
}

async fn perform<'a, W: Write + Objects, R: ReceiptStore>(
    step: &'a Step,
    born: Option<Tags>,
    run: &'a Run<'a, W, R>,
    events: UnboundedSender<RunEvent>,
) -> (&'a Step, StepResult) {
    let reporter = Reporter {
        step: step.id.clone(),
        events,
    };
    let on = Context { run, reporter };
    on.reporter.emit(|id| RunEvent::StepStarted {
        step: id,
        action: action(&step.work),
    });
    let result = match &step.work {
        Work::Write(work) => write::write(work, born.as_ref(), &on).await,
        Work::Prove(goal) => goals::prove(goal, &on).await,
    };
    (step, result)
}

fn action(work: &Work) -> StepAction {
    match work {
        Work::Prove(_) => StepAction::Prove,
        Work::Write(step) => match (&step.before, &step.after) {
            (None, _) => StepAction::Create,
            (Some(_), Some(_)) => StepAction::Update,
            (Some(_), None) => StepAction::Delete,
        },
    }
}

/// What two steps may not use at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Resource<'a> {
    Target(&'a Target),
    CanaryKey(&'a BucketRef, &'a str),
}

fn resource(step: &Step) -> Resource<'_> {
    match &step.work {
        Work::Write(write) => Resource::Target(&write.target),
        Work::Prove(goal) => match &**goal {
            Goal::Canary(goal) => Resource::CanaryKey(&goal.source, &goal.key),
        },
    }
}

/// The state of a run.
struct Board<'a> {
    /// Steps that have neither started nor ended, in the order of the plan.
    open: Vec<&'a Step>,
    running: BTreeMap<&'a StepId, Resource<'a>>,
    ended: BTreeMap<StepId, StepResult>,
    /// Buckets that this run made, with the tags they were made with.
    made: BTreeMap<BucketRef, Tags>,
}

impl<'a> Board<'a> {
    fn new(steps: &'a [Step]) -> Self {
        Self {
            open: steps.iter().collect(),
            running: BTreeMap::new(),
            ended: BTreeMap::new(),
            made: BTreeMap::new(),
        }
    }

    fn next(&self) -> Option<usize> {
        let done = |need: &StepId| self.ended.get(need).is_some_and(StepResult::is_done);
        let used: BTreeSet<&Resource<'_>> = self.running.values().collect();
        self.open
            .iter()
            .position(|step| step.needs.iter().all(done) && !used.contains(&resource(step)))
    }

    fn start_next(&mut self) -> Option<&'a Step> {
        let step = self.open.remove(self.next()?);
        self.running.insert(&step.id, resource(step));
        Some(step)
    }

    fn tags_of_new_bucket(&self, step: &Step) -> Option<Tags> {
        let Work::Write(write) = &step.work else {
            return None;
        };
        self.made.get(write.target.bucket()?).cloned()
    }

    /// Records how a step ended, and skips what cannot start any more.
    fn end(&mut self, step: &'a Step, result: StepResult, sink: &mut dyn EventSink) {
        self.running.remove(&step.id);
        self.made.extend(made_by(&step.work, &result));
        sink.event(&ending(&step.id, &result));
        self.ended.insert(step.id.clone(), result);
        while let Some((index, because)) = self.stopped() {
            let step = self.open.remove(index);
            let result = StepResult::Skipped { because };
            sink.event(&ending(&step.id, &result));
            self.ended.insert(step.id.clone(), result);
        }
    }

    /// An open step that needs one that ended otherwise than done, with the step that stopped the branch.
    fn stopped(&self) -> Option<(usize, StepId)> {
        let culprit = |need: &StepId| match self.ended.get(need)? {
            StepResult::Done(_) => None,
            StepResult::Skipped { because } => Some(because.clone()),
            _ => Some(need.clone()),
        };
        let stopped = |step: &&Step| step.needs.iter().find_map(culprit);
        let mut open = self.open.iter().enumerate();
        open.find_map(|(index, step)| stopped(step).map(|because| (index, because)))
    }

    fn stopping(&self) -> RunEvent {
        RunEvent::Stopping {
            running: self.running.len() as u64,
            not_started: self.open.len() as u64,
        }
    }

    fn outcome(self) -> Outcome {
        let not_started = |step: &Step| (step.id.clone(), StepResult::NotStarted);
        let mut steps = self.ended;
        steps.extend(self.open.into_iter().map(not_started));
        Outcome { steps }
    }
}

/// The bucket that a step made in this run, with its tags; none where it was there already.
fn made_by(work: &Work, result: &StepResult) -> Option<(BucketRef, Tags)> {
    let Work::Write(step) = work else { return None };
    let StepResult::Done(How::Written) = result else {
        return None;
    };
    let (bucket, tags) = step.makes()?;
    Some((bucket.clone(), tags.clone()))
}

/// The event that says how a step ended.
fn ending(id: &StepId, result: &StepResult) -> RunEvent {
    let step = id.0.clone();
    match result.clone() {
        StepResult::Done(how) => RunEvent::Done { step, how },
        StepResult::Failed {
            problem,
            may_have_written,
        } => RunEvent::Failed {
            step,
            may_have_written,
            problem,
        },
        StepResult::Stale {
            target,
            expected,
            found,
            after_write,
        } => RunEvent::Stale {
            step,
            target,
            expected,
            found,
            after_write,
        },
        StepResult::Skipped { because } => RunEvent::Skipped {
            step,
            because: because.0,
        },
        StepResult::Waiting { what, waited_ms } => RunEvent::Waiting {
            step,
            what,
            waited_ms,
        },
        StepResult::Interrupted { may_have_written } => RunEvent::Interrupted {
            step,
            may_have_written,
        },
        StepResult::NotStarted => RunEvent::Interrupted {
            step,
            may_have_written: false,
        },
    }
}
