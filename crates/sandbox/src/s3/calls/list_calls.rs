//! The listing calls that s3s writes by itself. Those of which there are millions of entries are routes
//! ([`super::versions`], [`super::list_objects`]).

use std::time::{Duration, SystemTime};

use s3s::dto::{
    Bucket as BucketDto, CommonPrefix, ETag, EncodingType, ListBucketsInput, ListBucketsOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput,
    ListPartsInput, ListPartsOutput, MultipartUpload, Object as ObjectDto, Owner, Part as PartDto,
    Timestamp,
};
use s3s::{S3Request, S3Response, S3Result};

use super::access::caller_of;
use super::attributes::checksum_dto;
use super::cursors::Row;
use super::listing::{self, Query, Sink, after_token};
use crate::s3::checksum::base64_encode;
use crate::s3::errors::no_such_upload;
use crate::s3::rules::acl::canonical_id;
use crate::s3::state::world::Store;

fn owner_dto(account: &str) -> Owner {
    Owner {
        display_name: None,
        id: Some(canonical_id(account)),
    }
}

fn url(query: &Query) -> Option<EncodingType> {
    query
        .url_encoded
        .then(|| EncodingType::from_static(EncodingType::URL))
}

/// What a page of ListObjects holds.
struct Dtos<'a> {
    query: &'a Query,
    contents: Vec<ObjectDto>,
    prefixes: Vec<CommonPrefix>,
}

impl Sink for Dtos<'_> {
    fn version(&mut self, row: &Row<'_>) {
        self.contents.extend(object_dto(self.query, row));
    }

    fn prefix(&mut self, prefix: &str) {
        self.prefixes.push(CommonPrefix {
            prefix: Some(self.query.show(prefix)),
        });
    }
}

fn object_dto(query: &Query, row: &Row<'_>) -> Option<ObjectDto> {
    let object = row.object?;
    let (algorithm, kind) = object.checksum.unzip();
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(row.modified);
    Some(ObjectDto {
        checksum_algorithm: algorithm.map(|algorithm| vec![algorithm.to_owned().into()]),
        checksum_type: kind.map(|kind| kind.to_owned().into()),
        e_tag: Some(ETag::Strong(object.etag.to_owned())),
        key: Some(query.show(row.key)),
        last_modified: Some(Timestamp::from(modified)),
        owner: Some(owner_dto(row.owner)),
        restore_status: None,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(object.class.to_owned().into()),
    })
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// Answers ListObjects.
pub(crate) fn list_objects(
    store: &Store,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let encoding = input
        .encoding_type
        .as_ref()
        .map(|encoding| encoding.as_str());
    let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
    let query = Query::new(prefix, delimiter, input.max_keys, encoding)?;
    let world = store.world();
    let marker = input.marker.as_deref().filter(|marker| !marker.is_empty());
    let mut dtos = Dtos {
        query: &query,
        contents: Vec::new(),
        prefixes: Vec::new(),
    };
    let page = listing::current(world.bucket(&input.bucket)?, &query, marker, &mut dtos);
    let Dtos {
        contents, prefixes, ..
    } = dtos;
    // "returned only if you have the delimiter request parameter specified" (BC:s3).
    let next = page
        .last_key()
        .filter(|_| page.truncated && !query.delimiter.is_empty());
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(query.show(&query.prefix)),
        marker: Some(query.show(marker.unwrap_or_default())),
        max_keys: i32::try_from(query.max).ok(),
        is_truncated: Some(page.truncated),
        contents: some(contents),
        common_prefixes: some(prefixes),
        delimiter: text(&query.delimiter).map(|delimiter| query.show(&delimiter)),
        next_marker: next.map(|key| query.show(key)),
        encoding_type: url(&query),
        request_charged: None,
    }))
}

/// Answers ListBuckets: those of the caller's account.
pub(crate) fn list_buckets(
    store: &Store,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let caller = caller_of(&request.extensions);
    let input = request.input;
    let after = input
        .continuation_token
        .as_deref()
        .map(after_token)
        .transpose()?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let max = usize::try_from(input.max_buckets.unwrap_or(10_000)).unwrap_or(10_000);
    let world = store.world();
    let mut own = world.buckets.iter().filter(|(name, bucket)| {
        *bucket.owner == *caller.account
            && name.starts_with(&prefix)
            && input
                .bucket_region
                .as_deref()
                .is_none_or(|region| region == &*bucket.region)
            && after.as_ref().is_none_or(|after| *name > after)
    });
    let shown: Vec<BucketDto> = own
        .by_ref()
        .take(max)
        .map(|(name, bucket)| BucketDto {
            bucket_region: Some(bucket.region.to_string()),
            creation_date: Some(Timestamp::from(bucket.created)),
            name: Some(name.clone()),
        })
        .collect();
    let more = own.next().is_some();
    let last = shown.last().and_then(|bucket| bucket.name.as_deref());
    let token = last
        .filter(|_| more)
        .map(|name| base64_encode(name.as_bytes()));
    Ok(S3Response::new(ListBucketsOutput {
        continuation_token: token,
        owner: Some(owner_dto(&caller.account)),
        prefix: input.prefix,
        buckets: Some(shown),
    }))
}

/// Answers ListMultipartUploads.
pub(crate) fn list_multipart_uploads(
    store: &Store,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let encoding = input
        .encoding_type
        .as_ref()
        .map(|encoding| encoding.as_str());
    let query = Query::new(Some(prefix), None, input.max_uploads, encoding)?;
    let world = store.world();
    let bucket = world.bucket(&input.bucket)?;
    let mut uploads: Vec<_> = bucket
        .uploads
        .iter()
        .filter(|(_, upload)| upload.key.starts_with(prefix))
        .collect();
    uploads.sort_by_key(|(id, upload)| (upload.key.clone(), upload.initiated, (*id).clone()));
    let key_marker = input.key_marker.clone().unwrap_or_default();
    let id_marker = input.upload_id_marker.clone().unwrap_or_default();
    if !key_marker.is_empty() {
        let seen = uploads.iter().position(|(id, upload)| {
            upload.key == key_marker && !id_marker.is_empty() && **id == id_marker
        });
        let from = match seen {
            Some(at) => at + 1,
            None => uploads.partition_point(|(_, upload)| upload.key <= key_marker),
        };
        uploads.drain(..from);
    }
    let truncated = uploads.len() > query.max;
    uploads.truncate(query.max);
    let last = uploads.last().filter(|_| truncated);
    let next = last.map(|(id, upload)| (query.show(&upload.key), (*id).clone()));
    let shown = uploads.iter().map(|(id, upload)| MultipartUpload {
        checksum_algorithm: upload.algorithm.map(|name| name.as_str().to_owned().into()),
        checksum_type: upload
            .algorithm
            .map(|_| upload.kind.as_str().to_owned().into()),
        initiated: Some(Timestamp::from(upload.initiated)),
        initiator: None,
        key: Some(query.show(&upload.key)),
        owner: Some(owner_dto(&upload.initiator)),
        storage_class: upload.options.storage_class.clone().map(Into::into),
        upload_id: Some((*id).clone()),
    });
    let shown: Vec<MultipartUpload> = shown.collect();
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket.clone()),
        encoding_type: url(&query),
        is_truncated: Some(truncated),
        key_marker: Some(query.show(&key_marker)),
        max_uploads: i32::try_from(query.max).ok(),
        next_key_marker: next.as_ref().map(|(key, _)| key.clone()),
        next_upload_id_marker: next.map(|(_, id)| id),
        prefix: text(&query.show(prefix)),
        upload_id_marker: Some(id_marker),
        uploads: (!shown.is_empty()).then_some(shown),
        ..ListMultipartUploadsOutput::default()
    }))
}

/// Answers ListParts.
pub(crate) fn list_parts(
    store: &Store,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let world = store.world();
    let upload = world.bucket(&input.bucket)?.uploads.get(&input.upload_id);
    let upload = upload
        .filter(|upload| upload.key == input.key)
        .ok_or_else(no_such_upload)?;
    let after = input.part_number_marker.unwrap_or(0);
    let max = usize::try_from(input.max_parts.unwrap_or(1000))
        .unwrap_or(1000)
        .min(1000);
    let mut rest = upload.parts.range(after.saturating_add(1)..);
    let shown: Vec<PartDto> = rest
        .by_ref()
        .take(max)
        .map(|(number, part)| {
            let dto = checksum_dto(&part.checksum);
            PartDto {
                checksum_crc32: dto.checksum_crc32,
                checksum_crc32c: dto.checksum_crc32c,
                checksum_crc64nvme: dto.checksum_crc64nvme,
                checksum_sha1: dto.checksum_sha1,
                checksum_sha256: dto.checksum_sha256,
                e_tag: Some(ETag::Strong(hex::encode(&part.md5))),
                last_modified: Some(Timestamp::from(part.modified)),
                part_number: Some(*number),
                size: i64::try_from(part.bytes.len()).ok(),
            }
        })
        .collect();
    let truncated = rest.next().is_some();
    let last = shown.last().and_then(|part| part.part_number);
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket.clone()),
        checksum_algorithm: upload.algorithm.map(|name| name.as_str().to_owned().into()),
        checksum_type: upload
            .algorithm
            .map(|_| upload.kind.as_str().to_owned().into()),
        is_truncated: Some(truncated),
        key: Some(input.key.clone()),
        max_parts: i32::try_from(max).ok(),
        next_part_number_marker: last,
        owner: Some(owner_dto(&upload.initiator)),
        part_number_marker: Some(after),
        parts: (!shown.is_empty()).then_some(shown),
        storage_class: Some(
            upload
                .options
                .storage_class
                .clone()
                .unwrap_or_else(|| "STANDARD".to_owned())
                .into(),
        ),
        upload_id: Some(input.upload_id.clone()),
        ..ListPartsOutput::default()
    }))
}
