//! How many calls of one service may be under way in one account.

use std::fmt;

use tokio::sync::{Semaphore, SemaphorePermit};

/// A bound on calls under way.
///
/// A place is held through the SDK's retries of a read, so that throttled reads thin the traffic out.
pub(crate) struct Limit(Semaphore);

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limit({} free)", self.0.available_permits())
    }
}

impl Limit {
    pub(crate) fn of(places: usize) -> Self {
        Self(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS)))
    }

    /// Waits for a place.
    pub(crate) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed; were it, sending without a place is the harmless way on.
        self.0.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_calls_are_under_way_than_places() {
        let (limit, now, most) = (Limit::of(3), AtomicUsize::new(0), AtomicUsize::new(0));
        let call = || async {
            let _place = limit.place().await;
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::Relaxed);
        };
        futures::future::join_all((0..20).map(|_| call())).await;
        assert_eq!(most.into_inner(), 3);
    }
}
