//! KMS: keys with policies and states, one set in each account and Region.
//!
//! ```text
//! mod (which operation) -> keys, policies, grants, aliases, tags, rotation, crypto -> state
//!                            `-> call (input, who may) -> access (the key's policy, IAM, and grants)
//! vault <- the other services ask (crate::vault)
//! ```
//!
//! A key's policy decides first: what it does not grant, to a principal or to the account, nobody may do, not even the
//! account's root (KMS Developer Guide, "Key policies"). Changes are in force at once.

mod access;
mod aliases;
mod call;
mod crypto;
mod errors;
mod grant;
mod grants;
mod grants_shown;
mod keys;
mod managed;
mod metadata;
mod names;
mod policies;
mod rotation;
pub(crate) mod seed;
mod snapshot;
mod state;
mod tags;
#[cfg(test)]
mod tests;
mod vault;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use crate::authority::Authority;
use crate::clock::Clock;
use crate::ids::Ids;
use crate::wire::{JsonRequest, JsonService};

use call::{Answer, Call};
use errors::fault;
use state::State;

/// KMS of every account; clones share it.
#[derive(Clone)]
pub(crate) struct Kms {
    shared: Arc<Shared>,
}

struct Shared {
    authority: Arc<dyn Authority>,
    clock: Clock,
    ids: Ids,
    seed: u64,
    state: Mutex<State>,
}

impl Kms {
    /// Starts KMS with no keys.
    pub(crate) fn new(seed: u64, clock: Clock, authority: Arc<dyn Authority>) -> Self {
        Self {
            shared: Arc::new(Shared {
                authority,
                clock,
                ids: Ids::new(seed, "kms"),
                seed,
                state: Mutex::default(),
            }),
        }
    }

    fn authority(&self) -> &dyn Authority {
        self.shared.authority.as_ref()
    }

    fn ids(&self) -> &Ids {
        &self.shared.ids
    }

    fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    /// Locks the state, without the keys whose time is over.
    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.sweep(self.now());
        state
    }
}

impl JsonService for Kms {
    fn name(&self) -> &'static str {
        "kms"
    }

    fn resource(&self, input: &Value) -> String {
        let field = |name| input.get(name).and_then(Value::as_str);
        let named = field("KeyId").or_else(|| field("AliasName"));
        named.unwrap_or_default().to_owned()
    }

    fn call(&self, request: &JsonRequest<'_>) -> Answer {
        if !request.input.is_object() {
            return Err(fault(
                "SerializationException",
                "The body is not a JSON object.",
            ));
        }
        let call = &Call::new(self, request);
        match request.operation {
            "CreateKey" => keys::create(call),
            "DescribeKey" => keys::describe(call),
            "ListKeys" => keys::list(call),
            "EnableKey" => keys::enable(call),
            "DisableKey" => keys::disable(call),
            "UpdateKeyDescription" => keys::describe_anew(call),
            "ScheduleKeyDeletion" => keys::schedule_deletion(call),
            "CancelKeyDeletion" => keys::cancel_deletion(call),
            "GetKeyPolicy" => policies::get(call),
            "PutKeyPolicy" => policies::put(call),
            "ListKeyPolicies" => policies::list(call),
            "CreateGrant" => grants::create(call),
            "ListGrants" => grants::list(call),
            "ListRetirableGrants" => grants::list_retirable(call),
            "RetireGrant" => grants::retire(call),
            "RevokeGrant" => grants::revoke(call),
            "CreateAlias" => aliases::create(call),
            "UpdateAlias" => aliases::update(call),
            "DeleteAlias" => aliases::delete(call),
            "ListAliases" => aliases::list(call),
            "ListResourceTags" => tags::list(call),
            "TagResource" => tags::add(call),
            "UntagResource" => tags::remove(call),
            "GetKeyRotationStatus" => rotation::status(call),
            "EnableKeyRotation" => rotation::enable(call),
            "DisableKeyRotation" => rotation::disable(call),
            "Encrypt" => crypto::encrypt(call),
            "Decrypt" => crypto::decrypt(call),
            "ReEncrypt" => crypto::encrypt_again(call),
            "GenerateDataKey" => crypto::data_key(call, true),
            "GenerateDataKeyWithoutPlaintext" => crypto::data_key(call, false),
            name => {
                let message = format!("The sandbox's KMS does not have the operation {name:?}.");
                Err(fault("UnknownOperationException", message))
            }
        }
    }
}
