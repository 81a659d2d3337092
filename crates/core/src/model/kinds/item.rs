//! Items: what a reviewer reads as one thing, and a migration owns.

use serde_json::{Value, json};

use super::Document;
use super::replication::Rule;
use crate::policy::Statement;

/// An item of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// The document is one item.
    Whole(Document),
    /// The one role of a replication configuration.
    ReplicationRole(String),
    /// A replication rule.
    Rule(Box<Rule>),
    /// A statement of a policy.
    Statement(PolicyOf, Box<Statement>),
}

/// Whose policy a statement is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyOf {
    /// A bucket's.
    Bucket,
    /// A role's, inline.
    Role,
}

/// An item with its place in the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The path below the target's address; empty where the item is the whole document.
    pub path: String,
    /// The item.
    pub item: Item,
}

impl Placed {
    pub(crate) const fn whole(document: Document) -> Self {
        Self {
            path: String::new(),
            item: Item::Whole(document),
        }
    }
}

impl Item {
    /// What it is, in AWS's words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Whole(document) => document.kind().facts().name,
            Self::ReplicationRole(_) => "replication role",
            Self::Rule(_) => "replication rule",
            Self::Statement(PolicyOf::Bucket, _) => "bucket policy statement",
            Self::Statement(PolicyOf::Role, _) => "role policy statement",
        }
    }

    /// Whether both mean the same.
    #[must_use]
    pub fn same_meaning(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.same_meaning(other),
            (Self::ReplicationRole(one), Self::ReplicationRole(other)) => one == other,
            (Self::Rule(one), Self::Rule(other)) => one.meaning() == other.meaning(),
            (Self::Statement(of, one), Self::Statement(other_of, other)) => {
                of == other_of && one.canonical() == other.canonical()
            }
            (
                Self::Whole(_) | Self::ReplicationRole(_) | Self::Rule(_) | Self::Statement(_, _),
                _,
            ) => false,
        }
    }

    /// The item for reviewers.
    #[must_use]
    pub fn view(&self) -> Value {
        match self {
            Self::Whole(document) => document.view(),
            Self::ReplicationRole(role) => json!({ "role": role }),
            Self::Rule(rule) => rule.to_json(),
            Self::Statement(_, statement) => {
                serde_json::from_str(statement.raw()).unwrap_or_else(|_| json!(statement.raw()))
            }
        }
    }

    /// Whether `guards.max_deletes` counts its removal. Statements in policies go along with the rules that need them, and
    /// only take grants away.
    #[must_use]
    pub const fn is_guarded(&self) -> bool {
        match self {
            Self::Whole(document) => document.kind().facts().guarded,
            Self::Rule(_) => true,
            Self::ReplicationRole(_) | Self::Statement(_, _) => false,
        }
    }

    /// The rule's ID.
    #[must_use]
    pub fn rule_id(&self) -> Option<&str> {
        match self {
            Self::Rule(rule) => rule.id.as_deref(),
            Self::Whole(_) | Self::ReplicationRole(_) | Self::Statement(_, _) => None,
        }
    }
}
