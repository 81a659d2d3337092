//! The keys of a seed file.
//!
//! ```json
//! { "keys": [
//!   { "arn": "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
//!     "aliases": ["alias/orders"], "state": "Disabled", "users": ["222222222222"] }
//! ] }
//! ```
//!
//! A key without `policy` leaves all to its account; each account under `users` may use it besides, as far as its own IAM
//! policies go.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Kms;
use super::names::{Name, Of};
use super::policies::default_policy;
use super::state::{Alias, Key, Place, Status};
use crate::error::SeedError;

/// A key as a seed has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeySeed {
    arn: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    aliases: Vec<String>,
    /// The document.
    #[serde(default)]
    policy: Option<Value>,
    /// Accounts that the policy lets use the key.
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    state: State,
    #[serde(default = "symmetric")]
    spec: String,
    #[serde(default = "encrypting")]
    usage: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

fn symmetric() -> String {
    "SYMMETRIC_DEFAULT".to_owned()
}

fn encrypting() -> String {
    "ENCRYPT_DECRYPT".to_owned()
}

/// A state that a seed may name.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
enum State {
    #[default]
    Enabled,
    Disabled,
    PendingDeletion,
}

/// What accounts need of a key to write and read under it.
const USES: [&str; 5] = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:DescribeKey",
];

impl KeySeed {
    fn policy(&self, account: &str) -> String {
        if let Some(policy) = &self.policy {
            return policy.to_string();
        }
        let mut policy: Value = serde_json::from_str(&default_policy(account)).unwrap_or_default();
        let roots = self
            .users
            .iter()
            .map(|user| format!("arn:aws:iam::{user}:root"));
        let roots: Vec<String> = roots.collect();
        if let (false, Some(statements)) = (roots.is_empty(), policy["Statement"].as_array_mut()) {
            statements.push(json!({
                "Sid": "Users", "Effect": "Allow", "Principal": { "AWS": roots }, "Action": USES,
                "Resource": "*",
            }));
        }
        policy.to_string()
    }

    /// What the policy says of principals is checked, and nothing else.
    fn key(&self, kms: &Kms) -> Result<Key, String> {
        let mut parts = self.arn.splitn(6, ':').skip(3);
        let (region, account) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let name = Name::read(&self.arn, &Place::new(account, region));
        let Ok(Name {
            place,
            of: Of::Key(id),
        }) = name
        else {
            return Err("that is not the ARN of a key".to_owned());
        };
        let days = 30;
        Ok(Key {
            policy: kms.authority().store_principals(&self.policy(account))?,
            multi_region: id.starts_with("mrk-"),
            id,
            place,
            created: kms.now(),
            description: self.description.clone(),
            spec: self.spec.clone(),
            usage: self.usage.clone(),
            managed: false,
            status: match self.state {
                State::Enabled => Status::Enabled,
                State::Disabled => Status::Disabled,
                State::PendingDeletion => Status::PendingDeletion {
                    at: kms.now() + Duration::from_secs(days * 24 * 3600),
                    days,
                },
            },
            tags: self.tags.clone(),
            rotation: None,
        })
    }
}

/// Makes the keys of a seed.
pub(crate) fn load(kms: &Kms, keys: &[KeySeed]) -> Result<(), SeedError> {
    for seed in keys {
        let refused = |reason| SeedError::Key {
            arn: seed.arn.clone(),
            reason,
        };
        let key = seed.key(kms).map_err(refused)?;
        let mut state = kms.state();
        if let Status::PendingDeletion { at, .. } = key.status {
            state.will_go(at);
        }
        let store = state.store_mut(&key.place);
        if store.keys.contains_key(&key.id) {
            return Err(refused("it exists already".to_owned()));
        }
        for alias in &seed.aliases {
            let name = alias.clone();
            let alias = Alias {
                key: key.id.clone(),
                created: key.created,
                updated: key.created,
            };
            store.aliases.insert(name, alias);
        }
        store.keys.insert(key.id.clone(), key);
    }
    Ok(())
}
