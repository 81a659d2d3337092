//! What a bucket holds under a key: versions, of which some are delete markers.
//!
//! Content is shared between a version and its replicas and copies, so that a replicated bucket
//! costs no second body. Keep these types small: tests hold tens of thousands of them.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::acl::Acl;
use super::formula::etag;
use super::storage_class::StorageClass;
use crate::s3::checksum::Checksum;
use crate::texts::{Name, Short};

/// The version id of objects written while versioning was not Enabled.
pub(crate) const NULL_VERSION: &str = "null";

/// The id of a version: 32 characters, or those of [`NULL_VERSION`].
pub(crate) type VersionId = Short<32>;

/// An ETag without quotes; the longest is that of 10,000 parts.
pub(crate) type Etag = Short<38>;

/// A time in whole seconds since 1970, as S3 keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(pub(crate) u64);

impl Stamp {
    /// Returns the time.
    pub(crate) fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0)
    }
}

impl From<SystemTime> for Stamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        Self(since.map_or(0, |since| since.as_secs()))
    }
}

/// One version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: VersionId,
    /// Order of creation over the whole world; a replica keeps its source's, so that versions
    /// that arrive out of order are still listed in the order they were written.
    pub(crate) sequence: u64,
    pub(crate) modified: Stamp,
    /// Account that owns the object.
    pub(crate) owner: Name,
    pub(crate) replication: Option<Status>,
    /// Replication made it: when a change of it that goes back is done, it is REPLICA again.
    pub(crate) replica: bool,
    /// Why replication failed, in the words of UG:replication-failure-codes.
    pub(crate) failure: Option<Name>,
    /// `None` for a delete marker.
    pub(crate) object: Option<Object>,
}

/// The value of `x-amz-replication-status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Completed,
    Failed,
    Replica,
}

impl Status {
    /// As S3 writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Replica => "REPLICA",
        }
    }
}

/// What a version holds unless it is a delete marker. What most objects lack, [`More`], is read and changed as if it
/// stood here.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) content: Arc<Content>,
    more: Option<Box<More>>,
}

/// What an object has unless it is in STANDARD, under SSE-S3, and nothing else was said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct More {
    /// Where it is not that of the content: under a key that is not S3's.
    pub(crate) etag: Option<Etag>,
    /// Sorted by key.
    pub(crate) tags: Tags,
    pub(crate) storage_class: StorageClass,
    pub(crate) encryption: Encryption,
    pub(crate) lock: Option<Box<Lock>>,
    /// `None` where the owner has everything and nobody else anything.
    pub(crate) acl: Option<Acl>,
    /// Of an object in an archive.
    pub(crate) restored: Option<Box<Restored>>,
}

impl Object {
    /// Makes an object of content and what else there is to say.
    pub(crate) fn new(content: Arc<Content>, more: More) -> Self {
        let more = (more != More::default()).then(|| Box::new(more));
        Self { content, more }
    }

    /// Returns the ETag.
    pub(crate) fn etag(&self) -> Etag {
        self.etag.unwrap_or_else(|| self.content.etag())
    }
}

impl Deref for Object {
    type Target = More;

    fn deref(&self) -> &More {
        static NOTHING: LazyLock<More> = LazyLock::new(More::default);
        self.more.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Object {
    fn deref_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }
}

/// The copy of an archived object that can be read for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restored {
    pub(crate) ready: SystemTime,
    pub(crate) expires: SystemTime,
}

/// Object tags, sorted by key.
pub(crate) type Tags = Box<[(Box<str>, Box<str>)]>;

/// How an object is encrypted at rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// SSE-S3.
    #[default]
    S3,
    /// SSE-KMS, or DSSE-KMS where `dual`.
    Kms {
        key: Arc<str>,
        bucket_key: bool,
        dual: bool,
    },
    /// SSE-C, with the MD5 of the customer's key.
    Customer { key_md5: Arc<str> },
}

/// Object Lock state of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) mode: Option<Box<str>>,
    pub(crate) retain_until: Option<SystemTime>,
    /// `None` where none was ever applied, which S3 does not tell from `Some(false)` but where it shows it.
    pub(crate) legal_hold: Option<bool>,
}

/// What never changes once written, shared by replicas.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) body: Body,
    /// The MD5, or that of the parts' MD5s: the ETag where nobody but S3 holds the key.
    pub(crate) digest: [u8; 16],
    pub(crate) checksum: Option<Checksum>,
    pub(crate) details: Option<Box<Details>>,
}

/// What the content of some objects has besides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Details {
    /// Sizes and checksums of the parts of a multipart upload; empty otherwise.
    pub(crate) parts: Box<[Part]>,
    pub(crate) headers: Headers,
}

impl Content {
    /// Adds the parts and headers that it has, if any.
    pub(crate) fn with(mut self, details: Details) -> Self {
        let Details { parts, headers } = &details;
        let some = !parts.is_empty() || *headers != Headers::default();
        self.details = some.then(|| Box::new(details));
        self
    }

    /// Returns the parts of a multipart upload.
    pub(crate) fn parts(&self) -> &[Part] {
        self.details
            .as_deref()
            .map_or(&[], |details| &details.parts)
    }

    /// Returns the metadata.
    pub(crate) fn headers(&self) -> &Headers {
        static NONE: LazyLock<Headers> = LazyLock::new(Headers::default);
        self.details
            .as_deref()
            .map_or(&NONE, |details| &details.headers)
    }

    /// Returns the metadata for change.
    pub(crate) fn headers_mut(&mut self) -> &mut Headers {
        &mut self.details.get_or_insert_default().headers
    }

    /// Returns the ETag where nobody but S3 holds the key.
    pub(crate) fn etag(&self) -> Etag {
        let mut digits = [0; 32];
        // There is room for two digits a byte.
        let _ = hex::encode_to_slice(self.digest, &mut digits);
        let digits = std::str::from_utf8(&digits).unwrap_or_default();
        match self.parts().len() {
            0 => Etag::from(digits),
            parts => Etag::from(format!("{digits}-{parts}").as_str()),
        }
    }
}

/// Returns an MD5 as [`Content`] has it.
pub(crate) fn digest(md5: &[u8]) -> [u8; 16] {
    md5.first_chunk().copied().unwrap_or_default()
}

/// One part of a finished multipart upload.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) number: i32,
    pub(crate) size: u64,
    pub(crate) checksum: Option<Checksum>,
}

/// System and user metadata that S3 keeps as headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) content_type: Option<Box<str>>,
    /// The rarer ones, boxed to keep the common case small.
    pub(crate) rare: Option<Box<RareHeaders>>,
    /// Without the prefix `x-amz-meta-`, sorted.
    pub(crate) metadata: Box<[(Box<str>, Box<str>)]>,
}

/// Metadata most objects lack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RareHeaders {
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) expires: Option<SystemTime>,
    pub(crate) website_redirect: Option<String>,
}

/// The bytes of an object.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// In pieces as they came, to avoid a copy: those of a multipart upload, or one.
    Parts(Box<[Bytes]>),
    /// A line that is drawn from a number, repeated up to a size: large seeds cost no memory.
    Repeated { line: u64, size: u64 },
}

impl Default for Body {
    fn default() -> Self {
        Self::Parts(Box::default())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Parts([bytes].into())
    }
}

impl Body {
    /// Returns the size in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Parts(parts) => parts.iter().map(|part| part.len() as u64).sum(),
            Self::Repeated { size, .. } => *size,
        }
    }

    /// Returns the bytes from `start` up to `end` (exclusive) in pieces.
    pub(crate) fn slice(&self, start: u64, end: u64) -> Vec<Bytes> {
        match self {
            Self::Parts(parts) => cut(parts.iter().cloned(), start, end),
            Self::Repeated { line, size } => {
                let line = drawn_line(*line);
                let count = blocks_of(*size, line.len());
                cut(std::iter::repeat_n(line, count), start, end.min(*size))
            }
        }
    }

    /// Returns every byte, in pieces.
    pub(crate) fn pieces(&self) -> Vec<Bytes> {
        self.slice(0, self.size())
    }
}

/// Returns 64 hex digits and the end of the line.
fn drawn_line(number: u64) -> Bytes {
    let halves = [etag(number), etag(!number)];
    Bytes::from([halves.concat(), vec![b'\n']].concat())
}

fn blocks_of(size: u64, block: usize) -> usize {
    usize::try_from(size)
        .unwrap_or(usize::MAX)
        .div_ceil(block.max(1))
}

fn cut(pieces: impl Iterator<Item = Bytes>, start: u64, end: u64) -> Vec<Bytes> {
    let mut offset = 0_u64;
    let mut out = Vec::new();
    for piece in pieces {
        let length = piece.len() as u64;
        let from = start.saturating_sub(offset).min(length);
        let to = end.saturating_sub(offset).min(length);
        if from < to {
            // Both are at most the piece's length, which is a usize.
            out.push(piece.slice(from as usize..to as usize));
        }
        offset += length;
        if offset >= end {
            break;
        }
    }
    out
}

impl Version {
    /// Says whether this is a delete marker.
    pub(crate) fn is_marker(&self) -> bool {
        self.object.is_none()
    }
}

/// The versions of one key, each with those before it: most keys have one, and a list would keep room for more.
#[derive(Debug, Default)]
pub(crate) struct Versions(Option<Box<Link>>);

#[derive(Debug)]
struct Link {
    version: Version,
    older: Versions,
}

impl Versions {
    /// Returns the current version, which may be a delete marker.
    pub(crate) fn latest(&self) -> Option<&Version> {
        self.0.as_ref().map(|link| &link.version)
    }

    /// Returns the version with this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Version> {
        self.newest_first().find(|version| &*version.id == id)
    }

    /// Returns the version with this id for change.
    pub(crate) fn by_id_mut(&mut self, id: &str) -> Option<&mut Version> {
        let link = self.place(|version| &*version.id == id).as_mut()?;
        Some(&mut link.version)
    }

    /// Adds a version in its place; one with the same id is replaced.
    pub(crate) fn put(&mut self, version: Version) {
        self.remove(&version.id);
        let place = self.place(|other| other.sequence <= version.sequence);
        let older = Self(place.take());
        *place = Some(Box::new(Link { version, older }));
    }

    /// Removes and returns the version with this id.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Version> {
        let place = self.place(|version| &*version.id == id);
        let Link { version, mut older } = *place.take()?;
        *place = older.0.take();
        Some(version)
    }

    /// Iterates newest first, as ListObjectVersions does.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Version> {
        let links = std::iter::successors(self.0.as_ref(), |link| link.older.0.as_ref());
        links.map(|link| &link.version)
    }

    /// Says whether there is one version and no more.
    pub(crate) fn is_one(&self) -> bool {
        self.newest_first().take(2).count() == 1
    }

    /// Says whether no version is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns where the newest of these versions is; the end if there is none.
    fn place(&mut self, is_meant: impl Fn(&Version) -> bool) -> &mut Option<Box<Link>> {
        let mut place = &mut self.0;
        while place.as_ref().is_some_and(|link| !is_meant(&link.version)) {
            let Some(link) = place else { break };
            place = &mut link.older.0;
        }
        place
    }
}

// One after the other, because a key may have more versions than the stack has room for.
impl Drop for Versions {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut link) = next {
            next = link.older.0.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(body: &Body, start: u64, end: u64) -> Vec<u8> {
        body.slice(start, end).concat()
    }

    #[test]
    fn a_range_is_cut_out_of_every_kind_of_body() {
        let parts = Body::Parts([Bytes::from("abc"), Bytes::from("def")].into());
        let repeated = Body::Repeated { line: 1, size: 70 };
        let line = drawn_line(1);
        assert_eq!(joined(&Body::from(Bytes::from("abcdef")), 1, 5), b"bcde");
        assert_eq!(joined(&parts, 1, 5), b"bcde");
        let wanted = [&line[60..], &line[..5]].concat();
        assert_eq!(joined(&repeated, 60, 99), wanted);
        assert_eq!(parts.pieces().concat(), b"abcdef");
    }

    fn version(id: &str, sequence: u64) -> Version {
        Version {
            id: id.into(),
            sequence,
            modified: Stamp(0),
            owner: "1".into(),
            replication: None,
            replica: false,
            failure: None,
            object: None,
        }
    }

    #[test]
    fn a_late_version_takes_its_place_and_the_same_id_replaces() {
        let mut versions = Versions::default();
        for (id, sequence) in [("a", 1), ("c", 3), ("b", 2), ("c", 3)] {
            versions.put(version(id, sequence));
        }
        let order: Vec<&str> = versions
            .newest_first()
            .map(|version| &*version.id)
            .collect();
        assert_eq!(order, ["c", "b", "a"]);
        assert_eq!(versions.latest().map(|version| &*version.id), Some("c"));
    }

    #[test]
    fn a_version_takes_few_bytes() {
        assert_eq!(size_of::<Link>(), 88);
        assert_eq!(size_of::<Content>(), 72);
        assert_eq!(size_of::<Versions>(), 8);
    }

    #[test]
    fn many_versions_of_a_key_are_dropped() {
        let mut versions = Versions::default();
        for sequence in 0..300_000 {
            let older = std::mem::take(&mut versions);
            versions.0 = Some(Box::new(Link {
                version: version(&sequence.to_string(), sequence),
                older,
            }));
        }
        assert_eq!(versions.newest_first().count(), 300_000);
    }
}
