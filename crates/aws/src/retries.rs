//! How often a read is sent, and how long it waits in between.
//!
//! The SDK's retries are off for every service: they would hide from the limit what AWS throttles. These are as its standard
//! mode has them: a wait of up to a second that doubles each time, drawn anew for each read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use s3ferry_engine::ports::Class;

use crate::failure::Facts;

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
        match class {
            Class::Throttled | Class::Transient if attempt < self.attempts => {
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
    use crate::failure::{Call, Cause, Failure, Intent};

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
        Failure::new(call, Cause::Timeout)
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
