//! The manifest of a completion report (UG:batch-ops-examples-reports), which names its files.

use s3ferry_core::model::BucketRef;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The format that jobs are asked for.
const FORMAT: &str = "Report_CSV_20180820";

/// The longest manifest that is read: it names the files of a report, each in some 300 bytes.
pub(crate) const LONGEST_MANIFEST: usize = 16 << 20;

/// What a report consists of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Manifest {
    format: String,
    pub(crate) results: Vec<ResultFile>,
}

/// A file of a report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResultFile {
    task_execution_status: String,
    bucket: String,
    pub(crate) key: String,
    /// In hex; in no digits where nobody said it.
    #[serde(default, rename = "MD5Checksum")]
    pub(crate) md5: String,
}

impl ResultFile {
    /// Whether it tells of tasks that failed.
    pub(crate) fn is_of_failures(&self) -> bool {
        self.task_execution_status.eq_ignore_ascii_case("failed")
    }
}

impl Manifest {
    /// Reads one whose files are all in a bucket; says why it is none.
    pub(crate) fn parse(content: &[u8], bucket: &BucketRef) -> Result<Self, String> {
        let manifest: Self =
            serde_json::from_slice(content).map_err(|error| format!("its manifest: {error}"))?;
        if manifest.format != FORMAT {
            return Err(format!("its format is {:?}", manifest.format));
        }
        let mut files = manifest.results.iter();
        match files.find(|file| file.bucket != bucket.bucket.as_str()) {
            Some(file) => Err(format!("a part of it is in {:?}", file.bucket)),
            None => Ok(manifest),
        }
    }
}

/// Where the manifest of a job's report is, below the prefix that was asked for.
pub(crate) fn manifest_key(prefix: &str, job: &str) -> String {
    let folder = match prefix {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    format!("{folder}job-{job}/manifest.json")
}

/// The SHA-256 of a manifest, in hex.
pub(crate) fn hash(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
