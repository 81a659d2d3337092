//! Observation: everything that a plan needs, read once, at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use s3ferry_core::ids::AccountId;
use s3ferry_core::model::{Document, Observed, Service, Target};

use crate::ports::{PortError, Read};

/// Reads the targets and then, round by round, those that what was read names, until `follow` names nothing new.
///
/// # Guarantees
/// Each target is read once. In each account at most `parallelism` reads of each service are asked for at once (one where it
/// is zero), and as long as there is something to read, that many are: what AWS throttles apart waits for nothing but
/// itself. How many of them are under way is the adapter's, which sees what AWS takes. Reading goes on past failures, so that every missing permission is reported at once.
///
/// # Errors
/// Every failure, in the order of the targets within a round.
pub async fn observe<R: Read>(
    world: &R,
    first: BTreeSet<Target>,
    follow: impl Fn(&Observed) -> BTreeSet<Target> + Send + Sync,
    parallelism: usize,
) -> Result<Observed, Vec<PortError>> {
    let mut seen = BTreeSet::new();
    let mut observed = Observed::default();
    let mut failures = Vec::new();
    let mut round = first;
    while !round.is_empty() {
        for (target, answer) in read_all(world, &round, parallelism).await {
            match answer {
                Ok(document) => observed.insert(target, document),
                Err(failure) => failures.push(failure),
            }
        }
        seen.append(&mut round);
        round = follow(&observed).difference(&seen).cloned().collect();
    }
    if failures.is_empty() {
        Ok(observed)
    } else {
        Err(failures)
    }
}

type Answer = Result<Option<Document>, PortError>;

/// Reads with as many futures as reads may run at once: one for each target would hold the whole call of an adapter, some
/// kilobytes, for thousands of targets.
async fn read_all<R: Read>(
    world: &R,
    targets: &BTreeSet<Target>,
    parallelism: usize,
) -> BTreeMap<Target, Answer> {
    let lanes = lanes(targets);
    let readers = lanes
        .values()
        .flat_map(|lane| (0..parallelism.max(1).min(lane.targets.len())).map(move |_| lane))
        .map(|lane| read_lane(world, lane));
    let answers = join_all(readers).await;
    answers.into_iter().flatten().collect()
}

/// What AWS throttles together, and what is next to be read of it.
#[derive(Default)]
struct Lane<'a> {
    targets: Vec<&'a Target>,
    next: AtomicUsize,
}

fn lanes(targets: &BTreeSet<Target>) -> BTreeMap<(&AccountId, Service), Lane<'_>> {
    let mut lanes: BTreeMap<_, Lane<'_>> = BTreeMap::new();
    for target in targets {
        let service = target.kind().facts().service;
        let lane = lanes.entry((target.account(), service)).or_default();
        lane.targets.push(target);
    }
    lanes
}

async fn read_lane<R: Read>(world: &R, lane: &Lane<'_>) -> Vec<(Target, Answer)> {
    let mut answers = Vec::new();
    while let Some(target) = lane.targets.get(lane.next.fetch_add(1, Ordering::Relaxed)) {
        answers.push(((*target).clone(), world.read(target).await));
    }
    answers
}
