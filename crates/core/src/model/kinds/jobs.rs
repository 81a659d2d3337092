//! Jobs of S3 Batch Operations, as far as they say that they are s3ferry's.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{Facts, Holding, Parts, in_a_value, nothing_linked, one_thing};
use crate::ids::JobId;
use crate::model::links::Link;
use crate::model::target::{Service, Target};

/// A list tells of every job what is needed but why it failed, which is asked of those that did.
pub(super) const JOBS: Facts = Facts::only_read(
    "jobs of S3 Batch Operations",
    "batch-jobs",
    Service::S3Control,
    &[
        Call::of("ListJobs", &[Need::account("s3:ListJobs")]),
        Call::of("DescribeJob", &[Need::job("s3:DescribeJob")]),
    ],
);

/// The jobs of an account in a Region whose descriptions begin with our mark, whichever spec's they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jobs(pub BTreeMap<JobId, Job>);

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its description, which says whose it is.
    pub description: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// How far it is.
    pub status: JobStatus,
    /// How many tasks it has; 0 before its list is made.
    pub tasks: u64,
    /// How many of them succeeded.
    pub succeeded: u64,
    /// How many failed.
    pub failed: u64,
    /// Why the job as a whole failed.
    pub reasons: Vec<JobFailure>,
}

/// Why a job failed, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobFailure {
    /// The code.
    pub code: String,
    /// The reason.
    pub reason: String,
}

/// How far a job is (UG:batch-ops-job-status).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStatus {
    /// It goes on by itself; S3's word says with what.
    Moving(String),
    /// Its list is made, and it waits to be confirmed.
    Suspended,
    /// It came to its end, which says nothing of its tasks (T11).
    Complete,
    /// It was given up by S3.
    Failed,
    /// It was given up by somebody.
    Cancelled,
}

impl JobStatus {
    /// The status that S3 calls so.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "Suspended" => Self::Suspended,
            "Complete" => Self::Complete,
            "Failed" => Self::Failed,
            "Cancelled" => Self::Cancelled,
            moving => Self::Moving(moving.to_owned()),
        }
    }

    /// S3's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Moving(word) => word,
            Self::Suspended => "Suspended",
            Self::Complete => "Complete",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Moving(_) | Self::Suspended => false,
            Self::Complete | Self::Failed | Self::Cancelled => true,
        }
    }
}

impl Holding for Jobs {
    fn canonical(&self) -> Value {
        let jobs = self.0.iter().map(|(id, job)| {
            let Job {
                description,
                created,
                status,
                tasks,
                succeeded,
                failed,
                reasons,
            } = job;
            let reasons = reasons.iter();
            let reasons: Vec<Value> = reasons
                .map(|of| json!({ "code": of.code, "reason": of.reason }))
                .collect();
            let job = json!({
                "description": description, "created": created, "status": status.as_str(),
                "tasks": tasks, "succeeded": succeeded, "failed": failed, "reasons": reasons,
            });
            (id.to_string(), job)
        });
        json!(jobs.collect::<BTreeMap<_, _>>())
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}
