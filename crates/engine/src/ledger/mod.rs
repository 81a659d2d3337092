//! The ledger: what was proven, kept where the spec says; and the lock that keeps two applies apart.
//!
//! ```text
//! <ledger>/.gitignore                   names the lock and the journals; written when the folder is made
//! <ledger>/lock                         held by the apply that runs
//! <ledger>/receipts/sha256-<hex>.json   proofs, named after their content
//! <ledger>/backfills/sha256-<hex>.json   how jobs that copied existing objects ended, named after their content
//! <ledger>/canaries/<hash>.json        canaries that may lie in buckets, each from before it is put until it is gone everywhere
//! <ledger>/documents/<sha256>.json     what targets held before they were written over, and what was left there, named after their content
//! <ledger>/verifications/sha256-<hex>.json   what comparisons of both sides found, named after their content
//! <ledger>/runs/verify-<name>.json      how far a comparison is
//! <ledger>/runs/<run id>.jsonl          journals, which explain; and tell a plan what its own runs wrote
//! ```

mod backfill;
mod canary;
mod checksums;
mod document;
pub(crate) mod files;
mod folder;
mod last;
mod left;
mod lock;
mod receipt;
mod remembered;
mod verification;

pub use backfill::{BACKFILL_FORMAT, BackfillReceipt, End, KeptBackfills, ReportPlace};
pub use canary::{CANARY_FORMAT, CanaryError, note, read_note};
pub use checksums::{CHECKSUMS_FORMAT, ChecksumsReceipt, KeptChecksums};
pub use document::{DocumentId, Held, UnkeptDocument};
pub use folder::{FolderLedger, IgnoredReceipt, KeptCanaries, KeptProofs, UnreadJournals};
pub use left::{Left, LeftByRuns};
pub use lock::LedgerLock;
pub use receipt::{CanaryReceipt, Place, RECEIPT_FORMAT, ReceiptError, ReceiptId};
pub use verification::{Checkpoint, KeptVerifications, verified};

use std::future::Future;
use std::path::PathBuf;

use s3ferry_core::plan::{PlacedCanary, Proof};

/// Where proofs are kept, and which canaries may lie in buckets.
pub trait ReceiptStore: Send + Sync {
    /// Keeps a receipt for good before it returns; keeping it twice is keeping it once.
    ///
    /// # Errors
    /// [`LedgerError`]; then the proof is not kept and must be made again.
    fn keep(
        &self,
        receipt: &CanaryReceipt,
    ) -> impl Future<Output = Result<ReceiptId, LedgerError>> + Send;

    /// Keeps how a job ended for good before it returns; keeping it twice is keeping it once.
    ///
    /// # Errors
    /// [`LedgerError`]; then the job is looked at once more by the next run.
    fn keep_backfill(
        &self,
        receipt: &BackfillReceipt,
    ) -> impl Future<Output = Result<ReceiptId, LedgerError>> + Send;

    /// Keeps how a job that computed checksums ended, likewise.
    ///
    /// # Errors
    /// [`LedgerError`]; then the job is looked at once more by the next run.
    fn keep_checksums(
        &self,
        receipt: &ChecksumsReceipt,
    ) -> impl Future<Output = Result<ReceiptId, LedgerError>> + Send;

    /// When the last of these was proven first, RFC 3339 in UTC; none where one of them is not.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn proven_at(
        &self,
        proofs: &[Proof],
    ) -> impl Future<Output = Result<Option<String>, LedgerError>> + Send;

    /// Notes that a canary may lie in buckets, for good before it returns; what was noted of its key before is replaced.
    ///
    /// # Errors
    /// [`LedgerError`]; then the canary must not be put.
    fn place(&self, canary: &PlacedCanary) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Forgets a canary of which nothing is left; what was never noted is forgotten already.
    ///
    /// # Errors
    /// [`LedgerError`]; then it is looked for once more.
    fn forget(&self, canary: &PlacedCanary)
    -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Keeps the content of a document's file for good before it ends; keeping it twice is keeping it once. Does not block.
    ///
    /// # Errors
    /// [`LedgerError`]; then what it is of must not be written over.
    fn keep_document(
        &self,
        id: &DocumentId,
        content: Vec<u8>,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;
}

/// Why the ledger did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was tried, e.g. `write`.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Another apply holds the lock.
    #[error("the ledger {} is locked by another apply on this machine{}", path.display(), holder.as_ref().map(|run| format!(" (run {run})")).unwrap_or_default())]
    Locked {
        /// The ledger.
        path: PathBuf,
        /// The run that holds it, where it can be read.
        holder: Option<String>,
    },
}

impl LedgerError {
    fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}
