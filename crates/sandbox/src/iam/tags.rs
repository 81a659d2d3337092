//! Tags: of roles and users, and for policies and instance profiles, which keep theirs.

use std::collections::BTreeMap;

use super::call::{Answer, Call};
use super::input::{TAGS, identity_name, limit, members, page, tags};
use super::state::Kind;
use super::xml::{list as xml_list, text};
use crate::wire::Refusal;

type Tags = BTreeMap<String, String>;

pub(crate) fn add(call: &Call<'_>, kind: Kind) -> Answer {
    let (of, new) = (identity_name(call.form, kind)?, tags(call.form)?);
    call.write(|state| add_to(&mut state.find_mut(kind, of)?.tags, new))
}

pub(crate) fn remove(call: &Call<'_>, kind: Kind) -> Answer {
    let (of, keys) = (
        identity_name(call.form, kind)?,
        members(call.form, "TagKeys"),
    );
    call.write(|state| {
        remove_from(&mut state.find_mut(kind, of)?.tags, &keys);
        Ok(())
    })
}

pub(crate) fn list(call: &Call<'_>, kind: Kind) -> Answer {
    let state = call.read();
    tag_list(
        call,
        &state.find(kind, identity_name(call.form, kind)?)?.tags,
    )
}

/// Keys are unique without regard to case; the newest spelling stays (BC:iam TagRole).
pub(crate) fn add_to(tags: &mut Tags, new: Tags) -> Result<(), Refusal> {
    for (key, value) in new {
        tags.retain(|known, _| known.to_lowercase() != key.to_lowercase());
        tags.insert(key, value);
    }
    if tags.len() > TAGS {
        return Err(limit(format!(
            "The number of tags has reached the maximum limit: {TAGS}."
        )));
    }
    Ok(())
}

pub(crate) fn remove_from(tags: &mut Tags, keys: &[&str]) {
    let named = |known: &str| {
        keys.iter()
            .any(|key| key.to_lowercase() == known.to_lowercase())
    };
    tags.retain(|known, _| !named(known));
}

/// Answers with a page of tags.
pub(crate) fn tag_list(call: &Call<'_>, tags: &Tags) -> Answer {
    let (tags, end) = page(call.form, tags.iter())?;
    let tags = tags.into_iter().map(|(key, value)| tag_xml(key, value));
    Ok(Some(xml_list("Tags", tags) + &end))
}

/// Writes the element `Tags`.
pub(crate) fn tags_xml(tags: &Tags) -> String {
    xml_list("Tags", tags.iter().map(|(key, value)| tag_xml(key, value)))
}

fn tag_xml(key: &str, value: &str) -> String {
    text("Key", key) + &text("Value", value)
}
