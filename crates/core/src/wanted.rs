//! Wanted: what a migration may ask of a target, and how the wishes of several come together.

use std::collections::{BTreeMap, BTreeSet};

use crate::data_events::DataEvents;
use crate::ids::{Arn, MigrationName};
use crate::model::Target;
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{Alarm, BucketLogging, Document, Inventory, Notification, Policy, Tags};
use crate::policy::Statement;
use crate::spec::Encryption;

/// What a target shall hold of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This whole document, whatever is there.
    Whole(Document),
    /// A bucket that is made by us, with these tags.
    Bucket(Tags),
    /// A bucket that must be there and is not ours.
    Exists,
    /// These tags among others.
    Tags(Tags),
    /// Versioning on.
    Versioning,
    /// This default encryption.
    Encryption(Encryption),
    /// These statements among others.
    BucketPolicy(Vec<(MigrationName, Statement)>),
    /// These statements among others, in the policy of a key.
    KeyPolicy(Vec<(MigrationName, Statement)>),
    /// These rules among others, under this role; priorities are assigned when the live document is known.
    Replication(Vec<(MigrationName, Rule)>, Option<Arn>),
    /// Access logs that go there, with what others are granted on them.
    Logging(BucketLogging),
    /// This inventory among others under our ID, or none of ours.
    Inventory(Option<Box<Inventory>>),
    /// This hearer of events among others under our ID, or none of ours.
    Notification(Option<Box<Notification>>),
    /// Whatever is there.
    AsItIs,
    /// A role with this trust policy and these tags.
    Role(Policy, Tags),
    /// This inline policy, whole.
    RolePolicy(Policy),
    /// A role's other policies, without those that were handed over.
    OtherPolicies,
    /// This alarm.
    Alarm(Box<Alarm>),
    /// A trail of ours.
    Trail(WantedTrail),
    /// These data events among all that a trail records.
    Selectors(Vec<(MigrationName, WantedEvents)>),
    /// Nothing: it is ours and left the spec.
    Absent,
}

/// Where a trail of ours writes, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTrail {
    /// The bucket.
    pub bucket: String,
    /// What the keys begin with; may be empty.
    pub prefix: String,
    /// Its tags.
    pub tags: Tags,
}

/// What a trail shall record of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedEvents {
    /// The bucket's ARN, with the slash that keeps longer names out.
    pub bucket: String,
    /// Which data events; none where it stays as it is.
    pub events: Option<DataEvents>,
}

/// What every target of a spec shall hold, and which migrations want it so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// By target.
    pub wants: BTreeMap<Target, Want>,
}

/// What a target shall hold, and who wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// What it shall hold.
    pub wanted: Wanted,
    /// The migrations that want it.
    pub migrations: BTreeSet<MigrationName>,
}

/// What one part of a migration asks for.
pub(crate) type Items = Vec<(Target, Wanted)>;

impl Desired {
    /// Adds what one migration wants; statements and rules of several migrations come together in one document.
    pub(crate) fn want(&mut self, target: Target, migration: &MigrationName, wanted: Wanted) {
        let entry = self.wants.entry(target).or_insert_with(|| Want {
            wanted: wanted.empty(),
            migrations: BTreeSet::new(),
        });
        entry.migrations.insert(migration.clone());
        entry.wanted.join(wanted);
    }

    /// Adds what nobody in the spec wants any more.
    pub fn abandon(&mut self, target: Target, wanted: Wanted) {
        let want = Want {
            wanted,
            migrations: BTreeSet::new(),
        };
        self.wants.entry(target).or_insert(want);
    }
}

impl Wanted {
    /// The same kind of wish with nothing in it yet.
    fn empty(&self) -> Self {
        match self {
            Self::BucketPolicy(_) => Self::BucketPolicy(Vec::new()),
            Self::KeyPolicy(_) => Self::KeyPolicy(Vec::new()),
            Self::Replication(_, role) => Self::Replication(Vec::new(), role.clone()),
            Self::Selectors(_) => Self::Selectors(Vec::new()),
            Self::Whole(_)
            | Self::Bucket(_)
            | Self::Exists
            | Self::Tags(_)
            | Self::Versioning
            | Self::Encryption(_)
            | Self::Logging(_)
            | Self::Inventory(_)
            | Self::Notification(_)
            | Self::AsItIs
            | Self::Role(_, _)
            | Self::RolePolicy(_)
            | Self::OtherPolicies
            | Self::Alarm(_)
            | Self::Trail(_)
            | Self::Absent => self.clone(),
        }
    }

    /// Joins another migration's wish for the same target; the spec's invariants make all but these equal.
    /// A bucket that is both made by us and only needed elsewhere (a chain of migrations) is made by us.
    fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::BucketPolicy(statements), Self::BucketPolicy(more))
            | (Self::KeyPolicy(statements), Self::KeyPolicy(more)) => statements.extend(more),
            (Self::Replication(rules, role), Self::Replication(more, more_role)) => {
                rules.extend(more);
                *role = role.take().or(more_role);
            }
            (Self::Exists, made @ Self::Bucket(_)) => *self = made,
            (Self::Selectors(events), Self::Selectors(more)) => events.extend(more),
            // One migration's phase leaves it, another's sets it.
            (Self::AsItIs, made @ Self::Trail(_)) => *self = made,
            (_, _) => {}
        }
    }
}
