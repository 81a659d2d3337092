//! A row of an inventory, whatever its format, as a listing would tell of it.

use crate::entry::{Entry, Kind, NULL_VERSION};

/// A row; its texts are those of the file, the key decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// The version.
    pub entry: Entry<'a>,
    /// Whether its ETag is no hash of its content: under SSE-KMS and SSE-C (BC:s3 Object.ETag).
    pub has_opaque_etag: bool,
}

/// Why a file is not a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RowError(pub String);

/// The fields of a row, as texts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields<'a> {
    pub(super) key: &'a [u8],
    pub(super) version: &'a str,
    pub(super) latest: bool,
    pub(super) is_marker: bool,
    pub(super) size: u64,
    pub(super) etag: &'a str,
    pub(super) class: &'a str,
    pub(super) modified: &'a str,
    pub(super) encryption: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn row(self) -> Row<'a> {
        Row {
            entry: Entry {
                key: self.key,
                // Null versions have an empty ID in inventories (UG:inventory-configure-bops).
                version: if self.version.is_empty() {
                    NULL_VERSION
                } else {
                    self.version
                },
                kind: if self.is_marker {
                    Kind::Marker
                } else {
                    Kind::Object
                },
                latest: self.latest,
                size: self.size,
                etag: self.etag,
                class: self.class,
                modified: self.modified,
            },
            has_opaque_etag: !matches!(self.encryption, "" | "SSE-S3" | "NOT-SSE"),
        }
    }
}
