//! Which call reads which target.

use s3ferry_core::model::{Document, Target};

use crate::failure::Failure;
use crate::iam::{IamApi, policies, role};
use crate::s3::{BucketApi, bucket, facts, policy, replication, settings, tags};

/// Reads a target that is a part of a bucket.
pub(crate) async fn bucket_part(
    api: &BucketApi<'_>,
    target: &Target,
) -> Result<Option<Document>, Failure> {
    Ok(match target {
        Target::Bucket(_) => bucket::read(api).await?.map(Document::Bucket),
        Target::Tags(_) => tags::read(api).await?.map(Document::Tags),
        Target::Versioning(_) => settings::read_versioning(api)
            .await?
            .map(Document::Versioning),
        Target::Encryption(_) => settings::read_encryption(api)
            .await?
            .map(Document::Encryption),
        Target::Ownership(_) => settings::read_ownership(api)
            .await?
            .map(Document::Ownership),
        Target::PublicAccess(_) => settings::read_public_access(api)
            .await?
            .map(Document::PublicAccess),
        Target::BucketPolicy(_) => policy::read(api).await?.map(Document::BucketPolicy),
        Target::Replication(_) => replication::read(api).await?.map(Document::Replication),
        Target::ObjectLock(_) => facts::object_lock(api).await?.map(Document::ObjectLock),
        Target::RequestPayment(_) => facts::request_payment(api)
            .await?
            .map(Document::RequestPayment),
        Target::Lifecycle(_) => facts::lifecycle(api).await?.map(Document::Lifecycle),
        Target::Roles(_, _) | Target::Role(_) | Target::RolePolicy(_) | Target::RolePolicies(_) => {
            return Err(api.refused("Read", "the target is not a part of a bucket"));
        }
    })
}

/// Reads a target that is in IAM.
pub(crate) async fn iam_part(
    api: &IamApi<'_>,
    target: &Target,
) -> Result<Option<Document>, Failure> {
    Ok(match target {
        Target::Roles(_, _) => Some(Document::Roles(role::list(api).await?)),
        Target::Role(of) => role::read(api, &of.name).await?.map(Document::Role),
        Target::RolePolicy(of) => policies::read(api, &of.name)
            .await?
            .map(Document::RolePolicy),
        Target::RolePolicies(of) => policies::list(api, &of.name)
            .await?
            .map(Document::RolePolicies),
        Target::Bucket(_)
        | Target::Tags(_)
        | Target::Versioning(_)
        | Target::Encryption(_)
        | Target::Ownership(_)
        | Target::PublicAccess(_)
        | Target::BucketPolicy(_)
        | Target::Replication(_)
        | Target::ObjectLock(_)
        | Target::RequestPayment(_)
        | Target::Lifecycle(_) => return Err(api.refused("Read", "the target is not in IAM")),
    })
}
