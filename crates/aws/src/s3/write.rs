//! Which calls bring a part of a bucket to what a document says: the fewest that do.

use s3ferry_core::model::kinds::{Bucket, Inventories, Notifications};
use s3ferry_core::model::{BucketPart, Document, Kind};
use s3ferry_engine::ports::WriteChange;

use super::{
    BucketApi, bucket, inventory, logging, notification, policy, replication, settings, tags,
};
use crate::failure::Failure;

/// Writes a part of a bucket.
pub(crate) async fn bucket_part(
    api: &BucketApi<'_>,
    part: BucketPart,
    change: WriteChange<'_>,
) -> Result<(), Failure> {
    match (part, change.after) {
        (BucketPart::Itself, Some(Document::Bucket(after))) => {
            made(api, change.before, after).await
        }
        (BucketPart::Itself, None) => {
            Err(api.refused("DeleteBucket", "buckets are not deleted in this version"))
        }
        (BucketPart::Tags, Some(Document::Tags(after))) => tags::put(api, after).await,
        (BucketPart::Tags, None) => tags::delete(api).await,
        (BucketPart::Versioning, Some(Document::Versioning(after))) => {
            settings::put_versioning(api, after).await
        }
        (BucketPart::Versioning, None) => Err(api.refused(
            "PutBucketVersioning",
            "a bucket always has a versioning state",
        )),
        (BucketPart::Encryption, Some(Document::Encryption(after))) => {
            settings::put_encryption(api, after).await
        }
        (BucketPart::Encryption, None) => settings::delete_encryption(api).await,
        (BucketPart::Ownership, Some(Document::Ownership(after))) => {
            settings::put_ownership(api, after).await
        }
        (BucketPart::Ownership, None) => settings::delete_ownership(api).await,
        (BucketPart::PublicAccess, Some(Document::PublicAccess(after))) => {
            settings::put_public_access(api, *after).await
        }
        (BucketPart::PublicAccess, None) => settings::delete_public_access(api).await,
        (BucketPart::Policy, Some(Document::BucketPolicy(after))) => policy::put(api, after).await,
        (BucketPart::Policy, None) => policy::delete(api).await,
        (BucketPart::Replication, Some(Document::Replication(after))) => {
            replication::put(api, after).await
        }
        (BucketPart::Replication, None) => replication::delete(api).await,
        (BucketPart::Logging, Some(Document::Logging(after))) => logging::put(api, after).await,
        (BucketPart::Logging, None) => logging::delete(api).await,
        (BucketPart::Inventory, Some(Document::Inventories(after))) => {
            inventory::write(api, inventories(change.before), after).await
        }
        (BucketPart::Inventory, None) => {
            inventory::write(api, inventories(change.before), &Inventories::new()).await
        }
        (BucketPart::Notifications, Some(Document::Notifications(after))) => {
            notification::put(api, after).await
        }
        // There is no call to delete one: an empty one takes its place (BC:s3 PutBucketNotificationConfiguration).
        (BucketPart::Notifications, None) => {
            notification::put(api, &Notifications::default()).await
        }
        (other, after) => Err(api.misfit(Kind::Bucket(other), after)),
    }
}

const fn inventories(document: Option<&Document>) -> Option<&Inventories> {
    match document {
        Some(Document::Inventories(held)) => Some(held),
        _ => None,
    }
}

/// Makes the bucket, unless it was there before: nothing of it can be changed.
async fn made(
    api: &BucketApi<'_>,
    before: Option<&Document>,
    after: &Bucket,
) -> Result<(), Failure> {
    match before {
        Some(Document::Bucket(before)) if before.region == after.region => Ok(()),
        _ => bucket::create(api, after).await,
    }
}
