//! Settling: a write counts when it is read back.

use std::time::Duration;

use s3ferry_core::model::{Document, Target, fingerprint, same};
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
    /// The target is read as wanted, perhaps with what others put beside it; this was read last to see it, where anything was.
    Yes(Option<(Target, Document)>),
    /// Another spec's apply wrote over it: the step over what it left.
    Lost(Box<WriteStep>),
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

/// How reading back ended.
enum ReadBack {
    /// The target is as wanted.
    Yes {
        /// What was read last to see it, where anything was.
        shown: Option<(Target, Document)>,
        /// What the target holds.
        held: Option<Document>,
        /// How many reads it took, and how long.
        told: (u32, Duration),
    },
    /// It is not, or not known to be.
    Otherwise(Settled),
}

/// The same answer, time and again.
#[derive(Debug, Default)]
pub(super) struct Same(Option<(Option<Document>, Instant)>);

impl Same {
    /// For how long this has been the answer to at least two reads in a row; none where it is the first of its kind.
    pub(super) fn for_long(&mut self, live: Option<&Document>) -> Option<Duration> {
        match &self.0 {
            Some((before, since)) if same(before.as_ref(), live) => Some(since.elapsed()),
            Some(_) | None => {
                self.0 = Some((live.cloned(), Instant::now()));
                None
            }
        }
    }
}

impl<W: Read, R: ReceiptStore> Context<'_, W, R> {
    /// Reads until the target is as wanted, or what shows that it is, `equal` reads having been so already. What somebody put
    /// beside what the step brings is no less as wanted.
    ///
    /// Ends early where reads agree that it is otherwise: another spec's apply, which had looked before the write and wrote
    /// after it, is told from an edit by what it left ([`WriteStep::differs_by_other_specs`]).
    ///
    /// Not cut short when the run is asked to stop: what was written is followed to its end.
    pub(super) async fn settle(&self, step: &WriteStep, equal: u32) -> Settled {
        // Beside the reads, so that the disk costs a step nothing.
        let (read, kept) =
            tokio::join!(self.read_back(step, equal), self.keep(step.after.as_ref()));
        let (settled, held, told) = match read {
            ReadBack::Otherwise(settled) => return settled,
            ReadBack::Yes { shown, held, told } => (Settled::Yes(shown), held, told),
        };
        let left = if same(held.as_ref(), step.after.as_ref()) {
            kept
        } else {
            self.keep(held.as_ref()).await
        };
        let (reads, took) = told;
        self.reporter.emit(|step| RunEvent::Settled {
            step,
            reads,
            took_ms: millis(took),
            holds: Some(fingerprint(held.as_ref())),
            // What cannot be kept is told apart from somebody's change by its fingerprint alone.
            left: left.ok().map(|held| held.to_string()),
        });
        settled
    }

    async fn read_back(&self, step: &WriteStep, mut equal: u32) -> ReadBack {
        let begun = Instant::now();
        let wanted = step.target.kind().facts().settled.reads_in_a_row;
        let shown_by = step.shown_by();
        let (mut shown, mut last) = (None, None);
        let mut held = step.after.clone();
        let mut other = Same::default();
        let mut reads = 0;
        while equal < wanted {
            if reads > 0 {
                tokio::time::sleep(SETTLE_WAITS.after(reads, self.seed())).await;
            }
            if begun.elapsed() >= self.run.limits.settle && reads > 0 {
                let waited = begun.elapsed();
                return ReadBack::Otherwise(Settled::No { last, waited });
            }
            reads += 1;
            match self.run.world.read(&shown_by).await {
                Ok(live) if step.is_shown_by(live.as_ref()) => {
                    equal = if same(held.as_ref(), step.after.as_ref()) {
                        equal + 1
                    } else {
                        1
                    };
                    held.clone_from(&step.after);
                    shown = live;
                }
                Ok(live) if step.is_within(live.as_ref()) => {
                    equal = if same(held.as_ref(), live.as_ref()) {
                        equal + 1
                    } else {
                        1
                    };
                    held.clone_from(&live);
                    shown = live;
                }
                Ok(live) => {
                    equal = 0;
                    let for_long = other.for_long(live.as_ref());
                    let limits = self.run.limits;
                    let is_planned = same(live.as_ref(), step.before.as_ref());
                    if for_long.is_some_and(|long| long >= limits.agree)
                        && step.differs_by_other_specs(live.as_ref())
                        && let Some(over) = step.over(live.as_ref())
                        && !is_planned
                    {
                        return ReadBack::Otherwise(Settled::Lost(Box::new(over)));
                    }
                    if shown_by == step.target {
                        self.glimpse(step, live.as_ref()).await;
                    }
                    last = Some(live);
                    if !is_planned && for_long.is_some_and(|long| long >= limits.doubt) {
                        let waited = begun.elapsed();
                        return ReadBack::Otherwise(Settled::No { last, waited });
                    }
                }
                Err(error) if passes(&error, self.run.limits) => equal = 0,
                Err(error) => return ReadBack::Otherwise(Settled::Unreadable(error)),
            }
        }
        ReadBack::Yes {
            shown: shown.map(|document| (shown_by, document)),
            held,
            told: (reads, begun.elapsed()),
        }
    }
}
