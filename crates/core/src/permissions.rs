//! Permissions: which IAM actions an apply needs, by what it reads and writes.
//!
//! The action that a call needs is not always called like it (BC:s3 and BC:iam, each operation's page).

use crate::model::{AccountPart, BucketPart, Kind, RolePart};

/// Actions that reading a target of this kind needs.
#[must_use]
pub const fn to_read(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Bucket(BucketPart::Itself) => &["s3:ListBucket"],
        Kind::Bucket(BucketPart::Tags) => &["s3:GetBucketTagging"],
        Kind::Bucket(BucketPart::Versioning) => &["s3:GetBucketVersioning"],
        Kind::Bucket(BucketPart::Encryption) => &["s3:GetEncryptionConfiguration"],
        Kind::Bucket(BucketPart::Ownership) => &["s3:GetBucketOwnershipControls"],
        Kind::Bucket(BucketPart::PublicAccess) => &["s3:GetBucketPublicAccessBlock"],
        Kind::Bucket(BucketPart::Policy) => &["s3:GetBucketPolicy"],
        Kind::Bucket(BucketPart::Replication) => &["s3:GetReplicationConfiguration"],
        Kind::Bucket(BucketPart::ObjectLock) => &["s3:GetBucketObjectLockConfiguration"],
        Kind::Bucket(BucketPart::RequestPayment) => &["s3:GetBucketRequestPayment"],
        Kind::Bucket(BucketPart::Lifecycle) => &["s3:GetLifecycleConfiguration"],
        Kind::Account(AccountPart::Roles) => &["iam:ListRoles"],
        Kind::Role(RolePart::Itself) => &["iam:GetRole"],
        Kind::Role(RolePart::Policy) => &["iam:GetRolePolicy"],
        Kind::Role(RolePart::Policies) => &["iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
    }
}

/// What is done to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
}

/// Actions that writing a target of this kind needs.
#[must_use]
pub const fn to_write(kind: Kind, verb: Verb) -> &'static [&'static str] {
    match (kind, verb) {
        (Kind::Bucket(BucketPart::Itself), _) => &[
            "s3:CreateBucket",
            "s3:PutBucketOwnershipControls",
            "s3:TagResource",
        ],
        (Kind::Bucket(BucketPart::Tags), _) => &["s3:PutBucketTagging"],
        (Kind::Bucket(BucketPart::Versioning), _) => &["s3:PutBucketVersioning"],
        (Kind::Bucket(BucketPart::Encryption), _) => &["s3:PutEncryptionConfiguration"],
        (Kind::Bucket(BucketPart::Ownership), _) => &["s3:PutBucketOwnershipControls"],
        (Kind::Bucket(BucketPart::PublicAccess), _) => &["s3:PutBucketPublicAccessBlock"],
        (Kind::Bucket(BucketPart::Policy), Verb::Delete) => &["s3:DeleteBucketPolicy"],
        (Kind::Bucket(BucketPart::Policy), Verb::Create | Verb::Update) => &["s3:PutBucketPolicy"],
        (Kind::Bucket(BucketPart::Replication), Verb::Delete) => {
            &["s3:PutReplicationConfiguration"]
        }
        (Kind::Bucket(BucketPart::Replication), Verb::Create | Verb::Update) => {
            &["iam:PassRole", "s3:PutReplicationConfiguration"]
        }
        (Kind::Role(RolePart::Itself), Verb::Create) => &["iam:CreateRole", "iam:TagRole"],
        (Kind::Role(RolePart::Itself), Verb::Update) => {
            &["iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy"]
        }
        (Kind::Role(RolePart::Itself), Verb::Delete) => &["iam:DeleteRole"],
        (Kind::Role(RolePart::Policy), Verb::Delete) => &["iam:DeleteRolePolicy"],
        (Kind::Role(RolePart::Policy), Verb::Create | Verb::Update) => &["iam:PutRolePolicy"],
        (
            Kind::Bucket(BucketPart::ObjectLock)
            | Kind::Bucket(BucketPart::RequestPayment)
            | Kind::Bucket(BucketPart::Lifecycle)
            | Kind::Account(AccountPart::Roles)
            | Kind::Role(RolePart::Policies),
            _,
        ) => &[],
    }
}

/// Actions that a canary needs on the source bucket.
pub const CANARY_SOURCE: &[&str] = &[
    "s3:DeleteObjectVersion",
    "s3:GetObjectVersion",
    "s3:ListBucketVersions",
    "s3:PutObject",
    "s3:PutObjectTagging",
];

/// Actions that a canary encrypted with SSE-KMS needs on the source key (BC:s3 PutObject).
pub const CANARY_KMS: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];

/// Actions that a canary needs on the destination bucket.
pub const CANARY_DESTINATION: &[&str] = &[
    "s3:DeleteObjectVersion",
    "s3:GetObjectVersion",
    "s3:ListBucketVersions",
];
