//! The state of KMS: keys and aliases of each account and Region.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::grant::Grant;

pub(crate) use crate::place::Place;

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Enabled,
    Disabled,
    PendingDeletion { at: SystemTime, days: u64 },
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
        }
    }
}

/// A key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) place: Place,
    pub(crate) created: SystemTime,
    pub(crate) description: String,
    pub(crate) spec: String,
    pub(crate) usage: String,
    pub(crate) multi_region: bool,
    /// AWS made it for a service, as `alias/aws/s3`.
    pub(crate) managed: bool,
    pub(crate) status: Status,
    /// With stored principals; see [`crate::authority::Authority::store_principals`].
    pub(crate) policy: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// The period in days, where it rotates by itself.
    pub(crate) rotation: Option<u64>,
}

impl Key {
    pub(crate) fn arn(&self) -> String {
        self.place.arn("kms", &format!("key/{}", self.id))
    }

    pub(crate) fn is_symmetric(&self) -> bool {
        self.spec == "SYMMETRIC_DEFAULT"
    }
}

/// An alias of a key.
#[derive(Debug, Clone)]
pub(crate) struct Alias {
    pub(crate) key: String,
    pub(crate) created: SystemTime,
    pub(crate) updated: SystemTime,
}

/// What an account has in a Region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    pub(crate) keys: BTreeMap<String, Key>,
    /// By name: `alias/orders`.
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// By id.
    pub(crate) grants: BTreeMap<String, Grant>,
}

impl Store {
    pub(crate) fn aliases_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a String> {
        let of_key = self
            .aliases
            .iter()
            .filter(move |(_, alias)| alias.key == key);
        of_key.map(|(name, _)| name)
    }

    pub(crate) fn grants_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Grant> {
        self.grants.values().filter(move |grant| grant.key == key)
    }
}

/// What all accounts have in all Regions.
#[derive(Debug, Default)]
pub(crate) struct State {
    places: BTreeMap<Place, Store>,
    /// When the next key goes.
    next_deletion: Option<SystemTime>,
}

impl State {
    pub(crate) fn store(&self, place: &Place) -> Option<&Store> {
        self.places.get(place)
    }

    pub(crate) fn store_mut(&mut self, place: &Place) -> &mut Store {
        self.places.entry(place.clone()).or_default()
    }

    pub(crate) fn stores(&self) -> impl Iterator<Item = (&Place, &Store)> {
        self.places.iter()
    }

    pub(crate) fn key(&self, place: &Place, id: &str) -> Option<&Key> {
        self.places.get(place)?.keys.get(id)
    }

    pub(crate) fn key_mut(&mut self, place: &Place, id: &str) -> Option<&mut Key> {
        self.places.get_mut(place)?.keys.get_mut(id)
    }

    /// Has a key go at this time.
    pub(crate) fn will_go(&mut self, at: SystemTime) {
        self.next_deletion = Some(self.next_deletion.map_or(at, |next| next.min(at)));
    }

    /// Deletes the keys whose time has come, with their aliases.
    pub(crate) fn sweep(&mut self, now: SystemTime) {
        if self.next_deletion.is_none_or(|next| now < next) {
            return;
        }
        self.next_deletion = None;
        for store in self.places.values_mut() {
            let Store {
                keys,
                aliases,
                grants,
            } = store;
            keys.retain(|_, key| goes_at(key).is_none_or(|at| now < at));
            aliases.retain(|_, alias| keys.contains_key(&alias.key));
            grants.retain(|_, grant| keys.contains_key(&grant.key));
        }
        let next = self.places.values().flat_map(|store| store.keys.values());
        self.next_deletion = next.filter_map(goes_at).min();
    }
}

fn goes_at(key: &Key) -> Option<SystemTime> {
    match key.status {
        Status::PendingDeletion { at, .. } => Some(at),
        Status::Enabled | Status::Disabled => None,
    }
}
