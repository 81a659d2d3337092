//! The trails that record a migration's buckets for the spec: of ours with where they write, of others by their names.

use super::group::Group;
use crate::data_events::DataEvents;
use crate::model::kinds::EventSelectors;
use crate::model::{BucketRef, Document, Observed, Target, TrailPart, TrailRef};
use crate::ownership::{Markers, tagged_trails};
use crate::spec::{LogPlace, TrailPlace, Trails};

/// The data events of a migration's buckets that are recorded for the spec.
pub(super) fn of(observed: &Observed, markers: &Markers, group: &Group<'_>) -> Trails {
    let found = |bucket: &BucketRef| {
        observed
            .iter()
            .find_map(|(target, document)| match (target, document) {
                (Target::Trail(trail, _), Some(Document::Selectors(records))) => {
                    let is_told = is_told(observed, markers, trail);
                    let events = recorded(markers, records, bucket, is_told)?;
                    Some((place(observed, markers, trail, bucket), events))
                }
                _ => None,
            })
    };
    let (source, destination) = (found(group.source), found(&group.to));
    let mut trails = Trails::default();
    if let Some((place, events)) = destination {
        trails.to.destination = Some(place);
        trails.events = events;
    }
    if let Some((place, events)) = source {
        trails.to.source = Some(place);
        trails.events = events;
    }
    trails
}

/// Whether tags of roles tell whose basic selectors of a trail are: not where specs share a role.
fn is_told(observed: &Observed, markers: &Markers, trail: &TrailRef) -> bool {
    let roles = observed.iter().filter_map(|(_, document)| match document? {
        Document::Role(role) => Some(&role.tags),
        _ => None,
    });
    let mut ours =
        roles.filter(|tags| markers.owns_tags(tags) && markers.other_specs(tags).is_empty());
    ours.any(|tags| tagged_trails(tags).contains(trail))
}

/// Which data events of a bucket selectors of ours have; a basic one, which has no name, is ours where tags of our roles led here.
fn recorded(
    markers: &Markers,
    records: &EventSelectors,
    bucket: &BucketRef,
    is_told: bool,
) -> Option<DataEvents> {
    let arn = format!("{}/", bucket.arn());
    match records {
        EventSelectors::Advanced(all) => all.iter().find_map(|of| {
            let events = markers.selector(of.name.as_deref()?)?;
            of.buckets().any(|one| *one == arn).then_some(events)
        }),
        EventSelectors::Basic(_) if !is_told => None,
        EventSelectors::Basic(all) => all.iter().find_map(|of| {
            let (events, buckets) = of.buckets()?;
            buckets.contains(&arn).then_some(events)
        }),
    }
}

fn place(
    observed: &Observed,
    markers: &Markers,
    trail: &TrailRef,
    bucket: &BucketRef,
) -> TrailPlace {
    let itself = Target::Trail(trail.clone(), TrailPart::Itself);
    let to = match observed.document(&itself) {
        Some(Document::Trail(live)) if markers.owns_tags(&live.tags) => {
            live.to().map(|bucket| LogPlace {
                bucket,
                prefix: live.prefix.clone().unwrap_or_default(),
            })
        }
        _ => None,
    };
    let home = (trail.region != bucket.region).then(|| trail.region.clone());
    TrailPlace {
        trail: trail.name.clone(),
        home,
        to,
    }
}
