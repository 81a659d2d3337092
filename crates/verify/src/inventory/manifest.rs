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
    /// The columns of files in CSV, which have no header.
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
    #[error("it has no column {0}: the inventory lists no versions, or not this field")]
    Column(&'static str),
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

/// What a row is compared by; the optional fields that s3ferry's inventories ask for are among them.
pub(super) const NEEDED: [&str; 4] = ["Key", "VersionId", "IsLatest", "IsDeleteMarker"];

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] where it is none, or its list is not of all versions with their sizes.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let wire: Wire = serde_json::from_slice(text)
            .map_err(|error| ManifestError::Unreadable(error.to_string()))?;
        let created_ms = wire.creation_timestamp.parse();
        let created_ms = created_ms
            .map_err(|_| ManifestError::Unreadable("its time is no number".to_owned()))?;
        let format = match wire.file_format.as_str() {
            "CSV" => Format::Csv,
            "ORC" => Format::Orc,
            "Parquet" => Format::Parquet,
            other => return Err(ManifestError::Format(other.to_owned())),
        };
        let columns: Vec<String> = match format {
            Format::Csv => wire
                .file_schema
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect(),
            // Their files say it themselves.
            Format::Orc | Format::Parquet => Vec::new(),
        };
        if format == Format::Csv {
            for needed in NEEDED.into_iter().chain(["Size"]) {
                if !columns.iter().any(|name| name == needed) {
                    return Err(ManifestError::Column(needed));
                }
            }
        }
        Ok(Self {
            source_bucket: wire.source_bucket,
            created_ms,
            format,
            columns,
            files: wire.files,
        })
    }
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
            (text("CSV", "Bucket, Key"), "no column VersionId"),
            (text("Avro", ""), "Avro"),
            ("{}".to_owned(), "no manifest"),
            ("[]".to_owned(), "no manifest"),
        ] {
            let error = Manifest::parse(of.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
