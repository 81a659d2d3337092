//! Tags as a call gives them, and what policies are told of them.

use std::collections::BTreeMap;

use super::errors::invalid;
use crate::authority::request_tags;
use crate::wire::{Form, Refusal};

pub(super) type Tags = BTreeMap<String, String>;

/// The most tags of a topic (BC:sns TagResource).
const TAGS: usize = 50;

/// Reads `Tags.member.N`.
pub(super) fn read(form: &Form) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    let given = (1..).map_while(|n| {
        let key = form.get(&format!("Tags.member.{n}.Key"))?;
        let value = form.get(&format!("Tags.member.{n}.Value"));
        Some((key, value.unwrap_or_default()))
    });
    for (key, value) in given {
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !fits || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format_args!("Tags Reason: {key:?} is no tag")));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid("Tags Reason: Duplicate tag keys"));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

pub(super) fn check_count(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() <= TAGS {
        return Ok(());
    }
    let message = "Could not complete request: tag quota of per resource exceeded";
    Err(Refusal::new(400, "TagLimitExceeded", message))
}

/// The condition keys of tags in a request.
pub(super) fn context(form: &Form) -> Result<Vec<(String, String)>, Refusal> {
    let mut context = request_tags(&read(form)?);
    let keys = (1..).map_while(|n| form.get(&format!("TagKeys.member.{n}")));
    context.extend(keys.map(|key| ("aws:TagKeys".to_owned(), key.to_owned())));
    Ok(context)
}
