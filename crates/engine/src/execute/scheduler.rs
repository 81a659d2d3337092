//! The scheduler: one loop owns the state of a run and handles one event at a time.

use futures::stream::{FuturesUnordered, StreamExt};
use s3ferry_core::plan::{Step, StepId, Work};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

use crate::events::{EventSink, Reporter, RunEvent, StepAction, millis};
use crate::ledger::ReceiptStore;
use crate::outcome::{Outcome, StepResult};
use crate::ports::{Jobs, Objects, Write};

use super::board::{Board, Ended, Made, Reads};
use super::graph::{Graph, InvalidSteps};
use super::keep::Texts;
use super::pace::Pace;
use super::{Context, Run, goals, write};

/// Follows the steps.
///
/// # Guarantees
/// A step starts when all that it needs is done and settled. At most `limits.parallelism` steps run at once (one where it
/// is zero), and never two on one target or one canary's key. What depends on a step that is not done is skipped, with
/// the step that stopped the branch; independent branches go on. A step on what others write, too, looks at it no sooner than
/// `limits.agree` after the plan's read, once for all such steps, while the others go on. Once the run is asked to stop, no write starts; those
/// under way finish and settle. May be dropped at any await: running again converges.
///
/// # Errors
/// [`InvalidSteps`] where the steps cannot be followed; then nothing was tried.
pub async fn execute<W: Write + Objects + Jobs, R: ReceiptStore>(
    steps: &[Step],
    run: &Run<'_, W, R>,
    sink: &mut dyn EventSink,
) -> Result<Outcome, InvalidSteps> {
    let graph = Graph::of(steps)?;
    sink.event(&RunEvent::Started {
        steps: steps.len() as u64,
    });
    let outcome = follow(steps, graph, run, sink).await;
    sink.event(&RunEvent::Finished {
        verdict: outcome.verdict(),
        counts: outcome.counts(),
    });
    Ok(outcome)
}

async fn follow<W: Write + Objects + Jobs, R: ReceiptStore>(
    steps: &[Step],
    graph: Graph,
    run: &Run<'_, W, R>,
    sink: &mut dyn EventSink,
) -> Outcome {
    let mut board = Board::new(steps, graph);
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut stopping = false;
    let mut told_to_wait = false;
    let agreed_at = run.read_at + run.limits.agree;
    let texts = Texts::default();
    let pace = Pace::default();
    let shared = Shared {
        texts: &texts,
        pace: &pace,
    };
    let mut running = FuturesUnordered::new();
    loop {
        // Asked to stop between two steps, too, it is said what will not start.
        if !stopping && run.cancel.is_cancelled() && board.open() > 0 {
            stopping = true;
            sink.event(&stopping_event(&board));
        }
        while !stopping && running.len() < run.limits.parallelism.max(1) {
            let reads = if Instant::now() < agreed_at {
                Reads::TooFresh
            } else {
                Reads::Agree
            };
            let Some(index) = board.start_next(reads) else {
                break;
            };
            let step = &steps[index];
            let work = perform(step, board.made(step), run, shared, sender.clone());
            running.push(async move { (index, work.await) });
        }
        let waits = board.doubtful() > 0 && !stopping;
        if waits && !told_to_wait {
            told_to_wait = true;
            sink.event(&RunEvent::Agreeing {
                steps: board.doubtful(),
                agree_ms: millis(run.limits.agree),
                wait_ms: millis(agreed_at.duration_since(Instant::now())),
            });
        }
        if running.is_empty() && !waits {
            break;
        }
        tokio::select! {
            biased;
            Some(event) = events.recv() => sink.event(&event),
            Some((index, ended)) = running.next() => {
                pass_on(&mut events, sink);
                board.end(index, ended, |step, result| sink.event(&ending(step, result)));
            }
            () = tokio::time::sleep_until(agreed_at), if waits && Instant::now() < agreed_at => {}
            () = run.cancel.cancelled(), if !stopping => {
                stopping = true;
                sink.event(&stopping_event(&board));
            }
        }
    }
    pass_on(&mut events, sink);
    board.outcome()
}

fn stopping_event(board: &Board<'_>) -> RunEvent {
    RunEvent::Stopping {
        running: board.running(),
        not_started: board.open(),
    }
}

fn pass_on(events: &mut UnboundedReceiver<RunEvent>, sink: &mut dyn EventSink) {
    while let Ok(event) = events.try_recv() {
        sink.event(&event);
    }
}

/// What all steps of a run share.
#[derive(Clone, Copy)]
struct Shared<'a> {
    texts: &'a Texts,
    pace: &'a Pace,
}

async fn perform<W: Write + Objects + Jobs, R: ReceiptStore>(
    step: &Step,
    made: Option<Made>,
    run: &Run<'_, W, R>,
    shared: Shared<'_>,
    events: UnboundedSender<RunEvent>,
) -> Ended {
    let reporter = Reporter {
        step: step.id.clone(),
        events,
    };
    let on = Context {
        run,
        reporter,
        made: made.as_ref(),
        texts: shared.texts,
        pace: shared.pace,
        after_writes: !step.needs.is_empty(),
    };
    on.reporter.emit(|id| RunEvent::StepStarted {
        step: id,
        action: action(&step.work),
    });
    match &step.work {
        Work::Write(work) => write::write(work, &on).await,
        Work::Prove(goal) => goals::prove(goal, &on).await.into(),
        Work::Sweep(sweep) => goals::sweep(sweep, &on).await.into(),
    }
}

fn action(work: &Work) -> StepAction {
    match work {
        Work::Prove(_) => StepAction::Prove,
        Work::Sweep(_) => StepAction::Delete,
        Work::Write(step) => match (&step.before, &step.after) {
            (None, _) => StepAction::Create,
            (Some(_), Some(_)) => StepAction::Update,
            (Some(_), None) => StepAction::Delete,
        },
    }
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
        StepResult::Waiting {
            what,
            waited_ms,
            may_have_written,
        } => RunEvent::Waiting {
            step,
            what,
            waited_ms,
            may_have_written,
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
