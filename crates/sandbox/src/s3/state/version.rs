//! What a bucket holds under a key: versions, of which some are delete markers.
//!
//! Content is shared between a version and its replicas and copies, so that a replicated bucket
//! costs no second body. Keep these types small: tests hold tens of thousands of them.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::acl::Acl;
use super::formula::etag;
use super::storage_class::StorageClass;
use crate::s3::checksum::Checksum;

/// The version id of objects written while versioning was not Enabled.
pub(crate) const NULL_VERSION: &str = "null";

/// One version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: Box<str>,
    /// Order of creation over the whole world; a replica keeps its source's, so that versions
    /// that arrive out of order are still listed in the order they were written.
    pub(crate) sequence: u64,
    pub(crate) modified: SystemTime,
    /// Account that owns the object.
    pub(crate) owner: Arc<str>,
    pub(crate) replication: Option<Status>,
    /// Replication made it: when a change of it that goes back is done, it is REPLICA again.
    pub(crate) replica: bool,
    /// Why replication failed, in the words of UG:replication-failure-codes.
    pub(crate) failure: Option<&'static str>,
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

/// What a version holds unless it is a delete marker.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) content: Arc<Content>,
    /// Without quotes.
    pub(crate) etag: Box<str>,
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

/// The copy of an archived object that can be read for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restored {
    pub(crate) ready: SystemTime,
    pub(crate) expires: SystemTime,
}

/// Object tags, sorted by key.
pub(crate) type Tags = Box<[(Box<str>, Box<str>)]>;

/// How an object is encrypted at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// SSE-S3.
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
    /// The ETag where nobody but S3 holds the key: the MD5, or that of the parts' MD5s.
    pub(crate) etag: Box<str>,
    pub(crate) checksum: Option<Checksum>,
    /// Sizes and checksums of the parts of a multipart upload; empty otherwise.
    pub(crate) parts: Box<[Part]>,
    pub(crate) headers: Headers,
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
    Bytes(Bytes),
    /// The parts of a multipart upload as they came, to avoid a copy.
    Parts(Box<[Bytes]>),
    /// A line that is drawn from a number, repeated up to a size: large seeds cost no memory.
    Repeated {
        line: u64,
        size: u64,
    },
}

impl Default for Body {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl Body {
    /// Returns the size in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Parts(parts) => parts.iter().map(|part| part.len() as u64).sum(),
            Self::Repeated { size, .. } => *size,
        }
    }

    /// Returns the bytes from `start` up to `end` (exclusive) in pieces.
    pub(crate) fn slice(&self, start: u64, end: u64) -> Vec<Bytes> {
        match self {
            Self::Bytes(bytes) => cut([bytes].into_iter().cloned(), start, end),
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

/// The versions of one key, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Versions(Vec<Version>);

impl Versions {
    /// Returns the current version, which may be a delete marker.
    pub(crate) fn latest(&self) -> Option<&Version> {
        self.0.last()
    }

    /// Returns the version with this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Version> {
        self.0.iter().rev().find(|version| &*version.id == id)
    }

    /// Returns the version with this id for change.
    pub(crate) fn by_id_mut(&mut self, id: &str) -> Option<&mut Version> {
        self.0.iter_mut().rev().find(|version| &*version.id == id)
    }

    /// Adds a version in its place; one with the same id is replaced.
    pub(crate) fn put(&mut self, version: Version) {
        self.remove(&version.id);
        let at = self
            .0
            .partition_point(|other| other.sequence <= version.sequence);
        self.0.insert(at, version);
    }

    /// Removes and returns the version with this id.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Version> {
        let at = self.0.iter().position(|version| &*version.id == id)?;
        Some(self.0.remove(at))
    }

    /// Iterates newest first, as ListObjectVersions does.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Version> {
        self.0.iter().rev()
    }

    /// Says whether there is one version and no more.
    pub(crate) fn is_one(&self) -> bool {
        self.0.len() == 1
    }

    /// Says whether no version is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        assert_eq!(joined(&Body::Bytes(Bytes::from("abcdef")), 1, 5), b"bcde");
        assert_eq!(joined(&parts, 1, 5), b"bcde");
        let wanted = [&line[60..], &line[..5]].concat();
        assert_eq!(joined(&repeated, 60, 99), wanted);
        assert_eq!(parts.pieces().concat(), b"abcdef");
    }

    #[test]
    fn a_late_version_takes_its_place_and_the_same_id_replaces() {
        let version = |id: &str, sequence| Version {
            id: id.into(),
            sequence,
            modified: SystemTime::UNIX_EPOCH,
            owner: "1".into(),
            replication: None,
            replica: false,
            failure: None,
            object: None,
        };
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
}
