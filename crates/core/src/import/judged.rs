//! A configuration, and what becomes of each of its rules.

use super::rule::Expressed;
use crate::ids::{MigrationName, RuleName};
use crate::model::BucketRef;
use crate::model::kinds::ReplicationConfiguration;
use crate::model::kinds::replication::Rule;

/// A configuration with what becomes of its rules, the most important first.
pub(super) struct Sorted<'a> {
    pub(super) source: &'a BucketRef,
    pub(super) live: &'a ReplicationConfiguration,
    pub(super) rules: Vec<Judged<'a>>,
}

/// A rule with what becomes of it.
pub(super) struct Judged<'a> {
    pub(super) rule: &'a Rule,
    /// Where its destination bucket is.
    pub(super) to: Option<BucketRef>,
    pub(super) fate: Fate,
}

/// What becomes of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is the spec's already.
    Ours(MigrationName, RuleName, Box<Expressed>),
    /// A rule of the spec takes its place.
    Taken(Box<Expressed>),
    /// It is taken over, and nothing is to take its place.
    Never(String),
    /// It stays as it is, and why.
    Stays(String),
}

impl Judged<'_> {
    /// Its ID, for people.
    pub(super) fn id(&self) -> &str {
        self.rule.id.as_deref().unwrap_or_default()
    }

    pub(super) const fn stays(&self) -> bool {
        matches!(self.fate, Fate::Stays(_))
    }

    pub(super) const fn is_taken(&self) -> bool {
        matches!(self.fate, Fate::Taken(_))
    }

    /// Whether S3 may apply either to some object, to one bucket.
    pub(super) fn competes(&self, other: &Self) -> bool {
        let acts = self.rule.is_enabled() && other.rule.is_enabled();
        acts && self.rule.is_to(other.rule) && self.rule.meets(other.rule)
    }

    pub(super) fn selects_the_same(&self, other: &Self) -> bool {
        self.rule.is_to(other.rule) && self.rule.selects() == other.rule.selects()
    }
}
