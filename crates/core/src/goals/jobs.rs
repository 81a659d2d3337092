//! Jobs of S3 Batch Operations that a goal has made: what one says of itself, how it is found again, and what is to be done with it.
//!
//! A goal may need several jobs, one after another: each is an attempt. One job there is of an attempt: its token follows from
//! what it says of itself, and before it is made it is looked for by that. What a description says anybody can write, so that its
//! tags must say the same before it is confirmed or believed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::digest::digest;
use crate::ids::{Arn, JobId, MigrationName, SpecName};
use crate::model::kinds::{Call, Job, JobStatus, Need};
use crate::model::{BucketRef, Document, Observed, RegionPart, RegionRef, Target};
use crate::ownership::{JobMark, JobWork, Markers};
use crate::proof::{EndedJob, ProofSubject};
use crate::scene::Scene;

/// What the jobs of a goal need in the account of the bucket that they work on.
pub(super) const ON_JOBS: [Call; 4] = [
    Call::of(
        "CreateJob",
        &[
            Need::account("s3:CreateJob"),
            Need::job("s3:PutJobTagging"),
            Need::passed_to_batch("iam:PassRole"),
        ],
    ),
    Call::of("ListJobs", &[Need::account("s3:ListJobs")]),
    Call::of("DescribeJob", &[Need::job("s3:DescribeJob")]),
    Call::of("GetJobTagging", &[Need::job("s3:GetJobTagging")]),
];

/// What they need where they wait to be confirmed.
pub(super) const TO_CONFIRM: Call = Call::of("UpdateJobStatus", &[Need::job("s3:UpdateJobStatus")]);

/// What they need on the bucket that reports go to.
pub(super) const ON_REPORTS: &[Call] = &[Call::of("GetObject", &[Need::objects("s3:GetObject")])];

/// The jobs of one goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnJobs {
    /// The spec.
    pub spec: SpecName,
    /// The migration.
    pub migration: MigrationName,
    /// What they do.
    pub work: JobWork,
    /// What they do that with.
    pub subject: ProofSubject,
    /// Where they work: in the account and the Region of their bucket.
    pub at: RegionRef,
    /// Where their reports go: the bucket, and the prefix without a slash at its end.
    pub report: (BucketRef, String),
    /// Whether one waits to be confirmed.
    pub confirm: bool,
}

/// A job that is there and that no receipt tells the end of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OpenJob {
    /// It waits to be confirmed.
    Confirm {
        /// Which of the goal's jobs it is.
        attempt: u32,
        /// Its ID.
        job: JobId,
        /// How many tasks it has.
        tasks: u64,
    },
    /// It is at work, or has ended.
    Follow {
        /// Which of the goal's jobs it is.
        attempt: u32,
        /// Its ID.
        job: JobId,
    },
}

/// A job as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Where it works.
    pub at: RegionRef,
    /// What makes two requests one job: the same for every try of an attempt.
    pub token: String,
    /// What it says of itself.
    pub description: String,
    /// Likewise, as tags.
    pub tags: BTreeMap<String, String>,
    /// The role that it acts as.
    pub role: Arn,
    /// Its priority.
    pub priority: u32,
    /// Whether it waits to be confirmed.
    pub confirm: bool,
    /// The bucket whose objects it lists.
    pub source: BucketRef,
    /// What it does with them.
    pub work: NewWork,
    /// What all their keys begin with; may be empty.
    pub prefix: String,
    /// Objects from before the end of this second alone, RFC 3339.
    pub created_before: Option<String>,
    /// Where the report goes.
    pub report: (BucketRef, String),
    /// Where the list is kept.
    pub manifest: Option<(BucketRef, String)>,
}

/// What a job is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewWork {
    /// Replicate the objects of these replication statuses.
    Copy(BTreeSet<ObjectStatus>),
    /// Compute the checksums of all of them.
    Checksum,
}

/// The replication status of an object, as far as a backfill asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectStatus {
    /// It has none.
    Never,
    /// Its replication failed.
    Failed,
}

impl ObjectStatus {
    /// The status as the filter of a job spells it (BC:s3control ReplicationStatus).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "NONE",
            Self::Failed => "FAILED",
        }
    }
}

/// The jobs of a spec in a Region, each with its mark.
pub(crate) fn jobs_in<'a>(
    observed: &'a Observed,
    markers: &Markers,
    at: RegionRef,
) -> impl Iterator<Item = (JobMark, &'a JobId, &'a Job)> {
    let list = Target::Region(at, RegionPart::Jobs);
    let jobs = match observed.document(&list) {
        Some(Document::Jobs(jobs)) => Some(&jobs.0),
        _ => None,
    };
    let jobs = jobs.into_iter().flatten();
    jobs.filter_map(|(id, job)| Some((markers.job(&job.description)?, id, job)))
}

/// The last job of a goal that a receipt tells of.
pub(crate) fn ended<'a>(scene: &Scene<'a>, subject: &ProofSubject) -> Option<&'a EndedJob> {
    let ended = scene.ended.iter().filter(|of| of.subject == *subject);
    ended.max_by_key(|of| of.attempt)
}

impl OwnJobs {
    /// The last job that is there, where it is later than the one that a receipt tells of.
    pub(super) fn open(&self, scene: &Scene<'_>) -> Option<OpenJob> {
        let is_ours = |mark: &JobMark| *mark == self.mark(mark.attempt);
        let (mark, id, job) = jobs_in(scene.observed, &scene.markers, self.at.clone())
            .filter(|(mark, _, _)| is_ours(mark))
            .max_by_key(|(mark, _, _)| mark.attempt)?;
        let concluded = ended(scene, &self.subject).map_or(0, |ended| ended.attempt);
        if mark.attempt <= concluded {
            return None;
        }
        let (attempt, id) = (mark.attempt, id.clone());
        Some(match job.status {
            JobStatus::Suspended => OpenJob::Confirm {
                attempt,
                job: id,
                tasks: job.tasks,
            },
            JobStatus::Moving(_)
            | JobStatus::Complete
            | JobStatus::Failed
            | JobStatus::Cancelled => OpenJob::Follow { attempt, job: id },
        })
    }

    /// Where they are listed.
    #[must_use]
    pub fn listed_in(&self) -> Target {
        Target::Region(self.at.clone(), RegionPart::Jobs)
    }

    /// What the job of an attempt says of itself.
    #[must_use]
    pub fn mark(&self, attempt: u32) -> JobMark {
        JobMark::of(&self.migration, self.work, &self.subject, attempt)
    }

    /// The same as a description begins with it.
    #[must_use]
    pub fn description(&self, attempt: u32) -> String {
        Markers::of(&self.spec).job_mark(&self.mark(attempt))
    }

    /// The tags that prove that a job is the one of an attempt.
    #[must_use]
    pub fn tags(&self, attempt: u32) -> BTreeMap<String, String> {
        Markers::of(&self.spec).job_tags(&self.mark(attempt))
    }

    /// What makes two requests one job.
    #[must_use]
    pub fn token(&self, attempt: u32) -> String {
        digest(&json!([
            self.description(attempt),
            self.at.account.as_str(),
            self.at.region.as_str()
        ]))
    }

    /// The job of an attempt among those of a list.
    #[must_use]
    pub fn found<'a>(&self, listed: Option<&'a Document>, attempt: u32) -> Option<&'a JobId> {
        let Some(Document::Jobs(jobs)) = listed else {
            return None;
        };
        let (markers, mark) = (Markers::of(&self.spec), self.mark(attempt));
        let is_it = |job: &Job| markers.job(&job.description).as_ref() == Some(&mark);
        let mut jobs = jobs.0.iter();
        jobs.find(|(_, job)| is_it(job)).map(|(id, _)| id)
    }
}
