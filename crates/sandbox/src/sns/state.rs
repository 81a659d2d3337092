//! The state of SNS: topics with their subscriptions, and the mailbox.

use std::collections::BTreeMap;

use super::mailbox::Mailbox;
use crate::place::Place;

/// How long a subscription waits for its confirmation: "Amazon SNS automatically deletes" unconfirmed ones after 48 hours (SNS
/// Developer Guide, "Deleting an Amazon SNS topic and subscription").
const PENDING: f64 = 48.0 * 3600.0;

/// A topic.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) place: Place,
    /// With stored principals; see [`crate::authority::Authority::store_principals`].
    pub(super) policy: String,
    /// What was set, but the policy.
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    /// By their ids.
    pub(super) subscriptions: BTreeMap<String, Subscription>,
    pub(super) deleted_subscriptions: u64,
}

/// A subscription.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) arn: String,
    /// The account that subscribed.
    pub(super) owner: String,
    /// ARN of who subscribed.
    pub(super) principal: String,
    pub(super) protocol: String,
    pub(super) endpoint: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) confirmation: Confirmation,
}

/// Whether the endpoint agreed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Confirmation {
    /// It has until then, with this token.
    Pending {
        token: String,
        until: f64,
    },
    Confirmed {
        authenticated: bool,
    },
}

impl Subscription {
    pub(super) fn is_pending(&self) -> bool {
        matches!(self.confirmation, Confirmation::Pending { .. })
    }

    /// Returns its ARN as others see it.
    pub(super) fn shown_arn(&self) -> &str {
        if self.is_pending() {
            "PendingConfirmation"
        } else {
            &self.arn
        }
    }
}

impl Topic {
    pub(super) fn arn(&self) -> String {
        self.place.arn("sns", &self.name)
    }
}

/// What all accounts have in all Regions.
#[derive(Debug, Default)]
pub(super) struct State {
    topics: BTreeMap<(Place, String), Topic>,
    pub(super) mailbox: Mailbox,
}

impl State {
    pub(super) fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.values()
    }

    /// Returns the topics of an account in a Region, by name.
    pub(super) fn topics_at<'a>(&'a self, place: &'a Place) -> impl Iterator<Item = &'a Topic> {
        self.topics().filter(move |topic| topic.place == *place)
    }

    pub(super) fn topic(&self, place: &Place, name: &str) -> Option<&Topic> {
        self.topics.get(&(place.clone(), name.to_owned()))
    }

    pub(super) fn topic_mut(&mut self, place: &Place, name: &str) -> Option<&mut Topic> {
        self.topics.get_mut(&(place.clone(), name.to_owned()))
    }

    pub(super) fn add(&mut self, topic: Topic) {
        let key = (topic.place.clone(), topic.name.clone());
        self.topics.insert(key, topic);
    }

    pub(super) fn remove(&mut self, place: &Place, name: &str) {
        self.topics.remove(&(place.clone(), name.to_owned()));
    }

    /// Removes subscriptions that nobody confirmed in time.
    pub(super) fn sweep(&mut self, now: f64) {
        for topic in self.topics.values_mut() {
            topic
                .subscriptions
                .retain(|_, subscription| match subscription.confirmation {
                    Confirmation::Pending { until, .. } => now < until,
                    Confirmation::Confirmed { .. } => true,
                });
        }
    }
}

/// Returns when a subscription that is made now has to be confirmed.
pub(super) fn pending_until(now: f64) -> f64 {
    now + PENDING
}

/// Reads the ARN of a topic: its place and name.
pub(super) fn topic_arn(arn: &str) -> Option<(Place, &str)> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", "aws", "sns", region, account, name] = parts[..] else {
        return None;
    };
    let whole = !region.is_empty() && account.len() == 12 && !name.is_empty();
    whole.then(|| (Place::new(account, region), name))
}
