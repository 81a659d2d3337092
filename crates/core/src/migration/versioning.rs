//! The source bucket, and versioning on both.

use super::{Case, Sight, finding};
use crate::format::{Finding, FindingLevel};
use crate::model::kinds::{Document, Lifecycle};
use crate::model::{BucketPart, Observed, Target};
use crate::phase::Part;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::Phase;
use crate::wanted::{Items, Wanted};
use FindingLevel::Warning;

/// Versioning of the destination, which its owner may suspend at any time; that of the source only where no replication
/// configuration says that it is on; and lifecycle rules only where a source is about to be versioned, because then they
/// stop deleting.
pub(super) fn reads(route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    let of_source = |part| Target::Bucket(route.source.clone(), part);
    let mut targets = vec![Target::Bucket(
        route.destination.clone(),
        BucketPart::Versioning,
    )];
    let configuration = of_source(BucketPart::Replication);
    let versioning = of_source(BucketPart::Versioning);
    if seen.says(|seen| seen.get(&configuration) == Some(None)) {
        targets.push(versioning.clone());
    }
    let is_off = |seen: &Observed| {
        let live = seen.document(&versioning);
        matches!(live, Some(Document::Versioning(live)) if !live.is_enabled())
    };
    if seen.says(is_off) {
        targets.push(of_source(BucketPart::Lifecycle));
    }
    targets
}

pub(super) fn wants(case: &Case<'_>, phase: Phase) -> Items {
    let source = Target::Bucket(case.route.source.clone(), BucketPart::Itself);
    let mut items = vec![(source, Wanted::Exists)];
    if Part::Versioning.is_in(phase) {
        let buckets = [&case.route.source, &case.route.destination];
        items.extend(buckets.map(|bucket| {
            let target = Target::Bucket(bucket.clone(), BucketPart::Versioning);
            (target, Wanted::Versioning)
        }));
    }
    items
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>) -> Vec<Finding> {
    lifecycle(scene, case).into_iter().collect()
}

fn lifecycle(scene: &Scene<'_>, case: &Case<'_>) -> Option<Finding> {
    let source = case.route.source.clone();
    let versioning = Target::Bucket(source.clone(), BucketPart::Versioning);
    let enabled = match scene.observed.document(&versioning) {
        Some(Document::Versioning(live)) => live.is_enabled(),
        _ => false,
    };
    let target = Target::Bucket(source, BucketPart::Lifecycle);
    let Some(Document::Lifecycle(Lifecycle {
        expires_current,
        expires_noncurrent,
    })) = scene.observed.document(&target)
    else {
        return None;
    };
    (!enabled && *expires_current > 0 && *expires_noncurrent == 0).then(|| {
        finding(
            "lifecycle-keeps-noncurrent",
            Warning,
            scene.names.address(&target),
            "lifecycle rules expire objects here; once versioning is on they only add delete markers and every version stays billed".to_owned(),
            "add NoncurrentVersionExpiration to the lifecycle rules before applying",
        )
    })
}
