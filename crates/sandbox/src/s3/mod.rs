//! The S3 service: buckets in Regions, their configuration, versioned objects.
//!
//! ```text
//! calls/ (what a request does) ----> rules/ (what S3 says) -> state/ (what is)
//!    `-> replication/ (its worker) -----^
//!    ^- deliveries/ (what AWS itself puts into buckets), batch/ (jobs at work)    notifications (told by calls and by replication)
//! ```
//!
//! One way only; a test of the workspace holds it. Under all of them lie [`errors`], [`xml`] and [`checksum`], the
//! words that they share.

mod batch;
pub(crate) mod calls;
pub(crate) mod checksum;
pub(crate) mod damage;
mod deliveries;
pub(crate) mod errors;
mod meter;
mod notifications;
pub(crate) mod pairs;
pub(crate) mod replication;
pub(crate) mod rules;
pub(crate) mod seed;
pub(crate) mod state;
pub(crate) mod xml;

use std::sync::Arc;

use crate::depot::Depot;
use crate::environment::Environment;
use crate::errands::Errands;
use crate::error::SeedError;
use crate::keys::KeyRing;

use calls::service::Service;
use damage::{Damage, Undamaged};
use pairs::PairSeed;
use seed::BucketSeed;
use state::ageing;
use state::snapshot::snapshot;
use state::world::Store;

/// The S3 service of one sandbox.
#[derive(Clone)]
pub(crate) struct S3 {
    service: Service,
    store: Arc<Store>,
}

impl S3 {
    /// Starts the service and its replication worker, which ends with the last clone of this.
    pub(crate) fn start(environment: &Environment, keys: KeyRing) -> Self {
        let store = Arc::new(Store::new(environment.clone(), ageing::sweep));
        replication::start(&store);
        deliveries::start(&store);
        batch::start(&store);
        Self {
            service: Service::new(Arc::clone(&store), keys),
            store,
        }
    }

    /// Returns the HTTP service. Requests carry their [`crate::authority::Caller`] as an extension.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Returns what takes the deliveries of other services.
    pub(crate) fn depot(&self) -> Arc<dyn Depot> {
        Arc::clone(&self.store) as Arc<dyn Depot>
    }

    /// Returns what reads and writes for other services in their callers' names.
    pub(crate) fn errands(&self) -> Arc<dyn Errands> {
        Arc::clone(&self.store) as Arc<dyn Errands>
    }

    /// Waits until no replication work is pending and no job goes on by itself.
    pub(crate) async fn settle(&self) {
        batch::settle(&self.store).await;
        self.store.queue.settle().await;
    }

    /// Does what the clock has made due for jobs.
    pub(crate) fn work_on_jobs(&self) {
        batch::catch_up(&self.store);
    }

    /// Delivers access logs and inventories that are due.
    pub(crate) fn deliver(&self) {
        deliveries::deliver(&self.store);
    }

    /// Makes the buckets of a seed.
    pub(crate) fn load_seed(&self, buckets: &[BucketSeed]) -> Result<(), SeedError> {
        seed::load(&self.store, buckets)
    }

    /// Makes the replicated pairs of a seed, whose versions are kept.
    pub(crate) fn load_pairs(&self, pairs: &[PairSeed]) -> Result<(), SeedError> {
        pairs::load_kept(&self.store, pairs)
    }

    /// Makes the synthetic buckets of a seed, of which nothing is kept.
    pub(crate) fn load_synthetic(&self, pairs: &[PairSeed]) -> Result<(), SeedError> {
        pairs::load_computed(&self.store, pairs)
    }

    /// Damages one version, as no API can.
    pub(crate) fn damage(&self, wanted: &Damage) -> Result<(), Undamaged> {
        damage::damage(&self.store, wanted)
    }

    /// Returns the state of every bucket, the same for the same calls.
    pub(crate) fn snapshot(&self) -> serde_json::Value {
        snapshot(&self.store)
    }
}
