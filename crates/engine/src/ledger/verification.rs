//! Receipts of verifications, and how far a verification came that was stopped.
//!
//! ```text
//! <ledger>/verifications/sha256-<hex>.json   what was found, named after its content; belongs into the repository
//! <ledger>/runs/verify-<hash>.json           how far a comparison is, of this machine; gone when it has ended
//! ```

use std::io::ErrorKind;
use std::path::PathBuf;

use s3ferry_core::format::verification::{
    Answer, VERIFICATION_FORMAT, Verification, VerifiedVersion,
};
use s3ferry_core::plan::{ProofSubject, Verified};
use s3ferry_core::spec::{Compared, Depth, Share};
use s3ferry_verify::Tally;
use serde::{Deserialize, Serialize};

use super::receipt::{ReceiptError, ReceiptId, from_file};
use super::{FolderLedger, LedgerError, files, folder};
use crate::verify::Matching;

/// The longest checkpoint that is read: thousands of stretches and versions, of two keys of a kilobyte each.
const LONGEST: u64 = 64 << 20;

/// What comparisons found, as the ledger keeps it.
#[derive(Debug, Default)]
pub struct KeptVerifications {
    /// The receipts.
    pub found: Vec<(ReceiptId, Verification)>,
    /// Files among them that say nothing.
    pub ignored: Vec<(PathBuf, ReceiptError)>,
}

/// What a receipt says to a plan that is made so many seconds after what it tells of; nothing where not the versions of both
/// sides were compared. None where it has a word that this build does not know.
#[must_use]
pub fn verified(id: &ReceiptId, found: &Verification, age: u64) -> Option<Option<Verified>> {
    let depth = |depth: &Depth| depth.as_str() == found.depth;
    let known = |what: &Compared| found.compared.iter().any(|word| word == what.as_str());
    match &*found.matched {
        matched if matched == Matching::Versions.as_str() => {}
        matched if matched == Matching::Current.as_str() => return Some(None),
        _ => return None,
    }
    Some(Some(Verified {
        subject: ProofSubject(found.subject.clone()),
        receipt: id.to_string(),
        depth: Depth::ALL.into_iter().find(depth)?,
        compared: Compared::ALL.into_iter().filter(known).collect(),
        content: match &found.content {
            None => Share::NONE,
            Some(text) => Share::of_percent(text)?,
        },
        as_of: found.as_of().to_owned(),
        age,
        equal: found.versions(Answer::Equal),
        expected: found.versions(Answer::Expected),
        different: found.versions(Answer::Different),
        unprovable: found.versions(Answer::Unprovable),
    }))
}

/// How far a comparison is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What is compared and how, so that nothing else goes on from here.
    pub of: String,
    /// When it began.
    pub started: String,
    /// What was written after this counts as on its way.
    pub settled: String,
    /// What was counted.
    pub tally: Tally,
    /// The stretches that are left: after one key, and before another.
    pub left: Vec<(Option<String>, Option<String>)>,
    /// What was told so far.
    pub versions: Vec<VerifiedVersion>,
}

impl FolderLedger {
    /// Keeps what a comparison found for good; keeping it twice is keeping it once.
    ///
    /// # Errors
    /// [`LedgerError`]; then there is no receipt.
    pub fn keep_verification(&self, found: &Verification) -> Result<ReceiptId, LedgerError> {
        let content = found.to_json().into_bytes();
        let id = ReceiptId::of(&content);
        self.keep_file(&self.verifications_in(), &id.file_name(), &content)?;
        Ok(id)
    }

    /// Reads what comparisons found.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder cannot be read. A file that cannot be read or relied on is no error: it is named
    /// and says nothing.
    pub fn verifications(&self) -> Result<KeptVerifications, LedgerError> {
        let mut kept = KeptVerifications::default();
        for path in folder::files(&self.verifications_in(), "json")? {
            match from_file::<Verification>(&path, LONGEST, VERIFICATION_FORMAT) {
                Ok((id, read)) => kept.found.push((id, read.value)),
                Err(why) => kept.ignored.push((path, why)),
            }
        }
        Ok(kept)
    }

    /// How far a comparison of this name came; none where there is nothing to go on from. What cannot be read is nothing.
    #[must_use]
    pub fn checkpoint(&self, name: &str, of: &str) -> Option<Checkpoint> {
        let content = files::read_own(&self.checkpoint_path(name), LONGEST).ok()?;
        let read: Checkpoint = serde_json::from_slice(&content).ok()?;
        (read.of == of).then_some(read)
    }

    /// Keeps how far a comparison is.
    ///
    /// # Errors
    /// [`LedgerError`]; then the one before is still there.
    pub fn keep_checkpoint(&self, name: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        let path = self.checkpoint_path(name);
        let content = serde_json::to_vec(checkpoint)
            .map_err(std::io::Error::from)
            .map_err(LedgerError::io("write", &path))?;
        let folder = self.root().join("runs");
        self.keep_file(&folder, &file_name(name), &content)
    }

    /// Forgets how far a comparison came: it is at its end.
    ///
    /// # Errors
    /// [`LedgerError`] where the file is there and cannot be removed.
    pub fn forget_checkpoint(&self, name: &str) -> Result<(), LedgerError> {
        let path = self.checkpoint_path(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(LedgerError::io("remove", path)),
        }
    }

    fn verifications_in(&self) -> PathBuf {
        self.root().join("verifications")
    }

    fn checkpoint_path(&self, name: &str) -> PathBuf {
        self.root().join("runs").join(file_name(name))
    }
}

fn file_name(name: &str) -> String {
    format!("verify-{name}.json")
}
