//! Two sides compared by their inventories: lists of hundreds of millions of rows, in no order.
//!
//! ```text
//! manifest -> files -> rows --hash of the key--> partitions: a sum of hashes a side --differ?--> their rows again, joined by key and version
//! ```
//! The first pass keeps a sum a partition and side, whatever the number of rows. What differs lies in few partitions, so the second pass
//! keeps few rows.

mod columnar;
mod csv;
mod manifest;
mod partitions;
pub mod query;
mod row;
mod time;

use std::io::Read;

use ::parquet::file::reader::ChunkReader;
use orc_rust::reader::ChunkReader as OrcChunks;

pub use manifest::{DataFile, Format, Manifest, ManifestError};
pub use partitions::{Equal, PARTITIONS, Partitions, Picked, partition};
pub use row::{Row, RowError};
pub use time::{of_folder, stamp};

/// Tells every row of a file of a list.
///
/// # Errors
/// [`RowError`] where the file is not what its manifest says; the rows before were told.
pub fn rows<F: Read + ChunkReader + OrcChunks + 'static>(
    file: F,
    manifest: &Manifest,
    tell: &mut dyn FnMut(&Row<'_>),
) -> Result<u64, RowError> {
    match manifest.format {
        Format::Csv => csv::rows(flate2::read::MultiGzDecoder::new(file), manifest, tell),
        Format::Orc => columnar::orc_rows(file, manifest, tell),
        Format::Parquet => columnar::parquet_rows(file, manifest, tell),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use ::parquet::arrow::arrow_writer::ArrowWriter;
    use arrow::array::{
        ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
    };
    use bytes::Bytes;
    use orc_rust::arrow_writer::ArrowWriterBuilder;

    use super::*;

    fn told(found: &mut Vec<String>, row: &Row<'_>) {
        let entry = &row.entry;
        let key = String::from_utf8_lossy(entry.key);
        found.push(format!(
            "{key} {} {} {:?} {} {} {}",
            entry.version, entry.latest, entry.kind, entry.size, entry.etag, row.has_opaque_etag
        ));
    }

    const EXPECTED: [&str; 3] = [
        "a b/ü v1 true Object 7 0123456789abcdef0123456789abcdef false",
        "gone null true Marker 0  false",
        "secret v2 false Object 9 e2 true",
    ];

    fn manifest(columns: &str) -> Manifest {
        Manifest {
            source_bucket: "a".to_owned(),
            created_ms: 0,
            format: Format::Csv,
            columns: columns.split(", ").map(str::to_owned).collect(),
            files: Vec::new(),
        }
    }

    #[test]
    fn rows_of_csv_are_read_by_their_columns() {
        let text = "\"b\",\"a+b/%C3%BC\",\"v1\",\"true\",\"false\",\"7\",\"0123456789abcdef0123456789abcdef\",\"SSE-S3\"\n\
                    \"b\",\"gone\",\"\",\"true\",\"true\",\"\",\"\",\"\"\n\
                    \"b\",\"secret\",\"v2\",\"false\",\"false\",\"9\",\"e2\",\"SSE-KMS\"\n";
        let of = manifest(
            "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag, EncryptionStatus",
        );
        let mut found = Vec::new();
        assert_eq!(
            csv::rows(text.as_bytes(), &of, &mut |row| told(&mut found, row)),
            Ok(3)
        );
        assert_eq!(found, EXPECTED);
        for (text, why) in [
            (
                "\"b\",\"k\",\"v\",\"maybe\",\"false\",\"7\",\"\",\"\"\n",
                "flag",
            ),
            (
                "\"b\",\"k\",\"v\",\"true\",\"false\",\"x\",\"\",\"\"\n",
                "no number",
            ),
            (
                "\"b\",\"\",\"v\",\"true\",\"false\",\"7\",\"\",\"\"\n",
                "no key",
            ),
            (
                "\"b\",\"k\",\"v\",\"true\",\"false\",\"7\",\"\",\"\"\n\"b\"\n",
                "fields",
            ),
        ] {
            let error = csv::rows(text.as_bytes(), &of, &mut |_| {}).unwrap_err();
            assert!(error.0.contains(why), "{error}");
        }
    }

    fn batch() -> RecordBatch {
        let text =
            |values: [Option<&str>; 3]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let flag = |values: [bool; 3]| Arc::new(BooleanArray::from(values.to_vec())) as ArrayRef;
        RecordBatch::try_from_iter([
            ("bucket", text([Some("b"); 3])),
            ("key", text([Some("a b/ü"), Some("gone"), Some("secret")])),
            ("version_id", text([Some("v1"), None, Some("v2")])),
            ("is_latest", flag([true, true, false])),
            ("is_delete_marker", flag([false, true, false])),
            (
                "size",
                Arc::new(Int64Array::from(vec![Some(7), None, Some(9)])) as ArrayRef,
            ),
            (
                "last_modified_date",
                Arc::new(TimestampMillisecondArray::from(vec![1, 2, 3])) as ArrayRef,
            ),
            (
                "e_tag",
                text([Some("0123456789abcdef0123456789abcdef"), None, Some("e2")]),
            ),
            (
                "encryption_status",
                text([Some("SSE-S3"), None, Some("SSE-KMS")]),
            ),
        ])
        .unwrap()
    }

    #[test]
    fn rows_of_parquet_and_orc_are_those_of_csv() {
        let (batch, of) = (batch(), manifest("Key, VersionId"));
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let mut found = Vec::new();
        assert_eq!(
            columnar::parquet_rows(Bytes::from(file), &of, &mut |row| told(&mut found, row)),
            Ok(3)
        );
        assert_eq!(found, EXPECTED);
        let mut file = Vec::new();
        let mut writer = ArrowWriterBuilder::new(&mut file, batch.schema())
            .try_build()
            .unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let mut found = Vec::new();
        assert_eq!(
            columnar::orc_rows(Bytes::from(file.clone()), &of, &mut |row| told(
                &mut found, row
            )),
            Ok(3)
        );
        assert_eq!(found, EXPECTED);
        file.truncate(file.len() / 2);
        assert!(columnar::orc_rows(Bytes::from(file), &of, &mut |_| {}).is_err());
        let cut = Bytes::from_static(b"PAR1");
        assert!(columnar::parquet_rows(cut, &of, &mut |_| {}).is_err());
    }

    #[test]
    fn a_file_that_is_not_as_its_manifest_says_is_an_error() {
        let flags = Arc::new(BooleanArray::from(vec![true])) as ArrayRef;
        let numbers = Arc::new(Int64Array::from(vec![7])) as ArrayRef;
        let keys = Arc::new(StringArray::from(vec!["k"])) as ArrayRef;
        let rows = |columns: Vec<(&str, ArrayRef)>, of: &Manifest| {
            let batch = RecordBatch::try_from_iter(columns).unwrap();
            let mut file = Vec::new();
            let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            columnar::parquet_rows(Bytes::from(file), of, &mut |_| {})
        };
        let columns = vec![("key", keys.clone()), ("size", numbers.clone())];
        assert_eq!(rows(columns.clone(), &manifest("Key, Size")), Ok(1));
        let error = rows(columns, &manifest("Key, Size, VersionId")).unwrap_err();
        assert_eq!(error.0, "it has no column version_id");
        let columns = vec![("key", keys), ("size", numbers), ("version_id", flags)];
        let error = rows(columns, &manifest("Key, Size, VersionId")).unwrap_err();
        assert_eq!(error.0, "its column version_id is of another type");
    }

    #[test]
    fn a_file_that_is_cut_is_an_error() {
        let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        file.write_all(&b"\"b\",\"k\",\"v\",\"true\",\"false\",\"7\"\n".repeat(1000))
            .unwrap();
        let whole = file.finish().unwrap();
        let of = manifest("Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size");
        let rows =
            |file: &[u8]| csv::rows(flate2::read::MultiGzDecoder::new(file), &of, &mut |_| {});
        assert_eq!(rows(&whole), Ok(1000));
        assert!(rows(&whole[..whole.len() - 9]).is_err());
    }
}
