//! A prove step: an object is written under the rule, followed to its replica, and removed on both sides.
//!
//! A 200 from PutBucketReplication proves nothing (T3): KMS, role, policies and ownership are first used when an object
//! replicates, and an object that FAILED is never tried again (T4). So a canary that FAILED, or that no rule took, is
//! replaced by a fresh one while AWS may still be learning of the changes.
//!
//! ```text
//! resume or put -> watch --replica found--> compare -> delete marker -> remove all canaries -> receipt -> done
//!    ^               |--FAILED, no rule took it, gone: fresh canary, bounded--> failed, canaries removed
//!    +---------------+--pending past the bound--> waiting, the canary stays for the next run
//! ```
//! A replica must be what the spec says of replicas, and where the rule mirrors deletes, a delete marker must arrive, too.
//! The receipt is kept after the removal: a run killed in between proves again and finds the leftovers.

mod cleanup;
mod compare;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use s3ferry_core::model::BucketRef;
use s3ferry_core::plan::{CanaryGoal, Proof};
use tokio::time::Instant;

use crate::events::{CanaryProgress, RunEvent, millis};
use crate::ledger::{CanaryReceipt, Place, RECEIPT_FORMAT, ReceiptStore};
use crate::limits::{CANARY_WAITS, FRESH_CANARY_WAITS};
use crate::outcome::{How, StepResult};
use crate::ports::{ListedVersion, NewObject, ObjectHead, Objects, PortError, Read, Replication};
use crate::problem::{Problem, ProblemKind};

use crate::execute::repeat::Stopped;
use crate::execute::{Context, Slept};
use watch::{Arrived, Fate, Loss};

/// The metadata key that marks a canary; its value is `<migration>/<rule>`, and the key's name where it is for one.
pub const CANARY_MARK: &str = "s3ferry-canary";

/// The metadata key of what a canary would prove; a later run follows a canary of the same subject.
pub const CANARY_SUBJECT: &str = "s3ferry-subject";

/// Why a step has no proof.
enum NoProof {
    /// It went wrong.
    Failed(Problem),
    /// S3 is still at work on this.
    Waiting(String),
    /// The run was asked to stop.
    Interrupted,
}

/// A canary that cannot prove anything any more.
struct Lost {
    loss: Loss,
    /// How long after the step began it was put.
    put_after: Duration,
}

struct Canary<'a, W, R> {
    goal: &'a CanaryGoal,
    on: &'a Context<'a, W, R>,
    begun: Instant,
    /// Whether a canary of ours may lie in the buckets.
    written: AtomicBool,
    /// The version IDs of the delete markers that this run put.
    markers: Mutex<BTreeSet<String>>,
}

/// Proves the goal.
///
/// # Guarantees
/// Removes every version of the key that carries this rule's mark, on both sides, also those of killed runs; never one
/// without it. Ends within `canary_wait`, apart from the removal.
///
/// # Caveats
/// While it waits, the canary is an object like any other to consumers of the bucket.
pub(in crate::execute) async fn prove<W: Objects + Read, R: ReceiptStore>(
    goal: &CanaryGoal,
    on: &Context<'_, W, R>,
) -> StepResult {
    let canary = Canary {
        goal,
        on,
        begun: Instant::now(),
        written: AtomicBool::new(false),
        markers: Mutex::default(),
    };
    match canary.prove().await {
        Ok(()) => StepResult::Done(How::Proven),
        Err(NoProof::Failed(problem)) => StepResult::Failed {
            problem,
            may_have_written: false,
        },
        Err(NoProof::Waiting(what)) => StepResult::Waiting {
            what,
            waited_ms: millis(canary.begun.elapsed()),
        },
        Err(NoProof::Interrupted) => StepResult::Interrupted {
            may_have_written: canary.written.load(Ordering::Relaxed),
        },
    }
}

impl<W: Objects + Read, R: ReceiptStore> Canary<'_, W, R> {
    async fn prove(&self) -> Result<(), NoProof> {
        let proof = self.principal().await?;
        let receipt = match self.arrive(&proof).await {
            Ok(receipt) => receipt,
            Err(NoProof::Failed(problem)) => {
                // The first problem is the one to tell; what stays is named by the removal.
                let _also = self.remove().await;
                return Err(NoProof::Failed(problem));
            }
            Err(other) => return Err(other),
        };
        self.remove().await?;
        let kept = self.on.run.receipts.keep(&receipt);
        kept.map(drop)
            .map_err(|error| NoProof::Failed(not_kept(&error)))
    }

    /// Who the role is now: the proof is for this principal. IAM may not answer yet for a role that this run made.
    async fn principal(&self) -> Result<Proof, NoProof> {
        let by = self.goal.proven_by();
        let mut looks: u32 = 0;
        loop {
            let read = self.on.repeat(|| self.on.run.world.read(&by)).await;
            let live = read.map_err(stopped)?;
            if let Some(proof) = self.goal.proof(live.as_ref()) {
                return Ok(proof);
            }
            if self.begun.elapsed() >= self.on.run.limits.propagation {
                let message = format!("the role {} is not there", self.goal.role.name);
                return Err(NoProof::Failed(Problem::new(ProblemKind::Canary, message)));
            }
            looks = looks.saturating_add(1);
            let wait = CANARY_WAITS.after(looks, self.on.seed());
            self.sleep_in_bound(wait, "IAM to answer for the role")
                .await?;
        }
    }

    /// Follows canaries, one after the other, until one arrives and is what it must be.
    async fn arrive(&self, proof: &Proof) -> Result<CanaryReceipt, NoProof> {
        let mut next = self.resume().await?;
        let mut attempt = 0;
        loop {
            // A canary of an earlier run was put before anything that this run knows of: no wait was long enough for it.
            let (version, put_after) = match next.take() {
                Some(resumed) => (resumed, Duration::ZERO),
                None => {
                    attempt += 1;
                    let put_after = self.begun.elapsed();
                    (self.put(attempt).await?, put_after)
                }
            };
            let loss = match self.watch(&version).await? {
                Fate::Arrived(arrived) => {
                    let Arrived { source, replica } = *arrived;
                    self.compare(&version, &source, &replica).await?;
                    if self.goal.mirrors {
                        self.mirror().await?;
                    }
                    return Ok(self.receipt(proof, version, &source, &replica));
                }
                Fate::Lost(loss) => loss,
            };
            let why = loss.as_str().to_owned();
            self.tell(CanaryProgress::Abandoned { version, why });
            self.wait_for_fresh(&Lost { loss, put_after }, attempt)
                .await?;
        }
    }

    /// A canary of the same subject that an earlier run left on its way.
    async fn resume(&self) -> Result<Option<String>, NoProof> {
        let source = &self.goal.source;
        for listed in self.versions(source).await.map_err(failed)? {
            let ListedVersion {
                version,
                is_delete_marker: false,
                owner: _,
            } = listed
            else {
                continue;
            };
            let Some(head) = self.head(source, &version).await.map_err(failed)? else {
                continue;
            };
            let same_subject = head.metadata.get(CANARY_SUBJECT) == Some(&self.goal.subject.0);
            if !self.is_ours(&head) || !same_subject {
                continue;
            }
            let usable = match head.replication {
                Replication::Pending => true,
                Replication::Completed => self.replica(&version).await.map_err(failed)?.is_some(),
                Replication::NotEligible
                | Replication::Failed
                | Replication::Replica
                | Replication::Other(_) => false,
            };
            if usable {
                self.written.store(true, Ordering::Relaxed);
                self.tell(CanaryProgress::Resumed {
                    version: version.clone(),
                });
                return Ok(Some(version));
            }
        }
        Ok(None)
    }

    async fn put(&self, attempt: u32) -> Result<String, NoProof> {
        if self.on.run.cancel.is_cancelled() {
            return Err(NoProof::Interrupted);
        }
        let object = self.object();
        self.written.store(true, Ordering::Relaxed);
        let put = self.on.repeat(|| self.on.run.world.put(&object)).await;
        let version = put.map_err(stopped)?;
        self.tell(CanaryProgress::Put {
            version: version.clone(),
            attempt,
        });
        Ok(version)
    }

    fn object(&self) -> NewObject {
        let goal = self.goal;
        let body = format!(
            "s3ferry wrote this object to prove that rule {} of migration {} replicates. It will be removed.\n",
            goal.rule, goal.migration
        );
        NewObject {
            bucket: goal.source.clone(),
            key: goal.key.clone(),
            body: body.into_bytes(),
            tags: goal.tags.clone(),
            metadata: BTreeMap::from([
                (CANARY_MARK.to_owned(), self.mark()),
                (CANARY_SUBJECT.to_owned(), goal.subject.0.clone()),
            ]),
            encryption: goal.encryption.clone(),
        }
    }

    /// Waits before a fresh canary; an error where the lost one had its fair chance: it was put when every change of this
    /// run must have reached all of AWS.
    async fn wait_for_fresh(&self, lost: &Lost, attempt: u32) -> Result<(), NoProof> {
        let limits = self.on.run.limits;
        let bound = match lost.loss {
            Loss::Failed => limits.propagation,
            Loss::Untaken | Loss::Elsewhere | Loss::Gone => limits.effective,
        };
        if lost.put_after >= bound {
            return Err(NoProof::Failed(self.disproof(lost.loss)));
        }
        let wait = FRESH_CANARY_WAITS.after(attempt, self.on.seed());
        let until_bound = bound.saturating_sub(self.begun.elapsed());
        let wait = if until_bound.is_zero() {
            wait
        } else {
            wait.min(until_bound)
        };
        if wait >= self.left() {
            // What is known is that it was lost; that another might come through is a hope, and the time for it is over.
            let told = self.disproof(lost.loss).with_hint(if self.on.after_writes {
                "AWS may still have been learning of the changes of this run: run again, with a longer --wait"
                    .to_owned()
            } else {
                format!(
                    "{}; or what was changed minutes ago: then run again, with a longer --wait",
                    lost.loss.hint()
                )
            });
            return Err(NoProof::Failed(told));
        }
        self.sleep_in_bound(wait, "the changes to take effect")
            .await
    }

    /// What is left of the time for the whole step.
    fn left(&self) -> Duration {
        let bound = self.on.run.limits.canary_wait;
        bound.saturating_sub(self.begun.elapsed())
    }

    async fn sleep_in_bound(&self, wait: Duration, what: &'static str) -> Result<(), NoProof> {
        let left = self.left();
        if left.is_zero() {
            return Err(NoProof::Waiting(what.to_owned()));
        }
        match self.on.sleep(wait.min(left)).await {
            Slept::Through => Ok(()),
            Slept::Cancelled => Err(NoProof::Interrupted),
        }
    }

    fn disproof(&self, loss: Loss) -> Problem {
        let CanaryGoal {
            migration,
            rule,
            source,
            key,
            ..
        } = self.goal;
        let message = format!(
            "rule {rule} of migration {migration} does not replicate: {} ({key} in {})",
            loss.as_str(),
            source.bucket
        );
        Problem::new(ProblemKind::Canary, message).with_hint(loss.hint())
    }

    fn receipt(
        &self,
        proof: &Proof,
        version: String,
        source: &ObjectHead,
        replica: &ObjectHead,
    ) -> CanaryReceipt {
        let goal = self.goal;
        CanaryReceipt {
            format: RECEIPT_FORMAT.to_owned(),
            s3ferry: env!("CARGO_PKG_VERSION").to_owned(),
            subject: proof.subject.0.clone(),
            role_id: proof.role_id.clone(),
            migration: goal.migration.to_string(),
            rule: goal.rule.to_string(),
            source: place(&goal.source),
            destination: place(&goal.destination),
            key: goal.key.clone(),
            version,
            size: source.size,
            same_etag: source.etag.is_some() && source.etag == replica.etag,
            proven_at: self.on.run.clock.now(),
        }
    }

    async fn versions(&self, bucket: &BucketRef) -> Result<Vec<ListedVersion>, PortError> {
        self.on.run.world.versions(bucket, &self.goal.key).await
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        self.on
            .run
            .world
            .head(bucket, &self.goal.key, version)
            .await
    }

    fn mark(&self) -> String {
        format!("{}/{}", self.goal.migration, self.goal.name())
    }

    fn note_marker(&self, version: &str) {
        let mut markers = self.markers.lock().unwrap_or_else(PoisonError::into_inner);
        markers.insert(version.to_owned());
    }

    fn is_our_marker(&self, version: &str) -> bool {
        let markers = self.markers.lock().unwrap_or_else(PoisonError::into_inner);
        markers.contains(version)
    }

    fn is_ours(&self, head: &ObjectHead) -> bool {
        head.metadata.get(CANARY_MARK) == Some(&self.mark())
    }

    fn tell(&self, progress: CanaryProgress) {
        self.on
            .reporter
            .emit(|step| RunEvent::Canary { step, progress });
    }
}

fn place(bucket: &BucketRef) -> Place {
    Place {
        account: bucket.account.to_string(),
        region: bucket.region.to_string(),
        bucket: bucket.bucket.to_string(),
    }
}

fn failed(error: PortError) -> NoProof {
    NoProof::Failed(Problem::from(&error))
}

fn stopped(stopped: Stopped) -> NoProof {
    match stopped {
        Stopped::Error(error) => failed(error),
        Stopped::Cancelled => NoProof::Interrupted,
    }
}

fn not_kept(error: &crate::ledger::LedgerError) -> Problem {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    let message = format!(
        "the rule is proven, but the receipt is not kept: failed to {error}{}",
        cause.unwrap_or_default()
    );
    Problem::new(ProblemKind::Ledger, message)
        .with_hint("make the ledger writable and run again: the rule is then proven anew")
}
