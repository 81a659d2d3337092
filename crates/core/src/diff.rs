//! Diff: two documents of a target taken apart into the items that a reviewer reads.
//!
//! Items are compared by meaning; the leaves of an item that differ are listed with their paths.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::format::Attribute;
use crate::model::document::{Document, PolicyText, Role};
use crate::model::replication::ReplicationConfiguration;
use crate::model::{BucketPart, Kind, Target};
use crate::policy::{PolicyDocument, Statement};

/// A part of a document that a reviewer reads as one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The path below the target's address; empty where the item is the whole document.
    pub path: String,
    /// What it is, in AWS's words.
    pub kind: &'static str,
    /// The rule ID or the Sid, where it has one.
    pub name: Option<String>,
    /// The item for reviewers.
    pub view: Value,
    /// The item's meaning: equal exactly where nothing changes.
    meaning: Value,
}

/// An item before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// As it is.
    pub before: Option<Item>,
    /// As it will be.
    pub after: Option<Item>,
}

impl Diff {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_same(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => before.meaning == after.meaning,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// The item, as it will be or else as it is.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// The leaves that differ.
    #[must_use]
    pub fn attributes(&self) -> Vec<Attribute> {
        let view =
            |item: &Option<Item>| item.as_ref().map_or(Value::Null, |item| item.view.clone());
        let mut leaves = Vec::new();
        differing("", &view(&self.before), &view(&self.after), &mut leaves);
        leaves
    }
}

/// The items of two documents of the same target, paired.
#[must_use]
pub fn diff(target: &Target, before: Option<&Document>, after: Option<&Document>) -> Vec<Diff> {
    let by_path = |document: Option<&Document>| -> BTreeMap<String, Item> {
        let items = document
            .map(|document| items(target.kind(), document))
            .unwrap_or_default();
        items
            .into_iter()
            .map(|item| (item.path.clone(), item))
            .collect()
    };
    let (mut before, after) = (by_path(before), by_path(after));
    let mut pairs: BTreeMap<String, Diff> = after
        .into_iter()
        .map(|(path, after)| {
            let before = before.remove(&path);
            (
                path,
                Diff {
                    before,
                    after: Some(after),
                },
            )
        })
        .collect();
    let gone = before.into_iter().map(|(path, item)| {
        (
            path,
            Diff {
                before: Some(item),
                after: None,
            },
        )
    });
    pairs.extend(gone);
    pairs.into_values().collect()
}

/// The items of a document.
fn items(kind: Kind, document: &Document) -> Vec<Item> {
    match document {
        Document::Replication(configuration) => replication_items(configuration),
        Document::BucketPolicy(policy) => statements(policy, "bucket policy statement", kind),
        Document::RolePolicy(policy) => statements(policy, "role policy statement", kind),
        Document::Role(Role {
            path,
            trust,
            tags,
            boundary,
        }) => vec![Item {
            view: json!({
                "path": path,
                "trust": serde_json::from_str(&trust.0).unwrap_or_else(|_| json!(trust.0)),
                "tags": tags,
                "boundary": boundary,
            }),
            ..whole(kind, document)
        }],
        Document::Bucket(_)
        | Document::Tags(_)
        | Document::Versioning(_)
        | Document::Encryption(_)
        | Document::Ownership(_)
        | Document::PublicAccess(_)
        | Document::ObjectLock(_)
        | Document::RequestPayment(_)
        | Document::Lifecycle(_)
        | Document::Roles(_)
        | Document::RolePolicies(_) => vec![whole(kind, document)],
    }
}

fn whole(kind: Kind, document: &Document) -> Item {
    let meaning = document.canonical();
    let view = match kind {
        Kind::Bucket(BucketPart::Versioning) | Kind::Bucket(BucketPart::Encryption) => {
            without_what_is_off(&meaning)
        }
        _ if meaning.is_object() => meaning.clone(),
        _ => json!({ "value": meaning }),
    };
    Item {
        path: String::new(),
        kind: kind.as_str(),
        name: None,
        view,
        meaning,
    }
}

/// What is off, empty or absent in most buckets is left out: a reviewer reads what there is.
fn without_what_is_off(meaning: &Value) -> Value {
    let Value::Object(map) = meaning else {
        return meaning.clone();
    };
    let off = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(_) | Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    };
    let kept = map.iter().filter(|(_, value)| !off(value));
    Value::Object(
        kept.map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn replication_items(configuration: &ReplicationConfiguration) -> Vec<Item> {
    let ReplicationConfiguration {
        role,
        rules,
        unmodelled: _,
    } = configuration;
    let role = Item {
        path: "/role".to_owned(),
        kind: "replication role",
        name: None,
        view: json!({ "role": role }),
        meaning: json!(role),
    };
    let rules = rules.iter().enumerate().map(|(place, rule)| {
        let id = rule.id.clone().unwrap_or_else(|| format!("#{place}"));
        Item {
            path: format!("/rule/{id}"),
            kind: "replication rule",
            name: rule.id.clone(),
            view: rule.to_json(),
            meaning: rule.meaning().to_json(),
        }
    });
    std::iter::once(role).chain(rules).collect()
}

/// A policy's statements; the whole text where it cannot be read.
fn statements(PolicyText(text): &PolicyText, kind: &'static str, target: Kind) -> Vec<Item> {
    let Ok(policy) = PolicyDocument::parse(text) else {
        let view = json!({ "text": text });
        let meaning = view.clone();
        return vec![Item {
            path: String::new(),
            kind: target.as_str(),
            name: None,
            view,
            meaning,
        }];
    };
    let items = policy
        .statements()
        .iter()
        .enumerate()
        .map(|(place, statement)| {
            let sid = statement.sid().map(ToOwned::to_owned);
            let name = sid.clone().unwrap_or_else(|| format!("#{place}"));
            Item {
                path: format!("/statement/{name}"),
                kind,
                name: sid,
                view: statement_view(statement),
                meaning: json!(statement.canonical().to_json()),
            }
        });
    items.collect()
}

fn statement_view(statement: &Statement) -> Value {
    serde_json::from_str(statement.raw()).unwrap_or_else(|_| json!(statement.raw()))
}

/// Walks two values together; objects are entered, everything else is a leaf.
fn differing(path: &str, before: &Value, after: &Value, leaves: &mut Vec<Attribute>) {
    let empty = Map::new();
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(_) | Value::Null, Value::Object(_) | Value::Null) => {
            let before = before.as_object().unwrap_or(&empty);
            let after = after.as_object().unwrap_or(&empty);
            let keys: std::collections::BTreeSet<&String> =
                before.keys().chain(after.keys()).collect();
            for key in keys {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                let side = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                differing(&path, &side(before), &side(after), leaves);
            }
        }
        (before, after) => leaves.push(Attribute {
            path: path.to_owned(),
            before: before.clone(),
            after: after.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(before: &Value, after: &Value) -> Vec<String> {
        let mut leaves = Vec::new();
        differing("", before, after, &mut leaves);
        leaves
            .into_iter()
            .map(|leaf| format!("{}: {} -> {}", leaf.path, leaf.before, leaf.after))
            .collect()
    }

    #[test]
    fn only_leaves_that_differ_are_listed() {
        let before = json!({ "a": { "b": 1, "c": 2 }, "d": [1, 2], "gone": true });
        let after = json!({ "a": { "b": 1, "c": 3 }, "d": [2, 1], "new": { "deep": "x" } });
        assert_eq!(
            leaves(&before, &after),
            [
                "a.c: 2 -> 3",
                "d: [1,2] -> [2,1]",
                "gone: true -> null",
                "new.deep: null -> \"x\""
            ]
        );
        assert!(leaves(&before, &before).is_empty());
    }
}
