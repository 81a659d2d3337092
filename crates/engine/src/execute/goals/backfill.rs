//! A backfill step: a job of S3 Batch Replication is made, confirmed, looked at or concluded, as far as this run comes.
//!
//! ```text
//! make, confirm or look --jobs--> ended --> report --> receipt --nothing left--> done
//!                                                          \--something left--> failed, explained
//! ```

use s3ferry_core::goals::{explained, is_whole};
use s3ferry_core::model::kinds::{Job, JobStatus};
use s3ferry_core::plan::{Attempt, BackfillGoal, EndedJob, JobEnd, NewJob, Todo};

use super::jobs::{NO_KEYS, One, Report, Stop, Worker, not_kept, reason, stopped};
use crate::execute::Context;
use crate::ledger::{BackfillReceipt, ReceiptStore};
use crate::outcome::StepResult;
use crate::ports::{Jobs, Read, Sample};
use crate::problem::{Problem, ProblemKind};

/// What starts over where a report is lost.
const START_OVER: &str = "or start over with another scope: backfill: { scope: both }";

struct Backfill<'a, W, R> {
    goal: &'a BackfillGoal,
    work: Worker<'a, W, R>,
}

/// Does what is to be done for a backfill.
///
/// # Guarantees
/// Of an attempt there is one job, whatever is lost. A job of anybody else's is neither confirmed nor believed. Ends within
/// `job_wait`.
pub(in crate::execute::goals) async fn copy<W: Jobs + Read, R: ReceiptStore>(
    goal: &BackfillGoal,
    on: &Context<'_, W, R>,
) -> StepResult {
    let backfill = Backfill {
        goal,
        work: Worker::new(&goal.jobs, on),
    };
    backfill.work.result(backfill.copy().await)
}

impl<W: Jobs + Read, R: ReceiptStore> Backfill<'_, W, R> {
    async fn copy(&self) -> Result<(), Stop> {
        let one = match &self.goal.todo {
            Todo::Make(attempt) => {
                let request = self.request(attempt);
                self.work.make(attempt.number, request).await?
            }
            Todo::Confirm {
                attempt,
                job,
                tasks,
            } => self.work.confirm_shown(*attempt, job, *tasks).await?,
            Todo::Follow { attempt, job, .. } => One::new(*attempt, job),
            Todo::Hold { job, migration } => {
                let what = format!("job {job} of migration {migration} on the same bucket");
                return Err(Stop::Waiting(what));
            }
            Todo::Explain(ended) => return Err(self.not_whole(ended)),
        };
        let job = self.work.follow(&one).await?;
        self.conclude(&one, &job).await
    }

    async fn request(&self, attempt: &Attempt) -> Result<NewJob, Stop> {
        Ok(self.goal.request(attempt, self.effective().await?))
    }

    /// When the last of the canaries was proven; none where nothing proves the rules, and then objects of any time are listed.
    async fn effective(&self) -> Result<Option<String>, Stop> {
        let mut proofs = Vec::new();
        for (by, subject) in &self.goal.canaries {
            let read = self
                .work
                .on
                .repeat(|| self.work.on.run.world.read(by))
                .await;
            let live = read.map_err(stopped)?;
            proofs.extend(BackfillGoal::proof(subject, live.as_ref()));
        }
        if proofs.is_empty() || proofs.len() < self.goal.canaries.len() {
            return Ok(None);
        }
        let proven = self.work.on.run.receipts.proven_at(&proofs).await;
        proven.map_err(|error| Stop::Failed(not_kept(&error)))
    }

    /// Reads what a job that has ended tells, and keeps it.
    async fn conclude(&self, one: &One, job: &Job) -> Result<(), Stop> {
        self.work.must_be_ours(one).await?;
        let (end, report) = self.end(one, job).await?;
        let ended = self.work.ended(one, job, end, report.as_ref());
        let receipt = BackfillReceipt::of(
            self.goal,
            &ended,
            report.map(|report| report.at),
            self.work.on.run.clock.now(),
        );
        let kept = self.work.on.run.receipts.keep_backfill(&receipt).await;
        kept.map_err(|error| Stop::Failed(not_kept(&error)))?;
        self.work.writes();
        if is_whole(&ended) {
            Ok(())
        } else {
            Err(self.not_whole(&ended))
        }
    }

    async fn end(&self, one: &One, job: &Job) -> Result<(JobEnd, Option<Report>), Stop> {
        match job.status {
            JobStatus::Complete => {
                let report = self.work.whole_report(one, job, START_OVER).await?;
                Ok((JobEnd::Complete, Some(report)))
            }
            JobStatus::Cancelled => Ok((JobEnd::Cancelled, self.work.report(one).await?)),
            JobStatus::Failed | JobStatus::Moving(_) | JobStatus::Suspended => {
                let reason = reason(job);
                if reason.contains(NO_KEYS) {
                    return Ok((self.nothing().await?, None));
                }
                let report = if job.tasks > 0 {
                    self.work.report(one).await?
                } else {
                    None
                };
                Ok((JobEnd::Failed(reason), report))
            }
        }
    }

    /// Why a job found no objects. There may be none of the status that it asked for, none under the rules at all, or only such as
    /// cannot be replicated.
    async fn nothing(&self) -> Result<JobEnd, Stop> {
        let mut all = Sample {
            is_whole: true,
            ..Sample::default()
        };
        for prefix in &self.goal.prefixes {
            let under = self.sample(prefix).await?;
            all.versions += under.versions;
            all.archived += under.archived;
            all.is_whole &= under.is_whole;
        }
        if all.versions == 0 {
            let has_others = self.sample("").await?.versions > 0;
            return Ok(if has_others {
                JobEnd::NothingUnderRules
            } else {
                JobEnd::NothingToDo
            });
        }
        let only_archived = all.is_whole && all.archived == all.versions;
        Ok(if only_archived && !self.goal.only_failed {
            JobEnd::AllArchived
        } else {
            JobEnd::NothingToDo
        })
    }

    async fn sample(&self, prefix: &str) -> Result<Sample, Stop> {
        let source = &self.goal.source;
        let read = self
            .work
            .on
            .repeat(|| self.work.on.run.world.sample(source, prefix))
            .await;
        read.map_err(stopped)
    }

    fn not_whole(&self, ended: &EndedJob) -> Stop {
        let (what, help) = explained(self.goal, ended);
        Stop::Failed(Problem::new(ProblemKind::Backfill, what).with_hint(help))
    }
}
