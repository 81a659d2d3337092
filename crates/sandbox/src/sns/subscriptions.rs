//! Subscriptions: made, confirmed, listed and given up.

use std::collections::BTreeMap;

use super::attributes::entries;
use super::call::{Answer, Call};
use super::errors::{denied, invalid, no_subscription};
use super::mailbox::{Entry, What};
use super::state::{Confirmation, State, Subscription, Topic, pending_until};
use super::topics::page;
use crate::iam::text;
use crate::wire::Refusal;

/// Attributes of a subscription that may be set here (BC:sns SetSubscriptionAttributes).
const KEPT: [&str; 4] = [
    "RawMessageDelivery",
    "DeliveryPolicy",
    "RedrivePolicy",
    "SubscriptionRoleArn",
];

/// Endpoints of people and of web servers have to agree first (BC:sns Subscribe).
const ASKED: [&str; 4] = ["http", "https", "email", "email-json"];

/// What AWS itself delivers to needs no confirmation where the subscriber owns it; the sandbox looks at no other.
const TRUSTED: [&str; 4] = ["sqs", "lambda", "sms", "firehose"];

pub(super) fn subscribe(call: &Call<'_>) -> Answer {
    let protocol = call.required("Protocol")?;
    let endpoint = call.required("Endpoint")?;
    check(protocol, endpoint)?;
    let attributes = call.entries("Attributes");
    for (name, value) in &attributes {
        check_attribute(name, value)?;
    }
    let topic = call.topic("TopicArn")?;
    let known = topic.subscriptions.values();
    let mut known = known.filter(|of| of.protocol == protocol && of.endpoint == endpoint);
    let subscription = match known.next() {
        Some(known) if !attributes.is_empty() && known.attributes != attributes => {
            return Err(invalid(
                "Attributes Reason: Subscription already exists with different attributes",
            ));
        }
        Some(known) => known.clone(),
        None => add(call, &topic, (protocol, endpoint), attributes)?,
    };
    let wants_arn = call.form.get("ReturnSubscriptionArn") == Some("true");
    let arn = if subscription.is_pending() && !wants_arn {
        "pending confirmation"
    } else {
        &subscription.arn
    };
    Ok(Some(text("SubscriptionArn", arn)))
}

fn add(
    call: &Call<'_>,
    topic: &Topic,
    (protocol, endpoint): (&str, &str),
    attributes: BTreeMap<String, String>,
) -> Result<Subscription, Refusal> {
    let now = call.sns.now();
    let id = call.sns.ids().uuid();
    let confirmation = if ASKED.contains(&protocol) {
        Confirmation::Pending {
            token: call.sns.ids().mixed(64),
            until: pending_until(now),
        }
    } else {
        Confirmation::Confirmed {
            authenticated: true,
        }
    };
    let subscription = Subscription {
        arn: format!("{}:{id}", topic.arn()),
        owner: call.caller.account.clone(),
        principal: call.caller.principal_arn.clone(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        attributes,
        confirmation,
    };
    let added = subscription.clone();
    call.change("TopicArn", |topic| {
        topic.subscriptions.insert(id, added);
        Ok(())
    })?;
    if let Confirmation::Pending { token, .. } = &subscription.confirmation {
        let entry = Entry {
            at: now,
            topic: topic.arn(),
            from: "sns.amazonaws.com".to_owned(),
            what: What::Confirmation {
                endpoint: endpoint.to_owned(),
                protocol: protocol.to_owned(),
                token: token.clone(),
            },
        };
        call.sns.state().mailbox.add(entry);
    }
    Ok(subscription)
}

/// Checks protocol and endpoint; the words as others report them.
pub(super) fn check(protocol: &str, endpoint: &str) -> Result<(), Refusal> {
    let fits = match protocol {
        "http" | "https" => endpoint.starts_with(&format!("{protocol}://")),
        "email" | "email-json" => {
            let (name, host) = endpoint.split_once('@').unwrap_or_default();
            if name.is_empty() || host.is_empty() {
                return Err(invalid("Email address"));
            }
            true
        }
        "sqs" if !endpoint.starts_with("arn:aws:sqs:") => {
            return Err(invalid("SQS endpoint ARN"));
        }
        "lambda" if !endpoint.starts_with("arn:aws:lambda:") => {
            return Err(invalid("Lambda endpoint ARN"));
        }
        "firehose" => endpoint.starts_with("arn:aws:firehose:"),
        _ if TRUSTED.contains(&protocol) => true,
        _ => {
            return Err(invalid(format_args!(
                "Amazon SNS does not support this protocol string: {protocol}"
            )));
        }
    };
    if fits {
        return Ok(());
    }
    Err(invalid(
        "Endpoint Reason: Endpoint must match the specified protocol",
    ))
}

fn check_attribute(name: &str, value: &str) -> Result<(), Refusal> {
    match name {
        // Everything is delivered to everyone here, which a filter would forbid.
        "FilterPolicy" | "FilterPolicyScope" | "ReplayPolicy" if !value.is_empty() => Err(invalid(
            format_args!("{name} Reason: the sandbox has no filter and no replay policies"),
        )),
        "FilterPolicy" | "FilterPolicyScope" | "ReplayPolicy" => Ok(()),
        "RawMessageDelivery" if !matches!(value, "true" | "false") => Err(invalid(name)),
        _ if KEPT.contains(&name) => Ok(()),
        _ => Err(invalid("AttributeName")),
    }
}

/// "The token is valid for 2 days"; whoever has it may confirm (BC:sns ConfirmSubscription).
pub(super) fn confirm(call: &Call<'_>) -> Answer {
    let given = call.required("Token")?;
    let authenticated = call.form.get("AuthenticateOnUnsubscribe") == Some("true");
    let arn = call.change("TopicArn", |topic| {
        let mut pending = topic.subscriptions.values_mut();
        let found = pending.find(
            |of| matches!(&of.confirmation, Confirmation::Pending { token, .. } if token == given),
        );
        let found = found.ok_or_else(|| invalid("Token"))?;
        found.confirmation = Confirmation::Confirmed { authenticated };
        Ok(found.arn.clone())
    })?;
    Ok(Some(text("SubscriptionArn", &arn)))
}

/// Finds a subscription by its ARN, with its topic.
fn find<'a>(state: &'a State, arn: &str) -> Result<(&'a Topic, &'a Subscription), Refusal> {
    let (topic, id) = arn.rsplit_once(':').unwrap_or_default();
    let Some((place, name)) = super::state::topic_arn(topic) else {
        return Err(invalid("SubscriptionArn"));
    };
    let topic = state.topic(&place, name);
    let found = topic.and_then(|topic| Some((topic, topic.subscriptions.get(id)?)));
    found.ok_or_else(no_subscription)
}

/// "Only the owner of the subscription or the topic's owner can unsubscribe" what was confirmed so (BC:sns Unsubscribe), and the
/// sandbox lets nobody else whatever was confirmed.
fn own<'a>(call: &Call<'_>, state: &'a State) -> Result<(&'a Topic, &'a Subscription), Refusal> {
    let (topic, subscription) = find(state, call.required("SubscriptionArn")?)?;
    let owners = [&topic.place.account, &subscription.owner];
    if owners.contains(&&call.caller.account) {
        return Ok((topic, subscription));
    }
    Err(denied(
        "Not authorized to access this subscription".to_owned(),
    ))
}

pub(super) fn unsubscribe(call: &Call<'_>) -> Answer {
    let mut state = call.sns.state();
    let found = own(call, &state);
    let (place, name, id) = match found {
        Ok((topic, subscription)) => {
            let id = subscription.arn.rsplit(':').next().unwrap_or_default();
            (topic.place.clone(), topic.name.clone(), id.to_owned())
        }
        // What is gone already is no error (unverified).
        Err(refusal) if refusal.code == "NotFound" => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    if let Some(topic) = state.topic_mut(&place, &name) {
        topic.subscriptions.remove(&id);
        topic.deleted_subscriptions += 1;
    }
    Ok(None)
}

fn listed(topic: &Topic, subscription: &Subscription) -> (String, String) {
    let xml = text("SubscriptionArn", subscription.shown_arn())
        + &text("Owner", &subscription.owner)
        + &text("Protocol", &subscription.protocol)
        + &text("Endpoint", &subscription.endpoint)
        + &text("TopicArn", &topic.arn());
    (subscription.arn.clone(), xml)
}

pub(super) fn list_of_topic(call: &Call<'_>) -> Answer {
    let topic = call.topic("TopicArn")?;
    let all = topic.subscriptions.values();
    let all = all.map(|subscription| listed(&topic, subscription));
    page(call, "Subscriptions", all).map(Some)
}

/// Lists what the account subscribed in the Region, whoever owns the topics.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let state = call.sns.state();
    let topics = state.topics();
    let here = topics.filter(|topic| topic.place.region == call.here.region);
    let mut all: Vec<_> = here
        .flat_map(|topic| topic.subscriptions.values().map(move |of| (topic, of)))
        .filter(|(_, subscription)| subscription.owner == call.here.account)
        .map(|(topic, subscription)| listed(topic, subscription))
        .collect();
    all.sort();
    page(call, "Subscriptions", all.into_iter()).map(Some)
}

pub(super) fn get_attributes(call: &Call<'_>) -> Answer {
    let state = call.sns.state();
    let (topic, subscription) = own(call, &state)?;
    let Subscription {
        arn,
        owner,
        principal,
        protocol,
        endpoint,
        attributes,
        confirmation,
    } = subscription;
    let authenticated = matches!(
        confirmation,
        Confirmation::Confirmed {
            authenticated: true
        }
    );
    let mut shown = vec![
        ("SubscriptionArn", arn.clone()),
        ("TopicArn", topic.arn()),
        ("Owner", owner.clone()),
        ("SubscriptionPrincipal", principal.clone()),
        ("Protocol", protocol.clone()),
        ("Endpoint", endpoint.clone()),
        ("PendingConfirmation", subscription.is_pending().to_string()),
        ("ConfirmationWasAuthenticated", authenticated.to_string()),
    ];
    if !attributes.contains_key("RawMessageDelivery") {
        shown.push(("RawMessageDelivery", "false".to_owned()));
    }
    shown.extend(
        attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    Ok(Some(entries("Attributes", &shown)))
}

pub(super) fn set_attributes(call: &Call<'_>) -> Answer {
    let name = call.required("AttributeName")?;
    let value = call.form.get("AttributeValue").unwrap_or_default();
    check_attribute(name, value)?;
    let mut state = call.sns.state();
    let (place, topic, id) = {
        let (topic, subscription) = own(call, &state)?;
        let id = subscription.arn.rsplit(':').next().unwrap_or_default();
        (topic.place.clone(), topic.name.clone(), id.to_owned())
    };
    let topic = state.topic_mut(&place, &topic);
    let found = topic.and_then(|topic| topic.subscriptions.get_mut(&id));
    if let Some(subscription) = found {
        if value.is_empty() {
            subscription.attributes.remove(name);
        } else {
            let kept = (name.to_owned(), value.to_owned());
            subscription.attributes.extend([kept]);
        }
    }
    Ok(None)
}
