//! IAM as tests see it: the newest state of every account, without times.

use serde_json::{Map, Value, json};

use super::Iam;
use super::state::{Group, Identity, InstanceProfile, ManagedPolicy, Role, State, User};

impl Iam {
    /// Returns all that every account has.
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
            .policies()
            .map(|policy| (policy.arn.clone(), managed_snapshot(policy)))
            .collect();
        let mut account = json!({ "roles": roles, "users": users, "policies": policies });
        let groups: Map<_, _> = state
            .groups()
            .map(|group| (group.identity.name.clone(), group_snapshot(group)))
            .collect();
        let profiles: Map<_, _> = state
            .profiles
            .values()
            .map(|profile| (profile.name.clone(), profile_snapshot(profile)))
            .collect();
        for (name, part) in [("groups", groups), ("instance_profiles", profiles)] {
            if !part.is_empty() {
                account[name] = Value::Object(part);
            }
        }
        account
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
    let User {
        identity,
        keys,
        groups,
    } = user;
    let mut value = identity_snapshot(identity);
    value.insert("access_keys".to_owned(), json!(keys.len()));
    if !groups.is_empty() {
        value.insert("groups".to_owned(), json!(groups));
    }
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

fn group_snapshot(group: &Group) -> Value {
    Value::Object(identity_snapshot(&group.identity))
}

fn profile_snapshot(profile: &InstanceProfile) -> Value {
    json!({ "id": profile.id, "arn": profile.arn, "tags": profile.tags, "role": profile.role })
}

fn managed_snapshot(policy: &ManagedPolicy) -> Value {
    let in_effect = policy.policy().map(|policy| document(&policy.json));
    let mut value = json!({ "id": policy.id, "document": in_effect });
    if !policy.tags.is_empty() {
        value["tags"] = json!(policy.tags);
    }
    if policy.versions.len() > 1 {
        let version = |number: &u32| format!("v{number}");
        let versions: Vec<_> = policy.versions.keys().map(version).collect();
        value["versions"] = json!(versions);
        value["default"] = json!(version(&policy.default));
    }
    value
}

fn document(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or(Value::Null)
}
