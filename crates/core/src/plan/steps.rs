//! Steps: what an apply does, in which order.
//!
//! A step writes one target once, or proves one goal. The edges are part of the plan; the engine follows them and decides
//! nothing. One target may be written by two steps where a policy must first grow and later shrink, so that no object
//! fails in between.

use std::collections::BTreeSet;
use std::fmt;

use crate::goals::Goal;
use crate::model::kinds::{Born, Tags};
use crate::model::{BucketPart, BucketRef, Document, Target};

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
    /// Makes a goal true, and shows that it is.
    Prove(Box<Goal>),
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

impl WriteStep {
    /// The bucket that the step makes, with the tags that it is made with.
    #[must_use]
    pub fn makes(&self) -> Option<(&BucketRef, &Tags)> {
        match (&self.target, &self.before, &self.after) {
            (Target::Bucket(bucket, BucketPart::Itself), None, Some(Document::Bucket(made))) => {
                Some((bucket, &made.created_with_tags))
            }
            _ => None,
        }
    }

    /// Whether a bucket that was just made with `tags` may hold `live` here although the plan did not know: it was born so.
    #[must_use]
    pub fn is_born_with(&self, live: Option<&Document>, tags: &Tags) -> bool {
        self.target.kind().is_born_with(live, tags)
    }

    /// Whether a new bucket holds something here that the plan could not know of and that shall stay.
    #[must_use]
    pub fn inherits(&self) -> bool {
        self.target.kind().facts().born == Born::DefaultsThatStay
    }

    /// The step with what a new bucket holds and shall keep.
    #[must_use]
    pub fn inheriting(&self, live: Option<&Document>) -> Self {
        let mut step = self.clone();
        if let (Some(Document::Encryption(after)), Some(Document::Encryption(live))) =
            (&mut step.after, live)
        {
            after.inherit(live);
        }
        step
    }
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
