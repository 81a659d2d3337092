//! CompleteMultipartUpload: which parts count, and the ETag and checksum of the whole.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use s3s::dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag};
use s3s::{S3Request, S3Response, S3Result};

use super::access::asker_of;
use super::attributes::checksum_dto;
use super::conditions::check_write;
use super::put::{Shown, checksums_of};
use super::write::{Writer, tell_written, write_object};
use crate::s3::checksum::{self, Algorithm, Checksum, Type};
use crate::s3::errors::{fault, malformed_xml, no_such_upload};
use crate::s3::rules::keys::TO_READ;
use crate::s3::state::upload::{Upload, UploadedPart};
use crate::s3::state::version::{Body, Content, Details, Headers, Part, digest};
use crate::s3::state::world::Store;

/// Parts but the last have at least 5 MiB.
const SMALLEST_PART: u64 = 5 << 20;

/// Answers CompleteMultipartUpload.
pub(crate) fn complete(
    store: &Store,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    check_write(
        store,
        &asker,
        place,
        (input.if_match.as_ref(), input.if_none_match.as_ref()),
    )?;
    let listed = input
        .multipart_upload
        .as_ref()
        .and_then(|upload| upload.parts.as_deref());
    let listed = listed
        .filter(|parts| !parts.is_empty())
        .ok_or_else(malformed_xml)?;
    let (parts, algorithm, kind, headers, options) = {
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
            upload.options.clone(),
        );
        (parts, settings.0, settings.1, settings.2, settings.3)
    };
    let content = assemble(&parts, algorithm, kind, headers)?;
    check_claim(&request.headers, content.checksum.as_ref())?;
    let checksum = content.checksum.clone();
    let written = write_object(
        store,
        place,
        Writer::Caller(&asker.caller, TO_READ),
        options,
        Arc::new(content),
    )?;
    let event = ("ObjectCreated:CompleteMultipartUpload", &asker.caller);
    tell_written(store, place, event, &written);
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
        // s3s does not read theirs.
        Algorithm::Sha512
        | Algorithm::Md5
        | Algorithm::XxHash64
        | Algorithm::XxHash3
        | Algorithm::XxHash128 => None,
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
    let content = Content {
        digest: digest(&checksum::md5(&digests)),
        body: Body::Parts(bodies.into()),
        checksum: Some(checksum),
        ..Content::default()
    };
    Ok(content.with(Details {
        parts: parts.collect(),
        headers,
    }))
}

/// A checksum of the whole that the caller sent must be that of the parts.
fn check_claim(headers: &HeaderMap, actual: Option<&Checksum>) -> S3Result<()> {
    let Some(actual) = actual else { return Ok(()) };
    let claims = checksums_of(headers);
    let claim = claims
        .iter()
        .find(|(algorithm, _)| *algorithm == actual.algorithm);
    let claim = claim.map(|(_, value)| value.as_str());
    let plain = actual.value.split('-').next();
    if claim.is_some_and(|claim| claim != &*actual.value && Some(claim) != plain) {
        let name = actual.algorithm.as_str();
        let text = format!("The {name} you specified did not match the calculated checksum.");
        return Err(fault(400, "BadDigest", text));
    }
    Ok(())
}
