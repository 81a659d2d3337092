//! What CloudTrail's event history has of a target: under which names it is looked up, where, and which events change it.

use std::collections::BTreeSet;

use crate::ids::Region;
use crate::model::kinds::Verb;
use crate::model::{Kind, Target};
use crate::places::AccountRef;

/// Where and under which names the history of a target is looked up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Looked {
    /// The Region that has it.
    pub region: Region,
    /// The names of the resource, of which events have one or the other.
    pub names: Vec<String>,
}

/// Where the history of a target is; none where it has none.
#[must_use]
pub fn looked_up(target: &Target) -> Option<Looked> {
    let here = |region: &Region, names: Vec<String>| {
        let region = region.clone();
        Some(Looked { region, names })
    };
    match target {
        Target::Bucket(of, _) => here(&of.region, vec![of.bucket.to_string()]),
        // IAM is called, and its events are, in one Region of a partition (CTUG:cloudtrail-concepts, "Global service events").
        Target::Role(of, _) => {
            let partition = AccountRef {
                account: of.account.clone(),
                partition: of.partition,
            };
            here(&partition.iam_region(), vec![of.name.to_string()])
        }
        Target::Key(of, _) => here(&of.region, vec![of.arn().to_string(), of.id.clone()]),
        Target::Alarm(of) => here(&of.region, vec![of.name.to_string()]),
        Target::Trail(of, _) => here(&of.region, vec![of.name.to_string(), of.arn()]),
        Target::Account(_, _) | Target::Region(_, _) | Target::Topic(_) => None,
    }
}

/// The names of the events that change targets of a kind: those of the calls that write it, and of what s3ferry never calls.
#[must_use]
pub fn events(kind: Kind) -> BTreeSet<&'static str> {
    let facts = kind.facts();
    let verbs = [Verb::Create, Verb::Update, Verb::Delete].into_iter();
    let calls = verbs.flat_map(|verb| facts.to(verb));
    let mut names: BTreeSet<&str> = calls.map(|call| call.operation).collect();
    // Bucket-level ones have another name in events than in the API (UG:cloudtrail-logging-s3-info).
    let renamed = [
        ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
        ("DeletePublicAccessBlock", "DeleteBucketPublicAccessBlock"),
    ];
    for (operation, event) in renamed {
        if names.contains(operation) {
            names.insert(event);
        }
    }
    match kind {
        Kind::Alarm => names.extend(["DisableAlarmActions", "EnableAlarmActions"]),
        Kind::Trail(_) => names.extend(["StopLogging", "DeleteTrail"]),
        Kind::Bucket(_) => names.extend(["DeleteBucket"]),
        Kind::Role(_) => names.extend(["DeleteRole", "UpdateRole", "DeleteRolePolicy"]),
        Kind::Account(_) | Kind::Key(_) | Kind::Region(_) | Kind::Topic => {}
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BucketPart;

    #[test]
    fn a_part_of_a_bucket_is_changed_by_its_own_calls() {
        let policy = events(Kind::Bucket(BucketPart::Policy));
        assert!(policy.contains("PutBucketPolicy") && policy.contains("DeleteBucketPolicy"));
        assert!(!policy.contains("PutBucketReplication"));
        let block = events(Kind::Bucket(BucketPart::PublicAccess));
        assert!(block.contains("PutBucketPublicAccessBlock"));
    }
}
