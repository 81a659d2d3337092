//! Multipart uploads: begun, filled, given up. [`super::complete`] puts the parts together.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result};

use super::access::caller_of;
use super::put::{
    Claims, Received, Shown, algorithm, assemble_headers, checksums_of, receive, show_checksum,
};
use super::times::system_time;
use super::write_options::write_options_of;
use crate::authority::Caller;
use crate::s3::checksum::{Algorithm, Type};
use crate::s3::errors::{invalid_request, no_such_upload};
use crate::s3::rules::encryption::encryption;
use crate::s3::rules::keys;
use crate::s3::rules::tags::tags_of_header;
use crate::s3::state::upload::{Upload, UploadedPart};
use crate::s3::state::version::{Encryption, Headers, RareHeaders};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::{EncryptionOptions, WriteOptions};

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
    let options = options(&input)?;
    let encryption = begun(store, &caller, (&input.bucket, &input.key), &options)?;
    let upload = Upload {
        key: input.key.clone(),
        initiated: store.now(),
        initiator: caller.account,
        algorithm,
        kind,
        parts: BTreeMap::new(),
        headers: headers(&input)?,
        options: WriteOptions {
            encryption: EncryptionOptions::of(&encryption),
            ..options
        },
    };
    let shown = Shown::of(&encryption);
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
        bucket_key_enabled: shown.bucket_key,
        server_side_encryption: shown.algorithm,
        ssekms_key_id: shown.key,
        sse_customer_algorithm: shown.customer_algorithm,
        sse_customer_key_md5: shown.customer_key_md5,
        ..CreateMultipartUploadOutput::default()
    }))
}

/// Decides how the object will be encrypted: that is settled when the upload begins.
fn begun(
    store: &Store,
    caller: &Caller,
    (bucket, key): (&str, &str),
    options: &WriteOptions,
) -> S3Result<Encryption> {
    let world = store.world();
    let target = world.bucket(bucket)?;
    let encryption = encryption(store, target, &caller.account, options.encryption.clone())?;
    let region = &target.region;
    let place = keys::Place {
        bucket,
        region,
        key,
    };
    keys::check(store, caller, place, &encryption, keys::TO_WRITE)?;
    Ok(encryption)
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
        // That the newer ones are for parts only is unverified; composite values of them were seen.
        Algorithm::Sha1
        | Algorithm::Sha256
        | Algorithm::Sha512
        | Algorithm::Md5
        | Algorithm::XxHash64
        | Algorithm::XxHash3
        | Algorithm::XxHash128 => wanted == Type::FullObject,
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

fn headers(input: &CreateMultipartUploadInput) -> S3Result<Headers> {
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

fn options(input: &CreateMultipartUploadInput) -> S3Result<WriteOptions> {
    Ok(write_options_of!(
        input,
        tags_of_header(input.tagging.as_deref())?
    ))
}

/// Answers UploadPart.
pub(crate) async fn upload_part(
    store: &Store,
    mut request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let trailers = request.trailing_headers.take();
    let caller = caller_of(&request.extensions);
    let mut input = request.input;
    let place = Place {
        bucket: &input.bucket,
        key: &input.key,
        upload_id: &input.upload_id,
    };
    let of_upload = place.algorithm(store)?;
    let claims = Claims {
        md5: input.content_md5.take(),
        values: checksums_of(&request.headers),
        algorithm: of_upload,
        trailers,
    };
    let received = receive(input.body.take(), claims).await?;
    let stored = put_part(store, &caller, &place, input.part_number, received)?;
    let mut response = S3Response::new(UploadPartOutput {
        e_tag: Some(ETag::Strong(hex::encode(&stored.md5))),
        ..UploadPartOutput::default()
    });
    show_checksum(&mut response.headers, &stored.checksum);
    Ok(response)
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
    caller: &Caller,
    place: &Place<'_>,
    number: i32,
    received: Received,
) -> S3Result<UploadedPart> {
    if !(1..=10_000).contains(&number) {
        let text = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(crate::s3::errors::invalid_argument(text));
    }
    let mut world = store.world();
    let bucket = world.bucket_mut(place.bucket)?;
    let region = Arc::clone(&bucket.region);
    let upload = bucket.uploads.get_mut(place.upload_id);
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
    let EncryptionOptions {
        key, bucket_key, ..
    } = &upload.options.encryption;
    if let Some(key) = key {
        let object = keys::Place {
            bucket: place.bucket,
            region: &region,
            key: place.key,
        };
        let key = (key.as_str(), *bucket_key == Some(true));
        keys::ask(store, caller, object, key, keys::TO_READ).map_err(keys::refusal)?;
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
