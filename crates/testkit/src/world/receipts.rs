//! Receipts in memory.

use std::sync::{Mutex, MutexGuard};

use s3ferry_core::plan::PlacedCanary;
use s3ferry_engine::ledger::{CanaryReceipt, LedgerError, ReceiptStore};

/// Keeps receipts in memory, and where canaries lie.
#[derive(Debug, Default)]
pub struct MemoryReceipts {
    kept: Mutex<Vec<CanaryReceipt>>,
    placed: Mutex<Vec<PlacedCanary>>,
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
}
