//! Manifests that S3 makes: every version of a bucket that a filter takes, and the files that tell them.
//!
//! What the role needs is UG:s3-batch-replication-policies; how the files are called and laid out is unverified: as those of an
//! inventory, with the job's id as that of the configuration.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use serde_json::json;

use super::paper::{Paper, cell, folder, hex_md5};
use super::worker::Worker;
use crate::gzip::gzip;
use crate::s3::replication::existing::{is_configured, is_eligible};
use crate::s3::rules::target::Target;
use crate::s3::state::batch::job::{Failure, Generated, Job, Prepared, Task, Which};
use crate::s3::state::batch::request::{Generator, Operation, Output};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::EncryptionOptions;
use crate::wire::form::form_encoded;

/// UG26:replication-troubleshoot.
const NO_KEYS: &str = "Manifest generation found no keys matching the filter criteria.";

/// Lists the versions, and writes the list where it is wanted.
pub(super) fn prepare(
    worker: &Worker<'_>,
    job: &Job,
    generator: &Generator,
    at: SystemTime,
) -> Result<Prepared, Failure> {
    let source = source(worker, job, generator)?;
    let tasks = list(worker.store, job, generator);
    if tasks.is_empty() {
        return Err(failed(NO_KEYS));
    }
    let written = generator.output.as_ref();
    let written = written.map(|output| write(worker, job, (&source, output), &tasks, at));
    Ok(Prepared {
        generated: written.transpose()?,
        tasks,
    })
}

/// All of these words are unverified.
fn failed(reason: &str) -> Failure {
    Failure {
        code: "ManifestGenerationFailed",
        reason: reason.to_owned(),
    }
}

/// The bucket must be the expected owner's, of the job's Region, and have a configuration where one is asked for.
fn source(worker: &Worker<'_>, job: &Job, generator: &Generator) -> Result<Target, Failure> {
    let target = Target::of(worker.store, &generator.bucket)
        .map_err(|_| failed("Manifest generation failed: the source bucket does not exist."))?;
    if generator
        .expected_owner
        .as_deref()
        .is_some_and(|owner| owner != &*target.owner)
    {
        return Err(failed(
            "Manifest generation failed: the source bucket has another owner.",
        ));
    }
    if *target.region != job.region {
        return Err(failed(
            "Manifest generation failed: the source bucket is in another Region.",
        ));
    }
    let mut needed = vec!["s3:PutInventoryConfiguration"];
    if asks_rules(job, generator) {
        needed.push("s3:GetReplicationConfiguration");
    }
    for action in needed {
        let asked = worker.may(&target, action, None);
        asked.map_err(|code| failed(&format!("Manifest generation is forbidden: {code}")))?;
    }
    let world = worker.store.world();
    let configured = world
        .buckets
        .get(&generator.bucket)
        .is_some_and(|bucket| is_configured(worker.store, (&generator.bucket, bucket)));
    if asks_rules(job, generator) && !configured {
        return Err(failed(
            "Manifest generation failed: the source bucket has no replication configuration.",
        ));
    }
    Ok(target)
}

fn asks_rules(job: &Job, generator: &Generator) -> bool {
    generator.filter.eligible || job.request.operation == Operation::Replicate
}

/// Delete markers are replicated, too ("Batch Replication may replicate the delete marker", UG:s3-batch-replication-batch); other
/// operations are on objects.
fn list(store: &Store, job: &Job, generator: &Generator) -> Vec<Task> {
    let (name, filter) = (&generator.bucket, &generator.filter);
    let replicates = job.request.operation == Operation::Replicate;
    let world = store.world();
    let Some(bucket) = world.buckets.get(name) else {
        return Vec::new();
    };
    let shared: Arc<str> = name.as_str().into();
    let mut tasks = Vec::new();
    for (key, versions) in &bucket.objects {
        for version in versions.newest_first() {
            let taken = filter.takes(key, version)
                && (replicates || !version.is_marker())
                && (!filter.eligible || is_eligible(store, (name, bucket), key, version));
            if taken {
                tasks.push(Task {
                    bucket: Arc::clone(&shared),
                    key: key.clone(),
                    written: form_encoded(key).into(),
                    version: Which::Id((*version.id).into()),
                });
            }
        }
    }
    tasks
}

/// "The generated manifest must be stored in the same AWS Region as the source bucket" (UG:s3-batch-replication-batch).
fn write(
    worker: &Worker<'_>,
    job: &Job,
    (source, output): (&Target, &Output),
    tasks: &[Task],
    at: SystemTime,
) -> Result<Generated, Failure> {
    let not_written =
        |why: &str| failed(&format!("The generated manifest cannot be written: {why}"));
    let target =
        Target::of(worker.store, &output.bucket).map_err(|_| not_written("NoSuchBucket"))?;
    let expected = output.expected_owner.as_deref();
    if expected.is_some_and(|owner| owner != &*target.owner) {
        return Err(not_written("AccessDenied"));
    }
    if target.region != source.region {
        return Err(not_written("the bucket is in another Region."));
    }
    let (algorithm, key) = match &output.key {
        Some(key) => ("aws:kms", Some(key.clone())),
        None => ("AES256", None),
    };
    let encryption = EncryptionOptions {
        algorithm: Some(algorithm.to_owned()),
        key,
        ..EncryptionOptions::default()
    };
    let folder = format!(
        "{}{}/{}",
        folder(output.prefix.as_deref()),
        source.name,
        job.id
    );
    let list = gzip(lines(tasks).as_bytes());
    let data = format!("{folder}/data/{}.csv.gz", hex_md5(&list));
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    let manifest = json!({
        "sourceBucket": source.name, "destinationBucket": format!("arn:aws:s3:::{}", target.name), "version": "2021-11-30",
        "creationTimestamp": since.map_or(0, |since| since.as_millis()).to_string(), "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId",
        "files": [{ "key": data, "size": list.len(), "MD5checksum": hex_md5(&list) }],
    });
    let manifest = Bytes::from(format!("{manifest:#}"));
    let key = format!("{folder}/manifest.json");
    let write = |key: &str, body: Bytes, content_type| {
        let paper = Paper { body, content_type };
        let written = worker.write(&target, key, paper, encryption.clone());
        written.map_err(|code| not_written(&code))
    };
    write(&data, list, "application/octet-stream")?;
    let etag = write(&key, manifest, "application/json")?;
    // The job works from what it wrote.
    for key in [&key, &data] {
        let read = worker.read(&target.name, key, None);
        read.map_err(|code| failed(&format!("Reading the manifest is forbidden: {code}")))?;
    }
    Ok(Generated {
        arn: format!("arn:aws:s3:::{}/{key}", target.name),
        etag,
    })
}

/// Versions that have no id of their own are written as `null`, as manifests of callers need it (unverified).
fn lines(tasks: &[Task]) -> String {
    let line = |task: &Task| {
        let cells = [&*task.bucket, &*task.written, task.version.written()];
        format!(
            "{}\n",
            cells.map(|text| format!("\"{}\"", cell(text))).join(",")
        )
    };
    tasks.iter().map(line).collect()
}
