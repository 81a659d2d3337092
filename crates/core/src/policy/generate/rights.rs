//! Rights over areas, reduced to the fewest statements that grant exactly them.

use std::collections::{BTreeMap, BTreeSet};

use super::area::Area;
use crate::ids::Partition;

/// Actions on objects, each with the word that it adds to a Sid, in the order in which AWS's examples list them.
///
/// `s3:ReplicateTags` and the other actions without a word always come with the one in front of them.
const OBJECT_ACTIONS: [(&str, &str); 10] = [
    ("s3:GetObjectVersionForReplication", "Objects"),
    ("s3:GetObjectVersionAcl", ""),
    ("s3:GetObjectVersionTagging", ""),
    ("s3:GetObjectVersionAnnotationForReplication", ""),
    ("s3:GetObjectRetention", "Locks"),
    ("s3:GetObjectLegalHold", ""),
    ("s3:ReplicateObject", "Objects"),
    ("s3:ReplicateDelete", "Deletes"),
    ("s3:ReplicateTags", ""),
    ("s3:ObjectOwnerOverrideToBucketOwner", "Owner"),
];

/// What may be done with the objects of each area.
#[derive(Debug, Default)]
pub(super) struct Rights(BTreeMap<Area, BTreeSet<&'static str>>);

/// One statement's worth of rights.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// The words of the Sid; different for every set of actions.
    pub(super) words: String,
    pub(super) actions: Vec<&'static str>,
    pub(super) areas: Vec<Area>,
}

impl Grant {
    pub(super) fn resources(&self, partition: Partition) -> Vec<String> {
        self.areas
            .iter()
            .map(|area| area.pattern(partition))
            .collect()
    }
}

impl Rights {
    pub(super) fn add(&mut self, area: Area, actions: impl IntoIterator<Item = &'static str>) {
        self.0.entry(area).or_default().extend(actions);
    }

    /// The grants, one for each set of actions; what a larger area already has is not granted again.
    pub(super) fn grants(&self) -> Vec<Grant> {
        let mut areas: BTreeMap<BTreeSet<&'static str>, Vec<Area>> = BTreeMap::new();
        for area in self.0.keys() {
            areas
                .entry(self.own_actions(area))
                .or_default()
                .push(area.clone());
        }
        let mut grants: Vec<Grant> = areas
            .into_iter()
            .filter(|(actions, _)| !actions.is_empty())
            .map(|(actions, areas)| grant(&actions, areas))
            .collect();
        grants.sort_by(|a, b| a.words.cmp(&b.words));
        grants
    }

    fn own_actions(&self, area: &Area) -> BTreeSet<&'static str> {
        let larger = self.0.iter().filter(|(other, _)| other.exceeds(area));
        let covered: BTreeSet<&'static str> =
            larger.flat_map(|(_, actions)| actions).copied().collect();
        let all = self.0.get(area).cloned().unwrap_or_default();
        all.difference(&covered).copied().collect()
    }
}

fn grant(actions: &BTreeSet<&'static str>, areas: Vec<Area>) -> Grant {
    let known = OBJECT_ACTIONS
        .iter()
        .filter(|(action, _)| actions.contains(action));
    Grant {
        words: known.clone().map(|(_, word)| *word).collect(),
        actions: known.map(|(action, _)| *action).collect(),
        areas,
    }
}

/// The actions that replication needs on the objects it reads.
///
/// `GetObjectVersionForReplication`, because `GetObjectVersion` leaves SSE-KMS objects out without an error
/// (UG:replication-config-for-kms-objects). Without `GetObjectVersionTagging` objects arrive without their tags
/// (UG:setting-repl-config-perm-overview), and without `GetObjectVersionAnnotationForReplication` without their annotations
/// (UG:annotations-overview; nothing is asked for at the destination).
pub(super) const READ: [&str; 4] = [
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionTagging",
    "s3:GetObjectVersionAnnotationForReplication",
];

/// What reading needs beside [`READ`] where the source has Object Lock (UG26:replication-requirements).
pub(super) const READ_LOCKS: [&str; 2] = ["s3:GetObjectRetention", "s3:GetObjectLegalHold"];

/// The actions that replication needs on the replicas it writes.
///
/// `ReplicateTags` is said to be implied by `ReplicateObject` (UG:setting-repl-config-perm-overview) and said to
/// be required for tagged objects on both sides (R:s3-troubleshoot-cross-account-replication). It is granted:
/// tags that are lost in silence cost more than an action that S3 holds to be part of the other one.
pub(super) const WRITE: [&str; 2] = ["s3:ReplicateObject", "s3:ReplicateTags"];

/// What mirroring delete markers needs beside [`WRITE`] (UG:setting-repl-config-perm-overview).
pub(super) const WRITE_DELETES: &str = "s3:ReplicateDelete";

/// What owner override needs beside [`WRITE`], on both sides (UG:replication-change-owner).
pub(super) const WRITE_OWNER: &str = "s3:ObjectOwnerOverrideToBucketOwner";
