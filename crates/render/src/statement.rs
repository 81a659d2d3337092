//! Policies as tables: one row for each thing that a statement says, so that a reviewer compares words and not JSON.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::json::compact;
use crate::sanitize::word;

/// One row of a statement's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// What the row is about, e.g. `actions`.
    pub(crate) label: String,
    /// What it holds, one element a line, sorted.
    pub(crate) elements: BTreeSet<String>,
}

/// Labels of the parts of a statement, in the order in which a reviewer asks, with their names in AWS's grammar.
/// Names are compared without case, underscores and a plural's s.
const LABELS: [(&str, &str); 9] = [
    ("sid", "sid"),
    ("effect", "effect"),
    ("action", "actions"),
    ("notaction", "all actions but"),
    ("resource", "resources"),
    ("notresource", "all resources but"),
    ("principal", "principal"),
    ("notprincipal", "all principals but"),
    ("condition", "condition"),
];

/// Whether a value is a policy document, a list of statements, or a statement.
pub(crate) fn is_policy(value: &Value) -> bool {
    is_statement(value) || statements(value).is_some()
}

/// Whether a value is a statement: it has an effect on actions.
pub(crate) fn is_statement(value: &Value) -> bool {
    let Value::Object(map) = value else {
        return false;
    };
    let has = |name: &str| map.keys().any(|key| normal(key) == name);
    has("effect") && (has("action") || has("notaction"))
}

/// The statements of a document or a list of them; none where the value is something else.
pub(crate) fn statements(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(list) if !list.is_empty() && list.iter().all(is_statement) => {
            Some(list.iter().collect())
        }
        Value::Object(map) => match statement_member(map)? {
            Value::Array(list) => list.iter().all(is_statement).then(|| list.iter().collect()),
            one => is_statement(one).then(|| vec![one]),
        },
        _ => None,
    }
}

/// What a document says apart from its statements: its version and ID; null where it is nothing.
pub(crate) fn frame(value: &Value) -> Value {
    let Value::Object(map) = value else {
        return Value::Null;
    };
    if is_statement(value) {
        return Value::Null;
    }
    let rest = map.iter().filter(|(key, _)| normal(key) != "statement");
    let rest: Map<String, Value> = rest
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if rest.is_empty() {
        Value::Null
    } else {
        Value::Object(rest)
    }
}

fn statement_member(map: &Map<String, Value>) -> Option<&Value> {
    map.iter()
        .find(|(key, _)| normal(key) == "statement")
        .map(|(_, value)| value)
}

/// A statement's Sid; empty where it has none.
pub(crate) fn sid(statement: &Value) -> &str {
    let Value::Object(map) = statement else {
        return "";
    };
    map.iter()
        .find(|(key, _)| normal(key) == "sid")
        .and_then(|(_, value)| value.as_str())
        .unwrap_or_default()
}

/// The table of a statement, its rows in the order of [`LABELS`], whatever else it says after them.
pub(crate) fn rows(statement: &Value) -> Vec<Row> {
    let Value::Object(map) = statement else {
        return Vec::new();
    };
    let mut rows: Vec<(usize, Row)> = map.iter().map(|(key, value)| row(key, value)).collect();
    rows.retain(|(_, row)| !row.elements.is_empty());
    rows.sort_by(|one, other| (one.0, &one.1.label).cmp(&(other.0, &other.1.label)));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row(key: &str, value: &Value) -> (usize, Row) {
    let name = normal(key);
    let place = LABELS.iter().position(|(known, _)| *known == name);
    let label = place.map_or_else(|| word(key), |place| LABELS[place].1.to_owned());
    let elements = match name.as_str() {
        "principal" | "notprincipal" => principals(value),
        "condition" => conditions(value),
        _ => words(value),
    };
    (
        place.unwrap_or(LABELS.len()),
        Row {
            label,
            elements: elements.into_iter().collect(),
        },
    )
}

fn normal(key: &str) -> String {
    let lower: String = key
        .chars()
        .filter(|character| *character != '_')
        .flat_map(char::to_lowercase)
        .collect();
    lower.strip_suffix('s').map_or(lower.clone(), str::to_owned)
}

fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![word(text)],
        Value::Array(list) => list.iter().flat_map(words).collect(),
        other => vec![compact(other)],
    }
}

fn principals(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text == "*" => vec!["everyone (*)".to_owned()],
        Value::Object(map) => map
            .iter()
            .flat_map(|(kind, names)| {
                words(names)
                    .into_iter()
                    .map(move |name| principal(kind, &name))
            })
            .collect(),
        other => words(other),
    }
}

fn principal(kind: &str, name: &str) -> String {
    match (kind, name) {
        ("AWS", "*") => "everyone (AWS *)".to_owned(),
        _ => format!("{} {name}", word(kind)),
    }
}

/// One element for each operator, key and value.
fn conditions(value: &Value) -> Vec<String> {
    let Value::Object(operators) = value else {
        return words(value);
    };
    let mut found = Vec::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else {
            found.push(format!("{} {}", word(operator), compact(keys)));
            continue;
        };
        for (key, values) in keys {
            let one = |value| format!("{} {} = {value}", word(operator), word(key));
            match words(values) {
                none if none.is_empty() => found.push(one("(nothing)".to_owned())),
                some => found.extend(some.into_iter().map(one)),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_reads_as_rows_in_a_reviewers_order() {
        let statement = json!({
            "Condition": {"StringEquals": {"aws:SourceAccount": ["1", "2"]}, "Null": {"aws:x": []}},
            "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*", "Effect": "Deny",
            "NotPrincipal": {"AWS": ["arn:aws:iam::1:root"], "Service": "s3.amazonaws.com"}, "Extra": 1,
        });
        let shown: Vec<_> = rows(&statement)
            .into_iter()
            .map(|row| (row.label, Vec::from_iter(row.elements)))
            .collect();
        insta::assert_debug_snapshot!(shown, @r#"
        [
            (
                "effect",
                [
                    "Deny",
                ],
            ),
            (
                "actions",
                [
                    "s3:GetObject",
                    "s3:PutObject",
                ],
            ),
            (
                "resources",
                [
                    "*",
                ],
            ),
            (
                "all principals but",
                [
                    "AWS arn:aws:iam::1:root",
                    "Service s3.amazonaws.com",
                ],
            ),
            (
                "condition",
                [
                    "Null aws:x = (nothing)",
                    "StringEquals aws:SourceAccount = 1",
                    "StringEquals aws:SourceAccount = 2",
                ],
            ),
            (
                "Extra",
                [
                    "1",
                ],
            ),
        ]
        "#);
    }

    #[test]
    fn everyone_is_called_everyone() {
        assert_eq!(principals(&json!("*")), ["everyone (*)"]);
        assert_eq!(principals(&json!({"AWS": "*"})), ["everyone (AWS *)"]);
    }

    #[test]
    fn documents_lists_and_other_things_are_told_apart() {
        let statement = json!({"effect": "Allow", "actions": ["s3:*"]});
        assert!(is_policy(&json!({"Statement": statement.clone()})));
        assert!(is_policy(&json!([statement.clone()])));
        assert!(is_statement(&statement));
        assert!(!is_policy(&json!({"Statement": "x"})));
        assert!(!is_policy(&json!([])));
        assert!(!is_policy(&json!({"effect": "Allow"})));
    }

    #[test]
    fn an_element_cannot_forge_a_second_one() {
        assert_eq!(
            words(&json!("s3:Get\n+ actions s3:*")),
            ["\"s3:Get\\n+ actions s3:*\""]
        );
    }
}
