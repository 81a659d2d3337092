//! What the ledger tells a plan: proofs, which receipts show to be true, canaries that may lie in buckets, jobs that have ended,
//! and comparisons of both sides.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{MigrationName, SpecName};
use crate::places::BucketRef;
use crate::spec::{Compared, Depth, Share};

/// SHA-256 over the documents that a proof is of, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofSubject(pub String);

/// What a receipt proves: the subject, for one principal. A role that is made again under its name is another principal to
/// every policy that names it (IAMUG:reference_policies_elements_principal), so the subject alone says nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proof {
    /// What was proven.
    pub subject: ProofSubject,
    /// The unique ID of the role that replicated.
    pub role_id: String,
}

/// What the receipts in the ledger prove.
pub type Proofs = BTreeSet<Proof>;

/// A canary that may lie in buckets until each version of its key is gone from all of them.
///
/// It is the ledger's word alone that makes s3ferry look for it, so what it says is not believed further than to look: only
/// versions that carry its mark are removed, under a key that [`Self::is_sound`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedCanary {
    /// The spec that it was put for.
    pub spec: SpecName,
    /// The migration.
    pub migration: MigrationName,
    /// Its name in the migration: the rule's, and the key's where it is for one.
    pub name: String,
    /// The bucket that it was written to.
    pub source: BucketRef,
    /// The key: no other canary and no object of anybody has it.
    pub key: String,
    /// What it would prove.
    pub subject: ProofSubject,
    /// The buckets that the rules of its source carried it to.
    pub carried_to: BTreeSet<BucketRef>,
    /// Why it could not be removed when that was last tried.
    pub stays: Option<String>,
}

impl PlacedCanary {
    /// What its object says of whose it is.
    #[must_use]
    pub fn mark(&self) -> String {
        mark(&self.spec, &self.migration, &self.name)
    }

    /// Whether its key is one that s3ferry gives to canaries: with its mark as a part of the path, before the run's.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let stem = self.key.rsplit_once('/').map(|(stem, _)| stem);
        stem.is_some_and(|stem| stem.ends_with(&format!("/{}", self.mark())))
    }

    /// The buckets that it may lie in, the source first: what is gone there is carried no further.
    pub fn sides(&self) -> impl Iterator<Item = &BucketRef> {
        std::iter::once(&self.source).chain(&self.carried_to)
    }
}

/// How a job that copied existing objects ended, as a receipt says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedJob {
    /// What was copied.
    pub subject: ProofSubject,
    /// Which job of that it was, from 1.
    pub attempt: u32,
    /// Its ID.
    pub job: String,
    /// How it ended.
    pub end: JobEnd,
    /// How many tasks it had.
    pub tasks: u64,
    /// How many of them failed.
    pub failed: u64,
    /// By failure code, how many tasks failed with it.
    pub codes: BTreeMap<String, u64>,
    /// How many seconds ago it was made, where what it found grows old.
    pub age: Option<u64>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Every task was tried.
    Complete,
    /// There were no objects that it was to copy.
    NothingToDo,
    /// What the rules carry has no object in the bucket, which has others.
    NothingUnderRules,
    /// Every object that it was to copy is archived.
    AllArchived,
    /// S3 gave it up; its reason.
    Failed(String),
    /// Somebody gave it up.
    Cancelled,
}

/// A comparison of the versions of both sides that came to its end, as a receipt says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was compared.
    pub subject: ProofSubject,
    /// The receipt.
    pub receipt: String,
    /// How closely.
    pub depth: Depth,
    /// What was compared besides.
    pub compared: BTreeSet<Compared>,
    /// Of how many versions the content was read.
    pub content: Share,
    /// Of when it tells, RFC 3339 in UTC: what was written later is not in it.
    pub as_of: String,
    /// How many seconds ago that was.
    pub age: u64,
    /// How many versions are the same at both sides.
    pub equal: u64,
    /// How many are on one side only, or were not judged, as it should be.
    pub expected: u64,
    /// How many are not the same.
    pub different: u64,
    /// Of how many nobody can say.
    pub unprovable: u64,
}

impl Verified {
    /// Whether nothing is different and nothing is unknown.
    pub(crate) const fn is_clean(&self) -> bool {
        self.different == 0 && self.unprovable == 0
    }
}

/// What the ledger tells of comparisons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparisons {
    /// Those that came to their end.
    pub verified: Vec<Verified>,
    /// Receipts that nobody can read: each may be of one that found something.
    pub unread: usize,
}

/// The mark of a canary: what its object says of whose it is, and a part of its key.
#[must_use]
pub fn mark(spec: &SpecName, migration: &MigrationName, name: &str) -> String {
    format!("{spec}/{migration}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, BucketName, Region};

    #[test]
    fn a_key_that_no_canary_has_is_not_sound() {
        let placed = |key: &str| PlacedCanary {
            spec: SpecName::new("spec").unwrap(),
            migration: MigrationName::new("orders").unwrap(),
            name: "all".to_owned(),
            source: BucketRef {
                account: AccountId::new("111111111111").unwrap(),
                region: Region::new("eu-west-1").unwrap(),
                bucket: BucketName::new("orders-prod").unwrap(),
            },
            key: key.to_owned(),
            subject: ProofSubject(String::new()),
            carried_to: BTreeSet::new(),
            stays: None,
        };
        assert!(placed("in/.canary/spec/orders/all/run-1").is_sound());
        for key in [
            "index.html",
            "in/.canary/spec/orders/all",
            "spec/orders/all/run-1",
            "in/.canary/other/orders/all/run-1",
            "in/.canary/spec/orders/all/run-1/more",
        ] {
            assert!(!placed(key).is_sound(), "{key}");
        }
    }
}
