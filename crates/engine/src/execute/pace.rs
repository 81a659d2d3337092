//! The pace of writes where AWS takes few a second: a step waits for its turn before it looks at what it will write over, so that
//! nothing comes between the look and the write.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use s3ferry_core::ids::{AccountId, Region};
use s3ferry_core::model::{Service, Target};
use tokio::time::Instant;

/// What AWS counts together.
type Lane = (AccountId, Option<Region>, Service);

/// When the next write of each lane may go.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<BTreeMap<Lane, Instant>>);

impl Pace {
    /// How long a write of a target waits for its turn, which is taken by asking; nothing where AWS takes many.
    pub(super) fn turn(&self, target: &Target) -> Duration {
        let service = target.kind().facts().service;
        let Some(rate) = service.writes_a_second() else {
            return Duration::ZERO;
        };
        let lane = (target.account().clone(), target.region().cloned(), service);
        let now = Instant::now();
        // Who panicked here left a whole map behind.
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = lanes.entry(lane).or_insert(now);
        let turn = (*next).max(now);
        *next = turn + Duration::from_secs(1) / rate.max(1);
        turn.duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use s3ferry_core::ids::AlarmName;
    use s3ferry_core::model::{AlarmRef, BucketPart};
    use s3ferry_testkit::build;

    use super::*;

    fn alarm(name: &str, region: &str) -> Target {
        Target::Alarm(AlarmRef {
            account: build::source().account,
            region: Region::new(region).unwrap(),
            name: AlarmName::new(name).unwrap(),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn alarms_of_one_region_go_three_a_second_and_others_at_once() {
        let pace = Pace::default();
        let waits: Vec<u128> = (0..4)
            .map(|number| {
                pace.turn(&alarm(&number.to_string(), "eu-west-1"))
                    .as_millis()
            })
            .collect();
        assert_eq!(waits, [0, 333, 666, 999]);
        assert_eq!(pace.turn(&alarm("x", "eu-central-1")), Duration::ZERO);
        let policy = Target::Bucket(build::source(), BucketPart::Policy);
        assert_eq!(pace.turn(&policy), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(pace.turn(&alarm("y", "eu-west-1")), Duration::ZERO);
    }
}
