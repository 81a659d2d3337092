//! A prove step: an object is written under the rule, followed to its replica, and removed on both sides.
//!
//! A 200 from PutBucketReplication proves nothing (T3): KMS, role, policies and ownership are first used when an object
//! replicates, and an object that FAILED is never tried again (T4). So a canary that FAILED, or that no rule took, is
//! replaced by a fresh one while AWS may still be learning of the changes.
//!
//! ```text
//! resume or put -> watch --replica found--> remove all canaries -> receipt -> done
//!    ^               |--FAILED, no rule took it, gone: fresh canary, bounded--> failed, canaries removed
//!    +---------------+--pending past the bound--> waiting, the canary stays for the next run
//! ```
//! The receipt is kept after the removal: a run killed in between proves again and finds the leftovers.

use std::collections::BTreeMap;
use std::time::Duration;

use s3ferry_core::model::BucketRef;
use s3ferry_core::plan::CanaryGoal;
use tokio::time::Instant;

use crate::events::{CanaryProgress, How, LeftVersion, Problem, ProblemKind, RunEvent, millis};
use crate::ledger::{CanaryReceipt, Place, RECEIPT_FORMAT, ReceiptStore};
use crate::limits::{CANARY_WAITS, FRESH_CANARY_WAITS};
use crate::outcome::StepResult;
use crate::ports::{Class, NewObject, ObjectHead, Objects, PortError, Replication};

use super::repeat::{Stopped, passes};
use super::{Context, Slept};

/// The metadata key that marks a canary; its value is `<migration>/<rule>`.
pub const CANARY_MARK: &str = "s3ferry-canary";

/// The metadata key of what a canary would prove; a later run follows a canary of the same subject.
pub const CANARY_SUBJECT: &str = "s3ferry-subject";

/// How long a canary may be without a replication status before no rule is taken to have matched.
///
/// 10 s: an object that a rule takes shows PENDING from its put on (UG:replication-status); unverified: how exactly that
/// holds. Replacing a canary costs one small object.
const UNTAKEN: Duration = Duration::from_secs(10);

/// Why a step has no proof.
enum NoProof {
    /// It went wrong.
    Failed(Problem),
    /// S3 is still at work.
    Waiting(&'static str),
    /// The run was asked to stop.
    Interrupted,
}

/// What became of one canary.
enum Fate {
    /// Its replica was found.
    Arrived {
        source: ObjectHead,
        replica: ObjectHead,
    },
    /// It cannot prove anything any more.
    Lost(Loss),
}

/// Why a canary cannot prove anything any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Failed,
    Untaken,
    Elsewhere,
    Gone,
}

/// What a removal did.
#[derive(Debug, Default)]
struct Swept {
    versions: u64,
    left: Vec<LeftVersion>,
}

impl Swept {
    fn leave(&mut self, bucket: &BucketRef, key: &str, version: &str, why: String) {
        self.left.push(LeftVersion {
            bucket: bucket.bucket.to_string(),
            key: key.to_owned(),
            version: version.to_owned(),
            why,
        });
    }

    /// The answer, or nothing where the caller is not allowed to ask; then the version stays and is named.
    fn allowed<T>(
        &mut self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
        answer: Result<T, Stopped>,
    ) -> Result<Option<T>, NoProof> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(Stopped::Error(error))
                if matches!(error.class, Class::Denied | Class::Rejected) =>
            {
                self.leave(bucket, key, version, error.to_string());
                Ok(None)
            }
            Err(other) => Err(stopped(other)),
        }
    }
}

struct Canary<'a, W, R> {
    goal: &'a CanaryGoal,
    on: &'a Context<'a, W, R>,
    begun: Instant,
}

/// Proves the goal.
///
/// # Guarantees
/// Removes every version of the key that carries this rule's mark, on both sides, also those of killed runs; never one
/// without it. Ends within `canary_wait`, apart from the removal.
///
/// # Caveats
/// While it waits, the canary is an object like any other to consumers of the bucket.
pub(super) async fn prove<W: Objects, R: ReceiptStore>(
    goal: &CanaryGoal,
    on: &Context<'_, W, R>,
) -> StepResult {
    let canary = Canary {
        goal,
        on,
        begun: Instant::now(),
    };
    match canary.prove().await {
        Ok(()) => StepResult::Done(How::Proven),
        Err(NoProof::Failed(problem)) => StepResult::Failed {
            problem,
            may_have_written: false,
        },
        Err(NoProof::Waiting(what)) => StepResult::Waiting {
            what: what.to_owned(),
            waited_ms: millis(canary.begun.elapsed()),
        },
        Err(NoProof::Interrupted) => StepResult::Interrupted {
            may_have_written: false,
        },
    }
}

impl<W: Objects, R: ReceiptStore> Canary<'_, W, R> {
    async fn prove(&self) -> Result<(), NoProof> {
        let receipt = match self.arrive().await {
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

    /// Follows canaries, one after the other, until one arrives.
    async fn arrive(&self) -> Result<CanaryReceipt, NoProof> {
        let mut resumed = self.resume().await?;
        let mut attempt = 0;
        loop {
            let version = match resumed.take() {
                Some(version) => version,
                None => {
                    attempt += 1;
                    self.put(attempt).await?
                }
            };
            match self.watch(&version).await? {
                Fate::Arrived { source, replica } => {
                    return Ok(self.receipt(version, &source, &replica));
                }
                Fate::Lost(loss) => {
                    self.tell(CanaryProgress::Abandoned {
                        version,
                        why: loss.as_str().to_owned(),
                    });
                    self.wait_for_fresh(loss, attempt).await?;
                }
            }
        }
    }

    /// A canary of the same subject that an earlier run left on its way.
    async fn resume(&self) -> Result<Option<String>, NoProof> {
        let source = &self.goal.source;
        for version in self.versions(source).await.map_err(failed)? {
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
            kms_key: goal.kms_key.clone(),
        }
    }

    /// Looks at one canary until its fate is known.
    async fn watch(&self, version: &str) -> Result<Fate, NoProof> {
        let begun = Instant::now();
        let mut completed = None;
        let mut told_pending = false;
        for look in 1_u32.. {
            let waiting = match self.head(&self.goal.source, version).await {
                Err(error) if passes(&error, self.on.run.limits) => "an answer about the canary",
                Err(error) => return Err(failed(error)),
                Ok(None) => return Ok(Fate::Lost(Loss::Gone)),
                Ok(Some(source)) => {
                    let status = source.replication.clone();
                    // FAILED may be another rule's: the status is one for all destinations (domain reference §4.4).
                    if matches!(status, Replication::Completed | Replication::Failed)
                        && let Some(replica) = self.replica(version).await.map_err(failed)?
                    {
                        return self.arrived(version, begun, source, replica);
                    }
                    match status {
                        Replication::Failed => return Ok(Fate::Lost(Loss::Failed)),
                        Replication::NotEligible if begun.elapsed() >= UNTAKEN => {
                            return Ok(Fate::Lost(Loss::Untaken));
                        }
                        Replication::NotEligible => "a rule to take the canary",
                        Replication::Completed => {
                            let since: Instant = *completed.get_or_insert_with(Instant::now);
                            if since.elapsed() >= self.on.run.limits.settle {
                                return Ok(Fate::Lost(Loss::Elsewhere));
                            }
                            "the replica to be seen"
                        }
                        Replication::Pending | Replication::Replica | Replication::Other(_) => {
                            if !std::mem::replace(&mut told_pending, true) {
                                self.tell(CanaryProgress::Pending {
                                    version: version.to_owned(),
                                });
                            }
                            "the canary to be replicated"
                        }
                    }
                }
            };
            self.sleep_in_bound(CANARY_WAITS.after(look, self.on.seed()), waiting)
                .await?;
        }
        Err(NoProof::Waiting("the canary to be replicated"))
    }

    fn arrived(
        &self,
        version: &str,
        begun: Instant,
        source: ObjectHead,
        replica: ObjectHead,
    ) -> Result<Fate, NoProof> {
        if source.size != replica.size {
            let message = format!(
                "the replica of {} has {} bytes and the canary {}",
                self.goal.key, replica.size, source.size
            );
            return Err(NoProof::Failed(Problem::new(ProblemKind::Canary, message)));
        }
        self.tell(CanaryProgress::Arrived {
            version: version.to_owned(),
            took_ms: millis(begun.elapsed()),
        });
        Ok(Fate::Arrived { source, replica })
    }

    /// The replica at the destination: the same version, a replica, carrying our mark.
    async fn replica(&self, version: &str) -> Result<Option<ObjectHead>, PortError> {
        let head = self.head(&self.goal.destination, version).await;
        let replica =
            |head: &ObjectHead| head.replication == Replication::Replica && self.is_ours(head);
        match head {
            Ok(head) => Ok(head.filter(replica)),
            Err(error) if passes(&error, self.on.run.limits) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits before a fresh canary, while changes may still be on their way through AWS.
    async fn wait_for_fresh(&self, loss: Loss, attempt: u32) -> Result<(), NoProof> {
        let limits = self.on.run.limits;
        let bound = match loss {
            Loss::Failed => limits.propagation,
            Loss::Untaken | Loss::Elsewhere | Loss::Gone => limits.effective,
        };
        let wait = FRESH_CANARY_WAITS.after(attempt, self.on.seed());
        if self.begun.elapsed() + wait > bound {
            return Err(NoProof::Failed(self.disproof(loss)));
        }
        self.sleep_in_bound(wait, "the changes to take effect")
            .await
    }

    async fn sleep_in_bound(&self, wait: Duration, what: &'static str) -> Result<(), NoProof> {
        let left = self
            .on
            .run
            .limits
            .canary_wait
            .saturating_sub(self.begun.elapsed());
        if left.is_zero() {
            return Err(NoProof::Waiting(what));
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

    fn receipt(&self, version: String, source: &ObjectHead, replica: &ObjectHead) -> CanaryReceipt {
        let goal = self.goal;
        CanaryReceipt {
            format: RECEIPT_FORMAT.to_owned(),
            s3ferry: env!("CARGO_PKG_VERSION").to_owned(),
            subject: goal.subject.0.clone(),
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

    /// Removes our canaries, the source first: a replica without its source is found by the next run all the same,
    /// while a source without its replica would be taken for one that is still on its way.
    ///
    /// What the caller is not allowed to remove stays and is named. Any other obstacle is an error: without a receipt, the
    /// next run comes by again.
    async fn remove(&self) -> Result<(), NoProof> {
        let mut swept = Swept::default();
        let source = self.sweep(&self.goal.source, &mut swept).await;
        let destination = self.sweep(&self.goal.destination, &mut swept).await;
        let Swept { versions, left } = swept;
        self.tell(CanaryProgress::Removed { versions, left });
        source.and(destination)
    }

    async fn sweep(&self, bucket: &BucketRef, swept: &mut Swept) -> Result<(), NoProof> {
        let world = self.on.run.world;
        let key = &self.goal.key;
        let list = || world.versions(bucket, key);
        let all = self.on.repeat(list).await;
        let Some(all) = swept.allowed(bucket, key, "", all)? else {
            return Ok(());
        };
        for version in &all {
            let look = || world.head(bucket, key, version);
            let head = self.on.repeat(look).await;
            let why = match swept.allowed(bucket, key, version, head)? {
                Some(Some(head)) if self.is_ours(&head) => {
                    let remove = || world.delete(bucket, key, version);
                    let removed = self.on.repeat(remove).await;
                    let removed = swept.allowed(bucket, key, version, removed)?;
                    swept.versions += u64::from(removed.is_some());
                    continue;
                }
                Some(Some(_)) => "not a canary of this rule",
                Some(None) => "a delete marker, or gone meanwhile",
                None => continue,
            };
            swept.leave(bucket, key, version, why.to_owned());
        }
        Ok(())
    }

    async fn versions(&self, bucket: &BucketRef) -> Result<Vec<String>, PortError> {
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
        format!("{}/{}", self.goal.migration, self.goal.rule)
    }

    fn is_ours(&self, head: &ObjectHead) -> bool {
        head.metadata.get(CANARY_MARK) == Some(&self.mark())
    }

    fn tell(&self, progress: CanaryProgress) {
        self.on
            .teller
            .tell(|step| RunEvent::Canary { step, progress });
    }
}

impl Loss {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "S3 gave the canary the status FAILED",
            Self::Untaken => "no rule took the canary",
            Self::Elsewhere => "S3 says the canary is replicated and it is not in the destination",
            Self::Gone => "somebody removed the canary",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::Failed => {
                "`s3ferry doctor` names missing grants; usual causes: the role's trust or policy, the destination's bucket \
                 policy, KMS key policies, an organisation's service control policy"
            }
            Self::Untaken => {
                "the rule is disabled, its filter does not match the canary, or the object is encrypted with SSE-KMS and \
                 the rule does not select such objects"
            }
            Self::Elsewhere => {
                "another rule may have taken it to another bucket; look at the rules' priorities and destinations"
            }
            Self::Gone => "a lifecycle rule or another tool removes objects under this prefix",
        }
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
