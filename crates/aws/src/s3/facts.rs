//! Facts about a bucket that are only read: Object Lock, who pays, lifecycle.

use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule, Payer};
use s3ferry_core::model::kinds::{Lifecycle, ObjectLock, RequestPayment};

use super::{BucketApi, part};
use crate::failure::Failure;

pub(crate) async fn object_lock(api: &BucketApi<'_>) -> Result<Option<ObjectLock>, Failure> {
    let answer = api
        .read("GetObjectLockConfiguration", |s3| {
            s3.get_object_lock_configuration()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    let answer = part(api, answer).await?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let configuration = answer
        .object_lock_configuration
        .ok_or_else(|| api.empty("GetObjectLockConfiguration"))?;
    let rule = configuration.rule();
    Ok(Some(ObjectLock {
        default_retention: rule.is_some_and(|rule| rule.default_retention().is_some()),
    }))
}

pub(crate) async fn request_payment(
    api: &BucketApi<'_>,
) -> Result<Option<RequestPayment>, Failure> {
    let answer = part(
        api,
        api.read("GetBucketRequestPayment", |s3| {
            s3.get_bucket_request_payment()
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
    match answer.payer() {
        Some(Payer::BucketOwner) => Ok(Some(RequestPayment::BucketOwner)),
        Some(Payer::Requester) => Ok(Some(RequestPayment::Requester)),
        None => Err(api.empty("GetBucketRequestPayment")),
        Some(other) => Err(api.unknown("GetBucketRequestPayment", "payer", other.as_str())),
    }
}

pub(crate) async fn lifecycle(api: &BucketApi<'_>) -> Result<Option<Lifecycle>, Failure> {
    let answer = api
        .read("GetBucketLifecycleConfiguration", |s3| {
            s3.get_bucket_lifecycle_configuration()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    let answer = part(api, answer).await?;
    Ok(answer.map(|answer| Lifecycle {
        expires_current: enabled(answer.rules(), expires_current),
        expires_noncurrent: enabled(answer.rules(), |rule| {
            rule.noncurrent_version_expiration().is_some()
        }),
    }))
}

fn enabled(rules: &[LifecycleRule], which: impl Fn(&LifecycleRule) -> bool) -> u32 {
    let count = rules
        .iter()
        .filter(|rule| *rule.status() == ExpirationStatus::Enabled && which(rule))
        .count();
    // S3 takes at most 1,000 rules.
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Removing expired delete markers is not the expiration of a current version.
fn expires_current(rule: &LifecycleRule) -> bool {
    rule.expiration()
        .is_some_and(|expiration| expiration.days().is_some() || expiration.date().is_some())
}
