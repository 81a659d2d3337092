//! Whether the rules are proven, and whether their canaries can be put; the proof itself is a goal, see `goals::canary`.

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::goals::CanaryGoal;
use crate::model::{BucketPart, BucketRef, Target};
use crate::refusals;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::Canary;
use FindingLevel::{Blocked, Warning};

/// Whether a default retention keeps a canary at the destination: known already where the source has Object Lock.
pub(super) fn asks(scene: &Scene<'_>, route: &Route<'_>) -> Option<Target> {
    let part = |part| Target::Bucket(route.destination.clone(), part);
    let exists = scene.observed.document(&part(BucketPart::Itself)).is_some();
    exists.then(|| part(BucketPart::ObjectLock))
}

pub(super) fn warns(case: &Case<'_>) -> Vec<Finding> {
    skipped(case).into_iter().collect()
}

/// What stands in the way of a canary that is yet to be put, and what will be left of it.
pub(super) fn of_goal(scene: &Scene<'_>, goal: &CanaryGoal, future: &Future<'_>) -> Vec<Finding> {
    let Some(route) = scene.route(&goal.migration) else {
        return Vec::new();
    };
    let refused = refused(scene, route, goal).into_iter();
    refused.chain(stays(scene, route, future, goal)).collect()
}

/// A statement of the source's policy that refuses what the canary needs there, whatever encryption it asks for.
fn refused(scene: &Scene<'_>, route: &Route<'_>, goal: &CanaryGoal) -> Option<Finding> {
    let (policy, hit, action) = goal.refused(scene, route)?;
    let name = refusals::statement(scene, &policy, &hit);
    Some(finding(
        "canary-put-denied",
        Blocked,
        format!("{}/statement/{name}", scene.names.address(&policy)),
        format!(
            "this statement refuses {action} to the canary of rule {} ({}): nothing would prove the rule",
            goal.rule, goal.key
        ),
        "exempt the role that runs s3ferry from this statement, e.g. with a condition ArnNotEquals on aws:PrincipalArn\n\
         or prove nothing, by decision, in the migration: canary: { skip: \"the bucket's policy refuses the canary\" }",
    ))
}

/// Where the canary stays although it is ours.
fn stays(
    scene: &Scene<'_>,
    route: &Route<'_>,
    future: &Future<'_>,
    goal: &CanaryGoal,
) -> Vec<Finding> {
    let places = goal.stays(scene, route, future);
    let said = |(bucket, why): (BucketRef, &str)| {
        finding(
            "canary-stays",
            Warning,
            scene
                .names
                .address(&Target::Bucket(bucket, BucketPart::Itself)),
            format!("canaries cannot be removed from this bucket: {why}"),
            "they are small and stay until they may be removed; or prove nothing, by decision, in the migration: canary: { skip: \"canaries would stay\" }",
        )
    };
    places.into_iter().map(said).collect()
}

fn skipped(case: &Case<'_>) -> Option<Finding> {
    let Canary::Skip { reason } = &case.route.migration.canary else {
        return None;
    };
    Some(finding(
        "canary-skipped",
        Warning,
        case.route.name.to_string(),
        format!("no canary proves the rules: {reason}"),
        "AWS answers 200 OK to configurations whose every object then fails; remove canary.skip to prove them",
    ))
}
