//! Rows of a list in CSV: no header, every field quoted, keys URL-encoded (UG:storage-inventory).

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::manifest::Manifest;
use super::row::{Fields, Row, RowError};
use crate::page::decoded;

/// Where the fields of a row are.
struct Columns {
    key: usize,
    version: Option<usize>,
    latest: Option<usize>,
    marker: Option<usize>,
    size: usize,
    etag: Option<usize>,
    class: Option<usize>,
    modified: Option<usize>,
    encryption: Option<usize>,
}

impl Columns {
    fn of(manifest: &Manifest) -> Result<Self, RowError> {
        let at = |name: &str| manifest.columns.iter().position(|column| column == name);
        let needed =
            |name: &str| at(name).ok_or_else(|| RowError(format!("it has no column {name}")));
        Ok(Self {
            key: needed("Key")?,
            version: at("VersionId"),
            latest: at("IsLatest"),
            marker: at("IsDeleteMarker"),
            size: needed("Size")?,
            etag: at("ETag"),
            class: at("StorageClass"),
            modified: at("LastModifiedDate"),
            encryption: at("EncryptionStatus"),
        })
    }
}

/// Tells every row of a file that is no longer compressed.
pub(super) fn rows(
    file: impl Read,
    manifest: &Manifest,
    tell: &mut dyn FnMut(&Row<'_>),
) -> Result<u64, RowError> {
    let columns = Columns::of(manifest)?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .buffer_capacity(256 << 10)
        .from_reader(file);
    let mut record = ByteRecord::new();
    let mut count = 0;
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| RowError(error.to_string()))?
    {
        count += 1;
        let field = |at: usize| record.get(at).unwrap_or_default();
        let text = |at: usize| utf8(field(at));
        let maybe = |at: Option<usize>| at.map_or(Ok(""), text);
        let truth =
            |at: Option<usize>, otherwise| at.map_or(Ok(otherwise), |at| flag(field(at), count));
        let key = decoded(field(columns.key));
        if key.is_empty() {
            return Err(RowError(format!("row {count} has no key")));
        }
        let size = text(columns.size)?;
        let fields = Fields {
            key: &key,
            version: maybe(columns.version)?,
            // A list of current objects does not say of each that it is one.
            latest: truth(columns.latest, true)?,
            is_marker: truth(columns.marker, false)?,
            size: if size.is_empty() {
                0
            } else {
                number(size, count)?
            },
            etag: maybe(columns.etag)?,
            class: maybe(columns.class)?,
            modified: maybe(columns.modified)?,
            encryption: maybe(columns.encryption)?,
        };
        tell(&fields.row());
    }
    Ok(count)
}

fn utf8(text: &[u8]) -> Result<&str, RowError> {
    std::str::from_utf8(text).map_err(|_| RowError("it is not UTF-8".to_owned()))
}

fn flag(text: &[u8], row: u64) -> Result<bool, RowError> {
    match text {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(RowError(format!(
            "row {row} has a flag that is neither true nor false"
        ))),
    }
}

fn number(text: &str, row: u64) -> Result<u64, RowError> {
    text.parse()
        .map_err(|_| RowError(format!("row {row} has a size that is no number")))
}
