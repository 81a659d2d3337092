//! The completion report of a job (UG:batch-ops-examples-reports): rows of what succeeded and of what failed, a manifest that
//! names the files, and its MD5.
//!
//! The manifest's schema names `ErrorCode` before `HTTPStatusCode`, and every row, in the guide as in real reports, has them the
//! other way round: so do these. Files are encrypted with SSE-S3, whatever the bucket's default is.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::paper::{Paper, cell, folder, hex_md5};
use super::worker::Worker;
use crate::clock::{iso_millis, seconds};
use crate::s3::rules::lock::default_retention;
use crate::s3::rules::target::Target;
use crate::s3::state::batch::job::{Failure, Job, Outcome, Task};
use crate::s3::state::batch::request::Report;
use crate::s3::state::version::{Encryption, Lock};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::EncryptionOptions;

const SCHEMA: &str = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage";

/// UG:troubleshooting-batch-operations; the code is unverified.
fn not_written() -> Failure {
    Failure {
        code: "JobReportWriteFailed",
        reason: "The job report could not be written to your report bucket. Please check your permissions."
            .to_owned(),
    }
}

/// Delivers the report, if one is wanted and a task ran ("as long as at least one task has been invoked").
pub(super) fn deliver(store: &Store, job: &Job, at: SystemTime) -> Result<(), Failure> {
    match &job.request.report {
        Some(report) if job.ran > 0 => {
            write(store, job, report, at).map_err(|NotWritten| not_written())
        }
        Some(_) | None => Ok(()),
    }
}

/// It is not told why.
struct NotWritten;

/// "Using Object Lock with a retention mode enabled on the destination bucket is not supported"
/// (UG:troubleshooting-batch-operations).
fn write(store: &Store, job: &Job, report: &Report, at: SystemTime) -> Result<(), NotWritten> {
    let worker = Worker::of(store, job).map_err(|_| NotWritten)?;
    let target = Target::of(store, &report.bucket).map_err(|_| NotWritten)?;
    let expected = report.expected_owner.as_deref();
    if expected.is_some_and(|owner| owner != &*target.owner) || is_retained(store, &target) {
        return Err(NotWritten);
    }
    let put = |key: &str, body: Bytes, content_type| {
        let paper = Paper { body, content_type };
        let written = worker.write(&target, key, paper, EncryptionOptions::of(&Encryption::S3));
        written.map_err(|_| NotWritten)
    };
    let folder = format!("{}job-{}", folder(report.prefix.as_deref()), job.id);
    let mut results = Vec::new();
    for (status, body) in files(job, &store.jobs.outcomes(&job.id), report) {
        let name = sha2::Sha256::digest(format!("{} {status}", job.id));
        let key = format!("{folder}/results/{}.csv", &hex::encode(name)[..40]);
        results.push(json!({
            "TaskExecutionStatus": status, "Bucket": target.name, "MD5Checksum": hex_md5(&body), "Key": key,
        }));
        put(&key, body, "text/csv")?;
    }
    let manifest = manifest(results, at);
    // A public reader takes 33 bytes of it: the digits and what ends the line.
    let sum = Bytes::from(format!("{}\n", hex_md5(&manifest)));
    put(
        &format!("{folder}/manifest.json"),
        manifest,
        "application/json",
    )?;
    put(&format!("{folder}/manifest.json.md5"), sum, "text/plain")?;
    Ok(())
}

fn is_retained(store: &Store, target: &Target) -> bool {
    let world = store.world();
    let bucket = world.buckets.get(&target.name);
    bucket.is_some_and(|bucket| default_retention(bucket, store.now()) != Lock::default())
}

fn manifest(results: Vec<Value>, at: SystemTime) -> Bytes {
    let manifest = json!({
        "Format": "Report_CSV_20180820", "ReportCreationDate": iso_millis(seconds(at)), "Results": results,
        "ReportSchema": SCHEMA,
    });
    Bytes::from(format!("{manifest:#}"))
}

/// Of what there is none, there is no file.
fn files(job: &Job, outcomes: &[Outcome], report: &Report) -> Vec<(&'static str, Bytes)> {
    let tasks = job.tasks.as_deref().unwrap_or_default();
    let mut files = Vec::new();
    for (status, failed) in [("succeeded", false), ("failed", true)] {
        let done = tasks.iter().zip(outcomes);
        let rows: String = done
            .filter(|(_, outcome)| outcome.error.is_some() == failed)
            .map(|(task, outcome)| row(task, outcome, status))
            .collect();
        if !rows.is_empty() && (failed || !report.failed_only) {
            files.push((status, Bytes::from(rows)));
        }
    }
    files
}

/// Keys are as the manifest has them (seen: real reports).
fn row(task: &Task, outcome: &Outcome, status: &str) -> String {
    let http_status = outcome.http_status.to_string();
    let cells = [
        &*task.bucket,
        &*task.written,
        task.version.written(),
        status,
        &http_status,
        outcome.error.unwrap_or_default(),
        &outcome.message,
    ];
    format!("{}\n", cells.map(cell).join(","))
}
