//! A list of a bucket in the formats of S3 Inventory: CSV with gzip, ORC with ZLIB, Parquet with Snappy (UG:storage-inventory).

use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{Field, Schema};
use bytes::Bytes;
use orc_rust::arrow_writer::ArrowWriterBuilder;
use orc_rust::compression::CompressionType;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::inventory_list::{Cell, Column, Kind, List};
use crate::clock::{iso_millis, seconds};
use crate::gzip::gzip;
use crate::s3::state::inventory::Format;
use crate::wire::form::form_encoded;

/// The name of what a Parquet file is a list of (UG:storage-inventory-location).
const MESSAGE: &str = "s3.inventory";

/// A list as it is delivered.
pub(super) struct Written {
    /// What a manifest calls the format.
    pub(super) format: &'static str,
    /// What a manifest says of the columns.
    pub(super) schema: String,
    /// How the name of the file ends.
    pub(super) ending: &'static str,
    pub(super) data: Bytes,
}

/// Writes a list; none where a library could not, which memory gives it no reason for.
pub(super) fn write(list: &List, format: Format) -> Option<Written> {
    let columns = &list.columns;
    Some(match format {
        Format::Csv => Written {
            format: "CSV",
            schema: joined(columns, ", ", |column| column.name.clone()),
            ending: "csv.gz",
            data: gzip(csv(list).as_bytes()),
        },
        Format::Orc => Written {
            format: "ORC",
            schema: format!("struct<{}>", joined(columns, ",", orc_type)),
            ending: "orc",
            data: Bytes::from(orc(list)?),
        },
        Format::Parquet => Written {
            format: "Parquet",
            schema: format!(
                "message {MESSAGE} {{{}}}",
                joined(columns, "", parquet_type)
            ),
            ending: "parquet",
            data: Bytes::from(parquet(list)?),
        },
    })
}

fn joined(columns: &[Column], between: &str, told: impl Fn(&Column) -> String) -> String {
    columns.iter().map(told).collect::<Vec<_>>().join(between)
}

fn csv(list: &List) -> String {
    let mut text = String::new();
    for row in &list.rows {
        let cells = list.columns.iter().zip(row);
        let quoted: Vec<String> = cells.map(|(column, cell)| quoted(column, cell)).collect();
        text.push_str(&quoted.join(","));
        text.push('\n');
    }
    text
}

fn quoted(column: &Column, cell: &Cell) -> String {
    let text = match cell {
        Cell::Nothing => String::new(),
        // UG:storage-inventory: keys are URL-encoded in CSV.
        Cell::Text(key) if column.name == "Key" => form_encoded(key),
        Cell::Text(text) => text.replace('"', "\"\""),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Time(time) => iso_millis(seconds(*time)),
    };
    format!("\"{text}\"")
}

fn orc_type(column: &Column) -> String {
    let of = match column.kind {
        Kind::Text => "string",
        Kind::Flag => "boolean",
        Kind::Number => "bigint",
        Kind::Time => "timestamp",
    };
    format!("{}:{of}", snake_case(&column.name))
}

/// As manifests of today say it (GH: a manifest of nix-cache-inventory of 2025, with two spaces before each field).
fn parquet_type(column: &Column) -> String {
    let name = snake_case(&column.name);
    let field = match column.kind {
        Kind::Text => format!("binary {name} (STRING)"),
        Kind::Flag => format!("boolean {name}"),
        Kind::Number => format!("int64 {name}"),
        Kind::Time => format!("int64 {name} (TIMESTAMP(MILLIS,true))"),
    };
    let needed = if column.is_required() {
        "required"
    } else {
        "optional"
    };
    format!("  {needed} {field};")
}

/// `LastModifiedDate` is `last_modified_date` where columns have types, and `ETag` is `e_tag`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

/// Times of ORC have no zone, those of Parquet are in UTC.
fn orc(list: &List) -> Option<Vec<u8>> {
    let batch = batch(list, None)?;
    let mut file = Vec::new();
    let writer = ArrowWriterBuilder::new(&mut file, batch.schema());
    let writer = writer.with_compression(CompressionType::Zlib);
    let mut writer = writer.try_build().ok()?;
    writer.write(&batch).ok()?;
    writer.close().ok()?;
    Some(file)
}

fn parquet(list: &List) -> Option<Vec<u8>> {
    let batch = batch(list, Some("UTC"))?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_skip_arrow_metadata(true)
        .with_schema_root(MESSAGE.to_owned());
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, batch.schema(), options).ok()?;
    writer.write(&batch).ok()?;
    writer.close().ok()?;
    Some(file)
}

/// The list by columns.
fn batch(list: &List, zone: Option<&str>) -> Option<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (at, column) in list.columns.iter().enumerate() {
        let array = array(column.kind, list.rows.iter().map(|row| &row[at]), zone);
        let name = snake_case(&column.name);
        fields.push(Field::new(
            name,
            array.data_type().clone(),
            !column.is_required(),
        ));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).ok()
}

fn array<'a>(kind: Kind, cells: impl Iterator<Item = &'a Cell>, zone: Option<&str>) -> ArrayRef {
    match kind {
        Kind::Text => Arc::new(cells.map(Cell::as_text).collect::<StringArray>()),
        Kind::Flag => Arc::new(cells.map(Cell::as_flag).collect::<BooleanArray>()),
        Kind::Number => Arc::new(cells.map(Cell::as_number).collect::<Int64Array>()),
        Kind::Time => {
            let times = cells.map(Cell::as_millis);
            let times = times.collect::<TimestampMillisecondArray>();
            Arc::new(times.with_timezone_opt(zone))
        }
    }
}

impl Cell {
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => i64::try_from(*number).ok(),
            _ => None,
        }
    }

    fn as_millis(&self) -> Option<i64> {
        match self {
            Self::Time(time) => {
                let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
                i64::try_from(since.as_millis()).ok()
            }
            _ => None,
        }
    }
}
