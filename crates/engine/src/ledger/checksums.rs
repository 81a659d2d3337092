//! Receipts of jobs that computed checksums: how one ended, when it was made, and where its report is.
//!
//! ```text
//! <ledger>/checksums/sha256-<hex>.json   named after its content; belongs into the repository
//! ```
//! The report itself stays where S3 wrote it; the receipt has the hash of its manifest, which has those of its files. Versions are
//! read by the table of [`s3ferry_core::format::reading`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use s3ferry_core::goals::ALGORITHM;
use s3ferry_core::plan::{ChecksumsGoal, EndedJob, ProofSubject};
use serde::{Deserialize, Serialize};

use super::backfill::{End, ReportPlace};
use super::receipt::{Place, ReceiptError, ReceiptId, content};

/// The version of the format that this build writes.
pub const CHECKSUMS_FORMAT: &str = "1.0";

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecksumsReceipt {
    /// The format's version, [`CHECKSUMS_FORMAT`].
    pub format: String,
    /// The version of s3ferry that saw it.
    pub s3ferry: String,
    /// What was computed: SHA-256 over migration, bucket, prefix and algorithm.
    pub subject: String,
    /// The spec, by its name.
    pub spec: String,
    /// The migration.
    pub migration: String,
    /// `source` or `destination`.
    pub side: String,
    /// The bucket.
    pub bucket: Place,
    /// The algorithm, as reports name it.
    pub algorithm: String,
    /// The job's ID.
    pub job: String,
    /// Which job of the goal it was, from 1.
    pub attempt: u32,
    /// When S3 made it, RFC 3339 in UTC: what was written later may be missing in its list.
    pub made: String,
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

/// What the ledger says of jobs that computed checksums.
#[derive(Debug, Default)]
pub struct KeptChecksums {
    /// The receipts.
    pub found: Vec<(ReceiptId, ChecksumsReceipt)>,
    /// Files among them that say nothing.
    pub ignored: Vec<(PathBuf, ReceiptError)>,
}

impl ChecksumsReceipt {
    /// The receipt of a job that S3 made at this time.
    #[must_use]
    pub fn of(
        goal: &ChecksumsGoal,
        ended: &EndedJob,
        (made, report): (String, Option<ReportPlace>),
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
            format: CHECKSUMS_FORMAT.to_owned(),
            s3ferry: env!("CARGO_PKG_VERSION").to_owned(),
            subject: subject.0.clone(),
            spec: goal.jobs.spec.to_string(),
            migration: goal.jobs.migration.to_string(),
            side: goal.side.as_str().to_owned(),
            bucket: Place::of(&goal.bucket),
            algorithm: ALGORITHM.to_owned(),
            job: job.clone(),
            attempt: *attempt,
            made,
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

    /// What it says to a plan that is made so many seconds after the job.
    #[must_use]
    pub fn says(&self, age: u64) -> EndedJob {
        EndedJob {
            subject: ProofSubject(self.subject.clone()),
            attempt: self.attempt,
            job: self.job.clone(),
            end: self.end.says(self.reason.as_deref()),
            tasks: self.tasks,
            failed: self.failed,
            codes: self.codes.clone(),
            age: Some(age),
        }
    }

    /// The newest of these whose report tells of every object of a subject, or that had none to tell of.
    #[must_use]
    pub fn newest<'a>(
        kept: &'a [(ReceiptId, Self)],
        subject: &ProofSubject,
    ) -> Option<&'a (ReceiptId, Self)> {
        let tells = |of: &Self| match of.end {
            End::Complete => of.report.is_some(),
            End::NothingToDo => true,
            End::NothingUnderRules | End::AllArchived | End::Failed | End::Cancelled => false,
        };
        let of_subject = kept.iter().filter(|(_, of)| of.subject == subject.0);
        let telling = of_subject.filter(|(_, of)| tells(of));
        telling.max_by_key(|(_, of)| of.attempt)
    }
}
