//! JSON values in one line, safe to show.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sanitize::quote;

/// A value in one line of JSON with its keys sorted, safe to show.
pub(crate) fn compact(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quote(text),
        Value::Array(list) => format!("[{}]", joined(list.iter().map(compact))),
        Value::Object(map) => {
            let keys: BTreeSet<&String> = map.keys().collect();
            let entry = |key: &String| format!("{}: {}", quote(key), compact(&map[key.as_str()]));
            format!("{{{}}}", joined(keys.into_iter().map(entry)))
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// The elements of a list of plain values, or of nothing.
pub(crate) fn plain_list(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(list) if !list.iter().any(|one| one.is_object() || one.is_array()) => {
            Some(list.iter().map(compact).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_line_of_json_has_sorted_keys() {
        let value = json!({"b": [true, null], "a": "x\ny"});
        assert_eq!(compact(&value), r#"{"a": "x\ny", "b": [true, null]}"#);
    }
}
