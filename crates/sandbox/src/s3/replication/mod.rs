//! S3 Replication: what a configuration may say, what it covers, and the worker that copies.
//!
//! ```text
//! admission <- PutBucketReplication            plan <- every new version, marker, tag change
//!                                                `-> queue -> worker -> transfer -> permissions
//!                      existing <- jobs of S3 Batch Operations ----------^
//! ```
//!
//! Replication has no way around policies: the worker assumes the configuration's role and asks
//! for every action as that role. What it may not do makes the version FAILED for good
//! (UG:replication-status).

pub(crate) mod admission;
pub(crate) mod existing;
mod noted;
mod permissions;
mod plan;
#[cfg(test)]
mod tests;
mod transfer;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use plan::{plan, plan_metadata};

use crate::s3::state::world::Store;

/// How long the worker sleeps while work is not yet due. The sandbox's clock can be moved, so it
/// must look again.
const TICK: Duration = Duration::from_millis(10);

/// Does what is due now, so that what is measured of it is complete, and waits for what the worker is at.
pub(crate) fn catch_up(store: &Store) {
    while let Some(job) = store.queue.next(store.environment.clock.now()) {
        transfer::run(store, &job);
        store.queue.done();
    }
    for _ in 0..PATIENCE {
        if !store.queue.is_at_work() {
            return;
        }
        std::thread::yield_now();
    }
}

/// How often the worker is looked at: copying one version takes it far less.
const PATIENCE: usize = 100_000;

/// Starts the worker of a store; it ends when the store is dropped.
pub(crate) fn start(store: &Arc<Store>) {
    let wake = store.queue.waker();
    let store = Arc::downgrade(store);
    tokio::spawn(async move {
        loop {
            let Some(store) = store.upgrade() else { return };
            while let Some(job) = store.queue.next(store.environment.clock.now()) {
                transfer::run(&store, &job);
                store.queue.done();
                tokio::task::yield_now().await;
            }
            let waiting = store.queue.has_work();
            drop(store);
            if waiting {
                tokio::time::sleep(TICK).await;
            } else {
                // The timeout only lets the task see that its store is gone.
                let _ = tokio::time::timeout(Duration::from_secs(1), wake.notified()).await;
            }
        }
    });
}
