//! What a run may have written over, and the command that gives it back: the last words of a run that saw such.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::plan::Stage;
use s3ferry_engine::RunEvent;

use crate::printer::Printer;
use crate::shell;

/// What a run saw of somebody else's where it wrote.
#[derive(Debug, Default)]
pub(crate) struct Overwritten {
    /// What reads answered in passing, by step.
    glimpsed: BTreeMap<String, Vec<String>>,
    /// The steps that wrote.
    wrote: BTreeSet<String>,
    /// The steps that found something else after they had written.
    moved: BTreeSet<String>,
}

impl Overwritten {
    pub(crate) fn hear(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Glimpsed { step, document } => {
                let of = self.glimpsed.entry(step.clone()).or_default();
                of.push(document.clone());
            }
            RunEvent::Writing { step, .. } => drop(self.wrote.insert(step.clone())),
            RunEvent::Stale {
                step,
                after_write: true,
                ..
            } => drop(self.moved.insert(step.clone())),
            RunEvent::Stale { .. }
            | RunEvent::Started { .. }
            | RunEvent::StepStarted { .. }
            | RunEvent::Agreeing { .. }
            | RunEvent::Retrying { .. }
            | RunEvent::Doubted { .. }
            | RunEvent::Merged { .. }
            | RunEvent::Settled { .. }
            | RunEvent::Canary { .. }
            | RunEvent::Job { .. }
            | RunEvent::Done { .. }
            | RunEvent::Failed { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Waiting { .. }
            | RunEvent::Stopping { .. }
            | RunEvent::Interrupted { .. }
            | RunEvent::Finished { .. } => {}
        }
    }

    /// Says what there is to give back, each with the command to it at the end of its line.
    pub(crate) fn say(&self, printer: &Printer, run: &str, paths: &[String]) {
        for line in self.lines(run, paths) {
            printer.warning(&line);
        }
    }

    /// A step that failed after its write went over what was seen as much as one that is done.
    fn lines(&self, run: &str, paths: &[String]) -> Vec<String> {
        let mut lines = Vec::new();
        for (step, documents) in &self.glimpsed {
            if !self.wrote.contains(step) {
                continue;
            }
            let address = Stage::target_of(step);
            for document in documents {
                let document = format!("{address}@{document}");
                lines.push(format!(
                    "{address}: while it was written, a read answered an edit of somebody else, which may have been written over; to make that edit again: {}",
                    command(run, paths, &[&document])
                ));
            }
        }
        for step in &self.moved {
            lines.push(format!(
                "{}: what was there before, and what was seen since, is kept; to see it and what gives it back: {}",
                Stage::target_of(step),
                command(run, paths, &[])
            ));
        }
        lines
    }
}

/// The command that lists what a run kept, or gives documents back.
pub(crate) fn command(run: &str, paths: &[String], documents: &[&str]) -> String {
    let documents = documents.iter().flat_map(|of| ["--document", of]);
    let documents = documents.map(str::to_owned);
    let words = ["s3ferry", "restore", run].map(str::to_owned).into_iter();
    shell::line(
        words
            .chain(paths.iter().map(|path| shell::path(path)))
            .chain(documents),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_that_was_seen_is_told_however_its_step_ended() {
        let step = || "prod/bucket/b/policy".to_owned();
        let glimpsed = RunEvent::Glimpsed {
            step: step(),
            document: "absent".to_owned(),
        };
        let writing = RunEvent::Writing {
            step: step(),
            attempt: 1,
            wanted: None,
            before: None,
        };
        let mut heard = Overwritten::default();
        heard.hear(&glimpsed);
        assert!(heard.lines("run-1", &[]).is_empty(), "nothing was written");
        heard.hear(&writing);
        let lines = heard.lines("run-1", &[]);
        assert!(
            lines
                .concat()
                .ends_with("s3ferry restore run-1 --document prod/bucket/b/policy@absent"),
            "{lines:?}"
        );
    }

    #[test]
    fn a_command_is_what_a_shell_takes() {
        let paths = ["a b/spec.yaml".to_owned(), "it's".to_owned()];
        assert_eq!(
            command("run-1", &paths, &["prod/role/a@b/policy@absent"]),
            r"s3ferry restore run-1 'a b/spec.yaml' 'it'\''s' --document prod/role/a@b/policy@absent"
        );
        let paths = ["-all.yaml".to_owned(), "--yes".to_owned()];
        assert_eq!(
            command("run-1", &paths, &[]),
            "s3ferry restore run-1 ./-all.yaml ./--yes"
        );
    }
}
