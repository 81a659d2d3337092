//! A proof of alarms: objects that are put to fail, as canaries are put to arrive, until the alarm on their failures is raised.
//!
//! ```text
//! resume, or put all at once -> watch each --FAILED--> watch the alarm --ALARM--> remove all -> receipt -> done
//!                                  |                     |--another one, gone: failed, objects removed
//!                                  |                     +--not raised in time: waiting, the objects stay for the next run;
//!                                  |                                            failed where that run saw them FAILED from its start
//!                                  +--replicated, no rule took it: fresh object, bounded --> failed, objects removed
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use s3ferry_core::plan::{AlarmGoal, Heard, PlacedCanary, Proof};
use tokio::time::Instant;

use crate::events::CanaryProgress;
use crate::execute::{Context, Slept};
use crate::ledger::{CanaryReceipt, ReceiptStore};
use crate::limits::CANARY_WAITS;
use crate::outcome::StepResult;
use crate::ports::{Objects, Read, Replication};
use crate::problem::{Problem, ProblemKind};

use super::watch::{Fate, Loss};
use super::{Canary, Lost, NoProof, One, failed, not_kept, stopped};

/// What the objects of a step have become.
struct Failures {
    ones: Vec<One>,
    /// Whether all of them had failed when this run came: then CloudWatch has had the time of a run before.
    are_old: bool,
}

struct Alarmed<'a, W, R> {
    goal: &'a AlarmGoal,
    canary: &'a Canary<'a, W, R>,
    /// How many objects this run put.
    puts: AtomicU32,
}

/// Proves the alarms.
///
/// # Guarantees
/// Those of [`super::prove`] for each object. Ends within twice `canary_wait`, apart from the removal.
pub(in crate::execute::goals) async fn prove<W: Objects + Read, R: ReceiptStore>(
    goal: &AlarmGoal,
    on: &Context<'_, W, R>,
) -> StepResult {
    let mut canary = Canary::new(&goal.canary, on);
    canary.is_to_fail = true;
    let alarmed = Alarmed {
        goal,
        canary: &canary,
        puts: AtomicU32::new(0),
    };
    let proven = alarmed.prove().await;
    canary.ended(proven)
}

impl<W: Objects + Read, R: ReceiptStore> Alarmed<'_, W, R> {
    async fn prove(&self) -> Result<(), NoProof> {
        let proof = self.canary.principal().await?;
        let receipt = match self.raise(&proof).await {
            Ok(receipt) => receipt,
            Err(NoProof::Failed(problem)) => {
                // The first problem is the one to tell; what stays is named by the removal.
                let _also = self.canary.remove().await;
                return Err(NoProof::Failed(problem));
            }
            Err(other) => return Err(other),
        };
        self.canary.remove().await?;
        let kept = self.canary.on.run.receipts.keep(&receipt).await;
        kept.map(drop)
            .map_err(|error| NoProof::Failed(not_kept(&error)))
    }

    async fn raise(&self, proof: &Proof) -> Result<CanaryReceipt, NoProof> {
        let failures = match self.resume().await? {
            Some(failures) => failures,
            None => self.fail().await?,
        };
        self.watch_alarm(&failures).await?;
        let one = failures.ones.into_iter().next();
        let one = one.ok_or_else(|| self.failure("no object failed".to_owned(), SILENT))?;
        Ok(self.receipt(proof, one))
    }

    /// The objects of an earlier run, where it put as many as must fail together, under an alarm that was there when they failed.
    async fn resume(&self) -> Result<Option<Failures>, NoProof> {
        if !self.goal.is_up {
            return Ok(None);
        }
        let (mut ones, mut are_old) = (Vec::new(), true);
        for canary in &self.goal.canary.earlier {
            if let Some((one, has_failed)) = self.usable(canary).await? {
                ones.push(one);
                are_old &= has_failed;
            }
        }
        if ones.len() < self.objects() {
            return Ok(None);
        }
        for one in &ones {
            let version = one.version.clone();
            self.canary.tell(CanaryProgress::Resumed { version });
        }
        let ones = self.see_fail(ones, Duration::ZERO).await?;
        Ok(Some(Failures { ones, are_old }))
    }

    /// An object of an earlier run that failed, or that S3 is at work on.
    async fn usable(&self, canary: &PlacedCanary) -> Result<Option<(One, bool)>, NoProof> {
        let (source, key) = (&self.goal.canary.source, &canary.key);
        for listed in self.canary.versions(source, key).await.map_err(failed)? {
            let head = self.canary.head(source, key, &listed.version).await;
            let head = head.map_err(failed)?;
            let Some(head) = head.filter(|head| self.canary.is_ours(head)) else {
                continue;
            };
            let has_failed = match head.replication {
                Replication::Failed => true,
                Replication::Pending => false,
                Replication::NotEligible
                | Replication::Completed
                | Replication::Replica
                | Replication::Other(_) => continue,
            };
            let (canary, version) = (canary.clone(), listed.version);
            return Ok(Some((One { canary, version }, has_failed)));
        }
        Ok(None)
    }

    /// Puts the objects, all before the first is followed: they count together only within one period of the alarm.
    async fn fail(&self) -> Result<Failures, NoProof> {
        if !self.goal.is_up {
            self.must_be_quiet().await?;
        }
        let put_after = self.canary.begun.elapsed();
        let mut ones = Vec::new();
        while ones.len() < self.objects() {
            ones.push(self.put().await?);
        }
        let ones = self.see_fail(ones, put_after).await?;
        let are_old = false;
        Ok(Failures { ones, are_old })
    }

    /// An alarm that this run put up and that is raised before anything failed proves nothing: somebody had changed what it says,
    /// and its state has stayed. One that was there may be raised by the objects of a run that was killed.
    async fn must_be_quiet(&self) -> Result<(), NoProof> {
        let (on, alarm) = (self.canary.on, self.goal.watched());
        let read = on.repeat(|| on.run.world.read(&alarm)).await;
        if self.goal.hears(read.map_err(stopped)?.as_ref()) != Heard::Raised {
            return Ok(());
        }
        Err(self.failure(
            "it was raised before an object had failed".to_owned(),
            "somebody had changed it, and its state has stayed: delete the alarm and run again, which puts it up anew",
        ))
    }

    async fn put(&self) -> Result<One, NoProof> {
        let before = self.puts.fetch_add(1, Ordering::Relaxed);
        self.canary.put(before.saturating_add(1)).await
    }

    async fn see_fail(&self, ones: Vec<One>, put_after: Duration) -> Result<Vec<One>, NoProof> {
        let mut seen = Vec::new();
        for one in ones {
            seen.push(self.see_one_fail(one, put_after).await?);
        }
        Ok(seen)
    }

    /// Follows one object, and those in its place, until one fails.
    async fn see_one_fail(&self, mut one: One, mut put_after: Duration) -> Result<One, NoProof> {
        let mut again = 0;
        loop {
            let loss = match self.canary.watch(&one).await? {
                Fate::Lost(Loss::Failed) => return Ok(one),
                // The role may do what the policy of before let it, until AWS has learnt of the Deny.
                Fate::Arrived(_) => Loss::Replicated,
                Fate::Lost(loss) => loss,
            };
            let (key, version) = (one.canary.key, one.version);
            let why = loss.as_str().to_owned();
            self.canary.tell(CanaryProgress::Abandoned { version, why });
            again += 1;
            let lost = Lost {
                loss,
                put_after,
                key,
            };
            self.canary.wait_for_fresh(&lost, again).await?;
            put_after = self.canary.begun.elapsed();
            one = self.put().await?;
        }
    }

    /// Looks at the alarm until it is raised.
    async fn watch_alarm(&self, failures: &Failures) -> Result<(), NoProof> {
        let on = self.canary.on;
        let limits = on.run.limits;
        let begun = Instant::now();
        let mut looks: u32 = 0;
        let mut told = String::new();
        loop {
            let alarm = self.goal.watched();
            let read = on.repeat(|| on.run.world.read(&alarm)).await;
            let state = match self.goal.hears(read.map_err(stopped)?.as_ref()) {
                Heard::Raised => return Ok(()),
                // It was just put up, and answers to reads may be old.
                Heard::Nothing if begun.elapsed() < limits.settle => "not there".to_owned(),
                Heard::Quiet(state) => state,
                unsound @ (Heard::Nothing | Heard::Silenced | Heard::Another) => {
                    return Err(self.unsound(&unsound));
                }
            };
            if told != state {
                let alarm = self.goal.alarm_name().to_string();
                told.clone_from(&state);
                let is = state.clone();
                self.canary.tell(CanaryProgress::Listening { alarm, is });
            }
            let left = limits.canary_wait.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(self.not_raised(&state, failures));
            }
            looks = looks.saturating_add(1);
            let wait = CANARY_WAITS.after(looks, on.seed()).min(left);
            if on.sleep(wait).await == Slept::Cancelled {
                return Err(NoProof::Interrupted);
            }
        }
    }

    fn unsound(&self, heard: &Heard) -> NoProof {
        let (what, hint) = match heard {
            Heard::Silenced => (
                "its actions are switched off, so that nobody is told",
                "see who switches actions of alarms off; run again",
            ),
            Heard::Another => (
                "it is not the one that the plan put up",
                "somebody changed it, or it is somebody else's: plan again",
            ),
            Heard::Nothing | Heard::Raised | Heard::Quiet(_) => {
                ("it is not there", "somebody removed it; run again")
            }
        };
        self.failure(what.to_owned(), hint)
    }

    fn not_raised(&self, state: &str, failures: &Failures) -> NoProof {
        let name = self.goal.alarm_name();
        if !failures.are_old {
            return NoProof::Waiting(format!("alarm {name} to be raised"));
        }
        let count = failures.ones.len();
        let objects = if count == 1 { "an object" } else { "objects" };
        self.failure(
            format!("it is {state} although {objects} failed, and has had the time of two runs"),
            SILENT,
        )
    }

    fn failure(&self, what: String, hint: &str) -> NoProof {
        let (name, migration) = (self.goal.alarm_name(), &self.goal.canary.migration);
        let message =
            format!("the alarms of migration {migration} are not proven: of {name}, {what}");
        NoProof::Failed(Problem::new(ProblemKind::Canary, message).with_hint(hint))
    }

    fn objects(&self) -> usize {
        usize::try_from(self.goal.objects).unwrap_or(usize::MAX)
    }

    fn receipt(&self, proof: &Proof, one: One) -> CanaryReceipt {
        let size = self.canary.object(&one.canary).body.len() as u64;
        CanaryReceipt {
            alarm: Some(self.goal.alarm_name().to_string()),
            ..self.canary.receipt(proof, one, size, false)
        }
    }
}

/// What keeps an alarm silent.
const SILENT: &str = "look at the metric OperationsFailedReplication of the rule that the alarm names, in the source's Region of the \
     account that the alarm is in: where it has a datapoint, at the alarm; where it has none, at monitoring.account and at \
     S3's delay; the next run puts fresh objects";
