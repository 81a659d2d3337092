//! How far the deliveries of a store have come: access logs and inventories.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::ids::Ids;

/// Inventories are looked at this often: to a day a minute is nothing.
const LOOK: Duration = Duration::from_secs(60);

/// Bucket and id of an inventory, and when it was last reported, or first seen.
type Reported = BTreeMap<(String, String), SystemTime>;

/// How far they have come.
pub(crate) struct Deliveries {
    ids: Ids,
    logged: Mutex<u64>,
    reported: Mutex<Reported>,
    looked: Mutex<Option<SystemTime>>,
}

impl Deliveries {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            ids: Ids::new(seed, "s3-deliveries"),
            logged: Mutex::default(),
            reported: Mutex::default(),
            looked: Mutex::default(),
        }
    }

    /// Locks the serial of the last call that access logs have.
    pub(crate) fn logged(&self) -> MutexGuard<'_, u64> {
        self.logged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks when inventories were reported.
    pub(crate) fn reported(&self) -> MutexGuard<'_, Reported> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether inventories are to be looked at again.
    pub(crate) fn is_time_to_look(&self, now: SystemTime) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.is_none_or(|last| last + LOOK <= now);
        if due {
            *looked = Some(now);
        }
        due
    }

    /// Returns what makes the key of a log unique.
    pub(crate) fn unique(&self) -> String {
        self.ids.mixed(16).to_ascii_uppercase()
    }

    /// Returns the name of a report.
    pub(crate) fn uuid(&self) -> String {
        self.ids.uuid()
    }
}
