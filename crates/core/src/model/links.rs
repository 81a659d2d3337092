//! Links: what a document makes depend on what. The order of an apply follows from them (`plan::order`).

use crate::ids::BucketName;
use crate::model::target::{
    AlarmRef, BucketPart, KeyPart, KeyRef, RolePart, RoleRef, Target, TrailPart, TrailRef,
};

/// What a document can use, or lead to. Buckets go by their names, which are unique in a partition; an ARN tells no more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A part of a bucket.
    Bucket(BucketName, BucketPart),
    /// A part of a role.
    Role(RoleRef, RolePart),
    /// A part of a KMS key.
    Key(KeyRef, KeyPart),
    /// A permission to use a key for the objects of a bucket: a role's, or by the key's own policy.
    KeyGrant(BucketName, String),
    /// What policies of keys permit for the objects of a bucket, whichever the key: a rule does not say what it decrypts with.
    KeyGrants(BucketName),
    /// What watches the rules of a source bucket.
    Watch(BucketName),
    /// An alarm.
    Alarm(AlarmRef),
    /// A part of a trail.
    Trail(TrailRef, TrailPart),
}

impl Thing {
    /// The thing that a target is.
    #[must_use]
    pub fn of(target: &Target) -> Option<Self> {
        match target {
            Target::Bucket(bucket, part) => Some(Self::Bucket(bucket.bucket.clone(), *part)),
            Target::Role(role, part) => Some(Self::Role(role.clone(), *part)),
            Target::Key(key, part) => Some(Self::Key(key.clone(), *part)),
            Target::Alarm(alarm) => Some(Self::Alarm(alarm.clone())),
            Target::Trail(trail, part) => Some(Self::Trail(trail.clone(), *part)),
            Target::Account(_, _) | Target::Region(_, _) | Target::Topic(_) => None,
        }
    }
}

/// One dependency of a document, with the reason that a plan gives for the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// The document is the thing, too, whatever its target is: what uses the thing uses the document.
    Is(Thing),
    /// The document uses the thing: the thing is set before.
    Uses(Thing, &'static str),
    /// The document lets go of the thing: the thing shrinks or goes afterwards.
    HoldsTillLess(Thing, &'static str),
    /// As [`Link::HoldsTillLess`], of things that only their going away hurts.
    HoldsTillGone(Thing, &'static str),
    /// The document leads to the thing when nothing else does any more: it shrinks or goes last.
    Finds(Thing, &'static str),
}

impl Link {
    /// What is delivered to a bucket needs that bucket's policy: it is set before, and shrinks or goes afterwards.
    pub(crate) fn of_delivery(
        to: BucketName,
        before: &'static str,
        after: &'static str,
    ) -> [Self; 2] {
        let policy = Thing::Bucket(to, BucketPart::Policy);
        [
            Self::Uses(policy.clone(), before),
            Self::HoldsTillLess(policy, after),
        ]
    }
}
