//! Meaning: when two documents are the same to AWS, and the fingerprint that follows from it.

use super::kinds::Document;
use crate::digest::digest;

impl Document {
    /// Whether both mean the same to AWS, however they are written down (domain reference §1.5 and §9).
    #[must_use]
    pub fn same_meaning(&self, other: &Self) -> bool {
        self == other || self.canonical() == other.canonical()
    }
}

/// Whether both hold the same by meaning, absence included.
#[must_use]
pub fn same(one: Option<&Document>, other: Option<&Document>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.same_meaning(other),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// SHA-256 of the canonical form in hex, or `absent`.
#[must_use]
pub fn fingerprint(document: Option<&Document>) -> String {
    document.map_or_else(
        || "absent".to_owned(),
        |document| digest(&document.canonical()),
    )
}
