//! Topics: made, listed and deleted.

use std::collections::BTreeMap;

use super::call::{Answer, Call};
use super::errors::invalid;
use super::state::Topic;
use super::{attributes, given, policies};
use crate::iam::{element, text};
use crate::wire::Refusal;

/// How many topics and subscriptions a page has (BC:sns ListTopics, ListSubscriptions).
pub(super) const PAGE: usize = 100;

/// "Topic names must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be
/// between 1 and 256 characters long" (BC:sns CreateTopic).
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if name.ends_with(".fifo") {
        return Err(invalid("Topic Name Reason: the sandbox has no FIFO topics"));
    }
    if (1..=256).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(invalid("Topic Name"))
}

pub(super) fn create(call: &Call<'_>) -> Answer {
    let name = call.required("Name")?;
    check_name(name)?;
    let given = call.entries("Attributes");
    let tags = given::read(call.form)?;
    let known = call.sns.state().topic(&call.here, name).cloned();
    if let Some(known) = known {
        same(call, &known, &given, &tags)?;
        return Ok(Some(text("TopicArn", &known.arn())));
    }
    let mut topic = Topic {
        name: name.to_owned(),
        place: call.here.clone(),
        policy: policies::default_policy(&call.here, name),
        attributes: BTreeMap::new(),
        tags,
        subscriptions: BTreeMap::new(),
        deleted_subscriptions: 0,
    };
    for (name, value) in &given {
        attributes::put(call.sns.authority(), &mut topic, name, value)?;
    }
    let arn = topic.arn();
    call.sns.state().add(topic);
    Ok(Some(text("TopicArn", &arn)))
}

/// "If the requester already owns a topic with the specified name, that topic's ARN is returned" (BC:sns CreateTopic), where what
/// is asked for is what it has; the words as others report them.
fn same(
    call: &Call<'_>,
    known: &Topic,
    given: &BTreeMap<String, String>,
    tags: &given::Tags,
) -> Result<(), Refusal> {
    let mut asked = known.clone();
    for (name, value) in given {
        attributes::put(call.sns.authority(), &mut asked, name, value)?;
    }
    if asked.attributes != known.attributes || asked.policy != known.policy {
        return Err(invalid(
            "Attributes Reason: Topic already exists with different attributes",
        ));
    }
    if !tags.is_empty() && *tags != known.tags {
        return Err(invalid(
            "Tags Reason: Topic already exists with different tags",
        ));
    }
    Ok(())
}

/// "Deleting a topic that does not exist" is no error (BC:sns DeleteTopic: "This action is idempotent").
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let (place, name) = call.topic_named("TopicArn")?;
    call.sns.state().remove(&place, name);
    Ok(None)
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let state = call.sns.state();
    let arns = state.topics_at(&call.here).map(Topic::arn);
    let listed = arns.map(|arn| (arn.clone(), text("TopicArn", &arn)));
    page(call, "Topics", listed).map(Some)
}

/// Cuts a list into the page that a call asks for; each entry is told by what it is found again by.
pub(super) fn page(
    call: &Call<'_>,
    name: &str,
    all: impl Iterator<Item = (String, String)>,
) -> Result<String, Refusal> {
    let after = match call.form.get("NextToken") {
        None | Some("") => None,
        Some(token) => {
            let told = hex::decode(token).ok();
            let told = told.and_then(|told| String::from_utf8(told).ok());
            Some(told.ok_or_else(|| invalid("NextToken"))?)
        }
    };
    let mut left = all.filter(|(at, _)| after.as_ref().is_none_or(|after| at > after));
    let page: Vec<_> = left.by_ref().take(PAGE).collect();
    let more = left.next().is_some();
    let members: String = page.iter().map(|(_, xml)| element("member", xml)).collect();
    let mut xml = element(name, &members);
    if let (true, Some((last, _))) = (more, page.last()) {
        xml.push_str(&text("NextToken", &hex::encode(last)));
    }
    Ok(xml)
}
