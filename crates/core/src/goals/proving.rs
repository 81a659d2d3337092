//! The change of a goal: no document is written for its own sake, and something is proven.

use serde_json::Value;

use crate::format::{Action, Change, Reason, Risk, Undo, UndoKind};
use crate::ids::MigrationName;

/// What a plan says of a goal that is not met.
pub(super) struct Proving {
    /// Its kind, as the plan calls it.
    pub(super) kind: &'static str,
    /// Its address.
    pub(super) address: String,
    /// The address of what it is about.
    pub(super) target: String,
    /// What is done.
    pub(super) after: Value,
    /// What stays of it.
    pub(super) undo: Undo,
    /// What it costs and endangers.
    pub(super) risk: Risk,
}

impl Proving {
    pub(super) fn change(self, migration: &MigrationName) -> Change {
        Change {
            address: self.address,
            target: self.target,
            kind: self.kind.to_owned(),
            migrations: vec![migration.to_string()],
            actions: vec![Action::Prove],
            reason: Reason::Unproven,
            before: Value::Null,
            after: self.after,
            attributes: Vec::new(),
            access: None,
            undo: self.undo,
            risk: self.risk,
        }
    }
}

/// Nothing stays.
pub(super) const fn exact() -> Undo {
    Undo {
        kind: UndoKind::Exact,
        why: String::new(),
    }
}
