//! An SNS topic, as far as those care who have something told through it.

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{Facts, Holding, Parts, nothing_linked, one_thing};
use super::policy::Policy;
use crate::model::links::Link;
use crate::model::target::{Service, Target};

/// An SNS topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its policy.
    pub policy: Policy,
    /// Subscriptions that were confirmed: nobody else is told anything.
    pub confirmed: u32,
    /// Subscriptions that wait to be confirmed.
    pub pending: u32,
    /// The KMS key that its messages are encrypted with, as it was given.
    pub key: Option<String>,
}

pub(super) const TOPIC: Facts = Facts::only_read(
    "SNS topic",
    "",
    Service::Sns,
    &[Call::of(
        "GetTopicAttributes",
        &[Need::place("sns:GetTopicAttributes")],
    )],
);

impl Holding for Topic {
    fn canonical(&self) -> Value {
        let Self {
            policy,
            confirmed,
            pending,
            key,
        } = self;
        json!({ "policy": policy.text(), "confirmed": confirmed, "pending": pending, "key": key })
    }

    fn view(&self) -> Value {
        self.canonical()
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}
