//! Documents that a run found where it wrote: their names, which are the hashes of their files. The wire format is
//! [`s3ferry_core::format::document`].

use std::fmt;

use s3ferry_core::format::document::{DocumentError, decode};
use s3ferry_core::model::Document;
use sha2::{Digest, Sha256};

/// What stands for nothing, as in [`s3ferry_core::model::fingerprint`].
const ABSENT: &str = "absent";

/// The name of a document: `sha256:` and the hash of its file in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentId(String);

/// What a target held, as journals name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Nothing.
    Absent,
    /// The document of this name.
    Document(DocumentId),
}

/// Why a document that a journal names cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum UnkeptDocument {
    /// It cannot be read, or is no regular file of the ledger's own.
    #[error("its file cannot be read")]
    File(#[from] std::io::Error),
    /// The content is not what the name says.
    #[error("its file does not match its name: it was changed, cut short or renamed")]
    Hash,
    /// It is no document.
    #[error("its file holds no document")]
    Content(#[from] DocumentError),
}

impl DocumentId {
    /// The name of a file of this content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let hash = Sha256::digest(content);
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The hash in hex.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0
    }

    pub(super) fn file_name(&self) -> String {
        format!("{}.json", self.0)
    }

    /// The document in a file of this name.
    pub(super) fn open(&self, content: &[u8]) -> Result<Document, UnkeptDocument> {
        if Self::of(content) == *self {
            Ok(decode(content)?)
        } else {
            Err(UnkeptDocument::Hash)
        }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl Held {
    /// Reads the word of a journal.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        if word == ABSENT {
            return Some(Self::Absent);
        }
        let hex = word.strip_prefix("sha256:")?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_hash = hex.len() == 64 && hex.bytes().all(is_digit);
        is_hash.then(|| Self::Document(DocumentId(hex.to_owned())))
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str(ABSENT),
            Self::Document(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_names_a_file() {
        let id = DocumentId::of(b"content");
        assert_eq!(Held::parse(&id.to_string()), Some(Held::Document(id)));
        assert_eq!(Held::parse("absent"), Some(Held::Absent));
        let path = format!("sha256:../{}", "0".repeat(61));
        for bad in ["", "sha256:", "sha256:00", path.as_str(), &"A".repeat(64)] {
            assert_eq!(Held::parse(bad), None, "{bad}");
        }
    }
}
