//! A row of an inventory, whatever its format, as a listing would tell of it.

use crate::entry::{Entry, EtagForm, Kind, NULL_VERSION};

/// A row; its texts are those of the file, the key decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// The version.
    pub entry: Entry<'a>,
    /// Whether it is an object whose ETag is no hash of its content: under SSE-KMS and SSE-C (BC:s3 Object.ETag), or none at all.
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
            has_opaque_etag: !self.is_marker
                && (!matches!(self.encryption, "" | "SSE-S3" | "NOT-SSE")
                    || EtagForm::of(self.etag) == EtagForm::Other),
        }
    }
}

impl Row<'_> {
    /// Writes it down, to be read again by [`Self::read`].
    pub fn write(&self, to: &mut Vec<u8>) {
        let Entry {
            key,
            version,
            kind,
            latest,
            size,
            etag,
            class,
            modified,
        } = &self.entry;
        let texts = [
            key,
            version.as_bytes(),
            etag.as_bytes(),
            class.as_bytes(),
            modified.as_bytes(),
        ];
        for text in texts {
            // Keys have 1,024 bytes at most (UG:object-keys), and the others are shorter.
            to.extend_from_slice(&(text.len() as u32).to_le_bytes());
            to.extend_from_slice(text);
        }
        to.extend_from_slice(&size.to_le_bytes());
        let is_marker = *kind == Kind::Marker;
        to.extend([is_marker, *latest, self.has_opaque_etag].map(u8::from));
    }
}

impl<'a> Row<'a> {
    /// Reads what [`Self::write`] wrote, and goes on to what is behind it; none at the end.
    #[must_use]
    pub fn read(from: &mut &'a [u8]) -> Option<Self> {
        let key = text(from)?;
        let mut utf8 = || std::str::from_utf8(text(from)?).ok();
        let (version, etag, class, modified) = (utf8()?, utf8()?, utf8()?, utf8()?);
        let size = u64::from_le_bytes(*taken(from)?);
        let [is_marker, latest, has_opaque_etag] = taken::<3>(from)?.map(|byte| byte != 0);
        Some(Self {
            entry: Entry {
                key,
                version,
                kind: if is_marker {
                    Kind::Marker
                } else {
                    Kind::Object
                },
                latest,
                size,
                etag,
                class,
                modified,
            },
            has_opaque_etag,
        })
    }
}

fn taken<'a, const N: usize>(from: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(taken)
}

fn text<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(*taken(from)?) as usize;
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_down_is_read_again(
            key in prop::collection::vec(any::<u8>(), 1..9), version in ".{0,4}", size in any::<u64>(), flags in any::<[bool; 3]>(),
            etag in ".{0,4}", class in ".{0,4}", modified in ".{0,4}",
        ) {
            let entry = Entry {
                key: &key, version: &version, kind: if flags[0] { Kind::Marker } else { Kind::Object }, latest: flags[1], size,
                etag: &etag, class: &class, modified: &modified,
            };
            let row = Row { entry, has_opaque_etag: flags[2] };
            let mut written = Vec::new();
            row.write(&mut written);
            row.write(&mut written);
            let mut rest = &*written;
            prop_assert_eq!(Row::read(&mut rest), Some(row));
            prop_assert_eq!(Row::read(&mut rest), Some(row));
            prop_assert_eq!(Row::read(&mut rest), None);
        }
    }
}
