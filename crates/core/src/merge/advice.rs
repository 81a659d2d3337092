//! What a refusal tells to add: to a spec, as YAML takes it, or to a policy by hand.

use serde_json::json;

use crate::digest::digest;
use crate::spec::Guards;

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

/// As [`guards_line`]; where the spec has guards for all migrations already, a second mapping would be refused, and those that it
/// has are to be set.
pub(crate) fn guards_advice(defaults: &Guards, guards: &[(&str, String)]) -> String {
    if *defaults == Guards::default() {
        return guards_line(guards);
    }
    let guards = guards.iter().map(|(name, value)| match *name {
        "adopt" => format!("add {value} to adopt"),
        name => format!("set {name}: {value}"),
    });
    let all: Vec<String> = guards.collect();
    format!("in the guards of the spec's defaults {}", all.join(" and "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_that_has_guards_for_all_is_told_to_set_those() {
        let guards = [
            ("adopt", quoted(["prod/role/mover"])),
            ("max_deletes", "2".to_owned()),
        ];
        let line = guards_advice(&Guards::default(), &guards);
        assert!(line.starts_with("add to the spec: defaults: "), "{line}");
        let some = Guards {
            max_deletes: 1,
            ..Guards::default()
        };
        assert_eq!(
            guards_advice(&some, &guards),
            r#"in the guards of the spec's defaults add ["prod/role/mover"] to adopt and set max_deletes: 2"#
        );
    }
}
