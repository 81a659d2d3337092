//! CloudTrail data events of both buckets: recorded by a trail of ours, which writes where the spec says, or by one of somebody
//! else's, which is told to record these buckets besides and left as it is.

use super::places::{Delivered, lock, requester_pays};
use super::{mark, takes_all};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::merge::advice::{guards_line, quoted};
use crate::migration::{Case, finding};
use crate::model::kinds::{EventSelectors, Selector, Trail};
use crate::model::{BucketPart, Document, RegionPart, Target, TrailPart, TrailRef};
use crate::policy::generate::trail_statements;
use crate::route::{Route, Traced};
use crate::scene::Scene;
use crate::wanted::{Items, Wanted, WantedEvents, WantedTrail};
use FindingLevel::{Blocked, Note, Warning};

fn itself(trail: &TrailRef) -> Target {
    Target::Trail(trail.clone(), TrailPart::Itself)
}

fn selectors(trail: &TrailRef) -> Target {
    Target::Trail(trail.clone(), TrailPart::Selectors)
}

fn seen_there(trail: &TrailRef) -> Target {
    Target::Region(trail.place(), RegionPart::Trails)
}

/// The trails, what they record, and what else records in their Regions.
pub(super) fn reads(route: &Route<'_>) -> Vec<Target> {
    let traced = route.trails().into_iter();
    let of = |of: Traced<'_>| {
        [
            itself(&of.trail),
            selectors(&of.trail),
            seen_there(&of.trail),
        ]
    };
    traced.flat_map(of).collect()
}

pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>) -> Items {
    let route = case.route;
    let mut items = Items::new();
    for traced in route.trails() {
        if let Some((to, prefix)) = &traced.to {
            let sids = scene.markers.trail_sids(&traced.trail);
            let statements = trail_statements(sids, &traced.trail, &to.bucket, prefix);
            items.extend(takes_all(route, to, statements.into()));
            let wanted = WantedTrail {
                bucket: to.bucket.to_string(),
                prefix: (*prefix).to_owned(),
                tags: scene.markers.bucket_tags(),
            };
            items.push((itself(&traced.trail), Wanted::Trail(wanted)));
        }
        let wanted = WantedEvents {
            bucket: mark::with_slash(traced.of),
            events: Some(route.migration.logging.cloudtrail.events),
        };
        let wanted = Wanted::Selectors(vec![(route.name.clone(), wanted)]);
        items.push((selectors(&traced.trail), wanted));
    }
    items
}

/// What becomes of a trail, or of what it records, that nobody in the spec names any more; none where it stays. A trail of ours that
/// somebody else has record something, too, is theirs from now on.
pub(crate) fn left(scene: &Scene<'_>, target: &Target) -> Option<Wanted> {
    let Target::Trail(trail, part) = target else {
        return None;
    };
    let is_ours = mark::owns_trail(scene, trail) && !scene.named_trails.contains(trail);
    let goes = is_ours && !has_others(scene, trail);
    match part {
        TrailPart::Itself if goes => Some(Wanted::Absent),
        TrailPart::Itself if is_ours => Some(Wanted::Whole(released(scene, target)?)),
        TrailPart::Itself => None,
        TrailPart::Selectors if goes => None,
        TrailPart::Selectors => Some(Wanted::Selectors(Vec::new())),
    }
}

/// Whether a trail records anything that is not ours.
fn has_others(scene: &Scene<'_>, trail: &TrailRef) -> bool {
    let target = selectors(trail);
    let Some(Document::Selectors(live)) = scene.observed.document(&target) else {
        return false;
    };
    let is_ours = |of: Selector| mark::owns_selector(scene, &target, &of);
    !live.were_never_set() && !live.all().into_iter().all(is_ours)
}

/// The trail without what says that it is ours.
fn released(scene: &Scene<'_>, target: &Target) -> Option<Document> {
    let Some(Document::Trail(live)) = scene.observed.document(target) else {
        return None;
    };
    let ours = scene.markers.bucket_tags();
    let mut released = live.clone();
    released.tags.retain(|key, _| !ours.contains_key(key));
    Some(Document::Trail(released))
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for traced in case.route.trails() {
        let live = match scene.observed.document(&itself(&traced.trail)) {
            Some(Document::Trail(live)) => Some(&**live),
            _ => None,
        };
        match (&traced.to, live) {
            (Some((to, _)), live) => {
                let delivered = Delivered {
                    what: "a trail's files",
                    field: format!("logging.cloudtrail.{}", traced.side.as_str()),
                    to,
                };
                findings.extend(requester_pays(scene, &delivered));
                findings.extend(retained(scene, &delivered));
                findings.extend(encrypted(scene, &traced, &delivered));
                findings.extend(too_many(scene, &traced, live.is_some()));
            }
            (None, Some(live)) => {
                findings.extend(out_of_reach(scene, &traced, live));
                findings.extend(switched_off(scene, &traced, live));
                findings.extend(circle(scene, case, &traced, live));
            }
            (None, None) => {} // A conflict says so.
        }
        findings.extend(live.and_then(|live| undelivered(scene, &traced, live)));
        findings.extend(as_found(scene, &traced, future));
    }
    findings
}

/// Files that nobody can delete are billed until their time is over. CloudTrail delivers to buckets with Object Lock.
fn retained(scene: &Scene<'_>, of: &Delivered<'_>) -> Option<Finding> {
    lock(scene, of)?.default_retention.then(|| {
        finding(
            "trail-bucket-retention",
            Warning,
            scene.names.address(&of.part(BucketPart::ObjectLock)),
            "a trail writes to a bucket whose default retention keeps every file from being deleted until its time is over"
                .to_owned(),
            &format!("if this is not meant, {}", of.elsewhere()),
        )
    })
}

/// S3 encrypts with the bucket's key whatever is put there without a word of its own, and whoever puts it must be let by the key's
/// policy (UG:default-bucket-encryption). Whether CloudTrail says a word is not documented.
fn encrypted(scene: &Scene<'_>, traced: &Traced<'_>, of: &Delivered<'_>) -> Option<Finding> {
    let target = of.part(BucketPart::Encryption);
    let Some(Document::Encryption(live)) = scene.observed.document(&target) else {
        return None;
    };
    if live.algorithm == "AES256" {
        return None;
    }
    let statement = serde_json::json!({
        "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "kms:GenerateDataKey",
        "Resource": "*",
        "Condition": { "StringEquals": { "aws:SourceArn": traced.trail.arn() } },
    });
    Some(finding(
        "trail-bucket-kms",
        Warning,
        scene.names.address(&target),
        format!(
            "a trail writes to a bucket that encrypts with {} by default{}; without this statement in the key's policy none of its files may be delivered",
            live.algorithm,
            live.key
                .as_ref()
                .map_or_else(String::new, |key| format!(" under {key}"))
        ),
        &format!("{statement}\nor {}", of.elsewhere()),
    ))
}

/// How many trails record in a Region at most (CTUG:WhatIsCloudTrail-Limits), those of other home Regions among them.
const MOST: usize = 5;

fn too_many(scene: &Scene<'_>, traced: &Traced<'_>, is_there: bool) -> Option<Finding> {
    let target = seen_there(&traced.trail);
    let Some(Document::Trails(seen)) = scene.observed.document(&target) else {
        return None;
    };
    let names: Vec<&str> = seen.0.iter().map(|seen| seen.name.as_str()).collect();
    (!is_there && names.len() >= MOST).then(|| {
        finding(
            "too-many-trails",
            Blocked,
            scene.names.address(&itself(&traced.trail)),
            format!(
                "{} trails record in {} already ({}); CloudTrail takes {MOST}",
                names.len(),
                traced.trail.region,
                names.join(", ")
            ),
            "name one of them, without a bucket: it then records the spec's buckets besides\nor remove one that nobody needs",
        )
    })
}

/// A trail records in its home Region alone, unless it is made for all of them.
fn out_of_reach(scene: &Scene<'_>, traced: &Traced<'_>, live: &Trail) -> Option<Finding> {
    let (home, region) = (&traced.trail.region, &traced.of.region);
    (home != region && !live.multi_region).then(|| {
        finding(
            "trail-other-region",
            Blocked,
            scene.names.address(&itself(&traced.trail)),
            format!("the trail records in {home} alone, and the bucket {} is in {region}", traced.of.bucket),
            &format!("name a trail of {region} in logging.cloudtrail.{}\nor one that records in all Regions", traced.side.as_str()),
        )
    })
}

fn switched_off(scene: &Scene<'_>, traced: &Traced<'_>, live: &Trail) -> Option<Finding> {
    let TrailRef { region, name, .. } = &traced.trail;
    (!live.logging).then(|| {
        finding(
            "trail-switched-off",
            Warning,
            scene.names.address(&itself(&traced.trail)),
            "the trail is switched off: it records nothing, whatever it is told".to_owned(),
            &format!("switch it on: aws cloudtrail start-logging --region {region} --name {name}"),
        )
    })
}

/// Files of a trail in a bucket whose data events it records are events themselves.
fn circle(
    scene: &Scene<'_>,
    case: &Case<'_>,
    traced: &Traced<'_>,
    live: &Trail,
) -> Option<Finding> {
    let ends = [&case.route.source, &case.route.destination];
    let into = ends
        .into_iter()
        .find(|of| of.bucket.as_str() == live.bucket)?;
    Some(finding(
        "trail-circle",
        Blocked,
        scene.names.address(&itself(&traced.trail)),
        format!(
            "the trail writes to {}, a bucket of the migration: every file of it would be an event, and replicated, without end",
            into.bucket
        ),
        &format!(
            "name a trail in logging.cloudtrail.{} that writes elsewhere",
            traced.side.as_str()
        ),
    ))
}

fn undelivered(scene: &Scene<'_>, traced: &Traced<'_>, live: &Trail) -> Option<Finding> {
    let why = live.delivery_error.as_ref()?;
    Some(finding(
        "trail-undelivered",
        Warning,
        scene.names.address(&itself(&traced.trail)),
        format!(
            "the trail's last file could not be delivered to {}: {why}",
            live.bucket
        ),
        "look at the policy of that bucket, and at the key that the trail encrypts with; what this plan changes may mend it",
    ))
}

/// A basic selector says nothing of whose it is: what somebody set up as the spec says is the spec's from now on.
fn as_found(scene: &Scene<'_>, traced: &Traced<'_>, future: &Future<'_>) -> Option<Finding> {
    let target = selectors(&traced.trail);
    let Some(Document::Selectors(live @ EventSelectors::Basic(_))) =
        scene.observed.document(&target)
    else {
        return None;
    };
    let bucket = mark::with_slash(traced.of);
    let is_there = mark::recorded_by(scene, &traced.trail, live).contains_key(&bucket);
    let known = mark::led_to(scene, &traced.trail).contains(&bucket);
    let address = scene.names.address(&target);
    let stays = crate::model::same(
        Some(&Document::Selectors(live.clone())),
        future.document(&target),
    );
    (is_there && stays && !known && !scene.adopts(&address)).then(|| {
        let adopt = guards_line(&[("adopt", quoted([&address]))]);
        finding(
            "trail-selector-as-found",
            Note,
            address.clone(),
            format!(
                "the trail has a basic event selector for data events of {} already, and not by this spec: it takes it over",
                traced.of.bucket
            ),
            &format!("nothing needs to be done; it would be removed, and counted by guards.max_deletes, when it leaves the spec\nto say that this is meant, {adopt}"),
        )
    })
}
