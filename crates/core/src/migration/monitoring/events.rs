//! Who S3 tells each object that failed to replicate: the key and the reason, where an alarm only counts.

use super::super::{Case, finding};
use super::Warning;
use super::topics::{self, Teller};
use crate::format::{Finding, FindingLevel};
use crate::ids::Arn;
use crate::model::kinds::event::FAILED_REPLICATION;
use crate::model::kinds::{Document, EventTarget, Notification};
use crate::model::{BucketPart, Target, TopicRef};
use crate::route::Route;
use crate::scene::Scene;
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Note};

/// The service that S3 tells topics as (UG:grant-destinations-permissions-to-s3).
const S3: &str = "s3.amazonaws.com";

pub(super) fn reads(route: &Route<'_>) -> Option<Target> {
    route.events().map(|_| configuration(route))
}

fn configuration(route: &Route<'_>) -> Target {
    Target::Bucket(route.source.clone(), BucketPart::Notifications)
}

pub(super) fn wants(case: &Case<'_>) -> Items {
    let wanted = case.route.events().and_then(notification);
    let wanted = wanted.map(|of| Wanted::Notification(Some(Box::new(of))));
    let item = |wanted| (configuration(case.route), wanted);
    wanted.map(item).into_iter().collect()
}

fn notification(to: &Arn) -> Option<Notification> {
    let mut kinds = EventTarget::ALL.into_iter();
    Some(Notification {
        kind: kinds.find(|kind| kind.service() == to.service())?,
        target: to.to_string(),
        events: [FAILED_REPLICATION.to_owned()].into(),
        filter: [].into(),
    })
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>) -> Vec<Finding> {
    let Some(to) = case.route.events() else {
        return Vec::new();
    };
    match TopicRef::of_arn(to) {
        Some(topic) => topics::of_topic(scene, &s3(scene, case.route), &topic),
        None => vec![unread(to)],
    }
}

/// S3, which asks whom it shall tell when that is written, refuses the whole configuration for one that does not let it in
/// (BC:s3 PutBucketNotificationConfiguration), and never asks again.
fn s3(scene: &Scene<'_>, route: &Route<'_>) -> Teller {
    let (level, then) = if is_written(scene, route) {
        (Warning, "its events tell nobody")
    } else {
        (
            Blocked,
            "S3 refuses the bucket's notification configuration",
        )
    };
    let source = route.source.arn().to_string();
    Teller {
        service: S3,
        name: "S3",
        account: route.source.account.to_string(),
        sources: source.clone(),
        source,
        sid: "S3FerryEvents",
        field: "monitoring.events",
        what: "its events",
        level,
        then: then.to_owned(),
    }
}

/// Whether the bucket has the notification already as it is wanted.
fn is_written(scene: &Scene<'_>, route: &Route<'_>) -> bool {
    let live = scene.observed.document(&configuration(route));
    let Some(Document::Notifications(live)) = live else {
        return false;
    };
    let ours = live.by_id.get(&scene.markers.configuration_id());
    let wanted = route.events().and_then(notification);
    ours.map(Notification::meaning) == wanted.map(|of| of.meaning())
}

fn unread(to: &Arn) -> Finding {
    finding(
        "event-target-unread",
        Note,
        to.to_string(),
        "whether it is there and lets S3 tell it anything was not looked at: S3 asks when the configuration is written, and refuses it if not"
            .to_owned(),
        "check that its policy lets s3.amazonaws.com in for the source bucket before the apply",
    )
}
