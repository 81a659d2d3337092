//! Documents: what a target holds.
//!
//! A document is faithful to what AWS answered, so that what is not ours can be written back as it was.
//! Whether two documents *mean* the same is asked with [`Document::same_meaning`], never with `==`.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{Region, RoleName};
use crate::model::replication::ReplicationConfiguration;
use crate::model::target::{AccountPart, BucketPart, Kind, RolePart};

/// What a target holds. Each variant belongs to the [`Kind`] of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// The bucket exists.
    Bucket(Bucket),
    /// Its tags. An existing bucket without tags holds an empty set.
    Tags(BTreeMap<String, String>),
    /// Its versioning. Every existing bucket has one.
    Versioning(Versioning),
    /// Its default encryption.
    Encryption(BucketEncryption),
    /// Its ownership controls.
    Ownership(ObjectOwnership),
    /// Its public access block.
    PublicAccess(PublicAccessBlock),
    /// Its policy.
    BucketPolicy(PolicyText),
    /// Its replication configuration.
    Replication(ReplicationConfiguration),
    /// Its Object Lock configuration.
    ObjectLock(ObjectLock),
    /// Who pays for requests.
    RequestPayment(RequestPayment),
    /// Its lifecycle rules.
    Lifecycle(Lifecycle),
    /// The roles under s3ferry's path.
    Roles(BTreeSet<RoleName>),
    /// A role.
    Role(Role),
    /// The role's inline policy that is s3ferry's.
    RolePolicy(PolicyText),
    /// The names of the role's policies.
    RolePolicies(RolePolicies),
}

impl Document {
    /// The kind of target that this document belongs to.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bucket(_) => Kind::Bucket(BucketPart::Itself),
            Self::Tags(_) => Kind::Bucket(BucketPart::Tags),
            Self::Versioning(_) => Kind::Bucket(BucketPart::Versioning),
            Self::Encryption(_) => Kind::Bucket(BucketPart::Encryption),
            Self::Ownership(_) => Kind::Bucket(BucketPart::Ownership),
            Self::PublicAccess(_) => Kind::Bucket(BucketPart::PublicAccess),
            Self::BucketPolicy(_) => Kind::Bucket(BucketPart::Policy),
            Self::Replication(_) => Kind::Bucket(BucketPart::Replication),
            Self::ObjectLock(_) => Kind::Bucket(BucketPart::ObjectLock),
            Self::RequestPayment(_) => Kind::Bucket(BucketPart::RequestPayment),
            Self::Lifecycle(_) => Kind::Bucket(BucketPart::Lifecycle),
            Self::Roles(_) => Kind::Account(AccountPart::Roles),
            Self::Role(_) => Kind::Role(RolePart::Itself),
            Self::RolePolicy(_) => Kind::Role(RolePart::Policy),
            Self::RolePolicies(_) => Kind::Role(RolePart::Policies),
        }
    }
}

/// A bucket that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The Region that it is in.
    pub region: Region,
    /// The tags it is made with, so that a bucket is never ours without its marker; empty when read
    /// (BC:s3 CreateBucketConfiguration.Tags).
    pub created_with_tags: BTreeMap<String, String>,
}

/// A bucket's versioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioning {
    /// Its state.
    pub status: VersioningStatus,
    /// Whether MFA Delete is on: then versioning cannot be changed without the root's device (UG:MultiFactorAuthenticationDelete).
    pub mfa_delete: bool,
}

/// A bucket's versioning state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VersioningStatus {
    /// Never set.
    Never,
    /// On.
    Enabled,
    /// Off after it was on.
    Suspended,
}

/// A bucket's default encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEncryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`, as S3 spells it.
    pub algorithm: String,
    /// The KMS key as submitted; none for `AES256` and for the AWS managed key.
    pub key: Option<String>,
    /// Whether S3 Bucket Keys are used.
    pub bucket_key: bool,
    /// Blocked encryption types as S3 lists them (e.g. `SSE-C`); kept as found (T16).
    pub blocked: BTreeSet<String>,
}

/// A bucket's object ownership setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectOwnership {
    /// `BucketOwnerEnforced`: ACLs are off and the bucket owner owns every object.
    BucketOwnerEnforced,
    /// `BucketOwnerPreferred`.
    BucketOwnerPreferred,
    /// `ObjectWriter`.
    ObjectWriter,
    /// A word that this build does not know.
    Other(String),
}

impl ObjectOwnership {
    /// The setting as S3 spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::BucketOwnerEnforced => "BucketOwnerEnforced",
            Self::BucketOwnerPreferred => "BucketOwnerPreferred",
            Self::ObjectWriter => "ObjectWriter",
            Self::Other(word) => word,
        }
    }

    /// Reads S3's word.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "BucketOwnerEnforced" => Self::BucketOwnerEnforced,
            "BucketOwnerPreferred" => Self::BucketOwnerPreferred,
            "ObjectWriter" => Self::ObjectWriter,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A bucket's public access block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicAccessBlock {
    /// `BlockPublicAcls`.
    pub block_public_acls: bool,
    /// `IgnorePublicAcls`.
    pub ignore_public_acls: bool,
    /// `BlockPublicPolicy`.
    pub block_public_policy: bool,
    /// `RestrictPublicBuckets`.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All four on.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
}

/// A policy's JSON text, decoded but otherwise as AWS answered it; [`crate::policy`] reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyText(pub String);

/// A bucket's Object Lock configuration, as far as replication cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLock {
    /// Whether a default retention is set.
    pub default_retention: bool,
}

/// Who pays for requests to a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestPayment {
    /// The bucket's owner.
    BucketOwner,
    /// The requester; a replication destination must not be so (UG26:replication-requirements).
    Requester,
}

/// A bucket's lifecycle rules, as far as versioning cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifecycle {
    /// Enabled rules that expire current versions.
    pub expires_current: u32,
    /// Enabled rules that expire noncurrent versions.
    pub expires_noncurrent: u32,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its path, `/` at both ends. It cannot be changed.
    pub path: String,
    /// Its trust policy, decoded.
    pub trust: PolicyText,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
}

/// The names of a role's policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolePolicies {
    /// Inline policies by name.
    pub inline: BTreeSet<String>,
    /// Attached managed policies by ARN.
    pub attached: BTreeSet<String>,
}
