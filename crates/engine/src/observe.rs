//! Observation: everything that a plan needs, read once, at once.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use s3ferry_core::model::{Document, Observed, Target};

use crate::ports::{PortError, Read};

/// Reads the targets and then, round by round, those that what was read names, until `follow` names nothing new.
///
/// # Guarantees
/// Each target is read once. At most `parallelism` reads run at once (one where it is zero). Reading goes on past
/// failures, so that every missing permission is reported at once.
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

type Answers = BTreeMap<Target, Result<Option<Document>, PortError>>;

async fn read_all<R: Read>(world: &R, targets: &BTreeSet<Target>, parallelism: usize) -> Answers {
    // Futures are made before they are streamed: a closure inside the stream would ask for a lifetime that the compiler
    // cannot express in a `Send` future.
    let reads: Vec<_> = targets
        .iter()
        .map(|target| async move { (target.clone(), world.read(target).await) })
        .collect();
    stream::iter(reads)
        .buffer_unordered(parallelism.max(1))
        .collect()
        .await
}
