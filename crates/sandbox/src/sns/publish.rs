//! What callers publish, and how it is delivered.

use serde_json::Value;

use super::Sns;
use super::attributes::largest_message;
use super::call::{Answer, Call};
use super::errors::{invalid, key_refusal};
use super::mailbox::{Entry, Recipient, What};
use super::state::Topic;
use crate::iam::text;
use crate::vault::{KeyUse, Unusable};
use crate::wire::Refusal;

pub(super) fn publish(call: &Call<'_>) -> Answer {
    let topic = call.topic("TopicArn")?;
    let message = call.required("Message")?;
    let subject = call.form.get("Subject");
    if let Some(subject) = subject {
        check_subject(subject)?;
    }
    if message.len() > largest_message(&topic) {
        return Err(invalid("Message too long"));
    }
    match call.form.get("MessageStructure") {
        None => {}
        Some("json") => check_structure(message)?,
        Some(_) => return Err(invalid("MessageStructure")),
    }
    may_encrypt(call, &topic)?;
    let from = call.caller.arn.clone();
    let id = call
        .sns
        .deliver(&topic, from, (subject, message), call.sns.now());
    Ok(Some(text("MessageId", &id)))
}

/// "Subjects must be UTF-8 text with no line breaks or control characters, and less than 100 characters long" (BC:sns Publish).
fn check_subject(subject: &str) -> Result<(), Refusal> {
    let length = subject.chars().count();
    if (1..=100).contains(&length) && !subject.contains(char::is_control) {
        return Ok(());
    }
    Err(invalid("Subject"))
}

fn check_structure(message: &str) -> Result<(), Refusal> {
    let parsed: Option<Value> = serde_json::from_str(message).ok();
    let Some(Value::Object(fields)) = parsed else {
        let reason = "Message Structure - JSON message body failed to parse";
        return Err(invalid(reason));
    };
    if fields.get("default").is_some_and(Value::is_string) {
        return Ok(());
    }
    Err(invalid(
        "Message Structure - No default entry in JSON message body",
    ))
}

/// Who publishes to an encrypted topic must be let make data keys and decrypt (SNS Developer Guide, "Enabling server-side
/// encryption").
fn may_encrypt(call: &Call<'_>, topic: &Topic) -> Result<(), Refusal> {
    let Some(key) = topic.attributes.get("KmsMasterKeyId") else {
        return Ok(());
    };
    let vault = call.sns.vault();
    let (account, region) = (&topic.place.account, &topic.place.region);
    let asked = || -> Result<(), Unusable> {
        let key = vault.resolve(account, region, key)?;
        let arn = topic.arn();
        for action in ENCRYPTING {
            vault.ask(&KeyUse {
                caller: call.caller,
                key: &key,
                action,
                service: Some("sns"),
                region,
                context: (CONTEXT, &arn),
                others: &[],
            })?;
        }
        Ok(())
    };
    asked().map_err(key_refusal)
}

/// What SNS asks a key for.
pub(super) const ENCRYPTING: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];

/// The encryption context is the topic's ARN (SNS Developer Guide, "Encryption context").
pub(super) const CONTEXT: &str = "aws:sns:topicArn";

impl Sns {
    /// Delivers a message to the confirmed subscriptions of a topic, and returns its id.
    pub(super) fn deliver(
        &self,
        topic: &Topic,
        from: String,
        (subject, message): (Option<&str>, &str),
        at: f64,
    ) -> String {
        let id = self.ids().uuid();
        let confirmed = topic.subscriptions.values().filter(|of| !of.is_pending());
        let to = confirmed.map(|subscription| Recipient {
            subscription: subscription.arn.clone(),
            protocol: subscription.protocol.clone(),
            endpoint: subscription.endpoint.clone(),
        });
        let entry = Entry {
            at,
            topic: topic.arn(),
            from,
            what: What::Published {
                id: id.clone(),
                subject: subject.map(str::to_owned),
                message: message.to_owned(),
                to: to.collect(),
            },
        };
        self.state().mailbox.add(entry);
        id
    }
}
