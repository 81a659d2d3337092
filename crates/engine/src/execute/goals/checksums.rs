//! A step that has S3 compute checksums: a job is made, confirmed, looked at or concluded, as far as this run comes.
//!
//! ```text
//! make, confirm or look --jobs--> ended --> report --> receipt --> done, or given up by S3: failed
//! ```
//! What the report says of each object is read by a comparison, which holds it against the hash that the receipt has.

use s3ferry_core::model::kinds::{Job, JobStatus};
use s3ferry_core::plan::{ChecksumsGoal, ComputeTodo, JobEnd};

use super::jobs::{NO_KEYS, One, Report, Stop, Worker, not_kept, reason};
use crate::execute::Context;
use crate::ledger::{ChecksumsReceipt, ReceiptStore};
use crate::outcome::StepResult;
use crate::ports::{Jobs, Read};
use crate::problem::{Problem, ProblemKind};

/// What starts over where a report is lost.
const START_OVER: &str =
    "or wait until the job is older than verify.max_age: then another one is made";

struct Checksums<'a, W, R> {
    goal: &'a ChecksumsGoal,
    work: Worker<'a, W, R>,
}

/// Does what is to be done for the checksums of a side.
///
/// # Guarantees
/// Of an attempt there is one job, whatever is lost. A job of anybody else's is neither confirmed nor believed. Ends within
/// `job_wait`.
pub(in crate::execute::goals) async fn compute<W: Jobs + Read, R: ReceiptStore>(
    goal: &ChecksumsGoal,
    on: &Context<'_, W, R>,
) -> StepResult {
    let checksums = Checksums {
        goal,
        work: Worker::new(&goal.jobs, on),
    };
    checksums.work.result(checksums.compute().await)
}

impl<W: Jobs + Read, R: ReceiptStore> Checksums<'_, W, R> {
    async fn compute(&self) -> Result<(), Stop> {
        let one = match &self.goal.todo {
            ComputeTodo::Make { attempt, .. } => {
                let request = async { Ok(self.goal.request(*attempt)) };
                self.work.make(*attempt, request).await?
            }
            ComputeTodo::Confirm {
                attempt,
                job,
                tasks,
            } => self.work.confirm_shown(*attempt, job, *tasks).await?,
            ComputeTodo::Follow { attempt, job } => One::new(*attempt, job),
        };
        let job = self.work.follow(&one).await?;
        self.conclude(&one, &job).await
    }

    /// Keeps how a job has ended.
    async fn conclude(&self, one: &One, job: &Job) -> Result<(), Stop> {
        self.work.must_be_ours(one).await?;
        let (end, report) = self.end(one, job).await?;
        let ended = self.work.ended(one, job, end, report.as_ref());
        let at = report.map(|report| report.at);
        let run = &self.work.on.run;
        let made = (job.created.clone(), at);
        let receipt = ChecksumsReceipt::of(self.goal, &ended, made, run.clock.now());
        let kept = run.receipts.keep_checksums(&receipt).await;
        kept.map_err(|error| Stop::Failed(not_kept(&error)))?;
        self.work.writes();
        match &ended.end {
            JobEnd::Failed(reason) => Err(self.given_up(one, reason)),
            JobEnd::Cancelled => Err(self.given_up(one, "somebody cancelled it")),
            _ => Ok(()),
        }
    }

    async fn end(&self, one: &One, job: &Job) -> Result<(JobEnd, Option<Report>), Stop> {
        match job.status {
            JobStatus::Complete => {
                let report = self.work.whole_report(one, job, START_OVER).await?;
                Ok((JobEnd::Complete, Some(report)))
            }
            JobStatus::Cancelled => Ok((JobEnd::Cancelled, None)),
            JobStatus::Failed | JobStatus::Moving(_) | JobStatus::Suspended => {
                let reason = reason(job);
                if reason.contains(NO_KEYS) {
                    return Ok((JobEnd::NothingToDo, None));
                }
                Ok((JobEnd::Failed(reason), None))
            }
        }
    }

    fn given_up(&self, one: &One, why: &str) -> Stop {
        let message = format!(
            "job {} of migration {} has not computed the checksums of the {}: {why}",
            one.id,
            self.goal.jobs.migration,
            self.goal.side.as_str()
        );
        let problem = Problem::new(ProblemKind::Backfill, message);
        Stop::Failed(
            problem.with_hint(
                "look what keeps its role from its work, then apply: another job is made",
            ),
        )
    }
}
