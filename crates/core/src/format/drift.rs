//! Format 1.1 of what others changed: the one JSON value that the text and the Markdown of `plan --drift` are drawn from.
//!
//! It is written and never read back; what its versions may do is the table of [`super::reading`] all the same.

use serde::{Deserialize, Serialize};

use super::{AccountInfo, Change, Finding};

/// The version of the format that this build writes. 1.1 has `refused`.
pub const DRIFT_FORMAT: &str = "1.1";

/// What others changed since s3ferry wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftFile {
    /// The format's version, [`DRIFT_FORMAT`].
    pub format: String,
    /// The version of s3ferry that looked.
    pub s3ferry: String,
    /// When, RFC 3339 in UTC.
    pub created: String,
    /// The spec's name in ownership markers.
    pub spec: String,
    /// The migrations named by `--target`; empty for all.
    pub targets: Vec<String>,
    /// The accounts signed in to.
    pub accounts: Vec<AccountInfo>,
    /// What others changed, in the order of the addresses.
    pub drifted: Vec<Drifted>,
    /// What differs from the spec, and the ledger does not say what s3ferry left there: the change that an apply would make, so
    /// `before` is what is there and `after` what the spec says.
    pub unrecorded: Vec<Change>,
    /// The addresses of documents in which somebody changed what is not s3ferry's, or of the items where the document has drifted, too;
    /// an apply leaves it.
    pub beside: Vec<String>,
    /// What an apply is refused for at documents of `beside`: somebody took away the marks that make them the spec's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Finding>,
    /// How many changes an apply would make because the spec asks for them, and not because of others.
    pub pending: u64,
}

/// One thing that somebody changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drifted {
    /// The run that left it as it was before.
    pub run: String,
    /// When that run had read it back, RFC 3339 in UTC: it was changed after this.
    pub left: String,
    /// Who changed it last since then, as far as CloudTrail's event history tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ChangedBy>,
    /// From what the run left, `before`, to what is there, `after`. How it can be taken back is by an apply of the spec.
    pub change: Change,
}

/// A call that changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedBy {
    /// The caller's ARN, or the service.
    pub who: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The event's name.
    pub event: String,
}

impl DriftFile {
    /// Whether others changed nothing of s3ferry's.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.drifted.is_empty() && self.unrecorded.is_empty() && self.refused.is_empty()
    }

    /// The value as JSON, indented, with a newline at the end.
    ///
    /// # Panics
    /// Never: every key is a string and every number is finite.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("it has string keys only");
        text.push('\n');
        text
    }
}
