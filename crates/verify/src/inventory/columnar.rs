//! Rows of a list in ORC or Parquet, batch by batch.

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow::array::{TimestampMicrosecondArray, TimestampNanosecondArray};
use arrow::datatypes::{
    DataType, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use orc_rust::arrow_reader::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask as OrcMask;
use orc_rust::reader::ChunkReader as OrcChunks;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::ChunkReader;

use super::manifest::Manifest;
use super::row::{Fields, Row, RowError};
use super::time::stamp;

/// What is read of a file, and its name in manifests; the rest is passed over.
const COLUMNS: [(&str, &str); 9] = [
    ("key", "Key"),
    ("version_id", "VersionId"),
    ("is_latest", "IsLatest"),
    ("is_delete_marker", "IsDeleteMarker"),
    ("size", "Size"),
    ("e_tag", "ETag"),
    ("storage_class", "StorageClass"),
    ("last_modified_date", "LastModifiedDate"),
    ("encryption_status", "EncryptionStatus"),
];

/// Rows that are in memory at once.
const BATCH: usize = 8192;

fn broken(error: impl std::fmt::Display) -> RowError {
    RowError(error.to_string())
}

/// Tells every row of a Parquet file.
pub(super) fn parquet_rows(
    file: impl ChunkReader + 'static,
    manifest: &Manifest,
    tell: &mut dyn FnMut(&Row<'_>),
) -> Result<u64, RowError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(broken)?;
    let schema = builder.parquet_schema();
    let wanted = schema.columns().iter().enumerate();
    let wanted = wanted.filter(|(_, column)| names().any(|name| name == column.name()));
    let mask = ProjectionMask::leaves(schema, wanted.map(|(at, _)| at).collect::<Vec<_>>());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()
        .map_err(broken)?;
    all(reader, manifest, tell)
}

/// Tells every row of an ORC file.
pub(super) fn orc_rows(
    file: impl OrcChunks,
    manifest: &Manifest,
    tell: &mut dyn FnMut(&Row<'_>),
) -> Result<u64, RowError> {
    let builder = ArrowReaderBuilder::try_new(file).map_err(broken)?;
    let mask = OrcMask::named_roots(
        builder.file_metadata().root_data_type(),
        &names().collect::<Vec<_>>(),
    );
    let reader = builder.with_projection(mask).with_batch_size(BATCH).build();
    all(reader, manifest, tell)
}

fn names() -> impl Iterator<Item = &'static str> {
    COLUMNS.into_iter().map(|(name, _)| name)
}

fn all(
    batches: impl Iterator<Item = Result<RecordBatch, arrow::error::ArrowError>>,
    manifest: &Manifest,
    tell: &mut dyn FnMut(&Row<'_>),
) -> Result<u64, RowError> {
    let mut count = 0;
    for batch in batches {
        let batch = batch.map_err(broken)?;
        Columns::of(&batch, manifest)?.tell(tell)?;
        count += batch.num_rows() as u64;
    }
    Ok(count)
}

/// A batch by columns.
struct Columns<'a> {
    rows: usize,
    key: &'a StringArray,
    version: Option<&'a StringArray>,
    latest: Option<&'a BooleanArray>,
    marker: Option<&'a BooleanArray>,
    size: &'a Int64Array,
    etag: Option<&'a StringArray>,
    class: Option<&'a StringArray>,
    encryption: Option<&'a StringArray>,
    modified: Option<Times<'a>>,
}

/// Times in the unit that the reader gives.
enum Times<'a> {
    Milliseconds(&'a TimestampMillisecondArray),
    Microseconds(&'a TimestampMicrosecondArray),
    Nanoseconds(&'a TimestampNanosecondArray),
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch, manifest: &Manifest) -> Result<Self, RowError> {
        for (name, in_manifests) in COLUMNS {
            if manifest.has(in_manifests) && batch.column_by_name(name).is_none() {
                return Err(RowError(format!("it has no column {name}")));
            }
        }
        let needed = |name: &'static str| move || RowError(format!("it has no column {name}"));
        let text = |name| typed(batch, name, |column| column.as_string_opt::<i32>());
        let flag = |name| typed(batch, name, |column| column.as_boolean_opt());
        let size = typed(batch, "size", |column| {
            column.as_primitive_opt::<Int64Type>()
        });
        Ok(Self {
            rows: batch.num_rows(),
            key: text("key")?.ok_or_else(needed("key"))?,
            version: text("version_id")?,
            latest: flag("is_latest")?,
            marker: flag("is_delete_marker")?,
            size: size?.ok_or_else(needed("size"))?,
            etag: text("e_tag")?,
            class: text("storage_class")?,
            encryption: text("encryption_status")?,
            modified: typed(batch, "last_modified_date", times)?,
        })
    }

    fn tell(&self, tell: &mut dyn FnMut(&Row<'_>)) -> Result<(), RowError> {
        for at in 0..self.rows {
            let text = |of: &'a StringArray| if of.is_null(at) { "" } else { of.value(at) };
            let maybe = |of: Option<&'a StringArray>| of.map_or("", text);
            let truth = |of: Option<&BooleanArray>, otherwise| {
                of.map_or(otherwise, |of| !of.is_null(at) && of.value(at))
            };
            let size = if self.size.is_null(at) {
                0
            } else {
                self.size.value(at)
            };
            let modified = self.modified.as_ref().and_then(|times| times.millis(at));
            let modified = modified.map(stamp);
            let fields = Fields {
                key: text(self.key).as_bytes(),
                version: maybe(self.version),
                // A list of current objects does not say of each that it is one.
                latest: truth(self.latest, true),
                is_marker: truth(self.marker, false),
                size: u64::try_from(size)
                    .map_err(|_| RowError("it has a size below nothing".to_owned()))?,
                etag: maybe(self.etag),
                class: maybe(self.class),
                modified: modified.as_deref().unwrap_or_default(),
                encryption: maybe(self.encryption),
            };
            tell(&fields.row());
        }
        Ok(())
    }
}

/// A column of the type that it has in every list; none where the list does not have it.
fn typed<'a, T>(
    batch: &'a RecordBatch,
    name: &str,
    of: impl Fn(&'a ArrayRef) -> Option<T>,
) -> Result<Option<T>, RowError> {
    let column = batch.column_by_name(name);
    let typed = column.map(|column| {
        of(column).ok_or_else(|| RowError(format!("its column {name} is of another type")))
    });
    typed.transpose()
}

fn times(column: &ArrayRef) -> Option<Times<'_>> {
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, _) => column
            .as_primitive_opt::<TimestampMillisecondType>()
            .map(Times::Milliseconds),
        DataType::Timestamp(TimeUnit::Microsecond, _) => column
            .as_primitive_opt::<TimestampMicrosecondType>()
            .map(Times::Microseconds),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => column
            .as_primitive_opt::<TimestampNanosecondType>()
            .map(Times::Nanoseconds),
        _ => None,
    }
}

impl Times<'_> {
    fn millis(&self, at: usize) -> Option<i64> {
        match self {
            Self::Milliseconds(times) => times.is_valid(at).then(|| times.value(at)),
            Self::Microseconds(times) => times.is_valid(at).then(|| times.value(at) / 1_000),
            Self::Nanoseconds(times) => times.is_valid(at).then(|| times.value(at) / 1_000_000),
        }
    }
}
