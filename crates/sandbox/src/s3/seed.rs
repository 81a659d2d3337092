//! The buckets and objects of a seed file.
//!
//! ```json
//! {
//!   "buckets": [
//!     {
//!       "name": "orders-prod", "account": "111111111111", "region": "eu-west-1",
//!       "versioning": "Enabled",
//!       "objects": [
//!         { "key": "readme.txt", "body": "hello", "metadata": { "colour": "blue" } },
//!         { "key": "2025/{}.json", "count": 5000, "size": [200, 900], "tags": { "class": "hot" } },
//!         { "key": "old/{}", "count": 10, "size": 100, "versions": 3, "deleted": true },
//!         { "key": "dump.bin", "size": 20000000, "part_size": 8388608 }
//!       ],
//!       "configuration": { "tagging": "<Tagging>...</Tagging>" }
//!     }
//!   ]
//! }
//! ```
//!
//! Objects are written before `configuration` (documents by the name of their subresource, taken
//! without a check), so that they are older than any replication configuration. `{}` in a key is
//! the number of the object, with leading zeros. Bodies without `body` repeat a line that differs
//! from object to object, and take no memory for their size.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use sha2::Digest as _;

use crate::error::SeedError;
use crate::s3::calls::documents::force as force_document;
use crate::s3::calls::write::{Writer, add_version, write_object};
use crate::s3::checksum::{Algorithm, Type, md5, of_pieces};
use crate::s3::rules::new_bucket::empty_bucket;
use crate::s3::rules::tags::tags;
use crate::s3::state::version::{Body, Content, Details, Headers, Part, digest};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::{EncryptionOptions, WriteOptions};

/// A bucket as a seed has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BucketSeed {
    name: String,
    account: String,
    region: String,
    /// `Enabled` or `Suspended`; left out: never versioned.
    #[serde(default)]
    versioning: Option<String>,
    #[serde(default = "enforced")]
    ownership: String,
    #[serde(default)]
    objects: Vec<ObjectSeed>,
    #[serde(default)]
    configuration: BTreeMap<String, String>,
}

fn enforced() -> String {
    "BucketOwnerEnforced".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectSeed {
    key: String,
    #[serde(default = "one")]
    count: u64,
    #[serde(default)]
    size: Size,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    part_size: Option<u64>,
    #[serde(default = "one")]
    versions: u64,
    /// A delete marker lies on top.
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    storage_class: Option<String>,
    #[serde(default)]
    kms_key: Option<String>,
}

fn one() -> u64 {
    1
}

/// One size, or sizes spread from the first to the second.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "serde_json::Value")]
pub(crate) struct Size {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            from: 1024,
            to: 1024,
        }
    }
}

impl TryFrom<serde_json::Value> for Size {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        let wrong = "a size is a number or a list of two in order";
        let pair: Option<(u64, u64)> = match &value {
            serde_json::Value::Array(pair) => match &pair[..] {
                [from, to] => from.as_u64().zip(to.as_u64()),
                _ => None,
            },
            one => one.as_u64().map(|size| (size, size)),
        };
        let (from, to) = pair.filter(|(from, to)| from <= to).ok_or(wrong)?;
        Ok(Self { from, to })
    }
}

impl Size {
    /// Returns the size of the n-th object: spread, but the same in every run.
    fn of(self, n: u64) -> u64 {
        let spread = self.to - self.from + 1;
        self.from + n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % spread
    }
}

/// Makes the buckets of a seed.
pub(crate) fn load(store: &Store, buckets: &[BucketSeed]) -> Result<(), SeedError> {
    buckets
        .iter()
        .try_for_each(|bucket| load_bucket(store, bucket))
}

fn load_bucket(store: &Store, seed: &BucketSeed) -> Result<(), SeedError> {
    seed.create(store)?;
    for object in &seed.objects {
        for n in 0..object.count {
            load_object(store, seed, object, n)?;
        }
    }
    seed.configure(store)
}

impl BucketSeed {
    /// Returns its name and its account.
    pub(crate) fn place(&self) -> (&str, &str) {
        (&self.name, &self.account)
    }

    /// Says whether it names objects of its own.
    pub(crate) fn has_objects(&self) -> bool {
        !self.objects.is_empty()
    }

    /// Makes the bucket with its versioning.
    pub(crate) fn create(&self, store: &Store) -> Result<(), SeedError> {
        let bucket = empty_bucket(store, &self.account, &self.region, &self.ownership);
        if store.world().buckets.contains_key(&self.name) {
            return Err(SeedError::BucketExists(self.name.clone()));
        }
        store.world().buckets.insert(self.name.clone(), bucket);
        match &self.versioning {
            Some(status) => self.version(store, status),
            None => Ok(()),
        }
    }

    /// Sets its versioning.
    pub(crate) fn version(&self, store: &Store, status: &str) -> Result<(), SeedError> {
        let text = format!(
            "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Status>{status}</Status></VersioningConfiguration>"
        );
        configure(store, self, "versioning", &text)
    }

    /// Sets its documents.
    pub(crate) fn configure(&self, store: &Store) -> Result<(), SeedError> {
        let mut documents = self.configuration.iter();
        documents.try_for_each(|(name, text)| configure(store, self, name, text))
    }

    /// Refuses a part of it.
    pub(crate) fn refuse(&self, what: &str, reason: &str) -> SeedError {
        SeedError::Refused {
            bucket: self.name.clone(),
            what: what.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

fn configure(store: &Store, seed: &BucketSeed, name: &str, text: &str) -> Result<(), SeedError> {
    let forced = force_document(store, &seed.name, name, text);
    forced.map_err(|error| refused(seed, name, &error))
}

fn refused(seed: &BucketSeed, what: &str, error: &s3s::S3Error) -> SeedError {
    let message = error.message().unwrap_or_default();
    seed.refuse(what, &format!("{}: {message}", error.code().as_str()))
}

fn load_object(
    store: &Store,
    seed: &BucketSeed,
    object: &ObjectSeed,
    n: u64,
) -> Result<(), SeedError> {
    let width = object.count.saturating_sub(1).to_string().len();
    let key = object.key.replace("{}", &format!("{n:0width$}"));
    let failed = |error| refused(seed, &key, &error);
    for version in 0..object.versions.max(1) {
        let content = content(object, &key, n, version);
        let options = options(object).map_err(failed)?;
        let place = (seed.name.as_str(), key.as_str());
        let writer = Writer::Sandbox(&seed.account);
        write_object(store, place, writer, options, Arc::new(content)).map_err(failed)?;
    }
    if object.deleted {
        let owner = seed.account.as_str().into();
        let place = (seed.name.as_str(), key.as_str());
        add_version(store, &mut store.world(), place, owner, None).map_err(failed)?;
    }
    Ok(())
}

fn options(object: &ObjectSeed) -> s3s::S3Result<WriteOptions> {
    let pairs = object
        .tags
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()));
    Ok(WriteOptions {
        tags: tags(pairs.collect())?,
        storage_class: object.storage_class.clone(),
        encryption: EncryptionOptions {
            algorithm: object.kms_key.as_ref().map(|_| "aws:kms".to_owned()),
            key: object.kms_key.clone(),
            ..EncryptionOptions::default()
        },
        ..WriteOptions::default()
    })
}

fn content(object: &ObjectSeed, key: &str, n: u64, version: u64) -> Content {
    let body = match &object.body {
        Some(text) => Body::from(Bytes::from(text.clone())),
        None => repeated(key, version, object.size.of(n)),
    };
    let size = body.size();
    let part_size = object.part_size.filter(|part| *part > 0 && *part < size);
    let metadata = object.metadata.iter();
    let headers = Headers {
        content_type: object.content_type.as_deref().map(Into::into),
        rare: None,
        metadata: metadata
            .map(|(name, value)| (name[..].into(), value[..].into()))
            .collect(),
    };
    let (digest, parts) = match part_size {
        None => (digest(&md5(&body.pieces())), Vec::new()),
        Some(part_size) => in_parts(&body, part_size),
    };
    let checksum = of_pieces(Algorithm::Crc64Nvme, Type::FullObject, &body.pieces());
    Content {
        body,
        digest,
        checksum: Some(checksum),
        ..Content::default()
    }
    .with(Details {
        parts: parts.into(),
        headers,
    })
}

/// A line that names nothing and is the object's own.
fn repeated(key: &str, version: u64, size: u64) -> Body {
    let digest = sha2::Sha256::digest(format!("{key} {version}"));
    let first = digest.first_chunk().copied().unwrap_or_default();
    Body::Repeated {
        line: u64::from_be_bytes(first),
        size,
    }
}

fn in_parts(body: &Body, part_size: u64) -> ([u8; 16], Vec<Part>) {
    let size = body.size();
    let starts = (0..size).step_by(usize::try_from(part_size).unwrap_or(usize::MAX));
    let mut digests = Vec::new();
    let mut parts = Vec::new();
    for (start, number) in starts.zip(1_i32..) {
        let end = size.min(start + part_size);
        digests.push(Bytes::from(md5(&body.slice(start, end))));
        parts.push(Part {
            number,
            size: end - start,
            checksum: None,
        });
    }
    (digest(&md5(&digests)), parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_in_their_range() {
        let size: Size = serde_json::from_str("[5, 9]").unwrap();
        let sizes: std::collections::BTreeSet<u64> = (0..100).map(|n| size.of(n)).collect();
        assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [5, 6, 7, 8, 9]);
        assert!(serde_json::from_str::<Size>("[9, 5]").is_err());
    }

    #[test]
    fn parts_add_up_to_the_body() {
        let body = repeated("k", 0, 1000);
        let (_, parts) = in_parts(&body, 300);
        assert_eq!(
            parts.iter().map(|part| part.size).collect::<Vec<_>>(),
            [300, 300, 300, 100]
        );
    }
}
