//! Comparison by meaning: the one form that all texts of the same policy share.
//!
//! What AWS treats as the same becomes the same here (IAMUG:reference_policies_elements_*): order and
//! repetition, a single value or an array of one, the case of actions, condition operators and condition keys,
//! `"*"` and `{"AWS": "*"}` as principals, an account ID and its root ARN, an empty Sid and none, an empty
//! Condition and none, booleans and numbers and their strings. Nothing else does: wildcards never make two
//! policies equal, and `Effect` keeps its case.
//!
//! Sids count, although they grant nothing: ownership is read from them. [`CanonicalStatement::without_sid`]
//! compares rights alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::grammar::{Body, Condition, Effect, Principals, Scope};
use super::principals::canonical_principals;

/// What a statement means. Two statements mean the same exactly when these are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CanonicalStatement {
    /// A statement that the model covers whole.
    Modelled(Box<Permission>),
    /// A statement with something that the model does not cover, compared by JSON value: its JSON with sorted members.
    Unmodelled(String),
}

/// What a modelled statement grants or denies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// The Sid; never empty.
    pub sid: Option<String>,
    /// Whether it grants or takes away.
    pub effect: Effect,
    /// Principals by type, account IDs as root ARNs.
    pub principals: Option<Scope<BTreeMap<String, BTreeSet<String>>>>,
    /// Actions in lower case.
    pub actions: Scope<BTreeSet<String>>,
    /// Resources.
    pub resources: Option<Scope<BTreeSet<String>>>,
    /// Values by operator and key; operator and the name of the key in lower case.
    pub conditions: Conditions,
}

/// Condition values by operator and key.
pub type Conditions = BTreeMap<(String, String), BTreeSet<String>>;

impl CanonicalStatement {
    pub(crate) fn new(body: &Body, raw: &str) -> Self {
        let Body {
            sid,
            effect,
            principals,
            actions,
            resources,
            conditions,
            unknown,
        } = body;
        let Some(conditions) = canonical_conditions(conditions).filter(|_| unknown.is_empty())
        else {
            return Self::Unmodelled(sorted_json(raw));
        };
        let strings = |scope: &Scope<Vec<String>>| scope.clone().map(BTreeSet::from_iter);
        Self::Modelled(Box::new(Permission {
            sid: sid.clone().filter(|sid| !sid.is_empty()),
            effect: *effect,
            principals: principals.as_ref().map(|scope: &Scope<Principals>| {
                scope
                    .clone()
                    .map(|listed| canonical_principals(&listed, body))
            }),
            actions: actions.clone().map(|listed| {
                listed
                    .iter()
                    .map(|action| action.to_ascii_lowercase())
                    .collect()
            }),
            resources: resources.as_ref().map(strings),
            conditions,
        }))
    }

    /// The same rights without the name; to find a statement that was only renamed.
    #[must_use]
    pub fn without_sid(&self) -> Self {
        match self {
            Self::Modelled(permission) => Self::Modelled(Box::new(Permission {
                sid: None,
                ..(**permission).clone()
            })),
            Self::Unmodelled(json) => Self::Unmodelled(json.clone()),
        }
    }

    /// The meaning as JSON, always the same bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Modelled(permission) => permission.to_json(),
            Self::Unmodelled(json) => format!("{{\"Unmodelled\":{json}}}"),
        }
    }
}

impl Permission {
    fn to_json(&self) -> String {
        let Self {
            sid,
            effect,
            principals,
            actions,
            resources,
            conditions,
        } = self;
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|((operator, key), values)| {
                Value::from(vec![
                    Value::from(operator.as_str()),
                    Value::from(key.as_str()),
                    array(values),
                ])
            })
            .collect();
        format!(
            "{{\"Sid\":{},\"Effect\":{},\"Principal\":{},\"Action\":{},\"Resource\":{},\"Condition\":{}}}",
            Value::from(sid.clone()),
            Value::from(effect.as_str()),
            principals
                .as_ref()
                .map_or(Value::Null, |scope| tagged(scope, by_type)),
            tagged(actions, array),
            resources
                .as_ref()
                .map_or(Value::Null, |scope| tagged(scope, array)),
            Value::from(conditions),
        )
    }
}

fn tagged<T>(scope: &Scope<T>, json: fn(&T) -> Value) -> Value {
    let tag = match scope {
        Scope::Only(_) => "only",
        Scope::Except(_) => "except",
    };
    Value::from(vec![Value::from(tag), json(scope.listed())])
}

fn array(items: &BTreeSet<String>) -> Value {
    items.iter().map(String::as_str).collect()
}

fn by_type(principals: &BTreeMap<String, BTreeSet<String>>) -> Value {
    principals
        .iter()
        .map(|(kind, names)| Value::from(vec![Value::from(kind.as_str()), array(names)]))
        .collect()
}

/// Conditions by operator and key; `None` where two entries differ only by case.
///
/// Both of such a pair must hold, while the values of one entry are alternatives, so that they can't be merged.
fn canonical_conditions(conditions: &[Condition]) -> Option<Conditions> {
    let mut canonical = Conditions::new();
    for condition in conditions {
        let name = (
            condition.operator.to_ascii_lowercase(),
            canonical_key(&condition.key),
        );
        let values = condition.values.iter().cloned().collect();
        if canonical.insert(name, values).is_some() {
            return None;
        }
    }
    Some(canonical)
}

/// The key with its name in lower case. What follows a slash is a tag key, and S3's tag keys have a case.
pub(super) fn canonical_key(key: &str) -> String {
    match key.split_once('/') {
        Some((name, tag)) => format!("{}/{tag}", name.to_ascii_lowercase()),
        None => key.to_ascii_lowercase(),
    }
}

/// The same JSON value with sorted members; the text itself where it nests too deep to be a value.
fn sorted_json(raw: &str) -> String {
    serde_json::from_str::<Value>(raw).map_or_else(|_| raw.to_owned(), |value| sorted(&value))
}

/// Sorted here rather than by the map type, whose order is a feature flag of another crate.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, String> = members
                .iter()
                .map(|(name, value)| (name, sorted(value)))
                .collect();
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(sorted).collect();
            format!("[{}]", items.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
