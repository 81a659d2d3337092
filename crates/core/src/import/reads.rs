//! What must be read to import: the configurations, then what they name.

use std::collections::{BTreeMap, BTreeSet};

use super::live::part;
use super::{Sought, keys};
use crate::ids::{AccountId, BucketName, Region};
use crate::model::kinds::{Buckets, ReplicationConfiguration};
use crate::model::{
    AccountPart, AccountRef, BucketPart, BucketRef, Document, KeyPart, Kind, Observed, RegionPart,
    RegionRef, RolePart, Target, TrailPart,
};
use crate::ownership::{Markers, tagged_trails};

/// Everything that an import may read, whatever is there: see [`following`], and who finds the buckets.
pub const READS: [Kind; 19] = [
    Kind::Account(AccountPart::Buckets),
    Kind::Bucket(BucketPart::Itself),
    Kind::Bucket(BucketPart::Replication),
    Kind::Bucket(BucketPart::Encryption),
    Kind::Bucket(BucketPart::Logging),
    Kind::Bucket(BucketPart::Inventory),
    Kind::Bucket(BucketPart::Notifications),
    Kind::Bucket(BucketPart::Tags),
    Kind::Bucket(BucketPart::Ownership),
    Kind::Bucket(BucketPart::PublicAccess),
    Kind::Bucket(BucketPart::Policy),
    Kind::Role(RolePart::Itself),
    Kind::Role(RolePart::Policy),
    Kind::Role(RolePart::Policies),
    Kind::Region(RegionPart::Alarms),
    Kind::Alarm,
    Kind::Trail(TrailPart::Itself),
    Kind::Trail(TrailPart::Selectors),
    Kind::Key(KeyPart::Policy),
];

/// The configurations of the sources: the first that is to be read.
#[must_use]
pub fn configurations_of(sources: &BTreeSet<BucketRef>) -> BTreeSet<Target> {
    let replication = |of: &BucketRef| Target::Bucket(of.clone(), BucketPart::Replication);
    sources.iter().map(replication).collect()
}

/// The destination buckets that configurations name and that nobody has looked for.
#[must_use]
pub fn unplaced(sought: &Sought, observed: &Observed) -> BTreeSet<BucketName> {
    let names = configurations(sought, observed).flat_map(|(_, live)| destinations(sought, live));
    names
        .filter(|name| observed.located(name).is_none())
        .collect()
}

/// The account that a destination bucket is said to be of: by who asks for it, or by a rule.
#[must_use]
pub fn claimed<'a>(
    sought: &'a Sought,
    observed: &Observed,
    bucket: &BucketName,
) -> Option<&'a AccountId> {
    let asked = sought.destinations.get(bucket);
    asked.or_else(|| {
        let mut rules = configurations(sought, observed).flat_map(|(_, live)| &live.rules);
        rules.find_map(|rule| {
            let named = rule.destination.as_ref()?.account.as_deref()?;
            let is_it = rule.destination_bucket().as_ref() == Some(bucket);
            let mut known = sought.accounts.keys().filter(|_| is_it);
            known.find(|id| id.as_str() == named)
        })
    })
}

/// The buckets of an account.
#[must_use]
pub fn buckets_of(account: &AccountId, home: &Region) -> Target {
    Target::Account(AccountRef::of(account, home), AccountPart::Buckets)
}

/// The buckets that lists of accounts name, with where they are if that is said; and the names that no spec takes.
#[must_use]
pub fn listed(observed: &Observed) -> (Listed, BTreeSet<String>) {
    let (mut found, mut unnamed) = (Listed::new(), BTreeSet::new());
    for (target, document) in observed.iter() {
        let Some(Document::Buckets(Buckets(buckets))) = document else {
            continue;
        };
        for (name, region) in buckets {
            match BucketName::new(name.clone()) {
                Ok(bucket) => {
                    let of = (target.account().clone(), bucket);
                    drop(found.insert(of, region.clone()));
                }
                Err(_) => drop(unnamed.insert(name.clone())),
            }
        }
    }
    (found, unnamed)
}

/// Buckets by account and name, with their Regions where they are known.
pub type Listed = BTreeMap<(AccountId, BucketName), Option<Region>>;

/// A bucket itself: whether it is there.
#[must_use]
pub fn itself(bucket: &BucketRef) -> Target {
    Target::Bucket(bucket.clone(), BucketPart::Itself)
}

/// The targets that an import rests on, given what was read so far, and that were not read yet.
#[must_use]
pub fn following(sought: &Sought, observed: &Observed) -> BTreeSet<Target> {
    let markers = Markers::of(&sought.name);
    let mut targets = configurations_of(&sought.sources);
    for (source, live) in configurations(sought, observed) {
        targets.extend(of_source(source, live));
        let places = destinations(sought, live).filter_map(|name| observed.located(&name)?);
        let places: BTreeSet<BucketRef> = places.cloned().collect();
        for place in &places {
            targets.extend(of_destination(place, observed, &markers));
        }
        let ids = live.rules.iter().filter_map(|rule| rule.id.as_deref());
        let mut ids = ids.filter(|id| markers.rule(id).is_some());
        if ids.next().is_some() {
            targets.extend(alarms(sought, source, &places, observed, &markers));
            targets.insert(Target::Bucket(source.clone(), BucketPart::Notifications));
            targets.extend(trails(sought, live, observed, &markers));
            let keys = keys::of_role(observed, live).into_iter();
            let known = keys.filter(|key| sought.accounts.contains_key(&key.account));
            targets.extend(known.map(|key| Target::Key(key, KeyPart::Policy)));
        }
        let logged = places.iter().chain([source]);
        targets.extend(logged.flat_map(|of| log_policies(of, observed, &markers)));
    }
    targets.retain(|target| !observed.was_asked(target));
    targets
}

/// Whether an import can go on without a target: then it says that it could not look.
#[must_use]
pub const fn can_do_without(target: &Target) -> bool {
    match target {
        Target::Bucket(_, part) => match part {
            // The policy is that of a bucket that logs or lists go to.
            BucketPart::Logging
            | BucketPart::Inventory
            | BucketPart::Notifications
            | BucketPart::Policy => true,
            BucketPart::Itself
            | BucketPart::Tags
            | BucketPart::Versioning
            | BucketPart::Encryption
            | BucketPart::Ownership
            | BucketPart::PublicAccess
            | BucketPart::Replication
            | BucketPart::ObjectLock
            | BucketPart::RequestPayment
            | BucketPart::Lifecycle => false,
        },
        Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_) | Target::Key(_, _) => true,
        Target::Trail(_, _) => true,
        Target::Account(_, _) | Target::Role(_, _) => false,
    }
}

/// The configurations that were read, each with its bucket.
pub(super) fn configurations<'a>(
    sought: &'a Sought,
    observed: &'a Observed,
) -> impl Iterator<Item = (&'a BucketRef, &'a ReplicationConfiguration)> {
    sought.sources.iter().filter_map(|source| {
        let held = part(observed, source, BucketPart::Replication)?;
        match held {
            Document::Replication(live) => Some((source, live)),
            _ => None,
        }
    })
}

/// The destination buckets of a configuration that are sought.
fn destinations<'a>(
    sought: &'a Sought,
    live: &'a ReplicationConfiguration,
) -> impl Iterator<Item = BucketName> + 'a {
    let names = live
        .rules
        .iter()
        .filter_map(|rule| rule.destination_bucket());
    names.filter(|name| sought.destinations.is_empty() || sought.destinations.contains_key(name))
}

fn of_source(source: &BucketRef, live: &ReplicationConfiguration) -> Vec<Target> {
    let parts = [
        BucketPart::Encryption,
        BucketPart::Logging,
        BucketPart::Inventory,
    ];
    let mut targets: Vec<Target> = parts
        .map(|part| Target::Bucket(source.clone(), part))
        .into();
    let role = live.runs_as().filter(|role| role.account == source.account);
    targets.extend(
        role.iter()
            .flat_map(|role| RolePart::LOOKED_AT.map(|part| Target::Role(role.clone(), part))),
    );
    targets
}

fn of_destination(place: &BucketRef, observed: &Observed, markers: &Markers) -> Vec<Target> {
    let mut parts = vec![
        BucketPart::Tags,
        BucketPart::Ownership,
        BucketPart::Logging,
        BucketPart::Inventory,
    ];
    let tags = part(observed, place, BucketPart::Tags);
    if matches!(tags, Some(Document::Tags(tags)) if markers.owns_tags(tags)) {
        parts.extend([BucketPart::Encryption, BucketPart::PublicAccess]);
    }
    let target = |part| Target::Bucket(place.clone(), part);
    parts.into_iter().map(target).collect()
}

/// The trails that tags of the role lead to.
fn trails(
    sought: &Sought,
    live: &ReplicationConfiguration,
    observed: &Observed,
    markers: &Markers,
) -> Vec<Target> {
    let role = live
        .runs_as()
        .map(|role| Target::Role(role, RolePart::Itself));
    let Some(Document::Role(role)) = role.and_then(|role| observed.document(&role)) else {
        return Vec::new();
    };
    let led = tagged_trails(&role.tags).into_iter();
    let known =
        led.filter(|of| markers.owns_tags(&role.tags) && sought.accounts.contains_key(&of.account));
    known
        .flat_map(|of| TrailPart::ALL.map(|part| Target::Trail(of.clone(), part)))
        .collect()
}

/// The alarms of the spec on rules of a source: in whichever account they are, those Regions have them.
fn alarms(
    sought: &Sought,
    source: &BucketRef,
    places: &BTreeSet<BucketRef>,
    observed: &Observed,
    markers: &Markers,
) -> Vec<Target> {
    let regions = watched(sought, source, places);
    let mut targets = Vec::new();
    for region in regions {
        let list = Target::Region(region.clone(), RegionPart::Alarms);
        if let Some(Document::AlarmNames(names)) = observed.document(&list) {
            let ours = names
                .ours
                .iter()
                .filter(|name| markers.alarm(name).is_some());
            targets.extend(ours.map(|name| Target::Alarm(region.alarm(name))));
        }
        targets.push(list);
    }
    targets
}

fn watched(
    sought: &Sought,
    source: &BucketRef,
    places: &BTreeSet<BucketRef>,
) -> BTreeSet<RegionRef> {
    let regions = places.iter().chain([source]).map(|of| &of.region);
    let in_all = |region| {
        sought
            .accounts
            .keys()
            .map(move |account: &AccountId| RegionRef {
                account: account.clone(),
                region: Clone::clone(region),
            })
    };
    regions.flat_map(in_all).collect()
}

/// The policies of the buckets that logs and inventories of a bucket go to: they say whose these are.
fn log_policies(of: &BucketRef, observed: &Observed, markers: &Markers) -> Vec<Target> {
    let logging = match part(observed, of, BucketPart::Logging) {
        Some(Document::Logging(live)) => live.to(),
        _ => None,
    };
    let lists = match part(observed, of, BucketPart::Inventory) {
        Some(Document::Inventories(live)) => live
            .get(&markers.configuration_id())
            .and_then(|ours| ours.to()),
        _ => None,
    };
    let of_bucket = |bucket| BucketRef {
        bucket,
        ..of.clone()
    };
    let places = logging.into_iter().chain(lists).map(of_bucket);
    places
        .map(|place| Target::Bucket(place, BucketPart::Policy))
        .collect()
}
