//! Stages: how a target gets from what it holds to what it shall hold. A policy, or a role by its tags, that both gains and
//! loses is written twice, so that nothing that leans on it fails in between: it grows before the rules change, and shrinks
//! when they have (domain reference §2.9).

use std::collections::{BTreeMap, BTreeSet};

use super::growth::grown;
use super::leads::led;
use super::lent::Lent;
use super::steps::{Stage, Step, StepId, Work, WriteStep};
use super::writes::Writes;
use crate::future::{Future, Planned};
use crate::model::{Document, Target, same};
use crate::ownership::Markers;
use crate::scene::Scene;

/// The steps that write what differs; where a proof is under way, with what an earlier run put up for it.
pub(super) fn steps(
    scene: &Scene<'_>,
    writes: &Writes,
    carried: &BTreeMap<Target, Planned>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let future = Future {
        observed: scene.observed,
        planned: &writes.planned,
    };
    for (target, planned) in &writes.planned {
        let Planned {
            document: after,
            migrations: _,
        } = carried.get(target).unwrap_or(planned);
        let before = scene.observed.document(target);
        if same(before, after.as_ref()) {
            continue;
        }
        let address = scene.names.address(target);
        let staged = staged(target, before, after.as_ref(), &scene.markers);
        steps.extend(staged.into_iter().map(|mut write| {
            write.led = led(scene, &future, &write);
            Step {
                id: StepId(format!("{address}{}", write.stage.suffix())),
                work: Work::Write(Box::new(write)),
                needs: BTreeSet::new(),
            }
        }));
    }
    steps
}

/// The steps that put up what proofs need and take it down.
pub(super) fn for_proofs(scene: &Scene<'_>, lent: &BTreeMap<Target, Lent>) -> Vec<Step> {
    let of_target = |(target, lent): (&Target, &Lent)| {
        let step = |stage: Stage, before: Option<&Document>, after: Option<&Document>| Step {
            id: StepId(format!("{}{}", scene.names.address(target), stage.suffix())),
            work: Work::Write(Box::new(WriteStep {
                target: target.clone(),
                stage,
                before: before.cloned(),
                after: after.cloned(),
                led: Vec::new(),
            })),
            needs: BTreeSet::new(),
        };
        let Lent {
            standing,
            whole,
            after,
        } = lent;
        let (standing, whole, after) = (standing.as_ref(), whole.as_ref(), after.as_ref());
        let is_up = same(standing, whole);
        let put_up = (!is_up).then(|| step(Stage::PutUp, standing, whole));
        let is_down = same(whole, after);
        let take_down = (!is_down).then(|| step(Stage::TakeDown, whole, after));
        put_up.into_iter().chain(take_down)
    };
    lent.iter().flat_map(of_target).collect()
}

/// The writes of a target that differs: one, or two where it must first grow and shrink once nothing needs the rest.
pub(super) fn staged(
    target: &Target,
    before: Option<&Document>,
    after: Option<&Document>,
    markers: &Markers,
) -> Vec<WriteStep> {
    let write = |stage, before: Option<&Document>, after: Option<&Document>| WriteStep {
        target: target.clone(),
        stage,
        before: before.cloned(),
        after: after.cloned(),
        led: Vec::new(),
    };
    if after.is_none() {
        return vec![write(Stage::Remove, before, after)];
    }
    let grown = grown(before, after, markers);
    let Some(grown) = grown.as_ref().filter(|grown| !same(Some(grown), after)) else {
        // It does not shrink, or nothing that leans on it would miss what goes.
        return vec![write(Stage::Set, before, after)];
    };
    if same(Some(grown), before) {
        // It only shrinks.
        return vec![write(Stage::Shrink, before, after)];
    }
    vec![
        write(Stage::Set, before, Some(grown)),
        write(Stage::Shrink, Some(grown), after),
    ]
}
