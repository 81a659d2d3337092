//! The topics of a seed file:
//!
//! ```json
//! { "topics": [
//!   { "arn": "arn:aws:sns:eu-west-1:111111111111:alerts",
//!     "attributes": { "DisplayName": "Alerts" }, "policy": { "Version": "2012-10-17", "Statement": [] },
//!     "tags": { "team": "x" },
//!     "subscriptions": [ { "protocol": "email", "endpoint": "a@example.com", "confirmed": false } ] }
//! ] }
//! ```
//!
//! A topic without `policy` has the one that topics are made with; a subscription is confirmed unless it says otherwise.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::state::{Confirmation, Subscription, Topic, pending_until, topic_arn};
use super::{Sns, attributes, policies, topics};
use crate::error::SeedError;

/// A topic as a seed has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopicSeed {
    arn: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// The document.
    #[serde(default)]
    policy: Option<Value>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    subscriptions: Vec<SubscriptionSeed>,
}

/// A subscription as a seed has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscriptionSeed {
    protocol: String,
    endpoint: String,
    #[serde(default = "yes")]
    confirmed: bool,
}

fn yes() -> bool {
    true
}

impl TopicSeed {
    fn topic(&self, sns: &Sns) -> Result<Topic, String> {
        let (place, name) = topic_arn(&self.arn).ok_or("that is not the ARN of a topic")?;
        topics::check_name(name).map_err(|refusal| refusal.message)?;
        let mut topic = Topic {
            name: name.to_owned(),
            policy: policies::default_policy(&place, name),
            place,
            attributes: BTreeMap::new(),
            tags: self.tags.clone(),
            subscriptions: BTreeMap::new(),
            deleted_subscriptions: 0,
        };
        let policy = self.policy.as_ref().map(Value::to_string);
        let policy = policy.iter().map(|policy| ("Policy", policy.as_str()));
        let others = self.attributes.iter();
        let others = others.map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in others.chain(policy) {
            let put = attributes::put(sns.authority(), &mut topic, name, value);
            put.map_err(|refusal| refusal.message)?;
        }
        for seed in &self.subscriptions {
            let id = sns.ids().uuid();
            let subscription = seed.subscription(sns, &topic, &id)?;
            topic.subscriptions.insert(id, subscription);
        }
        Ok(topic)
    }
}

impl SubscriptionSeed {
    fn subscription(&self, sns: &Sns, topic: &Topic, id: &str) -> Result<Subscription, String> {
        let Self {
            protocol,
            endpoint,
            confirmed,
        } = self;
        super::subscriptions::check(protocol, endpoint).map_err(|refusal| refusal.message)?;
        let confirmation = match confirmed {
            true => Confirmation::Confirmed {
                authenticated: true,
            },
            false => Confirmation::Pending {
                token: sns.ids().mixed(64),
                until: pending_until(sns.now()),
            },
        };
        Ok(Subscription {
            arn: format!("{}:{id}", topic.arn()),
            owner: topic.place.account.clone(),
            principal: format!("arn:aws:iam::{}:root", topic.place.account),
            protocol: protocol.clone(),
            endpoint: endpoint.clone(),
            attributes: BTreeMap::new(),
            confirmation,
        })
    }
}

/// Makes the topics of a seed.
pub(crate) fn load(sns: &Sns, seeds: &[TopicSeed]) -> Result<(), SeedError> {
    for seed in seeds {
        let refused = |reason| SeedError::Topic {
            arn: seed.arn.clone(),
            reason,
        };
        let topic = seed.topic(sns).map_err(refused)?;
        let mut state = sns.state();
        if state.topic(&topic.place, &topic.name).is_some() {
            return Err(refused("it exists already".to_owned()));
        }
        state.add(topic);
    }
    Ok(())
}
