//! One version as a listing tells of it.

/// A version or a delete marker, as it lies in a [`Page`](crate::Page).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key, decoded. S3 lists keys in the order of their UTF-8 bytes (BC:s3 ListObjectVersions).
    pub key: &'a [u8],
    /// The version ID; `null` for a version from before versioning, and empty in a listing of current objects.
    pub version: &'a str,
    /// What it is.
    pub kind: Kind,
    /// Whether it is the key's current version.
    pub latest: bool,
    /// The size in bytes; 0 for a delete marker.
    pub size: u64,
    /// The ETag without quotes; empty for a delete marker.
    pub etag: &'a str,
    /// The storage class; empty for a delete marker.
    pub class: &'a str,
    /// When it was last modified, as S3 writes it.
    pub modified: &'a str,
}

impl Entry<'_> {
    /// Whether it is a delete marker.
    #[must_use]
    pub fn is_marker(&self) -> bool {
        self.kind == Kind::Marker
    }
}

/// What a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An object.
    Object,
    /// A delete marker.
    Marker,
}

/// The version ID that S3 gives what was written before versioning.
pub const NULL_VERSION: &str = "null";

/// What an ETag can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtagForm {
    /// 32 hexadecimal digits: the MD5 of the content, where it is not encrypted under SSE-KMS or SSE-C (BC:s3 Object.ETag).
    Whole,
    /// A hash of the hashes of so many parts.
    Parts(u32),
    /// Neither.
    Other,
}

impl EtagForm {
    /// The form of an ETag without quotes.
    #[must_use]
    pub fn of(etag: &str) -> Self {
        let is_md5 =
            |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match etag.split_once('-') {
            None if is_md5(etag) => Self::Whole,
            Some((hash, parts)) if is_md5(hash) => parts.parse().map_or(Self::Other, Self::Parts),
            _ => Self::Other,
        }
    }
}
