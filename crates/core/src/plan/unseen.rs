//! What a plan could not look at: places that markers of ours lead to, and that the spec gives no way into.

use crate::format::{Finding, FindingLevel};
use crate::model::kinds::Document;
use crate::model::{RolePart, Target};
use crate::ownership::tagged_destinations;
use crate::scene::Scene;

/// Buckets that the tags of our roles name in accounts that the spec does not have any more.
pub(super) fn buckets(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (target, document) in scene.observed.iter() {
        let (Target::Role(_, RolePart::Itself), Some(Document::Role(role))) = (target, document)
        else {
            continue;
        };
        if !scene.markers.owns_tags(&role.tags) {
            continue;
        }
        let destinations = tagged_destinations(&role.tags).into_iter();
        let unseen = destinations.filter(|bucket| !scene.names.knows(&bucket.account));
        findings.extend(unseen.map(|bucket| Finding {
            code: "left-unseen".to_owned(),
            level: FindingLevel::Warning,
            address: scene.names.address(target),
            message: format!(
                "the role's tags lead to the bucket {} in account {}, which the spec does not have: what is left of ours there was not looked for",
                bucket.bucket, bucket.account
            ),
            help: format!(
                "name the account {} in the spec's accounts until a plan has cleaned up there",
                bucket.account
            ),
        }));
    }
    findings
}
