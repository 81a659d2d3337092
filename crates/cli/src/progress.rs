//! Progress: a run's events for the journal first and then for the printer.

use std::io;
use std::time::Instant;

use s3ferry_engine::journal::JournalSink;
use s3ferry_engine::problem::ProblemKind;
use s3ferry_engine::{EventSink, Outcome, RunEvent, StepResult, Verdict};

use crate::args::LogFormat;
use crate::overwritten::Overwritten;
use crate::printer::{Printer, Progress as Shown};
use crate::wording::{Told, told};

/// Tells a run to the journal first and then to the printer.
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    journal: JournalSink,
    steps: usize,
    ended: usize,
    running: Vec<String>,
    began: Instant,
    overwritten: Overwritten,
}

/// What a run is for, in its last words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It brings the accounts to what a spec says.
    Apply,
    /// It gives back what another run wrote over.
    Restore,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(printer: &'a Printer, steps: usize, journal: JournalSink) -> Self {
        Self {
            printer,
            journal,
            steps,
            ended: 0,
            running: Vec::new(),
            began: Instant::now(),
            overwritten: Overwritten::default(),
        }
    }

    /// Closes the journal, and gives what may have been written over.
    pub(crate) fn finish(self) -> (io::Result<()>, Overwritten) {
        self.printer.clear_status();
        (self.journal.finish(), self.overwritten)
    }

    /// Keeps count of what runs and what has ended.
    fn count(&mut self, event: &RunEvent) {
        match event {
            RunEvent::StepStarted { step, .. } => self.running.push(step.clone()),
            RunEvent::Done { step, .. }
            | RunEvent::Failed { step, .. }
            | RunEvent::Stale { step, .. }
            | RunEvent::Skipped { step, .. }
            | RunEvent::Waiting { step, .. }
            | RunEvent::Interrupted { step, .. } => {
                self.running.retain(|running| running != step);
                self.ended += 1;
            }
            RunEvent::Started { .. }
            | RunEvent::Agreeing { .. }
            | RunEvent::Writing { .. }
            | RunEvent::Glimpsed { .. }
            | RunEvent::Retrying { .. }
            | RunEvent::Doubted { .. }
            | RunEvent::Merged { .. }
            | RunEvent::Settled { .. }
            | RunEvent::Canary { .. }
            | RunEvent::Job { .. }
            | RunEvent::Stopping { .. }
            | RunEvent::Finished { .. } => {}
        }
    }

    fn print(&self, told: Told) {
        let shown = self.printer.progress != Shown::None;
        match told {
            Told::End(text) if shown => {
                let line = format!("[{}/{}] {text}", self.ended, self.steps);
                self.printer.message(&line);
            }
            Told::Line(text) if shown => self.printer.message(&text),
            Told::End(_) | Told::Line(_) => {}
            Told::Detail(text) => self.printer.detail(&text),
            Told::Message(text) => self.printer.message(&text),
            Told::Warning(text) => self.printer.warning(&text),
            Told::Error(text, hint) => self.printer.error(&text, hint.as_deref()),
        }
    }

    /// What runs, in the line at the bottom of a terminal.
    fn show_status(&self) {
        if let Some(first) = self.running.first() {
            let others = match self.running.len() {
                1 => String::new(),
                more => format!(" and {} more", more - 1),
            };
            let seconds = self.began.elapsed().as_secs();
            let line = format!(
                "[{}/{}] {first}{others} ({seconds} s)",
                self.ended, self.steps
            );
            self.printer.status(&line);
        }
    }
}

impl EventSink for Progress<'_> {
    fn event(&mut self, event: &RunEvent) {
        self.journal.event(event);
        self.overwritten.hear(event);
        if self.printer.log_format == LogFormat::Json {
            self.printer.event(event);
            return;
        }
        self.count(event);
        for told in told(event) {
            self.print(told);
        }
        self.show_status();
    }
}

/// The last words of a run.
pub(crate) fn summary(printer: &Printer, outcome: &Outcome, doing: Doing, journal: &str) {
    let counts = outcome.counts();
    let parts = [
        (counts.written, "written"),
        (counts.already, "already as wanted"),
        (counts.proven, "proven"),
        (counts.removed, "removed"),
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
    let head = match (outcome.verdict(), doing) {
        (Verdict::Done, Doing::Apply) => "Apply complete",
        (Verdict::Done, Doing::Restore) => "Restore complete",
        (Verdict::Error, _) if outcome.steps.values().any(put_objects) => {
            "No configuration was changed"
        }
        (Verdict::Error | Verdict::Denied, _) => "Nothing was changed",
        (Verdict::Stale, _) => "Nothing was changed: the world moved",
        (Verdict::Partial, Doing::Apply) => "Applied in part; run again to go on",
        (Verdict::Partial, Doing::Restore) => "Restored in part; run again to go on",
        (Verdict::Waiting, _) => "All that can be done is done; waiting on AWS",
        (Verdict::Interrupted, _) => "Interrupted; run again to go on",
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
    if printer.progress == Shown::None {
        say_open(printer, outcome);
    }
    printer.detail(&format!("journal: {journal}"));
}

/// Whether a step is a proof that failed, for which objects were put and removed.
fn put_objects(result: &StepResult) -> bool {
    matches!(result, StepResult::Failed { problem, .. } if problem.kind == ProblemKind::Canary)
}

/// What waits and what was skipped, which nothing has said where no progress is shown.
fn say_open(printer: &Printer, outcome: &Outcome) {
    for (step, result) in &outcome.steps {
        match result {
            StepResult::Waiting { what, .. } => {
                printer.message(&format!("  waiting for {what}: {step}"));
            }
            StepResult::Skipped { because } => {
                printer.message(&format!("  skipped, because of {because}: {step}"));
            }
            StepResult::Done(_)
            | StepResult::Failed { .. }
            | StepResult::Stale { .. }
            | StepResult::Interrupted { .. }
            | StepResult::NotStarted => {}
        }
    }
}
