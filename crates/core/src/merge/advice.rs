//! What a refusal tells to add to a spec, as YAML takes it.

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
