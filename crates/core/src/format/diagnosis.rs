//! The wire format of a diagnosis: why what a migration's source holds does not come to its destination, as far as settings and
//! policies of both accounts tell.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the format that this build writes.
pub const DIAGNOSIS_FORMAT: &str = "1.0";

/// What is wrong with the live replication of a migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The format's version, [`DIAGNOSIS_FORMAT`].
    pub format: String,
    /// The migration.
    pub migration: String,
    /// The bucket that data comes from.
    pub source: DiagnosedSide,
    /// The bucket that data goes to.
    pub destination: DiagnosedSide,
    /// The role that the live configuration names.
    pub role: Option<String>,
    /// The live rules to the destination, whosever they are.
    pub rules: Vec<DiagnosedRule>,
    /// What was found.
    pub found: Vec<Symptom>,
    /// The object that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<DiagnosedObject>,
}

/// A bucket of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosedSide {
    /// The account ID.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
}

/// A live rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosedRule {
    /// Its ID.
    pub id: String,
    /// Its priority.
    pub priority: Option<i32>,
    /// What it selects, in words.
    pub selects: String,
    /// Whether it is enabled.
    pub enabled: bool,
}

/// How bad a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Objects fail for it, arrive without something, or are left out.
    Wrong,
    /// Whether they do cannot be told.
    Unknown,
    /// Worth knowing.
    Note,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Symptom {
    /// Its code.
    pub code: String,
    /// How bad it is.
    pub level: Level,
    /// The failure codes of S3 Replication that objects get for it; none where they get no status at all.
    pub failures: BTreeSet<String>,
    /// The side that it belongs on: `source` or `destination`.
    pub side: String,
    /// The address of the setting or the document.
    pub address: String,
    /// What is missing or wrong, in a sentence.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// The statement to add to the document of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Value>,
}

/// One version of an object, and what S3 does with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosedObject {
    /// Its key.
    pub key: String,
    /// The version; none where there is none.
    pub version: Option<String>,
    /// When it was written, RFC 3339 in UTC.
    pub written: Option<String>,
    /// Its replication status as S3 answers it; none where it has none.
    pub status: Option<String>,
    /// How it is encrypted.
    pub encryption: Option<String>,
    /// The KMS key that it is encrypted with.
    pub kms_key: Option<String>,
    /// Its storage class.
    pub class: Option<String>,
    /// The enabled rules that select it as it is now, the one that counts first.
    pub rules: Vec<String>,
    /// Whether its replica is at the destination; none where that is not known.
    pub at_destination: Option<bool>,
    /// What became of it, or would, by a word.
    pub fate: String,
    /// The same in a sentence.
    pub says: String,
    /// Whether it is where it belongs, or on its way, or belongs nowhere else.
    pub well: bool,
}

impl Diagnosis {
    /// Whether something is wrong.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        let mut found = self.found.iter();
        found.any(|of| of.level == Level::Wrong) || self.object.as_ref().is_some_and(|of| !of.well)
    }
}
