//! Preparing: the objects of a job are listed, by a manifest that S3 makes or by one that the caller has.

use std::time::SystemTime;

use super::worker::Worker;
use super::{generated, supplied};
use crate::s3::state::batch::job::{Failure, Job, Prepared};
use crate::s3::state::batch::request::Objects;
use crate::s3::state::world::Store;

/// Lists the objects of a job.
pub(super) fn prepare(store: &Store, job: &Job, at: SystemTime) -> Result<Prepared, Failure> {
    let worker = Worker::of(store, job).map_err(|_| Failure {
        // The code is that of tasks (UG:replication-failure-codes); that a job fails with it is unverified.
        code: "AssumeRoleNotPermitted",
        reason: "Amazon S3 cannot assume the IAM role of the job.".to_owned(),
    })?;
    match &job.request.objects {
        Objects::Generator(generator) => generated::prepare(&worker, job, generator, at),
        Objects::Manifest(manifest) => supplied::prepare(&worker, manifest),
    }
}
