//! Receipts in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use s3ferry_core::plan::{EndedJob, PlacedCanary, Proof};
use s3ferry_engine::ledger::{
    BackfillReceipt, CanaryReceipt, ChecksumsReceipt, DocumentId, LedgerError, ReceiptId,
    ReceiptStore,
};

/// Keeps receipts in memory, and where canaries lie.
#[derive(Debug, Default)]
pub struct MemoryReceipts {
    kept: Mutex<Vec<CanaryReceipt>>,
    placed: Mutex<Vec<PlacedCanary>>,
    backfills: Mutex<Vec<BackfillReceipt>>,
    checksums: Mutex<Vec<ChecksumsReceipt>>,
    documents: Mutex<BTreeMap<DocumentId, Vec<u8>>>,
}

impl MemoryReceipts {
    /// The receipts kept, oldest first.
    #[must_use]
    pub fn kept(&self) -> Vec<CanaryReceipt> {
        self.kept
            .lock()
            .expect("no test panics while it keeps")
            .clone()
    }

    /// The receipts of jobs kept, oldest first.
    ///
    /// # Panics
    /// Where a test panicked while it kept.
    #[must_use]
    pub fn backfills(&self) -> Vec<BackfillReceipt> {
        let kept = self.backfills.lock();
        kept.expect("no test panics while it keeps").clone()
    }

    /// The receipts of jobs that computed checksums, oldest first.
    ///
    /// # Panics
    /// Where a test panicked while it kept.
    #[must_use]
    pub fn checksums(&self) -> Vec<ChecksumsReceipt> {
        let kept = self.checksums.lock();
        kept.expect("no test panics while it keeps").clone()
    }

    /// What they say to a plan.
    #[must_use]
    pub fn ended(&self) -> Vec<EndedJob> {
        self.backfills().iter().map(BackfillReceipt::says).collect()
    }

    /// The canaries that may lie in buckets, oldest first.
    #[must_use]
    pub fn placed(&self) -> Vec<PlacedCanary> {
        self.lock().clone()
    }

    /// The documents kept, each as its file would be.
    ///
    /// # Panics
    /// Where a test panicked while it kept.
    #[must_use]
    pub fn documents(&self) -> BTreeMap<DocumentId, Vec<u8>> {
        let documents = self.documents.lock();
        documents.expect("no test panics while it keeps").clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PlacedCanary>> {
        self.placed.lock().expect("no test panics while it keeps")
    }
}

impl ReceiptStore for MemoryReceipts {
    async fn keep(&self, receipt: &CanaryReceipt) -> Result<ReceiptId, LedgerError> {
        let mut kept = self.kept.lock().expect("no test panics while it keeps");
        if !kept.contains(receipt) {
            kept.push(receipt.clone());
        }
        Ok(receipt.id())
    }

    async fn keep_backfill(&self, receipt: &BackfillReceipt) -> Result<ReceiptId, LedgerError> {
        let kept = self.backfills.lock();
        let mut kept = kept.expect("no test panics while it keeps");
        if !kept.contains(receipt) {
            kept.push(receipt.clone());
        }
        Ok(ReceiptId::of(&receipt.content()))
    }

    async fn keep_checksums(&self, receipt: &ChecksumsReceipt) -> Result<ReceiptId, LedgerError> {
        let kept = self.checksums.lock();
        let mut kept = kept.expect("no test panics while it keeps");
        if !kept.contains(receipt) {
            kept.push(receipt.clone());
        }
        Ok(ReceiptId::of(&receipt.content()))
    }

    async fn proven_at(&self, proofs: &[Proof]) -> Result<Option<String>, LedgerError> {
        let kept = self.kept();
        let first = |proof: &Proof| {
            let of = kept.iter().filter(|of| of.proves() == *proof);
            of.map(|of| of.proven_at.clone()).min()
        };
        let all: Option<Vec<String>> = proofs.iter().map(first).collect();
        Ok(all.into_iter().flatten().max())
    }

    async fn place(&self, canary: &PlacedCanary) -> Result<(), LedgerError> {
        let mut placed = self.lock();
        placed.retain(|of| of.key != canary.key);
        placed.push(canary.clone());
        Ok(())
    }

    async fn forget(&self, canary: &PlacedCanary) -> Result<(), LedgerError> {
        self.lock().retain(|of| of.key != canary.key);
        Ok(())
    }

    async fn keep_document(&self, id: &DocumentId, content: Vec<u8>) -> Result<(), LedgerError> {
        let documents = self.documents.lock();
        let mut documents = documents.expect("no test panics while it keeps");
        documents.insert(id.clone(), content);
        Ok(())
    }
}
