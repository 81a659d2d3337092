//! Multipart uploads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result};

use super::access::caller_of;
use super::checksum::{self, Algorithm, Checksum, Type};
use super::errors::{fault, invalid_request, malformed_xml, no_such_upload};
use super::get::checksum_dto;
use super::put::{
    Claims, Received, Shown, algorithm, assemble_headers, check_conditions, receive, system_time,
};
use super::version::{Body, Content, Headers, Part, RareHeaders};
use super::world::Store;
use super::write::{EncryptionWish, LockWish, Wishes, tags_of_header, write_object};

/// Parts but the last have at least 5 MiB.
const SMALLEST_PART: u64 = 5 << 20;

/// An upload in progress.
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) initiated: SystemTime,
    pub(crate) initiator: String,
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) kind: Type,
    pub(crate) parts: BTreeMap<i32, UploadedPart>,
    headers: Headers,
    pub(crate) wishes: Wishes,
}

/// A part that was uploaded.
#[derive(Clone)]
pub(crate) struct UploadedPart {
    pub(crate) bytes: Bytes,
    pub(crate) md5: Vec<u8>,
    pub(crate) checksum: Checksum,
    pub(crate) modified: SystemTime,
}

/// Answers CreateMultipartUpload.
pub(crate) fn create(
    store: &Store,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let caller = caller_of(&request.extensions);
    let input = request.input;
    let algorithm = algorithm(input.checksum_algorithm.as_ref().map(|name| name.as_str()))?;
    let kind = kind(
        algorithm,
        input.checksum_type.as_ref().map(|kind| kind.as_str()),
    )?;
    let upload = Upload {
        key: input.key.clone(),
        initiated: store.now(),
        initiator: caller.account,
        algorithm,
        kind,
        parts: BTreeMap::new(),
        headers: headers(&input),
        wishes: wishes(&input)?,
    };
    let upload_id = store.ids.mixed(64);
    let mut world = store.world();
    world
        .bucket_mut(&input.bucket)?
        .uploads
        .insert(upload_id.clone(), upload);
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload_id),
        checksum_algorithm: algorithm.map(|algorithm| algorithm.as_str().to_owned().into()),
        checksum_type: algorithm.map(|_| kind.as_str().to_owned().into()),
        server_side_encryption: input.server_side_encryption,
        ssekms_key_id: input.ssekms_key_id,
        ..CreateMultipartUploadOutput::default()
    }))
}

/// CRC64NVME exists for full objects only, SHA for parts only (UG:checking-object-integrity).
fn kind(algorithm: Option<Algorithm>, wanted: Option<&str>) -> S3Result<Type> {
    let algorithm = algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let wanted = match wanted {
        None => return Ok(algorithm.default_type()),
        Some(name) => Type::parse(name)
            .ok_or_else(|| invalid_request("Value for x-amz-checksum-type header is invalid."))?,
    };
    let impossible = match algorithm {
        Algorithm::Crc64Nvme => wanted == Type::Composite,
        Algorithm::Sha1 | Algorithm::Sha256 => wanted == Type::FullObject,
        Algorithm::Crc32 | Algorithm::Crc32c => false,
    };
    if impossible {
        let (kind, name) = (wanted.as_str(), algorithm.as_str().to_lowercase());
        let text =
            format!("The {kind} checksum type cannot be used with the {name} checksum algorithm.");
        return Err(invalid_request(text));
    }
    Ok(wanted)
}

fn headers(input: &CreateMultipartUploadInput) -> Headers {
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

fn wishes(input: &CreateMultipartUploadInput) -> S3Result<Wishes> {
    let hold = input.object_lock_legal_hold_status.as_ref();
    Ok(Wishes {
        tags: tags_of_header(input.tagging.as_deref())?,
        storage_class: input
            .storage_class
            .as_ref()
            .map(|class| class.as_str().to_owned()),
        encryption: EncryptionWish {
            algorithm: input
                .server_side_encryption
                .as_ref()
                .map(|sse| sse.as_str().to_owned()),
            key: input.ssekms_key_id.clone(),
            bucket_key: input.bucket_key_enabled,
            customer_key_md5: input.sse_customer_key_md5.clone(),
        },
        lock: LockWish {
            mode: input
                .object_lock_mode
                .as_ref()
                .map(|mode| mode.as_str().to_owned()),
            retain_until: input
                .object_lock_retain_until_date
                .clone()
                .and_then(system_time),
            legal_hold: hold.is_some_and(|status| status.as_str() == "ON"),
        },
        canned_acl: input.acl.as_ref().map(|acl| acl.as_str().to_owned()),
    })
}

/// Answers UploadPart.
pub(crate) async fn upload_part(
    store: &Store,
    mut request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let trailers = request.trailing_headers.take();
    let mut input = request.input;
    let place = Place {
        bucket: &input.bucket,
        key: &input.key,
        upload_id: &input.upload_id,
    };
    let of_upload = place.algorithm(store)?;
    let claims = Claims {
        md5: input.content_md5.take(),
        values: [
            input.checksum_crc32.take(),
            input.checksum_crc32c.take(),
            input.checksum_crc64nvme.take(),
            input.checksum_sha1.take(),
            input.checksum_sha256.take(),
        ],
        algorithm: of_upload,
        trailers,
    };
    let received = receive(input.body.take(), claims).await?;
    let stored = put_part(store, &place, input.part_number, received)?;
    let dto = checksum_dto(&stored.checksum);
    Ok(S3Response::new(UploadPartOutput {
        e_tag: Some(ETag::Strong(hex::encode(&stored.md5))),
        checksum_crc32: dto.checksum_crc32,
        checksum_crc32c: dto.checksum_crc32c,
        checksum_crc64nvme: dto.checksum_crc64nvme,
        checksum_sha1: dto.checksum_sha1,
        checksum_sha256: dto.checksum_sha256,
        ..UploadPartOutput::default()
    }))
}

/// Names an upload.
pub(crate) struct Place<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) upload_id: &'a str,
}

impl Place<'_> {
    /// Returns the checksum algorithm that every part of the upload gets.
    pub(crate) fn algorithm(&self, store: &Store) -> S3Result<Option<Algorithm>> {
        let world = store.world();
        let upload = world.bucket(self.bucket)?.uploads.get(self.upload_id);
        let upload = upload
            .filter(|upload| upload.key == self.key)
            .ok_or_else(no_such_upload)?;
        Ok(upload.algorithm)
    }
}

/// Stores a part that was received.
pub(crate) fn put_part(
    store: &Store,
    place: &Place<'_>,
    number: i32,
    received: Received,
) -> S3Result<UploadedPart> {
    if !(1..=10_000).contains(&number) {
        let text = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(super::errors::invalid_argument(text));
    }
    let mut world = store.world();
    let upload = world
        .bucket_mut(place.bucket)?
        .uploads
        .get_mut(place.upload_id);
    let upload = upload
        .filter(|upload| upload.key == place.key)
        .ok_or_else(no_such_upload)?;
    if upload
        .algorithm
        .is_some_and(|algorithm| algorithm != received.checksum.algorithm)
    {
        let wanted = upload
            .algorithm
            .map_or("null", Algorithm::as_str)
            .to_lowercase();
        let got = received.checksum.algorithm.as_str().to_lowercase();
        return Err(invalid_request(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {wanted}, actual checksum \
             Type: {got}"
        )));
    }
    let part = UploadedPart {
        bytes: received.bytes,
        md5: received.md5,
        checksum: received.checksum,
        modified: store.now(),
    };
    upload.parts.insert(number, part.clone());
    Ok(part)
}

/// Answers AbortMultipartUpload.
pub(crate) fn abort(
    store: &Store,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    let mut world = store.world();
    let uploads = &mut world.bucket_mut(&input.bucket)?.uploads;
    uploads
        .remove(&input.upload_id)
        .ok_or_else(no_such_upload)?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

/// Answers CompleteMultipartUpload.
pub(crate) fn complete(
    store: &Store,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let caller = caller_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    check_conditions(
        store,
        place,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
    )?;
    let listed = input
        .multipart_upload
        .as_ref()
        .and_then(|upload| upload.parts.as_deref());
    let listed = listed
        .filter(|parts| !parts.is_empty())
        .ok_or_else(malformed_xml)?;
    let (parts, algorithm, kind, headers, wishes) = {
        let world = store.world();
        let upload = world.bucket(&input.bucket)?.uploads.get(&input.upload_id);
        let upload = upload
            .filter(|upload| upload.key == input.key)
            .ok_or_else(no_such_upload)?;
        let parts = chosen(upload, listed)?;
        let settings = (
            upload.algorithm,
            upload.kind,
            upload.headers.clone(),
            upload.wishes.clone(),
        );
        (parts, settings.0, settings.1, settings.2, settings.3)
    };
    let content = assemble(&parts, algorithm, kind, headers)?;
    check_claim(&input, content.checksum.as_ref())?;
    let checksum = content.checksum.clone();
    let written = write_object(store, place, &caller.account, wishes, Arc::new(content))?;
    store
        .world()
        .bucket_mut(&input.bucket)?
        .uploads
        .remove(&input.upload_id);
    let dto = checksum.as_ref().map(checksum_dto).unwrap_or_default();
    let shown = Shown::of(&written.encryption);
    let location = format!("/{}/{}", input.bucket, input.key);
    Ok(S3Response::new(CompleteMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        location: Some(location),
        e_tag: Some(ETag::Strong(written.etag)),
        version_id: written.version_id,
        bucket_key_enabled: shown.bucket_key,
        ssekms_key_id: shown.key,
        server_side_encryption: shown.algorithm,
        checksum_crc32: dto.checksum_crc32,
        checksum_crc32c: dto.checksum_crc32c,
        checksum_crc64nvme: dto.checksum_crc64nvme,
        checksum_sha1: dto.checksum_sha1,
        checksum_sha256: dto.checksum_sha256,
        checksum_type: dto.checksum_type,
        ..CompleteMultipartUploadOutput::default()
    }))
}

/// Finds the listed parts, which must be in order, known, unchanged and large enough.
fn chosen(upload: &Upload, listed: &[CompletedPart]) -> S3Result<Vec<(i32, UploadedPart)>> {
    let mut parts = Vec::with_capacity(listed.len());
    for part in listed {
        let number = part.part_number.ok_or_else(malformed_xml)?;
        if parts.last().is_some_and(|(last, _)| *last >= number) {
            let text = "The list of parts was not in ascending order. Parts must be ordered by \
                        part number.";
            return Err(fault(400, "InvalidPartOrder", text));
        }
        let stored = upload.parts.get(&number).filter(|stored| {
            let etag = hex::encode(&stored.md5);
            let claimed = claimed_value(part, stored.checksum.algorithm);
            part.e_tag
                .as_ref()
                .is_some_and(|wanted| wanted.value() == etag)
                && claimed.is_none_or(|value| *value == *stored.checksum.value)
        });
        let Some(stored) = stored else {
            let text = "One or more of the specified parts could not be found.  The part may not \
                        have been uploaded, or the specified entity tag may not match the part's \
                        entity tag.";
            return Err(fault(400, "InvalidPart", text));
        };
        parts.push((number, stored.clone()));
    }
    let small = |(_, part): &(i32, UploadedPart)| (part.bytes.len() as u64) < SMALLEST_PART;
    if parts.iter().rev().skip(1).any(small) {
        let text = "Your proposed upload is smaller than the minimum allowed size";
        return Err(fault(400, "EntityTooSmall", text));
    }
    Ok(parts)
}

fn claimed_value(part: &CompletedPart, algorithm: Algorithm) -> Option<&String> {
    match algorithm {
        Algorithm::Crc32 => part.checksum_crc32.as_ref(),
        Algorithm::Crc32c => part.checksum_crc32c.as_ref(),
        Algorithm::Crc64Nvme => part.checksum_crc64nvme.as_ref(),
        Algorithm::Sha1 => part.checksum_sha1.as_ref(),
        Algorithm::Sha256 => part.checksum_sha256.as_ref(),
    }
}

/// Puts the parts together: ETag and checksum of the whole.
fn assemble(
    parts: &[(i32, UploadedPart)],
    algorithm: Option<Algorithm>,
    kind: Type,
    headers: Headers,
) -> S3Result<Content> {
    let bodies: Vec<Bytes> = parts.iter().map(|(_, part)| part.bytes.clone()).collect();
    let digests: Vec<Bytes> = parts
        .iter()
        .map(|(_, part)| Bytes::from(part.md5.clone()))
        .collect();
    let etag = format!("{}-{}", hex::encode(checksum::md5(&digests)), parts.len());
    let values: Vec<&str> = parts
        .iter()
        .map(|(_, part)| &*part.checksum.value)
        .collect();
    let checksum = match algorithm {
        Some(algorithm) => checksum::of_parts(algorithm, kind, &bodies, &values)?,
        None => checksum::of_parts(Algorithm::Crc64Nvme, Type::FullObject, &bodies, &values)?,
    };
    let parts = parts.iter().map(|(number, part)| Part {
        number: *number,
        size: part.bytes.len() as u64,
        checksum: algorithm.map(|_| part.checksum.clone()),
    });
    Ok(Content {
        parts: parts.collect(),
        body: Body::Parts(bodies.into()),
        etag: etag.into(),
        checksum: Some(checksum),
        headers,
    })
}

/// A checksum of the whole that the caller sent must be that of the parts.
fn check_claim(input: &CompleteMultipartUploadInput, actual: Option<&Checksum>) -> S3Result<()> {
    let Some(actual) = actual else { return Ok(()) };
    let claim = match actual.algorithm {
        Algorithm::Crc32 => input.checksum_crc32.as_deref(),
        Algorithm::Crc32c => input.checksum_crc32c.as_deref(),
        Algorithm::Crc64Nvme => input.checksum_crc64nvme.as_deref(),
        Algorithm::Sha1 => input.checksum_sha1.as_deref(),
        Algorithm::Sha256 => input.checksum_sha256.as_deref(),
    };
    let plain = actual.value.split('-').next();
    if claim.is_some_and(|claim| claim != &*actual.value && Some(claim) != plain) {
        let name = actual.algorithm.as_str();
        let text = format!("The {name} you specified did not match the calculated checksum.");
        return Err(fault(400, "BadDigest", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_algorithm() {
        assert_eq!(kind(None, None).unwrap(), Type::FullObject);
        assert_eq!(kind(Some(Algorithm::Crc32), None).unwrap(), Type::Composite);
        assert_eq!(
            kind(Some(Algorithm::Crc32), Some("FULL_OBJECT")).unwrap(),
            Type::FullObject
        );
        assert!(kind(Some(Algorithm::Sha1), Some("FULL_OBJECT")).is_err());
        assert!(kind(Some(Algorithm::Crc64Nvme), Some("COMPOSITE")).is_err());
    }
}
