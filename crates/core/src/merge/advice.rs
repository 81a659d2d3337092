//! What a refusal tells to add: to a spec, as YAML takes it, or to a policy by hand.

use serde_json::json;

use crate::digest::digest;

/// The advice to set guards, with a line of YAML to its end that can be pasted as it is: `defaults` holds for every
/// migration, whatever its own guards say.
pub(crate) fn guards_line(guards: &[(&str, String)]) -> String {
    let guards: Vec<String> = guards
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!(
        "add to the spec: defaults: {{ guards: {{ {} }} }}",
        guards.join(", ")
    )
}

/// The Sid of a statement to add to a policy by hand, another one for each thing that it is for: a policy takes each Sid once, and
/// some of them letters and digits only (IAMUG:reference_policies_elements_sid).
pub(crate) fn sid(word: &str, what: &str) -> String {
    let hash = digest(&json!(what));
    format!("{word}{}", &hash[..8])
}

/// A text as YAML takes it, whatever is in it.
pub(super) fn one_quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list of texts as YAML takes it, also of texts with quotes and backslashes, which IDs of rules may hold.
pub(crate) fn quoted(addresses: impl IntoIterator<Item = impl Into<String>>) -> String {
    let quoted = addresses
        .into_iter()
        .map(|address| one_quoted(&address.into()));
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}
