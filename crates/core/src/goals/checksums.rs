//! The checksums of all objects of one side, computed by S3 where they lie: a job at each side, and a comparison rests on both reports.
//!
//! ```text
//! no job, or too old ---> make ---> (Suspended ---> confirm --->) at work ---> ended ---> report kept in a receipt ---> met
//! ```
//! Tasks that failed do not keep the goal from being met: what could not be computed is not known to the comparison, and told there.
//! Another job would be paid for the whole bucket once more, so one is made when the last is too old to count, or was given up.

use serde_json::{Value, json};

use super::backfill::common_prefix;
use super::cost;
use super::jobs::{NewJob, NewWork, ON_JOBS, ON_REPORTS, OpenJob, OwnJobs, TO_CONFIRM, ended};
use super::proving::{Proving, exact};
use super::standing::{GoalWait, Standing};
use crate::digest::digest;
use crate::format::{Change, Gate, GateState, Risk, RiskLevel};
use crate::future::Future;
use crate::ids::{Arn, JobId};
use crate::model::kinds::Call;
use crate::model::{BucketPart, BucketRef, RegionRef, RolePart, RoleRef, Target};
use crate::ownership::JobWork;
use crate::proof::{EndedJob, JobEnd, ProofSubject};
use crate::route::{Computed, Route, Side};
use crate::scene::Scene;
use crate::spec::Backfill;

/// The algorithm, as reports name it: no two contents are known that it does not tell apart.
pub const ALGORITHM: &str = "SHA256";

/// A job goes on by itself. One that ended is listed for 90 days (BC:s3control ListJobs).
const WAIT: GoalWait = GoalWait {
    what: "the job that computes checksums, which goes on when the apply has ended; --wait follows it",
    bound_seconds: 90 * 24 * 60 * 60,
};

/// Checksums of the objects of one side, to be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecksumsGoal {
    /// Its jobs. Their subject is the bucket, the keys and the algorithm.
    pub jobs: OwnJobs,
    /// The side.
    pub side: Side,
    /// The bucket.
    pub bucket: BucketRef,
    /// The role that jobs act as.
    pub batch_role: RoleRef,
    /// Its ARN.
    pub batch_arn: Arn,
    /// What the keys of all objects begin with.
    pub prefix: String,
    /// How many seconds old a job may be.
    pub max_age: u64,
    /// What an apply does.
    pub todo: ComputeTodo,
}

/// What is to be done for checksums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComputeTodo {
    /// A job is made.
    Make {
        /// Which job it is, from 1.
        attempt: u32,
        /// The job before it.
        after: Option<EndedJob>,
    },
    /// A job whose tasks are known is confirmed.
    Confirm {
        /// Which job it is.
        attempt: u32,
        /// Its ID.
        job: JobId,
        /// How many tasks a reviewer was shown.
        tasks: u64,
    },
    /// A job is looked at, and its report read when it has ended.
    Follow {
        /// Which job it is.
        attempt: u32,
        /// Its ID.
        job: JobId,
    },
}

/// What is computed of a side: whatever the phase, so that a comparison finds the reports.
#[must_use]
pub fn computed(route: &Route<'_>, side: Side) -> ProofSubject {
    ProofSubject(digest(&json!({
        "proves": "checksums",
        "migration": route.name.as_str(),
        "bucket": route.bucket(side).arn().as_str(),
        "prefix": common_prefix(route.migration),
        "algorithm": ALGORITHM,
    })))
}

/// The checksums that a migration asks for.
pub(super) fn goals(
    scene: &Scene<'_>,
    route: &Route<'_>,
    future: &Future<'_>,
) -> Vec<ChecksumsGoal> {
    let has_role = |of: &Computed<'_>| {
        let role = |part| Target::Role(of.role.clone(), part);
        let mut parts = [RolePart::Itself, RolePart::Policy].into_iter();
        parts.all(|part| future.document(&role(part)).is_some())
    };
    let computed = route.computed().into_iter().filter(has_role);
    computed.map(|of| goal(scene, route, &of)).collect()
}

fn goal(scene: &Scene<'_>, route: &Route<'_>, of: &Computed<'_>) -> ChecksumsGoal {
    let verify = &route.migration.verify;
    let (report, prefix) = &of.report;
    let jobs = OwnJobs {
        spec: scene.spec.name.clone(),
        migration: route.name.clone(),
        work: JobWork::Checksum,
        subject: computed(route, of.side),
        at: RegionRef::of(of.of),
        report: (report.clone(), (*prefix).to_owned()),
        confirm: verify.confirm,
    };
    ChecksumsGoal {
        side: of.side,
        bucket: of.of.clone(),
        batch_role: of.role.clone(),
        batch_arn: scene.live.role_arn(of.role),
        prefix: common_prefix(route.migration),
        max_age: verify.max_age,
        todo: todo(scene, &jobs),
        jobs,
    }
}

fn todo(scene: &Scene<'_>, jobs: &OwnJobs) -> ComputeTodo {
    match jobs.open(scene) {
        Some(OpenJob::Confirm {
            attempt,
            job,
            tasks,
        }) => ComputeTodo::Confirm {
            attempt,
            job,
            tasks,
        },
        Some(OpenJob::Follow { attempt, job }) => ComputeTodo::Follow { attempt, job },
        None => {
            let after = ended(scene, &jobs.subject).cloned();
            let last = after.as_ref().map_or(0, |ended| ended.attempt);
            ComputeTodo::Make {
                attempt: last.saturating_add(1),
                after,
            }
        }
    }
}

/// Whether a job that ended so has a report that tells of every object, or had none to tell of.
const fn tells(end: &JobEnd) -> bool {
    match end {
        JobEnd::Complete | JobEnd::NothingToDo => true,
        JobEnd::NothingUnderRules | JobEnd::AllArchived | JobEnd::Failed(_) | JobEnd::Cancelled => {
            false
        }
    }
}

impl ChecksumsGoal {
    /// Whether a receipt of a job that is not too old tells of every object.
    pub(super) fn is_proven(&self, scene: &Scene<'_>) -> bool {
        ended(scene, &self.jobs.subject).is_some_and(|of| self.counts(of))
    }

    fn counts(&self, of: &EndedJob) -> bool {
        tells(&of.end) && of.age.is_some_and(|age| age <= self.max_age)
    }

    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/checksums/{}", self.jobs.migration, self.side.as_str())
    }

    /// The job of an attempt as it is asked for: over every version, of any time.
    #[must_use]
    pub fn request(&self, attempt: u32) -> NewJob {
        let jobs = &self.jobs;
        let (mark, bucket) = (jobs.description(attempt), &self.bucket.bucket);
        NewJob {
            token: jobs.token(attempt),
            description: format!("{mark}: computes checksums of {bucket}"),
            tags: jobs.tags(attempt),
            at: jobs.at.clone(),
            role: self.batch_arn.clone(),
            priority: Backfill::PRIORITY,
            confirm: jobs.confirm,
            source: self.bucket.clone(),
            work: NewWork::Checksum,
            prefix: self.prefix.clone(),
            created_before: None,
            report: jobs.report.clone(),
            manifest: None,
        }
    }

    /// The calls that it takes, by the bucket whose account they are made in.
    pub(crate) fn calls_on(&self) -> Vec<(&BucketRef, Vec<Call>)> {
        let mut on_jobs = ON_JOBS.to_vec();
        let confirms = self.jobs.confirm || matches!(self.todo, ComputeTodo::Confirm { .. });
        on_jobs.extend(confirms.then_some(TO_CONFIRM));
        vec![
            (&self.bucket, on_jobs),
            (&self.jobs.report.0, ON_REPORTS.to_vec()),
        ]
    }

    /// How many calls it takes where all goes well and nothing is waited for.
    pub(super) const fn calls(&self) -> u64 {
        4
    }

    pub(super) fn gate(&self, scene: &Scene<'_>, standing: Standing) -> Gate {
        let (state, why) = match standing {
            Standing::Met => (GateState::Met, self.met(scene)),
            Standing::Blocked => (
                GateState::Blocked,
                "an apply is refused as things are; see the findings".to_owned(),
            ),
            Standing::Pending => self.pending(),
        };
        Gate {
            name: format!("checksums of the {}", self.side.as_str()),
            state,
            why,
        }
    }

    fn met(&self, scene: &Scene<'_>) -> String {
        let Some(ended) = ended(scene, &self.jobs.subject) else {
            return String::new();
        };
        match (&ended.end, ended.failed) {
            (JobEnd::Complete, 0) => format!("job {} computed {}", ended.job, objects(ended.tasks)),
            (JobEnd::Complete, failed) => {
                format!(
                    "job {} computed all but {failed} of {}",
                    ended.job,
                    objects(ended.tasks)
                )
            }
            _ => format!("there was nothing to compute, as job {} found", ended.job),
        }
    }

    fn pending(&self) -> (GateState, String) {
        match &self.todo {
            ComputeTodo::Make { after: None, .. } => (
                GateState::Pending,
                "an apply starts a job, which goes on by itself".to_owned(),
            ),
            ComputeTodo::Make {
                after: Some(before),
                ..
            } => (
                GateState::Pending,
                format!("an apply starts another job: {}", outcome(before)),
            ),
            ComputeTodo::Confirm { job, tasks, .. } => (
                GateState::Pending,
                format!(
                    "job {job} waits, with {} to read; an apply confirms it",
                    objects(*tasks)
                ),
            ),
            ComputeTodo::Follow { job, .. } => (
                GateState::Waiting,
                format!("job {job} is at work, or has ended; an apply looks, and reads its report"),
            ),
        }
    }

    pub(super) fn change(&self, scene: &Scene<'_>) -> Change {
        let bucket = Target::Bucket(self.bucket.clone(), BucketPart::Itself);
        Proving {
            kind: "checksums",
            address: self.address(),
            target: scene.names.address(&bucket),
            after: self.view(),
            undo: exact(),
            risk: self.risk(),
        }
        .change(&self.jobs.migration)
    }

    fn view(&self) -> Value {
        let (to, prefix) = &self.jobs.report;
        let report = match prefix.as_str() {
            "" => to.bucket.to_string(),
            prefix => format!("{}/{prefix}/", to.bucket),
        };
        let mut view = json!({ "of": self.bucket.bucket.as_str(), "does": self.does() });
        let more = match &self.todo {
            ComputeTodo::Make { .. } => vec![
                ("prefix", json!(self.prefix)),
                ("algorithm", json!(ALGORITHM)),
                ("report", json!(report)),
                ("role", json!(self.batch_arn.as_str())),
                ("waits_for_confirmation", json!(self.jobs.confirm)),
                ("cost", json!(cost::of_checksums())),
            ],
            ComputeTodo::Confirm { job, tasks, .. } => vec![
                ("job", json!(job.as_str())),
                ("tasks", json!(tasks)),
                ("cost", json!(cost::of_so_many_checksums(*tasks))),
            ],
            ComputeTodo::Follow { job, .. } => vec![("job", json!(job.as_str()))],
        };
        for (name, value) in more {
            view[name] = value;
        }
        view
    }

    fn does(&self) -> &'static str {
        match &self.todo {
            ComputeTodo::Make { after: None, .. } => "makes a job that has S3 compute checksums",
            ComputeTodo::Make { .. } => "makes another job that has S3 compute checksums",
            ComputeTodo::Confirm { .. } => "confirms the job, which then reads every version",
            ComputeTodo::Follow { .. } => {
                "looks at the job, and keeps what it tells when it has ended"
            }
        }
    }

    fn risk(&self) -> Risk {
        let note = match &self.todo {
            ComputeTodo::Make { .. } if self.jobs.confirm => {
                "Nothing is read before the number of objects is known and another apply confirms it."
            }
            ComputeTodo::Make { .. } | ComputeTodo::Confirm { .. } => {
                "S3 reads every version where it lies, and changes none."
            }
            ComputeTodo::Follow { .. } => "Nothing is started.",
        };
        Risk {
            level: RiskLevel::Low,
            notes: vec![note.to_owned()],
        }
    }

    pub(super) const fn wait() -> GoalWait {
        WAIT
    }
}

fn objects(count: u64) -> String {
    match count {
        1 => "1 object".to_owned(),
        count => format!("{count} objects"),
    }
}

/// Why there is to be another job.
fn outcome(before: &EndedJob) -> String {
    let job = &before.job;
    match &before.end {
        JobEnd::Failed(reason) => format!("job {job} failed: {reason}"),
        JobEnd::Cancelled => format!("somebody cancelled job {job}"),
        _ => format!("job {job} is older than verify.max_age allows"),
    }
}
