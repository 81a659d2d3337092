//! A bucket's settings: versioning, default encryption, ownership controls, public access block.

use std::collections::BTreeSet;

use aws_sdk_s3::types::{
    BlockedEncryptionTypes, BucketVersioningStatus, EncryptionType, MfaDeleteStatus,
    ObjectOwnership as SdkOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use s3ferry_core::model::kinds::{
    BucketEncryption, ObjectOwnership, PublicAccessBlock, Versioning, VersioningStatus,
};

use super::{BucketApi, gone, part};
use crate::failure::Failure;

pub(crate) async fn read_versioning(api: &BucketApi<'_>) -> Result<Option<Versioning>, Failure> {
    let answer = part(
        api,
        api.read("GetBucketVersioning", |s3| {
            s3.get_bucket_versioning()
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
    let status = match answer.status() {
        None => VersioningStatus::Never,
        Some(BucketVersioningStatus::Enabled) => VersioningStatus::Enabled,
        Some(BucketVersioningStatus::Suspended) => VersioningStatus::Suspended,
        Some(other) => {
            return Err(api.unknown("GetBucketVersioning", "versioning status", other.as_str()));
        }
    };
    let mfa_delete = answer.mfa_delete() == Some(&MfaDeleteStatus::Enabled);
    Ok(Some(Versioning { status, mfa_delete }))
}

/// Sets the state. MFA Delete needs the root user's device with each call and is left alone.
pub(crate) async fn put_versioning(
    api: &BucketApi<'_>,
    wanted: &Versioning,
) -> Result<(), Failure> {
    let Versioning {
        status,
        mfa_delete: _,
    } = wanted;
    let status = match status {
        VersioningStatus::Enabled => BucketVersioningStatus::Enabled,
        VersioningStatus::Suspended => BucketVersioningStatus::Suspended,
        VersioningStatus::Never => {
            let detail = "versioning can be suspended, but a bucket never goes back to none";
            return Err(api.refused("PutBucketVersioning", detail));
        }
    };
    let configuration = VersioningConfiguration::builder().status(status).build();
    api.write("PutBucketVersioning", |s3| {
        s3.put_bucket_versioning()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .versioning_configuration(configuration)
            .send()
    })
    .await
    .map(drop)
}

pub(crate) async fn read_encryption(
    api: &BucketApi<'_>,
) -> Result<Option<BucketEncryption>, Failure> {
    let answer = api
        .read("GetBucketEncryption", |s3| {
            s3.get_bucket_encryption()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    let answer = part(api, answer).await?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let configuration = answer.server_side_encryption_configuration;
    let rule = configuration.as_ref().and_then(|of| of.rules().first());
    let rule = rule.ok_or_else(|| api.empty("GetBucketEncryption"))?;
    Ok(Some(encryption(rule)))
}

/// A bucket has one encryption rule (BC:s3 ServerSideEncryptionConfiguration).
fn encryption(rule: &ServerSideEncryptionRule) -> BucketEncryption {
    let default = rule.apply_server_side_encryption_by_default();
    let blocked = rule
        .blocked_encryption_types()
        .map(BlockedEncryptionTypes::encryption_type);
    BucketEncryption {
        algorithm: default
            .map(|of| of.sse_algorithm().as_str().to_owned())
            .unwrap_or_default(),
        key: default
            .and_then(|of| of.kms_master_key_id())
            .map(str::to_owned),
        bucket_key: rule.bucket_key_enabled().unwrap_or(false),
        blocked: blocked
            .unwrap_or_default()
            .iter()
            .map(|blocked| blocked.as_str().to_owned())
            .collect(),
    }
}

pub(crate) async fn put_encryption(
    api: &BucketApi<'_>,
    wanted: &BucketEncryption,
) -> Result<(), Failure> {
    let BucketEncryption {
        algorithm,
        key,
        bucket_key,
        blocked,
    } = wanted;
    let invalid = |error| api.invalid("PutBucketEncryption", error);
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(algorithm.as_str()))
        .set_kms_master_key_id(key.clone())
        .build()
        .map_err(invalid)?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(*bucket_key)
        .set_blocked_encryption_types(blocked_types(blocked))
        .build();
    let configuration = ServerSideEncryptionConfiguration::builder()
        .rules(rule)
        .build()
        .map_err(invalid)?;
    api.write("PutBucketEncryption", |s3| {
        s3.put_bucket_encryption()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .server_side_encryption_configuration(configuration)
            .send()
    })
    .await
    .map(drop)
}

fn blocked_types(blocked: &BTreeSet<String>) -> Option<BlockedEncryptionTypes> {
    let types: Vec<_> = blocked
        .iter()
        .map(|word| EncryptionType::from(word.as_str()))
        .collect();
    (!types.is_empty()).then(|| {
        BlockedEncryptionTypes::builder()
            .set_encryption_type(Some(types))
            .build()
    })
}

/// Sets the bucket back to S3's own default, SSE-S3; a bucket without default encryption no longer exists
/// (BC:s3 DeleteBucketEncryption).
pub(crate) async fn delete_encryption(api: &BucketApi<'_>) -> Result<(), Failure> {
    gone(
        api.write("DeleteBucketEncryption", |s3| {
            s3.delete_bucket_encryption()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await,
    )
}

pub(crate) async fn read_ownership(
    api: &BucketApi<'_>,
) -> Result<Option<ObjectOwnership>, Failure> {
    let answer = api
        .read("GetBucketOwnershipControls", |s3| {
            s3.get_bucket_ownership_controls()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    let answer = part(api, answer).await?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let controls = answer.ownership_controls;
    let rule = controls.as_ref().and_then(|of| of.rules().first());
    let rule = rule.ok_or_else(|| api.empty("GetBucketOwnershipControls"))?;
    let word = rule.object_ownership().as_str();
    Ok(Some(ObjectOwnership::parse(word)))
}

pub(crate) async fn put_ownership(
    api: &BucketApi<'_>,
    wanted: &ObjectOwnership,
) -> Result<(), Failure> {
    let invalid = |error| api.invalid("PutBucketOwnershipControls", error);
    let rule = OwnershipControlsRule::builder()
        .object_ownership(SdkOwnership::from(wanted.as_str()))
        .build()
        .map_err(invalid)?;
    let controls = OwnershipControls::builder()
        .rules(rule)
        .build()
        .map_err(invalid)?;
    api.write("PutBucketOwnershipControls", |s3| {
        s3.put_bucket_ownership_controls()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .ownership_controls(controls)
            .send()
    })
    .await
    .map(drop)
}

pub(crate) async fn delete_ownership(api: &BucketApi<'_>) -> Result<(), Failure> {
    let answer = api
        .write("DeleteBucketOwnershipControls", |s3| {
            s3.delete_bucket_ownership_controls()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    gone(answer)
}

pub(crate) async fn read_public_access(
    api: &BucketApi<'_>,
) -> Result<Option<PublicAccessBlock>, Failure> {
    let answer = api
        .read("GetPublicAccessBlock", |s3| {
            s3.get_public_access_block()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    let answer = part(api, answer).await?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let block = answer
        .public_access_block_configuration
        .ok_or_else(|| api.empty("GetPublicAccessBlock"))?;
    Ok(Some(PublicAccessBlock {
        block_public_acls: block.block_public_acls().unwrap_or(false),
        ignore_public_acls: block.ignore_public_acls().unwrap_or(false),
        block_public_policy: block.block_public_policy().unwrap_or(false),
        restrict_public_buckets: block.restrict_public_buckets().unwrap_or(false),
    }))
}

pub(crate) async fn put_public_access(
    api: &BucketApi<'_>,
    wanted: PublicAccessBlock,
) -> Result<(), Failure> {
    let PublicAccessBlock {
        block_public_acls,
        ignore_public_acls,
        block_public_policy,
        restrict_public_buckets,
    } = wanted;
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(block_public_acls)
        .ignore_public_acls(ignore_public_acls)
        .block_public_policy(block_public_policy)
        .restrict_public_buckets(restrict_public_buckets)
        .build();
    api.write("PutPublicAccessBlock", |s3| {
        s3.put_public_access_block()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .public_access_block_configuration(block)
            .send()
    })
    .await
    .map(drop)
}

pub(crate) async fn delete_public_access(api: &BucketApi<'_>) -> Result<(), Failure> {
    let answer = api
        .write("DeletePublicAccessBlock", |s3| {
            s3.delete_public_access_block()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    gone(answer)
}
