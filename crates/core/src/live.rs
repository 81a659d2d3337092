//! Live facts: settings of things that are not ours to set but decide what ours must say.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Arn;
use crate::model::kinds::{Document, ObjectOwnership};
use crate::model::target::ROLE_PATH;
use crate::model::{BucketPart, BucketRef, Observed, RolePart, RoleRef, Target};

/// Live settings of things that are not ours to set but decide what ours must say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveFacts {
    /// The paths of replication roles that exist already (an adopted role keeps its path, which cannot be changed).
    pub role_paths: BTreeMap<RoleRef, String>,
    /// Destination buckets that encrypt with a KMS key by default, and whether they use S3 Bucket Keys.
    pub default_keys: BTreeMap<BucketRef, (Arn, bool)>,
    /// Buckets that have Object Lock.
    pub object_locks: BTreeSet<BucketRef>,
    /// Destination buckets whose owner owns every object, so that no owner override is needed
    /// (UG:replication-change-owner).
    pub owner_enforced: BTreeSet<BucketRef>,
}

impl LiveFacts {
    /// Reads the facts off what was observed.
    #[must_use]
    pub fn of(observed: &Observed) -> Self {
        let mut facts = Self::default();
        for (target, document) in observed.iter() {
            match (target, document) {
                (Target::Role(of, RolePart::Itself), Some(Document::Role(role))) => {
                    facts.role_paths.insert(of.clone(), role.path.clone());
                }
                (
                    Target::Bucket(of, BucketPart::Encryption),
                    Some(Document::Encryption(encryption)),
                ) => {
                    let key = encryption.key.clone().and_then(|key| Arn::new(key).ok());
                    let default = key.map(|key| (of.clone(), (key, encryption.bucket_key)));
                    facts.default_keys.extend(default);
                }
                (
                    Target::Bucket(of, BucketPart::Ownership),
                    Some(Document::Ownership(ownership)),
                ) if *ownership == ObjectOwnership::BucketOwnerEnforced => {
                    facts.owner_enforced.insert(of.clone());
                }
                (Target::Bucket(of, BucketPart::ObjectLock), Some(_)) => {
                    facts.object_locks.insert(of.clone());
                }
                _ => {}
            }
        }
        facts
    }

    /// The ARN of a replication role.
    #[must_use]
    pub fn role_arn(&self, role: &RoleRef) -> Arn {
        let path = self.role_paths.get(role).map_or(ROLE_PATH, String::as_str);
        role.arn(path)
    }
}
