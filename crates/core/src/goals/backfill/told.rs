//! What a reviewer reads of a backfill. How far a job is moves between a plan and its apply, so that a plan says no counts of one
//! at work: it would be stale at once.

use serde_json::{Value, json};

use super::{Attempt, BackfillGoal, Todo, is_whole, unexplained};
use crate::failures::failure_code;
use crate::format::{Change, Gate, GateState, Risk, RiskLevel, Undo, UndoKind};
use crate::goals::cost;
use crate::goals::jobs::ended;
use crate::goals::proving::{Proving, exact};
use crate::goals::standing::{GoalWait, Standing};
use crate::model::{BucketPart, BucketRef, Target};
use crate::proof::{EndedJob, JobEnd};
use crate::scene::Scene;

/// A job goes on by itself for as long as it needs, and no apply waits for one unless it is told to. One that ended is listed for
/// 90 days (BC:s3control ListJobs); what nobody looked at by then is not known any more.
const WAIT: GoalWait = GoalWait {
    what: "the job of the backfill, which goes on when the apply has ended; --wait follows it",
    bound_seconds: 90 * 24 * 60 * 60,
};

impl BackfillGoal {
    pub(in crate::goals) fn gate(&self, scene: &Scene<'_>, standing: Standing) -> Gate {
        let (state, why) = match standing {
            Standing::Met => (GateState::Met, self.met(scene)),
            Standing::Blocked => (
                GateState::Blocked,
                "an apply is refused as things are; see the findings".to_owned(),
            ),
            Standing::Pending => self.pending(),
        };
        Gate {
            name: "backfill".to_owned(),
            state,
            why,
        }
    }

    fn met(&self, scene: &Scene<'_>) -> String {
        let Some(ended) = ended(scene, &self.jobs.subject) else {
            return String::new();
        };
        if ended.end == JobEnd::NothingToDo {
            return format!("there was nothing to copy, as job {} found", ended.job);
        }
        let gone = match ended.failed {
            0 => String::new(),
            failed => format!("; {failed} were deleted meanwhile"),
        };
        format!(
            "the report of job {} tells of every object of {}{gone}",
            ended.job, ended.tasks
        )
    }

    fn pending(&self) -> (GateState, String) {
        match &self.todo {
            Todo::Make(Attempt { after: None, .. }) => (
                GateState::Pending,
                "an apply starts a job, which goes on by itself".to_owned(),
            ),
            Todo::Make(Attempt {
                after: Some(before),
                ..
            }) => (
                GateState::Pending,
                format!("an apply starts another job: {}", outcome(before)),
            ),
            Todo::Confirm { job, tasks, .. } => (
                GateState::Pending,
                format!(
                    "job {job} waits, with {} to copy; an apply confirms it",
                    objects(*tasks)
                ),
            ),
            Todo::Follow { job, .. } => (
                GateState::Waiting,
                format!("job {job} is at work, or has ended; an apply looks, and reads its report"),
            ),
            Todo::Hold { job, migration } => (
                GateState::Waiting,
                format!(
                    "job {job} of migration {migration} is at work on the same bucket: two would copy the same objects"
                ),
            ),
            Todo::Explain(ended) => (GateState::Blocked, outcome(ended)),
        }
    }

    pub(in crate::goals) fn change(&self, scene: &Scene<'_>) -> Change {
        let source = Target::Bucket(self.source.clone(), BucketPart::Itself);
        Proving {
            kind: "backfill",
            address: self.address(),
            target: scene.names.address(&source),
            after: self.view(),
            undo: self.undo(),
            risk: self.risk(),
        }
        .change(&self.jobs.migration)
    }

    fn view(&self) -> Value {
        let place = |(bucket, prefix): &(BucketRef, String)| match prefix.as_str() {
            "" => bucket.bucket.to_string(),
            prefix => format!("{}/{prefix}/", bucket.bucket),
        };
        let mut view = json!({
            "from": self.source.bucket.as_str(),
            "to": self.destination.bucket.as_str(),
            "does": self.does(),
        });
        let more = match &self.todo {
            Todo::Make(attempt) => {
                let statuses = attempt.statuses.iter().map(|of| of.as_str());
                vec![
                    ("objects", json!(statuses.collect::<Vec<_>>())),
                    ("prefixes", json!(self.prefixes)),
                    ("report", json!(place(&self.jobs.report))),
                    ("list", json!(self.manifest.as_ref().map(place))),
                    ("role", json!(self.batch_arn.as_str())),
                    ("priority", json!(self.priority)),
                    ("waits_for_confirmation", json!(self.jobs.confirm)),
                    ("cost", json!(cost::unknown())),
                ]
            }
            Todo::Confirm { job, tasks, .. } => vec![
                ("job", json!(job.as_str())),
                ("tasks", json!(tasks)),
                ("cost", json!(cost::of_tasks(*tasks))),
            ],
            Todo::Follow { job, .. } | Todo::Hold { job, .. } => vec![("job", json!(job.as_str()))],
            Todo::Explain(ended) => vec![
                ("job", json!(ended.job)),
                ("tasks", json!(ended.tasks)),
                ("failed", json!(ended.codes)),
            ],
        };
        for (name, value) in more {
            view[name] = value;
        }
        view
    }

    fn does(&self) -> &'static str {
        match &self.todo {
            Todo::Make(Attempt { after: None, .. }) => "makes a job of S3 Batch Replication",
            Todo::Make(_) => "makes another job of S3 Batch Replication",
            Todo::Confirm { .. } => "confirms the job, which then copies",
            Todo::Follow { .. } => "looks at the job, and reads its report when it has ended",
            Todo::Hold { .. } => "waits for the job of another backfill on the same bucket",
            Todo::Explain(_) => "says once more what failed and why",
        }
    }

    fn undo(&self) -> Undo {
        match &self.todo {
            Todo::Make(_) | Todo::Confirm { .. } => Undo {
                kind: UndoKind::None,
                why: "what a job has copied stays; a job at work can be cancelled by hand"
                    .to_owned(),
            },
            Todo::Follow { .. } | Todo::Hold { .. } | Todo::Explain(_) => exact(),
        }
    }

    fn risk(&self) -> Risk {
        let (level, note) = match &self.todo {
            Todo::Make(_) if self.jobs.confirm => (
                RiskLevel::Low,
                "Nothing is copied before the number of objects is known and another apply confirms it."
                    .to_owned(),
            ),
            Todo::Make(_) => (RiskLevel::Medium, format!("It copies at once. {BILLED}")),
            Todo::Confirm { tasks, .. } => (
                RiskLevel::Medium,
                format!("{} are copied. {BILLED}", objects(*tasks)),
            ),
            Todo::Follow { .. } | Todo::Hold { .. } => {
                (RiskLevel::Low, "Nothing is started.".to_owned())
            }
            Todo::Explain(ended) => (
                RiskLevel::High,
                format!("{} are missing at the destination.", objects(unexplained(ended))),
            ),
        };
        Risk {
            level,
            notes: vec![note],
        }
    }

    pub(in crate::goals) const fn wait() -> GoalWait {
        WAIT
    }
}

/// What copies cost besides the job.
const BILLED: &str = "Each replica is billed as a PUT and as storage, and what leaves the Region as transfer; objects that lifecycle rules would have moved count as read.";

fn objects(count: u64) -> String {
    match count {
        1 => "1 object".to_owned(),
        count => format!("{count} objects"),
    }
}

/// How a job ended, in a line.
fn outcome(ended: &EndedJob) -> String {
    let job = &ended.job;
    match &ended.end {
        JobEnd::Complete if is_whole(ended) => format!("job {job} copied every object"),
        JobEnd::Complete => {
            let by_code = ended
                .codes
                .iter()
                .filter(|(code, _)| failure_code(code).is_none_or(|of| !of.is_harmless));
            let by_code: Vec<String> = by_code
                .map(|(code, count)| format!("{count} with {code}"))
                .collect();
            let codes = match by_code.as_slice() {
                [] => String::new(),
                codes => format!(": {}", codes.join(", ")),
            };
            format!(
                "{} of {} failed in job {job}{codes}",
                objects(unexplained(ended)),
                ended.tasks
            )
        }
        JobEnd::NothingToDo => format!("job {job} found nothing to copy"),
        JobEnd::NothingUnderRules => {
            format!("job {job} found nothing: no key of the bucket begins as the rules say")
        }
        JobEnd::AllArchived => {
            format!("job {job} found nothing: what it was to copy is archived")
        }
        JobEnd::Failed(reason) => format!("job {job} failed: {reason}"),
        JobEnd::Cancelled => format!("somebody cancelled job {job}"),
    }
}

/// How a job ended that leaves something to be done, and what to do about it, a line each.
#[must_use]
pub fn explained(goal: &BackfillGoal, ended: &EndedJob) -> (String, String) {
    let migration = &goal.jobs.migration;
    let help = match &ended.end {
        JobEnd::Complete => failed(goal, ended),
        JobEnd::NothingToDo => Vec::new(),
        JobEnd::NothingUnderRules => vec![
            "correct the prefixes of the rules, which are no patterns and begin no key with a slash by themselves".to_owned(),
            format!("or, if such objects are only yet to come, in migration {migration}: backfill: {{ scope: none }}"),
        ],
        JobEnd::AllArchived => vec![
            "restore them in the source (S3 Glacier Flexible Retrieval, Deep Archive and archive tiers cannot be replicated), then apply".to_owned(),
            format!("or leave them, by decision, in migration {migration}: backfill: {{ scope: none }}"),
        ],
        JobEnd::Failed(reason) => {
            let mut help = failed(goal, ended);
            help.insert(0, given_up(reason).to_owned());
            help
        }
        JobEnd::Cancelled => vec!["apply: another job is made, for what is left".to_owned()],
    };
    let what = format!(
        "the backfill of migration {migration} is not complete: {}",
        outcome(ended)
    );
    (what, help.join("\n"))
}

/// A line for each code, and how what failed is tried again.
fn failed(goal: &BackfillGoal, ended: &EndedJob) -> Vec<String> {
    let line = |(code, count): (&String, &u64)| match failure_code(code) {
        Some(of) => format!("{code} ({}): {}; {}", objects(*count), of.cause, of.fix),
        None => format!(
            "{code} ({}): AWS does not document it; see the report",
            objects(*count)
        ),
    };
    let mut lines: Vec<String> = ended.codes.iter().map(line).collect();
    let again = if ended.end != JobEnd::Complete {
        "then apply: another job is made for what is left"
    } else if goal.tries_again {
        "then apply: another job is made for what failed"
    } else {
        "then let what failed be tried again: backfill: { scope: both }"
    };
    lines.push(again.to_owned());
    lines
}

/// What to do about a job that S3 gave up. The reasons are S3's words, of which AWS documents few (UG:batch-ops-job-status,
/// UG26:replication-troubleshoot).
fn given_up(reason: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&["report"]) {
        "look at the bucket that reports go to: it must be in the source's Region, have no default retention, and deny the role of the job nothing"
    } else if says(&["ssume"]) {
        "look at the trust policy of the role of the job; right after it was made S3 may not know it yet: apply again"
    } else if says(&["orbidden", "denied", "Denied"]) {
        "look what denies the role of the job: its permissions boundary, the policies of the buckets, service control policies"
    } else if says(&["More than 50%", "50 %", "failure rate", "FailureRate"]) {
        "S3 gives a job up when more than half of at least 1,000 tasks failed"
    } else {
        "what S3 says is all that is known of it"
    }
}
