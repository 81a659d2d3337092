//! GetObject and HeadObject: how much of a version, and what the reply says about it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use s3s::dto::{
    ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Range,
    ReplicationStatus, StreamingBlob, Timestamp,
};
use s3s::{S3Request, S3Response, S3Result};

use super::access::{Asker, asker_of};
use super::attributes::checksum_dto;
use super::context;
use super::find::{Conditions, Found, decrypted, find};
use super::put::{Shown, show_checksum};
use super::times::system_time;
use crate::s3::errors::{access_denied, fault, no_such_key};
use crate::s3::rules::archive::{self, NOT_READ, check_readable};
use crate::s3::rules::target::Target;
use crate::s3::state::ageing::expiration_of;
use crate::s3::state::dates::http_date;
use crate::s3::state::version::{NULL_VERSION, Object, RareHeaders};
use crate::s3::state::world::Store;

/// Which bytes of an object are asked for.
struct Part {
    start: u64,
    end: u64,
    /// Only some of the bytes.
    partial: bool,
    parts_count: Option<i32>,
}

fn part(object: &Object, range: Option<Range>, number: Option<i32>) -> S3Result<Part> {
    let size = object.content.body.size();
    let whole = Part {
        start: 0,
        end: size,
        partial: false,
        parts_count: None,
    };
    if let Some(number) = number {
        return numbered_part(object, number, whole);
    }
    let Some(range) = range else { return Ok(whole) };
    let unsatisfiable = |_| {
        let error = fault(
            416,
            "InvalidRange",
            "The requested range is not satisfiable",
        );
        crate::s3::errors::with_detail(error, "ActualObjectSize", &size.to_string())
    };
    let range = range.check(size).map_err(unsatisfiable)?;
    Ok(Part {
        start: range.start,
        end: range.end,
        partial: true,
        parts_count: None,
    })
}

fn numbered_part(object: &Object, number: i32, whole: Part) -> S3Result<Part> {
    let parts = object.content.parts();
    let invalid = || {
        fault(
            416,
            "InvalidPartNumber",
            "The requested partnumber is not satisfiable",
        )
    };
    if parts.is_empty() {
        return if number == 1 {
            Ok(whole)
        } else {
            Err(invalid())
        };
    }
    let at = parts
        .iter()
        .position(|part| part.number == number)
        .ok_or_else(invalid)?;
    let start = parts[..at].iter().map(|part| part.size).sum();
    let count = i32::try_from(parts.len()).unwrap_or(i32::MAX);
    Ok(Part {
        start,
        end: start + parts[at].size,
        partial: true,
        parts_count: Some(count),
    })
}

/// Answers HeadObject.
pub(crate) fn head_object(
    store: &Store,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let found = find(store, &asker, place, input.version_id.as_deref())?;
    check_seen(store, &input.bucket, &found)?;
    let found = with_seen_lock(store, &asker, place, found);
    let conditions = Conditions {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        modified_since: input.if_modified_since.and_then(system_time),
        unmodified_since: input.if_unmodified_since.and_then(system_time),
    };
    conditions.check(&found.object.etag(), found.version.modified.time())?;
    check_customer_key(&found.object, input.sse_customer_key_md5.as_deref())?;
    let part = part(&found.object, input.range, input.part_number)?;
    let checksums = input
        .checksum_mode
        .is_some_and(|mode| mode.as_str() == "ENABLED");
    // "You must have permission to use the kms:Decrypt action to retrieve the checksum" (BC:s3 HeadObject).
    if checksums && found.object.content.checksum.is_some() {
        decrypted(store, &asker, place, &found.object)?;
    }
    let mut output = head_output(&found, checksums && !part.partial);
    (output.restore, output.expiration) = times_of(store, place, &found)?;
    output.content_length = i64::try_from(part.end - part.start).ok();
    output.content_range = content_range(&found.object, &part);
    output.parts_count = part.parts_count;
    let tags = found.object.tags.len();
    let mut response = S3Response::new(output);
    show(&mut response.headers, &found, checksums && !part.partial);
    if part.partial {
        response.status = Some(http::StatusCode::PARTIAL_CONTENT);
    }
    if tags > 0 {
        response
            .headers
            .insert("x-amz-tagging-count", HeaderValue::from(tags));
    }
    Ok(response)
}

/// Answers GetObject.
pub(crate) fn get_object(
    store: &Store,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let found = find(store, &asker, place, input.version_id.as_deref())?;
    check_seen(store, &input.bucket, &found)?;
    let found = with_seen_lock(store, &asker, place, found);
    let conditions = Conditions {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        modified_since: input.if_modified_since.and_then(system_time),
        unmodified_since: input.if_unmodified_since.and_then(system_time),
    };
    conditions.check(&found.object.etag(), found.version.modified.time())?;
    check_customer_key(&found.object, input.sse_customer_key_md5.as_deref())?;
    let part = part(&found.object, input.range, input.part_number)?;
    let checksums = input
        .checksum_mode
        .is_some_and(|mode| mode.as_str() == "ENABLED");
    let now = store.environment.clock.now();
    check_readable(&found.object, now, NOT_READ)?;
    decrypted(store, &asker, place, &found.object)?;
    let mut head = head_output(&found, checksums && !part.partial);
    (head.restore, head.expiration) = times_of(store, place, &found)?;
    let pieces = found.object.content.body.slice(part.start, part.end);
    let output = GetObjectOutput {
        body: Some(streamed(pieces)),
        content_length: i64::try_from(part.end - part.start).ok(),
        content_range: content_range(&found.object, &part),
        parts_count: part.parts_count,
        tag_count: i32::try_from(found.object.tags.len())
            .ok()
            .filter(|count| *count > 0),
        ..from_head(head)
    };
    let mut response = S3Response::new(output);
    show(&mut response.headers, &found, checksums && !part.partial);
    Ok(response)
}

/// Returns `x-amz-restore` and `x-amz-expiration`.
fn times_of(
    store: &Store,
    (bucket, key): (&str, &str),
    found: &Found,
) -> S3Result<(Option<String>, Option<String>)> {
    let restored = archive::header(&found.object, store.environment.clock.now());
    let world = store.world();
    let expires = expiration_of(world.bucket(bucket)?, key, &found.version);
    let expires = expires.map(|(at, id)| {
        let at = http_date(at);
        format!("expiry-date=\"{at}\", rule-id=\"{id}\"")
    });
    Ok((restored, expires))
}

/// The switch for S3's first minutes with versioning: objects of before have the version id `null` and are seen.
fn check_seen(store: &Store, bucket: &str, found: &Found) -> S3Result<()> {
    let delays = store.environment.switches.delays();
    let lag = Duration::from_millis(delays.missing_after_versioning_ms);
    let now = store.environment.clock.now();
    let newly = store.world().bucket(bucket)?.is_newly_versioned(now, lag);
    if newly && &*found.version.id != NULL_VERSION {
        return Err(no_such_key());
    }
    Ok(())
}

/// Leaves of the lock what the caller may see: the headers of retention go with `s3:GetObjectRetention`, that of the
/// legal hold with `s3:GetObjectLegalHold` (BC:s3 HeadObject).
fn with_seen_lock(
    store: &Store,
    asker: &Asker,
    (bucket, key): (&str, &str),
    mut found: Found,
) -> Found {
    if found.object.lock.is_none() {
        return found;
    }
    let (Some(lock), Ok(target)) = (&mut found.object.lock, Target::of(store, bucket)) else {
        return found;
    };
    let id = Some(&*found.version.id);
    let context = context::of_version(store, &asker.every_part, &target, key, id);
    let may = |action| {
        let decision = target.authorize(store, &asker.caller, action, Some(key), &context);
        decision.is_ok()
    };
    if !may("s3:GetObjectRetention") {
        (lock.mode, lock.retain_until) = (None, None);
    }
    if !may("s3:GetObjectLegalHold") {
        lock.legal_hold = None;
    }
    found
}

/// Returns S3's word for a legal hold.
pub(crate) fn hold_word(on: bool) -> &'static str {
    if on { "ON" } else { "OFF" }
}

fn streamed(mut pieces: Vec<Bytes>) -> StreamingBlob {
    if pieces.len() == 1 {
        return StreamingBlob::from(s3s::Body::from(pieces.remove(0)));
    }
    let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
    StreamingBlob::wrap(futures::stream::iter(pieces))
}

fn content_range(object: &Object, part: &Part) -> Option<String> {
    let Part { start, end, .. } = part;
    let size = object.content.body.size();
    (part.partial && end > start).then(|| format!("bytes {start}-{}/{size}", end - 1))
}

/// An object under SSE-C is read with the key it was written with.
fn check_customer_key(object: &Object, key_md5: Option<&str>) -> S3Result<()> {
    match (&object.encryption, key_md5) {
        (crate::s3::state::version::Encryption::Customer { key_md5: own }, given) => match given {
            Some(given) if *given == **own => Ok(()),
            Some(_) => Err(access_denied("Access Denied")),
            None => Err(fault(
                400,
                "InvalidRequest",
                "The object was stored using a form of Server Side Encryption. The correct \
                 parameters must be provided to retrieve the object.",
            )),
        },
        _ => Ok(()),
    }
}

fn head_output(found: &Found, checksums: bool) -> HeadObjectOutput {
    let Found {
        version,
        object,
        versioned,
    } = found;
    let content = &object.content;
    let headers = content.headers();
    let rare = headers.rare.as_deref().cloned().unwrap_or_default();
    let RareHeaders {
        cache_control,
        content_disposition,
        ..
    } = rare;
    let shown = Shown::of(&object.encryption);
    let lock = object.lock.as_deref().cloned().unwrap_or_default();
    let metadata = headers.metadata.iter();
    let content_type = headers
        .content_type
        .as_deref()
        .unwrap_or("binary/octet-stream");
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        bucket_key_enabled: shown.bucket_key,
        cache_control,
        content_disposition,
        content_encoding: rare.content_encoding,
        content_language: rare.content_language,
        content_type: content_type.parse().ok(),
        e_tag: Some(ETag::Strong(object.etag().to_string())),
        expires: rare.expires.map(Timestamp::from),
        last_modified: Some(Timestamp::from(version.modified.time())),
        metadata: Some(
            metadata
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        ),
        object_lock_legal_hold_status: lock.legal_hold.map(|on| hold_word(on).to_owned().into()),
        object_lock_mode: lock.mode.map(|mode| mode.to_string().into()),
        object_lock_retain_until_date: lock.retain_until.map(Timestamp::from),
        replication_status: version.replication.map(replication_status),
        sse_customer_algorithm: shown.customer_algorithm,
        sse_customer_key_md5: shown.customer_key_md5,
        ssekms_key_id: shown.key,
        server_side_encryption: shown.algorithm,
        // "Amazon S3 returns this header for all objects except for S3 Standard" (BC:s3).
        storage_class: (&*object.storage_class != "STANDARD")
            .then(|| object.storage_class.to_string().into()),
        version_id: versioned.then(|| version.id.to_string()),
        website_redirect_location: rare.website_redirect,
        ..HeadObjectOutput::default()
    };
    if let Some(checksum) = content.checksum.as_ref().filter(|_| checksums) {
        let dto = checksum_dto(checksum);
        output.checksum_type = dto.checksum_type;
    }
    output
}

/// Shows the checksum of a whole object.
fn show(headers: &mut HeaderMap, found: &Found, asked: bool) {
    if let Some(checksum) = found.object.content.checksum.as_ref().filter(|_| asked) {
        show_checksum(headers, checksum);
    }
}

fn from_head(head: HeadObjectOutput) -> GetObjectOutput {
    GetObjectOutput {
        accept_ranges: head.accept_ranges,
        bucket_key_enabled: head.bucket_key_enabled,
        cache_control: head.cache_control,
        checksum_type: head.checksum_type,
        content_disposition: head.content_disposition,
        content_encoding: head.content_encoding,
        content_language: head.content_language,
        content_type: head.content_type,
        e_tag: head.e_tag,
        expiration: head.expiration,
        expires: head.expires,
        last_modified: head.last_modified,
        metadata: head.metadata,
        object_lock_legal_hold_status: head.object_lock_legal_hold_status,
        object_lock_mode: head.object_lock_mode,
        object_lock_retain_until_date: head.object_lock_retain_until_date,
        replication_status: head.replication_status,
        restore: head.restore,
        sse_customer_algorithm: head.sse_customer_algorithm,
        sse_customer_key_md5: head.sse_customer_key_md5,
        ssekms_key_id: head.ssekms_key_id,
        server_side_encryption: head.server_side_encryption,
        storage_class: head.storage_class,
        version_id: head.version_id,
        website_redirect_location: head.website_redirect_location,
        ..GetObjectOutput::default()
    }
}

fn replication_status(status: crate::s3::state::version::Status) -> ReplicationStatus {
    ReplicationStatus::from(status.as_str().to_owned())
}
