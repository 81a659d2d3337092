//! Which calls bring which target to what a document says: the fewest that do.

use s3ferry_core::ids::RoleName;
use s3ferry_core::model::kinds::{Bucket, Role};
use s3ferry_core::model::{BucketPart, Document, Kind, RolePart};
use s3ferry_engine::ports::WriteChange;

use crate::failure::Failure;
use crate::iam::{IamApi, policies, role};
use crate::s3::{BucketApi, bucket, policy, replication, settings, tags};

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
        (other, after) => Err(api.refused("Write", misfit(Kind::Bucket(other), after))),
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

/// Writes a part of a role.
pub(crate) async fn role_part(
    api: &IamApi<'_>,
    name: &RoleName,
    part: RolePart,
    change: WriteChange<'_>,
) -> Result<(), Failure> {
    match (part, change.after) {
        (RolePart::Itself, Some(Document::Role(after))) => {
            kept(api, name, change.before, after).await
        }
        (RolePart::Itself, None) => role::delete(api, name).await,
        (RolePart::Policy, Some(Document::RolePolicy(after))) => {
            policies::put(api, name, after).await
        }
        (RolePart::Policy, None) => policies::delete(api, name).await,
        (other, after) => Err(api.refused("Write", misfit(Kind::Role(other), after))),
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

fn misfit(kind: Kind, after: Option<&Document>) -> String {
    match after {
        Some(document) if document.kind() != kind => {
            format!(
                "a {} cannot hold a {}",
                kind.facts().name,
                document.kind().facts().name
            )
        }
        _ => format!("{} is only read in this version", kind.facts().name),
    }
}
