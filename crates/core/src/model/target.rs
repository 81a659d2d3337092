//! Targets: the things that AWS reads and writes whole, and who owns them.

use std::fmt;

use crate::ids::{AccountId, Arn, BucketName, Partition, Region, RoleName};

/// A bucket, with the account and the Region that the spec says it is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketRef {
    /// The account that must own it; sent as expected owner with every call.
    pub account: AccountId,
    /// The Region that it must be in.
    pub region: Region,
    /// Its name.
    pub bucket: BucketName,
}

impl BucketRef {
    /// The bucket's ARN.
    #[must_use]
    pub fn arn(&self) -> Arn {
        self.region.partition().bucket_arn(&self.bucket)
    }
}

/// A role in an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleRef {
    /// The account.
    pub account: AccountId,
    /// The partition, which an account ID does not tell.
    pub partition: Partition,
    /// The role's name, unique in the account whatever its path.
    pub name: RoleName,
}

impl RoleRef {
    /// The role's ARN under a path that begins and ends with `/`.
    #[must_use]
    pub fn arn(&self, path: &str) -> Arn {
        self.partition.role_arn(&self.account, path, &self.name)
    }
}

/// What AWS reads and writes whole.
///
/// Some targets are only read: they tell whether a plan can work, and s3ferry never writes them
/// (see [`TargetKind::is_written`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The bucket itself: whether it exists.
    Bucket(BucketRef),
    /// A bucket's tags.
    Tags(BucketRef),
    /// A bucket's versioning.
    Versioning(BucketRef),
    /// A bucket's default encryption.
    Encryption(BucketRef),
    /// A bucket's ownership controls.
    Ownership(BucketRef),
    /// A bucket's public access block.
    PublicAccess(BucketRef),
    /// A bucket's policy.
    BucketPolicy(BucketRef),
    /// A bucket's replication configuration.
    Replication(BucketRef),
    /// A bucket's Object Lock configuration; read only.
    ObjectLock(BucketRef),
    /// Who pays for requests to a bucket; read only.
    RequestPayment(BucketRef),
    /// A bucket's lifecycle rules; read only.
    Lifecycle(BucketRef),
    /// The roles under s3ferry's path in an account; read only, to find what left the spec.
    Roles(AccountId, Partition),
    /// A role: path, trust policy, tags.
    Role(RoleRef),
    /// The one inline policy of a role that is s3ferry's, [`ROLE_POLICY_NAME`].
    RolePolicy(RoleRef),
    /// The names of all policies of a role; read only.
    RolePolicies(RoleRef),
}

/// The name of the inline policy that s3ferry puts on its roles.
pub const ROLE_POLICY_NAME: &str = "s3ferry";

/// The path that s3ferry's roles are under, half of their ownership marker.
pub const ROLE_PATH: &str = "/s3ferry/";

/// The kind of a target, without which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// [`Target::Bucket`].
    Bucket,
    /// [`Target::Tags`].
    Tags,
    /// [`Target::Versioning`].
    Versioning,
    /// [`Target::Encryption`].
    Encryption,
    /// [`Target::Ownership`].
    Ownership,
    /// [`Target::PublicAccess`].
    PublicAccess,
    /// [`Target::BucketPolicy`].
    BucketPolicy,
    /// [`Target::Replication`].
    Replication,
    /// [`Target::ObjectLock`].
    ObjectLock,
    /// [`Target::RequestPayment`].
    RequestPayment,
    /// [`Target::Lifecycle`].
    Lifecycle,
    /// [`Target::Roles`].
    Roles,
    /// [`Target::Role`].
    Role,
    /// [`Target::RolePolicy`].
    RolePolicy,
    /// [`Target::RolePolicies`].
    RolePolicies,
}

impl TargetKind {
    /// The kind in AWS's words, for reviewers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Tags => "bucket tags",
            Self::Versioning => "bucket versioning",
            Self::Encryption => "default encryption",
            Self::Ownership => "ownership controls",
            Self::PublicAccess => "public access block",
            Self::BucketPolicy => "bucket policy",
            Self::Replication => "replication configuration",
            Self::ObjectLock => "Object Lock configuration",
            Self::RequestPayment => "request payment",
            Self::Lifecycle => "lifecycle configuration",
            Self::Roles => "roles",
            Self::Role => "IAM role",
            Self::RolePolicy => "inline role policy",
            Self::RolePolicies => "role policies",
        }
    }

    /// Whether s3ferry ever writes targets of this kind.
    #[must_use]
    pub const fn is_written(self) -> bool {
        match self {
            Self::Bucket
            | Self::Tags
            | Self::Versioning
            | Self::Encryption
            | Self::Ownership
            | Self::PublicAccess
            | Self::BucketPolicy
            | Self::Replication
            | Self::Role
            | Self::RolePolicy => true,
            Self::ObjectLock
            | Self::RequestPayment
            | Self::Lifecycle
            | Self::Roles
            | Self::RolePolicies => false,
        }
    }
}

impl Target {
    /// The kind of this target.
    #[must_use]
    pub const fn kind(&self) -> TargetKind {
        match self {
            Self::Bucket(_) => TargetKind::Bucket,
            Self::Tags(_) => TargetKind::Tags,
            Self::Versioning(_) => TargetKind::Versioning,
            Self::Encryption(_) => TargetKind::Encryption,
            Self::Ownership(_) => TargetKind::Ownership,
            Self::PublicAccess(_) => TargetKind::PublicAccess,
            Self::BucketPolicy(_) => TargetKind::BucketPolicy,
            Self::Replication(_) => TargetKind::Replication,
            Self::ObjectLock(_) => TargetKind::ObjectLock,
            Self::RequestPayment(_) => TargetKind::RequestPayment,
            Self::Lifecycle(_) => TargetKind::Lifecycle,
            Self::Roles(_, _) => TargetKind::Roles,
            Self::Role(_) => TargetKind::Role,
            Self::RolePolicy(_) => TargetKind::RolePolicy,
            Self::RolePolicies(_) => TargetKind::RolePolicies,
        }
    }

    /// The bucket that this target is a part of.
    #[must_use]
    pub const fn bucket(&self) -> Option<&BucketRef> {
        match self {
            Self::Bucket(bucket)
            | Self::Tags(bucket)
            | Self::Versioning(bucket)
            | Self::Encryption(bucket)
            | Self::Ownership(bucket)
            | Self::PublicAccess(bucket)
            | Self::BucketPolicy(bucket)
            | Self::Replication(bucket)
            | Self::ObjectLock(bucket)
            | Self::RequestPayment(bucket)
            | Self::Lifecycle(bucket) => Some(bucket),
            Self::Roles(_, _) | Self::Role(_) | Self::RolePolicy(_) | Self::RolePolicies(_) => None,
        }
    }

    /// The role that this target is a part of.
    #[must_use]
    pub const fn role(&self) -> Option<&RoleRef> {
        match self {
            Self::Role(role) | Self::RolePolicy(role) | Self::RolePolicies(role) => Some(role),
            Self::Bucket(_)
            | Self::Tags(_)
            | Self::Versioning(_)
            | Self::Encryption(_)
            | Self::Ownership(_)
            | Self::PublicAccess(_)
            | Self::BucketPolicy(_)
            | Self::Replication(_)
            | Self::ObjectLock(_)
            | Self::RequestPayment(_)
            | Self::Lifecycle(_)
            | Self::Roles(_, _) => None,
        }
    }

    /// The account that the target is in.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        match self {
            Self::Bucket(bucket)
            | Self::Tags(bucket)
            | Self::Versioning(bucket)
            | Self::Encryption(bucket)
            | Self::Ownership(bucket)
            | Self::PublicAccess(bucket)
            | Self::BucketPolicy(bucket)
            | Self::Replication(bucket)
            | Self::ObjectLock(bucket)
            | Self::RequestPayment(bucket)
            | Self::Lifecycle(bucket) => &bucket.account,
            Self::Roles(account, _) => account,
            Self::Role(role) | Self::RolePolicy(role) | Self::RolePolicies(role) => &role.account,
        }
    }
}

/// The address without the account's name: account ID first, then the path to the target.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account(), self.path())
    }
}

impl Target {
    /// The address below the account, e.g. `bucket/orders-prod/versioning`.
    #[must_use]
    pub fn path(&self) -> String {
        let bucket = |bucket: &BucketRef, part: &str| format!("bucket/{}{part}", bucket.bucket);
        let role = |role: &RoleRef, part: &str| format!("role/{}{part}", role.name);
        match self {
            Self::Bucket(of) => bucket(of, ""),
            Self::Tags(of) => bucket(of, "/tags"),
            Self::Versioning(of) => bucket(of, "/versioning"),
            Self::Encryption(of) => bucket(of, "/encryption"),
            Self::Ownership(of) => bucket(of, "/ownership"),
            Self::PublicAccess(of) => bucket(of, "/public-access-block"),
            Self::BucketPolicy(of) => bucket(of, "/policy"),
            Self::Replication(of) => bucket(of, "/replication"),
            Self::ObjectLock(of) => bucket(of, "/object-lock"),
            Self::RequestPayment(of) => bucket(of, "/request-payment"),
            Self::Lifecycle(of) => bucket(of, "/lifecycle"),
            Self::Roles(_, _) => "roles".to_owned(),
            Self::Role(of) => role(of, ""),
            Self::RolePolicy(of) => role(of, "/policy"),
            Self::RolePolicies(of) => role(of, "/policies"),
        }
    }
}
