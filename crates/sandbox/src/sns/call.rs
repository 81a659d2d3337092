//! One call of SNS, as its operations see it: its input, the topic it names, and whether the caller may.

use std::collections::BTreeMap;

use super::errors::{denied, invalid, no_resource, no_topic};
use super::state::{Topic, topic_arn};
use super::{On, Sns, given};
use crate::authority::{Action, Caller};
use crate::place::Place;
use crate::wire::{Form, QueryRequest, Refusal};

/// What an operation answers: the XML of its result, where it has one.
pub(super) type Answer = Result<Option<String>, Refusal>;

/// One call, as the operations see it.
pub(super) struct Call<'a> {
    pub(super) sns: &'a Sns,
    pub(super) caller: &'a Caller,
    operation: &'a str,
    pub(super) form: &'a Form,
    /// The caller's account, in the Region of the signature.
    pub(super) here: Place,
}

impl<'a> Call<'a> {
    pub(super) fn new(sns: &'a Sns, operation: &'a str, request: &QueryRequest<'a>) -> Self {
        let QueryRequest {
            caller,
            region,
            operation: _,
            form,
        } = *request;
        Self {
            sns,
            caller,
            operation,
            form,
            here: Place::new(&caller.account, region),
        }
    }

    /// Returns a field that must be there.
    pub(super) fn required(&self, field: &str) -> Result<&'a str, Refusal> {
        let given = self.form.get(field).filter(|given| !given.is_empty());
        given.ok_or_else(|| {
            invalid(format_args!(
                "{field} Reason: no value for required parameter"
            ))
        })
    }

    /// Reads `FIELD.entry.N.key` and `.value`.
    pub(super) fn entries(&self, field: &str) -> BTreeMap<String, String> {
        let entry = |n: usize| {
            let key = self.form.get(&format!("{field}.entry.{n}.key"))?;
            let value = self.form.get(&format!("{field}.entry.{n}.value"));
            Some((key.to_owned(), value.unwrap_or_default().to_owned()))
        };
        (1..).map_while(entry).collect()
    }

    /// Reads `FIELD.member.N`.
    pub(super) fn members(&self, field: &str) -> Vec<&'a str> {
        let member = |n: usize| self.form.get(&format!("{field}.member.{n}"));
        (1..).map_while(member).collect()
    }

    /// Returns where the topic is whose ARN a field has, and its name. It has to be in the Region that is asked.
    pub(super) fn topic_named(&self, field: &str) -> Result<(Place, &'a str), Refusal> {
        let arn = match (self.form.get(field), field) {
            (None, "TopicArn") => self.form.get("TargetArn"),
            (given, _) => given,
        };
        let found = arn.and_then(topic_arn);
        // seen: GH:mozilla/security#8
        let found = found.filter(|(place, _)| place.region == self.here.region);
        found.ok_or_else(|| invalid(field))
    }

    /// Returns a copy of the topic that the call names.
    pub(super) fn topic(&self, field: &str) -> Result<Topic, Refusal> {
        let (place, name) = self.topic_named(field)?;
        let state = self.sns.state();
        let topic = state.topic(&place, name).cloned();
        topic.ok_or_else(|| {
            if field == "ResourceArn" {
                no_resource()
            } else {
                no_topic()
            }
        })
    }

    /// Changes the topic that the call names.
    pub(super) fn change<R>(
        &self,
        field: &str,
        edit: impl FnOnce(&mut Topic) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let (place, name) = self.topic_named(field)?;
        let mut state = self.sns.state();
        match state.topic_mut(&place, name) {
            Some(topic) => edit(topic),
            None if field == "ResourceArn" => Err(no_resource()),
            None => Err(no_topic()),
        }
    }

    /// Asks whether the caller may do what is asked.
    pub(super) fn authorize(&self, on: On) -> Result<(), Refusal> {
        match on {
            On::Topic(field) => {
                let (place, name) = self.topic_named(field)?;
                self.may_topic(&place, name, self.operation)
            }
            On::Named => {
                let name = self.required("Name")?;
                self.may_topic(&self.here, name, self.operation)?;
                // What is made with tags asks for the permission to tag (BC:sns CreateTopic, "sns:TagResource").
                if self.form.has("Tags.member.1.Key") {
                    self.may_topic(&self.here, name, "TagResource")?;
                }
                Ok(())
            }
            // The Service Authorization Reference names no resource for these.
            On::Place => self.may("*", &self.here.account, None, self.operation, &[]),
            On::Token => Ok(()),
        }
    }

    fn may_topic(&self, place: &Place, name: &str, operation: &str) -> Result<(), Refusal> {
        let topic = self.sns.state().topic(place, name).cloned();
        let owned = topic.as_ref().map(|topic| &topic.tags);
        let owned = owned.into_iter().flatten();
        let mut context: Vec<_> = owned
            .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value.clone()))
            .collect();
        context.extend(given::context(self.form)?);
        if operation == "Subscribe" {
            for (key, field) in [("sns:Protocol", "Protocol"), ("sns:Endpoint", "Endpoint")] {
                let given = self.form.get(field);
                context.extend(given.map(|given| (key.to_owned(), given.to_owned())));
            }
        }
        let policy = topic.as_ref().map(|topic| topic.policy.as_str());
        let resource = place.arn("sns", name);
        self.may(&resource, &place.account, policy, operation, &context)
    }

    fn may(
        &self,
        resource: &str,
        account: &str,
        policy: Option<&str>,
        operation: &str,
        context: &[(String, String)],
    ) -> Result<(), Refusal> {
        let mut context: Vec<(&str, String)> = context
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        context.push(("aws:RequestedRegion", self.here.region.clone()));
        let action = Action {
            // As SNS writes it in its denials (seen: GH:prowler-cloud/prowler#12).
            name: &format!("SNS:{operation}"),
            resource,
            resource_account: account,
            resource_policy: policy,
            context: &context,
        };
        let answer = self.sns.authority().authorize(self.caller, &action);
        answer.map_err(|refused| denied(refused.message))
    }
}
