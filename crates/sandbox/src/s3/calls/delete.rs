//! DeleteObject and DeleteObjects: markers, versions, and what Object Lock protects.

use std::sync::Arc;

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, Error, ObjectIdentifier,
};
use s3s::{S3Error, S3Request, S3Response, S3Result};

use super::access::{Asker, asker_of};
use super::put::check_version_id;
use super::write::add_version;
use super::{conditions, context};
use crate::authority::Caller;
use crate::s3::errors::{access_denied, malformed_xml};
use crate::s3::notifications::{Happening, tell};
use crate::s3::rules::lock::{Bypass, LOCKED};
use crate::s3::rules::mfa::{NO_MFA, is_mfa_of_root};
use crate::s3::rules::target::Target;
use crate::s3::state::version::NULL_VERSION;
use crate::s3::state::world::{Store, Versioning, World};
use crate::wire::is_xml_char;

/// What a delete did.
struct Deleted {
    /// A marker was made, or the version removed was one.
    marker: bool,
    version_id: Option<String>,
}

/// Answers DeleteObject.
pub(crate) fn delete_object(
    store: &Store,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let version_id = input.version_id.as_deref();
    if version_id.is_some() {
        check_mfa(store, &asker, &input.bucket, input.mfa.as_deref())?;
    }
    conditions::only_of_directory_buckets(
        input.if_match_last_modified_time.is_some() || input.if_match_size.is_some(),
    )?;
    if let Some(condition) = &input.if_match {
        conditions::check_delete(store, &asker, place, condition)?;
    }
    let asked = input.bypass_governance_retention == Some(true);
    let bypass = bypass(store, &asker, place, version_id, asked);
    let deleted = delete(store, place, version_id, bypass)?;
    tell_deleted(store, place, (version_id, &asker.caller), &deleted);
    Ok(S3Response::new(DeleteObjectOutput {
        delete_marker: deleted.marker.then_some(true),
        version_id: deleted.version_id,
        ..DeleteObjectOutput::default()
    }))
}

/// Tells whether a caller who asks to pass over retention in GOVERNANCE mode may.
pub(crate) fn bypass(
    store: &Store,
    asker: &Asker,
    (bucket, key): (&str, &str),
    version_id: Option<&str>,
    asked: bool,
) -> Bypass {
    let action = "s3:BypassGovernanceRetention";
    let Some(target) = Target::of(store, bucket).ok().filter(|_| asked) else {
        return Bypass::No;
    };
    let context = context::of_version(store, &asker.every_part, &target, key, version_id);
    match target.authorize(store, &asker.caller, action, Some(key), &context) {
        Ok(()) => Bypass::Granted,
        Err(_) => Bypass::No,
    }
}

/// With MFA Delete no version goes without a code of the root's device (BC:s3 DeleteObject). There are no devices here:
/// any serial number with any code does.
fn check_mfa(store: &Store, asker: &Asker, bucket: &str, mfa: Option<&str>) -> S3Result<()> {
    let deletes_with_mfa = store.world().bucket(bucket)?.mfa_delete();
    if deletes_with_mfa && !is_mfa_of_root(&asker.caller, mfa) {
        return Err(access_denied(NO_MFA));
    }
    Ok(())
}

fn delete(
    store: &Store,
    place: (&str, &str),
    version_id: Option<&str>,
    bypass: Bypass,
) -> S3Result<Deleted> {
    check_version_id(version_id)?;
    let mut world = store.world();
    match version_id {
        Some(id) => delete_version(store, &mut world, place, id, bypass),
        None => delete_current(store, &mut world, place),
    }
}

fn delete_version(
    store: &Store,
    world: &mut World,
    (bucket, key): (&str, &str),
    id: &str,
    bypass: Bypass,
) -> S3Result<Deleted> {
    let now = store.now();
    let bucket = world.bucket_mut(bucket)?;
    let object = bucket
        .version(key, Some(id))
        .and_then(|version| version.object.as_ref());
    let lock = object.and_then(|object| object.lock.as_deref());
    if lock.is_some_and(|lock| lock.keeps(now, bypass)) {
        return Err(access_denied(LOCKED));
    }
    let removed = bucket.remove_version(key, id);
    Ok(Deleted {
        marker: removed.is_some_and(|version| version.is_marker()),
        version_id: Some(id.to_owned()),
    })
}

fn delete_current(
    store: &Store,
    world: &mut World,
    (bucket, key): (&str, &str),
) -> S3Result<Deleted> {
    let target = world.bucket_mut(bucket)?;
    if target.versioning() == Versioning::Never {
        target.remove_version(key, NULL_VERSION);
        return Ok(Deleted {
            marker: false,
            version_id: None,
        });
    }
    let owner = Arc::clone(&target.owner);
    let (version_id, _) = add_version(store, world, (bucket, key), owner, None)?;
    Ok(Deleted {
        marker: true,
        version_id,
    })
}

/// Answers DeleteObjects; each key is authorized and answered on its own.
pub(crate) fn delete_objects(
    store: &Store,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let objects = input.delete.objects;
    // "XML related object key constraints" (UG:object-keys): the body cannot carry every key that a path can.
    let in_xml = |object: &ObjectIdentifier| object.key.chars().all(is_xml_char);
    if objects.is_empty() || objects.len() > 1000 || !objects.iter().all(in_xml) {
        return Err(malformed_xml());
    }
    let express =
        |object: &ObjectIdentifier| object.last_modified_time.is_some() || object.size.is_some();
    conditions::only_of_directory_buckets(objects.iter().any(express))?;
    let target = Target::of(store, &input.bucket)?;
    let quiet = input.delete.quiet == Some(true);
    let bypass = input.bypass_governance_retention == Some(true);
    if objects.iter().any(|object| object.version_id.is_some()) {
        // "If you do not provide one, the entire request will fail" (BC:s3 DeleteObjects).
        check_mfa(store, &asker, &input.bucket, input.mfa.as_deref())?;
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for object in objects {
        let (key, id) = (object.key.as_str(), object.version_id.as_deref());
        let condition = object.e_tag.as_ref().map(conditions::of_element);
        match delete_one(store, &asker, &target, (key, id, condition), bypass) {
            Ok(_) if quiet => {}
            Ok(deleted) => done.push(shown(key, id, deleted)),
            Err(error) => failed.push(refusal(key, id, &error)),
        }
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: (!done.is_empty()).then_some(done),
        errors: (!failed.is_empty()).then_some(failed),
        ..DeleteObjectsOutput::default()
    }))
}

fn delete_one(
    store: &Store,
    asker: &Asker,
    target: &Target,
    (key, id, condition): (&str, Option<&str>, Option<ETagCondition>),
    bypass: bool,
) -> S3Result<Deleted> {
    let action = if id.is_some() {
        "s3:DeleteObjectVersion"
    } else {
        "s3:DeleteObject"
    };
    let mut context = context::of_version(store, &asker.every_part, target, key, id);
    context.extend(condition.as_ref().map(conditions::context_key));
    let decision = target.authorize(store, &asker.caller, action, Some(key), &context);
    decision.map_err(|denied| access_denied(denied.message))?;
    let place = (target.name.as_str(), key);
    if let Some(condition) = condition {
        conditions::check_delete(store, asker, place, &condition)?;
    }
    let bypass = self::bypass(store, asker, place, id, bypass);
    let deleted = delete(store, place, id, bypass)?;
    tell_deleted(store, place, (id, &asker.caller), &deleted);
    Ok(deleted)
}

/// Tells of what a caller deleted, where the bucket's notifications want it.
fn tell_deleted(
    store: &Store,
    (bucket, key): (&str, &str),
    (asked, caller): (Option<&str>, &Caller),
    deleted: &Deleted,
) {
    let made_marker = asked.is_none() && deleted.marker;
    let happening = Happening {
        event: if made_marker {
            "ObjectRemoved:DeleteMarkerCreated"
        } else {
            "ObjectRemoved:Delete"
        },
        bucket,
        key,
        version_id: deleted.version_id.as_deref(),
        etag: None,
        size: None,
        caller: Some(caller),
        replication: None,
    };
    tell(store, &happening);
}

fn shown(key: &str, id: Option<&str>, deleted: Deleted) -> DeletedObject {
    let marker_id = deleted.version_id.filter(|_| deleted.marker);
    DeletedObject {
        delete_marker: deleted.marker.then_some(true),
        delete_marker_version_id: marker_id,
        key: Some(key.to_owned()),
        version_id: id.map(str::to_owned),
    }
}

fn refusal(key: &str, id: Option<&str>, error: &S3Error) -> Error {
    Error {
        code: Some(error.code().as_str().to_owned()),
        key: Some(key.to_owned()),
        message: error.message().map(str::to_owned),
        version_id: id.map(str::to_owned),
    }
}
