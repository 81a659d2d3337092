//! Observation: everything that a plan needs, read once, at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use s3ferry_core::ids::AccountId;
use s3ferry_core::model::{Document, Observed, OutOfReach, Service, Target};

use crate::ports::{PortError, Read};

/// Reads the targets and then, round by round, those that what was read names, until `follow` names nothing new.
///
/// # Guarantees
/// Each target is read once, together with others where the world can ([`Read::read_together`]), or not at all where what
/// was read before rules it out: of a bucket or a role the first target that tells whether it is there goes ahead of the
/// others. In each account at most `parallelism` reads of each service are asked for at once (one where it is zero), and as
/// long as there is something to read, that many are: what AWS throttles apart waits for nothing but itself. How many of
/// them are under way is the adapter's, which sees what AWS takes. Reading goes on past failures, so that every missing
/// permission is reported at once. What the plan `can_do_without` is set aside.
///
/// # Errors
/// Every failure, in the order of the targets within a round.
pub async fn observe<R: Read>(
    world: &R,
    first: BTreeSet<Target>,
    follow: impl Fn(&Observed) -> BTreeSet<Target> + Send + Sync,
    can_do_without: impl Fn(&Target, &PortError) -> Option<OutOfReach> + Send + Sync,
    parallelism: usize,
) -> Result<Observed, Vec<PortError>> {
    let mut seen = BTreeSet::new();
    let mut observed = Observed::default();
    let mut failures = Vec::new();
    let mut round = first;
    while !round.is_empty() {
        let mut failed = BTreeMap::new();
        for (target, answer) in read_round(world, &round, &observed, parallelism).await {
            match answer {
                Ok(document) => observed.insert(target, document),
                Err(failure) => match can_do_without(&target, &failure) {
                    Some(why) => observed.set_aside(target, why),
                    None => drop(failed.insert(target, failure)),
                },
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

type Answer = Result<Option<Document>, PortError>;

/// Reads every lane at once. No lane waits for another: a bucket's parts, or a role's, are all in one.
async fn read_round<R: Read>(
    world: &R,
    targets: &BTreeSet<Target>,
    known: &Observed,
    parallelism: usize,
) -> Vec<(Target, Answer)> {
    let lanes = lanes(targets).into_values();
    let lanes = lanes.map(|targets| read_lane(world, targets, known, parallelism));
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

/// Reads what can be read together, then the targets that tell whether a bucket or a role is there, then the others as far as
/// nothing rules them out.
async fn read_lane<R: Read>(
    world: &R,
    targets: Vec<&Target>,
    known: &Observed,
    parallelism: usize,
) -> BTreeMap<Target, Answer> {
    let together = world.read_together(&targets).await.into_iter();
    let mut answers: BTreeMap<Target, Answer> = together
        .map(|(target, document)| (target, Ok(document)))
        .collect();
    let [witnesses, others] = waves(&targets);
    let nothing = Observed::default();
    read_wave(
        world,
        &witnesses,
        [known, &nothing],
        parallelism,
        &mut answers,
    )
    .await;
    let told = witnesses
        .into_iter()
        .filter_map(|of| told_by(of, &answers))
        .collect();
    read_wave(world, &others, [known, &told], parallelism, &mut answers).await;
    answers
}

/// Reads what has no answer yet; of what something known rules out the answer is that nothing is there.
async fn read_wave<R: Read>(
    world: &R,
    wave: &[&Target],
    known: [&Observed; 2],
    parallelism: usize,
    answers: &mut BTreeMap<Target, Answer>,
) {
    let is_absent = |of: &&Target| known.iter().any(|known| known.rules_out(of));
    let open = wave.iter().copied().filter(|of| !answers.contains_key(*of));
    let (absent, open): (Vec<&Target>, Vec<&Target>) = open.partition(is_absent);
    answers.extend(absent.into_iter().map(|of| (of.clone(), Ok(None))));
    answers.extend(read_all(world, &open, parallelism).await);
}

/// What a target told, where it was answered.
fn told_by(
    target: &Target,
    answers: &BTreeMap<Target, Answer>,
) -> Option<(Target, Option<Document>)> {
    let answer = answers.get(target)?.as_ref().ok()?;
    Some((target.clone(), answer.clone()))
}

/// The targets of a lane in two waves: those that tell whether a bucket or a role is there, with all that waits for nobody; then
/// the other parts of the same buckets and roles. One that fails to tell leaves its parts to be read, so that every missing
/// permission is told at once.
fn waves<'a>(lane: &[&'a Target]) -> [Vec<&'a Target>; 2] {
    let mut told = BTreeSet::new();
    let tells = |target: &&Target| {
        let is_whole = target.whole().as_ref() == Some(*target);
        let tells = is_whole || target.kind().facts().always_there;
        tells && told.insert(target.whole())
    };
    let witnesses: BTreeSet<&Target> = lane.iter().copied().filter(tells).collect();
    let waits = |target: &&Target| told.contains(&target.whole()) && !witnesses.contains(target);
    let (second, first) = lane.iter().copied().partition(waits);
    [first, second]
}

/// Reads with as many futures as reads may run at once: one for each target would hold the whole call of an adapter, some
/// kilobytes, for thousands of targets.
async fn read_all<R: Read>(
    world: &R,
    targets: &[&Target],
    parallelism: usize,
) -> Vec<(Target, Answer)> {
    let next = AtomicUsize::new(0);
    let readers =
        (0..parallelism.max(1).min(targets.len())).map(|_| read_next(world, targets, &next));
    join_all(readers).await.into_iter().flatten().collect()
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
