//! IAM: who exists in each account and what they may do.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::authority::{Action, Authority, Caller, CallerKind, Denied};
use crate::clock::Clock;
use crate::environment::Account;
use crate::front::{Form, QueryService, Refusal};
use crate::ids::Ids;
use crate::keys::{Key, KeyRing};
use crate::sandbox::RootKey;
use crate::switches::Switches;

/// IAM of every account.
#[derive(Clone)]
pub(crate) struct Iam {
    ids: Arc<Ids>,
    keys: KeyRing,
}

impl Iam {
    pub(crate) fn new(
        _accounts: &[Account],
        seed: u64,
        _clock: Clock,
        _switches: Arc<Switches>,
        keys: KeyRing,
    ) -> Self {
        Self {
            ids: Arc::new(Ids::new(seed, "iam")),
            keys,
        }
    }

    pub(crate) fn add_root_key(&self, account: &str) -> RootKey {
        let key = RootKey {
            id: self.ids.access_key_id("AKIA"),
            secret: self.ids.mixed(40),
        };
        let arn = format!("arn:aws:iam::{account}:root");
        let caller = Caller {
            account: account.to_owned(),
            arn: arn.clone(),
            principal_arn: arn,
            user_id: account.to_owned(),
            principal_id: account.to_owned(),
            kind: CallerKind::Root,
            is_root: true,
            session_policy: None,
        };
        let secret = key.secret.clone();
        self.keys.add(
            key.id.clone(),
            Key {
                secret,
                temporary: None,
                caller,
            },
        );
        key
    }

    pub(crate) fn snapshot(&self) -> Value {
        json!({})
    }
}

/// Only roots exist so far, and they may do everything in their own account.
impl Authority for Iam {
    fn authorize(&self, caller: &Caller, action: &Action<'_>) -> Result<(), Denied> {
        if caller.is_root && caller.account == action.resource_account {
            return Ok(());
        }
        Err(denied(caller, action.name, action.resource))
    }

    fn assume_as_service(&self, service: &str, role_arn: &str) -> Result<Caller, Denied> {
        let message = format!("{service} is not authorized to assume {role_arn}");
        Err(Denied {
            message,
            explicit: false,
        })
    }

    fn may_pass_role(&self, caller: &Caller, role_arn: &str, _service: &str) -> Result<(), Denied> {
        Err(denied(caller, "iam:PassRole", role_arn))
    }

    fn store_principals(&self, policy_json: &str) -> Result<String, String> {
        Ok(policy_json.to_owned())
    }

    fn show_principals(&self, stored_json: &str) -> String {
        stored_json.to_owned()
    }
}

fn denied(caller: &Caller, action: &str, resource: &str) -> Denied {
    let message = format!(
        "User: {} is not authorized to perform: {action} on resource: {resource} because no \
         identity-based policy allows the {action} action",
        caller.arn
    );
    Denied {
        message,
        explicit: false,
    }
}

impl QueryService for Iam {
    fn name(&self) -> &'static str {
        "iam"
    }

    fn namespace(&self) -> &'static str {
        "https://iam.amazonaws.com/doc/2010-05-08/"
    }

    fn resource(&self, form: &Form) -> String {
        form.get("RoleName").unwrap_or_default().to_owned()
    }

    fn call(&self, _: &Caller, operation: &str, _: &Form) -> Result<Option<String>, Refusal> {
        let message = format!("The action {operation} is not valid for this web service.");
        Err(Refusal::new(400, "InvalidAction", message))
    }
}
