//! Goals: facts about the world that a step makes true or waits for; a room for each kind of goal.

mod backfill;
mod canary;
mod checksums;
mod jobs;

pub(super) use canary::sweep;
pub use canary::{CANARY_MARK, CANARY_SUBJECT};

use s3ferry_core::goals::Goal;

use super::Context;
use crate::ledger::ReceiptStore;
use crate::outcome::StepResult;
use crate::ports::{Jobs, Objects, Read};

/// Makes a goal true, and shows that it is.
pub(super) async fn prove<W: Objects + Jobs + Read, R: ReceiptStore>(
    goal: &Goal,
    on: &Context<'_, W, R>,
) -> StepResult {
    match goal {
        Goal::Canary(goal) => canary::prove(goal, on).await,
        Goal::Alarm(goal) => canary::prove_alarms(goal, on).await,
        Goal::Backfill(goal) => backfill::copy(goal, on).await,
        Goal::Checksums(goal) => checksums::compute(goal, on).await,
    }
}
