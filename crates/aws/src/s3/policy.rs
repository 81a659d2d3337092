//! A bucket's policy.

use s3ferry_core::model::kinds::Policy;

use super::{BucketApi, gone, part};
use crate::failure::Failure;

pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<Policy>, Failure> {
    let request = api
        .reads()
        .get_bucket_policy()
        .bucket(api.name())
        .expected_bucket_owner(api.owner());
    let answer = part(
        api.read("GetBucketPolicy", request.send()).await,
        &["NoSuchBucketPolicy"],
    )?;
    Ok(answer.and_then(|answer| answer.policy).map(Policy::read))
}

pub(crate) async fn put(api: &BucketApi<'_>, policy: &Policy) -> Result<(), Failure> {
    let request = api
        .writes()
        .put_bucket_policy()
        .bucket(api.name())
        .expected_bucket_owner(api.owner());
    api.write("PutBucketPolicy", request.policy(policy.text()).send())
        .await
        .map(drop)
}

pub(crate) async fn delete(api: &BucketApi<'_>) -> Result<(), Failure> {
    let request = api
        .writes()
        .delete_bucket_policy()
        .bucket(api.name())
        .expected_bucket_owner(api.owner());
    gone(
        api.write("DeleteBucketPolicy", request.send()).await,
        &["NoSuchBucketPolicy"],
    )
}
