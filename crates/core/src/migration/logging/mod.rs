//! What is written down of both buckets: access logs ([`access`]), data events ([`trail`]) and inventories ([`inventory`]).
//!
//! Each goes to a bucket of the same account and Region that is not s3ferry's, under a statement of ours in that bucket's
//! policy. The statement is what tells our access logging from everybody else's ([`mark`],
//! `docs/decisions/0037-what-marks-logging.md`).

mod access;
mod inventory;
mod list_keys;
pub(crate) mod mark;
mod places;
mod trail;

pub(crate) use trail::left as left_of_trail;

pub(crate) use access::{key_format, sid as access_sid};
pub(crate) use inventory::sid as inventory_sid;

use super::{Case, Sight, public_policy};
use crate::format::Finding;
use crate::future::Future;
use crate::model::{BucketPart, BucketRef, Target};
use crate::phase::{Part, Presence, presence};
use crate::policy::Statement;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::Phase;
use crate::wanted::{Items, Wanted, WantedEvents};

/// What is logged, where to, and whatever of the buckets that logs and inventories go to would refuse them.
pub(super) fn reads(route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    if presence(Part::Logging, route.migration.phase) == Presence::Absent {
        return Vec::new();
    }
    let mut targets = access::reads(route, seen);
    targets.extend(inventory::reads(route));
    targets.extend(list_keys::reads(route, seen.so_far()));
    targets.extend(trail::reads(route));
    for to in route.log_buckets() {
        let part = |part| Target::Bucket(to.clone(), part);
        let policy = part(BucketPart::Policy);
        if seen.says(|seen| public_policy::is_public(seen.document(&policy))) {
            targets.extend(public_policy::blocks(&to));
        }
        targets.push(policy);
        targets.push(part(BucketPart::RequestPayment));
        targets.push(part(BucketPart::ObjectLock));
        targets.push(part(BucketPart::Encryption));
    }
    targets
}

pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>, phase: Phase) -> Items {
    match presence(Part::Logging, phase) {
        Presence::Present => all(scene, case).collect(),
        Presence::Leave => left_as_is(scene, case),
        Presence::Absent => Items::new(),
    }
}

fn all(scene: &Scene<'_>, case: &Case<'_>) -> impl Iterator<Item = (Target, Wanted)> + use<> {
    let logs = access::wants(scene, case).into_iter();
    let lists = inventory::wants(scene, case).into_iter();
    logs.chain(lists).chain(trail::wants(scene, case))
}

/// What the phase leaves stays with the statements that let it work.
fn left_as_is(scene: &Scene<'_>, case: &Case<'_>) -> Items {
    let kept = all(scene, case).filter_map(|(target, wanted)| match wanted {
        Wanted::BucketPolicy(statements) => {
            let policy = scene.observed.document(&target)?.policy_document()?;
            let live = policy.statements().iter();
            let is_there = |sid: Option<&str>| statements.iter().any(|(_, of)| of.sid() == sid);
            let live = live.filter(|of| of.sid().is_some() && is_there(of.sid()));
            let kept = live.map(|of| (case.route.name.clone(), of.clone()));
            Some((target, Wanted::BucketPolicy(kept.collect())))
        }
        Wanted::Exists => None,
        Wanted::Selectors(events) => {
            let leave = |(name, of): (_, WantedEvents)| (name, WantedEvents { events: None, ..of });
            let events = events.into_iter().map(leave).collect();
            Some((target, Wanted::Selectors(events)))
        }
        _ => Some((target, Wanted::AsItIs)),
    });
    kept.collect()
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    if !Part::Logging.is_in(case.route.migration.phase) {
        return Vec::new();
    }
    let mut findings = access::warns(scene, case, future);
    findings.extend(inventory::warns(scene, case, future));
    findings.extend(trail::warns(scene, case, future));
    let to = case.route.log_buckets().into_iter();
    findings.extend(to.filter_map(|of| public_policy::of_written(scene, &of, future)));
    findings
}

/// What a bucket that logs or inventories go to must be, and have in its policy to take them.
fn takes(route: &Route<'_>, to: &BucketRef, statement: Statement) -> [(Target, Wanted); 2] {
    takes_all(route, to, vec![statement])
}

fn takes_all(
    route: &Route<'_>,
    to: &BucketRef,
    statements: Vec<Statement>,
) -> [(Target, Wanted); 2] {
    let part = |part| Target::Bucket(to.clone(), part);
    let statements = statements.into_iter();
    let statements = statements.map(|of| (route.name.clone(), of)).collect();
    [
        (part(BucketPart::Itself), Wanted::Exists),
        (part(BucketPart::Policy), Wanted::BucketPolicy(statements)),
    ]
}
