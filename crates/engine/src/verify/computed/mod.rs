//! Computed checksums of both sides: their reports read, joined on disk, and asked of one version after another.
//!
//! ```text
//! receipts --which reports--> files --fetched, MD5 seen--> rows --aside by groups of their hashes--> joined --> a table in order
//! a version of a listing --hash--> the place in the table where it would be --> what the checksums say
//! ```
//! Reports have a row a version in no order, as many as the bucket has. So each row becomes a hash of a fixed length, put aside by
//! groups that fit into memory; groups are sorted one by one into one table, and hashes being evenly spread, a version is found
//! in it by a read or two. Memory grows with nothing; on disk it is some 120 bytes a version, for as long as
//! the comparison runs, and for a while the file of a report that is being read.

mod report;
mod table;

use s3ferry_core::goals;
use s3ferry_core::ids::BucketName;
use s3ferry_core::model::BucketRef;
use s3ferry_core::route::{Route, Side};

use crate::ledger::{ChecksumsReceipt, ReceiptId};

pub use report::read_reports;
pub use table::Sums;

/// What of a side tells the checksums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The bucket that they are of.
    pub of: BucketRef,
    /// The receipt that tells of the job.
    pub receipt: ReceiptId,
    /// The job's ID.
    pub job: String,
    /// When S3 made it.
    pub made: String,
    /// The algorithm.
    pub algorithm: String,
    /// How many versions it tells of.
    pub tasks: u64,
    /// Where its report is; none where there was nothing to tell of.
    pub report: Option<Report>,
}

/// Where a report is, and what its manifest was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The bucket.
    pub bucket: BucketRef,
    /// The key of its manifest.
    pub key: String,
    /// The SHA-256 of that, in hex.
    pub sha256: String,
}

/// The newest reports of both sides, as receipts tell of them; a side that has none.
///
/// # Errors
/// The side without one.
pub fn told(route: &Route<'_>, kept: &[(ReceiptId, ChecksumsReceipt)]) -> Result<[Told; 2], Side> {
    let of = |side: Side| {
        let bucket = route.bucket(side);
        let found = ChecksumsReceipt::newest(kept, &goals::computed(route, side)).ok_or(side)?;
        let (id, receipt) = found;
        let report = receipt.report.as_ref().map(|at| {
            let name = BucketName::new(at.bucket.clone()).map_err(|_| side)?;
            Ok(Report {
                bucket: BucketRef {
                    bucket: name,
                    ..bucket.clone()
                },
                key: at.key.clone(),
                sha256: at.sha256.clone(),
            })
        });
        Ok(Told {
            of: bucket.clone(),
            receipt: id.clone(),
            job: receipt.job.clone(),
            made: receipt.made.clone(),
            algorithm: receipt.algorithm.clone(),
            tasks: receipt.tasks,
            report: report.transpose()?,
        })
    };
    Ok([of(Side::Source)?, of(Side::Destination)?])
}
