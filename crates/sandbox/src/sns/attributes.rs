//! What a topic is like beside its subscriptions.

use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::errors::invalid;
use super::policies;
use super::state::Topic;
use crate::authority::Authority;
use crate::iam::{element, text};
use crate::wire::Refusal;

/// Attributes that are kept as they are given (BC:sns SetTopicAttributes), beside those that are looked at.
const KEPT: [&str; 15] = [
    "ApplicationSuccessFeedbackRoleArn",
    "ApplicationSuccessFeedbackSampleRate",
    "ApplicationFailureFeedbackRoleArn",
    "HTTPSuccessFeedbackRoleArn",
    "HTTPSuccessFeedbackSampleRate",
    "HTTPFailureFeedbackRoleArn",
    "FirehoseSuccessFeedbackRoleArn",
    "FirehoseSuccessFeedbackSampleRate",
    "FirehoseFailureFeedbackRoleArn",
    "LambdaSuccessFeedbackRoleArn",
    "LambdaSuccessFeedbackSampleRate",
    "LambdaFailureFeedbackRoleArn",
    "SQSSuccessFeedbackRoleArn",
    "SQSSuccessFeedbackSampleRate",
    "SQSFailureFeedbackRoleArn",
];

pub(super) fn set(call: &Call<'_>) -> Answer {
    let name = call.required("AttributeName")?;
    let value = call.form.get("AttributeValue").unwrap_or_default();
    let mut changed = call.topic("TopicArn")?;
    put(call.sns.authority(), &mut changed, name, value)?;
    call.change("TopicArn", |topic| {
        topic.attributes = changed.attributes;
        topic.policy = changed.policy;
        Ok(())
    })?;
    Ok(None)
}

/// Sets one attribute; an empty value takes it away.
pub(super) fn put(
    authority: &dyn Authority,
    topic: &mut Topic,
    name: &str,
    value: &str,
) -> Result<(), Refusal> {
    match name {
        "Policy" => {
            topic.policy = policies::checked(authority, topic, value)?;
            return Ok(());
        }
        _ if value.is_empty() => {}
        "DisplayName" if value.chars().count() <= 100 => {}
        "DeliveryPolicy" if serde_json::from_str::<Value>(value).is_ok_and(|of| of.is_object()) => {
        }
        "KmsMasterKeyId" => {}
        "SignatureVersion" if matches!(value, "1" | "2") => {}
        "TracingConfig" if matches!(value, "Active" | "PassThrough") => {}
        "MaximumMessageSize" if size(value).is_some() => {}
        "FifoTopic" | "ContentBasedDeduplication" if value == "false" => return Ok(()),
        "FifoTopic" | "ContentBasedDeduplication" | "FifoThroughputScope" | "ArchivePolicy" => {
            return Err(invalid(format_args!(
                "{name} Reason: the sandbox has no FIFO topics"
            )));
        }
        "DisplayName" | "DeliveryPolicy" | "SignatureVersion" | "TracingConfig"
        | "MaximumMessageSize" => return Err(invalid(name)),
        _ if KEPT.contains(&name) => {}
        _ => return Err(invalid("AttributeName")),
    }
    if value.is_empty() {
        topic.attributes.remove(name);
    } else {
        topic.attributes.insert(name.to_owned(), value.to_owned());
    }
    Ok(())
}

/// The largest message of a topic: from 1 KiB up to 1 MiB (BC:sns Publish, "MaximumMessageSize attribute, which supports values up
/// to 1 MiB").
fn size(value: &str) -> Option<usize> {
    let size = value.parse().ok();
    size.filter(|size| (1024..=1 << 20).contains(size))
}

/// Returns the size of the largest message that a topic takes: 256 KiB where nothing is set (BC:sns Publish).
pub(super) fn largest_message(topic: &Topic) -> usize {
    let set = topic.attributes.get("MaximumMessageSize");
    set.and_then(|value| size(value)).unwrap_or(256 * 1024)
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let topic = call.topic("TopicArn")?;
    let policy = call.sns.authority().show_principals(&topic.policy);
    let pending = topic.subscriptions.values();
    let pending = pending.filter(|of| of.is_pending()).count();
    let confirmed = topic.subscriptions.len() - pending;
    let mut shown = vec![
        ("Policy", policy),
        ("Owner", topic.place.account.clone()),
        ("SubscriptionsPending", pending.to_string()),
        ("TopicArn", topic.arn()),
        ("EffectiveDeliveryPolicy", effective_delivery(&topic)),
        ("SubscriptionsConfirmed", confirmed.to_string()),
        (
            "SubscriptionsDeleted",
            topic.deleted_subscriptions.to_string(),
        ),
    ];
    if !topic.attributes.contains_key("DisplayName") {
        shown.push(("DisplayName", String::new()));
    }
    let kept = topic.attributes.iter();
    shown.extend(kept.map(|(name, value)| (name.as_str(), value.clone())));
    Ok(Some(entries("Attributes", &shown)))
}

/// Writes a map.
pub(super) fn entries(name: &str, fields: &[(&str, String)]) -> String {
    let entries: String = fields
        .iter()
        .map(|(key, value)| element("entry", &(text("key", key) + &text("value", value))))
        .collect();
    element(name, &entries)
}

/// The system's defaults, under what the topic sets of its own (SNS Developer Guide, "Message delivery retries").
fn effective_delivery(topic: &Topic) -> String {
    let mut policy = json!({ "http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": false,
        "defaultRequestPolicy": { "headerContentType": "text/plain; charset=UTF-8" },
    } });
    let own = topic.attributes.get("DeliveryPolicy");
    let own: Option<Value> = own.and_then(|own| serde_json::from_str(own).ok());
    if let Some(Value::Object(own)) = own.as_ref().and_then(|own| own.get("http")) {
        for (name, value) in own {
            policy["http"][name] = value.clone();
        }
    }
    policy.to_string()
}
