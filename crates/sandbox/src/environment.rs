//! What every service of one sandbox shares.

use std::sync::Arc;

use crate::authority::Authority;
use crate::call_log::CallLog;
use crate::clock::Clock;
use crate::notifier::Notifier;
use crate::switches::Switches;
use crate::vault::Vault;

/// An account of the sandbox and the Region it works in by default.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Twelve digits.
    pub(crate) id: String,
    /// The Region that `environment()` names; the account may use any other, too.
    pub(crate) region: String,
}

/// What every service of one sandbox shares; cheap to clone.
#[derive(Clone)]
pub(crate) struct Environment {
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) notifier: Arc<dyn Notifier>,
    /// What was called; logs of AWS are read out of it.
    pub(crate) calls: Arc<CallLog>,
    pub(crate) clock: Clock,
    pub(crate) switches: Arc<Switches>,
    /// Seed of every id; see [`crate::ids::Ids`].
    pub(crate) seed: u64,
}
