//! A write step: read, compare, write once, settle.
//!
//! ```text
//! look --wanted--> settle --> done (already)
//!  |  \--other, still after doubt--> stale: nothing is written over it
//!  +--planned--> write --ok--> settle --> done (written)
//!                  ^  \--error that may pass--> wait, look --wanted--> settle (the write had happened)
//!                  +------------------------------------+-- planned or half written
//! ```
//!
//! What is written over is kept in the ledger first, for good; and as far as it is what the plan was made from before the look
//! already, so that no flush stands between the look and the write.
//!
//! Before all of it, where the step takes away the last thing that leads to documents, these are looked at once more (`plan::led`).
//!
//! On a bucket or a role that this run made, a step takes what was read of its target to see that it was made, and does not
//! look before a write that nobody's work can be lost by (`WriteStep::is_safe_on_new`). Nor does it anywhere before versioning
//! is switched on for the first time (`WriteStep::only_switches_on`).

use s3ferry_core::model::{Document, Target, fingerprint, same};
use s3ferry_core::plan::{Led, WriteStep};
use tokio::time::Instant;

use crate::events::RunEvent;
use crate::ledger::ReceiptStore;
use crate::limits::{REWRITES, SETTLE_WAITS};
use crate::outcome::{How, StepResult};
use crate::ports::{Class, PortError, Write, WriteChange};
use crate::problem::{Problem, ProblemKind};

use super::between::is_half_written;
use super::board::Ended;
use super::repeat::{Attempts, passes};
use super::settle::{Same, Settled};
use super::{Context, Slept};

/// What a look at the target found.
enum Found {
    /// What the step wants.
    Wanted,
    /// What the step was planned from, or as good as that.
    Planned(Option<Document>),
    /// Neither.
    Other(Option<Document>),
}

/// What to do next.
enum Next {
    /// Write; the target holds this.
    Write(Option<Document>),
    /// Settle; a write has happened.
    Settle,
    /// Nothing more.
    End(StepResult),
}

/// A write step at work.
struct Writing<'a, W, R> {
    step: WriteStep,
    on: &'a Context<'a, W, R>,
    attempts: Attempts,
    /// Whether a write was sent whose answer does not rule out that it happened, in part or whole.
    sent: Sent,
    /// What was read of another target to see that the write was taken.
    seen: Option<(Target, Document)>,
    /// How often the step was written again over what another spec's apply had written over it.
    rewrites: u32,
}

/// What is known of the writes sent so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// None was.
    Nothing,
    /// One was refused; of its several calls, some may have been taken.
    Refused,
    /// One may have happened.
    Unknown,
}

/// What became of a write.
enum Answer {
    /// AWS took it.
    Taken,
    /// AWS did not say so.
    Refused(PortError),
    /// What it would have gone over could not be kept.
    NotSent(Problem),
    /// The run was asked to stop before it was sent.
    Stopped,
}

/// Brings the step's target to what it wants.
///
/// # Guarantees
/// Writes only over what the plan was made from. Ends within the bounds of [`crate::Limits`].
///
/// # Caveats
/// AWS has no compare-and-swap here: an edit between the last look and the write is written over. What a look or a later read
/// showed is kept.
pub(super) async fn write<W: Write, R: ReceiptStore>(
    step: &WriteStep,
    on: &Context<'_, W, R>,
) -> Ended {
    let mut writing = Writing {
        step: step.clone(),
        on,
        attempts: Attempts::default(),
        sent: Sent::Nothing,
        seen: None,
        rewrites: 0,
    };
    if let Some(kept) = writing.kept_for_what_it_leads_to().await {
        return kept.into();
    }
    if let Err(problem) = on.keep_before(step, step.before.as_ref()).await {
        return unsent(problem, Sent::Nothing).into();
    }
    let turn = on.pace.turn(&step.target);
    if !turn.is_zero() && on.sleep(turn).await == Slept::Cancelled {
        return writing.interrupted().into();
    }
    let result = match writing.first_look().await {
        Ok(Found::Wanted) => writing.settle(How::Already, 1).await,
        Ok(Found::Planned(live)) => writing.write_until_done(live).await,
        Ok(Found::Other(live)) => writing.stale(live.as_ref()),
        Err(error) => failed(&error, false),
    };
    Ended {
        result,
        seen: writing.seen,
        at_once: writing.attempts.failed() == 0,
    }
}

impl<W: Write, R: ReceiptStore> Writing<'_, W, R> {
    /// Looks once more at what nothing leads to when the step is done; how the step ends where there is more of ours than was
    /// planned: it is not taken. What the run itself took away may be answered for a while.
    async fn kept_for_what_it_leads_to(&self) -> Option<StepResult> {
        for led in &self.step.led {
            let begun = Instant::now();
            let mut looks = 0;
            loop {
                looks += 1;
                let wait = SETTLE_WAITS.after(looks, self.on.seed());
                let (problem, bound) = match self.on.run.world.read(&led.target).await {
                    Ok(live) => match led.left(live.as_ref()) {
                        left if left.is_empty() => break,
                        left => (hidden(&self.step, led, &left), self.on.run.limits.doubt),
                    },
                    // The plan went on without it, too: another bucket of that name has nothing of ours.
                    Err(error) if error.class == Class::Misplaced => break,
                    Err(error) if passes(&error, self.on.run.limits) => {
                        (Problem::from(&error), self.on.run.limits.propagation)
                    }
                    Err(error) => return Some(failed(&error, false)),
                };
                if begun.elapsed() + wait > bound {
                    return Some(StepResult::Failed {
                        problem,
                        may_have_written: false,
                    });
                }
                if self.on.sleep(wait).await == Slept::Cancelled {
                    return Some(self.interrupted());
                }
            }
        }
        None
    }

    /// Finds what the target holds before anything is written: by what is known of a place that this run made, or by a look.
    async fn first_look(&mut self) -> Result<Found, PortError> {
        if self.step.only_switches_on() {
            return Ok(Found::Planned(self.step.before.clone()));
        }
        let Some(made) = self.on.made else {
            return self.look_past_doubt().await;
        };
        let seen = made.seen.as_ref();
        let seen = seen.filter(|(target, _)| *target == self.step.target);
        let is_wanted = |(_, live): &(Target, Document)| same(Some(live), self.step.after.as_ref());
        if seen.is_some_and(is_wanted) {
            return Ok(Found::Wanted);
        }
        if made.is_certain && self.step.is_safe_on_new() {
            return Ok(Found::Planned(None));
        }
        if self.step.inherits() {
            let live = self.on.run.world.read(&self.step.target).await?;
            self.step = self.step.inheriting(live.as_ref());
            if let (found @ (Found::Wanted | Found::Planned(_)), _) = self.judge(live) {
                return Ok(found);
            }
        }
        self.look_past_doubt().await
    }

    async fn write_until_done(&mut self, mut live: Option<Document>) -> StepResult {
        loop {
            if self.on.run.cancel.is_cancelled() {
                return self.interrupted();
            }
            self.leave_as_written(live.as_ref());
            let error = match self.send(live.as_ref()).await {
                Answer::Taken => return self.settle(How::Written, 0).await,
                Answer::Refused(error) => error,
                Answer::NotSent(problem) => return unsent(problem, self.sent),
                Answer::Stopped => return self.interrupted(),
            };
            match self.after_error(error).await {
                Next::Write(found) => live = found,
                Next::Settle => return self.settle(How::Written, 0).await,
                Next::End(result) => return result,
            }
        }
    }

    /// Keeps what somebody wrote otherwise since the plan, and with the same meaning, as they wrote it: white space of a policy's
    /// statement, or the order of rules.
    fn leave_as_written(&mut self, live: Option<&Document>) {
        let is_otherwise =
            live != self.step.before.as_ref() && same(live, self.step.before.as_ref());
        let over = is_otherwise.then(|| self.step.over(live)).flatten();
        if let Some(over) = over.filter(|over| same(over.after.as_ref(), self.step.after.as_ref()))
        {
            self.step.after = over.after;
        }
    }

    async fn send(&mut self, before: Option<&Document>) -> Answer {
        let held = match self.on.keep_before(&self.step, before).await {
            Ok(held) => held,
            Err(problem) => return Answer::NotSent(problem),
        };
        let attempt = self.attempts.failed() + 1;
        if let Some(part) = self.step.takes_along()
            && let Err(problem) = self.keep_along(&part, attempt).await
        {
            return Answer::NotSent(problem);
        }
        let after = self.step.after.as_ref();
        self.on.reporter.emit(|step| RunEvent::Writing {
            step,
            attempt,
            wanted: Some(fingerprint(after)),
            before: Some(held.to_string()),
        });
        // The scheduler hears what was told before it lets a step go on: so the journal says what is kept before anything is sent.
        tokio::task::yield_now().await;
        // Where it could not, it has asked the run to stop.
        if self.on.run.cancel.is_cancelled() {
            return Answer::Stopped;
        }
        let change = WriteChange { before, after };
        let answer = self.on.run.world.write(&self.step.target, change).await;
        let Err(error) = answer else {
            return Answer::Taken;
        };
        self.sent = match (self.sent, error.class) {
            (Sent::Unknown, _) | (_, Class::Transient | Class::Unexpected) => Sent::Unknown,
            _ => Sent::Refused,
        };
        Answer::Refused(error)
    }

    /// Keeps what goes with the target, as what the write is about to go over, too.
    async fn keep_along(&self, part: &Target, attempt: u32) -> Result<(), Problem> {
        let read = self.on.run.world.read(part).await;
        let live = read.map_err(|error| Problem::from(&error))?;
        let held = self.on.keep_along(&self.step, live.as_ref()).await?;
        self.on.reporter.emit(|step| RunEvent::Writing {
            step: format!("{step}{}", part.kind().facts().path),
            attempt,
            wanted: Some(fingerprint(None)),
            before: Some(held.to_string()),
        });
        Ok(())
    }

    /// Waits if the error may pass, and looks what the target holds now: the write may have happened all the same.
    async fn after_error(&mut self, mut error: PortError) -> Next {
        loop {
            let limits = self.on.run.limits;
            let wait = self
                .attempts
                .wait_after(error.class, self.on.seed(), limits);
            let Some(wait) = wait else {
                return self.give_up(&error).await;
            };
            self.on.tell_retry(self.attempts.failed(), wait, &error);
            let slept = self.on.sleep(wait).await;
            match (self.look_past_doubt().await, slept) {
                (Ok(Found::Wanted), _) => return Next::Settle,
                (Ok(Found::Planned(_)), Slept::Cancelled) => return Next::End(self.interrupted()),
                (Ok(Found::Planned(live)), Slept::Through) => return Next::Write(live),
                (Ok(Found::Other(live)), _) => return Next::End(self.stale(live.as_ref())),
                (Err(next), Slept::Through) if passes(&next, limits) => error = next,
                (Err(next), _) => return Next::End(failed(&next, self.sent != Sent::Nothing)),
            }
        }
    }

    /// One last look, so that a write that had happened is not called a failure, nor half a write nothing.
    async fn give_up(&self, error: &PortError) -> Next {
        let untouched = match self.look().await {
            Ok((Found::Wanted, _)) => return Next::Settle,
            Ok((Found::Planned(_), Between::No)) => self.sent != Sent::Unknown,
            Ok(_) => false,
            Err(_unreadable) => self.sent != Sent::Unknown,
        };
        Next::End(failed(error, !untouched))
    }

    async fn settle(&mut self, how: How, mut equal: u32) -> StepResult {
        loop {
            let settled = self.on.settle(&self.step, equal).await;
            let Settled::Lost(over) = settled else {
                return self.settled(settled, how);
            };
            self.rewrites += 1;
            if self.rewrites > REWRITES {
                return self.stale_after_write(over.before.as_ref(), how == How::Written);
            }
            self.take_over(*over);
            let live = self.step.before.clone();
            match self.send(live.as_ref()).await {
                Answer::Refused(error) if !passes(&error, self.on.run.limits) => {
                    return failed(&error, true);
                }
                Answer::NotSent(problem) => return unsent(problem, Sent::Unknown),
                Answer::Stopped => {
                    return StepResult::Interrupted {
                        may_have_written: true,
                    };
                }
                Answer::Taken | Answer::Refused(_) => {}
            }
            equal = 0;
        }
    }

    /// Goes on over what another spec's apply wrote.
    fn take_over(&mut self, over: WriteStep) {
        let target = over.target.to_string();
        self.step = over;
        self.on
            .reporter
            .emit(|step| RunEvent::Merged { step, target });
    }

    fn settled(&mut self, settled: Settled, how: How) -> StepResult {
        match settled {
            Settled::Lost(over) => self.stale_after_write(over.before.as_ref(), true),
            Settled::Yes(seen) => {
                self.seen = seen;
                StepResult::Done(how)
            }
            Settled::Unreadable(error) => failed(&error, how == How::Written),
            Settled::No { last, waited } => match last {
                Some(live) if !self.is_planned(live.as_ref()) => {
                    self.stale_after_write(live.as_ref(), how == How::Written)
                }
                _ => StepResult::Failed {
                    problem: unsettled(&self.step, waited),
                    may_have_written: how == How::Written,
                },
            },
        }
    }

    /// Looks again for a while where the target is neither as planned nor as wanted, for the read may be an old one; and
    /// where AWS does not find its way to what was just made (a new bucket redirects until its name is known everywhere).
    ///
    /// Where reads agree that all that is otherwise is another spec's, the step goes on over it.
    async fn look_past_doubt(&mut self) -> Result<Found, PortError> {
        let begun = Instant::now();
        let mut other = Same::default();
        let limits = self.on.run.limits;
        let mut looks = 0;
        loop {
            looks += 1;
            let wait = SETTLE_WAITS.after(looks, self.on.seed());
            let in_time = |bound| begun.elapsed() + wait <= bound;
            let found = self.look().await;
            if let Ok((Found::Other(live), _)) = &found {
                if let Some(found) = self.over_other_specs(live.as_ref(), &mut other) {
                    return Ok(found);
                }
                self.on.glimpse(&self.step, live.as_ref()).await;
            }
            match found {
                Ok((Found::Other(_), _)) if in_time(limits.doubt) => self.tell_doubt(),
                Err(error) if error.class == Class::Propagation && in_time(limits.propagation) => {
                    self.on.tell_retry(looks, wait, &error);
                }
                answer => return answer.map(|(found, _)| found),
            }
            if self.on.sleep(wait).await == Slept::Cancelled {
                return self.look().await.map(|(found, _)| found);
            }
        }
    }

    fn over_other_specs(&mut self, live: Option<&Document>, other: &mut Same) -> Option<Found> {
        let for_long = other.for_long(live)?;
        if for_long < self.on.run.limits.agree || !self.step.differs_by_other_specs(live) {
            return None;
        }
        let over = self.step.over(live)?;
        self.take_over(over);
        Some(self.judge(live.cloned()).0)
    }

    fn tell_doubt(&self) {
        let target = self.step.target.to_string();
        self.on
            .reporter
            .emit(|step| RunEvent::Doubted { step, target });
    }

    async fn look(&self) -> Result<(Found, Between), PortError> {
        let live = self.on.run.world.read(&self.step.target).await?;
        let (found, between) = self.judge(live);
        let shown_by = self.step.shown_by();
        if !matches!(found, Found::Wanted) || shown_by == self.step.target {
            return Ok((found, between));
        }
        // A bucket is there. If nothing says that it is the one that we make, it is somebody else's.
        let shown = self.on.run.world.read(&shown_by).await?;
        if self.step.is_marked_by(shown.as_ref()) {
            return Ok((found, between));
        }
        Ok((Found::Other(self.step.after.clone()), between))
    }

    fn judge(&self, live: Option<Document>) -> (Found, Between) {
        let between = self.between(live.as_ref());
        let found = if same(live.as_ref(), self.step.after.as_ref()) {
            Found::Wanted
        } else if self.is_planned(live.as_ref()) || between == Between::Yes {
            Found::Planned(live)
        } else {
            Found::Other(live)
        };
        (found, between)
    }

    /// Whether the target holds what the plan was made from.
    fn is_planned(&self, live: Option<&Document>) -> bool {
        same(live, self.step.before.as_ref()) || self.on.was_born(&self.step, live)
    }

    /// Whether the target holds half of a write of this step: some targets take several calls (a role's trust policy and
    /// its tags), and the first may have been taken where a later one failed.
    fn between(&self, live: Option<&Document>) -> Between {
        let half = self.sent != Sent::Nothing
            && !same(live, self.step.before.as_ref())
            && is_half_written(&self.step, live);
        if half { Between::Yes } else { Between::No }
    }

    fn stale(&self, live: Option<&Document>) -> StepResult {
        self.stale_after_write(live, self.sent == Sent::Unknown)
    }

    fn stale_after_write(&self, live: Option<&Document>, after_write: bool) -> StepResult {
        let expected = if after_write {
            &self.step.after
        } else {
            &self.step.before
        };
        StepResult::Stale {
            target: self.step.target.to_string(),
            expected: fingerprint(expected.as_ref()),
            found: fingerprint(live),
            after_write,
        }
    }

    fn interrupted(&self) -> StepResult {
        StepResult::Interrupted {
            may_have_written: self.sent != Sent::Nothing,
        }
    }
}

fn failed(error: &PortError, may_have_written: bool) -> StepResult {
    StepResult::Failed {
        problem: Problem::from(error),
        may_have_written,
    }
}

fn unsent(problem: Problem, sent: Sent) -> StepResult {
    StepResult::Failed {
        problem,
        may_have_written: sent != Sent::Nothing,
    }
}

/// Whether a document is half way of this step's write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Yes,
    No,
}

fn hidden(step: &WriteStep, led: &Led, left: &[String]) -> Problem {
    let message = format!(
        "{} holds {}, which the plan did not know of, and only {} leads there; it stays",
        led.target,
        left.join(", "),
        step.target
    );
    Problem::new(ProblemKind::Hidden, message).with_hint(
        "run again: AWS answered an old state when the plan was made, and the next plan removes what it hid",
    )
}

fn unsettled(step: &WriteStep, waited: std::time::Duration) -> Problem {
    let message = format!(
        "{} was written and AWS accepted it, but after {} s it still reads as before",
        step.target,
        waited.as_secs()
    );
    Problem::new(ProblemKind::Unsettled, message).with_hint(
        "run again: if AWS was only slow, the next run finds it done; if another tool keeps undoing it, stop that tool first",
    )
}
