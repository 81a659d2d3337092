//! Single objects, for canaries: put, look at, list the versions of, and remove one version.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumMode, EncodingType, Owner, ReplicationStatus, ServerSideEncryption,
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3ferry_core::plan::PutEncryption;
use s3ferry_engine::ports::{ListedVersion, Look, NewObject, ObjectHead, Onto, Piece, Replication};

use super::{BucketApi, gone, part};
use crate::answer::nothing::says_no_bucket;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// Writes the object. The SDK adds a checksum; a bucket without versioning answers no version ID, which S3 itself
/// calls `null`.
pub(crate) async fn put(api: &BucketApi<'_>, object: &NewObject) -> Result<String, Failure> {
    let NewObject {
        bucket: _,
        key,
        body,
        tags,
        metadata,
        encryption,
        onto,
    } = object;
    let unless = match onto {
        Onto::Anything => None,
        Onto::Nothing => Some("*".to_owned()),
    };
    let (algorithm, key_id) = match encryption {
        PutEncryption::BucketDefault => (None, None),
        PutEncryption::SseS3 => (Some(ServerSideEncryption::Aes256), None),
        PutEncryption::SseKms(key) => (
            Some(ServerSideEncryption::AwsKms),
            Some(key.as_str().to_owned()),
        ),
    };
    let answer = api
        .write("PutObject", |s3| {
            s3.put_object()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .key(key)
                .set_tagging((!tags.is_empty()).then(|| tagging(tags)))
                .set_metadata(
                    (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect()),
                )
                .set_server_side_encryption(algorithm)
                .set_ssekms_key_id(key_id)
                .set_if_none_match(unless)
                .body(ByteStream::from(body.clone()))
                .send()
        })
        .await?;
    Ok(answer.version_id.unwrap_or_else(|| "null".to_owned()))
}

/// Tags as a URL query (BC:s3 PutObject `x-amz-tagging`).
fn tagging(tags: &BTreeMap<String, String>) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let mut query = String::new();
    for (key, value) in tags {
        let separator = if query.is_empty() { "" } else { "&" };
        // Writing to a string cannot fail.
        let _ = write!(query, "{separator}{}={}", encode(key), encode(value));
    }
    query
}

/// `None` for a version that is not there, and for one that is a delete marker (405; BC:s3 HeadObject).
pub(crate) async fn head(
    api: &BucketApi<'_>,
    key: &str,
    version: &str,
) -> Result<Option<ObjectHead>, Failure> {
    Ok(there(headed(api, key, version, None).await)?.map(state))
}

/// As [`head`], with what is stored of the content. Under SSE-KMS S3 shows checksums to who may decrypt (BC:s3 HeadObject ChecksumMode);
/// whoever may not sees the rest.
pub(crate) async fn look(
    api: &BucketApi<'_>,
    key: &str,
    version: &str,
) -> Result<Option<Look>, Failure> {
    let mut answer = headed(api, key, version, Some(ChecksumMode::Enabled)).await;
    if answer
        .as_ref()
        .is_err_and(|failure| failure.status() == Some(403))
    {
        answer = headed(api, key, version, None).await;
    }
    Ok(there(answer)?.map(|answer| Look {
        checksums: checksums(&answer),
        head: state(answer),
    }))
}

/// A version by its ID; the current one has none.
fn named(version: &str) -> Option<String> {
    (!version.is_empty()).then(|| version.to_owned())
}

async fn headed(
    api: &BucketApi<'_>,
    key: &str,
    version: &str,
    checksums: Option<ChecksumMode>,
) -> Result<HeadObjectOutput, Failure> {
    api.read("HeadObject", |s3| {
        s3.head_object()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .key(key)
            .set_version_id(named(version))
            .set_checksum_mode(checksums.clone())
            .send()
    })
    .await
}

fn there(answer: Result<HeadObjectOutput, Failure>) -> Result<Option<HeadObjectOutput>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if matches!(failure.status(), Some(404 | 405)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Pieces are asked for one by one, so that each is in memory, judged and tried again like any answer.
pub(crate) async fn piece(api: &BucketApi<'_>, of: Piece<'_>) -> Result<Option<Vec<u8>>, Failure> {
    const OPERATION: &str = "GetObject";
    let Piece {
        bucket: _,
        key,
        version,
        from,
        most,
    } = of;
    let last = from.saturating_add(most.saturating_sub(1));
    let answer = api
        .read(OPERATION, |s3| {
            s3.get_object()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .key(key)
                .set_version_id(named(version))
                .range(format!("bytes={from}-{last}"))
                .send()
        })
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        // 416: it ends before (BC:s3 GetObject Range).
        Err(failure)
            if matches!(failure.status(), Some(404 | 416)) && !says_no_bucket(&failure) =>
        {
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    let body = answer.body.collect().await;
    let body = body.map_err(|error| api.unreadable(OPERATION, error))?;
    Ok(Some(body.to_vec()))
}

/// By algorithm and type: those of a whole object and those over its parts are not the same thing.
fn checksums(answer: &HeadObjectOutput) -> BTreeMap<String, String> {
    let of = answer.checksum_type.as_ref().map_or("", |of| of.as_str());
    let all = [
        ("CRC32", &answer.checksum_crc32),
        ("CRC32C", &answer.checksum_crc32_c),
        ("CRC64NVME", &answer.checksum_crc64_nvme),
        ("SHA1", &answer.checksum_sha1),
        ("SHA256", &answer.checksum_sha256),
        ("SHA512", &answer.checksum_sha512),
        ("MD5", &answer.checksum_md5),
        ("XXHASH64", &answer.checksum_xxhash64),
        ("XXHASH3", &answer.checksum_xxhash3),
        ("XXHASH128", &answer.checksum_xxhash128),
    ];
    let stored = all.into_iter().filter_map(|(algorithm, value)| {
        let value = value.as_ref()?;
        Some((format!("{algorithm} {of}"), value.clone()))
    });
    stored.collect()
}

fn state(answer: HeadObjectOutput) -> ObjectHead {
    ObjectHead {
        replication: answer
            .replication_status
            .as_ref()
            .map_or(Replication::NotEligible, replication),
        etag: answer
            .e_tag
            .as_deref()
            .map(|etag| etag.trim_matches('"').to_owned()),
        size: answer
            .content_length
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0),
        encryption: answer
            .server_side_encryption
            .as_ref()
            .map(|algorithm| algorithm.as_str().to_owned()),
        kms_key: answer.ssekms_key_id,
        // S3 names every class but this one (BC:s3 HeadObject StorageClass).
        storage_class: answer
            .storage_class
            .as_ref()
            .map_or("STANDARD", |class| class.as_str())
            .to_owned(),
        metadata: answer.metadata.unwrap_or_default().into_iter().collect(),
    }
}

pub(crate) async fn tags(
    api: &BucketApi<'_>,
    key: &str,
    version: &str,
) -> Result<BTreeMap<String, String>, Failure> {
    let answer = api
        .read("GetObjectTagging", |s3| {
            s3.get_object_tagging()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .key(key)
                .set_version_id(named(version))
                .send()
        })
        .await?;
    let tags = answer.tag_set.into_iter();
    Ok(tags.map(|tag| (tag.key, tag.value)).collect())
}

/// A bucket without versioning deletes the object itself and answers no version ID.
pub(crate) async fn put_delete_marker(api: &BucketApi<'_>, key: &str) -> Result<String, Failure> {
    let answer = api
        .write("DeleteObject", |s3| {
            s3.delete_object()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .key(key)
                .send()
        })
        .await?;
    Ok(answer.version_id.unwrap_or_else(|| "null".to_owned()))
}

/// S3 writes COMPLETED where it models COMPLETE, too (BC:s3 ReplicationStatus).
fn replication(status: &ReplicationStatus) -> Replication {
    match status.as_str() {
        "PENDING" => Replication::Pending,
        "COMPLETE" | "COMPLETED" => Replication::Completed,
        "FAILED" => Replication::Failed,
        "REPLICA" => Replication::Replica,
        other => Replication::Other(other.to_owned()),
    }
}

/// Keys come sorted, so the key itself comes first among those that begin with it, and the first other key ends the
/// search.
pub(crate) async fn versions(
    api: &BucketApi<'_>,
    key: &str,
) -> Result<Vec<ListedVersion>, Failure> {
    let mut versions = Vec::new();
    let mut markers = None;
    let mut pages = Pages::default();
    loop {
        let Some(page) = page(api, key, markers).await? else {
            return Ok(versions);
        };
        let found = of_key(&page, key);
        versions.extend(found.versions);
        markers = pages
            .next(found.more, found.next)
            .map_err(|endless| api.unreadable("ListObjectVersions", endless))?;
        if markers.is_none() {
            return Ok(versions);
        }
    }
}

type Markers = (String, Option<String>);

async fn page(
    api: &BucketApi<'_>,
    key: &str,
    markers: Option<Markers>,
) -> Result<Option<ListObjectVersionsOutput>, Failure> {
    let (key_marker, version_id_marker) = markers.unzip();
    let version_id_marker = version_id_marker.flatten();
    part(
        api,
        api.read("ListObjectVersions", |s3| {
            s3.list_object_versions()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .prefix(key)
                // Keys may hold characters that XML cannot (BC:s3 ListObjectVersions encoding-type).
                .encoding_type(EncodingType::Url)
                .set_key_marker(key_marker.clone())
                .set_version_id_marker(version_id_marker.clone())
                .send()
        })
        .await,
    )
    .await
}

struct Found {
    versions: Vec<ListedVersion>,
    /// Whether versions of the key may be on the next page.
    more: bool,
    /// Where that begins.
    next: Option<Markers>,
}

fn of_key(page: &ListObjectVersionsOutput, key: &str) -> Found {
    let listed = |version: Option<&str>, owner: Option<&Owner>, is_delete_marker| {
        Some(ListedVersion {
            version: version?.to_owned(),
            is_delete_marker,
            owner: owner.and_then(Owner::id).map(str::to_owned),
        })
    };
    let versions = page.versions().iter().map(|version| {
        let of = listed(version.version_id(), version.owner(), false);
        (version.key(), of)
    });
    let markers = page.delete_markers().iter().map(|marker| {
        let of = listed(marker.version_id(), marker.owner(), true);
        (marker.key(), of)
    });
    let mut found = Vec::new();
    let mut past = false;
    for (name, version) in versions.chain(markers) {
        if decoded(name.unwrap_or_default()) == key {
            found.extend(version);
        } else {
            past = true;
        }
    }
    let more = !past && page.is_truncated().unwrap_or(false);
    Found {
        versions: found,
        more,
        next: page.next_key_marker().map(|marker| {
            (
                decoded(marker),
                page.next_version_id_marker().map(str::to_owned),
            )
        }),
    }
}

/// Undoes S3's encoding of keys, which is that of forms: a space is `+`, a plus `%2B`.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

pub(crate) async fn delete(api: &BucketApi<'_>, key: &str, version: &str) -> Result<(), Failure> {
    gone(
        api.write("DeleteObject", |s3| {
            s3.delete_object()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .key(key)
                .version_id(version)
                .send()
        })
        .await,
    )
}
