//! Progress: a run's events as lines, and the journal that hears the same events.

use std::io;
use std::time::{Duration, Instant};

use s3ferry_engine::events::{CanaryProgress, How, Problem};
use s3ferry_engine::journal::Journalist;
use s3ferry_engine::{EventSink, Outcome, RunEvent, StepResult, Verdict};
use s3ferry_render::plural;

use crate::args::LogFormat;
use crate::printer::{Printer, Progress as Shown};

/// Tells a run to the journal first and then to the printer.
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    journal: Journalist,
    steps: usize,
    done: usize,
    running: Vec<String>,
    began: Instant,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(printer: &'a Printer, steps: usize, journal: Journalist) -> Self {
        Self {
            printer,
            journal,
            steps,
            done: 0,
            running: Vec::new(),
            began: Instant::now(),
        }
    }

    /// Closes the journal.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.printer.clear_status();
        self.journal.finish()
    }

    fn line(&self, text: &str) {
        if self.printer.progress != Shown::None {
            self.printer.message(text);
        }
    }

    fn ended(&mut self, step: &str) {
        self.running.retain(|running| running != step);
        self.done += 1;
    }

    fn show_status(&self) {
        if let Some(first) = self.running.first() {
            let others = match self.running.len() {
                1 => String::new(),
                more => format!(" and {} more", more - 1),
            };
            let seconds = self.began.elapsed().as_secs();
            self.printer.status(&format!(
                "[{}/{}] {first}{others} ({seconds} s)",
                self.done, self.steps
            ));
        }
    }

    fn tell(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Started { steps } => {
                self.line(&format!("Applying {}.", plural(*steps, "step")));
            }
            RunEvent::StepStarted { step, action: _ } => self.running.push(step.clone()),
            RunEvent::Writing { step, attempt } => {
                self.printer
                    .detail(&format!("{step}: writing (attempt {attempt})"));
            }
            RunEvent::Retrying {
                step,
                attempt,
                wait_ms,
                problem,
            } => self.printer.detail(&format!(
                "{step}: attempt {attempt} failed, again in {wait_ms} ms: {}",
                problem.message
            )),
            RunEvent::Doubted { step, target } => {
                self.printer.detail(&format!(
                    "{step}: {target} is not as planned yet, reading again"
                ));
            }
            RunEvent::Settled {
                step,
                reads,
                took_ms,
            } => self.printer.detail(&format!(
                "{step}: read back after {took_ms} ms ({})",
                plural(u64::from(*reads), "read")
            )),
            RunEvent::Canary { step, progress } => self.canary(step, progress),
            RunEvent::Done { step, how } => {
                self.ended(step);
                self.line(&format!(
                    "[{}/{}] {step}: {}",
                    self.done,
                    self.steps,
                    how_done(*how)
                ));
            }
            RunEvent::Failed {
                step,
                may_have_written,
                problem,
            } => {
                self.ended(step);
                self.failed(step, *may_have_written, problem);
            }
            RunEvent::Stale {
                step,
                target,
                after_write,
                ..
            } => {
                self.ended(step);
                let when = if *after_write {
                    "after it was written"
                } else {
                    "since the plan was made"
                };
                self.printer.error(
                    &format!("{step}: {target} was changed by somebody else {when}; it was not written over"),
                    Some("plan again and review what they did"),
                );
            }
            RunEvent::Skipped { step, because } => {
                self.ended(step);
                self.line(&format!(
                    "[{}/{}] {step}: skipped, because of {because}",
                    self.done, self.steps
                ));
            }
            RunEvent::Waiting {
                step,
                what,
                waited_ms,
            } => {
                self.ended(step);
                let waited = s3ferry_render::duration(waited_ms / 1_000);
                self.line(&format!(
                    "[{}/{}] {step}: still waiting for {what} after {waited}",
                    self.done, self.steps
                ));
            }
            RunEvent::Stopping {
                running,
                not_started,
            } => self.printer.message(&format!(
                "Stopping: {} under way will finish, {} will not start.",
                plural(*running, "step"),
                plural(*not_started, "step")
            )),
            RunEvent::Interrupted {
                step,
                may_have_written,
            } => {
                self.ended(step);
                let written = if *may_have_written {
                    "may have been written"
                } else {
                    "was not written"
                };
                self.line(&format!("{step}: stopped; it {written}"));
            }
            RunEvent::Finished { .. } => {}
        }
        self.show_status();
    }

    fn canary(&self, step: &str, progress: &CanaryProgress) {
        match progress {
            CanaryProgress::Resumed { version } => {
                self.printer.detail(&format!(
                    "{step}: goes on with the canary {version} of an earlier run"
                ));
            }
            CanaryProgress::Put { version, attempt } => {
                self.printer.detail(&format!(
                    "{step}: canary {attempt} written, version {version}"
                ));
            }
            CanaryProgress::Pending { version } => {
                self.printer
                    .detail(&format!("{step}: {version} is PENDING"));
            }
            CanaryProgress::Abandoned { version, why } => {
                self.printer
                    .detail(&format!("{step}: {version} given up: {why}"));
            }
            CanaryProgress::Arrived { version, took_ms } => {
                let seconds = Duration::from_millis(*took_ms).as_secs_f64();
                self.line(&format!(
                    "{step}: the replica {version} arrived after {seconds:.1} s"
                ));
            }
            CanaryProgress::Removed { versions, left } => {
                self.printer.detail(&format!(
                    "{step}: {} removed",
                    plural(*versions, "canary version")
                ));
                for version in left {
                    let of = format!("{}/{} {}", version.bucket, version.key, version.version);
                    self.printer
                        .warning(&format!("{step}: {of} stays: {}", version.why));
                }
            }
        }
    }

    fn failed(&self, step: &str, may_have_written: bool, problem: &Problem) {
        let written = if may_have_written {
            " (something may have been written)"
        } else {
            ""
        };
        self.printer.error(
            &format!("{step}: {}{written}", problem.message),
            problem.hint.as_deref(),
        );
    }
}

impl EventSink for Progress<'_> {
    fn event(&mut self, event: &RunEvent) {
        self.journal.event(event);
        if self.printer.log_format == LogFormat::Json {
            if let Ok(line) = serde_json::to_string(event) {
                self.printer.raw_error(&format!("{line}\n"));
            }
        } else {
            self.tell(event);
        }
    }
}

const fn how_done(how: How) -> &'static str {
    match how {
        How::Already => "already as wanted",
        How::Written => "written and read back",
        How::Proven => "proven",
    }
}

/// The last words of a run.
pub(crate) fn summary(printer: &Printer, outcome: &Outcome, journal: &str) {
    let counts = outcome.counts();
    let parts = [
        (counts.written, "written"),
        (counts.already, "already as wanted"),
        (counts.proven, "proven"),
        (counts.failed, "failed"),
        (counts.stale, "stale"),
        (counts.skipped, "skipped"),
        (counts.waiting, "waiting"),
        (counts.interrupted, "not finished"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let head = match outcome.verdict() {
        Verdict::Done => "Apply complete",
        Verdict::Error | Verdict::Denied => "Nothing was changed",
        Verdict::Stale => "Nothing was changed: the world moved",
        Verdict::Partial => "Applied in part; run again to go on",
        Verdict::Waiting => "All that can be done is done; waiting on AWS",
        Verdict::Interrupted => "Interrupted; run again to go on",
    };
    printer.message(&format!("{head}: {}.", said.join(", ")));
    let open = outcome.steps.iter().filter(|(_, result)| {
        matches!(
            result,
            StepResult::NotStarted | StepResult::Interrupted { .. }
        )
    });
    for (step, _) in open {
        printer.message(&format!("  not finished: {step}"));
    }
    printer.detail(&format!("journal: {journal}"));
}
