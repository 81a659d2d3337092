//! Manifests that the caller has: CSV of their own, and inventories in CSV (UG:batch-ops-create-job "Specifying a manifest").

use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::paper::{decoded, rows};
use super::worker::{Read, Worker};
use crate::s3::state::batch::job::{Failure, Prepared, Task, Which};
use crate::s3::state::batch::request::{Field, Format, Manifest};
use crate::s3::state::version::Encryption;

/// Reads the manifest of a job.
pub(super) fn prepare(worker: &Worker<'_>, manifest: &Manifest) -> Result<Prepared, Failure> {
    let version = manifest.version.as_deref();
    let read = worker.read(&manifest.bucket, &manifest.key, version);
    let read = read.map_err(|code| forbidden(&code))?;
    if read.etag != manifest.etag {
        // Remembered, not sourced.
        let (expected, actual) = (&manifest.etag, &read.etag);
        return Err(invalid(&format!(
            "Error occurred when preparing manifest: ETag mismatch. Expected ETag: {expected}. Actual ETag: {actual}."
        )));
    }
    let tasks = match &manifest.format {
        Format::Csv(fields) => of_csv(&read, fields)?,
        Format::Inventory => of_inventory(worker, &read.body)?,
    };
    if tasks.is_empty() {
        return Err(invalid("The manifest has no objects."));
    }
    Ok(Prepared {
        tasks,
        generated: None,
    })
}

/// UG:troubleshooting-batch-operations "Access Denied to read the manifest".
fn forbidden(code: &str) -> Failure {
    Failure {
        code: "ManifestReadForbidden",
        reason: format!("Reading the manifest is forbidden: {code}"),
    }
}

fn invalid(reason: &str) -> Failure {
    Failure {
        code: "InvalidManifest",
        reason: reason.to_owned(),
    }
}

/// "S3 Batch Operations does not support CSV manifest files that are AWS KMS-encrypted" (UG:batch-ops-create-job).
fn of_csv(read: &Read, fields: &[Field]) -> Result<Vec<Task>, Failure> {
    if read.encryption != Encryption::S3 {
        return Err(invalid(
            "Manifests that are encrypted with keys of AWS KMS or of customers are not supported.",
        ));
    }
    tasks(&read.body, fields)
}

/// An inventory's manifest names its columns and its files, which lie in the same bucket.
fn of_inventory(worker: &Worker<'_>, body: &[u8]) -> Result<Vec<Task>, Failure> {
    let unread = || invalid("The inventory's manifest cannot be read.");
    let manifest: Value = serde_json::from_slice(body).map_err(|_| unread())?;
    let text = |name: &str| {
        manifest
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(unread)
    };
    if text("fileFormat")? != "CSV" {
        return Err(invalid("Only inventories in CSV are supported."));
    }
    let bucket = text("destinationBucket")?;
    let bucket = bucket.rsplit(":::").next().unwrap_or_default();
    let fields: Vec<Field> = text("fileSchema")?
        .split(',')
        .map(|name| match name.trim() {
            "Bucket" => Field::Bucket,
            "Key" => Field::Key,
            "VersionId" => Field::VersionId,
            _ => Field::Ignore,
        })
        .collect();
    let files = manifest.get("files").and_then(Value::as_array);
    let mut all = Vec::new();
    for file in files.ok_or_else(unread)? {
        let key = file.get("key").and_then(Value::as_str).ok_or_else(unread)?;
        let read = worker.read(bucket, key, None);
        let read = read.map_err(|code| forbidden(&code))?;
        let mut plain = Vec::new();
        let unzipped = GzDecoder::new(&*read.body).read_to_end(&mut plain);
        unzipped.map_err(|_| unread())?;
        all.extend(tasks(&Bytes::from(plain), &fields)?);
    }
    Ok(all)
}

fn tasks(body: &Bytes, fields: &[Field]) -> Result<Vec<Task>, Failure> {
    let text = std::str::from_utf8(body);
    let text = text.map_err(|_| invalid("The manifest is not UTF-8."))?;
    let mut bucket: Arc<str> = "".into();
    let mut tasks = Vec::new();
    for row in rows(text) {
        if row.len() != fields.len() {
            return Err(invalid(
                "A row of the manifest has not the columns that are named.",
            ));
        }
        let cell = |wanted| {
            let at = fields.iter().position(|field| *field == wanted);
            at.and_then(|at| row.get(at)).map(String::as_str)
        };
        let name = cell(Field::Bucket).unwrap_or_default();
        if *bucket != *name {
            bucket = name.into();
        }
        let key = cell(Field::Key).unwrap_or_default();
        tasks.push(Task {
            bucket: Arc::clone(&bucket),
            key: decoded(key).into(),
            written: key.into(),
            version: match cell(Field::VersionId) {
                None => Which::Current,
                Some("") => Which::Missing,
                Some(id) => Which::Id(id.into()),
            },
        });
    }
    Ok(tasks)
}
