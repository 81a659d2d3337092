//! Permissions: which IAM actions an apply needs, by what it reads and writes.
//!
//! The action that a call needs is not always called like it (BC:s3 and BC:iam, each operation's page).

use crate::model::TargetKind;

/// Actions that reading a target of this kind needs.
#[must_use]
pub const fn to_read(kind: TargetKind) -> &'static [&'static str] {
    match kind {
        TargetKind::Bucket => &["s3:ListBucket"],
        TargetKind::Tags => &["s3:GetBucketTagging"],
        TargetKind::Versioning => &["s3:GetBucketVersioning"],
        TargetKind::Encryption => &["s3:GetEncryptionConfiguration"],
        TargetKind::Ownership => &["s3:GetBucketOwnershipControls"],
        TargetKind::PublicAccess => &["s3:GetBucketPublicAccessBlock"],
        TargetKind::BucketPolicy => &["s3:GetBucketPolicy"],
        TargetKind::Replication => &["s3:GetReplicationConfiguration"],
        TargetKind::ObjectLock => &["s3:GetBucketObjectLockConfiguration"],
        TargetKind::RequestPayment => &["s3:GetBucketRequestPayment"],
        TargetKind::Lifecycle => &["s3:GetLifecycleConfiguration"],
        TargetKind::Roles => &["iam:ListRoles"],
        TargetKind::Role => &["iam:GetRole"],
        TargetKind::RolePolicy => &["iam:GetRolePolicy"],
        TargetKind::RolePolicies => &["iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
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
pub const fn to_write(kind: TargetKind, verb: Verb) -> &'static [&'static str] {
    match (kind, verb) {
        (TargetKind::Bucket, _) => &[
            "s3:CreateBucket",
            "s3:PutBucketOwnershipControls",
            "s3:TagResource",
        ],
        (TargetKind::Tags, _) => &["s3:PutBucketTagging"],
        (TargetKind::Versioning, _) => &["s3:PutBucketVersioning"],
        (TargetKind::Encryption, _) => &["s3:PutEncryptionConfiguration"],
        (TargetKind::Ownership, _) => &["s3:PutBucketOwnershipControls"],
        (TargetKind::PublicAccess, _) => &["s3:PutBucketPublicAccessBlock"],
        (TargetKind::BucketPolicy, Verb::Delete) => &["s3:DeleteBucketPolicy"],
        (TargetKind::BucketPolicy, Verb::Create | Verb::Update) => &["s3:PutBucketPolicy"],
        (TargetKind::Replication, Verb::Delete) => &["s3:PutReplicationConfiguration"],
        (TargetKind::Replication, Verb::Create | Verb::Update) => {
            &["iam:PassRole", "s3:PutReplicationConfiguration"]
        }
        (TargetKind::Role, Verb::Create) => &["iam:CreateRole", "iam:TagRole"],
        (TargetKind::Role, Verb::Update) => {
            &["iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy"]
        }
        (TargetKind::Role, Verb::Delete) => &["iam:DeleteRole"],
        (TargetKind::RolePolicy, Verb::Delete) => &["iam:DeleteRolePolicy"],
        (TargetKind::RolePolicy, Verb::Create | Verb::Update) => &["iam:PutRolePolicy"],
        (
            TargetKind::ObjectLock
            | TargetKind::RequestPayment
            | TargetKind::Lifecycle
            | TargetKind::Roles
            | TargetKind::RolePolicies,
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
