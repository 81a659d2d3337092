//! Compares the two sides of a migration, whatever their size.
//!
//! ```text
//! the key space --cut where there is room for another hand--> stretches, each a task:
//!     page by page of both sides --verify::Join--> found --verify::Judge--> counted, or looked at (HEAD at both sides) and counted
//! stretches --what they counted and how far they are--> one tally, a checkpoint, at last a receipt
//! ```
//! Or, for what is listed already, from inventories: see [`mod@inventory`]. With computed checksums a version is not looked at, but
//! asked of what their reports say: see [`mod@computed`].
//!
//! The core of it is pure (`s3ferry-verify`); here are the calls, the tasks and the bounds.

mod computed;
mod content;
mod cut;
mod inventory;
mod listing;
mod look;
mod receipt;
mod run;
mod since;
mod spill;
mod stretch;

use std::sync::Arc;

use s3ferry_core::model::BucketRef;
use s3ferry_core::spec::Migration;
use s3ferry_verify::{Asked, Judge, Reach, Tally};

pub use computed::{Report, Sums, Told as Computed, read_reports, told as computed};
pub use content::PIECE;
pub use inventory::{
    ByQuery, List, Lists, Queried, Unusable, compare_by_query, compare_lists, newest, place,
};
pub use receipt::{Told, verification, version};
pub use run::{Ended, compare};
pub use since::{Since, Uncovered, compare_since};
pub use stretch::Remark;

use crate::ports::PortError;

/// What is compared, and how closely.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The rules that say what replicates.
    pub migration: Migration,
    /// Where the data was.
    pub source: BucketRef,
    /// Where it goes.
    pub destination: BucketRef,
    /// Which versions are compared.
    pub matching: Matching,
    /// How far to look beyond the listings.
    pub asked: Asked,
    /// Which versions are judged.
    pub reach: Reach,
    /// What was written after this may be on its way; RFC 3339 with milliseconds, as S3 writes times.
    pub settled: String,
    /// Whoever compares later may go by this comparison for what was written up to this; `settled` or earlier.
    pub covered: String,
    /// The most stretches that are compared at once.
    pub hands: usize,
    /// The most versions that the listings leave in doubt and that are looked at.
    pub looks: u64,
    /// The most differences that are told one by one.
    pub told: u64,
    /// What computed checksums say, where they are asked for.
    pub computed: Option<Arc<Sums>>,
}

impl Comparison {
    fn judge(&self) -> Judge<'_> {
        Judge::new(&self.migration, self.asked, self.settled.clone())
            .reaching(self.reach.clone())
            .covering(self.covered.clone())
    }
}

/// Which versions of both sides are compared with each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Matching {
    /// Those of one ID.
    #[default]
    Versions,
    /// The current objects of each key, whatever their IDs: for data that something else than replication moved.
    Current,
}

impl Matching {
    /// The word of receipts for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Versions => "versions",
            Self::Current => "current",
        }
    }
}

/// How far a comparison is: what was counted, and what is still to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// What was counted.
    pub tally: Tally,
    /// The stretches that are not at their end.
    pub left: Vec<Stretch>,
}

/// A stretch of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// After this key.
    pub after: Option<Vec<u8>>,
    /// Before this key.
    pub before: Option<Vec<u8>>,
}

/// What a comparison tells while it runs.
pub trait Watch: Send {
    /// How far it is; called a few times a second, and once at the end.
    fn progress(&mut self, progress: &Progress);

    /// A difference, or what could not be said.
    fn remark(&mut self, remark: &Remark);
}

/// Why a comparison came to no end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A call failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A listing that cannot be relied on.
    #[error("s3://{bucket}: {why}")]
    Listing {
        /// The bucket.
        bucket: String,
        /// Why not.
        why: String,
    },
    /// An inventory that cannot be relied on.
    #[error("s3://{bucket}: {why}")]
    Inventory {
        /// The bucket that is listed.
        bucket: String,
        /// Why not.
        why: Unusable,
    },
    /// A report of computed checksums that cannot be relied on.
    #[error("s3://{bucket}: the report of job {job} cannot be relied on: {why}")]
    Report {
        /// The bucket whose objects it tells of.
        bucket: String,
        /// The job.
        job: String,
        /// Why not.
        why: String,
    },
    /// The table of computed checksums cannot be read.
    #[error("cannot read what the reports say: {0}")]
    Disk(String),
    /// Athena did not do what it was asked.
    #[error("Athena did not compare the lists: {reason}")]
    Query {
        /// Why, in its words; sanitise before showing.
        reason: String,
    },
    /// A part of the comparison ended before its time: a bug, or the process is ending.
    #[error("a part of the comparison ended before its time: {0}")]
    Stopped(String),
}

impl Failure {
    fn stopped(why: impl std::fmt::Display) -> Self {
        Self::Stopped(why.to_string())
    }
}

/// What all stretches of a comparison share.
struct Shared<W> {
    world: W,
    of: Comparison,
    /// Looks that are left.
    looks: std::sync::atomic::AtomicU64,
    /// Hands that read content.
    readers: tokio::sync::Semaphore,
}

type Common<W> = Arc<Shared<W>>;
