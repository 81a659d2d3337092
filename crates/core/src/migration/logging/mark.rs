//! What tells access logging of ours from everybody else's: it has no place for a mark of its own, so the statement that lets
//! the logs come is its mark. It is set before the logging is, and goes after it.

use std::collections::BTreeSet;

use crate::ids::BucketName;
use crate::model::kinds::BucketLogging;
use crate::model::{BucketPart, BucketRef, Document, Target};
use crate::ownership::Markers;
use crate::policy::generate::{Record, access_log_statement, recorded};
use crate::scene::Scene;

/// Whether the access logging of a bucket is this spec's: a statement of ours in the policy of the bucket that the logs go to
/// is for these very logs.
pub(crate) fn is_ours(scene: &Scene<'_>, of: &BucketRef, live: &BucketLogging) -> bool {
    let Some(name) = live.to() else {
        return false;
    };
    let to = BucketRef {
        bucket: name.clone(),
        ..of.clone()
    };
    let policy = Target::Bucket(to, BucketPart::Policy);
    let held = scene.observed.document(&policy);
    let statements = held.and_then(Document::policy_document);
    let statements = statements.map_or(&[][..], |policy| policy.statements());
    statements.iter().any(|statement| {
        let sid = statement.sid().unwrap_or_default();
        let wanted = access_log_statement(sid.to_owned(), of, &name, &live.prefix);
        scene.markers.owns_sid(sid) && statement.same_meaning(&wanted)
    })
}

/// What statements of a spec in a policy let S3 write, and about which buckets.
pub(crate) fn marked(policy: &Document, markers: &Markers) -> BTreeSet<(Record, BucketName)> {
    let document = policy.policy_document();
    let statements = document.map_or(&[][..], |policy| policy.statements());
    let ours = statements
        .iter()
        .filter(|of| markers.owns_sid(of.sid().unwrap_or_default()));
    ours.filter_map(recorded).collect()
}

/// What is to be looked at where a bucket's policy has statements of ours for logs and inventories: what sends them.
pub(crate) fn leads(at: &BucketRef, policy: &Document, markers: &Markers) -> Vec<Target> {
    let marked = marked(policy, markers).into_iter();
    let target = |(record, of): (Record, BucketName)| {
        let of = BucketRef {
            bucket: of,
            ..at.clone()
        };
        let part = match record {
            Record::AccessLogs => BucketPart::Logging,
            Record::Inventory => BucketPart::Inventory,
        };
        Target::Bucket(of, part)
    };
    marked.map(target).collect()
}
