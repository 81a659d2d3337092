//! Digests of JSON values.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 of a JSON value in hex; keys are sorted, so equal values give equal digests.
#[must_use]
pub(crate) fn digest(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
