//! The outcome of a run: how each step ended, and the one verdict that becomes the exit code.

use std::collections::BTreeMap;

use s3ferry_core::plan::StepId;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// How each step of a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Every step of the plan.
    pub steps: BTreeMap<StepId, StepResult>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepResult {
    /// As wanted.
    Done(How),
    /// It went wrong.
    Failed {
        /// What went wrong.
        problem: Problem,
        /// Whether something may have been written all the same.
        may_have_written: bool,
    },
    /// Its target moved since the plan was made; it was not written over.
    Stale {
        /// The target's address.
        target: String,
        /// The fingerprint expected.
        expected: String,
        /// The fingerprint found.
        found: String,
        /// Whether the step had written before it found this: somebody edited at the same time.
        after_write: bool,
    },
    /// It was not tried.
    Skipped {
        /// The step that stopped the branch.
        because: StepId,
    },
    /// It did all it can and waits for AWS.
    Waiting {
        /// What is waited for.
        what: String,
        /// How long it was waited for, in milliseconds.
        waited_ms: u64,
        /// Whether something was written, or may have been.
        may_have_written: bool,
    },
    /// The run was asked to stop while the step ran.
    Interrupted {
        /// Whether something may have been written.
        may_have_written: bool,
    },
    /// The run was asked to stop before the step started.
    NotStarted,
}

/// How a step came to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The target already held what is wanted: an earlier run wrote it.
    Already,
    /// It was written and read back.
    Written,
    /// The rule is proven.
    Proven,
    /// A canary that an earlier run left is removed.
    Removed,
}

/// How many steps ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Written and read back.
    pub written: u64,
    /// Already as wanted.
    pub already: u64,
    /// Rules proven.
    pub proven: u64,
    /// Canaries of earlier runs removed; not in journals before 1.1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// Gone wrong.
    pub failed: u64,
    /// Stopped because their target moved.
    pub stale: u64,
    /// Not tried because of another step.
    pub skipped: u64,
    /// Waiting for AWS.
    pub waiting: u64,
    /// Stopped by the user, before or while they ran.
    pub interrupted: u64,
}

/// The one word for a run, from which the exit code follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything is as wanted: exit 0.
    Done,
    /// Nothing was written and something failed: exit 1.
    Error,
    /// Nothing was written because the world moved: exit 3.
    Stale,
    /// Something was written and something was not: exit 5.
    Partial,
    /// Nothing was written because credentials or permissions are missing: exit 7.
    Denied,
    /// All that could be done is done; a goal is pending: exit 8.
    Waiting,
    /// The user stopped it: exit 130.
    Interrupted,
}

impl Verdict {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Stale => 3,
            Self::Partial => 5,
            Self::Denied => 7,
            Self::Waiting => 8,
            Self::Interrupted => 130,
        }
    }
}

impl StepResult {
    /// Whether dependents may start.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// Whether this run changed something by the step, or may have.
    #[must_use]
    pub const fn may_have_written(&self) -> bool {
        match self {
            Self::Done(how) => !matches!(how, How::Already),
            Self::Failed {
                may_have_written, ..
            }
            | Self::Waiting {
                may_have_written, ..
            }
            | Self::Interrupted { may_have_written } => *may_have_written,
            Self::Stale { after_write, .. } => *after_write,
            Self::Skipped { .. } | Self::NotStarted => false,
        }
    }
}

impl Outcome {
    /// How many steps ended in which way.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for result in self.steps.values() {
            *counts.of(result) += 1;
        }
        counts
    }

    /// The verdict. Where several apply, the first of these:
    ///
    /// 1. interrupted: a step stopped or did not start because the user said so;
    /// 2. partial: something failed or is stale, and something was written, or may have been: running again goes on;
    /// 3. denied, stale, error: nothing was written; a missing permission first, because it is what the user must mend,
    ///    then a moved world, which planning again mends;
    /// 4. waiting: nothing failed and a goal is pending;
    /// 5. done.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let Counts {
            failed,
            stale,
            waiting,
            interrupted,
            ..
        } = self.counts();
        match () {
            () if interrupted > 0 => Verdict::Interrupted,
            () if failed + stale > 0 && self.wrote() => Verdict::Partial,
            () if self.lacks_access() => Verdict::Denied,
            () if stale > 0 => Verdict::Stale,
            () if failed > 0 => Verdict::Error,
            () if waiting > 0 => Verdict::Waiting,
            () => Verdict::Done,
        }
    }

    fn wrote(&self) -> bool {
        self.steps.values().any(StepResult::may_have_written)
    }

    fn lacks_access(&self) -> bool {
        self.steps.values().any(|result| {
            matches!(result, StepResult::Failed { problem, .. } if problem.kind.is_access())
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    fn of(&mut self, result: &StepResult) -> &mut u64 {
        match result {
            StepResult::Done(How::Written) => &mut self.written,
            StepResult::Done(How::Already) => &mut self.already,
            StepResult::Done(How::Proven) => &mut self.proven,
            StepResult::Done(How::Removed) => &mut self.removed,
            StepResult::Failed { .. } => &mut self.failed,
            StepResult::Stale { .. } => &mut self.stale,
            StepResult::Skipped { .. } => &mut self.skipped,
            StepResult::Waiting { .. } => &mut self.waiting,
            StepResult::Interrupted { .. } | StepResult::NotStarted => &mut self.interrupted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Class;
    use crate::problem::ProblemKind;

    fn outcome(results: impl IntoIterator<Item = StepResult>) -> Outcome {
        let named = |(index, result)| (StepId(format!("step {index}")), result);
        Outcome {
            steps: results.into_iter().enumerate().map(named).collect(),
        }
    }

    fn failed(kind: ProblemKind) -> StepResult {
        StepResult::Failed {
            problem: Problem::new(kind, "message"),
            may_have_written: false,
        }
    }

    fn stale() -> StepResult {
        StepResult::Stale {
            target: "t".into(),
            expected: "1".into(),
            found: "2".into(),
            after_write: false,
        }
    }

    fn waiting() -> StepResult {
        StepResult::Waiting {
            what: "replica".into(),
            waited_ms: 1,
            may_have_written: false,
        }
    }

    fn canary_waits() -> StepResult {
        StepResult::Waiting {
            what: "replica".into(),
            waited_ms: 1,
            may_have_written: true,
        }
    }

    #[test]
    fn the_verdict_follows_the_documented_precedence() {
        let [denied, rejected] = [Class::Denied, Class::Rejected].map(ProblemKind::Call);
        let written = || StepResult::Done(How::Written);
        let already = || StepResult::Done(How::Already);
        let cases = [
            (vec![], Verdict::Done),
            (vec![written(), already()], Verdict::Done),
            (vec![already(), waiting()], Verdict::Waiting),
            (vec![written(), waiting()], Verdict::Waiting),
            (vec![already(), failed(rejected)], Verdict::Error),
            (vec![waiting(), failed(rejected)], Verdict::Error),
            (vec![canary_waits(), failed(rejected)], Verdict::Partial),
            (vec![canary_waits(), failed(denied)], Verdict::Partial),
            (vec![canary_waits(), already()], Verdict::Waiting),
            (vec![stale(), failed(rejected)], Verdict::Stale),
            (vec![stale(), failed(denied)], Verdict::Denied),
            (vec![written(), failed(denied)], Verdict::Partial),
            (vec![written(), stale(), waiting()], Verdict::Partial),
            (
                vec![written(), failed(denied), StepResult::NotStarted],
                Verdict::Interrupted,
            ),
        ];
        for (results, verdict) in cases {
            assert_eq!(outcome(results.clone()).verdict(), verdict, "{results:?}");
        }
    }

    #[test]
    fn a_failure_that_may_have_written_is_partial() {
        let failure = StepResult::Failed {
            problem: Problem::new(ProblemKind::Unsettled, "message"),
            may_have_written: true,
        };
        assert_eq!(outcome([failure]).verdict(), Verdict::Partial);
    }

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        use Verdict::{Denied, Done, Error, Interrupted, Partial, Stale, Waiting};
        let codes =
            [Done, Error, Stale, Partial, Denied, Waiting, Interrupted].map(Verdict::exit_code);
        assert_eq!(codes, [0, 1, 3, 5, 7, 8, 130]);
    }
}
