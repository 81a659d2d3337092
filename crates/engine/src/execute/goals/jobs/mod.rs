//! One job of S3 Batch Operations of a goal: made, confirmed, looked at and believed, whatever it does with its objects.
//!
//! ```text
//! make ----------> follow --ended--> tags, report --> concluded by the goal
//! confirm ------/   |
//! look --------/    +--at work when the wait is over, or to be confirmed--> waiting
//! ```
//! A job is made with a token that is the same for every try of an attempt, so that a lost answer makes no second one
//! (BC:s3control CreateJobRequest ClientRequestToken); and before one is made it is looked for by what it says of itself. A job
//! that this run makes is never confirmed by it: who confirms has seen how many objects there are.

mod report;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use s3ferry_core::ids::JobId;
use s3ferry_core::model::kinds::{Job, JobStatus};
use s3ferry_core::plan::{EndedJob, JobEnd, NewJob, OwnJobs};
use tokio::time::Instant;

use crate::events::{JobProgress, RunEvent, millis};
use crate::execute::repeat::Stopped;
use crate::execute::{Context, Slept};
use crate::ledger::{LedgerError, ReceiptStore};
use crate::limits::JOB_WAITS;
use crate::outcome::{How, StepResult};
use crate::ports::{Jobs, PortError, Read};
use crate::problem::{Problem, ProblemKind};

pub(super) use report::Report;
use report::Unread;

/// What S3 answers to a token that was used with another request (UG:troubleshooting-batch-operations).
const TOKEN_TAKEN: &str = "IdempotencyException";

/// What S3 says of a job whose filter took nothing (UG26:replication-troubleshoot).
pub(super) const NO_KEYS: &str = "no keys matching";

/// Why a step is not done.
pub(super) enum Stop {
    /// It went wrong.
    Failed(Problem),
    /// S3 is at work, or somebody must say yes.
    Waiting(String),
    /// The run was asked to stop.
    Interrupted,
}

/// Why S3 gave a job up, in its words.
pub(super) fn reason(job: &Job) -> String {
    let reasons = job.reasons.iter().map(|of| of.reason.as_str());
    reasons.collect::<Vec<_>>().join("; ")
}

/// One job of a goal.
pub(super) struct One {
    pub(super) attempt: u32,
    pub(super) id: JobId,
    /// Whether it was confirmed by this run: a look may be older than that.
    pub(super) is_confirmed: bool,
}

impl One {
    /// A job that this run has not confirmed.
    pub(super) fn new(attempt: u32, id: &JobId) -> Self {
        Self {
            attempt,
            id: id.clone(),
            is_confirmed: false,
        }
    }
}

/// Works on the jobs of a goal.
pub(super) struct Worker<'a, W, R> {
    pub(super) jobs: &'a OwnJobs,
    pub(super) on: &'a Context<'a, W, R>,
    begun: Instant,
    has_written: AtomicBool,
}

impl<'a, W: Jobs + Read, R: ReceiptStore> Worker<'a, W, R> {
    pub(super) fn new(jobs: &'a OwnJobs, on: &'a Context<'a, W, R>) -> Self {
        Self {
            jobs,
            on,
            begun: Instant::now(),
            has_written: AtomicBool::new(false),
        }
    }

    /// Notes that something may be another way than it was.
    pub(super) fn writes(&self) {
        self.has_written.store(true, Ordering::Relaxed);
    }

    /// How a step ended.
    pub(super) fn result(&self, done: Result<(), Stop>) -> StepResult {
        let may_have_written = self.has_written.load(Ordering::Relaxed);
        match done {
            Ok(()) => StepResult::Done(How::Proven),
            Err(Stop::Failed(problem)) => StepResult::Failed {
                problem,
                may_have_written,
            },
            Err(Stop::Waiting(what)) => StepResult::Waiting {
                what,
                waited_ms: millis(self.begun.elapsed()),
                may_have_written,
            },
            Err(Stop::Interrupted) => StepResult::Interrupted { may_have_written },
        }
    }

    /// Makes the job of an attempt, unless an earlier run did whose answer was lost.
    pub(super) async fn make(
        &self,
        attempt: u32,
        request: impl Future<Output = Result<NewJob, Stop>>,
    ) -> Result<One, Stop> {
        if self.on.run.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        if let Some(id) = self.find(attempt).await? {
            self.tell(JobProgress::Found {
                job: id.to_string(),
            });
            return Ok(One::new(attempt, &id));
        }
        let request = request.await?;
        self.writes();
        let made = self
            .on
            .repeat(|| self.on.run.world.create_job(&request))
            .await;
        match made {
            Ok(id) => {
                self.tell(JobProgress::Made {
                    job: id.to_string(),
                });
                Ok(One::new(attempt, &id))
            }
            // An earlier run made it of what was to be said then, and S3 does not list it yet.
            Err(Stopped::Error(error)) if error.code == TOKEN_TAKEN => {
                let what = "S3 to list the job that an earlier run made".to_owned();
                Err(Stop::Waiting(what))
            }
            Err(other) => Err(stopped(other)),
        }
    }

    async fn find(&self, attempt: u32) -> Result<Option<JobId>, Stop> {
        let list = self.jobs.listed_in();
        let read = self.on.repeat(|| self.on.run.world.read(&list)).await;
        let listed = read.map_err(stopped)?;
        Ok(self.jobs.found(listed.as_ref(), attempt).cloned())
    }

    /// Confirms the job that a reviewer was shown, with as many objects as were shown.
    pub(super) async fn confirm_shown(
        &self,
        attempt: u32,
        id: &JobId,
        tasks: u64,
    ) -> Result<One, Stop> {
        let mut one = One::new(attempt, id);
        self.must_be_ours(&one).await?;
        let job = self.look(&one).await?;
        if job.status != JobStatus::Suspended {
            // Somebody was faster, or the answer to an earlier try was lost.
            return Ok(one);
        }
        if job.tasks != tasks {
            let message = format!(
                "job {id} has {} objects and was shown with {tasks}",
                job.tasks
            );
            let problem = Problem::new(ProblemKind::Backfill, message);
            return Err(Stop::Failed(
                problem.with_hint("plan again, and review what it says now"),
            ));
        }
        self.confirm(&mut one, tasks).await?;
        Ok(one)
    }

    async fn confirm(&self, one: &mut One, tasks: u64) -> Result<(), Stop> {
        if self.on.run.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        self.writes();
        let at = &self.jobs.at;
        let confirmed = self
            .on
            .repeat(|| self.on.run.world.confirm_job(at, &one.id))
            .await;
        match confirmed {
            Ok(()) => {}
            // It is not suspended any more: a lost answer, or somebody else.
            Err(Stopped::Error(_)) if self.look(one).await?.status != JobStatus::Suspended => {}
            Err(other) => return Err(stopped(other)),
        }
        one.is_confirmed = true;
        self.tell(JobProgress::Confirmed {
            job: one.id.to_string(),
            tasks,
        });
        Ok(())
    }

    async fn look(&self, one: &One) -> Result<Job, Stop> {
        let at = &self.jobs.at;
        let read = self.on.repeat(|| self.on.run.world.job(at, &one.id)).await;
        let job = read.map_err(stopped)?;
        job.ok_or_else(|| {
            let message = format!("job {} is not there any more", one.id);
            let problem = Problem::new(ProblemKind::Backfill, message);
            Stop::Failed(problem.with_hint("S3 forgets jobs 90 days after they ended; plan again"))
        })
    }

    /// What a description says anybody can write; the tags are ours.
    pub(super) async fn must_be_ours(&self, one: &One) -> Result<(), Stop> {
        let at = &self.jobs.at;
        let read = self
            .on
            .repeat(|| self.on.run.world.job_tags(at, &one.id))
            .await;
        let tags = read.map_err(stopped)?;
        let mut wanted = self.jobs.tags(one.attempt).into_iter();
        if wanted.all(|(key, value)| tags.get(&key) == Some(&value)) {
            return Ok(());
        }
        let message = format!(
            "job {} says that it is of migration {}, and its tags do not",
            one.id, self.jobs.migration
        );
        let problem = Problem::new(ProblemKind::Backfill, message);
        Err(Stop::Failed(problem.with_hint(
            "somebody made it, or took its tags away: cancel it, or put the tags back, then plan again",
        )))
    }

    /// Looks at a job until it has ended, as long as the run may wait.
    pub(super) async fn follow(&self, one: &One) -> Result<Job, Stop> {
        let mut one = One {
            id: one.id.clone(),
            ..*one
        };
        let mut pace = Pace::default();
        let mut looks: u32 = 0;
        loop {
            let job = self.look(&one).await?;
            if job.status.is_final() {
                return Ok(job);
            }
            if job.status == JobStatus::Suspended && !one.is_confirmed {
                if self.jobs.confirm {
                    return Err(Stop::Waiting(format!(
                        "job {} of {} objects to be confirmed by an apply of the next plan, which shows the cost,",
                        one.id, job.tasks
                    )));
                }
                self.must_be_ours(&one).await?;
                self.confirm(&mut one, job.tasks).await?;
            }
            self.tell_progress(&one, &job, &mut pace);
            let left = self
                .on
                .run
                .limits
                .job_wait
                .saturating_sub(self.begun.elapsed());
            if left.is_zero() {
                return Err(Stop::Waiting(at_work(&one, &job)));
            }
            looks = looks.saturating_add(1);
            let wait = JOB_WAITS.after(looks, self.on.seed()).min(left);
            if self.on.sleep(wait).await == Slept::Cancelled {
                return Err(Stop::Interrupted);
            }
        }
    }

    fn tell_progress(&self, one: &One, job: &Job, pace: &mut Pace) {
        if !pace.has_moved(job) {
            return;
        }
        let rate = pace.a_second(job);
        let done = job.succeeded + job.failed;
        let left_s = rate.map(|rate| job.tasks.saturating_sub(done).div_ceil(rate.max(1)));
        self.tell(JobProgress::AtWork {
            job: one.id.to_string(),
            status: job.status.as_str().to_owned(),
            tasks: job.tasks,
            succeeded: job.succeeded,
            failed: job.failed,
            a_second: rate,
            left_s,
        });
    }

    /// How a job has ended, with the failure codes of its report.
    pub(super) fn ended(
        &self,
        one: &One,
        job: &Job,
        end: JobEnd,
        report: Option<&Report>,
    ) -> EndedJob {
        EndedJob {
            subject: self.jobs.subject.clone(),
            attempt: one.attempt,
            job: one.id.to_string(),
            end,
            tasks: job.tasks,
            failed: job.failed,
            codes: report
                .map(|report| report.codes.clone())
                .unwrap_or_default(),
            age: None,
        }
    }

    /// The report of a job; none where there is none.
    pub(super) async fn report(&self, one: &One) -> Result<Option<Report>, Stop> {
        let read = report::read(self.on, &self.jobs.report, &one.id).await;
        read.map_err(|unread| match unread {
            Unread::Call(stop) => stopped(stop),
            Unread::Strange(what) => {
                let message = format!("the report of job {} cannot be understood: {what}", one.id);
                Stop::Failed(Problem::new(ProblemKind::Backfill, message))
            }
        })
    }

    /// Why a job whose report is not there is not believed; `hint` says what starts over.
    pub(super) fn no_report(&self, one: &One, hint: &str) -> Stop {
        let bucket = &self.jobs.report.0.bucket;
        let message = format!(
            "job {} is complete, and its report is not in {bucket}: what became of its objects is not known",
            one.id
        );
        let problem = Problem::new(ProblemKind::Backfill, message);
        Stop::Failed(problem.with_hint(format!(
            "if somebody moved it, put it back and apply; {hint}"
        )))
    }

    /// A report that tells of as many failures as S3 counts.
    pub(super) async fn whole_report(
        &self,
        one: &One,
        job: &Job,
        hint: &str,
    ) -> Result<Report, Stop> {
        let report = self.report(one).await?;
        let report = report.ok_or_else(|| self.no_report(one, hint))?;
        if report.failed != job.failed {
            let message = format!(
                "the report of job {} tells of {} failed objects, and S3 counts {}",
                one.id, report.failed, job.failed
            );
            return Err(Stop::Failed(Problem::new(ProblemKind::Backfill, message)));
        }
        Ok(report)
    }

    fn tell(&self, progress: JobProgress) {
        self.on
            .reporter
            .emit(|step| RunEvent::Job { step, progress });
    }
}

fn at_work(one: &One, job: &Job) -> String {
    let done = job.succeeded + job.failed;
    match job.tasks {
        0 => format!(
            "job {}, whose list S3 makes ({})",
            one.id,
            job.status.as_str()
        ),
        tasks => format!(
            "job {}: {done} of {tasks} objects are done, {} of them failed ({})",
            one.id,
            job.failed,
            job.status.as_str()
        ),
    }
}

/// How fast a job is.
#[derive(Debug, Default)]
struct Pace {
    /// When tasks were first seen done, and how many.
    first: Option<(Instant, u64)>,
    told: Option<Job>,
}

impl Pace {
    fn has_moved(&mut self, job: &Job) -> bool {
        let has_moved = self.told.as_ref() != Some(job);
        self.told = Some(job.clone());
        has_moved
    }

    /// Tasks a second since they were first seen; none before two looks with tasks.
    fn a_second(&mut self, job: &Job) -> Option<u64> {
        let done = job.succeeded + job.failed;
        let (since, before) = *self.first.get_or_insert((Instant::now(), done));
        let took: Duration = since.elapsed();
        let more = u128::from(done.saturating_sub(before));
        let rate = (more * 1_000).checked_div(took.as_millis())?;
        u64::try_from(rate).ok().filter(|rate| *rate > 0)
    }
}

/// A call that was repeated and gave no answer.
pub(super) fn stopped(stopped: Stopped) -> Stop {
    match stopped {
        Stopped::Error(error) => failed(&error),
        Stopped::Cancelled => Stop::Interrupted,
    }
}

fn failed(error: &PortError) -> Stop {
    Stop::Failed(Problem::from(error))
}

pub(super) fn not_kept(error: &LedgerError) -> Problem {
    let message = format!("what is known of the job could not be kept: {error}");
    Problem::new(ProblemKind::Ledger, message).with_hint("make the ledger writable and run again")
}
