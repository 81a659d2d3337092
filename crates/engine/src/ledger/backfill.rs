//! Receipts of backfills: how a job ended, what its report says, and where that is.
//!
//! One that leaves something to be done is kept, too: the plan after it says what failed and why. Versions are read by the table of
//! [`s3ferry_core::format::reading`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use s3ferry_core::plan::{BackfillGoal, EndedJob, JobEnd, Proof, ProofSubject};
use serde::{Deserialize, Serialize};

use super::receipt::{CanaryReceipt, Place, ReceiptError, content};

/// The version of the format that this build writes.
pub const BACKFILL_FORMAT: &str = "1.0";

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillReceipt {
    /// The format's version, [`BACKFILL_FORMAT`].
    pub format: String,
    /// The version of s3ferry that saw it.
    pub s3ferry: String,
    /// What was copied: SHA-256 over buckets, rules and scope.
    pub subject: String,
    /// The spec, by its name.
    pub spec: String,
    /// The migration.
    pub migration: String,
    /// Where the objects are.
    pub source: Place,
    /// Where they were copied to.
    pub destination: Place,
    /// The job's ID.
    pub job: String,
    /// Which job of the backfill it was, from 1.
    pub attempt: u32,
    /// How it ended.
    pub end: End,
    /// Why, in S3's words, where S3 gave it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many objects it had.
    pub tasks: u64,
    /// How many of them failed.
    pub failed: u64,
    /// By failure code.
    pub codes: BTreeMap<String, u64>,
    /// Its report; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportPlace>,
    /// When this was read, RFC 3339 in UTC.
    pub read_at: String,
}

/// Where a report is, and what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPlace {
    /// The bucket.
    pub bucket: String,
    /// The key of its manifest, which names its files with their hashes.
    pub key: String,
    /// The SHA-256 of the manifest, in hex.
    pub sha256: String,
}

/// How a job ended, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Every object was tried.
    Complete,
    /// There was nothing to copy.
    NothingToDo,
    /// No key begins as the rules say.
    NothingUnderRules,
    /// Everything is archived.
    AllArchived,
    /// S3 gave it up.
    Failed,
    /// Somebody gave it up.
    Cancelled,
}

impl End {
    /// The word, and why S3 gave the job up where it did.
    pub(super) fn of(end: &JobEnd) -> (Self, Option<String>) {
        match end {
            JobEnd::Complete => (Self::Complete, None),
            JobEnd::NothingToDo => (Self::NothingToDo, None),
            JobEnd::NothingUnderRules => (Self::NothingUnderRules, None),
            JobEnd::AllArchived => (Self::AllArchived, None),
            JobEnd::Failed(reason) => (Self::Failed, Some(reason.clone())),
            JobEnd::Cancelled => (Self::Cancelled, None),
        }
    }

    pub(super) fn says(self, reason: Option<&str>) -> JobEnd {
        match self {
            Self::Complete => JobEnd::Complete,
            Self::NothingToDo => JobEnd::NothingToDo,
            Self::NothingUnderRules => JobEnd::NothingUnderRules,
            Self::AllArchived => JobEnd::AllArchived,
            Self::Failed => JobEnd::Failed(reason.unwrap_or_default().to_owned()),
            Self::Cancelled => JobEnd::Cancelled,
        }
    }
}

/// What the ledger says of jobs that have ended.
#[derive(Debug, Default)]
pub struct KeptBackfills {
    /// The jobs.
    pub ended: Vec<EndedJob>,
    /// Files among them that say nothing.
    pub ignored: Vec<(PathBuf, ReceiptError)>,
}

impl BackfillReceipt {
    /// The receipt of a job.
    #[must_use]
    pub fn of(
        goal: &BackfillGoal,
        ended: &EndedJob,
        report: Option<ReportPlace>,
        read_at: String,
    ) -> Self {
        let EndedJob {
            subject,
            attempt,
            job,
            end,
            tasks,
            failed,
            codes,
            age: _, // It is of the plan that reads the receipt.
        } = ended;
        let (end, reason) = End::of(end);
        Self {
            format: BACKFILL_FORMAT.to_owned(),
            s3ferry: env!("CARGO_PKG_VERSION").to_owned(),
            subject: subject.0.clone(),
            spec: goal.jobs.spec.to_string(),
            migration: goal.jobs.migration.to_string(),
            source: Place::of(&goal.source),
            destination: Place::of(&goal.destination),
            job: job.clone(),
            attempt: *attempt,
            end,
            reason,
            tasks: *tasks,
            failed: *failed,
            codes: codes.clone(),
            report,
            read_at,
        }
    }

    /// The content of the receipt's file: the same receipt gives the same bytes.
    ///
    /// # Panics
    /// Never: every key is a string and every number is finite.
    #[must_use]
    pub fn content(&self) -> Vec<u8> {
        content(self)
    }

    /// What it says to a plan.
    #[must_use]
    pub fn says(&self) -> EndedJob {
        EndedJob {
            subject: ProofSubject(self.subject.clone()),
            attempt: self.attempt,
            job: self.job.clone(),
            end: self.end.says(self.reason.as_deref()),
            tasks: self.tasks,
            failed: self.failed,
            codes: self.codes.clone(),
            age: None,
        }
    }
}

/// When the last of these was proven first; none where one of them is not.
pub(super) fn proven_at<'a>(
    receipts: impl Iterator<Item = &'a CanaryReceipt> + Clone,
    proofs: &[Proof],
) -> Option<String> {
    let first = |proof: &Proof| {
        let of = receipts.clone().filter(|of| of.proves() == *proof);
        of.map(|of| of.proven_at.as_str()).min()
    };
    let all: Option<Vec<&str>> = proofs.iter().map(first).collect();
    all?.into_iter().max().map(str::to_owned)
}
