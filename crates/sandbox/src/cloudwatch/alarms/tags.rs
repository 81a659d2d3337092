//! Tags of alarms.

use super::alarm::{Alarm, Tags};
use crate::authority::request_tags;
use crate::cloudwatch::call::{Answer, Call};
use crate::cloudwatch::errors::{bad_value, fault, invalid};
use crate::cloudwatch::input::Fields;
use crate::wire::{Node, Refusal};

/// The most tags of an alarm (BC:cloudwatch PutMetricAlarm).
const TAGS: usize = 50;

/// Reads `Tags`.
pub(super) fn read(input: &Fields<'_>) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for tag in input.maps("Tags", usize::MAX)? {
        let key = tag.required("Key", 128)?;
        let value = tag.text("Value", 0, 256)?;
        let value = value.ok_or_else(|| invalid(None, "Value", "not be null"))?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(bad_value("Tag keys that begin with aws: are AWS's own."));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(bad_value("Tag keys must be unique."));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() > TAGS {
        let message = format!("An alarm has at most {TAGS} tags.");
        return Err(bad_value(message));
    }
    Ok(())
}

/// Asks for the alarm whose ARN is given, and returns its name.
fn named(call: &Call<'_>, named: &[(String, String)]) -> Result<String, Refusal> {
    let arn = call.input.required("ResourceARN", 1024)?;
    let Some(name) = arn.strip_prefix(&call.alarm_arn("")) else {
        return Err(bad_value(format!("Invalid ResourceARN: {arn}")));
    };
    let context: Vec<_> = named
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    call.may_alarm(call.operation(), name, &context)?;
    Ok(name.to_owned())
}

/// Changes the tags of the alarm.
fn change(
    call: &Call<'_>,
    context: &[(String, String)],
    edit: impl FnOnce(&mut Alarm) -> Result<(), Refusal>,
) -> Answer {
    let name = named(call, context)?;
    let mut state = call.cloudwatch.state();
    let store = state.store_mut(&call.here);
    let alarm = store.alarms.get_mut(&name).ok_or_else(absent)?;
    edit(alarm)?;
    Ok(Some(Node::Map(Vec::new())))
}

/// The words are unverified.
fn absent() -> Refusal {
    fault(
        404,
        "ResourceNotFoundException",
        "The alarm does not exist.",
    )
}

pub(in crate::cloudwatch) fn tag(call: &Call<'_>) -> Answer {
    let new = read(&call.input)?;
    change(call, &request_tags(&new), |alarm| {
        let mut tags = alarm.tags.clone();
        tags.extend(new.clone());
        check_count(&tags)?;
        alarm.tags = tags;
        Ok(())
    })
}

pub(in crate::cloudwatch) fn untag(call: &Call<'_>) -> Answer {
    let keys = call.input.texts("TagKeys", usize::MAX, 128)?;
    let keys = keys.ok_or_else(|| invalid(None, "TagKeys", "not be null"))?;
    let named: Vec<_> = keys
        .iter()
        .map(|key| ("aws:TagKeys".to_owned(), key.clone()))
        .collect();
    change(call, &named, |alarm| {
        alarm.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

pub(in crate::cloudwatch) fn list(call: &Call<'_>) -> Answer {
    let name = named(call, &[])?;
    let state = call.cloudwatch.state();
    let alarm = state.alarm(&call.here, &name).ok_or_else(absent)?;
    let tags = alarm.tags.iter();
    let tags = tags
        .map(|(key, value)| Node::map([("Key", Node::text(key)), ("Value", Node::text(value))]));
    Ok(Some(Node::map([("Tags", Node::List(tags.collect()))])))
}
