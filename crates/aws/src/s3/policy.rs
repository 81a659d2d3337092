//! A bucket's policy.

use s3ferry_core::model::kinds::Policy;

use super::{BucketApi, gone, part};
use crate::failure::Failure;

pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<Policy>, Failure> {
    let answer = part(
        api.read("GetBucketPolicy", |s3| {
            s3.get_bucket_policy()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await,
        &["NoSuchBucketPolicy"],
    )?;
    Ok(answer.and_then(|answer| answer.policy).map(Policy::read))
}

pub(crate) async fn put(api: &BucketApi<'_>, policy: &Policy) -> Result<(), Failure> {
    api.write("PutBucketPolicy", |s3| {
        s3.put_bucket_policy()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .policy(policy.text())
            .send()
    })
    .await
    .map(drop)
}

pub(crate) async fn delete(api: &BucketApi<'_>) -> Result<(), Failure> {
    gone(
        api.write("DeleteBucketPolicy", |s3| {
            s3.delete_bucket_policy()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await,
        &["NoSuchBucketPolicy"],
    )
}
