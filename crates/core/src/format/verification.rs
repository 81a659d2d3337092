//! The wire format of a verification: what a comparison of both sides of a migration found, as its receipt keeps it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the format that this build writes.
pub const VERIFICATION_FORMAT: &str = "1.2";

/// What a comparison of both sides found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The format's version, [`VERIFICATION_FORMAT`].
    pub format: String,
    /// The version of s3ferry that compared.
    pub s3ferry: String,
    /// The spec, by its name.
    pub spec: String,
    /// The digest of its files.
    pub spec_digest: String,
    /// The migration.
    pub migration: String,
    /// What was compared: SHA-256 over both buckets and the rules; not in receipts of earlier builds, which prove nothing.
    #[serde(default)]
    pub subject: String,
    /// What told of both sides: their live `listing`, or an `inventory` of each. Receipts of format 1.0 are of listings.
    #[serde(default = "listing")]
    pub from: String,
    /// Who compared inventories, where not this program: `athena`. Then fingerprints are of its making, and comparable among its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// How closely it was looked: `listing`, `checksum`, `computed` or `content`.
    pub depth: String,
    /// Which versions were compared: `versions` of one ID, or the `current` ones of each key.
    pub matched: String,
    /// What was compared besides: `tags`, `metadata`, `class`.
    #[serde(default)]
    pub compared: Vec<String>,
    /// Of how many versions the content was read, as a percentage; not there where of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// What was written after this counts as on its way; RFC 3339 in UTC.
    pub settled: String,
    /// When the comparison began.
    pub started: String,
    /// When it ended.
    pub ended: String,
    /// What the source has.
    pub source: VerifiedSide,
    /// What the destination has.
    pub destination: VerifiedSide,
    /// Every version once, by what was found of it.
    pub counts: Vec<VerifiedCount>,
    /// What is different or not known, by the first part of the key up to a slash, then by what was found; `*` for what is beyond the prefixes
    /// that are told apart.
    #[serde(default)]
    pub prefixes: BTreeMap<String, BTreeMap<String, u64>>,
    /// Whether nothing is different and nothing is unknown.
    pub clean: bool,
    /// The receipt of the comparison that this one went on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What a later comparison need not look at again; not there where current objects alone were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<Covers>,
}

/// The versions that a comparison answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covers {
    /// Those that were last modified up to this time; RFC 3339 in UTC.
    pub before: String,
    /// Which these are: for each of 1,024 slices that has any, its number, a colon and the sum of their hashes, or a dash where one of
    /// them is different or not known.
    pub slices: String,
}

/// A side as it was listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedSide {
    /// The account ID.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// Versions that are objects.
    pub objects: u64,
    /// Delete markers.
    pub markers: u64,
    /// The size of all versions together.
    pub bytes: u64,
    /// 32 hexadecimal digits, the same for the same set of keys, version IDs, sizes and kinds.
    pub fingerprint: String,
    /// The inventory that told so, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<VerifiedInventory>,
    /// The job that computed the checksums, where one did; not in receipts of formats before 1.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksums: Option<VerifiedChecksums>,
}

impl VerifiedSide {
    /// Of when the list and the checksums tell, where they are what was compared.
    fn times(&self) -> [Option<&str>; 2] {
        let list = self.inventory.as_ref().map(|of| of.created.as_str());
        let job = self.checksums.as_ref().map(|of| of.made.as_str());
        [list, job]
    }
}

/// A job whose computed checksums were compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedChecksums {
    /// The job's ID.
    pub job: String,
    /// When S3 made it, RFC 3339 in UTC.
    pub made: String,
    /// The algorithm.
    pub algorithm: String,
    /// The receipt of the job.
    pub receipt: String,
    /// The bucket and the key of its report's manifest, with a slash between them; none where there was nothing to report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// The SHA-256 of that, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// An inventory that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedInventory {
    /// The bucket and the key of its manifest, with a slash between them.
    pub manifest: String,
    /// When it was begun, RFC 3339 in UTC.
    pub created: String,
}

/// A number of versions that the same was found of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedCount {
    /// The answer.
    pub answer: Answer,
    /// What was found, e.g. `equal-etag` or `missing`.
    pub found: String,
    /// Versions.
    pub versions: u64,
    /// Their size together.
    pub bytes: u64,
}

/// The answer on a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The same at both sides.
    Equal,
    /// On one side only, or not judged, as it should be.
    Expected,
    /// Not the same.
    Different,
    /// Nobody can say.
    Unprovable,
}

/// One version that is different or not known; a line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedVersion {
    /// The migration.
    pub migration: String,
    /// The answer.
    pub answer: Answer,
    /// What was found.
    pub found: String,
    /// The key.
    pub key: String,
    /// Its version at the source, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_version: Option<String>,
    /// Its version at the destination, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_version: Option<String>,
    /// The size in bytes.
    pub size: u64,
}

fn listing() -> String {
    "listing".to_owned()
}

impl Verification {
    /// How many versions have an answer.
    #[must_use]
    pub fn versions(&self, answer: Answer) -> u64 {
        let of = self.counts.iter().filter(|count| count.answer == answer);
        of.map(|count| count.versions).sum()
    }

    /// Of when it tells, RFC 3339 in UTC: what was written later is not in it. An inventory tells of the time when S3 began to make it, a
    /// computed checksum of that when its job was made.
    #[must_use]
    pub fn as_of(&self) -> &str {
        let sides = [&self.source, &self.destination].into_iter();
        let told = sides.flat_map(VerifiedSide::times).flatten();
        told.fold(self.started.as_str(), |first, list| first.min(list))
    }

    /// The content of the receipt's file: the same verification gives the same bytes.
    ///
    /// # Panics
    /// Never: every key is a string and every number is finite.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("a verification has string keys and finite numbers only");
        text.push('\n');
        text
    }
}
