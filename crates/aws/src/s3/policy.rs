//! A bucket's policy.

use s3ferry_core::model::kinds::Policy;
use s3ferry_core::policy::PolicyDocument;

use super::{BucketApi, gone, part};
use crate::failure::Failure;

pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<Policy>, Failure> {
    let answer = part(
        api,
        api.read("GetBucketPolicy", |s3| {
            s3.get_bucket_policy()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await,
    )
    .await?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let policy = Policy::read(answer.policy.unwrap_or_default());
    if policy.text().trim().is_empty() {
        return Err(api.empty("GetBucketPolicy"));
    }
    // S3 keeps nothing but a JSON object with a statement (BC:s3 PutBucketPolicy, MalformedPolicy).
    let is_object = policy.text().trim_start().starts_with('{');
    if !is_object || policy.document().is_some_and(PolicyDocument::is_empty) {
        return Err(api.unreadable("GetBucketPolicy", "the answer is no policy"));
    }
    Ok(Some(policy))
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
    )
}
