//! Copies one version to its destinations, or says why it cannot.

use std::sync::Arc;

use super::noted;
use super::permissions::{Actor, Reason, assume};
use crate::s3::rules::encryption::{customer_keys_blocked, etag_under};
use crate::s3::rules::keys::key_arn;
use crate::s3::rules::lock::default_retention;
use crate::s3::rules::target::Target;
use crate::s3::state::acl::Acl;
use crate::s3::state::queue::{Job, Work};
use crate::s3::state::replication::Rule;
use crate::s3::state::storage_class::StorageClass;
use crate::s3::state::version::{Encryption, Lock, More, Object, Status, Version};
use crate::s3::state::world::{Bucket, Store, Versioning};
use crate::texts::Name;

/// Does a job and enters its outcome: COMPLETED when every destination has it, FAILED if one has
/// not (UG:replication-status "multi-destination"). A replica whose change went back is REPLICA again (BC:s3 HeadObject,
/// ReplicationStatus: REPLICA where "there is no replica modification replication in progress"). Returns why it failed.
pub(crate) fn run(store: &Store, job: &Job) -> Option<Reason> {
    let rules = job
        .rules
        .iter()
        .filter_map(|rule| job.configuration.rules.get(*rule));
    let outcome = |rule| {
        let outcome = replicate(store, job, rule);
        let failed = outcome.is_err();
        store
            .metering()
            .finished(&job.bucket, rule, job.due, failed);
        noted::note(store, job, rule, outcome);
        outcome
    };
    let outcomes: Vec<Result<(), Reason>> = rules.map(outcome).collect();
    let failure = outcomes.into_iter().find_map(Result::err);
    let mut world = store.world();
    let Ok(bucket) = world.bucket_mut(&job.bucket) else {
        return failure;
    };
    let Some(version) = bucket.version_mut(&job.key, &job.version_id) else {
        return failure;
    };
    version.replication = Some(match failure {
        Some(_) => Status::Failed,
        None if version.replica => Status::Replica,
        None => Status::Completed,
    });
    version.failure = failure.map(Name::from);
    // Lifecycle waits for replication (UG:replication-status).
    if world.ages_at.is_some() {
        world.ages_at = Some(store.environment.clock.now());
    }
    failure
}

/// The destination as far as the transfer needs it.
struct Place {
    target: Target,
    owner_enforced: bool,
    object_lock: bool,
    /// The default retention, counted from now.
    retention: Lock,
    customer_keys_blocked: bool,
}

fn replicate(store: &Store, job: &Job, rule: &Rule) -> Result<(), Reason> {
    let (source, version, locked) = source(store, job)?;
    let role = assume(store, &job.configuration.role)?;
    let place = destination(store, rule, locked)?;
    let actor = Actor {
        store,
        role,
        source: &source,
        destination: &place.target,
        key: &job.key,
    };
    actor.reads_configuration()?;
    // Only who replicates again finds a replica deleted: new versions have new ids.
    if job.work != Work::Metadata && is_erased(store, &place.target.name, job) {
        return Err("DstObjectHardDeleted");
    }
    match (&version.object, job.work) {
        (None, Work::DeleteMarker | Work::Object | Work::Metadata) => {
            actor.reads_marker()?;
            actor.writes_marker()?;
            put(
                store,
                &place,
                &job.key,
                replica(&version, &place, rule, None),
            );
        }
        (Some(object), Work::Metadata) => {
            let changed = (object, version.owner);
            change_metadata(&actor, &place, job, changed, locked)?;
        }
        (Some(object), Work::Object | Work::DeleteMarker) => {
            let copied = copy(&actor, &place, rule, object, locked)?;
            put(
                store,
                &place,
                &job.key,
                replica(&version, &place, rule, Some(copied)),
            );
        }
    }
    Ok(())
}

/// "Batch Replication does not support re-replicating objects deleted with the version ID of the object from the destination
/// bucket" (UG:replication-failure-codes).
fn is_erased(store: &Store, destination: &str, job: &Job) -> bool {
    let world = store.world();
    let bucket = world.buckets.get(destination);
    bucket.is_some_and(|bucket| bucket.erased(&job.key, &job.version_id))
}

fn source(store: &Store, job: &Job) -> Result<(Target, Version, bool), Reason> {
    let target = Target::of(store, &job.bucket).map_err(|_| "SrcBucketNotFound")?;
    let world = store.world();
    let bucket = world.bucket(&job.bucket).map_err(|_| "SrcBucketNotFound")?;
    let version = bucket
        .version(&job.key, Some(&job.version_id))
        .ok_or("SrcVersionNotFound")?;
    Ok((target, version.clone(), bucket.object_lock()))
}

/// What PutBucketReplication did not check, or what changed since.
fn destination(store: &Store, rule: &Rule, locked: bool) -> Result<Place, Reason> {
    let name = rule.destination_bucket();
    let target = Target::of(store, name).map_err(|_| "DstBucketNotFound")?;
    let world = store.world();
    let bucket = world.bucket(name).map_err(|_| "DstBucketNotFound")?;
    // The account is "a submitted assertion" (EMU-A); the reason is unverified.
    let asserted = rule.destination.account.as_deref();
    if rule.destination.owner_override && asserted.is_some_and(|owner| owner != &*bucket.owner) {
        return Err("DstBucketNotFound");
    }
    if bucket.versioning() != Versioning::Enabled {
        return Err("DstBucketUnversioned");
    }
    if locked && !bucket.object_lock() {
        return Err("DstBucketObjectLockConfigMissing");
    }
    if bucket.computed.is_some() {
        return Err("DstPutObjectNotPermitted");
    }
    // "The destination must not be Requester Pays" (UG26); the reason is unverified.
    if bucket.setting("requestPayment", &["Payer"]) == Some("Requester") {
        return Err("DstPutObjectNotPermitted");
    }
    Ok(place(store, target, bucket))
}

fn place(store: &Store, target: Target, bucket: &Bucket) -> Place {
    Place {
        retention: default_retention(bucket, store.now()),
        target,
        owner_enforced: bucket.owner_enforced(),
        object_lock: bucket.object_lock(),
        customer_keys_blocked: customer_keys_blocked(bucket),
    }
}

/// Reads the object and decides what its replica is like.
fn copy(
    actor: &Actor<'_>,
    place: &Place,
    rule: &Rule,
    object: &Object,
    locked: bool,
) -> Result<Object, Reason> {
    actor.reads_object(&object.encryption)?;
    actor.reads_acl()?;
    if locked {
        actor.reads_lock()?;
    }
    let tags = match object.tags.is_empty() || !actor.reads_tags() {
        true => Default::default(),
        false => object.tags.clone(),
    };
    actor.writes_object()?;
    if !tags.is_empty() {
        actor.writes_tags()?;
    }
    if rule.destination.owner_override && !place.owner_enforced {
        actor.overrides_owner()?;
    }
    let encryption = encrypt(actor, place, rule, &object.encryption)?;
    let storage_class = rule.destination.storage_class.as_deref();
    let storage_class = storage_class.and_then(StorageClass::parse);
    let plain = object.content.etag();
    let shown = etag_under(&encryption, &plain, &place.target.name);
    let more = More {
        etag: (*shown != *plain).then(|| shown.as_str().into()),
        tags,
        storage_class: storage_class.unwrap_or(object.storage_class),
        encryption,
        lock: replica_lock(place, object.lock.as_deref()),
        acl: replica_acl(place, rule, object),
        restored: None,
    };
    Ok(Object::new(Arc::clone(&object.content), more))
}

/// The list of the source goes with the object, unless the destination's owner gets it (UG:replication-change-owner: then
/// "Amazon S3 doesn't replicate object ACL changes", either).
fn replica_acl(place: &Place, rule: &Rule, source: &Object) -> Option<Acl> {
    let kept = !place.owner_enforced && !rule.destination.owner_override;
    source.acl.clone().filter(|_| kept)
}

/// What holds the source holds the replica. The destination's default retention is for replicas of sources that none
/// holds (UG:replication-what-is-isnot-replicated).
fn replica_lock(place: &Place, source: Option<&Lock>) -> Option<Box<Lock>> {
    let mut lock = source.cloned().unwrap_or_default();
    if lock.mode.is_none() {
        (lock.mode, lock.retain_until) =
            (place.retention.mode.clone(), place.retention.retain_until);
    }
    (place.object_lock && lock != Lock::default()).then(|| Box::new(lock))
}

fn encrypt(
    actor: &Actor<'_>,
    place: &Place,
    rule: &Rule,
    source: &Encryption,
) -> Result<Encryption, Reason> {
    match source {
        Encryption::Kms {
            key,
            bucket_key,
            dual,
        } => {
            actor.decrypts(key, *bucket_key)?;
            let wanted = rule
                .destination
                .encryption
                .as_ref()
                .and_then(Option::as_deref);
            // Where the rule names an alias, it is the requester's (BC:s3 ReplicaKmsKeyID).
            let region = &place.target.region;
            // 200 for a key of another Region or one that is not there, and then every object fails
            // (UG:replication-config-for-kms-objects); the reason is unverified.
            let replica_key = key_arn(actor.store, wanted, &actor.role.account, region)
                .map_err(|_| "DstKmsKeyNotFound")?;
            // A bucket key travels with the object, whatever the destination's default (UG:bucket-key "Example 1").
            actor.encrypts_again(&replica_key, *bucket_key)?;
            Ok(Encryption::Kms {
                key: replica_key,
                bucket_key: *bucket_key,
                dual: *dual,
            })
        }
        Encryption::Customer { .. } if place.customer_keys_blocked => {
            Err("DstPutObjectNotPermitted")
        }
        Encryption::Customer { .. } => Ok(source.clone()),
        // Encrypted it is: the destination's default is for sources that are not, which there are none of here
        // (UG:replication-config-for-kms-objects "How default bucket encryption affects replication").
        Encryption::S3 => Ok(Encryption::S3),
    }
}

/// The replica keeps id, time and place in the order; the owner depends on the destination
/// (UG:replication-change-owner).
fn replica(version: &Version, place: &Place, rule: &Rule, object: Option<Object>) -> Version {
    let to_bucket_owner = place.owner_enforced || rule.destination.owner_override;
    let owner = if to_bucket_owner {
        Name::from(&*place.target.owner)
    } else {
        version.owner
    };
    Version {
        id: version.id,
        sequence: version.sequence,
        modified: version.modified,
        owner,
        replication: Some(Status::Replica),
        replica: true,
        failure: None,
        object,
    }
}

fn put(store: &Store, place: &Place, key: &str, replica: Version) {
    if let Ok(bucket) = store.world().bucket_mut(&place.target.name) {
        bucket.put_version(key, replica);
    }
}

/// Brings tags, ACL, retention and legal hold of the replica to what the source has now.
fn change_metadata(
    actor: &Actor<'_>,
    place: &Place,
    job: &Job,
    (object, owner): (&Object, Name),
    locked: bool,
) -> Result<(), Reason> {
    actor.reads_object(&object.encryption)?;
    actor.reads_acl()?;
    if locked {
        actor.reads_lock()?;
    }
    if !actor.reads_tags() {
        return Err("SrcGetTaggingNotPermitted");
    }
    actor.writes_object()?;
    actor.writes_tags()?;
    let mut world = actor.store.world();
    let bucket = world
        .bucket_mut(&place.target.name)
        .map_err(|_| "DstBucketNotFound")?;
    let version = bucket
        .version_mut(&job.key, &job.version_id)
        .ok_or("DstVersionNotFound")?;
    let same_owner = version.owner == owner;
    if let Some(replica) = &mut version.object {
        replica.tags.clone_from(&object.tags);
        if same_owner && !place.owner_enforced {
            replica.acl.clone_from(&object.acl);
        }
        if locked && place.object_lock {
            change_lock(&mut replica.lock, object.lock.as_deref());
        }
    }
    Ok(())
}

/// Retention and legal hold replicate when they change, too (UG:object-lock-managing). Retention that the source does not
/// have is the destination's own.
fn change_lock(replica: &mut Option<Box<Lock>>, source: Option<&Lock>) {
    let Some(source) = source else { return };
    let replica = replica.get_or_insert_default();
    if source.mode.is_some() {
        (replica.mode, replica.retain_until) = (source.mode.clone(), source.retain_until);
    }
    if source.legal_hold.is_some() {
        replica.legal_hold = source.legal_hold;
    }
}
