//! What SNS delivered, asked for and refused, for tests to read.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::Sns;
use crate::clock::iso_millis;

/// How many entries are kept; the oldest go first.
const KEPT: usize = 10_000;

/// What happened, in order.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    entries: VecDeque<Entry>,
}

/// Something that happened to a topic.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// In seconds since 1970.
    pub(super) at: f64,
    pub(super) topic: String,
    /// ARN of the caller, or the service.
    pub(super) from: String,
    pub(super) what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// Somebody was asked whether they want a subscription.
    Confirmation {
        protocol: String,
        endpoint: String,
        token: String,
    },
    /// A message went to whoever had subscribed, which may be nobody.
    Published {
        id: String,
        subject: Option<String>,
        message: String,
        to: Vec<Recipient>,
    },
    /// A service was not let publish.
    Refused {
        subject: Option<String>,
        message: String,
        reason: String,
    },
}

/// A subscription that a message went to.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    pub(super) subscription: String,
    pub(super) protocol: String,
    pub(super) endpoint: String,
}

impl Mailbox {
    pub(super) fn add(&mut self, entry: Entry) {
        if self.entries.len() >= KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}

impl Sns {
    /// Returns what happened, as JSON.
    pub(crate) fn mailbox(&self) -> Value {
        let state = self.state();
        state.mailbox.entries.iter().map(Entry::shown).collect()
    }

    /// Forgets what happened.
    pub(crate) fn empty_mailbox(&self) {
        self.state().mailbox = Mailbox::default();
    }
}

impl Entry {
    fn shown(&self) -> Value {
        let Self {
            at,
            topic,
            from,
            what,
        } = self;
        let mut shown = match what {
            What::Confirmation {
                protocol,
                endpoint,
                token,
            } => {
                json!({ "type": "confirmation", "protocol": protocol, "endpoint": endpoint, "token": token })
            }
            What::Published {
                id,
                subject,
                message,
                to,
            } => {
                let to: Value = to.iter().map(Recipient::shown).collect();
                json!({ "type": "published", "message_id": id, "subject": subject, "message": message, "to": to })
            }
            What::Refused {
                subject,
                message,
                reason,
            } => {
                json!({ "type": "refused", "subject": subject, "message": message, "reason": reason })
            }
        };
        shown["at"] = json!(iso_millis(*at));
        shown["topic"] = json!(topic);
        shown["from"] = json!(from);
        shown
    }
}

impl Recipient {
    fn shown(&self) -> Value {
        let Self {
            subscription,
            protocol,
            endpoint,
        } = self;
        json!({ "subscription": subscription, "protocol": protocol, "endpoint": endpoint })
    }
}
