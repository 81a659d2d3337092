//! What every kind of target says of itself: facts about all its targets, and what one document of it is.
//!
//! Neither the facts nor [`Holding`] have defaults: a new kind answers every question here before it compiles.
//! [`super`] holds the only matches over all kinds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use super::part::Part;
use crate::format::{Action, Risk, RiskLevel, Undo, UndoKind};
use crate::model::links::Link;
use crate::model::target::{Service, Target};

/// What is true of every target of a kind.
#[derive(Debug)]
pub struct Facts {
    /// The kind in AWS's words, for reviewers.
    pub name: &'static str,
    /// Its address below that of its place; empty for the place itself.
    pub path: &'static str,
    /// The service that it is reached through; AWS throttles each apart.
    pub service: Service,
    /// The calls that read it.
    pub read: &'static [Call],
    /// The calls that write it; none where s3ferry only reads it.
    pub write: Option<Writes>,
    /// Whether `guards.max_deletes` counts its removal as a whole.
    pub guarded: bool,
    /// How a thing of ours is told from everybody else's.
    pub marked: Marked,
    /// Whether a bucket or a role that exists always holds one: where there is none, its whole is not there.
    pub always_there: bool,
    /// What else of the same place is known where there is one.
    pub implies: Implied,
    /// What a new bucket holds here.
    pub born: Born,
    /// What it holds while its users go from what they needed to what they will need.
    pub grows: Grows,
    /// How large AWS takes it.
    pub size: Size,
    /// When a write of it counts.
    pub settled: Settled,
    /// What a reviewer should know before a change, and whether it can be taken back.
    pub(crate) consequences: fn(&Change<'_>) -> Consequences,
}

/// The calls that write a target.
#[derive(Debug, Clone, Copy)]
pub struct Writes {
    /// Where nothing is there yet.
    pub create: &'static [Call],
    /// Where something is.
    pub update: &'static [Call],
    /// To remove it.
    pub delete: &'static [Call],
}

/// What is done to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
}

/// How a thing of ours is told from everybody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// By the tags of the bucket or the role that it is a part of.
    ByItsWhole,
    /// Item by item: a rule by its ID, a statement by its Sid.
    ByItem,
    /// By a statement of ours in the policy of the bucket that it leads to, without which it would not work.
    ByItsGrant,
    /// Not at all: it is set on things of others too, or never written.
    Never,
}

/// What is known of a bucket because a part of it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implied {
    /// Nothing but that the bucket is there.
    Nothing,
    /// That its versioning is on.
    Versioned,
}

/// What a new bucket holds, which a plan cannot know: the defaults have changed before (encryption in 2023, public access
/// and ownership in April 2023, SSE-C blocked in April 2026, T16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Born {
    /// Nothing, or it is no part of a bucket: what is there, somebody put there.
    Nothing,
    /// A state that was never set.
    NeverSet,
    /// The tags that the bucket was made with, or none yet.
    Tags,
    /// AWS's defaults of the day.
    Defaults,
    /// AWS's defaults of the day, of which some stay where a plan sets the rest.
    DefaultsThatStay,
}

/// What of a document is both given and taken away while its users change, and so is written twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grows {
    /// Nothing: nobody fails for what it lacks in between.
    Never,
    /// The statements of ours in a policy.
    OurStatements,
    /// All statements of a policy, which is ours whole.
    Statements,
    /// The tags that lead to what is ours.
    Tags,
    /// Nothing: it only loses, and keeps what goes until its users have changed.
    Shrinks,
}

/// How large a document AWS takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As large as its parts may be.
    Free,
    /// This many bytes of a policy, white space included.
    PolicyBytes(usize),
    /// This many characters of a policy, white space apart.
    PolicyCharacters(usize),
}

/// When a write counts: it is read back as wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// How many reads in a row must be as wanted.
    pub reads_in_a_row: u32,
    /// What a plan says is waited for; none where AWS shows the write at once.
    pub wait: Option<&'static str>,
}

impl Settled {
    /// AWS answers a read after the write with what was written (UG:Welcome, "strong read-after-write consistency", is of
    /// objects; unverified for these settings, so one read checks it).
    pub(crate) const AT_ONCE: Self = Self {
        reads_in_a_row: 1,
        wait: None,
    };
}

/// What one document is, whatever its kind.
pub(crate) trait Holding {
    /// The canonical form: equal exactly where the meaning is equal.
    fn canonical(&self) -> Value;
    /// The document for reviewers.
    fn view(&self) -> Value;
    /// The parts that a reviewer reads and a migration owns, each with its path below the target's address; none where the
    /// document is one thing.
    fn parts(&self) -> Option<Parts>;
    /// What the document makes depend on what.
    fn links(&self, at: &Target) -> Vec<Link>;
}

/// The parts of a document, each with its path below the target's address.
pub(crate) type Parts = Vec<(String, Part)>;

/// A change, as far as its consequences go; to a part of a document, or where there is none to the whole.
pub(crate) struct Change<'a> {
    pub(crate) action: Action,
    pub(crate) before: Option<&'a Part>,
    pub(crate) after: Option<&'a Part>,
    /// Whether the bucket that the target is a part of is made by the same plan.
    pub(crate) new_bucket: bool,
    /// What is missed of a part that goes.
    pub(crate) loss: Loss,
}

/// What is missed of a part of a document that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// All that it did.
    Whole,
    /// Nothing: something else in the document that is written goes on with it.
    CarriedOn,
    /// Nothing: it was there for a proof alone.
    OfAProof,
}

/// What is said of a change.
pub(crate) struct Consequences {
    /// Whether it can be taken back.
    pub(crate) undo: Undo,
    /// What could go wrong.
    pub(crate) risk: Risk,
}

impl Consequences {
    /// A change that is taken back as if it had never been, and that nobody notices but who asked for it.
    pub(crate) fn none() -> Self {
        Self::of(UndoKind::Exact, "", RiskLevel::Low, &[])
    }

    pub(crate) fn of(undo: UndoKind, why: &str, level: RiskLevel, notes: &[&str]) -> Self {
        Self {
            undo: Undo {
                kind: undo,
                why: why.to_owned(),
            },
            risk: Risk {
                level,
                notes: notes.iter().map(|note| (*note).to_owned()).collect(),
            },
        }
    }
}

/// The consequences of a change that has none worth a word.
pub(crate) fn nothing_of_note(_: &Change<'_>) -> Consequences {
    Consequences::none()
}

/// The tags of a bucket or a role.
pub type Tags = BTreeMap<String, String>;

impl Facts {
    /// Those of a kind that s3ferry only reads: nothing of it is ever ours, made, or waited for.
    pub(super) const fn only_read(
        name: &'static str,
        path: &'static str,
        service: Service,
        read: &'static [Call],
    ) -> Self {
        Self {
            name,
            path,
            service,
            read,
            write: None,
            guarded: false,
            marked: Marked::Never,
            always_there: false,
            implies: Implied::Nothing,
            born: Born::Nothing,
            grows: Grows::Never,
            size: Size::Free,
            settled: Settled::AT_ONCE,
            consequences: nothing_of_note,
        }
    }

    /// The calls that do this to a target.
    #[must_use]
    pub const fn to(&self, verb: Verb) -> &'static [Call] {
        match (&self.write, verb) {
            (None, _) => &[],
            (Some(writes), Verb::Create) => writes.create,
            (Some(writes), Verb::Update) => writes.update,
            (Some(writes), Verb::Delete) => writes.delete,
        }
    }
}

/// A plain value as a field of its own, so that every view is an object.
pub(super) fn in_a_value(meaning: Value) -> Value {
    if meaning.is_object() {
        meaning
    } else {
        json!({ "value": meaning })
    }
}

/// The parts of a document that is one thing.
pub(super) const fn one_thing() -> Option<Parts> {
    None
}

/// The links of a document that nothing depends on and that depends on nothing.
pub(super) const fn nothing_linked() -> Vec<Link> {
    Vec::new()
}
