//! Format 1.0 of a plan: the one JSON value that text, Markdown and HTML are drawn from.
//!
//! These are wire types, apart from the types that decisions are taken with. What a minor and a major version may do, and
//! what old and new readers make of it, is the table of [`reading`]; before a change, add its row.
//! Every collection is ordered, so that the same input gives the same bytes.

mod alarm;
pub mod diagnosis;
pub mod document;
pub mod drift;
pub mod reading;
pub mod status;
pub mod verification;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use reading::{Read, ReadError};

/// The version of the format that this build writes.
pub const FORMAT: &str = "1.1";

/// A plan, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// The format's version, [`FORMAT`].
    pub format: String,
    /// The version of s3ferry that made the plan.
    pub s3ferry: String,
    /// When the plan was made, RFC 3339 in UTC.
    pub created: String,
    /// The spec that the plan was made from.
    pub spec: SpecInfo,
    /// The accounts signed in to.
    pub accounts: Vec<AccountInfo>,
    /// The migrations that the plan is for, with their gates.
    pub migrations: Vec<MigrationInfo>,
    /// What would change, in the order of the addresses.
    pub changes: Vec<Change>,
    /// What stays as it was found although it shares a document with something of ours.
    pub kept: Vec<Kept>,
    /// What will be waited for, with its bound.
    pub waits: Vec<Wait>,
    /// Edges between addresses: `first` is done and settled before `then` starts.
    pub order: Vec<Edge>,
    /// SHA-256 of the canonical form of every document read, by target address; `absent` where nothing is there.
    pub fingerprints: BTreeMap<String, String>,
    /// What an apply of this plan needs to be allowed, by account.
    pub permissions: Vec<PermissionInfo>,
    /// What an apply of this plan takes.
    pub estimate: Estimate,
    /// What a reviewer should know, each with a code.
    pub findings: Vec<Finding>,
    /// Counts.
    pub summary: Summary,
}

/// The spec that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecInfo {
    /// The spec's name in ownership markers.
    pub name: String,
    /// SHA-256 over the paths and texts of its files.
    pub digest: String,
    /// The files, with their texts, so that a saved plan can be applied where it is.
    pub files: Vec<SpecFileInfo>,
    /// The migrations named by `--target`; empty for all.
    pub targets: Vec<String>,
    /// Whether `--search` looked for what is the spec's everywhere in its accounts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub search: bool,
}

/// One file of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecFileInfo {
    /// The path as given on the command line, or below the folder given there. One that ends in a slash is such a folder: all
    /// its spec files are the plan's.
    pub path: String,
    /// The text; none of a folder.
    pub text: String,
}

/// An account of the spec, as signed in to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// The name in the spec.
    pub name: String,
    /// The account ID.
    pub id: String,
    /// The Region.
    pub region: String,
    /// The caller's ARN as STS answered it.
    pub caller: String,
}

/// One migration and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationInfo {
    /// The name.
    pub name: String,
    /// The phase that the spec asks for.
    pub phase: String,
    /// The source bucket, `account/bucket (Region)`.
    pub source: String,
    /// The destination bucket, likewise.
    pub destination: String,
    /// What must be true for this phase.
    pub gates: Vec<Gate>,
    /// What these rules do not carry, a sentence each.
    pub not_carried: Vec<String>,
}

/// One thing that must be true for a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// What must be true, e.g. `canary everything`.
    pub name: String,
    /// Whether it is.
    pub state: GateState,
    /// Why the state is what it is.
    pub why: String,
}

/// Whether a gate is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateState {
    /// It is true now.
    Met,
    /// This plan will make it true.
    Pending,
    /// AWS is still at work.
    Waiting,
    /// It cannot become true as things are.
    Blocked,
}

/// One change that a reviewer reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The item's address, e.g. `prod/bucket/orders-prod/replication/rule/s3ferry/default/orders/everything`.
    pub address: String,
    /// The address of the target that is written; several items may share one.
    pub target: String,
    /// What kind of item it is, in AWS's words, e.g. `replication rule`.
    pub kind: String,
    /// The migrations that want it.
    pub migrations: Vec<String>,
    /// `["create"]`, `["update"]`, `["delete"]`, `["delete","create"]` or `["prove"]`.
    pub actions: Vec<Action>,
    /// Why.
    pub reason: Reason,
    /// The item as it is; null where it is absent.
    pub before: Value,
    /// The item as it will be; null where it will be absent.
    pub after: Value,
    /// The leaves that differ.
    pub attributes: Vec<Attribute>,
    /// For policy statements: how the access granted changes.
    pub access: Option<AccessChange>,
    /// Whether the change can be taken back.
    pub undo: Undo,
    /// What could go wrong.
    pub risk: Risk,
}

/// What is done to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is removed.
    Delete,
    /// A goal is shown to hold, by a canary object.
    Prove,
}

/// Why a change is planned: a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The spec asks for it and it is not there.
    Missing,
    /// It is there and differs from the spec.
    Differs,
    /// It is ours and the spec no longer names it.
    LeftSpec,
    /// The migration's phase does not have it.
    Phase,
    /// `guards.adopt` hands it to s3ferry.
    Adopted,
    /// Its principal was deleted and AWS shows a dangling ID in its place.
    BrokenPrincipal,
    /// No proof covers it as it will be.
    Unproven,
    /// An earlier run left it there.
    LeftBehind,
}

/// A leaf that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// The path to the leaf, with dots, e.g. `destination.storage_class`.
    pub path: String,
    /// The value before; null where absent.
    pub before: Value,
    /// The value after; null where absent.
    pub after: Value,
}

/// How the access that a statement grants changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessChange {
    /// By set containment.
    pub verdict: AccessVerdict,
    /// What is granted anew, e.g. `action s3:ReplicateDelete`.
    pub added: Vec<String>,
    /// What is no longer granted.
    pub removed: Vec<String>,
}

/// Access after compared with access before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessVerdict {
    /// The same.
    Equal,
    /// More is allowed.
    Broader,
    /// Less is allowed.
    Narrower,
    /// Some more and some less.
    Different,
}

/// Whether a change can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// How far.
    pub kind: UndoKind,
    /// Why not wholly; empty where it is exact.
    pub why: String,
}

/// How far a change can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UndoKind {
    /// Planning the spec of before restores it.
    Exact,
    /// Some effects stay.
    Partial,
    /// It cannot be taken back.
    None,
}

/// What could go wrong with a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// How much attention it wants.
    pub level: RiskLevel,
    /// What a reviewer should know, a sentence each.
    pub notes: Vec<String>,
}

/// How much attention a change wants; the order is the order of attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Nothing of note.
    Low,
    /// It changes behaviour that somebody may rely on.
    Medium,
    /// It cannot be undone, or objects may fail to replicate.
    High,
}

/// Something that stays as it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its address.
    pub address: String,
    /// What kind of item it is.
    pub kind: String,
    /// Why it is kept, e.g. `not s3ferry's`.
    pub why: String,
    /// The item as it is.
    pub value: Value,
}

/// Something that an apply waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The address of the step that waits.
    pub address: String,
    /// What is waited for.
    pub what: String,
    /// After how many seconds the wait is given up.
    pub bound_seconds: u64,
}

/// An edge of the order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// The step that is done and settled first.
    pub first: String,
    /// The step that starts afterwards.
    pub then: String,
    /// The rule that says so.
    pub why: String,
}

/// What one account must allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionInfo {
    /// The account's name in the spec.
    pub account: String,
    /// IAM actions, sorted.
    pub actions: Vec<String>,
}

/// What an apply takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Documents read to make this plan.
    pub reads: u64,
    /// Documents that an apply writes.
    pub writes: u64,
    /// API calls of an apply without retries: reading again, writing, settling, canaries.
    pub calls: u64,
    /// Seconds that the service limits alone make of those calls.
    pub throttle_seconds: u64,
}

/// Something that a reviewer should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable code, e.g. `not-watched`.
    pub code: String,
    /// How serious it is.
    pub level: FindingLevel,
    /// What it is about.
    pub address: String,
    /// What was found.
    pub message: String,
    /// What to do about it; several ways out are separated by newlines.
    pub help: String,
}

/// How serious a finding is; the order is the order of seriousness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingLevel {
    /// `apply` refuses the plan (exit 4).
    Blocked,
    /// It will hurt some day.
    Warning,
    /// Good to know.
    Note,
}

/// Counts of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Items made.
    pub create: u64,
    /// Items changed in place.
    pub update: u64,
    /// Items removed and made again.
    pub replace: u64,
    /// Items removed.
    pub delete: u64,
    /// Goals to prove.
    pub prove: u64,
    /// Items kept as found.
    pub kept: u64,
    /// Findings that block an apply.
    pub blocked: u64,
}

impl Summary {
    /// Whether an apply would have nothing to do.
    #[must_use]
    pub const fn no_changes(&self) -> bool {
        self.create + self.update + self.replace + self.delete + self.prove == 0
    }
}

impl PlanFile {
    /// Reads a plan of this major version.
    ///
    /// # Errors
    /// [`ReadError`] where the text is no plan, one of another major version, or one that says what this build does not know.
    pub fn from_json(text: &str) -> Result<Read<Self>, ReadError> {
        reading::read(text.as_bytes(), FORMAT)
    }

    /// SHA-256 of the plan as it is saved, in hex. Nothing is put together in memory for it.
    ///
    /// # Panics
    /// Never: every key is a string and every number is finite.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Hashing(Sha256::new());
        serde_json::to_writer_pretty(&mut hash, self).expect("a plan has string keys only");
        hash.0.update("\n");
        let hash = hash.0.finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The plan as JSON, indented, with a newline at the end.
    ///
    /// # Panics
    /// Never: every key is a string and every number is finite.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a plan has string keys only");
        text.push('\n');
        text
    }
}

/// Takes a text for its hash alone.
struct Hashing(Sha256);

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
