//! SNS as tests see it: every topic and subscription.

use serde_json::{Map, Value, json};

use super::Sns;
use super::state::{Confirmation, Subscription, Topic};

impl Sns {
    /// Returns all topics by account, Region and name.
    pub(crate) fn snapshot(&self) -> Value {
        let state = self.state();
        let mut accounts = json!({});
        for topic in state.topics() {
            let place = &topic.place;
            accounts[&place.account][&place.region][&topic.name] = self.shown(topic);
        }
        accounts
    }

    fn shown(&self, topic: &Topic) -> Value {
        let Topic {
            name: _,
            place: _,
            policy,
            attributes,
            tags,
            subscriptions,
            deleted_subscriptions: _,
        } = topic;
        let policy = self.authority().show_principals(policy);
        let policy: Value = serde_json::from_str(&policy).unwrap_or(Value::Null);
        let subscriptions = subscriptions.iter();
        let subscriptions = subscriptions.map(|(id, of)| (id.clone(), subscription(of)));
        json!({
            "arn": topic.arn(), "policy": policy, "attributes": attributes, "tags": tags,
            "subscriptions": subscriptions.collect::<Map<_, _>>(),
        })
    }
}

fn subscription(subscription: &Subscription) -> Value {
    let Subscription {
        arn: _,
        owner,
        principal: _,
        protocol,
        endpoint,
        attributes,
        confirmation,
    } = subscription;
    json!({
        "owner": owner, "protocol": protocol, "endpoint": endpoint, "attributes": attributes,
        "confirmed": matches!(confirmation, Confirmation::Confirmed { .. }),
    })
}
