//! Costs: what an apply waits for, must be allowed, and takes.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::{Step, Work};
use crate::format::{Estimate, PermissionInfo, Wait};
use crate::goals::canary;
use crate::ids::{AccountId, Region};
use crate::model::kinds::Call;
use crate::model::{BucketPart, Document, Observed, Service, Target};
use crate::names::Names;
use crate::scene::Scene;

/// Seconds after which a wait for propagation is given up: two minutes, as real tools found enough for IAM and S3
/// (TF internal/service/iam/consts.go, internal/service/s3/bucket.go).
const PROPAGATION_SECONDS: u64 = 120;

/// Calls of a write step: read again, write, read back.
const CALLS_PER_WRITE: u64 = 3;

/// Calls a second that a single account makes without being throttled, for an estimate; AWS publishes no limits for
/// S3 configuration calls and IAM (unverified: observed practice is some tens a second).
const CALLS_PER_SECOND: u64 = 20;

/// What is waited for, step by step.
pub(super) fn waits(names: &Names, steps: &[Step]) -> Vec<Wait> {
    let wait = |step: &Step| {
        let (what, bound_seconds) = match &step.work {
            Work::Prove(goal) => {
                let wait = goal.wait();
                (wait.what, wait.bound_seconds)
            }
            Work::Sweep(_) => return None,
            Work::Write(write) => (
                write.target.kind().facts().settled.wait?,
                PROPAGATION_SECONDS,
            ),
        };
        Some(Wait {
            address: step.id.to_string(),
            what: what.to_owned(),
            bound_seconds,
        })
    };
    let mut waits: Vec<Wait> = steps.iter().filter_map(wait).collect();
    waits.extend(turns(names, steps));
    waits.extend(steps.iter().filter_map(first_inventory));
    waits
}

/// Seconds of writes of one service in one Region that are worth a word.
const FELT_SECONDS: u64 = 10;

/// The turns that writes wait for where AWS takes few a second.
fn turns(names: &Names, steps: &[Step]) -> Vec<Wait> {
    let long = paced(steps)
        .into_iter()
        .filter(|(_, (_, seconds))| *seconds >= FELT_SECONDS);
    long.map(|((account, region, service), (writes, seconds))| Wait {
        address: format!("{}/{region}", names.account(account, Some(region))),
        what: format!(
            "the turns of {writes} writes: {} takes {} a second",
            service.as_str(),
            service.writes_a_second().unwrap_or_default()
        ),
        bound_seconds: seconds,
    })
    .collect()
}

/// What AWS counts together.
type Lane<'a> = (&'a AccountId, &'a Region, Service);

/// The writes of services that take few a second, and the seconds that they need.
fn paced(steps: &[Step]) -> BTreeMap<Lane<'_>, (u64, u64)> {
    let mut lanes: BTreeMap<Lane<'_>, (u64, u64)> = BTreeMap::new();
    for step in steps {
        let Work::Write(write) = &step.work else {
            continue;
        };
        let service = write.target.kind().facts().service;
        let (Some(rate), Some(region)) = (service.writes_a_second(), write.target.region()) else {
            continue;
        };
        let lane = lanes
            .entry((write.target.account(), region, service))
            .or_default();
        lane.0 += 1;
        lane.1 = lane.0.div_ceil(u64::from(rate.max(1)));
    }
    lanes
}

/// Seconds after which the first list of an inventory is there (UG:configure-inventory, "up to 48 hours").
const FIRST_INVENTORY_SECONDS: u64 = 48 * 60 * 60;

/// The first list of an inventory that is new. No apply waits for it.
fn first_inventory(step: &Step) -> Option<Wait> {
    let Work::Write(write) = &step.work else {
        return None;
    };
    let (before, after) = (write.before.as_ref(), write.after.as_ref());
    let Some(Document::Inventories(after)) = after else {
        return None;
    };
    let is_new =
        |id: &String| !matches!(before, Some(Document::Inventories(of)) if of.contains_key(id));
    after.keys().any(is_new).then(|| Wait {
        address: step.id.to_string(),
        what: "the first inventory, which S3 delivers when the apply has long ended".to_owned(),
        bound_seconds: FIRST_INVENTORY_SECONDS,
    })
}

/// What an apply must be allowed, by account.
pub(super) fn permissions(scene: &Scene<'_>, steps: &[Step]) -> Vec<PermissionInfo> {
    let mut accounts: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for account in scene.spec.accounts.keys() {
        accounts.entry(account.to_string()).or_default();
    }
    let mut need = |target: &Target, calls: &[Call]| {
        let name = scene.names.account(target.account(), target.region());
        let actions = accounts.entry(name).or_default();
        actions.extend(calls.iter().flat_map(Call::actions));
    };
    for (target, _) in scene.observed.iter() {
        need(target, target.kind().facts().read);
    }
    for step in steps {
        match &step.work {
            Work::Write(write) => {
                need(&write.target, write.target.kind().facts().read);
                need(&write.target, write.calls());
            }
            Work::Prove(goal) => {
                for (bucket, calls) in goal.calls_on() {
                    need(&Target::Bucket(bucket.clone(), BucketPart::Itself), &calls);
                }
            }
            Work::Sweep(sweep) => {
                let sides = sweep.canary.sides();
                for bucket in sides.filter(|of| !sweep.beyond.contains(of)) {
                    let target = Target::Bucket(bucket.clone(), BucketPart::Itself);
                    need(&target, canary::TO_REMOVE);
                }
            }
        }
    }
    let info = |(account, actions): (String, BTreeSet<&str>)| PermissionInfo {
        account,
        actions: actions.into_iter().map(ToOwned::to_owned).collect(),
    };
    accounts.into_iter().map(info).collect()
}

/// How many calls an apply takes.
pub(super) fn estimate(observed: &Observed, steps: &[Step]) -> Estimate {
    let (mut writes, mut calls) = (0, 0);
    for step in steps {
        match &step.work {
            Work::Write(_) => {
                writes += 1;
                calls += CALLS_PER_WRITE;
            }
            Work::Prove(goal) => calls += goal.calls(),
            // List, look, delete.
            Work::Sweep(sweep) => calls += 3 * sweep.canary.sides().count() as u64,
        }
    }
    let paced = paced(steps).into_values().map(|(_, seconds)| seconds);
    Estimate {
        reads: observed.len() as u64,
        writes,
        calls,
        throttle_seconds: calls
            .div_ceil(CALLS_PER_SECOND)
            .max(paced.max().unwrap_or(0)),
    }
}
