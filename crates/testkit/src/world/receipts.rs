//! Receipts in memory.

use std::sync::Mutex;

use s3ferry_engine::ledger::{CanaryReceipt, LedgerError, ReceiptStore};

/// Keeps receipts in memory.
#[derive(Debug, Default)]
pub struct MemoryReceipts(Mutex<Vec<CanaryReceipt>>);

impl MemoryReceipts {
    /// The receipts kept, oldest first.
    #[must_use]
    pub fn kept(&self) -> Vec<CanaryReceipt> {
        self.0
            .lock()
            .expect("no test panics while it keeps")
            .clone()
    }
}

impl ReceiptStore for MemoryReceipts {
    fn keep(
        &self,
        receipt: &CanaryReceipt,
    ) -> Result<s3ferry_engine::ledger::ReceiptId, LedgerError> {
        let mut kept = self.0.lock().expect("no test panics while it keeps");
        if !kept.contains(receipt) {
            kept.push(receipt.clone());
        }
        Ok(receipt.id())
    }
}
