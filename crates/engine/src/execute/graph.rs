//! The graph of steps: whether it can be followed at all, and which step waits for which.

use std::collections::{BTreeMap, VecDeque};

use s3ferry_core::plan::{Step, StepId};

/// Why steps cannot be followed: the plan is broken, nothing was tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSteps {
    /// Two steps have one identity.
    #[error("the plan has two steps {0}")]
    Duplicate(StepId),
    /// A step needs one that is not there.
    #[error("step {step} needs {needs}, which the plan does not have")]
    Unknown {
        /// The step.
        step: StepId,
        /// What it needs.
        needs: StepId,
    },
    /// Steps need each other.
    #[error("these steps wait for each other: {}", .0.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join(", "))]
    Cycle(Vec<StepId>),
}

/// The needs of steps, turned round: the end of a step is looked at by those that wait for it and by no other, so that a
/// run costs as much as the plan has steps and needs. Steps are known by their index in the plan.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    /// By step, those that need it, in the order of the plan.
    dependents: Vec<Vec<usize>>,
    /// By step, how many steps it needs that are not met yet.
    unmet: Vec<usize>,
}

impl Graph {
    /// Checks identities, needs and that there is a first step to everything.
    pub(super) fn of(steps: &[Step]) -> Result<Self, InvalidSteps> {
        let needs = needs(steps)?;
        let mut dependents = vec![Vec::new(); steps.len()];
        for (step, needs) in needs.iter().enumerate() {
            for need in needs {
                dependents[*need].push(step);
            }
        }
        let graph = Self {
            unmet: needs.iter().map(Vec::len).collect(),
            dependents,
        };
        graph.check_for_cycles(steps)?;
        Ok(graph)
    }

    /// The steps that need this one, in the order of the plan.
    pub(super) fn dependents(&self, step: usize) -> &[usize] {
        &self.dependents[step]
    }

    /// The steps that need nothing, in the order of the plan.
    pub(super) fn first(&self) -> impl Iterator<Item = usize> {
        let unmet = self.unmet.iter().enumerate();
        unmet
            .filter(|(_, unmet)| **unmet == 0)
            .map(|(step, _)| step)
    }

    /// Records that a step is done; those of its dependents that now need nothing more, in the order of the plan.
    pub(super) fn meet(&mut self, step: usize) -> Vec<usize> {
        let mut freed = Vec::new();
        for dependent in &self.dependents[step] {
            self.unmet[*dependent] -= 1;
            if self.unmet[*dependent] == 0 {
                freed.push(*dependent);
            }
        }
        freed
    }

    /// Takes away steps that need nothing that is left, until none is left or none can be taken.
    fn check_for_cycles(&self, steps: &[Step]) -> Result<(), InvalidSteps> {
        let mut left = self.clone();
        let mut free: VecDeque<usize> = left.first().collect();
        let mut taken = vec![false; steps.len()];
        while let Some(step) = free.pop_front() {
            taken[step] = true;
            free.extend(left.meet(step));
        }
        let stuck = steps.iter().zip(taken).filter(|(_, taken)| !taken);
        let mut stuck: Vec<StepId> = stuck.map(|(step, _)| step.id.clone()).collect();
        stuck.sort();
        if stuck.is_empty() {
            Ok(())
        } else {
            Err(InvalidSteps::Cycle(stuck))
        }
    }
}

/// By step, where those that it needs stand in the plan.
fn needs(steps: &[Step]) -> Result<Vec<Vec<usize>>, InvalidSteps> {
    let mut indices: BTreeMap<&StepId, usize> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        if indices.insert(&step.id, index).is_some() {
            return Err(InvalidSteps::Duplicate(step.id.clone()));
        }
    }
    let index = |step: &Step, need: &StepId| {
        let unknown = || InvalidSteps::Unknown {
            step: step.id.clone(),
            needs: need.clone(),
        };
        indices.get(need).copied().ok_or_else(unknown)
    };
    let of_step = |step: &Step| step.needs.iter().map(|need| index(step, need)).collect();
    steps.iter().map(of_step).collect()
}
