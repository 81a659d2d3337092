//! The settings of a bucket: versioning, default encryption, object ownership, public access block.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size,
    Writes, in_a_value, nothing_linked, one_thing,
};
use crate::format::{Action, RiskLevel, UndoKind};
use crate::model::links::{Link, Thing};
use crate::model::target::{Service, Target};

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

impl Versioning {
    /// Whether it is as on a new bucket.
    #[must_use]
    pub fn was_never_set(&self) -> bool {
        let Self { status, mfa_delete } = self;
        *status == VersioningStatus::Never && !mfa_delete
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.status == VersioningStatus::Enabled
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

pub(super) const VERSIONING: Facts = Facts {
    name: "bucket versioning",
    path: "/versioning",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketVersioning",
        &[Need::place("s3:GetBucketVersioning")],
    )],
    write: Some(Writes {
        create: &[Call::of(
            "PutBucketVersioning",
            &[Need::place("s3:PutBucketVersioning")],
        )],
        update: &[Call::of(
            "PutBucketVersioning",
            &[Need::place("s3:PutBucketVersioning")],
        )],
        delete: &[],
    }),
    guarded: false,
    marked: Marked::Never,
    always_there: true,
    implies: Implied::Nothing,
    born: Born::NeverSet,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled {
        reads_in_a_row: 1,
        wait: Some("S3 to answer Enabled"),
    },
    consequences: of_versioning,
};

fn of_versioning(change: &Change<'_>) -> Consequences {
    if change.new_bucket {
        return Consequences::of(
            UndoKind::None,
            "versioning can be suspended but never removed from a bucket",
            RiskLevel::Low,
            &[],
        );
    }
    Consequences::of(
        UndoKind::None,
        "versioning can be suspended but never removed from a bucket (UG:Versioning)",
        RiskLevel::High,
        &[
            "Overwrites and deletes keep noncurrent versions from now on, and each is billed.",
            "Lifecycle expiration now adds a delete marker instead of deleting: add \
             NoncurrentVersionExpiration, or storage grows (UG26:replication-requirements).",
            "After versioning is enabled for the first time AWS advises 15 minutes before \
             writing; reads may answer 404 NoSuchKey meanwhile (BC:s3 PutBucketVersioning).",
        ],
    )
}

impl Holding for Versioning {
    fn canonical(&self) -> Value {
        let Self { status, mfa_delete } = self;
        json!({ "status": status.as_str(), "mfa_delete": mfa_delete })
    }

    fn view(&self) -> Value {
        without_what_is_off(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
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

impl BucketEncryption {
    /// Takes over what AWS gave to the bucket and a plan could not know: encryption types that AWS blocks on new buckets
    /// (T16) stay blocked, as they would if the plan had seen them.
    pub fn inherit(&mut self, live: &Self) {
        self.blocked.extend(live.blocked.iter().cloned());
    }
}

pub(super) const ENCRYPTION: Facts = Facts {
    name: "default encryption",
    path: "/encryption",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketEncryption",
        &[Need::place("s3:GetEncryptionConfiguration")],
    )],
    write: Some(Writes {
        create: &[Call::of(
            "PutBucketEncryption",
            &[Need::place("s3:PutEncryptionConfiguration")],
        )],
        update: &[Call::of(
            "PutBucketEncryption",
            &[Need::place("s3:PutEncryptionConfiguration")],
        )],
        delete: &[Call::of(
            "DeleteBucketEncryption",
            &[Need::place("s3:PutEncryptionConfiguration")],
        )],
    }),
    guarded: false,
    marked: Marked::ByItsWhole,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::DefaultsThatStay,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_encryption,
};

fn of_encryption(change: &Change<'_>) -> Consequences {
    let notes: &[&str] = &["Objects that are there keep the encryption that they have."];
    match change.action {
        Action::Update => Consequences::of(UndoKind::Exact, "", RiskLevel::Medium, notes),
        Action::Create | Action::Delete | Action::Prove => Consequences::none(),
    }
}

impl Holding for BucketEncryption {
    fn canonical(&self) -> Value {
        let Self {
            algorithm,
            key,
            bucket_key,
            blocked,
        } = self;
        json!({
            "algorithm": algorithm, "key": key,
            // A bucket key means nothing without KMS (BC:s3 ServerSideEncryptionRule).
            "bucket_key": *bucket_key && algorithm != "AES256",
            "blocked": blocked,
        })
    }

    fn view(&self) -> Value {
        without_what_is_off(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, at: &Target) -> Vec<Link> {
        let (Some(bucket), Some(key)) = (at.bucket(), &self.key) else {
            return nothing_linked();
        };
        let grant = Thing::KeyGrant(bucket.bucket.clone(), key.clone());
        vec![
            Link::Uses(
                grant.clone(),
                "a role may use a key before a bucket encrypts replicas with it",
            ),
            Link::HoldsTillLess(
                grant,
                "a bucket stops encrypting replicas with a key before a role may no longer use it",
            ),
        ]
    }
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

pub(super) const OWNERSHIP: Facts = Facts {
    name: "ownership controls",
    path: "/ownership",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketOwnershipControls",
        &[Need::place("s3:GetBucketOwnershipControls")],
    )],
    write: Some(Writes {
        create: &[Call::of(
            "PutBucketOwnershipControls",
            &[Need::place("s3:PutBucketOwnershipControls")],
        )],
        update: &[Call::of(
            "PutBucketOwnershipControls",
            &[Need::place("s3:PutBucketOwnershipControls")],
        )],
        delete: &[Call::of(
            "DeleteBucketOwnershipControls",
            &[Need::place("s3:PutBucketOwnershipControls")],
        )],
    }),
    guarded: false,
    marked: Marked::ByItsWhole,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Defaults,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_closing,
};

impl Holding for ObjectOwnership {
    fn canonical(&self) -> Value {
        json!(self.as_str())
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

/// A public access block, of a bucket or of an account.
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

pub(super) const PUBLIC_ACCESS: Facts = Facts {
    name: "public access block",
    path: "/public-access-block",
    service: Service::S3,
    read: &[Call::of(
        "GetPublicAccessBlock",
        &[Need::place("s3:GetBucketPublicAccessBlock")],
    )],
    write: Some(Writes {
        create: &[Call::of(
            "PutPublicAccessBlock",
            &[Need::place("s3:PutBucketPublicAccessBlock")],
        )],
        update: &[Call::of(
            "PutPublicAccessBlock",
            &[Need::place("s3:PutBucketPublicAccessBlock")],
        )],
        delete: &[Call::of(
            "DeletePublicAccessBlock",
            &[Need::place("s3:PutBucketPublicAccessBlock")],
        )],
    }),
    guarded: false,
    marked: Marked::ByItsWhole,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Defaults,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_closing,
};

/// It holds for every bucket of the account in every Region, beside the bucket's own; what AWS answers has what the
/// organization blocks in it (BC:s3control GetPublicAccessBlock).
pub(super) const ACCOUNT_PUBLIC_ACCESS: Facts = Facts::only_read(
    "public access block of the account",
    "public-access-block",
    Service::S3Control,
    &[Call::of(
        "GetPublicAccessBlock",
        &[Need::account("s3:GetAccountPublicAccessBlock")],
    )],
);

impl Holding for PublicAccessBlock {
    fn canonical(&self) -> Value {
        let Self {
            block_public_acls,
            ignore_public_acls,
            block_public_policy,
            restrict_public_buckets,
        } = self;
        json!({
            "block_public_acls": block_public_acls,
            "ignore_public_acls": ignore_public_acls,
            "block_public_policy": block_public_policy,
            "restrict_public_buckets": restrict_public_buckets,
        })
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

/// ACLs are switched off, or public access is blocked.
fn of_closing(change: &Change<'_>) -> Consequences {
    let notes: &[&str] = &["Whoever relies on ACLs or on public access to this bucket loses it."];
    match change.action {
        Action::Update => Consequences::of(UndoKind::Exact, "", RiskLevel::Medium, notes),
        Action::Create | Action::Delete | Action::Prove => Consequences::none(),
    }
}

/// What is off, empty or absent in most buckets is left out: a reviewer reads what there is.
fn without_what_is_off(meaning: Value) -> Value {
    let off = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(_) | Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    };
    match meaning {
        Value::Object(map) => {
            let kept: Map<String, Value> =
                map.into_iter().filter(|(_, value)| !off(value)).collect();
            Value::Object(kept)
        }
        other => other,
    }
}
