//! IAM: who exists in each account and what they may do.
//!
//! Changes are written to the newest [`state::State`] of an account. Policy evaluation and the
//! validity of principals look at the state as of the propagation delay ago, IAM's own reads as of
//! whatever the switches say; see [`crate::history`].

mod account_details;
mod authority;
mod call;
mod customer;
mod groups;
mod identities;
mod input;
mod managed;
mod operations;
mod principals;
mod profiles;
mod roles;
mod simulate;
mod snapshot;
mod state;
mod tags;
mod users;
mod xml;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::authority::Caller;
use crate::clock::Clock;
use crate::environment::Account;
use crate::history::History;
use crate::ids::Ids;
use crate::keys::{Key, KeyRing, RootKey};
use crate::policy::Document;
use crate::switches::Switches;
use crate::wire::Refusal;

pub(crate) use authority::session_caller;
pub(crate) use input::{constraint, outside, pattern_error};
pub(crate) use principals::arn_parts;
pub(crate) use state::Role;
pub(crate) use xml::{element, text};

use state::{Identity, Policy, State};

/// How many parsed resource policies are kept.
const PARSED: usize = 256;

/// IAM of every account; clones share it.
#[derive(Clone)]
pub(crate) struct Iam {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    switches: Arc<Switches>,
    ids: Ids,
    keys: KeyRing,
    accounts: BTreeMap<String, Mutex<History<State>>>,
    parsed: Mutex<BTreeMap<String, Arc<Document>>>,
}

impl Iam {
    /// Starts IAM with the role `sandbox` in every account, which trusts the first account.
    pub(crate) fn new(
        accounts: &[Account],
        seed: u64,
        clock: Clock,
        switches: Arc<Switches>,
        keys: KeyRing,
    ) -> Self {
        let ids = Ids::new(seed, "iam");
        let first = accounts.first().map_or("", |account| account.id.as_str());
        let state = |account: &Account| {
            let mut state = State::default();
            if let Some(role) = sandbox_role(&account.id, first, &ids) {
                state.add_role(Arc::new(role));
            }
            state
        };
        let with_history = |account| Mutex::new(History::new(state(account)));
        let histories = accounts
            .iter()
            .map(|account| (account.id.clone(), with_history(account)));
        let accounts = histories.collect();
        let parsed = Mutex::default();
        Self {
            shared: Arc::new(Shared {
                clock,
                switches,
                ids,
                keys,
                accounts,
                parsed,
            }),
        }
    }

    /// Makes root credentials of an account.
    pub(crate) fn add_root_key(&self, account: &str) -> RootKey {
        let (id, secret) = self.add_key(Caller::root(account));
        RootKey { id, secret }
    }

    /// Makes a long-lived access key.
    fn add_key(&self, caller: Caller) -> (String, String) {
        let (id, secret) = (self.ids().access_key_id("AKIA"), self.ids().mixed(40));
        let key = Key {
            secret: secret.clone(),
            temporary: None,
            caller,
        };
        self.keys().add(id.clone(), key);
        (id, secret)
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.shared.ids
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.shared.keys
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    fn account_ids(&self) -> impl Iterator<Item = &str> {
        self.shared.accounts.keys().map(String::as_str)
    }

    fn has_account(&self, account: &str) -> bool {
        self.shared.accounts.contains_key(account)
    }

    fn history(&self, account: &str) -> Option<MutexGuard<'_, History<State>>> {
        let history = self.shared.accounts.get(account)?;
        Some(history.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns what was written last.
    fn latest(&self, account: &str) -> Option<Arc<State>> {
        Some(self.history(account)?.latest())
    }

    /// Returns the state that is in effect for policies and principals.
    pub(crate) fn effective(&self, account: &str) -> Option<Arc<State>> {
        let instant = self.shared.switches.effective(self.now());
        Some(self.history(account)?.as_of(instant))
    }

    /// Returns the state that a read of IAM answers from.
    fn read(&self, account: &str) -> Option<Arc<State>> {
        let (switches, now) = (&self.shared.switches, self.now());
        let lag = switches.delays().iam_reads_lag;
        let instant = if lag {
            switches.effective(now)
        } else {
            switches.read_instant(now)
        };
        Some(self.history(account)?.as_of(instant))
    }

    /// Changes an account's newest state.
    fn write<R>(
        &self,
        account: &str,
        edit: impl FnOnce(&mut State) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let Some(mut history) = self.history(account) else {
            return Err(Refusal::new(
                403,
                "AccessDenied",
                "The account is not in the sandbox.",
            ));
        };
        history.write(self.now(), edit)
    }

    /// Finds a role by its exact ARN, as far as it is in effect, with its account.
    pub(crate) fn effective_role(&self, arn: &str) -> Option<(String, Arc<Role>)> {
        let (_, account, _) = arn_parts(arn)?;
        let name = arn.rsplit('/').next()?;
        let role = Arc::clone(self.effective(account)?.role(name)?);
        (role.identity.arn == arn).then(|| (account.to_owned(), role))
    }

    /// Parses a document that is stored elsewhere, and keeps it for the next time.
    fn parsed(&self, json: &str) -> Option<Arc<Document>> {
        let mut parsed = self
            .shared
            .parsed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = parsed.get(json) {
            return Some(Arc::clone(document));
        }
        let document = Arc::new(Document::parse(json).ok()?);
        if parsed.len() >= PARSED {
            parsed.clear();
        }
        parsed.insert(json.to_owned(), Arc::clone(&document));
        Some(document)
    }
}

/// Makes the role `sandbox` of an account: it may do everything, and the first account's root may
/// assume it. AWS itself does not let a root assume roles; here it is the way into every account.
fn sandbox_role(account: &str, trusted: &str, ids: &Ids) -> Option<Role> {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{trusted}:root"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let everything =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let identity = Identity {
        name: "sandbox".to_owned(),
        path: "/".to_owned(),
        id: ids.unique_id("AROA"),
        arn: format!("arn:aws:iam::{account}:role/sandbox"),
        created: SystemTime::UNIX_EPOCH,
        tags: BTreeMap::new(),
        inline: BTreeMap::from([("everything".to_owned(), Policy::new(everything)?)]),
        attached: BTreeSet::new(),
        boundary: None,
    };
    let description = Some("May do everything; made with the sandbox.".to_owned());
    Some(Role {
        identity,
        description,
        max_session: 43_200,
        trust: Policy::new(&trust)?,
    })
}

impl Policy {
    fn new(json: &str) -> Option<Self> {
        let document = Arc::new(Document::parse(json).ok()?);
        Some(Self {
            json: json.to_owned(),
            document,
        })
    }
}

#[cfg(test)]
mod tests;
