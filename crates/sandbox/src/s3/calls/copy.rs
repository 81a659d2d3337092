//! CopyObject and UploadPartCopy: reading the source as the caller, writing as any other write.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag,
    ETagCondition, Range, Timestamp, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Request, S3Response, S3Result};

use super::access::{Asker, asker_of, check_owner, refused};
use super::attributes::checksum_dto;
use super::find::{Conditions, Found, decrypted, find};
use super::multipart::{Place, put_part};
use super::put::{Received, Shown, algorithm, assemble_headers};
use super::times::system_time;
use super::write::{Writer, tell_written, write_object};
use super::write_options::write_options_of;
use super::{conditions, context};
use crate::s3::checksum::{self, Algorithm};
use crate::s3::errors::{invalid_argument, invalid_request, not_modelled, precondition_failed};
use crate::s3::rules::archive::{NOT_COPIED, check_readable};
use crate::s3::rules::keys::TO_WRITE;
use crate::s3::rules::tags::tags_of_header;
use crate::s3::rules::target::Target;
use crate::s3::state::version::{Body, Content, Details, Headers, RareHeaders, Tags, digest};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::WriteOptions;

/// The source of a copy.
struct Source {
    bucket: String,
    key: String,
    version_id: Option<String>,
}

impl Source {
    fn of(source: &CopySource) -> S3Result<Self> {
        match source {
            CopySource::Bucket {
                bucket,
                key,
                version_id,
            } => Ok(Self {
                bucket: bucket.to_string(),
                key: key.to_string(),
                version_id: version_id.as_ref().map(ToString::to_string),
            }),
            CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
                Err(not_modelled("copies from access points"))
            }
        }
    }

    /// Reads the source's version, if the caller may.
    fn read(
        &self,
        store: &Store,
        asker: &Asker,
        headers: &http::HeaderMap,
    ) -> S3Result<(Target, Found)> {
        let target = Target::of(store, &self.bucket)?;
        check_owner(&target, headers, "x-amz-source-expected-bucket-owner")?;
        let plain = ("s3:GetObject", "s3:GetObjectVersion");
        let action = if self.version_id.is_some() {
            plain.1
        } else {
            plain.0
        };
        self.authorize(store, asker, &target, action)?;
        let found = find(
            store,
            asker,
            (&self.bucket, &self.key),
            self.version_id.as_deref(),
        )?;
        let now = store.environment.clock.now();
        check_readable(&found.object, now, NOT_COPIED)?;
        Ok((target, found))
    }

    fn authorize(
        &self,
        store: &Store,
        asker: &Asker,
        target: &Target,
        action: &str,
    ) -> S3Result<()> {
        let version = self.version_id.as_deref();
        let context = context::of_version(store, &asker.every_part, target, &self.key, version);
        let decision = target.authorize(store, &asker.caller, action, Some(&self.key), &context);
        decision.map_err(|denied| refused(target, denied.message))
    }
}

/// A failed condition of a copy is always 412 (BC:s3 CopyObject).
fn check_conditions(
    found: &Found,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    modified_since: Option<SystemTime>,
    unmodified_since: Option<SystemTime>,
) -> S3Result<()> {
    let conditions = Conditions {
        if_match,
        if_none_match,
        modified_since,
        unmodified_since,
    };
    let failed = |_| precondition_failed("x-amz-copy-source-If-*");
    conditions
        .check(&found.object.etag(), found.version.modified.time())
        .map_err(failed)
}

/// Answers CopyObject.
pub(crate) fn copy_object(
    store: &Store,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let source = Source::of(&input.copy_source)?;
    let (source_bucket, found) = source.read(store, &asker, &request.headers)?;
    check_conditions(
        &found,
        input.copy_source_if_match.as_ref(),
        input.copy_source_if_none_match.as_ref(),
        input
            .copy_source_if_modified_since
            .clone()
            .and_then(system_time),
        input
            .copy_source_if_unmodified_since
            .clone()
            .and_then(system_time),
    )?;
    decrypted(store, &asker, (&source.bucket, &source.key), &found.object)?;
    check_changes(&source, &input)?;
    let written = conditions::of_copy(&request.headers)?;
    let place = (input.bucket.as_str(), input.key.as_str());
    conditions::check_write(
        store,
        &asker,
        place,
        (written.0.as_ref(), written.1.as_ref()),
    )?;
    let tags = tags(store, &asker, &source, &source_bucket, (&found, &input))?;
    let content = content(&found, &input)?;
    let checksum = content.checksum.clone();
    let options = options(&input, tags);
    let written = write_object(
        store,
        place,
        Writer::Caller(&asker.caller, TO_WRITE),
        options,
        Arc::new(content),
    )?;
    let event = ("ObjectCreated:Copy", &asker.caller);
    tell_written(store, place, event, &written);
    let dto = checksum.as_ref().map(checksum_dto).unwrap_or_default();
    let shown = Shown::of(&written.encryption);
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(written.etag)),
            last_modified: Some(Timestamp::from(written.modified)),
            checksum_crc32: dto.checksum_crc32,
            checksum_crc32c: dto.checksum_crc32c,
            checksum_crc64nvme: dto.checksum_crc64nvme,
            checksum_sha1: dto.checksum_sha1,
            checksum_sha256: dto.checksum_sha256,
            checksum_type: dto.checksum_type,
        }),
        copy_source_version_id: found.versioned.then(|| found.version.id.to_string()),
        version_id: written.version_id,
        bucket_key_enabled: shown.bucket_key,
        ssekms_key_id: shown.key,
        server_side_encryption: shown.algorithm,
        sse_customer_algorithm: shown.customer_algorithm,
        sse_customer_key_md5: shown.customer_key_md5,
        ..CopyObjectOutput::default()
    }))
}

fn replaces(directive: Option<&str>) -> bool {
    directive == Some("REPLACE")
}

/// A copy onto itself must change something.
fn check_changes(source: &Source, input: &CopyObjectInput) -> S3Result<()> {
    let itself = source.bucket == input.bucket && source.key == input.key;
    let changes = replaces(input.metadata_directive.as_ref().map(|d| d.as_str()))
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some()
        || input.sse_customer_key_md5.is_some()
        || source.version_id.is_some();
    if itself && !changes {
        return Err(invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without \
             changing the object's metadata, storage class, website redirect location or \
             encryption attributes.",
        ));
    }
    Ok(())
}

fn tags(
    store: &Store,
    asker: &Asker,
    source: &Source,
    target: &Target,
    (found, input): (&Found, &CopyObjectInput),
) -> S3Result<Tags> {
    if replaces(
        input
            .tagging_directive
            .as_ref()
            .map(|directive| directive.as_str()),
    ) {
        return tags_of_header(input.tagging.as_deref());
    }
    if found.object.tags.is_empty() {
        return Ok(Tags::default());
    }
    let plain = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging");
    let action = if source.version_id.is_some() {
        plain.1
    } else {
        plain.0
    };
    source.authorize(store, asker, target, action)?;
    Ok(found.object.tags.clone())
}

/// A copy is one part: its ETag is the MD5 of the bytes, its checksum one of the full object.
fn content(found: &Found, input: &CopyObjectInput) -> S3Result<Content> {
    let source = &found.object.content;
    let pieces = source.body.pieces();
    let wanted = algorithm(input.checksum_algorithm.as_ref().map(|name| name.as_str()))?;
    let kept = source.checksum.as_ref().map(|checksum| checksum.algorithm);
    let checksum = checksum::settle(None, wanted.or(kept), &pieces)?;
    let headers = if replaces(input.metadata_directive.as_ref().map(|d| d.as_str())) {
        headers(input)?
    } else {
        source.headers().clone()
    };
    let content = Content {
        body: source.body.clone(),
        digest: digest(&checksum::md5(&pieces)),
        checksum: Some(checksum),
        ..Content::default()
    };
    Ok(content.with(Details {
        parts: Box::default(),
        headers,
    }))
}

fn headers(input: &CopyObjectInput) -> S3Result<Headers> {
    let rare = RareHeaders {
        cache_control: input.cache_control.clone(),
        content_disposition: input.content_disposition.clone(),
        content_encoding: input.content_encoding.clone(),
        content_language: input.content_language.clone(),
        expires: input.expires.clone().and_then(system_time),
        website_redirect: input.website_redirect_location.clone(),
    };
    let metadata = input.metadata.iter().flatten();
    let metadata = metadata
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    assemble_headers(input.content_type.clone(), rare, metadata)
}

fn options(input: &CopyObjectInput, tags: Tags) -> WriteOptions {
    write_options_of!(input, tags)
}

/// Answers UploadPartCopy.
pub(crate) fn upload_part_copy(
    store: &Store,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let source = Source::of(&input.copy_source)?;
    let (_, found) = source.read(store, &asker, &request.headers)?;
    check_conditions(
        &found,
        input.copy_source_if_match.as_ref(),
        input.copy_source_if_none_match.as_ref(),
        input
            .copy_source_if_modified_since
            .clone()
            .and_then(system_time),
        input
            .copy_source_if_unmodified_since
            .clone()
            .and_then(system_time),
    )?;
    decrypted(store, &asker, (&source.bucket, &source.key), &found.object)?;
    let body = &found.object.content.body;
    let bytes = Bytes::from(ranged(body, input.copy_source_range.as_deref())?.concat());
    let place = Place {
        bucket: &input.bucket,
        key: &input.key,
        upload_id: &input.upload_id,
    };
    let algorithm: Option<Algorithm> = place.algorithm(store)?;
    let pieces = std::slice::from_ref(&bytes);
    let received = Received {
        md5: checksum::md5(pieces),
        checksum: checksum::settle(None, algorithm, pieces)?,
        bytes,
    };
    let stored = put_part(store, &asker.caller, &place, input.part_number, received)?;
    let dto = checksum_dto(&stored.checksum);
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            e_tag: Some(ETag::Strong(hex::encode(&stored.md5))),
            last_modified: Some(Timestamp::from(stored.modified)),
            checksum_crc32: dto.checksum_crc32,
            checksum_crc32c: dto.checksum_crc32c,
            checksum_crc64nvme: dto.checksum_crc64nvme,
            checksum_sha1: dto.checksum_sha1,
            checksum_sha256: dto.checksum_sha256,
        }),
        copy_source_version_id: found.versioned.then(|| found.version.id.to_string()),
        ..UploadPartCopyOutput::default()
    }))
}

fn ranged(body: &Body, range: Option<&str>) -> S3Result<Vec<Bytes>> {
    let Some(range) = range else {
        return Ok(body.pieces());
    };
    let invalid = || {
        invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first \
             and last are the zero-based offsets of the first and last bytes to copy",
        )
    };
    match Range::parse(range) {
        Ok(Range::Int {
            first,
            last: Some(last),
        }) if last < body.size() => Ok(body.slice(first, last + 1)),
        Ok(Range::Int { .. } | Range::Suffix { .. }) | Err(_) => Err(invalid()),
    }
}
