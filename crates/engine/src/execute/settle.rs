//! Settling: a write counts when it is read back.

use std::time::Duration;

use s3ferry_core::model::{Document, Target, fingerprint};
use s3ferry_core::plan::WriteStep;
use tokio::time::Instant;

use crate::events::{RunEvent, millis};
use crate::ledger::ReceiptStore;
use crate::limits::SETTLE_WAITS;
use crate::ports::{PortError, Read};

use super::Context;
use super::repeat::passes;

/// How settling ended.
pub(super) enum Settled {
    /// The target is read as wanted; this was read last to see it, where anything was.
    Yes(Option<(Target, Document)>),
    /// It is not, within the bound; this is what was read last, or nothing where no read was answered.
    No {
        /// What was read last.
        last: Option<Option<Document>>,
        /// How long it was read.
        waited: Duration,
    },
    /// It cannot be read.
    Unreadable(PortError),
}

impl<W: Read, R: ReceiptStore> Context<'_, W, R> {
    /// Reads until the target is as wanted, or what shows that it is, `equal` reads having been so already.
    ///
    /// Not cut short when the run is asked to stop: what was written is followed to its end.
    pub(super) async fn settle(&self, step: &WriteStep, mut equal: u32) -> Settled {
        let begun = Instant::now();
        let wanted = step.target.kind().facts().settled.reads_in_a_row;
        let shown_by = step.shown_by();
        let (mut shown, mut last) = (None, None);
        let mut reads = 0;
        while equal < wanted {
            if reads > 0 {
                tokio::time::sleep(SETTLE_WAITS.after(reads, self.seed())).await;
            }
            if begun.elapsed() >= self.run.limits.settle && reads > 0 {
                let waited = begun.elapsed();
                return Settled::No { last, waited };
            }
            reads += 1;
            match self.run.world.read(&shown_by).await {
                Ok(live) if step.is_shown_by(live.as_ref()) => {
                    equal += 1;
                    shown = live;
                }
                Ok(live) => {
                    equal = 0;
                    last = Some(live);
                }
                Err(error) if passes(&error, self.run.limits) => equal = 0,
                Err(error) => return Settled::Unreadable(error),
            }
        }
        let wanted_document = step.after.as_ref();
        self.reporter.emit(|step| RunEvent::Settled {
            step,
            reads,
            took_ms: millis(begun.elapsed()),
            holds: Some(fingerprint(wanted_document)),
        });
        Settled::Yes(shown.map(|document| (shown_by, document)))
    }
}
