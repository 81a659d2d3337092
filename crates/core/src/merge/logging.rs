//! Access logging, which a bucket has once; and inventories, of which ours is one among others.

use super::conflict::ConflictKind;
use super::{Merged, refuse};
use crate::migration::{key_format, mark};
use crate::model::kinds::{BucketLogging, Document, Inventories, Inventory, ObjectOwnership};
use crate::model::{BucketPart, BucketRef, Target};
use crate::scene::Scene;

/// Logging of ours, with what others were granted on the logs. A bucket has one: somebody else's that goes elsewhere is theirs
/// to end, or to hand over.
pub(super) fn access(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &BucketLogging,
    live: Option<&Document>,
) -> Merged {
    let (Some(of), Some(Document::Logging(live))) = (target.bucket(), live) else {
        return Ok(Some(Document::Logging(wanted.clone())));
    };
    let is_there = live.same_place(wanted);
    let may_change = mark::is_ours(scene, of, live) || scene.adopts(&scene.names.address(target));
    if !is_there && !may_change {
        let kind = ConflictKind::OtherLogging {
            bucket: live.bucket.clone(),
            prefix: live.prefix.clone(),
            key_format: key_format(live.keys.as_ref()).as_str(),
        };
        return Err(refuse(scene, target, kind));
    }
    if is_there {
        return Ok(Some(Document::Logging(live.clone())));
    }
    if !live.grants.is_empty() && takes_no_grants(scene, of, wanted) {
        let kind = ConflictKind::LoggingGrants(wanted.bucket.clone());
        return Err(refuse(scene, target, kind));
    }
    Ok(Some(Document::Logging(BucketLogging {
        grants: live.grants.clone(),
        ..wanted.clone()
    })))
}

/// Whether the bucket that logs go to has no ACLs (UG:troubleshooting-server-access-logging, "Target grants not allowed for bucket
/// owner enforced buckets").
fn takes_no_grants(scene: &Scene<'_>, of: &BucketRef, wanted: &BucketLogging) -> bool {
    let Some(bucket) = wanted.to() else {
        return false;
    };
    let to = BucketRef {
        bucket,
        ..of.clone()
    };
    let ownership = Target::Bucket(to, BucketPart::Ownership);
    matches!(
        scene.observed.document(&ownership),
        Some(Document::Ownership(ObjectOwnership::BucketOwnerEnforced))
    )
}

/// The inventories of a bucket, of which that under our ID is as wanted, or is not.
pub(super) fn inventory(
    scene: &Scene<'_>,
    wanted: Option<&Inventory>,
    live: Option<&Document>,
) -> Option<Document> {
    let mut after = match live {
        Some(Document::Inventories(live)) => live.clone(),
        _ => Inventories::new(),
    };
    let id = scene.markers.configuration_id();
    match wanted {
        Some(wanted) => drop(after.insert(id, wanted.clone())),
        None => drop(after.remove(&id)),
    }
    (!after.is_empty()).then_some(Document::Inventories(after))
}
