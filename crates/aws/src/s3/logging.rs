//! A bucket's server access logging.

use aws_sdk_s3::types::{
    BucketLoggingStatus, BucketLogsPermission, Grantee, LoggingEnabled, PartitionDateSource,
    PartitionedPrefix, SimplePrefix, TargetGrant, TargetObjectKeyFormat, Type,
};
use s3ferry_core::model::kinds::{BucketLogging, LogGrant, LogKeys};

use super::{BucketApi, gone, part};
use crate::failure::Failure;

/// A bucket that is not logged answers an empty status (BC:s3 GetBucketLogging).
pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<BucketLogging>, Failure> {
    let answer = api
        .read("GetBucketLogging", |s3| {
            s3.get_bucket_logging()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    let answer = part(api, answer).await?;
    let enabled = answer.and_then(|answer| answer.logging_enabled);
    enabled.map(|enabled| logging(api, &enabled)).transpose()
}

fn logging(api: &BucketApi<'_>, enabled: &LoggingEnabled) -> Result<BucketLogging, Failure> {
    if enabled.target_bucket().is_empty() {
        return Err(api.unreadable("GetBucketLogging", "logs go to no bucket"));
    }
    Ok(BucketLogging {
        bucket: enabled.target_bucket().to_owned(),
        prefix: enabled.target_prefix().to_owned(),
        keys: match enabled.target_object_key_format() {
            None => None,
            Some(format) => Some(keys(api, format)?),
        },
        grants: enabled.target_grants().iter().map(grant).collect(),
    })
}

fn keys(api: &BucketApi<'_>, format: &TargetObjectKeyFormat) -> Result<LogKeys, Failure> {
    match (format.simple_prefix(), format.partitioned_prefix()) {
        (_, Some(partitioned)) => {
            let date = partitioned.partition_date_source();
            Ok(LogKeys::Partitioned(
                date.map(|date| date.as_str().to_owned()),
            ))
        }
        (Some(_), None) => Ok(LogKeys::Simple),
        (None, None) => Err(api.unreadable("GetBucketLogging", "it names no format of keys")),
    }
}

fn grant(grant: &TargetGrant) -> LogGrant {
    let grantee = grant.grantee();
    let some = |text: Option<&str>| text.map(str::to_owned);
    LogGrant {
        kind: grantee
            .map(|of| of.r#type().as_str().to_owned())
            .unwrap_or_default(),
        id: some(grantee.and_then(Grantee::id)),
        uri: some(grantee.and_then(Grantee::uri)),
        email: some(grantee.and_then(Grantee::email_address)),
        permission: grant.permission().map(|of| of.as_str().to_owned()),
    }
}

pub(crate) async fn put(api: &BucketApi<'_>, wanted: &BucketLogging) -> Result<(), Failure> {
    let BucketLogging {
        bucket,
        prefix,
        keys,
        grants,
    } = wanted;
    let grants: Vec<TargetGrant> = grants
        .iter()
        .map(|grant| sdk_grant(api, grant))
        .collect::<Result<_, _>>()?;
    let enabled = LoggingEnabled::builder()
        .target_bucket(bucket)
        .target_prefix(prefix)
        .set_target_grants(Some(grants).filter(|grants| !grants.is_empty()))
        .set_target_object_key_format(keys.as_ref().map(sdk_keys))
        .build()
        .map_err(|error| api.invalid("PutBucketLogging", error))?;
    write(api, Some(enabled)).await
}

/// Takes logging away: an empty status (BC:s3 PutBucketLogging).
pub(crate) async fn delete(api: &BucketApi<'_>) -> Result<(), Failure> {
    gone(write(api, None).await)
}

async fn write(api: &BucketApi<'_>, enabled: Option<LoggingEnabled>) -> Result<(), Failure> {
    let status = BucketLoggingStatus::builder()
        .set_logging_enabled(enabled)
        .build();
    api.write("PutBucketLogging", |s3| {
        s3.put_bucket_logging()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .bucket_logging_status(status)
            .send()
    })
    .await
    .map(drop)
}

fn sdk_keys(keys: &LogKeys) -> TargetObjectKeyFormat {
    let format = TargetObjectKeyFormat::builder();
    match keys {
        LogKeys::Simple => format.simple_prefix(SimplePrefix::builder().build()),
        LogKeys::Partitioned(date) => {
            let date = date.as_deref().map(PartitionDateSource::from);
            let partitioned = PartitionedPrefix::builder().set_partition_date_source(date);
            format.partitioned_prefix(partitioned.build())
        }
    }
    .build()
}

fn sdk_grant(api: &BucketApi<'_>, grant: &LogGrant) -> Result<TargetGrant, Failure> {
    let LogGrant {
        kind,
        id,
        uri,
        email,
        permission,
    } = grant;
    let grantee = Grantee::builder()
        .r#type(Type::from(kind.as_str()))
        .set_id(id.clone())
        .set_uri(uri.clone())
        .set_email_address(email.clone())
        .build()
        .map_err(|error| api.invalid("PutBucketLogging", error))?;
    Ok(TargetGrant::builder()
        .grantee(grantee)
        .set_permission(permission.as_deref().map(BucketLogsPermission::from))
        .build())
}
