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
/// Each target is read once, together with others where the world can ([`Read::read_together`]), or not at all where what
/// was read before rules it out: of a bucket or a role the first target that tells whether it is there goes ahead of the
/// others. In each account at most `parallelism` reads of each service are asked for at once (one where it is zero), and as
/// long as there is something to read, that many are: what AWS throttles apart waits for nothing but itself. How many of
/// them are under way is the adapter's, which sees what AWS takes. Reading goes on past failures, so that every missing
/// permission is reported at once.
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
        let mut failed = BTreeMap::new();
        // What can be read together is asked for at once, with the first wave, for all of the round.
        let mut together = round.clone();
        for wave in waves(&round) {
            let (absent, mut open): (BTreeSet<Target>, BTreeSet<Target>) =
                wave.into_iter().partition(|of| observed.rules_out(of));
            for target in absent {
                observed.insert(target, None);
            }
            open.retain(|target| observed.get(target).is_none());
            let asked = std::mem::take(&mut together);
            for (target, answer) in read_all(world, &open, &asked, parallelism).await {
                match answer {
                    Ok(document) => observed.insert(target, document),
                    Err(failure) => {
                        failed.insert(target, failure);
                    }
                }
            }
        }
        failures.extend(failed.into_values());
        seen.append(&mut round);
        round = follow(&observed).difference(&seen).cloned().collect();
    }
    if failures.is_empty() {
        Ok(observed)
    } else {
        Err(failures)
    }
}

/// The targets in two waves: those that tell whether a bucket or a role is there, with all that waits for nobody; then the
/// other parts of the same buckets and roles. One that fails to tell leaves its parts to be read, so that every missing
/// permission is told at once.
fn waves(round: &BTreeSet<Target>) -> [BTreeSet<Target>; 2] {
    let mut told = BTreeSet::new();
    let tells = |target: &&Target| {
        let is_whole = target.whole().as_ref() == Some(*target);
        let tells = is_whole || target.kind().facts().always_there;
        tells && told.insert(target.whole())
    };
    let witnesses: BTreeSet<&Target> = round.iter().filter(tells).collect();
    let waits = |target: &Target| told.contains(&target.whole()) && !witnesses.contains(target);
    let (second, first) = round.iter().cloned().partition(waits);
    [first, second]
}

type Answer = Result<Option<Document>, PortError>;

/// Reads every lane at once; what of `together` the world answers at once is among the answers.
async fn read_all<R: Read>(
    world: &R,
    targets: &BTreeSet<Target>,
    together: &BTreeSet<Target>,
    parallelism: usize,
) -> BTreeMap<Target, Answer> {
    let together = lanes(together);
    let lanes = lanes(targets).into_iter().map(|(lane, targets)| {
        let asked = together.get(&lane).map_or(&[][..], Vec::as_slice);
        read_lane(world, targets, asked, parallelism)
    });
    join_all(lanes).await.into_iter().flatten().collect()
}

/// What AWS throttles together.
fn lanes(targets: &BTreeSet<Target>) -> BTreeMap<(&AccountId, Service), Vec<&Target>> {
    let mut lanes: BTreeMap<_, Vec<&Target>> = BTreeMap::new();
    for target in targets {
        let service = target.kind().facts().service;
        let lane = lanes.entry((target.account(), service)).or_default();
        lane.push(target);
    }
    lanes
}

/// Reads together what can be, then the rest with as many futures as reads may run at once: one for each target would hold
/// the whole call of an adapter, some kilobytes, for thousands of targets.
async fn read_lane<R: Read>(
    world: &R,
    targets: Vec<&Target>,
    together: &[&Target],
    parallelism: usize,
) -> BTreeMap<Target, Answer> {
    let mut answers = BTreeMap::new();
    if !together.is_empty() {
        let answered = world.read_together(together).await.into_iter();
        answers.extend(answered.map(|(target, document)| (target, Ok(document))));
    }
    let rest: Vec<&Target> = targets
        .into_iter()
        .filter(|target| !answers.contains_key(*target))
        .collect();
    let next = AtomicUsize::new(0);
    let readers = (0..parallelism.max(1).min(rest.len())).map(|_| read_next(world, &rest, &next));
    answers.extend(join_all(readers).await.into_iter().flatten());
    answers
}

/// Reads one target after the other of those that no other reader has taken.
async fn read_next<R: Read>(
    world: &R,
    targets: &[&Target],
    next: &AtomicUsize,
) -> Vec<(Target, Answer)> {
    let mut answers = Vec::new();
    while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
        answers.push(((*target).clone(), world.read(target).await));
    }
    answers
}
