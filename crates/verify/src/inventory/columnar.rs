//! Rows of a list in ORC or Parquet, batch by batch.

use arrow::array::{
    Array as _, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray,
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

use super::row::{Fields, Row, RowError};

/// What is read of a file; the rest is passed over.
const COLUMNS: [&str; 9] = [
    "key",
    "version_id",
    "is_latest",
    "is_delete_marker",
    "size",
    "e_tag",
    "storage_class",
    "last_modified_date",
    "encryption_status",
];

/// Rows that are in memory at once.
const BATCH: usize = 8192;

fn broken(error: impl std::fmt::Display) -> RowError {
    RowError(error.to_string())
}

/// Tells every row of a Parquet file.
pub(super) fn parquet_rows(
    file: impl ChunkReader + 'static,
    tell: &mut dyn FnMut(&Row<'_>),
) -> Result<u64, RowError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(broken)?;
    let schema = builder.parquet_schema();
    let wanted = schema.columns().iter().enumerate();
    let wanted = wanted.filter(|(_, column)| COLUMNS.contains(&column.name()));
    let mask = ProjectionMask::leaves(schema, wanted.map(|(at, _)| at).collect::<Vec<_>>());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()
        .map_err(broken)?;
    all(reader, tell)
}

/// Tells every row of an ORC file.
pub(super) fn orc_rows(
    file: impl OrcChunks,
    tell: &mut dyn FnMut(&Row<'_>),
) -> Result<u64, RowError> {
    let builder = ArrowReaderBuilder::try_new(file).map_err(broken)?;
    let mask = OrcMask::named_roots(builder.file_metadata().root_data_type(), &COLUMNS);
    let reader = builder.with_projection(mask).with_batch_size(BATCH).build();
    all(reader, tell)
}

fn all(
    batches: impl Iterator<Item = Result<RecordBatch, arrow::error::ArrowError>>,
    tell: &mut dyn FnMut(&Row<'_>),
) -> Result<u64, RowError> {
    let mut count = 0;
    for batch in batches {
        let batch = batch.map_err(broken)?;
        Columns::of(&batch)?.tell(tell)?;
        count += batch.num_rows() as u64;
    }
    Ok(count)
}

/// A batch by columns.
struct Columns<'a> {
    rows: usize,
    key: &'a StringArray,
    version: &'a StringArray,
    latest: &'a BooleanArray,
    marker: &'a BooleanArray,
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
    fn of(batch: &'a RecordBatch) -> Result<Self, RowError> {
        let text = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|column| column.as_string_opt::<i32>())
        };
        let needed = |name: &'static str| {
            move || RowError(format!("it has no column {name}, or of another type"))
        };
        let flag = |name: &'static str| {
            let column = batch.column_by_name(name);
            column
                .and_then(|column| column.as_boolean_opt())
                .ok_or_else(needed(name))
        };
        let size = batch.column_by_name("size");
        let size = size.and_then(|column| column.as_primitive_opt::<Int64Type>());
        Ok(Self {
            rows: batch.num_rows(),
            key: text("key").ok_or_else(needed("key"))?,
            version: text("version_id").ok_or_else(needed("version_id"))?,
            latest: flag("is_latest")?,
            marker: flag("is_delete_marker")?,
            size: size.ok_or_else(needed("size"))?,
            etag: text("e_tag"),
            class: text("storage_class"),
            encryption: text("encryption_status"),
            modified: times(batch),
        })
    }

    fn tell(&self, tell: &mut dyn FnMut(&Row<'_>)) -> Result<(), RowError> {
        for at in 0..self.rows {
            let text = |of: &'a StringArray| if of.is_null(at) { "" } else { of.value(at) };
            let maybe = |of: Option<&'a StringArray>| of.map_or("", text);
            let flag = |of: &BooleanArray| !of.is_null(at) && of.value(at);
            let size = if self.size.is_null(at) {
                0
            } else {
                self.size.value(at)
            };
            let modified = self.modified.as_ref().and_then(|times| times.millis(at));
            let modified = modified.map(|millis| millis.to_string());
            let fields = Fields {
                key: text(self.key).as_bytes(),
                version: text(self.version),
                latest: flag(self.latest),
                is_marker: flag(self.marker),
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

fn times(batch: &RecordBatch) -> Option<Times<'_>> {
    let column = batch.column_by_name("last_modified_date")?;
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
