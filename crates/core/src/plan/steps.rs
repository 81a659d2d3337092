//! Steps: what an apply does, in which order.
//!
//! A step writes one target once, or proves one goal. The edges are part of the plan; the engine follows them and decides
//! nothing. One target may be written by two steps where a policy must first grow and later shrink, so that no object
//! fails in between.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ids::{Arn, MigrationName, RuleName};
use crate::model::{BucketRef, Document, RoleRef, Target};

/// The identity of a step in its plan: the address of its target, `#` and a stage where there are two, or a goal's address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub String);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One step of an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its identity.
    pub id: StepId,
    /// What it does.
    pub work: Work,
    /// The steps that must be done and settled before it starts.
    pub needs: BTreeSet<StepId>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Writes a target.
    Write(Box<WriteStep>),
    /// Proves that a rule replicates.
    Prove(Box<CanaryGoal>),
}

/// A target that is brought from one document to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteStep {
    /// The target.
    pub target: Target,
    /// What the step does to it, as far as the order cares.
    pub stage: Stage,
    /// What it must hold when the step starts (by meaning): else the step is stale.
    pub before: Option<Document>,
    /// What it holds afterwards.
    pub after: Option<Document>,
}

/// What a write does to its target, as far as the order cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It makes the target, or changes it once.
    Set,
    /// It takes away what the configuration no longer needs.
    Shrink,
    /// It removes the target.
    Remove,
}

impl Stage {
    /// What a step's identity ends with: a target that both grows and shrinks has two steps.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Set | Self::Remove => "",
            Self::Shrink => "#shrink",
        }
    }
}

/// A rule to be proven by an object that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryGoal {
    /// The migration.
    pub migration: MigrationName,
    /// The rule's short name.
    pub rule: RuleName,
    /// The bucket to write to.
    pub source: BucketRef,
    /// The bucket to arrive in.
    pub destination: BucketRef,
    /// The role that replicates.
    pub role: RoleRef,
    /// The key.
    pub key: String,
    /// The tags that the rule's filter asks for.
    pub tags: BTreeMap<String, String>,
    /// The key to encrypt with, where the rule is for SSE-KMS objects.
    pub kms_key: Option<Arn>,
    /// What the proof is of: rule, role, policies and destination settings as they will be. Anything of it that changes
    /// makes the proof void.
    pub subject: ProofSubject,
}

/// SHA-256 over the documents that a proof is of, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofSubject(pub String);

/// The subjects that receipts in the ledger prove.
pub type Proofs = BTreeSet<ProofSubject>;
