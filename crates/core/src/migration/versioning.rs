//! The source bucket, and versioning on both.

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::model::kinds::{Document, Lifecycle};
use crate::model::{BucketPart, Target};
use crate::phase::Part;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::Phase;
use crate::wanted::{Items, Wanted};
use FindingLevel::Warning;

pub(super) fn reads(route: &Route<'_>) -> Vec<Target> {
    vec![
        Target::Bucket(route.source.clone(), BucketPart::Itself),
        Target::Bucket(route.source.clone(), BucketPart::Versioning),
        Target::Bucket(route.source.clone(), BucketPart::Lifecycle),
        Target::Bucket(route.destination.clone(), BucketPart::Versioning),
    ]
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
