//! A bucket's tags.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{Tag, Tagging};

use super::{BucketApi, gone};
use crate::answer::nothing::{absent, says_no_bucket};
use crate::failure::Failure;

/// An existing bucket without tags holds an empty set; `None` only where there is no bucket.
///
/// That there is no bucket is believed here without its HEAD: nothing is written over for it, since what would make the bucket
/// looks for the bucket itself first, and takes none for its own that lacks our tags.
pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<BTreeMap<String, String>>, Failure> {
    let answer = api
        .read("GetBucketTagging", |s3| {
            s3.get_bucket_tagging()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    match answer {
        Err(failure) if says_no_bucket(&failure) => Ok(None),
        answer => {
            let answer = absent(answer)?;
            Ok(Some(answer.map_or_else(BTreeMap::new, |answer| {
                from_sdk(answer.tag_set())
            })))
        }
    }
}

/// Replaces the whole set. Tags of AWS's own (`aws:`) are sent back as they were read: a set without them is refused
/// (TF bucket.go keeps them too).
pub(crate) async fn put(
    api: &BucketApi<'_>,
    tags: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    if tags.is_empty() {
        return delete(api).await;
    }
    let tag_set = to_sdk(api, "PutBucketTagging", tags)?;
    let tagging = Tagging::builder().set_tag_set(Some(tag_set)).build();
    let tagging = tagging.map_err(|error| api.invalid("PutBucketTagging", error))?;
    api.write("PutBucketTagging", |s3| {
        s3.put_bucket_tagging()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .tagging(tagging)
            .send()
    })
    .await
    .map(drop)
}

pub(crate) async fn delete(api: &BucketApi<'_>) -> Result<(), Failure> {
    gone(
        api.write("DeleteBucketTagging", |s3| {
            s3.delete_bucket_tagging()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await,
    )
}

fn from_sdk(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

pub(super) fn to_sdk(
    api: &BucketApi<'_>,
    operation: &'static str,
    tags: &BTreeMap<String, String>,
) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter()
        .map(tag)
        .collect::<Result<_, _>>()
        .map_err(|error| api.invalid(operation, error))
}
