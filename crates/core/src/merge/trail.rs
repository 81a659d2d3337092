//! Trails: one of ours whole, or somebody else's that is left as it is; and what a trail records, of which only the data events of
//! the spec's buckets are ours.

use std::collections::BTreeMap;

use super::conflict::ConflictKind;
use super::{Merged, refuse};
use crate::data_events::DataEvents;
use crate::ids::MigrationName;
use crate::migration::mark;
use crate::model::kinds::selectors::{MOST_RESOURCES, MOST_SELECTORS, MOST_VALUES};
use crate::model::kinds::{
    AdvancedSelector, BasicSelector, Document, EventSelectors, SeenTrail, Selector, Trail,
};
use crate::model::{RegionPart, Target, TrailPart, TrailRef};
use crate::scene::Scene;
use crate::scope::Scope;
use crate::wanted::{WantedEvents, WantedTrail};

/// A trail of ours; what the spec does not speak of stays. One that does not say by its tag that it is ours is left unless it was
/// handed over.
pub(super) fn trail(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &WantedTrail,
    live: Option<&Document>,
) -> Merged {
    let WantedTrail {
        bucket,
        prefix,
        tags,
    } = wanted;
    let prefix = Some(prefix.clone()).filter(|prefix| !prefix.is_empty());
    let after = match live {
        Some(Document::Trail(live)) => {
            let may_change =
                scene.markers.owns_tags(&live.tags) || scene.adopts(&scene.names.address(target));
            if !may_change {
                return Err(refuse(scene, target, ConflictKind::UnmarkedTrail));
            }
            let mut all = live.tags.clone();
            all.extend(tags.clone());
            Trail {
                bucket: bucket.clone(),
                prefix,
                tags: all,
                logging: true,
                ..(**live).clone()
            }
        }
        _ => Trail {
            bucket: bucket.clone(),
            prefix,
            multi_region: false,
            organization: false,
            key: None,
            tags: tags.clone(),
            logging: true,
            delivery_error: None,
        },
    };
    Ok(Some(Document::Trail(Box::new(after))))
}

/// What a trail records: ours as wanted, in selectors of the sort that it has; everybody else's as they are.
pub(super) fn selectors(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &[(MigrationName, WantedEvents)],
    live: Option<&Document>,
) -> Merged {
    let Target::Trail(trail, _) = target else {
        return Ok(live.cloned());
    };
    let asks = wanted
        .iter()
        .any(|(migration, of)| of.events.is_some() && scene.scope.covers(migration));
    if asks {
        may_record(scene, target, trail)?;
    }
    let base = base(scene, trail, live);
    let ours = mark::recorded_by(scene, trail, &base);
    let after = after(scene, wanted, &ours);
    if after == ours && !is_edited(scene, trail, &base) {
        return Ok(live.cloned());
    }
    let merged = with(scene, trail, &base, &after);
    if merged.is_empty() {
        // CloudTrail takes no empty list: the trail is as one that was never told anything.
        let never_told = EventSelectors::Basic(vec![BasicSelector::of_management()]);
        return Ok(live.map(|_| Document::Selectors(never_told)));
    }
    fits(&merged).map_err(|kind| refuse(scene, target, kind))?;
    Ok(Some(Document::Selectors(merged)))
}

/// What stands in the way of telling a trail what to record.
fn may_record(
    scene: &Scene<'_>,
    target: &Target,
    trail: &TrailRef,
) -> Result<(), Box<super::Conflict>> {
    let itself = Target::Trail(trail.clone(), TrailPart::Itself);
    let is_placed = scene.own_trails.contains(trail);
    match scene.observed.document(&itself) {
        Some(Document::Trail(live)) if !is_placed && scene.markers.owns_tags(&live.tags) => {
            let kind = ConflictKind::UnplacedTrail(live.bucket.clone());
            Err(refuse(scene, target, kind))
        }
        None if !is_placed => {
            let kind = ConflictKind::MissingTrail(elsewhere(scene, trail));
            Err(refuse(scene, target, kind))
        }
        Some(_) | None => Ok(()),
    }
}

/// A trail of the same name that records in the Region and is at home somewhere else, or another account's.
fn elsewhere(scene: &Scene<'_>, trail: &TrailRef) -> Option<SeenTrail> {
    let seen = Target::Region(trail.place(), RegionPart::Trails);
    let Some(Document::Trails(seen)) = scene.observed.document(&seen) else {
        return None;
    };
    let mut named = seen.0.iter();
    named.find(|seen| seen.name == trail.name.as_str()).cloned()
}

/// What our selectors come into: nothing where a trail of ours is new, or records what every new trail does.
fn base(scene: &Scene<'_>, trail: &TrailRef, live: Option<&Document>) -> EventSelectors {
    match live {
        Some(Document::Selectors(live)) if !mark::is_new(scene, trail, live) => live.clone(),
        _ => EventSelectors::Advanced(Vec::new()),
    }
}

/// What shall be recorded for the spec. With `--target` whatever is of other migrations stays.
fn after(
    scene: &Scene<'_>,
    wanted: &[(MigrationName, WantedEvents)],
    ours: &BTreeMap<String, DataEvents>,
) -> BTreeMap<String, DataEvents> {
    let mut after = match scene.scope {
        Scope::All => BTreeMap::new(),
        Scope::Only(_) => ours.clone(),
    };
    for (migration, WantedEvents { bucket, events }) in wanted {
        let asked = events.filter(|_| scene.scope.covers(migration));
        let kept = ours.get(bucket).copied();
        if let Some(events) = asked.or(kept) {
            after.insert(bucket.clone(), events);
        }
    }
    after
}

/// Whether somebody changed one of ours by more than its buckets.
fn is_edited(scene: &Scene<'_>, trail: &TrailRef, base: &EventSelectors) -> bool {
    let ours = mark::recorded_by(scene, trail, base);
    let again = with(scene, trail, base, &ours);
    let form = |of: &EventSelectors| Document::Selectors(of.clone()).canonical();
    form(&again) != form(base)
}

/// The selectors with ours for these buckets.
fn with(
    scene: &Scene<'_>,
    trail: &TrailRef,
    base: &EventSelectors,
    ours: &BTreeMap<String, DataEvents>,
) -> EventSelectors {
    let mut merged = base.clone();
    for events in DataEvents::ALL {
        let of = ours.iter().filter(|(_, of)| **of == events);
        let buckets = of.map(|(bucket, _)| bucket.clone()).collect();
        match &mut merged {
            EventSelectors::Advanced(all) => {
                let name = scene.markers.selector_name(events);
                let is_ours = |of: &AdvancedSelector| of.name.as_ref() == Some(&name);
                let wanted = AdvancedSelector::of_buckets(name.clone(), events, &buckets);
                let same = |one: &AdvancedSelector| {
                    let one = Selector::Advanced(one.clone()).meaning();
                    one == Selector::Advanced(wanted.clone()).meaning()
                };
                put(all, is_ours, same, (!buckets.is_empty()).then_some(&wanted));
            }
            EventSelectors::Basic(all) => {
                let claimed = mark::claimed(scene, trail);
                let is_ours = |of: &BasicSelector| mark::claims(of, &claimed) == Some(events);
                let wanted = BasicSelector::of_buckets(events, &buckets);
                let same = |one: &BasicSelector| {
                    let one = Selector::Basic(one.clone()).meaning();
                    one == Selector::Basic(wanted.clone()).meaning()
                };
                put(all, is_ours, same, (!buckets.is_empty()).then_some(&wanted));
            }
        }
    }
    merged
}

/// Puts what is wanted in the place of the first that is ours, or to the end, and takes away whatever else is ours.
fn put<T: Clone>(
    all: &mut Vec<T>,
    is_ours: impl Fn(&T) -> bool,
    is_same: impl Fn(&T) -> bool,
    wanted: Option<&T>,
) {
    let mut open = wanted;
    all.retain_mut(|of| {
        if !is_ours(of) {
            return true;
        }
        let Some(wanted) = open.take() else {
            return false;
        };
        if !is_same(of) {
            *of = wanted.clone();
        }
        true
    });
    all.extend(open.cloned());
}

/// Whether CloudTrail takes so many.
fn fits(selectors: &EventSelectors) -> Result<(), ConflictKind> {
    let counts = match selectors {
        EventSelectors::Advanced(all) => {
            let values = all.iter().map(AdvancedSelector::count).sum();
            vec![("values in advanced event selectors", values, MOST_VALUES)]
        }
        EventSelectors::Basic(all) => vec![
            ("basic event selectors", all.len(), MOST_SELECTORS),
            (
                "data resources in basic event selectors",
                all.iter().map(BasicSelector::count).sum(),
                MOST_RESOURCES,
            ),
        ],
    };
    let full = counts.into_iter().find(|(_, size, limit)| size > limit);
    full.map_or(Ok(()), |(unit, size, limit)| {
        Err(ConflictKind::FullTrail { unit, size, limit })
    })
}
