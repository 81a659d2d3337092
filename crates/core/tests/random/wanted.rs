//! What a spec asks for, said once more and without the planner.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::model::kinds::Role;
use s3ferry_core::model::kinds::replication::{Rule, Status};
use s3ferry_core::model::target::ROLE_PATH;
use s3ferry_core::model::{BucketPart, BucketRef, Document, RolePart, Target, TrailPart};
use s3ferry_core::spec::{Create, DeleteMarkers, Encryption, Monitoring, Phase, RuleSpec, Spec};
use s3ferry_testkit::random::foreign::is_their_rule;
use s3ferry_testkit::random::keys;
use s3ferry_testkit::random::oracle::{self, configuration};
use s3ferry_testkit::random::policies::{is_theirs, parts};
use s3ferry_testkit::random::shape::{
    self, DESTINATIONS, EVENTS, LOGS, ROLES, SOURCES, destination, end, role, source,
};
use s3ferry_testkit::random::trails;

use crate::play::{Checked, Play, ensure};

/// The rules of a spec by source bucket and ID, in its order.
fn rules(spec: &Spec, index: usize) -> Vec<(String, RuleSpec, String)> {
    let mut rules = Vec::new();
    for (name, migration) in &spec.migrations {
        if migration.phase == Phase::Replicate && spec.source(migration) == source(index) {
            let to = spec.destination(migration).arn().to_string();
            let of = |rule: &RuleSpec| {
                (
                    format!("s3ferry/default/{name}/{}", rule.name),
                    rule.clone(),
                    to.clone(),
                )
            };
            rules.extend(migration.rules.iter().map(of));
        }
    }
    rules
}

/// Our rules in the configurations are those of the spec, with priorities in its order.
pub(crate) fn rules_are_wanted(play: &Play) -> Checked {
    let spec = play.shape.spec();
    for index in 0..SOURCES.len() {
        let wanted = rules(&spec, index);
        let live: BTreeMap<String, Rule> = configuration(&play.world, index)
            .map(|live| live.rules)
            .unwrap_or_default()
            .into_iter()
            .filter(|rule| !is_their_rule(rule))
            .map(|rule| (rule.id.clone().unwrap_or_default(), rule))
            .collect();
        if play.lost && wanted.is_empty() {
            continue;
        }
        let ids: BTreeSet<&String> = wanted.iter().map(|(id, _, _)| id).collect();
        ensure(
            live.keys().collect::<BTreeSet<_>>() == ids,
            &format!("rules are {:?} and not {ids:?}", live.keys()),
        )?;
        let mut last: BTreeMap<&String, i32> = BTreeMap::new();
        for (id, rule, to) in &wanted {
            let live = &live[id];
            ensure(
                is_as(live, rule, to),
                &format!("{live:#?} is not {rule:#?}"),
            )?;
            let number = live.priority.unwrap_or_default();
            let above = last.insert(to, number).unwrap_or(i32::MAX);
            ensure(
                number < above,
                &format!("{id} has {number}, the rule before it {above}"),
            )?;
        }
    }
    Ok(())
}

fn is_as(live: &Rule, wanted: &RuleSpec, to: &str) -> bool {
    let there = live.destination.as_ref();
    let selection = live.source_selection.as_ref();
    live.selects() == (wanted.prefix.clone(), wanted.tags.clone())
        && live.status == Status::of(wanted.enabled)
        && live.delete_markers
            == Some(Some(Status::of(
                wanted.delete_markers == DeleteMarkers::Mirror,
            )))
        && there.is_some_and(|there| {
            there.bucket == to
                && there.storage_class.as_deref()
                    == wanted.storage_class.map(|class| class.as_str())
                && there.replica_key
                    == wanted
                        .kms
                        .as_ref()
                        .map(|kms| Some(kms.replica_key.to_string()))
                && there.replication_time.is_some() == wanted.time_control
        })
        && selection.is_some_and(|it| it.sse_kms.is_some()) == wanted.kms.is_some()
        && selection.is_some_and(|it| it.replica_modifications.is_some())
            == wanted.replica_modifications
}

/// The names of the alarms that a spec asks for.
fn alarms(spec: &Spec) -> BTreeSet<String> {
    let watched = spec.migrations.iter().filter(|(_, migration)| {
        let has_alarms = matches!(migration.monitoring, Monitoring::Alarms(_));
        has_alarms && migration.phase == Phase::Replicate
    });
    let names = watched.flat_map(|(name, migration)| {
        let of = move |rule: &RuleSpec| {
            let id = format!("s3ferry/default/{name}/{}", rule.name);
            METRICS.map(|metric| format!("{id}/{metric}"))
        };
        migration.rules.iter().flat_map(of)
    });
    names.collect()
}

const METRICS: [&str; 4] = [
    "failed-operations",
    "latency",
    "pending-operations",
    "pending-bytes",
];

/// The alarms of ours are those of the spec, and none that nobody can find.
pub(crate) fn alarms_are_wanted(play: &Play) -> Checked {
    let wanted = alarms(&play.shape.spec());
    let live = play.world.documents().into_iter();
    let ours = live.filter_map(|(target, document)| match (target, document) {
        (Target::Alarm(at), Document::Alarm(alarm)) => {
            let says = alarm.description.unwrap_or_default();
            says.ends_with("s3ferry spec: default.")
                .then(|| at.name.to_string())
        }
        _ => None,
    });
    let ours: BTreeSet<String> = ours.collect();
    let is_right = if play.lost {
        ours.is_superset(&wanted)
    } else {
        ours == wanted
    };
    ensure(is_right, &format!("alarms are {ours:?} and not {wanted:?}"))
}

/// A source bucket tells failures to whom the spec names, and to nobody of ours where it names none.
pub(crate) fn events_are_wanted(play: &Play) -> Checked {
    let spec = play.shape.spec();
    let told = spec
        .routes()
        .filter(|route| route.migration.phase == Phase::Replicate && route.events().is_some());
    let wanted: BTreeSet<BucketRef> = told.map(|route| route.source).collect();
    let live = play.world.documents().into_iter();
    let ours = live.filter_map(|(target, document)| match (target, document) {
        (Target::Bucket(of, BucketPart::Notifications), Document::Notifications(held)) => {
            let ours = held.by_id.get("s3ferry-default")?;
            let is_whole = ours.target == EVENTS && ours.filter.is_empty();
            is_whole.then_some(of)
        }
        _ => None,
    });
    let ours: BTreeSet<BucketRef> = ours.collect();
    let is_right = if play.lost {
        ours.is_superset(&wanted)
    } else {
        ours == wanted
    };
    ensure(is_right, &format!("told are {ours:?} and not {wanted:?}"))
}

/// Logging and inventories of ours are those of the spec, and each is taken where it goes.
pub(crate) fn records_are_wanted(play: &Play) -> Checked {
    let spec = play.shape.spec();
    let live = oracle::deliveries(&play.world);
    let broken = live.iter().find(|(_, problem)| problem.is_some());
    ensure(
        broken.is_none() || play.lost,
        &format!("is not taken: {broken:?}"),
    )?;
    let mut wanted = BTreeMap::new();
    for route in spec.routes() {
        let at = |of: &BucketRef| (0..LOGS.len()).find(|at| end(*at) == *of);
        for of in route.access_logs() {
            wanted.insert((at(of.of), "logs"), of.to);
        }
        for of in route.inventories() {
            wanted.insert((at(of.of), "lists"), of.to);
        }
    }
    for (at, what) in wanted.keys() {
        let is_there = at.is_some_and(|at| live.contains_key(&(at, *what)));
        ensure(is_there, &format!("{at:?} has no {what}"))?;
    }
    let left = live
        .keys()
        .find(|(at, what)| !wanted.contains_key(&(Some(*at), *what)));
    ensure(
        left.is_none() || play.lost,
        &format!("{left:?} is left over"),
    )
}

/// What trails record for the spec is what it asks for, and its own trails are there, and deliver.
pub(crate) fn trails_are_wanted(play: &Play) -> Checked {
    let spec = play.shape.spec();
    let (mut wanted, mut own) = (BTreeMap::new(), BTreeSet::new());
    for route in spec.routes() {
        for of in route.trails() {
            let target = |part| Target::Trail(of.trail.clone(), part);
            let key = (target(TrailPart::Selectors), format!("{}/", of.of.arn()));
            wanted.insert(key, play.shape.events());
            own.extend(of.to.is_some().then(|| target(TrailPart::Itself)));
        }
    }
    let live = trails::recorded(&play.world);
    let is_there = wanted.iter().all(|(key, of)| live.get(key) == Some(of));
    let is_right = is_there && (play.lost || live.len() == wanted.len());
    ensure(
        is_right,
        &format!("recorded is {live:?} and not {wanted:?}"),
    )?;
    let ours = trails::ours(&play.world);
    let stops = ours.iter().find(|(_, problem)| problem.is_some());
    ensure(
        stops.is_none() || play.lost,
        &format!("a trail does not deliver: {stops:?}"),
    )?;
    let live: BTreeSet<Target> = ours.into_keys().collect();
    let is_right = if play.lost {
        live.is_superset(&own)
    } else {
        live == own
    };
    ensure(is_right, &format!("trails are {live:?} and not {own:?}"))
}

/// No rule, statement or role of ours is left that the spec does not ask for.
pub(crate) fn nothing_is_left_over(play: &Play) -> Checked {
    let spec = play.shape.spec();
    let destinations: BTreeSet<_> = spec
        .migrations
        .values()
        .map(|migration| spec.destination(migration))
        .collect();
    let roles: BTreeSet<_> = spec
        .migrations
        .values()
        .map(|migration| spec.role(migration))
        .collect();
    let left_to = (0..DESTINATIONS.len())
        .map(destination)
        .filter(|bucket| !destinations.contains(bucket));
    let logs: BTreeSet<_> = spec.routes().flat_map(|of| of.log_buckets()).collect();
    let left_logs = (0..LOGS.len()).map(shape::logs);
    let left_logs = left_logs.filter(|bucket| !logs.contains(bucket));
    for bucket in left_to.chain(left_logs) {
        if let Some(Document::BucketPolicy(policy)) = play
            .world
            .document(&Target::Bucket(bucket, BucketPart::Policy))
        {
            let left = parts(policy.text())
                .statements
                .into_iter()
                .find(|one| !is_theirs(one));
            ensure(
                left.is_none(),
                &format!("a statement is left over: {left:?}"),
            )?;
        }
    }
    if !play.lost_keys {
        no_key_is_left_over(play, &spec)?;
    }
    for of in (0..ROLES.len())
        .map(role)
        .filter(|role| !roles.contains(role))
    {
        if let Some(Document::Role(Role { path, tags, .. })) = play
            .world
            .document(&Target::Role(of.clone(), RolePart::Itself))
        {
            let ours = path == ROLE_PATH && tags.contains_key("s3ferry:spec");
            ensure(!ours, &format!("the role {} is left over", of.name))?;
        }
    }
    Ok(())
}

/// The policies of keys hold statements of ours for migrations that use them, where these are to be written; statements from when
/// they were written stay in the policies of keys that are left alone.
fn no_key_is_left_over(play: &Play, spec: &Spec) -> Checked {
    if !play.shape.writes_keys {
        return Ok(());
    }
    for index in 0..keys::KEYS.len() {
        let arn = keys::key(index).arn();
        let is_used = spec.migrations.values().any(|migration| {
            let of_rules = migration.rules.iter().filter_map(|rule| rule.kms.as_ref());
            let mut of_rules =
                of_rules.flat_map(|kms| kms.source_keys.iter().chain([&kms.replica_key]));
            let by_rule = of_rules.any(|key| key.as_str() == arn);
            let by_default = match &migration.destination.create {
                Create::Yes(Encryption::SseKms { key, .. }) => key.as_str() == arn,
                Create::Yes(Encryption::SseS3) => false,
                // A bucket that is not ours to set has the default that it has.
                Create::No => {
                    let bucket = spec.destination(migration);
                    let encryption = Target::Bucket(bucket, BucketPart::Encryption);
                    matches!(play.world.document(&encryption),
                        Some(Document::Encryption(live)) if live.key.as_deref() == Some(&*arn))
                }
            };
            by_rule || by_default
        });
        let ours = keys::live(&play.world, index).statements;
        let ours = ours.into_iter().find(|one| !is_theirs(one));
        ensure(
            ours.is_some() == is_used,
            &format!("the key {arn} is used: {is_used}; of ours is {ours:?}"),
        )?;
    }
    Ok(())
}
