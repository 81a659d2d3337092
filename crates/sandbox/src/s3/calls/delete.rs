//! DeleteObject and DeleteObjects: markers, versions, and what Object Lock protects.

use std::sync::Arc;

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    Error,
};
use s3s::{S3Error, S3Request, S3Response, S3Result};

use super::access::caller_of;
use super::put::check_version_id;
use super::write::add_version;
use crate::authority::Caller;
use crate::s3::errors::{access_denied, malformed_xml};
use crate::s3::rules::target::{Context, Target};
use crate::s3::state::version::{NULL_VERSION, Version};
use crate::s3::state::world::{Store, Versioning, World};

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
    let caller = caller_of(&request.extensions);
    let input = request.input;
    let bypass = input.bypass_governance_retention == Some(true);
    let place = (input.bucket.as_str(), input.key.as_str());
    let version_id = input.version_id.as_deref();
    let bypass = bypass && may_bypass(store, &caller, place);
    let deleted = delete(store, place, version_id, bypass)?;
    Ok(S3Response::new(DeleteObjectOutput {
        delete_marker: deleted.marker.then_some(true),
        version_id: deleted.version_id,
        ..DeleteObjectOutput::default()
    }))
}

fn may_bypass(store: &Store, caller: &Caller, (bucket, key): (&str, &str)) -> bool {
    let action = "s3:BypassGovernanceRetention";
    Target::of(store, bucket).is_ok_and(|target| {
        target
            .authorize(store, caller, action, Some(key), &Context::new())
            .is_ok()
    })
}

fn delete(
    store: &Store,
    place: (&str, &str),
    version_id: Option<&str>,
    bypass: bool,
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
    bypass: bool,
) -> S3Result<Deleted> {
    let now = store.now();
    let bucket = world.bucket_mut(bucket)?;
    let protected = |version: &Version| {
        let lock = version
            .object
            .as_ref()
            .and_then(|object| object.lock.as_deref());
        lock.is_some_and(|lock| {
            let retained = lock.retain_until.is_some_and(|until| until > now);
            let governance = lock.mode.as_deref() == Some("GOVERNANCE");
            lock.legal_hold || (retained && !(governance && bypass))
        })
    };
    if bucket.version(key, Some(id)).is_some_and(protected) {
        return Err(access_denied(
            "Access Denied because object protected by object lock.",
        ));
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
    let caller = caller_of(&request.extensions);
    let input = request.input;
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > 1000 {
        return Err(malformed_xml());
    }
    let target = Target::of(store, &input.bucket)?;
    let quiet = input.delete.quiet == Some(true);
    let bypass = input.bypass_governance_retention == Some(true);
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for object in objects {
        let (key, id) = (object.key.as_str(), object.version_id.as_deref());
        match delete_one(store, &caller, &target, (key, id), bypass) {
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
    caller: &Caller,
    target: &Target,
    (key, id): (&str, Option<&str>),
    bypass: bool,
) -> S3Result<Deleted> {
    let action = if id.is_some() {
        "s3:DeleteObjectVersion"
    } else {
        "s3:DeleteObject"
    };
    let mut context: Context = vec![("aws:SecureTransport".into(), "false".to_owned())];
    context.extend(id.map(|id| ("s3:VersionId".into(), id.to_owned())));
    let decision = target.authorize(store, caller, action, Some(key), &context);
    decision.map_err(|denied| access_denied(denied.message))?;
    let bypass = bypass && may_bypass(store, caller, (&target.name, key));
    delete(store, (&target.name, key), id, bypass)
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
