//! What tells ours from everybody else's where a thing has no place for a mark of its own.
//!
//! Access logging: the statement that lets the logs come is its mark. It is set before the logging is, and goes after it. A basic
//! event selector: it is for data events of buckets only, each of which the spec has this trail record, or had.

use std::collections::{BTreeMap, BTreeSet};

use crate::data_events::DataEvents;
use crate::ids::BucketName;
use crate::model::kinds::{BasicSelector, BucketLogging, EventSelectors, Selector};
use crate::model::{BucketPart, BucketRef, Document, Target, TrailPart, TrailRef};
use crate::ownership::{Markers, tagged_destinations, tagged_sources, tagged_trails};
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

/// The data events of buckets that a trail records for this spec, by the buckets' ARNs with a slash.
pub(crate) fn recorded_by(
    scene: &Scene<'_>,
    trail: &TrailRef,
    selectors: &EventSelectors,
) -> BTreeMap<String, DataEvents> {
    let mut found = BTreeMap::new();
    match selectors {
        EventSelectors::Advanced(all) => {
            for of in all {
                let name = of.name.as_deref();
                let events = name.and_then(|name| scene.markers.selector(name));
                if let Some(events) = events {
                    found.extend(of.buckets().map(|bucket| (bucket.clone(), events)));
                }
            }
        }
        EventSelectors::Basic(all) => {
            let claimed = claimed(scene, trail);
            for of in all {
                if let Some(events) = claims(of, &claimed)
                    && let Some((_, buckets)) = of.buckets()
                {
                    found.extend(buckets.iter().map(|bucket| (bucket.clone(), events)));
                }
            }
        }
    }
    found
}

/// The data events that a basic selector records of buckets that are all claimed, and of nothing else.
pub(crate) fn claims(of: &BasicSelector, claimed: &BTreeSet<String>) -> Option<DataEvents> {
    let (events, buckets) = of.buckets()?;
    buckets
        .iter()
        .all(|bucket| claimed.contains(bucket))
        .then_some(events)
}

/// The buckets that the spec has a trail record, and those that tags of our roles lead to beside the trail.
pub(crate) fn claimed(scene: &Scene<'_>, trail: &TrailRef) -> BTreeSet<String> {
    let mut claimed = led_to(scene, trail);
    for route in &scene.routes {
        let traced = route.trails().into_iter();
        claimed.extend(
            traced
                .filter(|of| of.trail == *trail)
                .map(|of| with_slash(of.of)),
        );
    }
    claimed
}

/// The buckets that tags of our roles lead to beside a trail: whatever basic selectors are there for them alone are ours. Where specs
/// share a role, its tags do not tell whose.
pub(crate) fn led_to(scene: &Scene<'_>, trail: &TrailRef) -> BTreeSet<String> {
    let mut led = BTreeSet::new();
    for (target, document) in scene.observed.iter() {
        if let (Target::Role(of, _), Some(Document::Role(role))) = (target, document)
            && scene.markers.owns_tags(&role.tags)
            && scene.markers.other_specs(&role.tags).is_empty()
            && tagged_trails(&role.tags).contains(trail)
        {
            let sources = tagged_sources(&of.account, &role.tags);
            let destinations = tagged_destinations(&role.tags);
            led.extend(sources.iter().chain(&destinations).map(with_slash));
        }
    }
    led
}

/// A bucket's ARN with the slash that keeps buckets with longer names out.
pub(crate) fn with_slash(bucket: &BucketRef) -> String {
    format!("{}/", bucket.arn())
}

/// Whether an event selector of a trail is this spec's.
pub(crate) fn owns_selector(scene: &Scene<'_>, target: &Target, of: &Selector) -> bool {
    match (target, of) {
        (Target::Trail(trail, _), Selector::Basic(of)) => {
            claims(of, &claimed(scene, trail)).is_some()
        }
        (_, of) => of
            .name()
            .is_some_and(|name| scene.markers.selector(name).is_some()),
    }
}

/// Whether a trail is this spec's whole.
pub(crate) fn owns_trail(scene: &Scene<'_>, trail: &TrailRef) -> bool {
    let itself = Target::Trail(trail.clone(), TrailPart::Itself);
    matches!(
        scene.observed.document(&itself),
        Some(Document::Trail(live)) if scene.markers.owns_tags(&live.tags)
    )
}

/// Whether a trail of ours records what every new trail does, which nobody asked of it.
pub(crate) fn is_new(scene: &Scene<'_>, trail: &TrailRef, live: &EventSelectors) -> bool {
    // One that is being handed over recorded that before.
    let itself = Target::Trail(trail.clone(), TrailPart::Itself);
    let is_handed_over = scene.adopts(&scene.names.address(&itself));
    live.were_never_set() && !is_handed_over && owns_trail(scene, trail)
}
