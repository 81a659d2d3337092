//! Steps: what an apply does, in which order.
//!
//! A step writes one target once, or proves one goal. The edges are part of the plan; the engine follows them and decides
//! nothing. One target may be written by two steps where a policy must first grow and later shrink, so that no object
//! fails in between.

use std::collections::BTreeSet;
use std::fmt;

use super::led::Led;
use crate::goals::Goal;
use crate::model::kinds::{Born, Call, Marked, Tags, Verb, role, trail};
use crate::model::{BucketPart, BucketRef, Document, Kind, RolePart, Target, TrailPart, same};
use crate::ownership::lose_a_spec;
use crate::proof::PlacedCanary;

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
    /// Removes a canary that an earlier run left.
    Sweep(Box<Sweep>),
}

/// A canary that lies somewhere and that no goal goes on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// The canary.
    pub canary: PlacedCanary,
    /// The buckets among its sides in accounts that the spec does not have: it may stay there.
    pub beyond: BTreeSet<BucketRef>,
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
    /// What nothing else leads to once the step is done: the step is not taken while there is more of ours in it than was planned.
    pub led: Vec<Led>,
}

impl WriteStep {
    /// What it does to its target.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match (&self.before, &self.after) {
            (None, Some(_)) => Verb::Create,
            (_, None) => Verb::Delete,
            (Some(_), Some(_)) => Verb::Update,
        }
    }

    /// The calls that do it.
    #[must_use]
    pub fn calls(&self) -> &'static [Call] {
        match self.target.kind() {
            Kind::Role(RolePart::Itself) if self.leaves() => role::RELEASE,
            Kind::Trail(TrailPart::Itself) if self.leaves() => trail::RELEASE,
            kind => kind.facts().to(self.verb()),
        }
    }

    /// Whether it leaves a role or a trail to others, which loses our mark and stays.
    pub(crate) fn leaves(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(Document::Role(before)), Some(Document::Role(after))) => {
                lose_a_spec(&before.tags, &after.tags)
            }
            (Some(Document::Trail(before)), Some(Document::Trail(after))) => {
                lose_a_spec(&before.tags, &after.tags)
            }
            _ => false,
        }
    }

    /// The tags of the bucket, the role or the trail that the step makes.
    #[must_use]
    pub const fn makes(&self) -> Option<&Tags> {
        match (&self.target, &self.before, &self.after) {
            (Target::Bucket(_, BucketPart::Itself), None, Some(Document::Bucket(made))) => {
                Some(&made.created_with_tags)
            }
            (Target::Role(_, RolePart::Itself), None, Some(Document::Role(made))) => {
                Some(&made.tags)
            }
            (Target::Trail(_, TrailPart::Itself), None, Some(Document::Trail(made))) => {
                Some(&made.tags)
            }
            _ => None,
        }
    }

    /// What goes with the target although no step is about it: what a trail records.
    #[must_use]
    pub fn takes_along(&self) -> Option<Target> {
        match (&self.target, &self.after) {
            (Target::Trail(trail, TrailPart::Itself), None) => {
                Some(Target::Trail(trail.clone(), TrailPart::Selectors))
            }
            _ => None,
        }
    }

    /// Where a read shows that the step's write was taken: the target, or the tags of a bucket that is made. They are written
    /// with it, every bucket answers them, and they are to be read back anyway.
    #[must_use]
    pub fn shown_by(&self) -> Target {
        match (&self.target, self.makes()) {
            (Target::Bucket(bucket, _), Some(_)) => {
                Target::Bucket(bucket.clone(), BucketPart::Tags)
            }
            (target, _) => target.clone(),
        }
    }

    /// Whether a read of [`Self::shown_by`] that answered `live` shows that the write was taken, AWS having said so.
    #[must_use]
    pub fn is_shown_by(&self, live: Option<&Document>) -> bool {
        match (live, self.makes()) {
            (Some(Document::Tags(_)), Some(_)) => true,
            (live, _) => same(live, self.after.as_ref()),
        }
    }

    /// Whether a read of [`Self::shown_by`] that answered `live` shows that a bucket which is there already is the one of this step:
    /// one that does not carry the tags that it was to be made with was made by somebody else.
    #[must_use]
    pub fn is_marked_by(&self, live: Option<&Document>) -> bool {
        match (self.makes(), live) {
            (Some(tags), Some(Document::Tags(live))) => {
                tags.iter().all(|(key, value)| live.get(key) == Some(value))
            }
            _ => false,
        }
    }

    /// Whether the write can lose nothing of anybody's where the bucket or the role was just made by the same run: the target
    /// is under a name of ours on a role of ours, or is versioning, which is only ever switched on. A bucket's policy is not
    /// so: what closes every new bucket of an organization may have been there first.
    #[must_use]
    pub fn is_safe_on_new(&self) -> bool {
        let facts = self.target.kind().facts();
        let is_ours_alone = match facts.born {
            Born::NeverSet => true,
            Born::Nothing => facts.marked == Marked::ByItsWhole,
            Born::Tags | Born::Defaults | Born::DefaultsThatStay => false,
        };
        is_ours_alone && self.before.is_none() && self.makes().is_none()
    }

    /// Whether the write only switches on what nobody has set yet, so that it can lose nothing of anybody's on any bucket: S3
    /// never goes back to a versioning that was never set, and whatever somebody did since, on is what the spec asks for.
    #[must_use]
    pub fn only_switches_on(&self) -> bool {
        let kind = self.target.kind();
        let was_never_set = kind.is_born_with(self.before.as_ref(), &Tags::default());
        kind.facts().born == Born::NeverSet && was_never_set
    }

    /// Whether somebody else may write the target, too, so that one answer to a read of it, which may be an old one, is not enough
    /// to write over what it held. AWS itself refuses to make a bucket or a role twice.
    #[must_use]
    pub fn may_be_written_by_others(&self) -> bool {
        self.makes().is_none() && !self.only_switches_on()
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
    /// It puts up what a proof needs, when the rest is done.
    PutUp,
    /// It takes that down, when the proof is made.
    TakeDown,
}

impl Stage {
    /// What a step's identity ends with: a target that both grows and shrinks has two steps.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Set | Self::Remove => "",
            Self::Shrink => "#shrink",
            Self::PutUp => "#put-up",
            Self::TakeDown => "#take-down",
        }
    }

    /// Whether it is there for a proof alone.
    #[must_use]
    pub(crate) const fn is_of_a_proof(self) -> bool {
        match self {
            Self::Set | Self::Shrink | Self::Remove => false,
            Self::PutUp | Self::TakeDown => true,
        }
    }

    /// The address of the target that a step is called after.
    #[must_use]
    pub fn target_of(step: &str) -> &str {
        let staged = [Self::Shrink, Self::PutUp, Self::TakeDown].into_iter();
        let mut targets = staged.filter_map(|stage| step.strip_suffix(stage.suffix()));
        targets.next().unwrap_or(step)
    }
}
