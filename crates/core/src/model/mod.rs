//! The world as a map from [`Target`] to [`Document`].
//!
//! A target is what AWS reads and writes whole; a document is what it holds. Both are closed enums: diff, merge and
//! the adapters match every variant, so that the compiler finds what was forgotten.

pub mod item;
pub mod kinds;
pub mod links;
pub mod meaning;
pub mod target;

pub use item::{Item, Placed};
pub use kinds::Document;
pub use links::{Link, Thing};
pub use meaning::{fingerprint, same};
pub use target::{
    AccountPart, AccountRef, AlarmRef, BucketPart, BucketRef, KeyPart, KeyRef, Kind, RegionPart,
    RegionRef, RolePart, RoleRef, Service, Target, TopicRef, TrailPart, TrailRef,
};

use std::collections::BTreeMap;

use crate::ids::BucketName;
use kinds::{Implied, Versioning, VersioningStatus};

/// What was read of the world.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    documents: BTreeMap<Target, Option<Document>>,
    /// What follows from what was read, so that nobody has to read it.
    implied: BTreeMap<Target, Option<Document>>,
    /// What could not be looked at and that a plan goes on without.
    out_of_reach: BTreeMap<Target, OutOfReach>,
    /// Where buckets are that were known by their names alone.
    located: BTreeMap<BucketName, Option<BucketRef>>,
}

/// Why a target could not be looked at that a plan goes on without, with the code of the error that said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutOfReach {
    /// The bucket is another account's now, or in another Region.
    Elsewhere(String),
    /// It did not answer, and nothing but the ledger leads there.
    Unread(String),
}

impl Observed {
    /// Records what a target holds; `None` where nothing is there.
    pub fn insert(&mut self, target: Target, document: Option<Document>) {
        self.implied.extend(implied(&target, document.as_ref()));
        self.documents.insert(target, document);
    }

    /// Records that a target cannot be looked at.
    pub fn set_aside(&mut self, target: Target, why: OutOfReach) {
        self.out_of_reach.insert(target, why);
    }

    /// The targets that could not be looked at.
    #[must_use]
    pub const fn out_of_reach(&self) -> &BTreeMap<Target, OutOfReach> {
        &self.out_of_reach
    }

    /// Records where a bucket is that was known by its name alone; `None` where it is nobody's whom the spec signs in to.
    pub fn locate(&mut self, bucket: BucketName, place: Option<BucketRef>) {
        self.located.insert(bucket, place);
    }

    /// Where a bucket is; `None` where nobody looked.
    #[must_use]
    pub fn located(&self, bucket: &BucketName) -> Option<Option<&BucketRef>> {
        self.located.get(bucket).map(Option::as_ref)
    }

    /// Whether a target was read, or cannot be: asked once more it would not say more.
    #[must_use]
    pub fn was_asked(&self, target: &Target) -> bool {
        self.documents.contains_key(target) || self.out_of_reach.contains_key(target)
    }

    /// What a target holds; `None` where it was not read, `Some(None)` where nothing is there.
    #[must_use]
    pub fn get(&self, target: &Target) -> Option<Option<&Document>> {
        self.documents.get(target).map(Option::as_ref)
    }

    /// What a target holds, as it was read or follows from what was read; a target of which nothing is known counts as absent.
    #[must_use]
    pub fn document(&self, target: &Target) -> Option<&Document> {
        let known = self.documents.get(target);
        known
            .or_else(|| self.implied.get(target))
            .and_then(Option::as_ref)
    }

    /// Whether it is known what a target holds, or that it holds nothing.
    #[must_use]
    pub fn knows(&self, target: &Target) -> bool {
        self.documents.contains_key(target) || self.implied.contains_key(target)
    }

    /// Whether a target holds nothing for certain, so that nobody has to read it: what it is a part of is not there, or what
    /// was read rules it out.
    #[must_use]
    pub fn rules_out(&self, target: &Target) -> bool {
        let is_absent = |of: &Target| self.knows(of) && self.document(of).is_none();
        is_absent(target) || target.whole().is_some_and(|whole| is_absent(&whole))
    }

    /// Everything read, in the order of the targets.
    pub fn iter(&self) -> impl Iterator<Item = (&Target, Option<&Document>)> {
        self.documents
            .iter()
            .map(|(target, document)| (target, document.as_ref()))
    }

    /// How many targets were read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }
}

impl FromIterator<(Target, Option<Document>)> for Observed {
    fn from_iter<I: IntoIterator<Item = (Target, Option<Document>)>>(iter: I) -> Self {
        let mut observed = Self::default();
        for (target, document) in iter {
            observed.insert(target, document);
        }
        observed
    }
}

/// What follows from what a part of a bucket holds: every call names the expected owner and goes to the bucket's Region, so
/// whatever a part answers says that the bucket is there; a part that every bucket has says by its absence that it is not.
fn implied(target: &Target, document: Option<&Document>) -> Vec<(Target, Option<Document>)> {
    let Target::Bucket(bucket, part) = target else {
        return Vec::new();
    };
    if *part == BucketPart::Itself {
        return Vec::new();
    }
    let of = |part| Target::Bucket(bucket.clone(), part);
    let itself = of(BucketPart::Itself);
    if document.is_none() {
        let gone = target.kind().facts().always_there;
        return gone.then_some((itself, None)).into_iter().collect();
    }
    let exists = Document::Bucket(kinds::Bucket {
        region: bucket.region.clone(),
        created_with_tags: BTreeMap::new(),
    });
    let mut implied = vec![(itself, Some(exists))];
    // Object Lock works only where versioning is on, which cannot be suspended then (UG:object-lock).
    if matches!(document, Some(Document::Versioning(versioning)) if !versioning.is_enabled()) {
        implied.push((of(BucketPart::ObjectLock), None));
    }
    match target.kind().facts().implies {
        Implied::Nothing => {}
        Implied::Versioned => {
            let on = Versioning {
                status: VersioningStatus::Enabled,
                mfa_delete: false,
            };
            implied.push((of(BucketPart::Versioning), Some(Document::Versioning(on))));
        }
    }
    implied
}
