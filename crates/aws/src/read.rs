//! Which call reads which target.

use s3ferry_core::ids::RoleName;
use s3ferry_core::model::{AccountPart, BucketPart, Document, RolePart};

use crate::failure::Failure;
use crate::iam::{IamApi, policies, role};
use crate::s3::{BucketApi, bucket, facts, policy, replication, settings, tags};

/// Reads a part of a bucket.
pub(crate) async fn bucket_part(
    api: &BucketApi<'_>,
    part: BucketPart,
) -> Result<Option<Document>, Failure> {
    Ok(match part {
        BucketPart::Itself => bucket::read(api).await?.map(Document::Bucket),
        BucketPart::Tags => tags::read(api).await?.map(Document::Tags),
        BucketPart::Versioning => settings::read_versioning(api)
            .await?
            .map(Document::Versioning),
        BucketPart::Encryption => settings::read_encryption(api)
            .await?
            .map(Document::Encryption),
        BucketPart::Ownership => settings::read_ownership(api)
            .await?
            .map(Document::Ownership),
        BucketPart::PublicAccess => settings::read_public_access(api)
            .await?
            .map(Document::PublicAccess),
        BucketPart::Policy => policy::read(api).await?.map(Document::BucketPolicy),
        BucketPart::Replication => replication::read(api).await?.map(Document::Replication),
        BucketPart::ObjectLock => facts::object_lock(api).await?.map(Document::ObjectLock),
        BucketPart::RequestPayment => facts::request_payment(api)
            .await?
            .map(Document::RequestPayment),
        BucketPart::Lifecycle => facts::lifecycle(api).await?.map(Document::Lifecycle),
    })
}

/// Reads a part of an account.
pub(crate) async fn account_part(
    api: &IamApi<'_>,
    part: AccountPart,
) -> Result<Option<Document>, Failure> {
    match part {
        AccountPart::Roles => Ok(Some(Document::Roles(role::list(api).await?))),
    }
}

/// Reads a part of a role.
pub(crate) async fn role_part(
    api: &IamApi<'_>,
    name: &RoleName,
    part: RolePart,
) -> Result<Option<Document>, Failure> {
    Ok(match part {
        RolePart::Itself => role::read(api, name).await?.map(Document::Role),
        RolePart::Policy => policies::read(api, name).await?.map(Document::RolePolicy),
        RolePart::Policies => policies::list(api, name).await?.map(Document::RolePolicies),
    })
}
