//! Which call reads which part of a bucket.

use s3ferry_core::model::{BucketPart, Document};

use super::{
    BucketApi, bucket, facts, inventory, logging, notification, policy, replication, settings, tags,
};
use crate::failure::Failure;

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
        BucketPart::Logging => logging::read(api).await?.map(Document::Logging),
        BucketPart::Inventory => inventory::read(api).await?.map(Document::Inventories),
        BucketPart::Notifications => notification::read(api).await?.map(Document::Notifications),
    })
}
