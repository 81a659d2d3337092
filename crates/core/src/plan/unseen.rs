//! What a plan could not look at: places that markers of ours lead to, and that the spec gives no way into.

use crate::format::{Finding, FindingLevel};
use crate::model::kinds::Document;
use crate::model::{RolePart, Target};
use crate::ownership::tagged_destinations;
use crate::scene::Scene;

/// Buckets that the tags of our roles name in accounts that the spec does not have any more, and those that are not where they
/// were.
pub(super) fn buckets(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = scene
        .observed
        .out_of_reach()
        .map(elsewhere(scene))
        .collect();
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

/// A bucket that the spec no longer names and whose name somebody else has by now.
fn elsewhere<'a>(scene: &'a Scene<'_>) -> impl Fn((&Target, &str)) -> Finding + 'a {
    |(target, code)| {
        Finding {
        code: "left-unseen".to_owned(),
        level: FindingLevel::Warning,
        address: scene.names.address(target),
        message: format!(
            "the bucket is not where it was when s3ferry used it: another account has the name now, or it is in another Region ({code}). \
             Nothing was looked for there and nothing is changed there"
        ),
        help: "nothing needs to be done if that bucket was deleted; a bucket of the same name that was made since holds nothing of s3ferry's"
            .to_owned(),
    }
    }
}
