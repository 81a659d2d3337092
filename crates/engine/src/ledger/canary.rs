//! Canaries that may lie in buckets: the wire format of what the ledger says of each.
//!
//! Versions are read by the table of [`s3ferry_core::format::reading`]. Whoever may write the ledger may make s3ferry look under
//! any key; what it then removes carries the mark that the key names, and nothing else does.

use std::collections::BTreeSet;

use s3ferry_core::format::reading::{ReadError, read};
use s3ferry_core::ids::{AccountId, BucketName, MigrationName, Region, SpecName};
use s3ferry_core::model::BucketRef;
use s3ferry_core::plan::{PlacedCanary, ProofSubject};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Place;

/// The version of the format that this build writes.
pub const CANARY_FORMAT: &str = "1.0";

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    format: String,
    s3ferry: String,
    spec: String,
    migration: String,
    /// The rule, and the key's name where the canary is for one.
    name: String,
    source: Place,
    key: String,
    subject: String,
    carried_to: Vec<Place>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stays: Option<String>,
}

/// Why a file says nothing of a canary.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// Not such a file, or one of a version that this one cannot rely on.
    #[error("it is not the note of a canary that can be read")]
    Unreadable(#[from] ReadError),
    /// A name in it is none.
    #[error("it names what cannot be: {0}")]
    Name(String),
    /// The key is none that s3ferry gives to canaries.
    #[error("its key is not a canary's")]
    Key,
}

/// The name of the file of a canary.
pub(super) fn file_name(canary: &PlacedCanary) -> String {
    let place = format!("{}/{}", canary.source.bucket, canary.key);
    let hash = Sha256::digest(place.as_bytes());
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}.json")
}

/// The note of a canary: the content of its file.
///
/// # Panics
/// Never: every key is a string.
#[must_use]
pub fn note(canary: &PlacedCanary) -> Vec<u8> {
    let PlacedCanary {
        spec,
        migration,
        name,
        source,
        key,
        subject,
        carried_to,
        stays,
    } = canary;
    let record = Record {
        format: CANARY_FORMAT.to_owned(),
        s3ferry: env!("CARGO_PKG_VERSION").to_owned(),
        spec: spec.to_string(),
        migration: migration.to_string(),
        name: name.clone(),
        source: Place::of(source),
        key: key.clone(),
        subject: subject.0.clone(),
        carried_to: carried_to.iter().map(Place::of).collect(),
        stays: stays.clone(),
    };
    let mut content = serde_json::to_vec_pretty(&record).expect("a note has string keys only");
    content.push(b'\n');
    content
}

/// Reads the note of a canary.
///
/// # Errors
/// [`CanaryError`] where it is none that can be read, or names what cannot be a canary's.
pub fn read_note(content: &[u8]) -> Result<PlacedCanary, CanaryError> {
    let Record {
        format: _,  // It was looked at before.
        s3ferry: _, // For people.
        spec,
        migration,
        name,
        source,
        key,
        subject,
        carried_to,
        stays,
    } = read(content, CANARY_FORMAT)?.value;
    let carried_to: Result<BTreeSet<BucketRef>, _> = carried_to.into_iter().map(bucket).collect();
    let canary = PlacedCanary {
        spec: SpecName::new(spec).map_err(wrong)?,
        migration: MigrationName::new(migration).map_err(wrong)?,
        name,
        source: bucket(source)?,
        key,
        subject: ProofSubject(subject),
        carried_to: carried_to?,
        stays,
    };
    if canary.is_sound() {
        Ok(canary)
    } else {
        Err(CanaryError::Key)
    }
}

fn bucket(place: Place) -> Result<BucketRef, CanaryError> {
    let Place {
        account,
        region,
        bucket,
    } = place;
    Ok(BucketRef {
        account: AccountId::new(account).map_err(wrong)?,
        region: Region::new(region).map_err(wrong)?,
        bucket: BucketName::new(bucket).map_err(wrong)?,
    })
}

fn wrong(error: impl ToString) -> CanaryError {
    CanaryError::Name(error.to_string())
}
