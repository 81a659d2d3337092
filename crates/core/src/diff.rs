//! Diff: two documents of a target taken apart into the items that a reviewer reads.
//!
//! Items are compared by meaning; the leaves of an item that differ are listed with their paths.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::format::Attribute;
use crate::model::{Document, Item};
use crate::policy::without_number;

/// An item before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// The path below the target's address.
    pub path: String,
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
            (Some(before), Some(after)) => before.same_meaning(after),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// The item, as it will be or else as it is.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// The items of two documents of the same target, paired, in the order of their paths.
#[must_use]
pub fn diff(before: Option<&Document>, after: Option<&Document>) -> Vec<Diff> {
    let items = |document: Option<&Document>| document.map(Document::items).unwrap_or_default();
    let mut pairs: BTreeMap<String, (Option<Item>, Option<Item>)> = BTreeMap::new();
    for placed in items(before) {
        pairs.entry(placed.path).or_default().0 = Some(placed.item);
    }
    for placed in items(after) {
        pairs.entry(placed.path).or_default().1 = Some(placed.item);
    }
    rejoin(&mut pairs);
    pairs
        .into_iter()
        .map(|(path, (before, after))| Diff {
            path,
            before,
            after,
        })
        .collect()
}

/// Pairs what means the same and is called otherwise because one that was called alike came or went: it stays, under the name
/// that it has.
fn rejoin(pairs: &mut BTreeMap<String, (Option<Item>, Option<Item>)>) {
    let renamed = |path: &str| {
        let stem = without_number(path).unwrap_or(path);
        stem.contains("/statement/").then(|| stem.to_owned())
    };
    let is_lone = |path: &String, pair: &(Option<Item>, Option<Item>)| {
        pair.0.is_none() && renamed(path).is_some()
    };
    let come: Vec<String> = pairs
        .iter()
        .filter(|(path, pair)| is_lone(path, pair))
        .map(|(path, _)| path.clone())
        .collect();
    for path in come {
        let after = pairs.get(&path).and_then(|pair| pair.1.clone());
        let Some(after) = after else { continue };
        let twin = pairs.iter().rev().find(|(other, (before, gone))| {
            let is_alike = gone.is_none() && renamed(other) == renamed(&path);
            is_alike && before.as_ref().is_some_and(|it| it.same_meaning(&after))
        });
        let Some(twin) = twin.map(|(other, _)| other.clone()) else {
            continue;
        };
        pairs.remove(&path);
        pairs.entry(twin).or_default().1 = Some(after);
    }
}

/// The leaves that differ between two views.
#[must_use]
pub fn attributes(before: &Value, after: &Value) -> Vec<Attribute> {
    let mut leaves = Vec::new();
    differing("", before, after, &mut leaves);
    leaves
}

/// Walks two values together; objects are entered, everything else is a leaf.
fn differing(path: &str, before: &Value, after: &Value, leaves: &mut Vec<Attribute>) {
    let empty = Map::new();
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(_) | Value::Null, Value::Object(_) | Value::Null) => {
            let before = before.as_object().unwrap_or(&empty);
            let after = after.as_object().unwrap_or(&empty);
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
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
    use serde_json::json;

    fn leaves(before: &Value, after: &Value) -> Vec<String> {
        attributes(before, after)
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
