//! A prove step: an object is written under the rule, followed to its replica, and removed on both sides.
//!
//! A 200 from PutBucketReplication proves nothing (T3): KMS, role, policies and ownership are first used when an object
//! replicates, and an object that FAILED is never tried again (T4). So a canary that FAILED, or that no rule took, is
//! replaced by a fresh one while AWS may still be learning of the changes.
//!
//! ```text
//! resume, or ledger and put -> watch --replica found--> compare -> delete marker -> remove all canaries -> receipt -> done
//!    ^               |--FAILED, no rule took it, gone: fresh canary, bounded--> failed, canaries removed
//!    +---------------+--pending past the bound--> waiting, the canary stays for the next run
//! ```
//! A replica must be what the spec says of replicas, and where the rule mirrors deletes, a delete marker must arrive, too.
//! The receipt is kept after the removal: a run killed in between proves again and finds the leftovers.

mod alarm;
mod cleanup;
mod compare;
mod sweep;
mod watch;

pub(super) use alarm::prove as prove_alarms;
pub(in crate::execute) use sweep::sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use s3ferry_core::model::BucketRef;
use s3ferry_core::plan::{CanaryGoal, PlacedCanary, Proof, mark};
use tokio::time::Instant;

use crate::events::{CanaryProgress, RunEvent, millis};
use crate::ledger::{CanaryReceipt, LedgerError, Place, RECEIPT_FORMAT, ReceiptStore};
use crate::limits::{CANARY_WAITS, FRESH_CANARY_WAITS};
use crate::outcome::{How, StepResult};
use crate::ports::{
    ListedVersion, NewObject, ObjectHead, Objects, Onto, PortError, Read, Replication,
};
use crate::problem::{Problem, ProblemKind};

use crate::execute::repeat::Stopped;
use crate::execute::{Context, Slept};
use cleanup::{Cleanup, Remains, Swept};
use watch::{Arrived, Fate, Loss};

/// What S3 answers to a put that goes over nothing where something is (BC:s3 PutObject `If-None-Match`).
const TAKEN: &str = "PreconditionFailed";

/// The metadata key that marks a canary; its value is `<spec>/<migration>/<rule>`, and the key's name where it is for one.
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
    key: String,
}

/// One canary of this step, of which S3 said which version it is.
#[derive(Debug, Clone)]
struct One {
    canary: PlacedCanary,
    version: String,
}

/// A canary of this step that the ledger has.
#[derive(Debug, Clone)]
struct Held {
    canary: PlacedCanary,
    /// The version, where this run put it and S3 said so.
    version: Option<String>,
    /// Whether this run put it, or may have.
    is_new: bool,
}

struct Canary<'a, W, R> {
    goal: &'a CanaryGoal,
    on: &'a Context<'a, W, R>,
    /// Whether it is put to fail: then it is its arrival that proves nothing.
    is_to_fail: bool,
    begun: Instant,
    /// The canaries that may lie in buckets.
    held: Mutex<Vec<Held>>,
    /// The version IDs of the delete markers that this run put.
    markers: Mutex<BTreeSet<String>>,
}

/// Proves the goal.
///
/// # Guarantees
/// The ledger has each canary before it is put, and until no version of its key is left wherever rules carried it. Removes
/// every version under its keys that carries its mark, also those of killed runs; never one without it. Goes over nobody's
/// object. Ends within `canary_wait`, apart from the removal.
///
/// # Caveats
/// While it waits, the canary is an object like any other to consumers of the bucket.
pub(in crate::execute) async fn prove<W: Objects + Read, R: ReceiptStore>(
    goal: &CanaryGoal,
    on: &Context<'_, W, R>,
) -> StepResult {
    let canary = Canary::new(goal, on);
    let proven = canary.prove().await;
    canary.ended(proven)
}

impl<'a, W: Objects + Read, R: ReceiptStore> Canary<'a, W, R> {
    fn new(goal: &'a CanaryGoal, on: &'a Context<'a, W, R>) -> Self {
        let earlier = goal.earlier.iter().cloned().map(|canary| Held {
            canary,
            version: None,
            is_new: false,
        });
        Self {
            goal,
            on,
            is_to_fail: false,
            begun: Instant::now(),
            held: Mutex::new(earlier.collect()),
            markers: Mutex::default(),
        }
    }

    /// How the step ends.
    fn ended(&self, proven: Result<(), NoProof>) -> StepResult {
        let may_have_written = self.lies();
        match proven {
            Ok(()) => StepResult::Done(How::Proven),
            Err(NoProof::Failed(problem)) => StepResult::Failed {
                problem,
                may_have_written,
            },
            Err(NoProof::Waiting(what)) => StepResult::Waiting {
                what,
                waited_ms: millis(self.begun.elapsed()),
                may_have_written,
            },
            Err(NoProof::Interrupted) => StepResult::Interrupted { may_have_written },
        }
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
        let kept = self.on.run.receipts.keep(&receipt).await;
        kept.map(drop)
            .map_err(|error| NoProof::Failed(not_kept(&error)))
    }

    /// Removes the canaries of this step, wherever rules carried them; the ledger forgets those of which nothing is left.
    async fn remove(&self) -> Result<(), NoProof> {
        let mut swept = Swept::default();
        let mut removed = Ok(());
        for held in self.held() {
            let of_this = self.remove_one(&held, &mut swept).await;
            removed = removed.and(of_this);
        }
        let Swept { versions, left, .. } = swept;
        self.tell(CanaryProgress::Removed { versions, left });
        removed
    }

    async fn remove_one(&self, held: &Held, swept: &mut Swept) -> Result<(), NoProof> {
        let markers = self.markers();
        let cleanup = Cleanup {
            on: self.on,
            canary: &held.canary,
            version: held.version.as_deref(),
            markers: &markers,
            beyond: &BTreeSet::new(),
        };
        let receipts = self.on.run.receipts;
        let noted = match cleanup.run(swept).await? {
            Remains::Nothing => {
                let forgotten = receipts.forget(&held.canary).await;
                if forgotten.is_ok() {
                    self.let_go(&held.canary);
                }
                forgotten
            }
            Remains::Perhaps => Ok(()),
            Remains::Refused(why) => {
                let canary = PlacedCanary {
                    stays: Some(why),
                    ..held.canary.clone()
                };
                receipts.place(&canary).await
            }
        };
        noted.map_err(|error| NoProof::Failed(not_noted(&error)))
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
            let (one, put_after) = match next.take() {
                Some(resumed) => (resumed, Duration::ZERO),
                None => {
                    attempt += 1;
                    let put_after = self.begun.elapsed();
                    (self.put(attempt).await?, put_after)
                }
            };
            let loss = match self.watch(&one).await? {
                Fate::Arrived(arrived) => {
                    let Arrived { source, replica } = *arrived;
                    self.compare(&one, &source, &replica).await?;
                    if self.goal.mirrors {
                        self.mirror(&one).await?;
                    }
                    let same_etag = source.etag.is_some() && source.etag == replica.etag;
                    return Ok(self.receipt(proof, one, source.size, same_etag));
                }
                Fate::Lost(loss) => loss,
            };
            let (key, version) = (one.canary.key.clone(), one.version);
            let why = loss.as_str().to_owned();
            self.tell(CanaryProgress::Abandoned { version, why });
            let lost = Lost {
                loss,
                put_after,
                key,
            };
            self.wait_for_fresh(&lost, attempt).await?;
        }
    }

    /// A canary of the same subject that an earlier run left on its way.
    async fn resume(&self) -> Result<Option<One>, NoProof> {
        for canary in &self.goal.earlier {
            if let Some(version) = self.usable(canary).await? {
                self.tell(CanaryProgress::Resumed {
                    version: version.clone(),
                });
                let canary = canary.clone();
                return Ok(Some(One { canary, version }));
            }
        }
        Ok(None)
    }

    /// The version of an earlier canary that can still prove something.
    async fn usable(&self, canary: &PlacedCanary) -> Result<Option<String>, NoProof> {
        let (source, key) = (&self.goal.source, &canary.key);
        for listed in self.versions(source, key).await.map_err(failed)? {
            let ListedVersion {
                version,
                is_delete_marker: false,
                owner: _,
            } = listed
            else {
                continue;
            };
            let head = self.head(source, key, &version).await.map_err(failed)?;
            let Some(head) = head.filter(|head| self.is_ours(head)) else {
                continue;
            };
            let one = One {
                canary: canary.clone(),
                version,
            };
            let usable = match head.replication {
                Replication::Pending => true,
                Replication::Completed => self.replica(&one).await.map_err(failed)?.is_some(),
                Replication::NotEligible
                | Replication::Failed
                | Replication::Replica
                | Replication::Other(_) => false,
            };
            if usable {
                return Ok(Some(one.version));
            }
        }
        Ok(None)
    }

    /// Puts a canary, which the ledger has before.
    async fn put(&self, attempt: u32) -> Result<One, NoProof> {
        if self.on.run.cancel.is_cancelled() {
            return Err(NoProof::Interrupted);
        }
        self.look_at_rules().await?;
        let canary = self.goal.placed(self.on.run.id, attempt);
        let noted = self.on.run.receipts.place(&canary).await;
        noted.map_err(|error| NoProof::Failed(not_noted(&error)))?;
        self.hold(&canary, None);
        let object = self.object(&canary);
        let version = match self.on.repeat(|| self.on.run.world.put(&object)).await {
            Ok(version) => version,
            Err(Stopped::Error(error)) if error.code == TAKEN => {
                // Nobody but this run writes under this key: it was, in an answer that was lost.
                self.find(&canary).await?.ok_or_else(|| failed(error))?
            }
            Err(other) => return Err(stopped(other)),
        };
        self.hold(&canary, Some(&version));
        self.tell(CanaryProgress::Put {
            version: version.clone(),
            attempt,
        });
        Ok(One { canary, version })
    }

    /// The rules may have changed since the plan: another one of them must neither carry the canary to where nobody would
    /// remove it, nor to its destination in the place of its own.
    async fn look_at_rules(&self) -> Result<(), NoProof> {
        let rules = self.goal.carried_by();
        let read = self.on.repeat(|| self.on.run.world.read(&rules)).await;
        let live = read.map_err(stopped)?;
        self.goal.in_the_way(live.as_ref()).map_or(Ok(()), |what| {
            let message = format!("{what}, which the plan did not know; no canary was put");
            let problem = Problem::new(ProblemKind::Canary, message)
                .with_hint("plan again and review what other rules do to canaries");
            Err(NoProof::Failed(problem))
        })
    }

    /// The version of a canary of this run of which no answer came.
    async fn find(&self, canary: &PlacedCanary) -> Result<Option<String>, NoProof> {
        let (source, key) = (&self.goal.source, &canary.key);
        for listed in self.versions(source, key).await.map_err(failed)? {
            if listed.is_delete_marker {
                continue;
            }
            let head = self.head(source, key, &listed.version).await;
            if head
                .map_err(failed)?
                .is_some_and(|head| self.is_ours(&head))
            {
                return Ok(Some(listed.version));
            }
        }
        Ok(None)
    }

    fn object(&self, canary: &PlacedCanary) -> NewObject {
        let goal = self.goal;
        let what = if self.is_to_fail {
            format!("what fails in migration {} is told", goal.migration)
        } else {
            format!(
                "rule {} of migration {} replicates",
                goal.rule, goal.migration
            )
        };
        let body = format!("s3ferry wrote this object to prove that {what}. It will be removed.\n");
        NewObject {
            bucket: goal.source.clone(),
            key: canary.key.clone(),
            body: body.into_bytes(),
            tags: goal.tags.clone(),
            metadata: BTreeMap::from([
                (CANARY_MARK.to_owned(), canary.mark()),
                (CANARY_SUBJECT.to_owned(), goal.subject.0.clone()),
            ]),
            encryption: goal.encryption.clone(),
            onto: Onto::Nothing,
        }
    }

    /// Waits before a fresh canary; an error where the lost one had its fair chance: it was put when every change of this
    /// run must have reached all of AWS.
    async fn wait_for_fresh(&self, lost: &Lost, attempt: u32) -> Result<(), NoProof> {
        let limits = self.on.run.limits;
        let bound = match lost.loss {
            Loss::Failed | Loss::Replicated => limits.propagation,
            Loss::Untaken | Loss::Elsewhere | Loss::Gone => limits.effective,
        };
        if lost.put_after >= bound {
            return Err(NoProof::Failed(self.disproof(lost)));
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
            let told = self.disproof(lost).with_hint(if self.on.after_writes {
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

    fn disproof(&self, lost: &Lost) -> Problem {
        let CanaryGoal {
            migration,
            rule,
            source,
            ..
        } = self.goal;
        let Lost { loss, key, .. } = lost;
        let what = if self.is_to_fail {
            format!("the alarms of migration {migration} are not proven")
        } else {
            format!("rule {rule} of migration {migration} does not replicate")
        };
        let message = format!("{what}: {} ({key} in {})", loss.as_str(), source.bucket);
        Problem::new(ProblemKind::Canary, message).with_hint(loss.hint())
    }

    /// That an object of this size proves the goal, and whether its replica has the same ETag.
    fn receipt(&self, proof: &Proof, one: One, size: u64, same_etag: bool) -> CanaryReceipt {
        let goal = self.goal;
        CanaryReceipt {
            format: RECEIPT_FORMAT.to_owned(),
            s3ferry: env!("CARGO_PKG_VERSION").to_owned(),
            subject: proof.subject.0.clone(),
            role_id: proof.role_id.clone(),
            spec: Some(goal.spec.to_string()),
            migration: goal.migration.to_string(),
            rule: goal.rule.to_string(),
            source: Place::of(&goal.source),
            destination: Place::of(&goal.destination),
            key: one.canary.key,
            version: one.version,
            size,
            same_etag,
            alarm: None,
            proven_at: self.on.run.clock.now(),
        }
    }

    async fn versions(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> Result<Vec<ListedVersion>, PortError> {
        self.on.run.world.versions(bucket, key).await
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        self.on.run.world.head(bucket, key, version).await
    }

    /// Holds a canary that is about to be put, or that was put as a version.
    fn hold(&self, canary: &PlacedCanary, version: Option<&str>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|of| of.canary.key != canary.key);
        held.push(Held {
            canary: canary.clone(),
            version: version.map(ToOwned::to_owned),
            is_new: true,
        });
    }

    fn let_go(&self, canary: &PlacedCanary) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|of| of.canary.key != canary.key);
    }

    fn held(&self) -> Vec<Held> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    /// Whether a canary that this run put may lie in a bucket.
    fn lies(&self) -> bool {
        self.held().iter().any(|held| held.is_new)
    }

    fn note_marker(&self, version: &str) {
        let mut markers = self.markers.lock().unwrap_or_else(PoisonError::into_inner);
        markers.insert(version.to_owned());
    }

    fn markers(&self) -> BTreeSet<String> {
        let markers = self.markers.lock().unwrap_or_else(PoisonError::into_inner);
        markers.clone()
    }

    fn is_ours(&self, head: &ObjectHead) -> bool {
        let mark = mark(&self.goal.spec, &self.goal.migration, &self.goal.name());
        head.metadata.get(CANARY_MARK) == Some(&mark)
    }

    fn tell(&self, progress: CanaryProgress) {
        self.on
            .reporter
            .emit(|step| RunEvent::Canary { step, progress });
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

fn not_noted(error: &LedgerError) -> Problem {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    let message = format!(
        "the ledger does not keep where canaries lie: failed to {error}{}",
        cause.unwrap_or_default()
    );
    Problem::new(ProblemKind::Ledger, message)
        .with_hint("make the ledger writable and run again: no canary is put without it")
}

fn not_kept(error: &LedgerError) -> Problem {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    let message = format!(
        "the rule is proven, but the receipt is not kept: failed to {error}{}",
        cause.unwrap_or_default()
    );
    Problem::new(ProblemKind::Ledger, message)
        .with_hint("make the ledger writable and run again: the rule is then proven anew")
}
