//! Object tags and Object Lock state of versions: what can change after a write.

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectLegalHoldInput,
    GetObjectLegalHoldOutput, GetObjectRetentionInput, GetObjectRetentionOutput,
    GetObjectTaggingInput, GetObjectTaggingOutput, ObjectLockLegalHold, ObjectLockRetention,
    PutObjectLegalHoldInput, PutObjectLegalHoldOutput, PutObjectRetentionInput,
    PutObjectRetentionOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag, Timestamp,
};
use s3s::{S3Error, S3Request, S3Response, S3Result};

use super::access::{Asker, asker_of};
use super::delete::bypass;
use super::find::{Found, find};
use super::get::hold_word;
use super::times::system_time;
use crate::s3::errors::{access_denied, fault, invalid_argument, invalid_request, malformed_xml};
use crate::s3::replication;
use crate::s3::rules::lock::{IN_THE_PAST, LOCKED};
use crate::s3::rules::tags::tags;
use crate::s3::state::version::{Lock, Object, Tags};
use crate::s3::state::world::Store;

/// Which version a call is about.
struct Place<'a> {
    bucket: &'a str,
    key: &'a str,
    version_id: Option<&'a str>,
}

/// Changes a version's object; returns its id where the bucket names versions.
fn change(
    store: &Store,
    asker: &Asker,
    place: &Place<'_>,
    edit: impl FnOnce(&mut Object),
) -> S3Result<Option<String>> {
    let Place {
        bucket,
        key,
        version_id,
    } = place;
    let found = find(store, asker, (bucket, key), *version_id)?;
    let id = found.version.id;
    let mut world = store.world();
    let target = world.bucket_mut(bucket)?;
    if let Some(object) = target
        .version_mut(key, &id)
        .and_then(|version| version.object.as_mut())
    {
        edit(object);
    }
    replication::plan_metadata(store, (bucket, target), key, &id);
    Ok(found.versioned.then(|| id.to_string()))
}

/// Answers GetObjectTagging.
pub(crate) fn get_object_tagging(
    store: &Store,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let Found {
        version,
        object,
        versioned,
    } = find(store, &asker, place, input.version_id.as_deref())?;
    let tag = |(key, value): &(Box<str>, Box<str>)| Tag {
        key: Some(key.to_string()),
        value: Some(value.to_string()),
    };
    Ok(S3Response::new(GetObjectTaggingOutput {
        tag_set: object.tags.iter().map(tag).collect(),
        version_id: versioned.then(|| version.id.to_string()),
    }))
}

/// Answers PutObjectTagging.
pub(crate) fn put_object_tagging(
    store: &Store,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let pair = |tag: Tag| Some((tag.key?, tag.value?));
    let pairs: Option<Vec<_>> = input.tagging.tag_set.into_iter().map(pair).collect();
    let tags: Tags = tags(pairs.ok_or_else(malformed_xml)?)?;
    let place = Place {
        bucket: &input.bucket,
        key: &input.key,
        version_id: input.version_id.as_deref(),
    };
    let version_id = change(store, &asker, &place, |object| object.tags = tags)?;
    Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
}

/// Answers DeleteObjectTagging.
pub(crate) fn delete_object_tagging(
    store: &Store,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = Place {
        bucket: &input.bucket,
        key: &input.key,
        version_id: input.version_id.as_deref(),
    };
    let version_id = change(store, &asker, &place, |object| {
        object.tags = Tags::default();
    })?;
    Ok(S3Response::new(DeleteObjectTaggingOutput { version_id }))
}

fn no_lock() -> S3Error {
    let text = "The specified object does not have a ObjectLock configuration";
    fault(404, "NoSuchObjectLockConfiguration", text)
}

fn lock_of(found: Found) -> S3Result<Lock> {
    let lock = found.object.lock.as_deref().cloned();
    lock.ok_or_else(no_lock)
}

/// Answers GetObjectRetention.
pub(crate) fn get_object_retention(
    store: &Store,
    request: S3Request<GetObjectRetentionInput>,
) -> S3Result<S3Response<GetObjectRetentionOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let lock = lock_of(find(store, &asker, place, input.version_id.as_deref())?)?;
    if lock.mode.is_none() {
        return Err(no_lock());
    }
    let retention = ObjectLockRetention {
        mode: lock.mode.map(|mode| mode.to_string().into()),
        retain_until_date: lock.retain_until.map(Timestamp::from),
    };
    Ok(S3Response::new(GetObjectRetentionOutput {
        retention: Some(retention),
    }))
}

/// Answers PutObjectRetention.
pub(crate) fn put_object_retention(
    store: &Store,
    request: S3Request<PutObjectRetentionInput>,
) -> S3Result<S3Response<PutObjectRetentionOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    need_lock(store, &input.bucket)?;
    let place = Place {
        bucket: &input.bucket,
        key: &input.key,
        version_id: input.version_id.as_deref(),
    };
    let wanted = input.retention.unwrap_or(ObjectLockRetention {
        mode: None,
        retain_until_date: None,
    });
    let until = wanted.retain_until_date.and_then(system_time);
    let now = store.now();
    if until.is_some_and(|until| until <= now) {
        return Err(invalid_argument(IN_THE_PAST));
    }
    let mode: Option<Box<str>> = wanted.mode.map(|mode| mode.as_str().into());
    let key = (place.bucket, place.key);
    let found = find(store, &asker, key, place.version_id)?;
    let asked = input.bypass_governance_retention == Some(true);
    let bypass = bypass(store, &asker, key, place.version_id, asked);
    let lock = found.object.lock.as_deref();
    let held = lock.filter(|lock| lock.retains(now, bypass));
    if held.is_some_and(|lock| !lock.is_extended_by(mode.as_deref(), until)) {
        return Err(access_denied(LOCKED));
    }
    change(store, &asker, &place, |object| {
        let lock = object.lock.get_or_insert_default();
        (lock.mode, lock.retain_until) = (mode, until);
    })?;
    Ok(S3Response::new(PutObjectRetentionOutput::default()))
}

/// Answers GetObjectLegalHold.
pub(crate) fn get_object_legal_hold(
    store: &Store,
    request: S3Request<GetObjectLegalHoldInput>,
) -> S3Result<S3Response<GetObjectLegalHoldOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let lock = lock_of(find(store, &asker, place, input.version_id.as_deref())?)?;
    let on = lock.legal_hold.ok_or_else(no_lock)?;
    let legal_hold = ObjectLockLegalHold {
        status: Some(hold_word(on).to_owned().into()),
    };
    Ok(S3Response::new(GetObjectLegalHoldOutput {
        legal_hold: Some(legal_hold),
    }))
}

/// Answers PutObjectLegalHold.
pub(crate) fn put_object_legal_hold(
    store: &Store,
    request: S3Request<PutObjectLegalHoldInput>,
) -> S3Result<S3Response<PutObjectLegalHoldOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    need_lock(store, &input.bucket)?;
    let status = input.legal_hold.and_then(|hold| hold.status);
    let on = status.is_some_and(|status| status.as_str() == "ON");
    let place = Place {
        bucket: &input.bucket,
        key: &input.key,
        version_id: input.version_id.as_deref(),
    };
    change(store, &asker, &place, |object| {
        object.lock.get_or_insert_default().legal_hold = Some(on);
    })?;
    Ok(S3Response::new(PutObjectLegalHoldOutput::default()))
}

fn need_lock(store: &Store, bucket: &str) -> S3Result<()> {
    if store.world().bucket(bucket)?.object_lock() {
        return Ok(());
    }
    Err(invalid_request(
        "Bucket is missing Object Lock Configuration",
    ))
}
