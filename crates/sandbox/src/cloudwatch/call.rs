//! One call of CloudWatch, as its operations see it: its input, and whether the caller may.

use super::CloudWatch;
use super::alarms::alarm::Tags;
use super::errors::{denied, fault, invalid};
use super::input::Fields;
use crate::authority::{Action, Caller};
use crate::place::Place;
use crate::wire::{Node, Refusal, RpcRequest};

/// What an operation answers, where it answers something.
pub(super) type Answer = Result<Option<Node>, Refusal>;

/// One call, as the operations see it.
pub(super) struct Call<'a> {
    pub(super) cloudwatch: &'a CloudWatch,
    pub(super) caller: &'a Caller,
    operation: &'a str,
    pub(super) input: Fields<'a>,
    /// The caller's account, in the Region of the signature.
    pub(super) here: Place,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        cloudwatch: &'a CloudWatch,
        operation: &'a str,
        request: &RpcRequest<'a>,
    ) -> Self {
        let RpcRequest {
            caller,
            region,
            operation: _,
            input,
        } = *request;
        Self {
            cloudwatch,
            caller,
            operation,
            input: Fields::new(input),
            here: Place::new(&caller.account, region),
        }
    }

    /// Asks whether the caller may do this to a resource, of which `*` is none.
    pub(super) fn may(&self, resource: &str, context: &[(&str, String)]) -> Result<(), Refusal> {
        self.may_do(self.operation, resource, context)
    }

    /// Asks about another operation that is part of this one.
    pub(super) fn may_do(
        &self,
        operation: &str,
        resource: &str,
        context: &[(&str, String)],
    ) -> Result<(), Refusal> {
        let mut context = context.to_vec();
        context.push(("aws:RequestedRegion", self.here.region.clone()));
        let action = Action {
            name: &format!("cloudwatch:{operation}"),
            resource,
            resource_account: &self.here.account,
            resource_policy: None,
            context: &context,
        };
        let answer = self.cloudwatch.authority().authorize(self.caller, &action);
        answer.map_err(|refused| denied(refused.message))
    }

    /// Asks whether the caller may do this to an alarm, whose tags are looked at.
    pub(super) fn may_alarm(
        &self,
        operation: &str,
        name: &str,
        more: &[(&str, String)],
    ) -> Result<(), Refusal> {
        let tags: Tags = {
            let state = self.cloudwatch.state();
            let alarm = state.alarm(&self.here, name);
            alarm.map(|alarm| alarm.tags.clone()).unwrap_or_default()
        };
        let named: Vec<_> = tags
            .iter()
            .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value.clone()))
            .collect();
        let mut context = more.to_vec();
        context.extend(
            named
                .iter()
                .map(|(key, value)| (key.as_str(), value.clone())),
        );
        self.may_do(operation, &self.alarm_arn(name), &context)
    }

    pub(super) fn alarm_arn(&self, name: &str) -> String {
        self.here.arn("cloudwatch", &format!("alarm:{name}"))
    }

    /// Returns the names of alarms that the call is about, of which there must be some.
    pub(super) fn alarm_names(&self) -> Result<Vec<String>, Refusal> {
        let names = self.input.texts("AlarmNames", NAMES, 255)?;
        names.ok_or_else(|| invalid(None, "AlarmNames", "not be null"))
    }

    pub(super) fn operation(&self) -> &'a str {
        self.operation
    }
}

/// The most alarms of a call (BC:cloudwatch AlarmNames).
pub(super) const NAMES: usize = 100;

/// Cuts a list into the page that a call asks for: what comes after the token, each entry told by what it is found again by.
pub(super) fn page<T>(
    all: impl Iterator<Item = (String, T)>,
    token: Option<&str>,
    most: usize,
) -> Result<(Vec<T>, Option<Node>), Refusal> {
    let after = token.map(|token| {
        let told = hex::decode(token).ok();
        let told = told.and_then(|told| String::from_utf8(told).ok());
        told.ok_or_else(|| {
            fault(
                400,
                "InvalidNextToken",
                "The next token is not one of this call's.",
            )
        })
    });
    let after = after.transpose()?;
    let mut left = all.filter(|(at, _)| after.as_ref().is_none_or(|after| at > after));
    let page: Vec<_> = left.by_ref().take(most).collect();
    let token = match (left.next(), page.last()) {
        (Some(_), Some((last, _))) => Some(Node::Text(hex::encode(last))),
        (Some(_) | None, _) => None,
    };
    Ok((page.into_iter().map(|(_, entry)| entry).collect(), token))
}
