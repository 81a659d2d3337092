//! Policies as text, taken apart without the product's grammar.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// A policy with the exact text of each statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Members other than the statements, as text.
    pub rest: BTreeMap<String, String>,
    /// The statements.
    pub statements: Vec<String>,
}

/// Takes a policy apart.
#[must_use]
pub fn parts(text: &str) -> Parts {
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(text).expect("a test world holds policies");
    let statements = members
        .remove("Statement")
        .map_or_else(String::new, |raw| raw.get().to_owned());
    let statements = if statements.starts_with('[') {
        let all: Vec<Box<RawValue>> = serde_json::from_str(&statements).expect("an array");
        all.iter().map(|one| one.get().to_owned()).collect()
    } else {
        vec![statements]
    };
    let rest = members
        .into_iter()
        .map(|(name, raw)| (name, raw.get().to_owned()))
        .collect();
    Parts { rest, statements }
}

impl Parts {
    /// The policy as text, in a layout that nobody would choose; `None` without statements.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let rest: String = self
            .rest
            .iter()
            .map(|(name, value)| format!("\"{name}\" :{value} ,\n"))
            .collect();
        let statements = self.statements.join(" ,\t");
        (!self.statements.is_empty()).then(|| format!("{{{rest}\"Statement\": [ {statements}]\n}}"))
    }
}

/// Whether a statement is planted as somebody else's: all that the generator makes for others says "heirs" somewhere.
#[must_use]
pub fn is_theirs(text: &str) -> bool {
    text.contains("heirs")
}

/// Whether the statements allow a role an action on a resource under conditions; `role` is none for a role's own policy.
#[must_use]
pub fn allows(
    text: &str,
    role: Option<&str>,
    action: &str,
    resource: &str,
    context: &Context<'_>,
) -> bool {
    let policy: Value = serde_json::from_str(text).expect("a test world holds policies");
    let statements = match &policy["Statement"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    statements.iter().any(|statement| {
        statement["Effect"] == "Allow"
            && role.is_none_or(|role| {
                values(&statement["Principal"]["AWS"])
                    .iter()
                    .any(|name| name == role)
            })
            && values(&statement["Action"])
                .iter()
                .any(|name| name == action)
            && values(&statement["Resource"])
                .iter()
                .any(|pattern| fits(pattern, resource))
            && context.holds(&statement["Condition"])
    })
}

/// Whether the statements let a service put an object for a bucket.
#[must_use]
pub fn delivers(text: &str, service: &str, of: &str, object: &str) -> bool {
    let policy: Value = serde_json::from_str(text).expect("a test world holds policies");
    let statements = match &policy["Statement"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    statements.iter().any(|statement| {
        let has = |value: &Value, wanted: &str| values(value).iter().any(|one| one == wanted);
        statement["Effect"] == "Allow"
            && has(&statement["Principal"]["Service"], service)
            && has(&statement["Action"], "s3:PutObject")
            && ["ArnLike", "StringEquals"]
                .iter()
                .any(|is| has(&statement["Condition"][*is]["aws:SourceArn"], of))
            && values(&statement["Resource"])
                .iter()
                .any(|pattern| fits(pattern, object))
    })
}

/// What a request brings for conditions.
#[derive(Debug, Clone, Default)]
pub struct Context<'a>(pub BTreeMap<&'a str, String>);

impl Context<'_> {
    fn holds(&self, condition: &Value) -> bool {
        let Some(operators) = condition.as_object() else {
            return true;
        };
        operators.iter().all(|(operator, keys)| {
            let keys = keys.as_object().expect("a condition has keys");
            operator == "StringLike"
                && keys.iter().all(|(key, patterns)| {
                    let value = self.0.get(key.as_str());
                    value.is_some_and(|value| values(patterns).iter().any(|one| fits(one, value)))
                })
        })
    }
}

fn values(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(values).collect(),
        _ => Vec::new(),
    }
}

/// Whether a text fits a pattern of a policy: `*` is anything and `${*}` a star.
fn fits(pattern: &str, text: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("${*}") {
        return text.strip_prefix('*').is_some_and(|text| fits(rest, text));
    }
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            rest.is_empty() || text.char_indices().any(|(at, _)| fits(rest, &text[at..]))
        }
        Some(letter) => text
            .strip_prefix(letter)
            .is_some_and(|text| fits(&pattern[letter.len_utf8()..], text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_taken_apart_and_put_together() {
        let text = r#"{"Version":"2012-10-17","Statement":{ "Sid" : "x" }}"#;
        let parts = parts(text);
        assert_eq!(parts.statements, [r#"{ "Sid" : "x" }"#]);
        let again = super::parts(&parts.text().expect("there is a statement"));
        assert_eq!(again, parts);
    }

    #[test]
    fn an_escaped_star_is_a_star() {
        assert!(fits("a/cold${*}/*", "a/cold*/k"));
        assert!(!fits("a/cold${*}/*", "a/cold1/k"));
        assert!(fits("a/*/z", "a/b/c/z"));
    }
}
