//! The spec as the engine sees it: validated types only. Reading YAML, defaults and diagnostics are in `s3ferry-spec`.
//!
//! Invariants, kept by `s3ferry-spec`: every account that a migration names exists; names are unique;
//! rules of one migration have distinct names; replication-legality (domain reference §1.4) holds for
//! every rule; migrations that share a source bucket agree on the replication role and the source account;
//! migrations that share a destination bucket agree on how it is made; a migration in phase backfill that copies anything names
//! where the report goes; no role is for replication and for jobs.

mod backfill;
mod logging;
mod roles;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{
    AccountId, AccountName, Arn, BucketName, MigrationName, Region, RoleName, RuleName, SpecName,
};
use crate::places::AccountRef;
pub use backfill::{Backfill, BackfillScope};
pub use logging::{
    AccessLogs, Inventories, InventoryPlace, KeyFormat, ListEncryption, ListFormat, LogPlace,
    Logging, Schedule, Sides, TrailPlace, Trails,
};
pub use roles::{default_batch_role, default_role};
pub use verify::{AthenaSpec, Compared, Depth, Share, VerifySpec};

/// Everything that a set of spec files declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// `name`, or `default`: the identity in ownership markers.
    pub name: SpecName,
    /// The accounts, by the name that migrations use.
    pub accounts: BTreeMap<AccountName, Account>,
    /// Where receipts and journals are kept.
    pub ledger: Ledger,
    /// The migrations by name.
    pub migrations: BTreeMap<MigrationName, Migration>,
    /// The guards of `defaults`: for what belongs to no migration of the spec any more.
    pub guards: Guards,
}

impl Spec {
    /// The guards of every migration, and those of `defaults`.
    pub(crate) fn all_guards(&self) -> impl Iterator<Item = &Guards> {
        let of_migrations = self.migrations.values().map(|migration| &migration.guards);
        of_migrations.chain([&self.guards])
    }

    /// The accounts, each once.
    pub(crate) fn account_refs(&self) -> BTreeSet<AccountRef> {
        let accounts = self.accounts.values();
        let of = accounts.map(|account| AccountRef::of(&account.id, &account.region));
        of.collect()
    }
}

/// An AWS account and the way into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account ID that STS must name for the credentials.
    pub id: AccountId,
    /// The Region of the buckets that migrations name under this account.
    pub region: Region,
    /// How to sign in.
    pub access: Access,
}

/// How to sign in to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The SDK's default credential chain; it must be this account.
    DefaultChain,
    /// A named profile of the shared configuration.
    Profile(String),
    /// The default chain, then this role.
    AssumeRole {
        /// The role to assume.
        arn: Arn,
        /// The external ID that its trust policy asks for.
        external_id: Option<String>,
    },
}

/// Where receipts, journals and locks are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ledger {
    /// A folder; relative to the folder of the file that names it.
    Folder(String),
}

/// One move of data from a source bucket to a destination bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// How far the move has come.
    pub phase: Phase,
    /// Where the data is.
    pub source: Source,
    /// Where the data goes.
    pub destination: Destination,
    /// The replication role, in the source account.
    pub role: RoleName,
    /// The role that jobs of S3 Batch Operations act as, in the source account.
    pub batch_role: RoleName,
    /// The role that jobs on the destination bucket act as, in the destination account.
    pub destination_batch_role: RoleName,
    /// The rules, most important first; at least one.
    pub rules: Vec<RuleSpec>,
    /// Who owns the replicas.
    pub owner: ReplicaOwner,
    /// Whether rules are proven with canary objects.
    pub canary: Canary,
    /// Whether replication is watched.
    pub monitoring: Monitoring,
    /// What is written down of both buckets.
    pub logging: Logging,
    /// Which existing objects are copied.
    pub backfill: Backfill,
    /// What a comparison of both sides must be for the phases that rest on one.
    pub verify: VerifySpec,
    /// What may be destroyed and taken over.
    pub guards: Guards,
}

/// How far a move has come; the order is the order of the phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Buckets, versioning, role and policies; nothing replicates yet.
    Prepare,
    /// New objects replicate.
    Replicate,
    /// Existing objects are copied.
    Backfill,
    /// Both sides are compared.
    Verify,
    /// The source is frozen and consumers move.
    Cutover,
    /// The source is emptied or deleted.
    Retire,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 6] = [
        Self::Prepare,
        Self::Replicate,
        Self::Backfill,
        Self::Verify,
        Self::Cutover,
        Self::Retire,
    ];

    /// The phase as the spec writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Replicate => "replicate",
            Self::Backfill => "backfill",
            Self::Verify => "verify",
            Self::Cutover => "cutover",
            Self::Retire => "retire",
        }
    }
}

/// The source bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The account that owns it.
    pub account: AccountName,
    /// Its name.
    pub bucket: BucketName,
}

/// The destination bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The account that owns it.
    pub account: AccountName,
    /// Its name.
    pub bucket: BucketName,
    /// Whether s3ferry makes and keeps it.
    pub create: Create,
    /// Whether s3ferry writes into the policies of the keys on both sides.
    pub key_policies: KeyPolicies,
}

/// Whether s3ferry writes into the policies of the keys that a migration uses, on both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyPolicies {
    /// They are read, and left as they are.
    #[default]
    LeftAlone,
    /// Our statements are added to those of keys in accounts of the spec.
    Written,
}

/// Whether s3ferry makes the destination bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Create {
    /// The bucket exists and belongs to somebody else: only versioning and our policy statements are set.
    No,
    /// The bucket, its ownership controls, public access block, tags and this default encryption are ours.
    Yes(Encryption),
}

/// Default encryption of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// SSE-S3.
    SseS3,
    /// SSE-KMS with a customer managed key.
    SseKms {
        /// The key's ARN, in the bucket's Region.
        key: Arn,
        /// Whether S3 Bucket Keys are used.
        bucket_key: bool,
    },
}

/// One replication rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSpec {
    /// The short name; unique in the migration.
    pub name: RuleName,
    /// Keys that begin with this; empty for all.
    pub prefix: String,
    /// Objects that had all these tags when they were put.
    pub tags: BTreeMap<String, String>,
    /// Whether delete markers replicate.
    pub delete_markers: DeleteMarkers,
    /// The storage class of replicas; as in the source where absent.
    pub storage_class: Option<StorageClass>,
    /// S3 Replication Time Control.
    pub time_control: bool,
    /// Whether SSE-KMS objects replicate, and how.
    pub kms: Option<KmsSelection>,
    /// Whether metadata changes made on replicas replicate back.
    pub replica_modifications: bool,
    /// Whether the rule is enabled.
    pub enabled: bool,
}

/// Replication of SSE-KMS objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsSelection {
    /// The keys that source objects are encrypted with and that the role may decrypt with; at least one.
    pub source_keys: Vec<Arn>,
    /// The key in the destination Region that replicas are encrypted with.
    pub replica_key: Arn,
}

/// Whether user-made delete markers replicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteMarkers {
    /// A delete at the source hides the object at the destination too.
    Mirror,
    /// A delete at the source leaves the replica visible.
    Keep,
}

impl DeleteMarkers {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Mirror, Self::Keep];

    /// The word as the spec spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mirror => "mirror",
            Self::Keep => "keep",
        }
    }
}

/// The storage class of replicas (BC:s3 StorageClass, those that a replication destination takes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StorageClass {
    /// `STANDARD`.
    Standard,
    /// `REDUCED_REDUNDANCY`.
    ReducedRedundancy,
    /// `STANDARD_IA`.
    StandardIa,
    /// `ONEZONE_IA`.
    OnezoneIa,
    /// `INTELLIGENT_TIERING`.
    IntelligentTiering,
    /// `GLACIER_IR`.
    GlacierIr,
    /// `GLACIER`: S3 Glacier Flexible Retrieval.
    Glacier,
    /// `DEEP_ARCHIVE`.
    DeepArchive,
}

impl StorageClass {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::Standard,
        Self::ReducedRedundancy,
        Self::StandardIa,
        Self::OnezoneIa,
        Self::IntelligentTiering,
        Self::GlacierIr,
        Self::Glacier,
        Self::DeepArchive,
    ];

    /// The class as S3 spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::ReducedRedundancy => "REDUCED_REDUNDANCY",
            Self::StandardIa => "STANDARD_IA",
            Self::OnezoneIa => "ONEZONE_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::GlacierIr => "GLACIER_IR",
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
        }
    }
}

/// Who owns the replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaOwner {
    /// The destination account: by bucket-owner-enforced ownership, or by owner override where the bucket is not ours to set.
    Destination,
    /// The owner of the source object; the destination account may not be able to read its replicas.
    Source,
}

/// Whether rules are proven by canary objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Canary {
    /// An object whose key begins with this is written under each rule's prefix, with the rule's tags, and removed by version
    /// wherever rules carry it.
    Write {
        /// What follows the rule's prefix in the key.
        name: String,
    },
    /// Nobody proves the rules; a finding in every plan.
    Skip {
        /// Why, in the user's words.
        reason: String,
    },
}

impl Canary {
    /// What follows the rule's prefix where the spec names nothing else.
    pub const NAME: &'static str = ".s3ferry-canary";

    /// What follows the rule's prefix in the keys of objects that prove something.
    #[must_use]
    pub fn object(&self) -> &str {
        match self {
            Self::Write { name } => name,
            Self::Skip { .. } => Self::NAME,
        }
    }
}

/// Whether replication is watched by alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Monitoring {
    /// Nothing was said; a finding in every plan.
    Unset,
    /// Nobody watches; a finding in every plan.
    None {
        /// Why, in the user's words.
        reason: String,
    },
    /// Alarms on the metrics of every rule.
    Alarms(Box<AlarmSpec>),
}

/// The alarms of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmSpec {
    /// The account in which the metrics appear; the source's where none is named.
    pub account: Option<AccountName>,
    /// Topics in the source Region.
    pub notify_source: Vec<Arn>,
    /// Topics in the destination Region.
    pub notify_destination: Vec<Arn>,
    /// Who S3 tells each object that failed: a topic, a queue or a function in the source Region.
    pub events: Option<Arn>,
    /// Failed operations in five minutes.
    pub failed_operations: Above,
    /// Seconds.
    pub latency: Above,
    /// Operations that wait.
    pub pending_operations: Above,
    /// Bytes that wait.
    pub pending_bytes: Above,
    /// Whether an object that fails on purpose shows that the alarms are raised.
    pub prove: bool,
}

/// What alarms are above where a spec says nothing; the reference page has the same as text.
impl AlarmSpec {
    /// Failed operations in five minutes.
    pub const FAILED_ABOVE: u64 = 0;
    /// The latency, in seconds.
    pub const LATENCY_SECONDS: u64 = 15 * 60;
    /// Operations that wait.
    pub const PENDING_OPERATIONS: u64 = 10_000;
    /// Bytes that wait.
    pub const PENDING_BYTES: u64 = 100 << 30;
    /// The most failed operations that may be too few yet where the alarm is to be proven: one object more fails then. Each is
    /// put, followed, noted in the ledger and removed by itself, and all of them within one period of the alarm.
    pub const PROVABLE_ABOVE: u64 = 19;
}

/// What is too much, and what it means that nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Above {
    /// More than this is too much.
    pub threshold: u64,
    /// What it means that nothing was measured.
    pub missing_data: MissingData,
}

/// What an alarm makes of periods without a datapoint (BC:cloudwatch PutMetricAlarm, TreatMissingData).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingData {
    /// It stays as it is: what AWS advises for replication metrics (UG:metrics-dimensions).
    Ignore,
    /// It says that it has no data.
    Missing,
    /// It goes off.
    Breaching,
    /// All is well.
    NotBreaching,
}

impl MissingData {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::Ignore,
        Self::Missing,
        Self::Breaching,
        Self::NotBreaching,
    ];

    /// The word as CloudWatch spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Missing => "missing",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
        }
    }
}

/// What may be destroyed and taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guards {
    /// How many deletions a plan may hold before `apply` refuses it.
    pub max_deletes: u32,
    /// Addresses of existing, unmarked things that s3ferry may take over.
    pub adopt: Vec<String>,
    /// Accounts that are gone: what of ours was there is left, and what leads there may go.
    pub forget: BTreeSet<AccountId>,
}
