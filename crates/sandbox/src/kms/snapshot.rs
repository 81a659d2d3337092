//! KMS as tests see it: every key and alias, without times.

use serde_json::{Map, Value, json};

use super::Kms;
use super::grant::Grant;
use super::state::{Key, Place, Status, Store};

impl Kms {
    /// Returns all that every account has in every Region, by account and Region.
    pub(crate) fn snapshot(&self) -> Value {
        let state = self.state();
        let mut accounts = Map::new();
        for (place, store) in state.stores() {
            let account = accounts
                .entry(place.account.clone())
                .or_insert_with(|| json!({}));
            account[&place.region] = self.store_snapshot(place, store);
        }
        Value::Object(accounts)
    }

    fn store_snapshot(&self, place: &Place, store: &Store) -> Value {
        let keys = store.keys.iter();
        let keys = keys.map(|(id, key)| (id.clone(), self.key_snapshot(key)));
        let aliases = store.aliases.iter();
        let aliases = aliases.map(|(name, alias)| (name.clone(), json!(alias.key)));
        let mut value = json!({
            "keys": keys.collect::<Map<_, _>>(), "aliases": aliases.collect::<Map<_, _>>(),
        });
        if !store.grants.is_empty() {
            let grants = store.grants.values();
            let grants = grants.map(|grant| (grant.id.clone(), self.grant_snapshot(place, grant)));
            value["grants"] = Value::Object(grants.collect());
        }
        value
    }

    fn grant_snapshot(&self, place: &Place, grant: &Grant) -> Value {
        let mut value = self.shown_grant(place, grant);
        if let Some(fields) = value.as_object_mut() {
            fields.remove("CreationDate");
        }
        value
    }

    fn key_snapshot(&self, key: &Key) -> Value {
        let Key {
            id: _,
            place: _,
            created: _,
            description,
            spec,
            usage,
            multi_region,
            managed,
            status,
            policy,
            tags,
            rotation,
        } = key;
        let shown = self.authority().show_principals(policy);
        let policy: Value = serde_json::from_str(&shown).unwrap_or(Value::Null);
        let mut value = json!({
            "arn": key.arn(), "description": description, "spec": spec, "usage": usage,
            "multi_region": multi_region, "managed": managed, "state": status.as_str(),
            "policy": policy, "tags": tags, "rotation_days": rotation,
        });
        if let Status::PendingDeletion { at: _, days } = status {
            value["pending_days"] = json!(days);
        }
        value
    }
}
