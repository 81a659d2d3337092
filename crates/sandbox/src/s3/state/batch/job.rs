//! One job of S3 Batch Operations, and how far it has come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::request::JobRequest;

/// A job.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// Its place in the order in which jobs were made.
    pub(crate) number: u64,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) request: Arc<JobRequest>,
    pub(crate) created: SystemTime,
    pub(crate) priority: i64,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) status: Status,
    /// Since when it has the status, or when it last did something of it.
    pub(crate) since: SystemTime,
    pub(crate) suspended: Option<SystemTime>,
    pub(crate) ended: Option<SystemTime>,
    /// Why its status was changed, as whoever changed it says.
    pub(crate) update_reason: Option<String>,
    pub(crate) failures: Vec<Failure>,
    /// None before the manifest was read.
    pub(crate) tasks: Option<Arc<[Task]>>,
    /// How many tasks ran, and how many of them failed.
    pub(crate) ran: usize,
    pub(crate) failed: usize,
    pub(crate) active: Duration,
    pub(crate) generated: Option<Generated>,
}

/// Where a generated manifest was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generated {
    pub(crate) arn: String,
    pub(crate) etag: String,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

/// One object that is worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) bucket: Arc<str>,
    pub(crate) key: Box<str>,
    /// The key as the manifest has it, which is how reports have it.
    pub(crate) written: Box<str>,
    pub(crate) version: Which,
}

/// Which version a task is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// The manifest names no versions.
    Current,
    Id(Box<str>),
    /// The manifest names versions, but not this one.
    Missing,
}

impl Which {
    /// As a report has it.
    pub(crate) fn written(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Current | Self::Missing => "",
        }
    }
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) http_status: u16,
    /// None where it succeeded.
    pub(crate) error: Option<&'static str>,
    pub(crate) message: Box<str>,
}

impl Outcome {
    pub(crate) fn succeeded(message: &str) -> Self {
        Self {
            http_status: 200,
            error: None,
            message: message.into(),
        }
    }

    pub(crate) fn failed(http_status: u16, error: &'static str, message: &str) -> Self {
        Self {
            http_status,
            error: Some(error),
            message: message.into(),
        }
    }
}

/// What a job works on.
pub(crate) struct Prepared {
    pub(crate) tasks: Vec<Task>,
    /// Where the manifest was written to.
    pub(crate) generated: Option<Generated>,
}

/// BC:s3control JobStatus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    New,
    Preparing,
    Suspended,
    Ready,
    Active,
    Pausing,
    Paused,
    Completing,
    Complete,
    Cancelling,
    Cancelled,
    Failing,
    Failed,
}

impl Status {
    const ALL: [(Self, &'static str); 13] = [
        (Self::New, "New"),
        (Self::Preparing, "Preparing"),
        (Self::Suspended, "Suspended"),
        (Self::Ready, "Ready"),
        (Self::Active, "Active"),
        (Self::Pausing, "Pausing"),
        (Self::Paused, "Paused"),
        (Self::Completing, "Completing"),
        (Self::Complete, "Complete"),
        (Self::Cancelling, "Cancelling"),
        (Self::Cancelled, "Cancelled"),
        (Self::Failing, "Failing"),
        (Self::Failed, "Failed"),
    ];

    /// As the API writes it.
    pub(crate) fn as_str(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(status, _)| *status == self)
            .map_or("", |(_, name)| name)
    }

    /// Reads the API's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, known)| *known == name)
            .map(|(status, _)| status)
    }

    /// Says whether a job goes on by itself.
    pub(crate) fn moves(self) -> bool {
        !self.is_final() && self != Self::Suspended
    }

    /// "Complete", "Cancelled" and "Failed" are for good (UG:batch-ops-job-status).
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Cancelled | Self::Failed)
    }

    /// Says whether jobs of lower priority wait for one in this status.
    fn goes_first(self) -> bool {
        matches!(
            self,
            Self::Ready | Self::Active | Self::Pausing | Self::Paused
        )
    }
}

impl Job {
    /// Returns its ARN.
    pub(crate) fn arn(&self) -> String {
        format!(
            "arn:aws:s3:{}:{}:job/{}",
            self.region, self.account, self.id
        )
    }

    /// Gives it a status.
    pub(crate) fn enter(&mut self, status: Status, at: SystemTime) {
        (self.status, self.since) = (status, at);
        if status == Status::Suspended {
            self.suspended = Some(at);
        }
        if status.is_final() {
            self.ended = Some(at);
        }
    }

    /// Says whether another job of its account and Region goes before it.
    pub(crate) fn waits_for(&self, other: &Self) -> bool {
        other.priority > self.priority
            && other.status.goes_first()
            && (&other.account, &other.region) == (&self.account, &self.region)
    }
}
