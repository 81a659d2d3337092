//! What the destination bucket's policy must allow the replication role of another account.

use super::area::Area;
use super::rights::{Rights, WRITE, WRITE_DELETES, WRITE_OWNER};
use crate::ids::{Arn, BucketName, Partition};
use crate::policy::grammar::{Effect, Statement};
use crate::spec::DeleteMarkers;

/// What one replication rule does in the destination bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaAccess {
    /// The rule's prefix; empty for all objects.
    pub prefix: String,
    /// Whether delete markers replicate.
    pub delete_markers: DeleteMarkers,
    /// Whether replicas change their owner.
    pub owner_override: bool,
}

/// What one replication role does in one destination bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationInput {
    /// How the Sids begin; a word for what is granted follows, so that each is different.
    pub sid: String,
    /// The replication role.
    pub role: Arn,
    /// The destination bucket.
    pub bucket: BucketName,
    /// The partition of both.
    pub partition: Partition,
    /// The rules that write to the bucket, in any order.
    pub rules: Vec<ReplicaAccess>,
}

/// The statements of a destination bucket's policy: objects only, one for each set of actions.
///
/// AWS's sample has a second statement on the bucket itself. It is left out: `s3:PutBucketVersioning` would let
/// the other account suspend versioning (T23), and the sample's listing rights serve its console;
/// AWS's own walkthrough works without (UG:replication-walkthrough-3).
#[must_use]
pub fn destination_statements(input: &DestinationInput) -> Vec<Statement> {
    let rules = input.rules.iter().cloned();
    let rights = replica_rights(rules.map(|rule| (&input.bucket, rule)));
    let grants = rights.grants().into_iter();
    grants
        .map(|grant| {
            let resources = grant.resources(input.partition);
            let sid = format!("{}{}", input.sid, grant.words);
            Statement::builder(sid, Effect::Allow, grant.actions)
                .principals("AWS", [input.role.as_str()])
                .resources(resources)
                .build()
        })
        .collect()
}

/// The rights that rules need on the replicas they write, by destination bucket.
pub(super) fn replica_rights<'a>(
    rules: impl Iterator<Item = (&'a BucketName, ReplicaAccess)>,
) -> Rights {
    let mut rights = Rights::default();
    for (bucket, rule) in rules {
        let ReplicaAccess {
            prefix,
            delete_markers,
            owner_override,
        } = rule;
        let area = Area {
            bucket: bucket.clone(),
            prefix,
        };
        rights.add(area.clone(), WRITE);
        if delete_markers == DeleteMarkers::Mirror {
            rights.add(area.clone(), [WRITE_DELETES]);
        }
        if owner_override {
            rights.add(area, [WRITE_OWNER]);
        }
    }
    rights
}
