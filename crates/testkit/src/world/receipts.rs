//! Receipts in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use s3ferry_core::plan::PlacedCanary;
use s3ferry_engine::ledger::{CanaryReceipt, DocumentId, LedgerError, ReceiptStore};

/// Keeps receipts in memory, and where canaries lie.
#[derive(Debug, Default)]
pub struct MemoryReceipts {
    kept: Mutex<Vec<CanaryReceipt>>,
    placed: Mutex<Vec<PlacedCanary>>,
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
    async fn keep(
        &self,
        receipt: &CanaryReceipt,
    ) -> Result<s3ferry_engine::ledger::ReceiptId, LedgerError> {
        let mut kept = self.kept.lock().expect("no test panics while it keeps");
        if !kept.contains(receipt) {
            kept.push(receipt.clone());
        }
        Ok(receipt.id())
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
