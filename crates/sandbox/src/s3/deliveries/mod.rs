//! What AWS itself puts into buckets: for other services ([`crate::depot`]), as access logs and as inventories.

mod access_logs;
mod depot;
mod errands;
mod inventory;
mod inventory_formats;
mod inventory_list;

use std::sync::Arc;
use std::time::Duration;

use crate::s3::state::world::Store;

/// How often it is looked whether something is due. The sandbox's clock can be moved, so nobody can sleep until then.
const TICK: Duration = Duration::from_millis(100);

/// Starts what delivers for a store; it ends when the store is dropped.
pub(crate) fn start(store: &Arc<Store>) {
    let store = Arc::downgrade(store);
    tokio::spawn(async move {
        while let Some(store) = store.upgrade() {
            deliver(&store);
            drop(store);
            tokio::time::sleep(TICK).await;
        }
    });
}

/// Delivers what is due.
pub(crate) fn deliver(store: &Store) {
    access_logs::deliver(store);
    inventory::deliver(store);
}
