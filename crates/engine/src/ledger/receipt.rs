//! Receipts: the wire format of a proof, and its name, which is the hash of its content.
//!
//! Versions are read by the table of [`s3ferry_core::format::reading`]. A ledger is shared by whoever applies its specs, so
//! a receipt of a newer minor proves here what it proves there: a key that takes away from what a receipt proves would
//! be a major. So receipts of format 1, which do not say who the role was, prove nothing any more.

use std::fmt;
use std::path::Path;

use s3ferry_core::format::reading::{Read, ReadError, read};
use s3ferry_core::model::BucketRef;
use s3ferry_core::plan::{Proof, ProofSubject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files;

/// The version of the format that this build writes.
pub const RECEIPT_FORMAT: &str = "2.2";

/// The proof that an object replicated under a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryReceipt {
    /// The format's version, [`RECEIPT_FORMAT`].
    pub format: String,
    /// The version of s3ferry that saw it.
    pub s3ferry: String,
    /// What the proof is of: SHA-256 over the documents; it is void when any of them changes.
    pub subject: String,
    /// The unique ID of the role that replicated: a role made again under the same name is another principal.
    pub role_id: String,
    /// The spec, by its name; receipts of format 2.0 do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// The migration.
    pub migration: String,
    /// The rule's short name.
    pub rule: String,
    /// Where the canary was written.
    pub source: Place,
    /// Where its replica was found.
    pub destination: Place,
    /// The key.
    pub key: String,
    /// The version ID, the same on both sides.
    pub version: String,
    /// The size in bytes, the same on both sides.
    pub size: u64,
    /// Whether both ETags were equal; differing ones say nothing where the encryption differs (T15).
    pub same_etag: bool,
    /// The alarm that was raised because the object failed, as it should: then it has no replica. None where one arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// When the replica was found, RFC 3339 in UTC.
    pub proven_at: String,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The account ID.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The name.
    pub bucket: String,
}

impl Place {
    /// The place of a bucket.
    #[must_use]
    pub fn of(bucket: &BucketRef) -> Self {
        Self {
            account: bucket.account.to_string(),
            region: bucket.region.to_string(),
            bucket: bucket.bucket.to_string(),
        }
    }
}

/// The name of a receipt: `sha256:` and the hash of its content in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiptId(String);

impl fmt::Display for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

/// Why a file is no receipt to rely on.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// It cannot be read, or is no regular file of a receipt's length.
    #[error("it cannot be read")]
    File(#[from] std::io::Error),
    /// Its content is not what its name says.
    #[error("its content does not match its name: it was changed, cut short or renamed")]
    Hash,
    /// Not a receipt, or one of a version that this one cannot rely on.
    #[error("it is not a receipt that can be read")]
    Unreadable(#[from] ReadError),
}

impl ReceiptId {
    /// The name of this content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let hash = Sha256::digest(content);
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The name of the receipt's file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("sha256-{}.json", self.0)
    }
}

/// The content of a receipt's file, of whatever kind: the same receipt gives the same bytes.
///
/// # Panics
/// Never: every key of a receipt is a string and every number is finite.
pub(super) fn content(receipt: &impl Serialize) -> Vec<u8> {
    let mut content = serde_json::to_vec_pretty(receipt)
        .expect("a receipt has string keys and finite numbers only");
    content.push(b'\n');
    content
}

/// Reads a receipt of whatever kind from its file, which is named after its content.
pub(super) fn from_file<T: DeserializeOwned>(
    path: &Path,
    longest: u64,
    format: &'static str,
) -> Result<(ReceiptId, Read<T>), ReceiptError> {
    let content = files::read(path, longest)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    named(&name, &content, format)
}

fn named<T: DeserializeOwned>(
    file_name: &str,
    content: &[u8],
    format: &'static str,
) -> Result<(ReceiptId, Read<T>), ReceiptError> {
    let id = ReceiptId::of(content);
    if id.file_name() != file_name {
        return Err(ReceiptError::Hash);
    }
    Ok((id, read(content, format)?))
}

impl CanaryReceipt {
    /// The content of the receipt's file: the same receipt gives the same bytes.
    ///
    /// # Panics
    /// Never: every key is a string and every number is finite.
    #[must_use]
    pub fn content(&self) -> Vec<u8> {
        content(self)
    }

    /// Reads the content of a file of this name.
    ///
    /// # Errors
    /// [`ReceiptError`] where the content is not what the name says, or no receipt that can be relied on.
    pub fn read(file_name: &str, content: &[u8]) -> Result<Read<Self>, ReceiptError> {
        named(file_name, content, RECEIPT_FORMAT).map(|(_, read)| read)
    }

    /// Its name in every ledger.
    #[must_use]
    pub fn id(&self) -> ReceiptId {
        ReceiptId::of(&self.content())
    }

    /// What it proves.
    #[must_use]
    pub fn proves(&self) -> Proof {
        Proof {
            subject: ProofSubject(self.subject.clone()),
            role_id: self.role_id.clone(),
        }
    }
}
