//! Lifecycle at work, on the sandbox's clock: whoever looks at the state sees what the midnights that passed have done.
//!
//! No policy is asked, nothing of it replicates, and versions whose replication is PENDING wait
//! (UG:lifecycle-and-other-bucket-config, UG:replication-what-is-isnot-replicated, UG:replication-status). What happens
//! bears the time at which it was due, so that a clock which leaps sees the same as one that ticks.

use std::time::SystemTime;

use super::dates::{midnight_after, next_midnight};
use super::lifecycle::{Expiration, Noncurrent, Rule, coldness, parse};
use super::storage_class::StorageClass;
use super::version::{Lock, NULL_VERSION, Object, Status, Version, VersionId};
use super::world::{Bucket, Versioning, World};

/// One thing that lifecycle does.
enum Edit {
    /// The current version goes: a marker comes on top, or in a bucket without versions the object is gone.
    Expire(Box<str>, SystemTime),
    Remove(Box<str>, VersionId),
    Move(Box<str>, VersionId, StorageClass),
    Abort(String),
}

/// Does what is due in every bucket, and says when to look again.
pub(crate) fn sweep(world: &mut World, now: SystemTime, version_id: &dyn Fn() -> VersionId) {
    let names: Vec<String> = world
        .buckets
        .iter()
        .filter(|(_, bucket)| bucket.document("lifecycle").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    world.ages_at = (!names.is_empty()).then(|| next_midnight(now));
    for name in names {
        // What one step does may be what the next waits for: a marker that is alone.
        loop {
            let edits = world.buckets.get(&name).map(|bucket| due(bucket, now));
            let edits = edits.unwrap_or_default();
            if edits.is_empty() {
                break;
            }
            for edit in edits {
                apply(world, &name, edit, version_id);
            }
        }
    }
}

/// Returns the rules of a bucket that are on.
fn rules(bucket: &Bucket) -> Vec<Rule> {
    let parsed = bucket.tree("lifecycle").and_then(|root| parse(root).ok());
    let mut rules = parsed.unwrap_or_default();
    rules.retain(|rule| rule.enabled);
    rules
}

fn due(bucket: &Bucket, now: SystemTime) -> Vec<Edit> {
    let rules = rules(bucket);
    let varies = bucket.transitions_vary();
    let mut edits = Vec::new();
    for (key, versions) in &bucket.objects {
        let mut newer: Option<&Version> = None;
        for (at, version) in versions.newest_first().enumerate() {
            let alone = versions.is_one();
            let edit = match newer {
                None => of_current(&rules, key, (version, alone), now, varies),
                Some(newer) => {
                    let since = newer.modified.max(version.modified).time();
                    of_noncurrent(&rules, key, (version, at as u64 - 1), (since, now), varies)
                }
            };
            edits.extend(edit.filter(|_| version.replication != Some(Status::Pending)));
            newer = Some(version);
        }
    }
    for (id, upload) in &bucket.uploads {
        let given_up = |rule: &Rule| {
            let days = rule
                .abort
                .filter(|_| upload.key.starts_with(&rule.filter.prefix));
            days.is_some_and(|days| midnight_after(upload.initiated, days) <= now)
        };
        edits.extend(rules.iter().any(given_up).then(|| Edit::Abort(id.clone())));
    }
    edits
}

fn of_current(
    rules: &[Rule],
    key: &str,
    (version, alone): (&Version, bool),
    now: SystemTime,
    varies: bool,
) -> Option<Edit> {
    let Some(object) = &version.object else {
        let gone = alone
            && rules
                .iter()
                .any(|rule| takes_marker(rule, key, version, now));
        return gone.then(|| Edit::Remove(key.into(), version.id));
    };
    let expires = expiry(rules, key, version, object);
    if let Some((at, _)) = expires.filter(|(at, _)| *at <= now) {
        return Some(Edit::Expire(key.into(), at));
    }
    let moves = rules.iter().flat_map(|rule| {
        let due = rule.transitions.iter().filter(move |transition| {
            rule.filter.covers(key, object)
                && rule.filter.lets_move(object, &transition.class, varies)
                && transition.when.due(version.modified.time()) <= now
        });
        due.map(|transition| &transition.class)
    });
    moved(key, version, object, moves)
}

/// Moves to the coldest class of those that are due, if that is colder than the object's.
fn moved<'a>(
    key: &str,
    version: &Version,
    object: &Object,
    classes: impl Iterator<Item = &'a String>,
) -> Option<Edit> {
    let class = classes.max_by_key(|class| coldness(class))?;
    let colder = coldness(class) > coldness(&object.storage_class);
    let class = StorageClass::parse(class).filter(|_| colder)?;
    Some(Edit::Move(key.into(), version.id, class))
}

/// A marker under which nothing is left goes at once where the rule says so, and where a rule for current versions finds it
/// old enough (UG:lifecycle-configuration-examples).
fn takes_marker(rule: &Rule, key: &str, version: &Version, now: SystemTime) -> bool {
    if !key.starts_with(&rule.filter.prefix) || rule.filter.looks_inside() {
        return false;
    }
    match rule.expiration {
        Some(Expiration::Marker(goes)) => goes,
        Some(Expiration::At(when)) => when.due(version.modified.time()) <= now,
        None => false,
    }
}

fn of_noncurrent(
    rules: &[Rule],
    key: &str,
    (version, newer): (&Version, u64),
    (since, now): (SystemTime, SystemTime),
    varies: bool,
) -> Option<Edit> {
    let is_due = |of: &Noncurrent| newer >= of.newer && midnight_after(since, of.days) <= now;
    let covers = |rule: &&Rule| match &version.object {
        Some(object) => rule.filter.covers(key, object),
        None => key.starts_with(&rule.filter.prefix) && !rule.filter.looks_inside(),
    };
    let mut expiring = rules.iter().filter(covers);
    let goes = expiring.any(|rule| rule.noncurrent_expiration.as_ref().is_some_and(is_due));
    let lock = version
        .object
        .as_ref()
        .and_then(|object| object.lock.as_deref());
    if goes && !lock.is_some_and(|lock| holds(lock, now)) {
        return Some(Edit::Remove(key.into(), version.id));
    }
    let object = version.object.as_ref()?;
    let moves = rules.iter().filter(covers).flat_map(|rule| {
        let due = rule
            .noncurrent_transitions
            .iter()
            .filter(move |of| is_due(of));
        let classes = due.filter_map(|of| of.class.as_ref());
        classes.filter(|class| rule.filter.lets_move(object, class, varies))
    });
    moved(key, version, object, moves)
}

/// A locked version does not expire (UG:object-lock-managing).
fn holds(lock: &Lock, now: SystemTime) -> bool {
    lock.legal_hold == Some(true) || lock.retain_until.is_some_and(|until| until > now)
}

/// Returns when a current version expires first, and by which rule.
fn expiry<'a>(
    rules: &'a [Rule],
    key: &str,
    version: &Version,
    object: &Object,
) -> Option<(SystemTime, &'a str)> {
    let times = rules.iter().filter_map(|rule| match rule.expiration {
        Some(Expiration::At(when)) if rule.filter.covers(key, object) => {
            Some((when.due(version.modified.time()), rule.id.as_str()))
        }
        Some(Expiration::At(_) | Expiration::Marker(_)) | None => None,
    });
    times.min()
}

/// Returns when the current version of a key expires, and the id of the rule: `x-amz-expiration`.
pub(crate) fn expiration_of(
    bucket: &Bucket,
    key: &str,
    version: &Version,
) -> Option<(SystemTime, String)> {
    let current = bucket.version(key, None)?;
    let object = version.object.as_ref()?;
    if current.id != version.id {
        return None;
    }
    let rules = rules(bucket);
    expiry(&rules, key, version, object).map(|(at, id)| (at, id.to_owned()))
}

fn apply(world: &mut World, name: &str, edit: Edit, version_id: &dyn Fn() -> VersionId) {
    let sequence = world.next_sequence();
    let Some(bucket) = world.buckets.get_mut(name) else {
        return;
    };
    match edit {
        Edit::Expire(key, at) => expire(bucket, &key, (at, sequence), version_id),
        Edit::Remove(key, id) => {
            bucket.remove_version(&key, &id);
        }
        Edit::Move(key, id, class) => {
            let version = bucket.version_mut(&key, &id);
            if let Some(object) = version.and_then(|version| version.object.as_mut()) {
                object.storage_class = class;
                object.restored = None;
            }
        }
        Edit::Abort(id) => {
            bucket.uploads.remove(&id);
        }
    }
}

fn expire(
    bucket: &mut Bucket,
    key: &str,
    (at, sequence): (SystemTime, u64),
    version_id: &dyn Fn() -> VersionId,
) {
    let id = match bucket.versioning() {
        Versioning::Never => {
            bucket.remove_version(key, NULL_VERSION);
            return;
        }
        Versioning::Enabled => version_id(),
        Versioning::Suspended => NULL_VERSION.into(),
    };
    let marker = Version {
        id,
        sequence,
        modified: at.into(),
        owner: (&*bucket.owner).into(),
        replication: None,
        replica: false,
        failure: None,
        object: None,
    };
    bucket.put_version(key, marker);
}
