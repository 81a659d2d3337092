//! What a replication rule asks to be allowed: in words of the rule, before any policy.

use super::area::Area;
use super::destination::ReplicaAccess;
use crate::ids::{Arn, BucketName, Region};
use crate::spec::DeleteMarkers;

/// What one replication rule asks of the replication role.
///
/// Storage class and tag filters ask for nothing: they change where a replica lies and which objects are
/// replicated, not what S3 does with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleAccess {
    /// The bucket that is read.
    pub source_bucket: BucketName,
    /// Its Region.
    pub source_region: Region,
    /// Whether Object Lock is enabled on it.
    pub source_object_lock: bool,
    /// The bucket that is written.
    pub destination_bucket: BucketName,
    /// Its Region.
    pub destination_region: Region,
    /// The rule's prefix; empty for all objects.
    pub prefix: String,
    /// Whether delete markers replicate.
    pub delete_markers: DeleteMarkers,
    /// Whether replicas change their owner.
    pub owner_override: bool,
    /// The keys of SSE-KMS objects, where these replicate.
    pub kms: Option<KmsAccess>,
    /// The key of the destination's default encryption, where that is SSE-KMS.
    pub destination_default_key: Option<Arn>,
    /// Whether the destination uses S3 Bucket Keys.
    pub destination_bucket_keys: BucketKeys,
}

/// The keys of a rule that replicates SSE-KMS objects; key ARNs, since policies can't name a key by alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsAccess {
    /// The keys that source objects are encrypted with.
    pub source_keys: Vec<Arn>,
    /// The key that replicas are encrypted with.
    pub replica_key: Arn,
}

/// Whether a bucket uses S3 Bucket Keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketKeys {
    /// It does: S3 decrypts the bucket key to check it (UG:replication-config-for-kms-objects).
    Used,
    /// It doesn't.
    Unused,
}

impl RuleAccess {
    pub(super) fn source_area(&self) -> Area {
        Area {
            bucket: self.source_bucket.clone(),
            prefix: self.prefix.clone(),
        }
    }

    pub(super) fn destination_area(&self) -> Area {
        Area {
            bucket: self.destination_bucket.clone(),
            prefix: self.prefix.clone(),
        }
    }

    /// What the rule asks of the destination bucket's policy.
    #[must_use]
    pub fn replica_access(&self) -> ReplicaAccess {
        ReplicaAccess {
            prefix: self.prefix.clone(),
            delete_markers: self.delete_markers,
            owner_override: self.owner_override,
        }
    }
}
