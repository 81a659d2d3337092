//! What the ledger remembers of the buckets that runs worked on.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _};
use std::path::Path;

use s3ferry_core::ids::{AccountId, BucketName, Region};
use s3ferry_core::model::BucketRef;
use s3ferry_core::remembered::Remembered;
use s3ferry_core::spec::Spec;

use super::files as opened;
use super::folder::{LONGEST_JOURNAL, files};
use super::{CanaryReceipt, FolderLedger, LedgerError, Place, ReceiptId};

impl FolderLedger {
    /// The buckets that receipts and journals name.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder or a file cannot be read.
    pub fn remembered(
        &self,
        spec: &Spec,
        receipts: &BTreeMap<ReceiptId, CanaryReceipt>,
    ) -> Result<Remembered, LedgerError> {
        let mut remembered = Remembered::default();
        for receipt in receipts.values() {
            remembered.sources.extend(bucket(&receipt.source));
            remembered.destinations.extend(bucket(&receipt.destination));
            if receipt.spec.as_deref() == Some(spec.name.as_str()) {
                let places = bucket(&receipt.source).zip(bucket(&receipt.destination));
                remembered.proven.extend(places);
            }
        }
        for path in files(&self.root().join("runs"), "jsonl")? {
            each_word(&path, |word| remembered.add_step(spec, word))
                .map_err(LedgerError::io("read", &path))?;
        }
        Ok(remembered)
    }
}

/// Reads what stands between quotes, word by word: a journal of thousands of migrations is tens of megabytes. Only the names of
/// steps matter: also those of a line that was cut short, or that a newer version wrote.
fn each_word(path: &Path, mut with: impl FnMut(&str)) -> io::Result<()> {
    let mut file = opened::reader(path, LONGEST_JOURNAL)?;
    let mut word = Vec::new();
    while file.read_until(b'"', &mut word)? > 0 {
        if let Ok(word) = std::str::from_utf8(word.strip_suffix(b"\"").unwrap_or(&word)) {
            with(word);
        }
        word.clear();
    }
    Ok(())
}

fn bucket(place: &Place) -> Option<BucketRef> {
    Some(BucketRef {
        account: AccountId::new(place.account.clone()).ok()?,
        region: Region::new(place.region.clone()).ok()?,
        bucket: BucketName::new(place.bucket.clone()).ok()?,
    })
}
