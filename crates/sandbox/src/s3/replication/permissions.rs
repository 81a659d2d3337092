//! What the replication role must be allowed, action by action.
//!
//! Sources: UG:setting-repl-config-perm-overview (the role's policy), UG:replication-change-owner,
//! UG:replication-config-for-kms-objects; reasons are those of UG:replication-failure-codes. Where
//! no AWS text says which reason a missing action gives, the nearest is taken: unverified.

use crate::authority::Caller;
use crate::s3::rules::keys::{Place, ask};
use crate::s3::rules::target::{Context, Target};
use crate::s3::state::version::Encryption;
use crate::s3::state::world::Store;
use crate::vault::Unusable;

/// Why a version failed, as AWS names it.
pub(crate) type Reason = &'static str;

/// The role at work on one version.
pub(crate) struct Actor<'a> {
    pub(crate) store: &'a Store,
    pub(crate) role: Caller,
    pub(crate) source: &'a Target,
    pub(crate) destination: &'a Target,
    pub(crate) key: &'a str,
}

/// S3 assumes the role for the transfer.
pub(crate) fn assume(store: &Store, role: &str) -> Result<Caller, Reason> {
    let authority = &store.environment.authority;
    let assumed = authority.assume_as_service("s3.amazonaws.com", role);
    assumed.map_err(|_| "AssumeRoleNotPermitted")
}

impl Actor<'_> {
    /// What every kind of work needs at the source.
    pub(crate) fn reads_configuration(&self) -> Result<(), Reason> {
        self.source(
            "s3:GetReplicationConfiguration",
            false,
            "SrcBucketReplicationConfigMissing",
        )
    }

    /// "s3:ListBucket ... required for accessing delete markers".
    pub(crate) fn reads_marker(&self) -> Result<(), Reason> {
        self.source("s3:ListBucket", false, "SrcHeadObjectNotPermitted")
    }

    /// GetObjectVersion does for objects that no KMS key protects.
    pub(crate) fn reads_object(&self, encryption: &Encryption) -> Result<(), Reason> {
        let reason = "SrcGetObjectNotPermitted";
        let read = self.source("s3:GetObjectVersionForReplication", true, reason);
        if matches!(encryption, Encryption::Kms { .. }) {
            return read;
        }
        read.or_else(|_| self.source("s3:GetObjectVersion", true, reason))
    }

    /// The ACL is read with every object.
    pub(crate) fn reads_acl(&self) -> Result<(), Reason> {
        self.source("s3:GetObjectVersionAcl", true, "SrcGetAclNotPermitted")
    }

    /// Without it objects replicate without their tags.
    pub(crate) fn reads_tags(&self) -> bool {
        self.source(
            "s3:GetObjectVersionTagging",
            true,
            "SrcGetTaggingNotPermitted",
        )
        .is_ok()
    }

    /// Retention and legal hold of a source with Object Lock (UG26:replication-requirements).
    pub(crate) fn reads_lock(&self) -> Result<(), Reason> {
        self.source("s3:GetObjectRetention", true, "SrcGetObjectNotPermitted")?;
        self.source("s3:GetObjectLegalHold", true, "SrcGetObjectNotPermitted")
    }

    /// The replica itself.
    pub(crate) fn writes_object(&self) -> Result<(), Reason> {
        self.destination("s3:ReplicateObject", "DstPutObjectNotPermitted")
    }

    /// Tags of the replica (R:s3-troubleshoot-cross-account-replication).
    pub(crate) fn writes_tags(&self) -> Result<(), Reason> {
        self.destination("s3:ReplicateTags", "DstPutTaggingNotPermitted")
    }

    /// A delete marker.
    pub(crate) fn writes_marker(&self) -> Result<(), Reason> {
        self.destination("s3:ReplicateDelete", "DstDelObjNotPermitted")
    }

    /// Ownership of the replica, unless the bucket enforces it.
    pub(crate) fn overrides_owner(&self) -> Result<(), Reason> {
        self.destination(
            "s3:ObjectOwnerOverrideToBucketOwner",
            "DstPutAclNotPermitted",
        )
    }

    /// Reading under the source's key.
    pub(crate) fn decrypts(&self, key: &str, bucket_key: bool) -> Result<(), Reason> {
        self.key("kms:Decrypt", self.source, (key, bucket_key))
            .map_err(|unusable| match unusable {
                Unusable::Denied(_) => "SrcGetObjectNotPermitted",
                // AWS has no reason for a key that is not there (UG:replication-failure-codes).
                Unusable::NotFound(_)
                | Unusable::Disabled(_)
                | Unusable::InvalidState(_)
                | Unusable::InvalidUsage(_) => "SrcKmsKeyInvalidState",
            })
    }

    /// Writing under the replica's key what was under a key before: "GenerateDataKey and Encrypt"
    /// are the least for the destination's key (UG26:replication-troubleshoot).
    pub(crate) fn encrypts_again(&self, key: &str, bucket_key: bool) -> Result<(), Reason> {
        let mut actions = vec!["kms:Encrypt", "kms:GenerateDataKey"];
        if bucket_key {
            // The bucket key is checked for integrity ("S3 Bucket Keys and replication").
            actions.push("kms:Decrypt");
        }
        let ask = |action| self.key(action, self.destination, (key, bucket_key));
        actions
            .into_iter()
            .try_for_each(ask)
            .map_err(|unusable| match unusable {
                Unusable::Denied(_) => "DstPutObjectNotPermitted",
                Unusable::NotFound(_) => "DstKmsKeyNotFound",
                Unusable::Disabled(_) | Unusable::InvalidState(_) | Unusable::InvalidUsage(_) => {
                    "DstKmsKeyInvalidState"
                }
            })
    }

    fn source(&self, action: &str, on_object: bool, reason: Reason) -> Result<(), Reason> {
        let key = on_object.then_some(self.key);
        self.ask(self.source, action, key).map_err(|()| reason)
    }

    fn destination(&self, action: &str, reason: Reason) -> Result<(), Reason> {
        self.ask(self.destination, action, Some(self.key))
            .map_err(|()| reason)
    }

    fn ask(&self, target: &Target, action: &str, key: Option<&str>) -> Result<(), ()> {
        // What the request would have beyond that, as `s3:authType`, no page says.
        let context = Context::new();
        target
            .authorize(self.store, &self.role, action, key, &context)
            .map_err(|_| ())
    }

    /// Asks KMS as the role, through S3 of the bucket's Region.
    fn key(&self, action: &str, bucket: &Target, key: (&str, bool)) -> Result<(), Unusable> {
        let place = Place {
            bucket: &bucket.name,
            region: &bucket.region,
            key: self.key,
        };
        ask(self.store, &self.role, place, key, action)
    }
}
