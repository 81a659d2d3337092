//! Batch Replication: versions that are there already, by the rules as they are now and under the replication role.
//!
//! "Pending" metrics do not see it, that of failed operations and the notifications of failures do (UG26:repl-metrics).

use super::permissions::Reason;
use super::plan::{configuration, covering};
use super::transfer;
use crate::s3::state::queue::{Job, Work};
use crate::s3::state::version::Version;
use crate::s3::state::world::{Bucket, Store};

/// Says whether a version is eligible: a rule that is on covers it as it is now.
pub(crate) fn is_eligible(
    store: &Store,
    (name, bucket): (&str, &Bucket),
    key: &str,
    version: &Version,
) -> bool {
    let configuration = configuration(store, name, bucket);
    configuration.is_some_and(|rules| !covering(&rules, bucket, key, version).is_empty())
}

/// Says whether a bucket has a replication configuration in effect.
pub(crate) fn is_configured(store: &Store, (name, bucket): (&str, &Bucket)) -> bool {
    configuration(store, name, bucket).is_some()
}

/// Replicates a version now, whatever its status is. One that no rule covers stays as it is, without a status of its own
/// (seen for archived objects: public reports of Batch Replication jobs).
pub(crate) fn replicate(
    store: &Store,
    bucket: &str,
    key: &str,
    version_id: &str,
) -> Result<(), Reason> {
    let job = job(store, bucket, key, version_id)?;
    transfer::run(store, &job).map_or(Ok(()), Err)
}

fn job(store: &Store, name: &str, key: &str, version_id: &str) -> Result<Job, Reason> {
    let world = store.world();
    let bucket = world.bucket(name).map_err(|_| "SrcBucketNotFound")?;
    let configuration =
        configuration(store, name, bucket).ok_or("SrcBucketReplicationConfigMissing")?;
    let version = bucket.version(key, Some(version_id));
    let version = version.ok_or("SrcVersionNotFound")?;
    let rules = covering(&configuration, bucket, key, version);
    if rules.is_empty() {
        return Err("SrcObjectNotEligible");
    }
    Ok(Job {
        bucket: name.to_owned(),
        key: key.to_owned(),
        version_id: version_id.to_owned(),
        work: Work::of(version),
        configuration,
        rules,
        due: store.environment.clock.now(),
    })
}
