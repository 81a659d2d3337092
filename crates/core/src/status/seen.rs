//! What a status is made from.

use std::collections::BTreeMap;

use super::reads::{Looked, Measures};
use crate::format::PlanFile;
use crate::format::status::ReceiptKind;
use crate::ids::MigrationName;
use crate::model::Observed;
use crate::spec::Spec;

/// The last receipt of a kind for a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastReceipt {
    /// The migration, by its name.
    pub migration: String,
    /// What it is of.
    pub kind: ReceiptKind,
    /// The rule of a canary; the job of a backfill.
    pub of: Option<String>,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Whether it says that all is well.
    pub good: bool,
    /// What it says, in a clause.
    pub says: String,
}

/// Everything that a status is made from.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The spec.
    pub spec: &'a Spec,
    /// The world that the plan was made from.
    pub observed: &'a Observed,
    /// The plan.
    pub plan: &'a PlanFile,
    /// What CloudWatch says of [`reads::asked`].
    pub measured: &'a Measures,
    /// What was looked at of [`reads::to_look`].
    pub looked: &'a BTreeMap<MigrationName, Looked>,
    /// What the ledger says.
    pub receipts: &'a [LastReceipt],
    /// The paths of the spec as words of a shell, for commands.
    pub paths: &'a str,
}
