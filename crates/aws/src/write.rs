//! Which calls bring which target to what a document says: the fewest that do.

use s3ferry_core::ids::RoleName;
use s3ferry_core::model::document::{Bucket, Role};
use s3ferry_core::model::{Document, Target};
use s3ferry_engine::ports::WriteChange;

use crate::failure::Failure;
use crate::iam::{IamApi, policies, role};
use crate::s3::{BucketApi, bucket, policy, replication, settings, tags};

/// Writes a target that is a part of a bucket.
pub(crate) async fn bucket_part(
    api: &BucketApi<'_>,
    target: &Target,
    change: WriteChange<'_>,
) -> Result<(), Failure> {
    match (target, change.after) {
        (Target::Bucket(_), Some(Document::Bucket(after))) => made(api, change.before, after).await,
        (Target::Bucket(_), None) => {
            Err(api.refused("DeleteBucket", "buckets are not deleted in this version"))
        }
        (Target::Tags(_), Some(Document::Tags(after))) => tags::put(api, after).await,
        (Target::Tags(_), None) => tags::delete(api).await,
        (Target::Versioning(_), Some(Document::Versioning(after))) => {
            settings::put_versioning(api, after).await
        }
        (Target::Versioning(_), None) => Err(api.refused(
            "PutBucketVersioning",
            "a bucket always has a versioning state",
        )),
        (Target::Encryption(_), Some(Document::Encryption(after))) => {
            settings::put_encryption(api, after).await
        }
        (Target::Encryption(_), None) => settings::delete_encryption(api).await,
        (Target::Ownership(_), Some(Document::Ownership(after))) => {
            settings::put_ownership(api, after).await
        }
        (Target::Ownership(_), None) => settings::delete_ownership(api).await,
        (Target::PublicAccess(_), Some(Document::PublicAccess(after))) => {
            settings::put_public_access(api, *after).await
        }
        (Target::PublicAccess(_), None) => settings::delete_public_access(api).await,
        (Target::BucketPolicy(_), Some(Document::BucketPolicy(after))) => {
            policy::put(api, after).await
        }
        (Target::BucketPolicy(_), None) => policy::delete(api).await,
        (Target::Replication(_), Some(Document::Replication(after))) => {
            replication::put(api, after).await
        }
        (Target::Replication(_), None) => replication::delete(api).await,
        (other, after) => Err(api.refused("Write", misfit(other, after))),
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

/// Writes a target that is in IAM.
pub(crate) async fn iam_part(
    api: &IamApi<'_>,
    target: &Target,
    change: WriteChange<'_>,
) -> Result<(), Failure> {
    match (target, change.after) {
        (Target::Role(of), Some(Document::Role(after))) => {
            kept(api, &of.name, change.before, after).await
        }
        (Target::Role(of), None) => role::delete(api, &of.name).await,
        (Target::RolePolicy(of), Some(Document::RolePolicy(after))) => {
            policies::put(api, &of.name, after).await
        }
        (Target::RolePolicy(of), None) => policies::delete(api, &of.name).await,
        (other, after) => Err(api.refused("Write", misfit(other, after))),
    }
}

async fn kept(
    api: &IamApi<'_>,
    name: &RoleName,
    before: Option<&Document>,
    after: &Role,
) -> Result<(), Failure> {
    match before {
        Some(Document::Role(before)) => role::update(api, name, before, after).await,
        _ => role::create(api, name, after).await,
    }
}

fn misfit(target: &Target, after: Option<&Document>) -> String {
    let kind = target.kind();
    match after {
        Some(document) if document.kind() != kind => {
            format!(
                "a {} cannot hold a {}",
                kind.as_str(),
                document.kind().as_str()
            )
        }
        _ => format!("{} is only read in this version", kind.as_str()),
    }
}
