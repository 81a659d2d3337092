//! How often a read is sent, and how long it waits in between.
//!
//! The SDK's retries are off for every service: they would hide from the limit what AWS throttles. These are as its standard
//! mode has them: a wait of up to a second that doubles each time, drawn anew for each read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use s3ferry_engine::ports::Class;

use crate::failure::{Cause, Facts};

/// How often a request is sent to a server that cannot be reached or does not answer, the first time included.
pub(crate) const UNANSWERED_ATTEMPTS: u32 = 3;

/// The longest first wait.
const FIRST: Duration = Duration::from_secs(1);

/// How often a read is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    /// At most, the first time included.
    pub(crate) attempts: u32,
    /// The longest wait.
    pub(crate) longest: Duration,
}

impl Retries {
    /// How long to wait after the `attempt`th try (from 1); `None` where another cannot help or would be one too many.
    pub(crate) fn after(self, attempt: u32, class: Class, facts: &Facts) -> Option<Duration> {
        let attempts = self.attempts.min(most(&facts.cause));
        match class {
            Class::Throttled | Class::Transient if attempt < attempts => {
                let doublings = attempt.saturating_sub(1).min(20);
                let full = FIRST.saturating_mul(1 << doublings).min(self.longest);
                Some(full.mul_f64(draw(facts, attempt)))
            }
            Class::Throttled
            | Class::Transient
            | Class::Credentials
            | Class::Denied
            | Class::Propagation
            | Class::Busy
            | Class::Misplaced
            | Class::Rejected
            | Class::Unexpected => None,
        }
    }
}

/// How often a read is sent at most for a cause. Where nobody answers, a third silence is not a passing one: a wrong address
/// or a network that is down should be told in seconds.
const fn most(cause: &Cause) -> u32 {
    match cause {
        Cause::Unreachable { .. } | Cause::Timeout { .. } => UNANSWERED_ATTEMPTS,
        Cause::Connection { .. }
        | Cause::NotAws { .. }
        | Cause::Answer { .. }
        | Cause::Unreadable { .. }
        | Cause::NoCredentials { .. }
        | Cause::NotSent { .. }
        | Cause::Misplaced { .. }
        | Cause::Contradiction { .. }
        | Cause::Overtaken { .. } => u32::MAX,
    }
}

/// A number from 0 to 1 that is a read's own, so that reads that were refused together do not come back together.
fn draw(facts: &Facts, attempt: u32) -> f64 {
    let mut hasher = DefaultHasher::new();
    (&facts.call.subject, facts.call.operation, attempt).hash(&mut hasher);
    let bits = u32::try_from(hasher.finish() >> 32).unwrap_or(0);
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Call, Failure, Intent};

    const RETRIES: Retries = Retries {
        attempts: 8,
        longest: Duration::from_secs(16),
    };

    fn failure(subject: usize) -> Failure {
        let call = Call {
            service: "iam",
            operation: "GetRole",
            intent: Intent::Read,
            subject: subject.to_string(),
            region: None,
        };
        let message = Some("Rate exceeded".to_owned());
        let cause = Cause::Answer {
            status: 400,
            code: Some("Throttling".to_owned()),
            message,
        };
        Failure::new(call, cause)
    }

    #[test]
    fn waits_are_spread_up_to_a_doubling_bound_and_end() {
        for (attempt, bound) in [(1, 1), (2, 2), (3, 4), (5, 16), (7, 16)] {
            let waits: Vec<Duration> = (0..200)
                .filter_map(|read| RETRIES.after(attempt, Class::Throttled, failure(read).facts()))
                .collect();
            let bound = Duration::from_secs(bound);
            let mean = waits.iter().sum::<Duration>() / 200;
            assert!(waits.iter().all(|wait| *wait <= bound), "{attempt}");
            assert!(mean > bound * 2 / 5 && mean < bound * 3 / 5, "{mean:?}");
        }
        assert_eq!(RETRIES.after(8, Class::Throttled, failure(0).facts()), None);
    }

    #[test]
    fn who_does_not_answer_is_asked_three_times() {
        let detail = String::new;
        for cause in [
            Cause::Unreachable { detail: detail() },
            Cause::Timeout { detail: detail() },
        ] {
            let failure = failure(0).because(cause);
            let again = |attempt| RETRIES.after(attempt, Class::Transient, failure.facts());
            assert!(again(2).is_some() && again(3).is_none());
        }
        let broken = failure(0).because(Cause::Connection { detail: detail() });
        assert!(RETRIES.after(7, Class::Transient, broken.facts()).is_some());
    }

    #[test]
    fn what_cannot_change_by_itself_is_not_sent_again() {
        for class in [
            Class::Denied,
            Class::Rejected,
            Class::Busy,
            Class::Credentials,
        ] {
            assert_eq!(
                RETRIES.after(1, class, failure(0).facts()),
                None,
                "{class:?}"
            );
        }
    }
}
