//! The manifest of an inventory: which files it has, and what their columns are.

use serde::Deserialize;

/// A manifest, as S3 writes it (UG:storage-inventory-location).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The bucket that was listed.
    pub source_bucket: String,
    /// When the list was begun, in milliseconds since 1970.
    pub created_ms: u64,
    /// The format of the files.
    pub format: Format,
    /// The columns, by the names that they have in CSV, whose files have no header.
    pub columns: Vec<String>,
    /// The files.
    pub files: Vec<DataFile>,
}

/// The format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV, compressed with gzip.
    Csv,
    /// Apache ORC.
    Orc,
    /// Apache Parquet.
    Parquet,
}

/// A file of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DataFile {
    /// Its key, in the bucket of the manifest.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// The MD5 of its bytes, 32 hexadecimal digits.
    #[serde(rename = "MD5checksum")]
    pub md5: String,
}

/// Why a manifest cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not what S3 writes.
    #[error("it is no manifest of an inventory: {0}")]
    Unreadable(String),
    /// Its format is not known.
    #[error("the format {0:?} is not known")]
    Format(String),
    /// It lacks a column that every comparison needs.
    #[error("it has no column {0}, which a comparison needs")]
    Column(&'static str),
    /// It lists no versions.
    #[error("it lists current objects only")]
    CurrentOnly,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    source_bucket: String,
    creation_timestamp: String,
    file_format: String,
    file_schema: String,
    files: Vec<DataFile>,
}

/// What current objects are compared by.
const OF_OBJECTS: [&str; 4] = ["Key", "Size", "LastModifiedDate", "ETag"];

/// What versions are compared by besides; a list of current objects has none of them (UG:storage-inventory).
const OF_VERSIONS: [&str; 3] = ["VersionId", "IsLatest", "IsDeleteMarker"];

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] where it is none.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let wire: Wire = serde_json::from_slice(text)
            .map_err(|error| ManifestError::Unreadable(error.to_string()))?;
        let created_ms = wire.creation_timestamp.parse();
        let created_ms = created_ms
            .map_err(|_| ManifestError::Unreadable("its time is no number".to_owned()))?;
        let (format, columns) = match wire.file_format.as_str() {
            "CSV" => (Format::Csv, of_csv(&wire.file_schema)),
            "ORC" => (Format::Orc, of_types(&wire.file_schema)),
            "Parquet" => (Format::Parquet, of_types(&wire.file_schema)),
            other => return Err(ManifestError::Format(other.to_owned())),
        };
        Ok(Self {
            source_bucket: wire.source_bucket,
            created_ms,
            format,
            columns,
            files: wire.files,
        })
    }

    /// Sees that all that versions, or current objects alone, are compared by is in the list.
    ///
    /// # Errors
    /// [`ManifestError`], the first thing that is not.
    pub fn serves(&self, of_versions: bool) -> Result<(), ManifestError> {
        if of_versions && !OF_VERSIONS.into_iter().any(|name| self.has(name)) {
            return Err(ManifestError::CurrentOnly);
        }
        let versions = OF_VERSIONS.into_iter().filter(|_| of_versions);
        let missing = OF_OBJECTS
            .into_iter()
            .chain(versions)
            .find(|name| !self.has(name));
        missing.map_or(Ok(()), |name| Err(ManifestError::Column(name)))
    }

    /// The size of its files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Whether it has a column, by its name in CSV.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column == name)
    }
}

fn of_csv(schema: &str) -> Vec<String> {
    let names = schema.split(',');
    names.map(|name| name.trim().to_owned()).collect()
}

/// The columns of a schema with types, `struct<e_tag:string,..>` or `message .. { optional binary e_tag (STRING); .. }`, by their names in
/// CSV. Words of types are among them, and none is a column's.
fn of_types(schema: &str) -> Vec<String> {
    let is_between = |char: char| !char.is_ascii_alphanumeric() && char != '_';
    let words = schema.split(is_between).filter(|word| !word.is_empty());
    let capital = |part: &str| {
        let (first, rest) = part.split_at_checked(1).unwrap_or_default();
        first.to_ascii_uppercase() + rest
    };
    words
        .map(|word| word.split('_').map(capital).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(format: &str, schema: &str) -> String {
        format!(
            r#"{{"sourceBucket":"a","destinationBucket":"arn:aws:s3:::b","version":"2016-11-30","creationTimestamp":"1514944800000",
               "fileFormat":"{format}","fileSchema":"{schema}","files":[{{"key":"k","size":7,"MD5checksum":"00"}}]}}"#
        )
    }

    #[test]
    fn a_manifest_says_what_its_files_are() {
        let of = text(
            "CSV",
            "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size",
        );
        let manifest = Manifest::parse(of.as_bytes()).unwrap();
        assert_eq!(
            (manifest.format, manifest.created_ms, manifest.columns.len()),
            (Format::Csv, 1_514_944_800_000, 6)
        );
        assert_eq!(manifest.files[0].md5, "00");
        assert_eq!(
            Manifest::parse(text("Parquet", "message").as_bytes())
                .unwrap()
                .format,
            Format::Parquet
        );
    }

    #[test]
    fn what_cannot_be_compared_is_no_manifest() {
        for (of, why) in [
            (text("Avro", ""), "Avro"),
            ("{}".to_owned(), "no manifest"),
            ("[]".to_owned(), "no manifest"),
        ] {
            let error = Manifest::parse(of.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn what_a_list_lacks_is_said_in_every_format() {
        const CSV: &str =
            "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag";
        const ORC: &str = "struct<bucket:string,key:string,version_id:string,is_latest:boolean,is_delete_marker:boolean,size:bigint,last_modified_date:timestamp,e_tag:string>";
        const PARQUET: &str = "message s3.inventory {  required binary bucket (STRING);  required binary key (STRING);  optional binary version_id (STRING);  optional boolean is_latest;  optional boolean is_delete_marker;  optional int64 size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  optional binary e_tag (STRING);}";
        for (format, schema, etag, versions) in [
            (
                "CSV",
                CSV,
                ", ETag",
                ", VersionId, IsLatest, IsDeleteMarker",
            ),
            (
                "ORC",
                ORC,
                ",e_tag:string",
                ",version_id:string,is_latest:boolean,is_delete_marker:boolean",
            ),
            (
                "Parquet",
                PARQUET,
                "  optional binary e_tag (STRING);",
                "  optional binary version_id (STRING);  optional boolean is_latest;  optional boolean is_delete_marker;",
            ),
        ] {
            let serves = |less: &str, of_versions| {
                let of = text(format, &schema.replace(less, ""));
                Manifest::parse(of.as_bytes()).unwrap().serves(of_versions)
            };
            assert_eq!(serves("nothing", true), Ok(()), "{format}");
            assert_eq!(
                serves(etag, true),
                Err(ManifestError::Column("ETag")),
                "{format}"
            );
            assert_eq!(
                serves(versions, true),
                Err(ManifestError::CurrentOnly),
                "{format}"
            );
            assert_eq!(serves(versions, false), Ok(()), "{format}");
        }
    }
}
