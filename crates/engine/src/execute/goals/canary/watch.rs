//! Following one canary, until its replica is found or it cannot prove anything any more.

use std::time::Duration;

use s3ferry_core::model::BucketRef;
use tokio::time::Instant;

use crate::events::{CanaryProgress, millis};
use crate::execute::repeat::passes;
use crate::ledger::ReceiptStore;
use crate::limits::CANARY_WAITS;
use crate::ports::{ObjectHead, Objects, PortError, Read, Replication};

use super::{Canary, NoProof, One, failed};

/// How long a canary may be without a replication status before no rule is taken to have matched.
///
/// 10 s: an object that a rule takes shows PENDING from its put on (UG:replication-status); unverified: how exactly that
/// holds. Replacing a canary costs one small object.
const UNTAKEN: Duration = Duration::from_secs(10);

/// What became of one canary.
pub(super) enum Fate {
    /// Its replica was found.
    Arrived(Box<Arrived>),
    /// It cannot prove anything any more.
    Lost(Loss),
}

/// A canary and its replica.
pub(super) struct Arrived {
    pub(super) source: ObjectHead,
    pub(super) replica: ObjectHead,
}

/// Why a canary cannot prove anything any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    Failed,
    Untaken,
    Elsewhere,
    Gone,
    /// It was to fail.
    Replicated,
}

/// What one look at a canary tells.
enum Look {
    /// Its fate.
    Known(Fate),
    /// Nothing yet; what is waited for.
    Again(&'static str),
}

/// What was seen of one canary so far.
struct Seen {
    begun: Instant,
    /// Since when its status says COMPLETED.
    completed: Option<Instant>,
    told_pending: bool,
}

impl<W: Objects + Read, R: ReceiptStore> Canary<'_, W, R> {
    /// Looks at one canary until its fate is known.
    pub(super) async fn watch(&self, one: &One) -> Result<Fate, NoProof> {
        let mut seen = Seen {
            begun: Instant::now(),
            completed: None,
            told_pending: false,
        };
        let mut looks: u32 = 0;
        loop {
            let what = match self.look(one, &mut seen).await? {
                Look::Known(fate) => return Ok(fate),
                Look::Again(what) => what,
            };
            looks = looks.saturating_add(1);
            let wait = CANARY_WAITS.after(looks, self.on.seed());
            self.sleep_in_bound(wait, what).await?;
        }
    }

    async fn look(&self, one: &One, seen: &mut Seen) -> Result<Look, NoProof> {
        let (source, key) = (&self.goal.source, &one.canary.key);
        let source = match self.head(source, key, &one.version).await {
            Ok(Some(source)) => source,
            Ok(None) if self.is_listed(source, one).await? => {
                return Ok(Look::Again("S3 to answer for the canary"));
            }
            Ok(None) => return Ok(Look::Known(Fate::Lost(Loss::Gone))),
            Err(error) if passes(&error, self.on.run.limits) => {
                return Ok(Look::Again("an answer about the canary"));
            }
            Err(error) => return Err(failed(error)),
        };
        // FAILED may be another rule's: the status is one for all destinations (domain reference §4.4).
        let is_over = matches!(
            source.replication,
            Replication::Completed | Replication::Failed
        );
        if is_over && let Some(replica) = self.replica(one).await.map_err(failed)? {
            return Ok(self.arrived(&one.version, seen, source, replica));
        }
        if source.replication == Replication::Pending && !seen.told_pending {
            seen.told_pending = true;
            let version = one.version.clone();
            self.tell(CanaryProgress::Pending { version });
        }
        match self.judge(&source.replication, seen) {
            Look::Known(Fate::Lost(Loss::Elsewhere)) if self.is_unseen(one).await? => {
                Ok(Look::Again("S3 to answer for the replica"))
            }
            judged => Ok(judged),
        }
    }

    /// Whether the destination lists the version and answers nothing for it.
    async fn is_unseen(&self, one: &One) -> Result<bool, NoProof> {
        let destination = &self.goal.destination;
        let head = self.head(destination, &one.canary.key, &one.version).await;
        let head = head.map_err(failed)?;
        Ok(head.is_none() && self.is_listed(destination, one).await?)
    }

    /// Whether a version is listed that S3 says is not there: for a while after a bucket was first versioned, reads may answer
    /// 404 for what is (BC:s3 PutBucketVersioning).
    async fn is_listed(&self, bucket: &BucketRef, one: &One) -> Result<bool, NoProof> {
        match self.versions(bucket, &one.canary.key).await {
            Ok(listed) => Ok(listed.iter().any(|listed| listed.version == one.version)),
            Err(error) if passes(&error, self.on.run.limits) => Ok(true),
            Err(error) => Err(failed(error)),
        }
    }

    /// What the status says of a canary whose replica is not found.
    fn judge(&self, status: &Replication, seen: &mut Seen) -> Look {
        let lost = |loss| Look::Known(Fate::Lost(loss));
        match status {
            Replication::Failed => lost(Loss::Failed),
            Replication::NotEligible if seen.begun.elapsed() >= UNTAKEN => lost(Loss::Untaken),
            Replication::NotEligible => Look::Again("a rule to take the canary"),
            Replication::Completed => {
                let since = *seen.completed.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.on.run.limits.settle {
                    lost(Loss::Elsewhere)
                } else {
                    Look::Again("the replica to be seen")
                }
            }
            Replication::Pending | Replication::Replica | Replication::Other(_) => {
                Look::Again("the canary to be replicated")
            }
        }
    }

    fn arrived(&self, version: &str, seen: &Seen, source: ObjectHead, replica: ObjectHead) -> Look {
        self.tell(CanaryProgress::Arrived {
            version: version.to_owned(),
            took_ms: millis(seen.begun.elapsed()),
        });
        Look::Known(Fate::Arrived(Box::new(Arrived { source, replica })))
    }

    /// The replica at the destination: the same version, a replica, carrying our mark.
    pub(super) async fn replica(&self, one: &One) -> Result<Option<ObjectHead>, PortError> {
        let destination = &self.goal.destination;
        let head = self.head(destination, &one.canary.key, &one.version).await;
        let is_replica =
            |head: &ObjectHead| head.replication == Replication::Replica && self.is_ours(head);
        match head {
            Ok(head) => Ok(head.filter(is_replica)),
            Err(error) if passes(&error, self.on.run.limits) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Loss {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "S3 gave the canary the status FAILED",
            Self::Untaken => "no rule took the canary",
            Self::Elsewhere => "S3 says the canary is replicated and it is not in the destination",
            Self::Gone => "somebody removed the canary",
            Self::Replicated => {
                "the object that was to fail was replicated, although the role's policy denies it"
            }
        }
    }

    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Failed => {
                "the usual causes: the role's trust or policy, the destination's bucket policy, KMS key policies, an \
                 organisation's service control policy"
            }
            Self::Untaken => {
                "the rule is disabled, its filter does not match the canary, or the object is encrypted with SSE-KMS and \
                 the rule does not select such objects"
            }
            Self::Elsewhere => {
                "another rule may have taken it to another bucket; look at the rules' priorities and destinations"
            }
            Self::Replicated => {
                "somebody took the Deny out of the role's policy while the proof was under way, or AWS had not learnt of it \
                 yet: run again"
            }
            Self::Gone => "a lifecycle rule or another tool removes objects under this prefix",
        }
    }
}
