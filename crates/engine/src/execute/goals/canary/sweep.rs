//! A sweep step: a canary that an earlier run left is removed, by what the ledger says of it alone.
//!
//! ```text
//! wait while S3 is at work on it, bounded -> remove it everywhere --nothing is left--> the ledger forgets it
//!                                                 |--refused--> the ledger keeps why, and every plan says so
//!                                                 +--may yet arrive--> waiting, the next run looks again
//! ```

use std::collections::BTreeSet;

use s3ferry_core::plan::{PlacedCanary, Sweep};
use tokio::time::Instant;

use crate::events::{CanaryProgress, RunEvent, millis};
use crate::execute::{Context, Slept};
use crate::ledger::ReceiptStore;
use crate::limits::CANARY_WAITS;
use crate::outcome::{How, StepResult};
use crate::ports::{Objects, Read};

use super::cleanup::{Cleanup, Remains, Swept};
use super::{NoProof, not_noted};

/// Removes a canary that an earlier run left.
///
/// # Guarantees
/// Removes nothing but versions that carry its mark, and delete markers where no other version is under its key. The ledger
/// forgets it when nothing of it is left in any bucket, and no earlier. Ends within `canary_wait`, apart from the removal.
pub(in crate::execute) async fn sweep<W: Objects + Read, R: ReceiptStore>(
    sweep: &Sweep,
    on: &Context<'_, W, R>,
) -> StepResult {
    let begun = Instant::now();
    let markers = BTreeSet::new();
    let cleanup = Cleanup {
        on,
        canary: &sweep.canary,
        version: None,
        markers: &markers,
        beyond: &sweep.beyond,
    };
    let mut swept = Swept::default();
    let remains = remove(&cleanup, begun, &mut swept).await;
    let Swept { versions, left, .. } = swept;
    let progress = CanaryProgress::Removed { versions, left };
    on.reporter.emit(|step| RunEvent::Canary { step, progress });
    let removed = versions > 0;
    let noted = match remains {
        Ok(remains) => note(on, sweep, &remains).await.map(|()| remains),
        Err(other) => Err(other),
    };
    match noted {
        Ok(Remains::Nothing | Remains::Refused(_)) if removed => StepResult::Done(How::Removed),
        Ok(Remains::Nothing | Remains::Refused(_)) => StepResult::Done(How::Already),
        Ok(Remains::Perhaps) => StepResult::Waiting {
            what: "S3 to be done with a canary that was removed meanwhile".to_owned(),
            waited_ms: millis(begun.elapsed()),
            may_have_written: removed,
        },
        Err(NoProof::Failed(problem)) => StepResult::Failed {
            problem,
            may_have_written: removed,
        },
        Err(NoProof::Waiting(what)) => StepResult::Waiting {
            what,
            waited_ms: millis(begun.elapsed()),
            may_have_written: removed,
        },
        Err(NoProof::Interrupted) => StepResult::Interrupted {
            may_have_written: removed,
        },
    }
}

async fn remove<W: Objects + Read, R: ReceiptStore>(
    cleanup: &Cleanup<'_, W, R>,
    begun: Instant,
    swept: &mut Swept,
) -> Result<Remains, NoProof> {
    let on = cleanup.on;
    let mut looks: u32 = 0;
    // What is removed at the source while S3 reads it there may arrive elsewhere afterwards.
    while cleanup.is_on_its_way().await? {
        let left = on.run.limits.canary_wait.saturating_sub(begun.elapsed());
        if left.is_zero() {
            break;
        }
        looks = looks.saturating_add(1);
        let wait = CANARY_WAITS.after(looks, on.seed());
        if on.sleep(wait.min(left)).await == Slept::Cancelled {
            return Err(NoProof::Interrupted);
        }
    }
    cleanup.run(swept).await
}

/// Tells the ledger what is left.
async fn note<W: Sync, R: ReceiptStore>(
    on: &Context<'_, W, R>,
    sweep: &Sweep,
    remains: &Remains,
) -> Result<(), NoProof> {
    let receipts = on.run.receipts;
    let noted = match remains {
        Remains::Nothing if sweep.beyond.is_empty() => receipts.forget(&sweep.canary).await,
        Remains::Nothing | Remains::Perhaps => return Ok(()),
        Remains::Refused(why) => {
            let canary = PlacedCanary {
                stays: Some(why.clone()),
                ..sweep.canary.clone()
            };
            receipts.place(&canary).await
        }
    };
    noted.map_err(|error| NoProof::Failed(not_noted(&error)))
}
