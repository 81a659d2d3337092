//! `S3ReplicateObject`: the job's role asks for it, and the replication role does it (UG:s3-batch-replication-batch).

use super::worker::Worker;
use crate::s3::replication::existing::replicate;
use crate::s3::rules::target::Target;
use crate::s3::state::batch::job::{Job, Outcome, Task, Which};
use crate::s3::state::world::Store;

/// What a report says of an object that no rule covers, and of one that was replicated (seen: rows of real reports,
/// `failed,500,SrcObjectNotEligible,Object is not eligible for replication` and `succeeded,200,,success`).
const NOT_ELIGIBLE: &str = "Object is not eligible for replication";
const SUCCESS: &str = "success";

/// Replicates a version. That every failure is told with 500, and in which words, is unverified but for the one seen.
pub(super) fn run(store: &Store, job: &Job, task: &Task) -> Outcome {
    match attempt(store, job, task) {
        Ok(()) => Outcome::succeeded(SUCCESS),
        Err("SrcObjectNotEligible") => Outcome::failed(500, "SrcObjectNotEligible", NOT_ELIGIBLE),
        Err(reason) => Outcome::failed(500, reason, "Object replication failed"),
    }
}

fn attempt(store: &Store, job: &Job, task: &Task) -> Result<(), &'static str> {
    let worker = Worker::of(store, job).map_err(|_| "AssumeRoleNotPermitted")?;
    let source = Target::of(store, &task.bucket).map_err(|_| "SrcBucketNotFound")?;
    if *source.region != job.region {
        return Err("SrcBucketInvalidRegion");
    }
    worker
        .may(&source, "s3:InitiateReplication", Some(&task.key))
        .map_err(|_| "InitiateReplicationNotPermitted")?;
    let id = match &task.version {
        Which::Id(id) => id.clone(),
        // "Amazon S3 performs the operation on the latest version of the object" (UG:batch-ops-create-job).
        Which::Current | Which::Missing => {
            let world = store.world();
            let bucket = world.buckets.get(&*task.bucket);
            let version = bucket.and_then(|bucket| bucket.version(&task.key, None));
            (*version.ok_or("SrcVersionNotFound")?.id).into()
        }
    };
    replicate(store, &task.bucket, &task.key, &id)
}
