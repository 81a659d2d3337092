//! IAM as tests see it: the newest state of every account, without times.

use serde_json::{Map, Value, json};

use super::Iam;
use super::state::{Identity, ManagedPolicy, Role, State, User};

impl Iam {
    /// Returns roles, users and policies of every account.
    pub(crate) fn snapshot(&self) -> Value {
        let account = |id: &str| {
            let state = self.latest(id).unwrap_or_default();
            (id.to_owned(), self.account_snapshot(&state))
        };
        Value::Object(self.account_ids().map(account).collect())
    }

    fn account_snapshot(&self, state: &State) -> Value {
        let roles: Map<_, _> = state
            .roles()
            .map(|role| (role.identity.name.clone(), self.role_snapshot(role)))
            .collect();
        let users: Map<_, _> = state
            .users()
            .map(|user| (user.identity.name.clone(), user_snapshot(user)))
            .collect();
        let policies: Map<_, _> = state
            .policies
            .values()
            .map(|policy| (policy.arn.clone(), managed_snapshot(policy)))
            .collect();
        json!({ "roles": roles, "users": users, "policies": policies })
    }

    fn role_snapshot(&self, role: &Role) -> Value {
        let Role {
            identity,
            description,
            max_session,
            trust,
        } = role;
        let mut value = identity_snapshot(identity);
        value.insert("description".to_owned(), json!(description));
        value.insert("max_session".to_owned(), json!(max_session));
        value.insert("trust".to_owned(), document(&self.shown(&trust.json)));
        Value::Object(value)
    }
}

fn user_snapshot(user: &User) -> Value {
    let User { identity, keys } = user;
    let mut value = identity_snapshot(identity);
    value.insert("access_keys".to_owned(), json!(keys.len()));
    Value::Object(value)
}

fn identity_snapshot(identity: &Identity) -> Map<String, Value> {
    let Identity {
        name: _,
        path: _,
        id,
        arn,
        created: _,
        tags,
        inline,
        attached,
        boundary,
    } = identity;
    let inline: Map<_, _> = inline
        .iter()
        .map(|(name, policy)| (name.clone(), document(&policy.json)))
        .collect();
    let value = json!({
        "id": id, "arn": arn, "tags": tags, "inline": inline,
        "attached": attached, "boundary": boundary,
    });
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn managed_snapshot(policy: &ManagedPolicy) -> Value {
    json!({ "id": policy.id, "document": document(&policy.policy.json) })
}

fn document(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or(Value::Null)
}
