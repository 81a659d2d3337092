//! Whether the rules are proven, and whether their canaries can be put; the proof itself is a goal, see `goals::canary`.

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::goals::{AlarmGoal, CanaryGoal, Carrier, Reach, UNPROVEN_BY_DECISION};
use crate::model::{BucketPart, BucketRef, Target};
use crate::refusals;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::Canary;
use FindingLevel::{Blocked, Warning};

/// Whether a default retention keeps a canary at the destination: known already where the source has Object Lock.
pub(super) fn asks(scene: &Scene<'_>, route: &Route<'_>) -> Option<Target> {
    let itself = Target::Bucket(route.destination.clone(), BucketPart::Itself);
    let exists = scene.observed.document(&itself).is_some();
    exists.then(|| asked(route))
}

pub(super) fn asked(route: &Route<'_>) -> Target {
    Target::Bucket(route.destination.clone(), BucketPart::ObjectLock)
}

pub(super) fn warns(case: &Case<'_>) -> Vec<Finding> {
    skipped(case).into_iter().collect()
}

/// What stands in the way of a canary that is yet to be put, and what will be left of it.
pub(super) fn of_goal(scene: &Scene<'_>, goal: &CanaryGoal, future: &Future<'_>) -> Vec<Finding> {
    let Some(route) = scene.route(&goal.migration) else {
        return Vec::new();
    };
    let mut found: Vec<Finding> = refused(scene, route, goal).into_iter().collect();
    found.extend(taken(scene, goal, future));
    found.extend(
        goal.elsewhere
            .iter()
            .filter_map(|of| elsewhere(scene, goal, of)),
    );
    found.extend(stays(scene, route, future, goal));
    found
}

/// What stands in the way of the objects that are to fail; to leave them out is said otherwise than of a rule's canary.
pub(super) fn of_alarm_goal(
    scene: &Scene<'_>,
    goal: &AlarmGoal,
    future: &Future<'_>,
) -> Vec<Finding> {
    let mut found = of_goal(scene, &goal.canary, future);
    for finding in &mut found {
        let lines = finding.help.lines().map(|line| {
            if line.contains("canary: { skip") {
                UNPROVEN_BY_DECISION
            } else {
                line
            }
        });
        finding.help = lines.collect::<Vec<_>>().join("\n");
    }
    found
}

/// Another rule carries the canary to its destination: what arrives would prove that one.
fn taken(scene: &Scene<'_>, goal: &CanaryGoal, future: &Future<'_>) -> Option<Finding> {
    let rules = goal.carried_by();
    let winner = goal.taken_by(future.document(&rules))?;
    Some(finding(
        "canary-taken",
        Blocked,
        format!("{}/rule/{winner}", scene.names.address(&rules)),
        format!(
            "this rule carries the canary of rule {} ({}) in its place: to the same bucket, with a higher priority; nothing would prove the rule",
            goal.rule, goal.stem
        ),
        "name canaries otherwise, so that they are not among that rule's objects: canary: { name: NAME }\n\
         or prove nothing, by decision, in the migration: canary: { skip: \"another rule takes the canary\" }",
    ))
}

/// Another bucket that the canary is carried to and that is no destination of the spec.
fn elsewhere(scene: &Scene<'_>, goal: &CanaryGoal, carrier: &Carrier) -> Option<Finding> {
    let Carrier {
        rule,
        bucket,
        to,
        mirrors: _, // Whatever comes there is removed.
    } = carrier;
    let address = format!("{}/rule/{rule}", scene.names.address(&goal.carried_by()));
    let canary = format!("the canary of rule {}", goal.rule);
    match to {
        Reach::OfSpec(_) | Reach::Unasked => None,
        Reach::Found(place) => Some(finding(
            "canary-elsewhere",
            Warning,
            address,
            format!(
                "this rule is not the spec's and carries {canary} to {}, too; it is removed there, too",
                scene.names.bucket(place)
            ),
            "if nothing of s3ferry's may come to that bucket, not even for a minute, prove nothing, by decision, in the migration: canary: { skip: \"canaries would reach another bucket\" }",
        )),
        Reach::Beyond => Some(finding(
            "canary-out-of-reach",
            Blocked,
            address,
            format!(
                "this rule carries {canary} to {bucket}, too, which is in no account of the spec, and it would stay there"
            ),
            "name the account of that bucket among the spec's accounts, with a way in, so that it is removed there\n\
             or prove nothing, by decision, in the migration: canary: { skip: \"canaries would stay in another account\" }",
        )),
    }
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
            goal.rule, goal.stem
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
