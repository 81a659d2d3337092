//! Parts of a document that a reviewer reads as one thing, and a migration owns.

use serde_json::{Value, json};

use super::event::Notification;
use super::listing::Inventory;
use super::rule::Rule;
use super::selectors::Selector;
use crate::policy::Statement;

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// The one role of a replication configuration.
    ReplicationRole(String),
    /// A replication rule.
    Rule(Box<Rule>),
    /// A statement of a policy.
    Statement(PolicyOf, Box<Statement>),
    /// A policy that a role has besides ours.
    RolePolicy(RolePolicyName),
    /// An inventory configuration, by its ID.
    Inventory(String, Box<Inventory>),
    /// Who hears of what happens in a bucket, by the ID.
    Notification(String, Box<Notification>),
    /// EventBridge, which hears of everything.
    EventBridge,
    /// An event selector of a trail.
    Selector(Box<Selector>),
}

/// A policy of a role, as IAM names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolePolicyName {
    /// A part of the role, by name.
    Inline(String),
    /// A managed policy, by ARN.
    Attached(String),
}

/// Whose policy a statement is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyOf {
    /// A bucket's.
    Bucket,
    /// A role's, inline.
    Role,
    /// A KMS key's.
    Key,
}

impl Part {
    /// What it is, in AWS's words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ReplicationRole(_) => "replication role",
            Self::Rule(_) => "replication rule",
            Self::Statement(PolicyOf::Bucket, _) => "bucket policy statement",
            Self::Statement(PolicyOf::Role, _) => "role policy statement",
            Self::Statement(PolicyOf::Key, _) => "key policy statement",
            Self::RolePolicy(RolePolicyName::Inline(_)) => "inline role policy",
            Self::RolePolicy(RolePolicyName::Attached(_)) => "attached role policy",
            Self::Inventory(_, _) => "inventory configuration",
            Self::Notification(_, _) => "event notification",
            Self::EventBridge => "EventBridge notification",
            Self::Selector(_) => "event selector",
        }
    }

    /// Whether both mean the same.
    #[must_use]
    pub fn same_meaning(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ReplicationRole(one), Self::ReplicationRole(other)) => one == other,
            (Self::Rule(one), Self::Rule(other)) => one.meaning() == other.meaning(),
            (Self::Statement(of, one), Self::Statement(other_of, other)) => {
                of == other_of && one.same_meaning(other)
            }
            (Self::RolePolicy(one), Self::RolePolicy(other)) => one == other,
            (Self::Inventory(id, one), Self::Inventory(other_id, other)) => {
                id == other_id && one.meaning() == other.meaning()
            }
            (Self::Notification(id, one), Self::Notification(other_id, other)) => {
                id == other_id && one.meaning() == other.meaning()
            }
            (Self::EventBridge, Self::EventBridge) => true,
            (Self::Selector(one), Self::Selector(other)) => one.meaning() == other.meaning(),
            (
                Self::ReplicationRole(_)
                | Self::Rule(_)
                | Self::Statement(_, _)
                | Self::RolePolicy(_)
                | Self::Inventory(_, _)
                | Self::Notification(_, _)
                | Self::EventBridge
                | Self::Selector(_),
                _,
            ) => false,
        }
    }

    /// The part for reviewers.
    #[must_use]
    pub fn view(&self) -> Value {
        match self {
            Self::ReplicationRole(role) => json!({ "role": role }),
            Self::Rule(rule) => rule.to_json(),
            Self::Statement(_, statement) => {
                serde_json::from_str(statement.raw()).unwrap_or_else(|_| json!(statement.raw()))
            }
            Self::RolePolicy(RolePolicyName::Inline(name)) => json!({ "name": name }),
            Self::RolePolicy(RolePolicyName::Attached(arn)) => json!({ "arn": arn }),
            Self::Inventory(_, of) => of.meaning(),
            Self::Notification(_, of) => of.meaning(),
            Self::EventBridge => json!({ "events": "all" }),
            Self::Selector(of) => of.meaning(),
        }
    }

    /// Whether `guards.max_deletes` counts its removal. Statements in policies go along with the rules that need them, and
    /// only take grants away.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        match self {
            Self::Rule(_) | Self::RolePolicy(_) => true,
            Self::ReplicationRole(_) | Self::Statement(_, _) | Self::Inventory(_, _) => false,
            Self::Notification(_, _) | Self::EventBridge => false,
            // A basic one for data events says nothing of whose it is; what every new trail records nobody asked for.
            Self::Selector(of) => of.is_of_buckets_only(),
        }
    }
}
