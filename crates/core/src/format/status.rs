//! The wire format of a status: where each migration stands, and what to do next. What needs attention stands first.
//!
//! It is written and never read back; what its versions may do is the table of [`super::reading`] all the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AccountInfo, Gate};

/// The version of the format that this build writes.
pub const STATUS_FORMAT: &str = "1.0";

/// Where the migrations of a spec stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusFile {
    /// The format's version, [`STATUS_FORMAT`].
    pub format: String,
    /// The version of s3ferry that looked.
    pub s3ferry: String,
    /// When the plan was made that it rests on, RFC 3339 in UTC.
    pub created: String,
    /// The spec's name in ownership markers.
    pub spec: String,
    /// The migrations named by `--target`; empty for all.
    pub targets: Vec<String>,
    /// The accounts signed in to.
    pub accounts: Vec<AccountInfo>,
    /// The migrations: what needs attention first, then by name.
    pub migrations: Vec<MigrationStatus>,
    /// Findings that block an apply and are of no one migration, each as `code at address`.
    pub blocked: Vec<String>,
    /// Changes that an apply would make for no migration: of what left the spec.
    pub beside: u64,
    /// How many migrations there are of each level.
    pub counts: BTreeMap<Attention, u64>,
}

/// How much attention a migration needs; the order is the order of attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// Objects failed, or an alarm is raised.
    Failing,
    /// An apply is refused for it, or a gate cannot become true as things are.
    Blocked,
    /// What would tell of trouble could not be looked at.
    Unknown,
    /// An apply has something to do.
    ToDo,
    /// AWS is at work.
    Waiting,
    /// Nothing is to be done in this phase.
    Fine,
}

impl Attention {
    /// Whether somebody must do something.
    #[must_use]
    pub const fn is_needed(self) -> bool {
        match self {
            Self::Failing | Self::Blocked | Self::Unknown | Self::ToDo => true,
            Self::Waiting | Self::Fine => false,
        }
    }
}

/// Where one migration stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationStatus {
    /// The name.
    pub name: String,
    /// The phase that the spec asks for.
    pub phase: String,
    /// The source bucket, `account/bucket (Region)`.
    pub source: String,
    /// The destination bucket, likewise.
    pub destination: String,
    /// How much attention it needs.
    pub attention: Attention,
    /// Why, a clause each; none where nothing is to be done.
    pub why: Vec<String>,
    /// What to do next, in one line: a command where there is one.
    pub next: String,
    /// What must be true for the phase, as the plan says it.
    pub gates: Vec<Gate>,
    /// How many changes an apply would make for it.
    pub changes: u64,
    /// What is on its way.
    pub backlog: Backlog,
    /// What failed.
    pub failed: Failed,
    /// What could not be looked at, a clause each.
    pub unread: Vec<String>,
    /// Jobs of its backfill and of its checksums: those that have not ended, and the last one that has.
    pub jobs: Vec<JobInfo>,
    /// How many alarms of its rules there are.
    pub alarms: u64,
    /// Those of them that are not OK.
    pub raised: Vec<AlarmInfo>,
    /// The age of the oldest of the last proofs of its rules, in seconds.
    pub canary_age_seconds: Option<u64>,
    /// The last receipts of each kind.
    pub receipts: Vec<ReceiptInfo>,
}

/// What is on its way from one bucket to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// Where the numbers are from.
    pub source: BacklogSource,
    /// Bytes; none where not known.
    pub bytes: Option<u64>,
    /// Operations; none where not known. Where versions were looked at: those of them that are pending.
    pub operations: Option<u64>,
    /// The longest that something takes, in seconds: the metric of the worst rule, or the age of the oldest pending version.
    pub latency_seconds: Option<u64>,
    /// What was looked at where metrics are silent, or tell of failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks: Option<Looks>,
}

/// Where the numbers of a backlog are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BacklogSource {
    /// No rule of the migration is live and enabled.
    NoRules,
    /// CloudWatch's metrics of every rule.
    Metrics,
    /// The newest versions of the source.
    Looks,
    /// Metrics of some rules, versions under the others.
    Both,
    /// Neither could be had.
    Unknown,
}

/// The newest versions of the source, by replication status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    /// How many were looked at.
    pub versions: u64,
    /// Whether there are no others under the rules' prefixes.
    pub whole: bool,
    /// On their way.
    pub pending: u64,
    /// At the destination.
    pub completed: u64,
    /// Given up.
    pub failed: u64,
    /// Without a status: no rule took them, or they were there before the rules.
    pub none: u64,
    /// Replicas, and statuses that this build does not know.
    pub other: u64,
}

/// What failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// How many are known of: the greater of the next two.
    pub count: u64,
    /// Operations within the last 24 hours, by the metric; none where it is not known.
    pub by_metric: Option<u64>,
    /// Among the versions that were looked at; none where none were.
    pub looked_at: Option<u64>,
    /// Keys of some of them, at most [`FAILED_KEYS`], the newest first.
    pub keys: Vec<String>,
}

/// The most keys that are named; all are counted.
pub const FAILED_KEYS: usize = 10;

/// A job of S3 Batch Operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobInfo {
    /// Its ID.
    pub id: String,
    /// How far it is, in S3's word.
    pub state: String,
    /// How many objects it has; 0 before its list is made.
    pub tasks: u64,
    /// How many of them were copied.
    pub succeeded: u64,
    /// How many failed.
    pub failed: u64,
}

/// An alarm that is not OK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmInfo {
    /// Its name.
    pub name: String,
    /// What it watches.
    pub metric: String,
    /// `ALARM`, `INSUFFICIENT_DATA`, or what else CloudWatch says.
    pub state: String,
}

/// What a receipt of the ledger is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptKind {
    /// An object that arrived under a rule.
    Canary,
    /// An object that failed on purpose and raised an alarm.
    Alarms,
    /// A job that copied existing objects.
    Backfill,
    /// A comparison of both sides.
    Verification,
}

/// The last receipt of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptInfo {
    /// What it is of.
    pub kind: ReceiptKind,
    /// The rule of a canary; the job of a backfill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// How long ago that was when the status was made.
    pub age_seconds: Option<u64>,
    /// Whether it says that all is well.
    pub good: bool,
    /// What it says, in a clause.
    pub says: String,
}

impl StatusFile {
    /// How many migrations somebody must do something for.
    #[must_use]
    pub fn attention(&self) -> usize {
        let needing = self.migrations.iter().filter(|of| of.attention.is_needed());
        needing.count()
    }

    /// The value as JSON, indented, with a newline at the end.
    ///
    /// # Panics
    /// Never: every key is a string and every number is finite.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("it has string keys only");
        text.push('\n');
        text
    }
}
