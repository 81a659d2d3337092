//! Tags of keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::Extra;
use super::call::{Answer, Call};
use super::errors::{fault, invalid, limit};
use super::state::Key;
use super::vault::is_pending;
use crate::authority::request_tags;
use crate::wire::Refusal;
use crate::wire::json::wrong_type;

/// The most tags of a key (BC:kms TagResource).
const TAGS: usize = 50;

pub(crate) type Tags = BTreeMap<String, String>;

/// Reads `Tags`, in KMS's form.
pub(crate) fn read(call: &Call<'_>) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    let given = match call.input.get("Tags") {
        None | Some(Value::Null) => return Ok(tags),
        Some(Value::Array(given)) => given,
        Some(_) => return Err(wrong_type("Tags")),
    };
    for tag in given {
        let field = |name| tag.get(name).and_then(Value::as_str);
        let (Some(key), Some(value)) = (field("TagKey"), field("TagValue")) else {
            return Err(wrong_type("Tags"));
        };
        check(key, value)?;
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(fault("TagException", "Duplicate tag keys"));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check(key: &str, value: &str) -> Result<(), Refusal> {
    for (text, field, longest) in [(key, "TagKey", 128), (value, "TagValue", 256)] {
        if text.chars().count() > longest {
            let must = format!("have length less than or equal to {longest}");
            return Err(invalid(Some(text), field, &must));
        }
    }
    if key.is_empty() || key.starts_with("aws:") {
        return Err(fault(
            "TagException",
            "Tag keys are not empty and do not begin with aws:",
        ));
    }
    Ok(())
}

fn check_count(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() > TAGS {
        return Err(limit(format!("A key has at most {TAGS} tags.")));
    }
    Ok(())
}

/// Finds the key, as [`Call::own_key`] does, and asks with the request's tags.
fn own_key(call: &Call<'_>, named: &[(String, String)]) -> Result<Key, Refusal> {
    let others = named
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    let extra = Extra {
        others: others.collect(),
        ..Extra::default()
    };
    let key = call.own_key_with(&call.kms.state(), extra)?;
    is_pending(&key)?;
    Ok(key)
}

pub(crate) fn add(call: &Call<'_>) -> Answer {
    let new = read(call)?;
    let key = own_key(call, &request_tags(&new))?;
    let mut tags = key.tags;
    tags.extend(new);
    check_count(&tags)?;
    if let Some(key) = call.kms.state().key_mut(&key.place, &key.id) {
        key.tags = tags;
    }
    Ok(None)
}

pub(crate) fn remove(call: &Call<'_>) -> Answer {
    let names = call.input.get("TagKeys").and_then(Value::as_array);
    let names = names.ok_or_else(|| invalid(None, "TagKeys", "not be null"))?;
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    let named = names
        .iter()
        .map(|name| ("aws:TagKeys".to_owned(), (*name).to_owned()));
    let key = own_key(call, &named.collect::<Vec<_>>())?;
    if let Some(key) = call.kms.state().key_mut(&key.place, &key.id) {
        key.tags.retain(|name, _| !names.contains(&name.as_str()));
    }
    Ok(None)
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    let key = call.own_key(&call.kms.state())?;
    let tags = key.tags.into_iter().map(|(key, value)| {
        let entry = json!({ "TagKey": key, "TagValue": value });
        (key, entry)
    });
    call.page("Tags", (50, 50), tags)
}
