//! GetObjectAttributes, and checksums as the calls show them.

use std::sync::Arc;

use s3s::dto::{
    Checksum as ChecksumDto, ETag, GetObjectAttributesInput, GetObjectAttributesOutput,
    GetObjectAttributesParts, ObjectPart, Timestamp,
};
use s3s::{S3Request, S3Response, S3Result};

use super::access::asker_of;
use super::find::{Found, find};
use crate::s3::checksum::{Algorithm, Checksum};
use crate::s3::state::version::Object;
use crate::s3::state::world::Store;

/// Shows a checksum in the DTO's field of its algorithm.
pub(crate) fn checksum_dto(checksum: &Checksum) -> ChecksumDto {
    let mut dto = ChecksumDto {
        checksum_type: Some(checksum.kind.as_str().to_owned().into()),
        ..ChecksumDto::default()
    };
    let value = Some(checksum.value.to_string());
    match checksum.algorithm {
        Algorithm::Crc32 => dto.checksum_crc32 = value,
        Algorithm::Crc32c => dto.checksum_crc32c = value,
        Algorithm::Crc64Nvme => dto.checksum_crc64nvme = value,
        Algorithm::Sha1 => dto.checksum_sha1 = value,
        Algorithm::Sha256 => dto.checksum_sha256 = value,
        // s3s has no field for them: documents leave them out, headers show them.
        Algorithm::Sha512
        | Algorithm::Md5
        | Algorithm::XxHash64
        | Algorithm::XxHash3
        | Algorithm::XxHash128 => {}
    }
    dto
}

/// Answers GetObjectAttributes.
pub(crate) fn get_object_attributes(
    store: &Store,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let Found {
        version,
        object,
        versioned,
    } = find(store, &asker, place, input.version_id.as_deref())?;
    // The header may hold several names in one value, or come several times.
    let wanted: Vec<String> = input
        .object_attributes
        .iter()
        .flat_map(|names| names.as_str().split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    let wants = |name: &str| wanted.iter().any(|wanted| wanted == name);
    let content = Arc::clone(&object.content);
    let output = GetObjectAttributesOutput {
        checksum: content
            .checksum
            .as_ref()
            .filter(|_| wants("Checksum"))
            .map(checksum_dto),
        e_tag: wants("ETag").then(|| ETag::Strong(object.etag().to_string())),
        last_modified: Some(Timestamp::from(version.modified.time())),
        object_parts: (wants("ObjectParts") && !content.parts().is_empty())
            .then(|| attribute_parts(&object, input.max_parts, input.part_number_marker)),
        object_size: wants("ObjectSize")
            .then(|| i64::try_from(content.body.size()).ok())
            .flatten(),
        storage_class: wants("StorageClass").then(|| object.storage_class.to_string().into()),
        version_id: versioned.then(|| version.id.to_string()),
        ..GetObjectAttributesOutput::default()
    };
    Ok(S3Response::new(output))
}

fn attribute_parts(
    object: &Object,
    max: Option<i32>,
    marker: Option<i32>,
) -> GetObjectAttributesParts {
    let parts = object.content.parts();
    let max = max.unwrap_or(1000).clamp(1, 1000);
    let after = marker.unwrap_or(0);
    let rest: Vec<_> = parts.iter().filter(|part| part.number > after).collect();
    let shown: Vec<ObjectPart> = rest
        .iter()
        .take(usize::try_from(max).unwrap_or(1000))
        .map(|part| {
            let dto = part.checksum.as_ref().map(checksum_dto).unwrap_or_default();
            ObjectPart {
                checksum_crc32: dto.checksum_crc32,
                checksum_crc32c: dto.checksum_crc32c,
                checksum_crc64nvme: dto.checksum_crc64nvme,
                checksum_sha1: dto.checksum_sha1,
                checksum_sha256: dto.checksum_sha256,
                part_number: Some(part.number),
                size: i64::try_from(part.size).ok(),
            }
        })
        .collect();
    GetObjectAttributesParts {
        is_truncated: Some(shown.len() < rest.len()),
        max_parts: Some(max),
        next_part_number_marker: shown.last().and_then(|part| part.part_number),
        part_number_marker: Some(after),
        parts: Some(shown),
        total_parts_count: i32::try_from(parts.len()).ok(),
    }
}
