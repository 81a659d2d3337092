//! What is known about a request: the condition keys and their values.

use std::collections::BTreeMap;

/// Condition keys with their values. Keys compare without case
/// (IAMUG:reference_policies_elements_condition).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context {
    keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// Adds a value; a key that gets several is multivalued.
    pub(crate) fn add(&mut self, key: &str, value: impl Into<String>) {
        self.keys
            .entry(key.to_ascii_lowercase())
            .or_default()
            .push(value.into());
    }

    /// Adds a value unless the key has one.
    pub(crate) fn add_default(&mut self, key: &str, value: impl Into<String>) {
        self.keys
            .entry(key.to_ascii_lowercase())
            .or_insert_with(|| vec![value.into()]);
    }

    /// Returns the values of a key; none where the request does not have it.
    pub(crate) fn values(&self, key: &str) -> &[String] {
        self.keys
            .get(&key.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }
}
