//! One task of a job: the role is assumed, the version is found, and the operation done.

use super::worker::Worker;
use super::{checksum, replicate};
use crate::s3::state::batch::job::{Job, Outcome, Task, Which};
use crate::s3::state::batch::request::Operation;
use crate::s3::state::world::Store;

/// Does a task.
pub(super) fn run(store: &Store, job: &Job, task: &Task) -> Outcome {
    // "failed,400,InvalidRequest,Task failed due to missing VersionId" (UG:troubleshooting-batch-operations).
    if task.version == Which::Missing {
        let words = "Task failed due to missing VersionId";
        return Outcome::failed(400, "InvalidRequest", words);
    }
    match &job.request.operation {
        Operation::Replicate => replicate::run(store, job, task),
        Operation::Checksum { algorithm, kind } => {
            let worker = Worker::of(store, job);
            checksum::run(worker.ok().as_ref(), task, (*algorithm, *kind), &job.id)
        }
        // No job of them is made.
        Operation::Other(_) => {
            Outcome::failed(400, "InvalidRequest", "The operation is not supported.")
        }
    }
}
