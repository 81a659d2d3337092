//! JSON values taken apart into leaves.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::sanitize::word;
use crate::statement;

/// A leaf before and after; null is absent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf<'a> {
    /// The path with dots, and indexes in brackets.
    pub(crate) path: String,
    pub(crate) before: &'a Value,
    pub(crate) after: &'a Value,
}

/// The leaves that differ between two values, sorted by path; policies and lists of plain values are leaves as a whole.
pub(crate) fn leaves<'a>(path: &str, before: &'a Value, after: &'a Value) -> Vec<Leaf<'a>> {
    let mut found = Vec::new();
    collect(path, before, after, &mut found);
    found
}

fn collect<'a>(path: &str, before: &'a Value, after: &'a Value, found: &mut Vec<Leaf<'a>>) {
    if before == after {
        return;
    }
    if let Some((before, after)) = objects(before, after) {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let path = if path.is_empty() {
                word(key)
            } else {
                format!("{path}.{}", word(key))
            };
            collect(&path, member(before, key), member(after, key), found);
        }
    } else if let Some((before, after)) = lists_of_objects(before, after) {
        for index in 0..before.len().max(after.len()) {
            collect(
                &format!("{path}[{index}]"),
                element(before, index),
                element(after, index),
                found,
            );
        }
    } else {
        found.push(Leaf {
            path: path.to_owned(),
            before,
            after,
        });
    }
}

type Members<'a> = &'a Map<String, Value>;

/// Both as objects to be taken apart, with nothing as an empty one.
fn objects<'a>(before: &'a Value, after: &'a Value) -> Option<(Members<'a>, Members<'a>)> {
    static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    let open = |value: &'a Value| match value {
        Value::Null => Some(&*EMPTY),
        Value::Object(map) if !map.is_empty() && !statement::is_policy(value) => Some(map),
        _ => None,
    };
    open(before).zip(open(after))
}

/// Both as lists with objects in them, with nothing as an empty one.
fn lists_of_objects<'a>(before: &'a Value, after: &'a Value) -> Option<(&'a [Value], &'a [Value])> {
    let open = |value: &'a Value| match value {
        Value::Null => Some(&[][..]),
        Value::Array(list) if list.iter().any(Value::is_object) && !statement::is_policy(value) => {
            Some(list.as_slice())
        }
        _ => None,
    };
    open(before).zip(open(after))
}

fn member<'a>(map: &'a Map<String, Value>, key: &str) -> &'a Value {
    map.get(key).unwrap_or(&Value::Null)
}

fn element(list: &[Value], index: usize) -> &Value {
    list.get(index).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: &Value, after: &Value) -> Vec<String> {
        leaves("", before, after)
            .into_iter()
            .map(|leaf| leaf.path)
            .collect()
    }

    #[test]
    fn equal_parts_are_left_out() {
        let before = json!({"a": {"b": 1, "c": 2}, "d": [1, 2]});
        let after = json!({"a": {"b": 1, "c": 3}, "d": [1, 2]});
        assert_eq!(paths(&before, &after), ["a.c"]);
        assert!(leaves("", &after, &after).is_empty());
    }

    #[test]
    fn nothing_becomes_every_leaf() {
        let after = json!({"b": {"y": [1], "x": {}}, "a": [{"k": 1}, {"k": 2}]});
        assert_eq!(
            paths(&Value::Null, &after),
            ["a[0].k", "a[1].k", "b.x", "b.y"]
        );
    }

    #[test]
    fn a_policy_is_one_leaf() {
        let after = json!({"trust": {"Version": "2012-10-17", "Statement": []}});
        assert_eq!(paths(&Value::Null, &after), ["trust"]);
    }
}
