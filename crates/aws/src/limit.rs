//! How many calls of one service may be under way in one account: as many as AWS takes, up to a ceiling.
//!
//! ```text
//! 16 at first --each answer in time: one more (doubles in a round trip)--> the ceiling, or the first throttle
//! then: an answer in time adds a sixth of a place, a throttle takes half a place
//! ```
//!
//! The two balance where one call in four is throttled, whatever the number of places is, so no clock and no round trips
//! need to be told apart. Where AWS's rate is the bound, the places fall until few calls are refused: a round in which every
//! call is refused halves them. Where refusals have nothing to do with how much is sent, as when a partition of S3 splits,
//! fewer places would only be slower, and up to one refusal in four they are kept.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use s3ferry_engine::ports::Class;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Places at first: what every account took of every service before places were counted anew with each answer; IAM, the
/// slowest, starts to throttle near 20 calls under way.
const FIRST: usize = 16;

/// Places are counted in sixths.
const PLACE: usize = 6;
const FOR_AN_ANSWER: usize = 1;
const FOR_A_THROTTLE: usize = 3;

/// A bound on calls under way that follows what is answered.
pub(crate) struct Limit {
    places: Semaphore,
    ceiling: usize,
    count: Mutex<Count>,
}

#[derive(Debug)]
struct Count {
    /// How many places there shall be, in sixths.
    sixths: usize,
    /// How many there are, taken or free: more than there shall be until the taken ones are given back.
    made: usize,
    /// Whether nothing was throttled yet.
    starting: bool,
}

impl Count {
    fn wanted(&self) -> usize {
        self.sixths / PLACE
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limit({:?} of {})", self.count(), self.ceiling)
    }
}

impl Limit {
    /// A limit that never goes beyond `ceiling` places; one, where that is zero.
    pub(crate) fn below(ceiling: usize) -> Self {
        let ceiling = ceiling.clamp(1, Semaphore::MAX_PERMITS / PLACE);
        let first = FIRST.min(ceiling);
        Self {
            places: Semaphore::new(first),
            ceiling,
            count: Mutex::new(Count {
                sixths: first * PLACE,
                made: first,
                starting: true,
            }),
        }
    }

    /// Waits for a place.
    ///
    /// A read keeps its place while it waits to be sent again. Given back, it would let the next of a thousand waiting reads
    /// knock at once, and all of them would use up their attempts; so, even one place thins out to any rate.
    pub(crate) async fn place(&self) -> Place<'_> {
        // The semaphore is never closed; were it, sending without a permit is the harmless way on.
        let permit = self.places.acquire().await.ok();
        Place {
            limit: self,
            permit,
        }
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        // A thread that panicked here left whole numbers behind.
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer in time. While most places are free, it is no sign that more calls would be answered, too.
    fn grow(&self) {
        let mut count = self.count();
        if self.places.available_permits() * 2 >= count.made {
            return;
        }
        let more = if count.starting { PLACE } else { FOR_AN_ANSWER };
        count.sixths = (count.sixths + more).min(self.ceiling * PLACE);
        let new = count.wanted().saturating_sub(count.made);
        count.made += new;
        self.places.add_permits(new);
    }

    fn shrink(&self) {
        let mut count = self.count();
        count.starting = false;
        count.sixths = (count.sixths - FOR_A_THROTTLE).max(PLACE);
        let over = count.made.saturating_sub(count.wanted());
        count.made -= self.places.forget_permits(over);
    }
}

/// A call's right to be under way.
pub(crate) struct Place<'a> {
    limit: &'a Limit,
    permit: Option<SemaphorePermit<'a>>,
}

impl Place<'_> {
    /// AWS answered, with what was asked for or with a plain no.
    pub(crate) fn answered(&self) {
        self.limit.grow();
    }

    /// What a failure says about the pace. One that left no answer says nothing.
    pub(crate) fn failed(&self, class: Class) {
        match class {
            Class::Throttled => self.limit.shrink(),
            Class::Transient | Class::Credentials => {}
            Class::Denied
            | Class::Propagation
            | Class::Busy
            | Class::Misplaced
            | Class::Rejected
            | Class::Unexpected => self.limit.grow(),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut count = self.limit.count();
        if count.made > count.wanted() {
            count.made -= 1;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    /// Takes every place there is, and lets each call end as `ends` says; gives how many places there were.
    async fn round(limit: &Limit, ends: &mut impl FnMut(usize) -> Class) -> usize {
        let many = limit.places.available_permits();
        let taken = join_all((0..many).map(|_| limit.place())).await;
        for (number, place) in taken.iter().enumerate() {
            place.failed(ends(number));
        }
        many
    }

    async fn rounds(limit: &Limit, count: usize, ends: &mut impl FnMut(usize) -> Class) {
        for _ in 0..count {
            round(limit, ends).await;
        }
    }

    /// Refuses so many of every five calls, whichever round they are in.
    fn of_five(refused: usize) -> impl FnMut(usize) -> Class {
        let mut calls = 0;
        move |_| {
            calls += 1;
            throttled_if(calls % 5 < refused)
        }
    }

    fn throttled_if(throttled: bool) -> Class {
        if throttled {
            Class::Throttled
        } else {
            Class::Rejected
        }
    }

    #[tokio::test]
    async fn places_double_up_to_the_ceiling_until_the_first_throttle() {
        let limit = Limit::below(60);
        let mut answered = |_| Class::Rejected;
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(round(&limit, &mut answered).await);
        }
        assert_eq!(seen, [16, 32, 60, 60]);
        round(&limit, &mut |_| Class::Throttled).await;
        assert_eq!(round(&limit, &mut answered).await, 30, "half");
        assert_eq!(round(&limit, &mut answered).await, 35, "a sixth more");
    }

    #[tokio::test]
    async fn one_refusal_in_five_keeps_the_places_and_two_in_five_take_them() {
        let limit = Limit::below(48);
        rounds(&limit, 300, &mut of_five(1)).await;
        assert!(limit.count().made >= 40, "{limit:?}");
        rounds(&limit, 300, &mut of_five(2)).await;
        assert!(limit.count().made <= 2, "{limit:?}");
        assert!(round(&limit, &mut of_five(2)).await >= 1, "never none");
    }

    #[tokio::test]
    async fn a_rate_is_found_and_kept_to() {
        // The service takes 20 calls in a round and refuses the others.
        let limit = Limit::below(256);
        let mut beyond = |number| throttled_if(number >= 20);
        rounds(&limit, 50, &mut beyond).await;
        for _ in 0..50 {
            let sent = round(&limit, &mut beyond).await;
            assert!((20..=28).contains(&sent), "{sent} sent");
        }
    }

    #[tokio::test]
    async fn places_that_nobody_takes_do_not_multiply() {
        let limit = Limit::below(48);
        for _ in 0..100 {
            limit.place().await.answered();
        }
        assert_eq!(limit.count().made, FIRST);
    }

    #[tokio::test]
    async fn what_left_no_answer_changes_nothing() {
        let limit = Limit::below(48);
        rounds(&limit, 5, &mut |_| Class::Transient).await;
        assert_eq!(limit.count().made, FIRST);
    }

    #[tokio::test]
    async fn no_more_calls_are_under_way_than_the_ceiling() {
        for ceiling in [0, 1, 3] {
            let limit = Limit::below(ceiling);
            for _ in 0..3 {
                let sent = round(&limit, &mut |_| Class::Rejected).await;
                assert_eq!(sent, ceiling.max(1));
            }
        }
    }

    #[tokio::test]
    async fn places_that_are_taken_away_while_in_use_are_not_given_back() {
        let limit = Limit::below(16);
        let taken = join_all((0..16).map(|_| limit.place())).await;
        for place in &taken {
            place.failed(Class::Throttled);
        }
        assert_eq!(limit.count().made, 16, "all are still taken");
        drop(taken);
        assert_eq!(limit.places.available_permits(), 8);
    }
}
