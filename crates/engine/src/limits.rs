//! Bounds of a run: how long each kind of waiting may take, and the waits between attempts.
//!
//! Every wait is bounded and every bound carries its argument. Waits grow and are spread by a jitter that is a function of
//! the step and the attempt, so that a run can be repeated exactly and steps do not knock in unison.

use std::time::Duration;

use crate::ports::Class;

/// Bounds of a run. [`Limits::default`] is meant for AWS; emulators may take less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many steps, or reads of an observation, run at once.
    ///
    /// 8: a migration has about that many independent documents, and IAM's rate limits are per account and low.
    pub parallelism: usize,
    /// How long the answers to reads of a document that others write, too, must have been equal before it is written.
    ///
    /// 5 s: an S3 read shortly after somebody's write can be old (BC:s3 GetBucketReplication, PutBucketPolicy), without a word of
    /// how old; seconds are what is seen of it. unverified: that AWS's answers are never older. A run waits once, for all its
    /// documents and while it makes what is its own; what an answer older than that hides is written over.
    pub agree: Duration,
    /// How long a document that is neither as planned nor as wanted is read again before the step is stale.
    ///
    /// 10 s: an S3 read shortly after somebody's write can be old (BC:s3 GetBucketReplication), but the plan was made from
    /// the same document a while ago; longer would only delay the news of a foreign edit.
    pub doubt: Duration,
    /// How long a write is waited for to be read back.
    ///
    /// 2 min, as Terraform waits for S3 and IAM (domain reference §2.9).
    pub settle: Duration,
    /// How long AWS may need to see what was just made, in writes and in canaries that FAILED.
    ///
    /// 2 min, Terraform's `propagationTimeout` for IAM (domain reference §2.9).
    pub propagation: Duration,
    /// How long a rule may need until it takes new objects.
    ///
    /// 5 min: "expect a delay of a few minutes" between a change of the configuration and work that relies on it
    /// (UG:s3-batch-replication-batch); unverified: that this holds for live replication.
    pub effective: Duration,
    /// How long a replica is waited for.
    ///
    /// 15 min: S3 replicates most objects within that time (UG26). What takes longer is waiting, not failure.
    pub canary_wait: Duration,
    /// How long a job of S3 Batch Operations is followed.
    ///
    /// Not at all: jobs take hours, go on by themselves, and are looked at by the next apply.
    pub job_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parallelism: 8,
            agree: Duration::from_secs(5),
            doubt: Duration::from_secs(10),
            settle: Duration::from_secs(120),
            propagation: Duration::from_secs(120),
            effective: Duration::from_secs(300),
            canary_wait: Duration::from_secs(900),
            job_wait: Duration::ZERO,
        }
    }
}

/// How often and how long a call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Calls altogether, the first included.
    pub(crate) attempts: u32,
    /// From the first error on.
    pub(crate) total: Duration,
    /// Waits between.
    pub(crate) waits: Waits,
}

/// Waits that double.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waits {
    /// The first wait.
    pub(crate) first: Duration,
    /// The longest wait.
    pub(crate) longest: Duration,
}

/// Waits between reads that settle a write: most writes are seen at once, so the first is short.
pub(crate) const SETTLE_WAITS: Waits = Waits {
    first: Duration::from_millis(200),
    longest: Duration::from_secs(5),
};

/// How often a write is made again over what other specs' applies wrote over it.
///
/// 5: the last writer always finds its own, so each loss is another apply's; more than that are not one apply beside ours.
pub(crate) const REWRITES: u32 = 5;

/// Waits between looks at a canary: small objects often arrive in seconds, slow ones in minutes.
pub(crate) const CANARY_WAITS: Waits = Waits {
    first: Duration::from_millis(250),
    longest: Duration::from_secs(10),
};

/// Waits between looks at a job: a small one takes a minute, and of a large one the rate is worth a look now and then.
pub(crate) const JOB_WAITS: Waits = Waits {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
};

/// Waits before a new canary after one that FAILED or that no rule took.
pub(crate) const FRESH_CANARY_WAITS: Waits = Waits {
    first: Duration::from_secs(2),
    longest: Duration::from_secs(30),
};

/// How patient a write is with a class of error; `None` where repeating cannot help.
///
/// Throttled waits longest and oftenest, because the answer is certain to change. Transient faults either pass within
/// seconds or are an outage, which the user should hear of. Propagation and Busy are bounded by time alone: each answer
/// is the expected one until it changes.
pub(crate) fn patience(class: Class, limits: &Limits) -> Option<Patience> {
    let patience = |attempts, total, first, longest| {
        Some(Patience {
            attempts,
            total,
            waits: Waits {
                first: Duration::from_millis(first),
                longest: Duration::from_secs(longest),
            },
        })
    };
    match class {
        Class::Throttled => patience(12, Duration::from_secs(180), 1_000, 30),
        Class::Transient => patience(6, Duration::from_secs(60), 500, 10),
        Class::Propagation => patience(u32::MAX, limits.propagation, 1_000, 10),
        Class::Busy => patience(u32::MAX, limits.propagation, 1_000, 10),
        Class::Credentials
        | Class::Denied
        | Class::Misplaced
        | Class::Rejected
        | Class::Unexpected => None,
    }
}

impl Waits {
    /// The wait after the `attempt`th try (from 1), for the step that `seed` names: doubled each time up to the longest,
    /// then between half and all of it.
    pub(crate) fn after(self, attempt: u32, seed: &str) -> Duration {
        let doublings = attempt.saturating_sub(1).min(20);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        let spread = f64::from(u16::try_from(mix(seed, attempt) & 0xffff).unwrap_or(0)) / 65_536.0;
        full.mul_f64(0.5 + spread / 2.0)
    }
}

/// FNV-1a over the seed and the number, finished so that neighbours differ in every bit.
fn mix(seed: &str, number: u32) -> u64 {
    let bytes = seed.bytes().chain(number.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITS: Waits = Waits {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(8),
    };

    #[test]
    fn waits_grow_between_half_and_all_of_a_doubling_up_to_the_longest() {
        for (attempt, full) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (4_000_000, 8)] {
            let wait = WAITS.after(attempt, "seed");
            let full = Duration::from_secs(full);
            assert!(wait >= full / 2 && wait <= full, "{attempt}: {wait:?}");
        }
    }

    #[test]
    fn the_jitter_is_the_same_for_the_same_step_and_differs_between_steps() {
        assert_eq!(WAITS.after(3, "a"), WAITS.after(3, "a"));
        let waits: std::collections::BTreeSet<_> = (0..50)
            .map(|step| WAITS.after(3, &format!("step {step}")))
            .collect();
        assert!(waits.len() > 45, "{} distinct waits of 50", waits.len());
    }

    #[test]
    fn what_cannot_change_by_itself_is_not_repeated() {
        let limits = Limits::default();
        for class in [
            Class::Credentials,
            Class::Denied,
            Class::Misplaced,
            Class::Rejected,
            Class::Unexpected,
        ] {
            assert_eq!(patience(class, &limits), None, "{class:?}");
        }
    }
}
