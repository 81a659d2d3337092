//! The board: which steps are open, run and have ended, and which one starts next. Pure; the scheduler plays on it.
//!
//! ```text
//! open --all needs done--> ready --target free--> running --> ended --done--> its dependents come nearer to ready
//!  |                         ^ \--target in use--> waits for it                \--otherwise--> its dependents are skipped
//!  |                         +---target free again---+
//!  +--a need ended otherwise than done--> skipped
//! ```
//!
//! A start looks at the ready steps and an end at the step's dependents, never at all open steps: an apply of 2,000
//! migrations has 22,000.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::model::kinds::Tags;
use s3ferry_core::model::{BucketRef, Document, Target};
use s3ferry_core::plan::{Goal, Step, StepId, Work};

use crate::outcome::{How, Outcome, StepResult};

use super::graph::Graph;

/// What two steps may not use at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Resource<'a> {
    Target(&'a Target),
    CanaryKey(&'a BucketRef, &'a str),
    Jobs(&'a BucketRef),
}

fn resource(step: &Step) -> Resource<'_> {
    match &step.work {
        Work::Write(write) => Resource::Target(&write.target),
        Work::Prove(goal) => match &**goal {
            Goal::Canary(goal) => Resource::CanaryKey(&goal.source, &goal.stem),
            Goal::Alarm(goal) => Resource::CanaryKey(&goal.canary.source, &goal.canary.stem),
            Goal::Backfill(goal) => Resource::Jobs(&goal.source),
            Goal::Checksums(goal) => Resource::Jobs(&goal.bucket),
        },
        Work::Sweep(sweep) => Resource::CanaryKey(&sweep.canary.source, &sweep.canary.key),
    }
}

/// The state of a run. Steps are known by their index in the plan.
pub(super) struct Board<'a> {
    steps: &'a [Step],
    graph: Graph,
    /// Steps whose needs are done and that wait for nothing else; the first of the plan starts first.
    ready: BTreeSet<usize>,
    /// Ready steps on what others write, too, that wait until reads of it have agreed for long enough.
    doubtful: BTreeSet<usize>,
    /// What running steps use, with the ready steps that wait until it is free.
    used: BTreeMap<Resource<'a>, Vec<usize>>,
    /// By step, how it ended.
    ended: Vec<Option<StepResult>>,
    /// How many steps have neither started nor ended.
    open: u64,
    /// Buckets and roles that this run made.
    made: BTreeMap<Target, Made>,
}

/// What is known of a bucket or a role that this run made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// The tags that it was made with.
    pub(super) tags: Tags,
    /// The part that was read to see that it is there, and what that held.
    pub(super) seen: Option<(Target, Document)>,
    /// Whether AWS answered that it made it; else somebody else may have, while an answer was lost.
    pub(super) is_certain: bool,
}

impl<'a> Board<'a> {
    pub(super) fn new(steps: &'a [Step], graph: Graph) -> Self {
        Self {
            steps,
            ready: graph.first().collect(),
            graph,
            doubtful: BTreeSet::new(),
            used: BTreeMap::new(),
            ended: vec![None; steps.len()],
            open: steps.len() as u64,
            made: BTreeMap::new(),
        }
    }

    /// Starts the first step of the plan that needs nothing more and whose target no running step uses; before reads agree, none
    /// on what others write, too.
    pub(super) fn start_next(&mut self, reads: Reads) -> Option<usize> {
        if reads == Reads::Agree {
            self.ready.append(&mut self.doubtful);
        }
        while let Some(step) = self.ready.pop_first() {
            if reads == Reads::TooFresh && self.is_shared(step) {
                self.doubtful.insert(step);
                continue;
            }
            match self.used.entry(resource(&self.steps[step])) {
                Entry::Occupied(mut used) => used.get_mut().push(step),
                Entry::Vacant(free) => {
                    free.insert(Vec::new());
                    self.open -= 1;
                    return Some(step);
                }
            }
        }
        None
    }

    /// How many steps wait for reads to agree.
    pub(super) fn doubtful(&self) -> u64 {
        self.doubtful.len() as u64
    }

    /// Whether others may have written what a step writes.
    fn is_shared(&self, step: usize) -> bool {
        let step = &self.steps[step];
        let is_new = self.made(step).is_some_and(|made| made.is_certain);
        match &step.work {
            Work::Write(write) => write.may_be_written_by_others() && !is_new,
            Work::Prove(_) | Work::Sweep(_) => false,
        }
    }

    /// What is known of the bucket or the role of a step, where this run made it.
    pub(super) fn made(&self, step: &Step) -> Option<Made> {
        let Work::Write(write) = &step.work else {
            return None;
        };
        self.made.get(&write.target.whole()?).cloned()
    }

    /// Records how a running step ended, and skips what cannot start any more; tells each end.
    pub(super) fn end(
        &mut self,
        step: usize,
        ended: Ended,
        mut tell: impl FnMut(&StepId, &StepResult),
    ) {
        let Step { id, work, needs: _ } = &self.steps[step];
        let Ended {
            result,
            seen,
            at_once,
        } = ended;
        let waiting = self.used.remove(&resource(&self.steps[step]));
        self.ready.extend(waiting.into_iter().flatten());
        self.made
            .extend(made_by(work, &result).map(|(target, tags)| {
                let made = Made {
                    tags,
                    seen,
                    is_certain: at_once,
                };
                (target, made)
            }));
        tell(id, &result);
        let done = result.is_done();
        self.ended[step] = Some(result);
        if done {
            self.ready.extend(self.graph.meet(step));
        } else {
            self.skip_dependents(step, &mut tell);
        }
    }

    /// Skips all that needs a step, near and far, in the order of the plan as far as the needs allow. What needs two steps
    /// that are not done is skipped because of the one that ended first.
    fn skip_dependents(&mut self, culprit: usize, tell: &mut impl FnMut(&StepId, &StepResult)) {
        let mut stopped: BTreeSet<usize> = self.graph.dependents(culprit).iter().copied().collect();
        while let Some(step) = stopped.pop_first() {
            if self.ended[step].is_some() {
                continue;
            }
            let because = self.steps[culprit].id.clone();
            let result = StepResult::Skipped { because };
            tell(&self.steps[step].id, &result);
            self.ended[step] = Some(result);
            self.open -= 1;
            stopped.extend(self.graph.dependents(step));
        }
    }

    /// How many steps run.
    pub(super) fn running(&self) -> u64 {
        self.used.len() as u64
    }

    /// How many steps have neither started nor ended.
    pub(super) const fn open(&self) -> u64 {
        self.open
    }

    pub(super) fn outcome(self) -> Outcome {
        let result = |(step, result): (&Step, Option<StepResult>)| {
            (step.id.clone(), result.unwrap_or(StepResult::NotStarted))
        };
        Outcome {
            steps: self.steps.iter().zip(self.ended).map(result).collect(),
        }
    }
}

/// Whether what was read, when the steps were planned, was read long enough ago for an equal answer now to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    TooFresh,
    Agree,
}

/// How a step ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) result: StepResult,
    /// What was read last to see that a write was taken.
    pub(super) seen: Option<(Target, Document)>,
    /// Whether no write was answered by an error.
    pub(super) at_once: bool,
}

impl From<StepResult> for Ended {
    fn from(result: StepResult) -> Self {
        Self {
            result,
            seen: None,
            at_once: false,
        }
    }
}

/// The bucket or the role that a step made in this run, with its tags; none where it was there already.
fn made_by(work: &Work, result: &StepResult) -> Option<(Target, Tags)> {
    let Work::Write(step) = work else { return None };
    let StepResult::Done(How::Written) = result else {
        return None;
    };
    Some((step.target.clone(), step.makes()?.clone()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use s3ferry_core::model::RolePart;
    use s3ferry_testkit::build;

    use super::*;

    type Told = Vec<(StepId, StepResult)>;

    /// The same board by looking at every open step at every start and end: slow, and nothing to get wrong.
    struct Plain<'a> {
        open: Vec<&'a Step>,
        running: Vec<&'a Step>,
        ended: BTreeMap<StepId, StepResult>,
    }

    impl<'a> Plain<'a> {
        fn start_next(&mut self) -> Option<StepId> {
            let done = |need: &StepId| self.ended.get(need).is_some_and(StepResult::is_done);
            let used = |step: &Step| {
                let mut running = self.running.iter();
                running.any(|running| resource(running) == resource(step))
            };
            let mut open = self.open.iter();
            let next = open.position(|step| step.needs.iter().all(done) && !used(step))?;
            self.running.push(self.open.remove(next));
            self.running.last().map(|step| step.id.clone())
        }

        fn end(&mut self, step: &'a Step, result: StepResult) -> Told {
            self.running.retain(|running| running.id != step.id);
            let mut told = vec![(step.id.clone(), result.clone())];
            self.ended.insert(step.id.clone(), result);
            while let Some((index, because)) = self.stopped() {
                let id = self.open.remove(index).id.clone();
                let result = StepResult::Skipped { because };
                told.push((id.clone(), result.clone()));
                self.ended.insert(id, result);
            }
            told
        }

        fn stopped(&self) -> Option<(usize, StepId)> {
            let culprit = |need: &StepId| match self.ended.get(need)? {
                StepResult::Done(_) => None,
                StepResult::Skipped { because } => Some(because.clone()),
                _ => Some(need.clone()),
            };
            let stopped = |step: &&Step| step.needs.iter().find_map(culprit);
            let mut open = self.open.iter().enumerate();
            open.find_map(|(index, step)| stopped(step).map(|because| (index, because)))
        }
    }

    /// Up to a dozen steps on four targets, in an order of the plan that is not the order of the needs.
    fn plans() -> impl Strategy<Value = Vec<Step>> {
        let step = (0..4_u8, any::<u16>());
        let steps = proptest::collection::vec(step, 1..12).prop_map(|drawn| {
            let mut steps: Vec<Step> = Vec::new();
            for (index, (target, needs)) in drawn.into_iter().enumerate() {
                let needed = |(before, step): (usize, &Step)| {
                    (needs >> before & 3 == 3).then(|| step.id.clone())
                };
                let needs = steps.iter().enumerate().filter_map(needed).collect();
                let target = Target::Role(build::role(&format!("r{target}")), RolePart::Itself);
                steps.push(Step {
                    id: StepId(format!("step {index:02}")),
                    needs,
                    ..build::step(&target, None, None, &[])
                });
            }
            steps
        });
        steps.prop_shuffle()
    }

    /// What is played: a start, or the end of one of the running steps, done or not.
    fn plays() -> impl Strategy<Value = Vec<(bool, prop::sample::Index, bool)>> {
        let done = prop::bool::weighted(0.8);
        proptest::collection::vec((any::<bool>(), any::<prop::sample::Index>(), done), 0..60)
    }

    proptest! {
        #[test]
        fn starts_and_skips_are_those_of_a_look_at_every_open_step(
            steps in plans(),
            plays in plays(),
        ) {
            let mut board = Board::new(&steps, Graph::of(&steps).unwrap());
            let mut plain = Plain {
                open: steps.iter().collect(),
                running: Vec::new(),
                ended: BTreeMap::new(),
            };
            let mut running = Vec::new();
            for (start, which, done) in plays {
                if start {
                    let next = board.start_next(Reads::Agree);
                    let id = next.map(|step| steps[step].id.clone());
                    prop_assert_eq!(id, plain.start_next());
                    running.extend(next);
                } else if !running.is_empty() {
                    let step = running.remove(which.index(running.len()));
                    let result = if done {
                        StepResult::Done(How::Written)
                    } else {
                        StepResult::Interrupted { may_have_written: false }
                    };
                    let mut told = Told::new();
                    board.end(step, result.clone().into(), |id, result| {
                        told.push((id.clone(), result.clone()));
                    });
                    prop_assert_eq!(told, plain.end(&steps[step], result));
                }
                prop_assert_eq!(board.running(), plain.running.len() as u64);
                prop_assert_eq!(board.open(), plain.open.len() as u64);
            }
            let ended: BTreeMap<_, _> = board.outcome().steps.into_iter()
                .filter(|(_, result)| *result != StepResult::NotStarted)
                .collect();
            prop_assert_eq!(ended, plain.ended);
        }
    }
}
