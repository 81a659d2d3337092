//! Meaning: when two documents are the same to AWS, and the fingerprint that follows from it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::document::{
    Bucket, BucketEncryption, Document, PolicyText, PublicAccessBlock, RequestPayment, Role,
    Versioning, VersioningStatus,
};
use super::replication::ReplicationConfiguration;
use crate::policy::PolicyDocument;

impl Document {
    /// Whether both mean the same to AWS, however they are written down (domain reference §1.5 and §9).
    #[must_use]
    pub fn same_meaning(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    /// The canonical form: equal exactly where the meaning is equal.
    #[must_use]
    pub fn canonical(&self) -> Value {
        match self {
            Self::Bucket(Bucket {
                region,
                created_with_tags: _,
            }) => {
                // The tags are a document of their own; here they only ride along with the creation.
                json!({ "region": region.as_str() })
            }
            Self::Tags(tags) => json!(tags),
            Self::Versioning(Versioning { status, mfa_delete }) => {
                json!({ "status": status.as_str(), "mfa_delete": mfa_delete })
            }
            Self::Encryption(BucketEncryption {
                algorithm,
                key,
                bucket_key,
                blocked,
            }) => json!({
                "algorithm": algorithm, "key": key,
                // A bucket key means nothing without KMS (BC:s3 ServerSideEncryptionRule).
                "bucket_key": *bucket_key && algorithm != "AES256",
                "blocked": blocked,
            }),
            Self::Ownership(ownership) => json!(ownership.as_str()),
            Self::PublicAccess(block) => public_access(*block),
            Self::BucketPolicy(policy) | Self::RolePolicy(policy) => canonical_policy(policy),
            Self::Replication(configuration) => canonical_replication(configuration),
            Self::ObjectLock(lock) => json!({ "default_retention": lock.default_retention }),
            Self::RequestPayment(payer) => json!(match payer {
                RequestPayment::BucketOwner => "BucketOwner",
                RequestPayment::Requester => "Requester",
            }),
            Self::Lifecycle(lifecycle) => json!({
                "expires_current": lifecycle.expires_current,
                "expires_noncurrent": lifecycle.expires_noncurrent,
            }),
            Self::Roles(roles) => json!(roles.iter().map(AsRef::<str>::as_ref).collect::<Vec<_>>()),
            Self::Role(Role {
                path,
                trust,
                tags,
                boundary,
            }) => json!({
                "path": path, "trust": canonical_policy(trust), "tags": tags, "boundary": boundary,
            }),
            Self::RolePolicies(policies) => {
                json!({ "inline": policies.inline, "attached": policies.attached })
            }
        }
    }
}

impl VersioningStatus {
    /// The state as S3 spells it; `Never` where S3 says nothing.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "Never",
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }
}

/// Whether both hold the same by meaning, absence included.
#[must_use]
pub fn same(one: Option<&Document>, other: Option<&Document>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.same_meaning(other),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// SHA-256 of the canonical form in hex, or `absent`.
#[must_use]
pub fn fingerprint(document: Option<&Document>) -> String {
    document.map_or_else(
        || "absent".to_owned(),
        |document| digest(&document.canonical()),
    )
}

/// SHA-256 of a JSON value in hex; keys are sorted, so equal values give equal digests.
#[must_use]
pub fn digest(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn public_access(block: PublicAccessBlock) -> Value {
    let PublicAccessBlock {
        block_public_acls,
        ignore_public_acls,
        block_public_policy,
        restrict_public_buckets,
    } = block;
    json!({
        "block_public_acls": block_public_acls,
        "ignore_public_acls": ignore_public_acls,
        "block_public_policy": block_public_policy,
        "restrict_public_buckets": restrict_public_buckets,
    })
}

/// Rules are a map by ID: their order means nothing (domain reference §1.5).
fn canonical_replication(configuration: &ReplicationConfiguration) -> Value {
    let ReplicationConfiguration {
        role,
        rules,
        unmodelled,
    } = configuration;
    let mut rules: Vec<Value> = rules
        .iter()
        .map(|rule| json!({ "id": rule.id, "meaning": rule.meaning().to_json() }))
        .collect();
    rules.sort_by_key(Value::to_string);
    json!({ "role": role, "rules": rules, "unmodelled": unmodelled })
}

/// A policy that cannot be read is equal only to the same text.
fn canonical_policy(PolicyText(text): &PolicyText) -> Value {
    PolicyDocument::parse(text).map_or_else(
        |_| json!({ "unreadable": text }),
        |policy| json!({ "policy": policy.canonical_json() }),
    )
}
