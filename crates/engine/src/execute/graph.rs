//! The graph of steps: whether it can be followed at all.

use std::collections::{BTreeMap, BTreeSet};

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

/// Checks identities, needs and that there is a first step to everything.
pub(super) fn check(steps: &[Step]) -> Result<(), InvalidSteps> {
    let mut open: BTreeMap<&StepId, &BTreeSet<StepId>> = BTreeMap::new();
    for step in steps {
        if open.insert(&step.id, &step.needs).is_some() {
            return Err(InvalidSteps::Duplicate(step.id.clone()));
        }
    }
    for step in steps {
        if let Some(needs) = step.needs.iter().find(|need| !open.contains_key(need)) {
            return Err(InvalidSteps::Unknown {
                step: step.id.clone(),
                needs: needs.clone(),
            });
        }
    }
    peel(open)
}

/// Takes away steps that need nothing that is left, until none is left or none can be taken.
fn peel(mut open: BTreeMap<&StepId, &BTreeSet<StepId>>) -> Result<(), InvalidSteps> {
    loop {
        let free: Vec<&StepId> = open
            .iter()
            .filter(|(_, needs)| !needs.iter().any(|need| open.contains_key(need)))
            .map(|(id, _)| *id)
            .collect();
        match (free.is_empty(), open.is_empty()) {
            (_, true) => return Ok(()),
            (true, false) => return Err(InvalidSteps::Cycle(open.into_keys().cloned().collect())),
            (false, false) => open.retain(|id, _| !free.contains(id)),
        }
    }
}
