//! Tags of trails.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::errors::{fault, invalid_parameter};
use super::names::Name;
use super::state::Trails;
use crate::authority::request_tags;
use crate::wire::Refusal;
use crate::wire::json::wrong_type;

/// The most tags of a trail (BC:cloudtrail AddTags).
const TAGS: usize = 50;

pub(crate) type Tags = BTreeMap<String, String>;

/// Reads `TagsList`.
pub(crate) fn read(call: &Call<'_>) -> Result<Tags, Refusal> {
    let invalid = |text: String| fault("InvalidTagParameterException", text);
    let mut tags = Tags::new();
    for tag in call.list("TagsList")?.unwrap_or_default() {
        let key = tag.get("Key").and_then(Value::as_str);
        let key = key.ok_or_else(|| wrong_type("TagsList"))?;
        let value = tag.get("Value").and_then(Value::as_str).unwrap_or_default();
        let too_long = key.chars().count() > 128 || value.chars().count() > 256;
        if key.is_empty() || too_long || key.starts_with("aws:") {
            return Err(invalid(format!("The tag {key:?} is not valid.")));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid(format!("The tag {key:?} is given twice.")));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() > TAGS {
        let text = format!("A trail has at most {TAGS} tags.");
        return Err(fault("TagsLimitExceededException", text));
    }
    Ok(())
}

/// Finds the trail of a call on tags: by its ARN, whatever the Region it is asked in.
fn arn(call: &Call<'_>, trails: &Trails, id: &str) -> Result<String, Refusal> {
    if !id.starts_with("arn:") || matches!(Name::read(id)?, Name::Short(_)) {
        let text = format!("The ARN {id} is not one of a trail.");
        return Err(fault("CloudTrailARNInvalidException", text));
    }
    let trail = trails.get(id);
    if trail.is_none_or(|trail| trail.account != call.account()) {
        let text = format!("The resource {id} does not exist.");
        return Err(fault("ResourceNotFoundException", text));
    }
    Ok(id.to_owned())
}

fn change(call: &Call<'_>, id: &str, change: impl FnOnce(&mut Tags)) -> Result<(), Refusal> {
    call.service.edit(|trails| {
        let arn = arn(call, trails, id)?;
        if let Some(trail) = trails.get_mut(&arn) {
            change(&mut trail.tags);
            check_count(&trail.tags)?;
        }
        Ok(())
    })
}

pub(crate) fn add(call: &Call<'_>) -> Answer {
    let new = read(call)?;
    let id = call.required("ResourceId")?;
    call.may_do(call.operation, id, &request_tags(&new))?;
    change(call, id, |tags| tags.extend(new))?;
    Ok(Some(json!({})))
}

pub(crate) fn remove(call: &Call<'_>) -> Answer {
    let gone = read(call)?;
    let id = call.required("ResourceId")?;
    let keys = gone.keys();
    let keys: Vec<_> = keys
        .map(|key| ("aws:TagKeys".to_owned(), key.clone()))
        .collect();
    call.may_do(call.operation, id, &keys)?;
    change(call, id, |tags| {
        tags.retain(|key, _| !gone.contains_key(key));
    })?;
    Ok(Some(json!({})))
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    let ids = call.texts("ResourceIdList")?;
    if ids.is_empty() || ids.len() > 20 {
        return Err(invalid_parameter("ResourceIdList has one to 20 ARNs."));
    }
    let trails = call.service.trails();
    let mut answer = Vec::new();
    for id in ids {
        call.may(id)?;
        let arn = arn(call, &trails, id)?;
        let tags = trails.get(&arn).map(|trail| &trail.tags);
        let tags = tags.into_iter().flatten();
        let tags = tags.map(|(key, value)| json!({ "Key": key, "Value": value }));
        let tags: Vec<Value> = tags.collect();
        answer.push(json!({ "ResourceId": arn, "TagsList": tags }));
    }
    Ok(Some(json!({ "ResourceTagList": answer })))
}
