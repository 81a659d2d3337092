//! Trails: what there are, what a spec asks of them, what other people do to them, and which data events are recorded for the spec,
//! said once more and without the planner.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::data_events::DataEvents;
use s3ferry_core::ids::TrailName;
use s3ferry_core::model::kinds::{
    AdvancedSelector, BasicSelector, EventSelectors, FieldSelector, Trail,
};
use s3ferry_core::model::{BucketPart, Document, Target, TrailPart, TrailRef};
use s3ferry_core::spec::{LogPlace, TrailPlace};

use super::policies::delivers;
use super::shape::{LOGS, end, logs};
use crate::build;
use crate::world::MemoryWorld;

/// A trail of s3ferry's, one of others with basic selectors, and one of others with advanced ones; in each account.
pub const TRAILS: [&str; 3] = ["s3-data", "audit", "lake"];

/// What other people do to a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailDrift {
    /// Ours is switched off.
    Off,
    /// Ours writes elsewhere.
    Move,
    /// Ours is deleted.
    Delete,
    /// What it records for the spec is taken away.
    Drop,
    /// What it records for the spec is narrowed, where that has a name.
    Narrow,
    /// It records something else, too, where it is not ours.
    Add,
}

/// One of twelve drifts: the trail of the account of a bucket, and what becomes of it.
#[must_use]
pub fn drift(number: usize) -> (usize, usize, TrailDrift) {
    let drifts = [
        (0, TrailDrift::Off),
        (0, TrailDrift::Move),
        (0, TrailDrift::Delete),
        (0, TrailDrift::Drop),
        (0, TrailDrift::Narrow),
        (1, TrailDrift::Drop),
        (1, TrailDrift::Add),
        (2, TrailDrift::Drop),
        (2, TrailDrift::Narrow),
        (2, TrailDrift::Add),
        (0, TrailDrift::Off),
        (1, TrailDrift::Add),
    ];
    let (which, drift) = drifts[number % drifts.len()];
    (number % 4, which, drift)
}

/// Which trail records a bucket of which this is written down besides; a choice of its own would be one more for every bucket.
#[must_use]
pub fn with(logs: Option<(usize, usize)>, lists: Option<usize>) -> Option<usize> {
    match (logs, lists) {
        (Some((to, prefix)), None) => Some((to + prefix) % TRAILS.len()),
        (None, Some(to)) => Some(to + 1),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// A trail of the account of a bucket.
#[must_use]
pub fn trail(at: usize, which: usize) -> TrailRef {
    let of = end(at);
    TrailRef {
        account: of.account,
        region: of.region,
        name: TrailName::new(TRAILS[which]).expect("a valid name"),
    }
}

/// What a spec says of the trail of a bucket.
#[must_use]
pub fn place(at: usize, which: usize) -> TrailPlace {
    let own = LogPlace {
        bucket: logs(at / 2 * 2).bucket,
        prefix: String::new(),
    };
    TrailPlace {
        trail: trail(at, which).name,
        home: None,
        to: (which == 0).then_some(own),
    }
}

/// The world with the trails of others.
#[must_use]
pub fn with_trails(world: MemoryWorld) -> MemoryWorld {
    let mut world = world;
    for at in [0, 2] {
        let basic = EventSelectors::Basic(vec![BasicSelector::of_management(), theirs(0)]);
        let advanced = AdvancedSelector::of_buckets(
            "theirs".to_owned(),
            DataEvents::All,
            &BTreeSet::from(["arn:aws:s3:::theirs/".to_owned()]),
        );
        let advanced = EventSelectors::Advanced(vec![advanced]);
        for (which, records) in [(1, basic), (2, advanced)] {
            let [itself, selectors] = TrailPart::ALL.map(|part| target(at, which, part));
            world = world
                .with(&itself, build::trail())
                .with(&selectors, Document::Selectors(records));
        }
    }
    world
}

fn target(at: usize, which: usize, part: TrailPart) -> Target {
    Target::Trail(trail(at, which), part)
}

fn theirs(number: usize) -> BasicSelector {
    let bucket = format!("arn:aws:s3:::theirs-{number}/");
    BasicSelector::of_buckets(DataEvents::All, &BTreeSet::from([bucket]))
}

/// The data events of a selector that is for the spec; none where it is somebody else's.
fn of_spec_basic(of: &BasicSelector) -> Option<DataEvents> {
    let (events, buckets) = of.buckets()?;
    let ours: BTreeSet<String> = (0..4).map(|at| format!("{}/", end(at).arn())).collect();
    buckets
        .iter()
        .all(|bucket| ours.contains(bucket))
        .then_some(events)
}

fn of_spec_advanced(of: &AdvancedSelector) -> Option<DataEvents> {
    let mut all = DataEvents::ALL.into_iter();
    all.find(|events| {
        let name = format!("s3ferry/default/{}", events.as_str());
        of.name.as_ref() == Some(&name)
    })
}

/// What a trail records that is not for the spec.
#[must_use]
pub fn of_others(records: EventSelectors) -> EventSelectors {
    match records {
        EventSelectors::Basic(mut all) => {
            all.retain(|of| of_spec_basic(of).is_none());
            EventSelectors::Basic(all)
        }
        EventSelectors::Advanced(mut all) => {
            all.retain(|of| of_spec_advanced(of).is_none());
            EventSelectors::Advanced(all)
        }
    }
}

/// What every trail records for the spec: by trail and bucket.
#[must_use]
pub fn recorded(world: &MemoryWorld) -> BTreeMap<(Target, String), DataEvents> {
    let mut found = BTreeMap::new();
    for (target, document) in world.documents() {
        let Document::Selectors(records) = document else {
            continue;
        };
        let mut note = |events: DataEvents, bucket: &String| {
            found.insert((target.clone(), bucket.clone()), events);
        };
        match &records {
            EventSelectors::Basic(all) => {
                for of in all {
                    if let (Some(events), Some((_, buckets))) = (of_spec_basic(of), of.buckets()) {
                        buckets.iter().for_each(|bucket| note(events, bucket));
                    }
                }
            }
            EventSelectors::Advanced(all) => {
                for of in all {
                    if let Some(events) = of_spec_advanced(of) {
                        of.buckets().for_each(|bucket| note(events, bucket));
                    }
                }
            }
        }
    }
    found
}

/// The trails of the spec, and what keeps each from delivering.
#[must_use]
pub fn ours(world: &MemoryWorld) -> BTreeMap<Target, Option<String>> {
    let mut found = BTreeMap::new();
    for (target, document) in world.documents() {
        let (Target::Trail(at, _), Document::Trail(of)) = (&target, &document) else {
            continue;
        };
        if of.tags.get("s3ferry:spec").map(String::as_str) == Some("default") {
            let problem = undelivered(world, at, of);
            found.insert(target, problem);
        }
    }
    found
}

fn undelivered(world: &MemoryWorld, at: &TrailRef, of: &Trail) -> Option<String> {
    let bucket = (0..LOGS.len())
        .map(logs)
        .find(|bucket| bucket.bucket.as_str() == of.bucket);
    let Some(bucket) = bucket else {
        return Some(format!("it writes to {}", of.bucket));
    };
    let policy = world.document(&Target::Bucket(bucket.clone(), BucketPart::Policy));
    let Some(Document::BucketPolicy(policy)) = policy else {
        return Some("its bucket has no policy".to_owned());
    };
    let object = format!("{}/AWSLogs/{}/CloudTrail/1.gz", bucket.arn(), at.account);
    let taken = delivers(
        policy.text(),
        "cloudtrail.amazonaws.com",
        &at.arn(),
        &object,
    );
    (!taken || !of.logging).then(|| "nothing is delivered".to_owned())
}

/// Whether a trail that is new records what all of these do.
#[must_use]
pub fn is_new(target: &Target, live: Option<&Document>) -> bool {
    let is_ours = |trail: &TrailRef| trail.name.as_str() == TRAILS[0];
    matches!((target, live), (Target::Trail(of, TrailPart::Selectors), Some(Document::Selectors(live)))
        if is_ours(of) && live.were_never_set())
}

/// Makes an edit.
pub(super) fn edit(world: &MemoryWorld, (at, which, drift): (usize, usize, TrailDrift)) {
    let [itself, selectors] = TrailPart::ALL.map(|part| target(at, which, part));
    let (Some(Document::Trail(mut live)), Some(Document::Selectors(records))) =
        (world.document(&itself), world.document(&selectors))
    else {
        return;
    };
    let is_ours = which == 0;
    match drift {
        TrailDrift::Off if is_ours => live.logging = false,
        TrailDrift::Move if is_ours => live.bucket = "elsewhere".to_owned(),
        TrailDrift::Delete if is_ours => {
            world.set(&selectors, None);
            world.set(&itself, None);
            return;
        }
        TrailDrift::Drop => {
            let left = of_others(records);
            if !left.is_empty() {
                world.set(&selectors, Some(Document::Selectors(left)));
            }
            return;
        }
        TrailDrift::Narrow => {
            let narrowed = Document::Selectors(narrowed(records));
            world.set(&selectors, Some(narrowed));
            return;
        }
        TrailDrift::Add if !is_ours => {
            let more = Document::Selectors(with_one_more(records));
            world.set(&selectors, Some(more));
            return;
        }
        TrailDrift::Off | TrailDrift::Move | TrailDrift::Delete | TrailDrift::Add => return,
    }
    world.set(&itself, Some(Document::Trail(live)));
}

fn narrowed(records: EventSelectors) -> EventSelectors {
    let EventSelectors::Advanced(mut all) = records else {
        return records;
    };
    for of in all.iter_mut().filter(|of| of_spec_advanced(of).is_some()) {
        of.fields.push(FieldSelector {
            field: "eventName".to_owned(),
            is: BTreeMap::from([("Equals".to_owned(), vec!["GetObject".to_owned()])]),
        });
    }
    EventSelectors::Advanced(all)
}

/// Theirs goes to the front: ours need not be last. A trail has no more than five basic ones, of which we need two.
fn with_one_more(records: EventSelectors) -> EventSelectors {
    match records {
        EventSelectors::Basic(mut all) => {
            if of_others(EventSelectors::Basic(all.clone())).all().len() < 3 {
                all.insert(0, theirs(all.len()));
            }
            EventSelectors::Basic(all)
        }
        EventSelectors::Advanced(mut all) => {
            let more = AdvancedSelector {
                name: None,
                ..all[0].clone()
            };
            if of_spec_advanced(&all[0]).is_none() && all.len() < 9 {
                all.insert(0, more);
            }
            EventSelectors::Advanced(all)
        }
    }
}
