//! One call of CloudTrail, as its operations see it: its input, the trail it names, and whether the caller may.

use serde_json::Value;

use super::CloudTrail;
use super::errors::{fault, invalid_parameter, unknown_trail};
use super::names::Name;
use super::state::{Trail, Trails};
use crate::authority::{Action, Caller};
use crate::wire::json::{self, wrong_type};
use crate::wire::{JsonRequest, Refusal};

/// What an operation answers.
pub(crate) type Answer = Result<Option<Value>, Refusal>;

/// One call.
pub(crate) struct Call<'a> {
    pub(crate) service: &'a CloudTrail,
    pub(crate) caller: &'a Caller,
    pub(crate) region: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) input: &'a Value,
}

impl<'a> Call<'a> {
    pub(crate) fn new(service: &'a CloudTrail, request: &JsonRequest<'a>) -> Self {
        let JsonRequest {
            caller,
            region,
            operation,
            input,
        } = *request;
        Self {
            service,
            caller,
            region,
            operation,
            input,
        }
    }

    pub(crate) fn account(&self) -> &'a str {
        &self.caller.account
    }

    /// Returns a field that is text.
    pub(crate) fn text(&self, field: &str) -> Result<Option<&'a str>, Refusal> {
        json::text(self.input, field)
    }

    /// Returns a field that must be there.
    pub(crate) fn required(&self, field: &str) -> Result<&'a str, Refusal> {
        self.text(field)?
            .ok_or_else(|| invalid_parameter(format!("{field} must be specified.")))
    }

    pub(crate) fn flag(&self, field: &str) -> Result<Option<bool>, Refusal> {
        json::flag(self.input, field)
    }

    /// Returns a field that is a list; none where it is left out.
    pub(crate) fn list(&self, field: &str) -> Result<Option<&'a [Value]>, Refusal> {
        match self.input.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(_) => Err(wrong_type(field)),
        }
    }

    /// Returns a field that is a list of texts.
    pub(crate) fn texts(&self, field: &str) -> Result<Vec<&'a str>, Refusal> {
        let list = self.list(field)?.unwrap_or_default();
        let text = |value: &'a Value| value.as_str().ok_or_else(|| wrong_type(field));
        list.iter().map(text).collect()
    }

    /// Asks whether the caller may do this to a trail, or in the account (`*`).
    pub(crate) fn may(&self, resource: &str) -> Result<(), Refusal> {
        self.may_do(self.operation, resource, &[])
    }

    /// Asks likewise about another action, with the request's tags; those that a trail has count, too (SAR:cloudtrail,
    /// "Resource types").
    pub(crate) fn may_do(
        &self,
        action: &str,
        resource: &str,
        tags: &[(String, String)],
    ) -> Result<(), Refusal> {
        let mut context = vec![("aws:RequestedRegion", self.region.to_owned())];
        let trails = self.service.trails();
        let live = trails.get(resource).into_iter();
        let live = live.flat_map(|trail| trail.tags.iter());
        let live: Vec<_> = live
            .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value.clone()))
            .collect();
        let tags = tags.iter().chain(&live);
        context.extend(tags.map(|(name, value)| (name.as_str(), value.clone())));
        let action = Action {
            name: &format!("cloudtrail:{action}"),
            resource,
            resource_account: self.account(),
            resource_policy: None,
            context: &context,
        };
        let answer = self.service.authority().authorize(self.caller, &action);
        answer.map_err(|denied| fault("AccessDeniedException", denied.message))
    }

    /// Finds the trail that a field names, of those that are seen from here, and asks whether the caller may.
    pub(crate) fn seen(&self, trails: &Trails, field: &str) -> Result<Trail, Refusal> {
        let name = Name::read(self.required(field)?)?;
        let arn = name.arn(self.region, self.account());
        self.may(&arn)?;
        let trail = trails.get(&arn).filter(|trail| trail.is_in(self.region));
        let own = trail.filter(|trail| trail.account == self.account());
        own.cloned()
            .ok_or_else(|| unknown_trail(&arn, self.account()))
    }

    /// Finds the trail that a field names for a change, which is made where the trail was.
    pub(crate) fn own(&self, trails: &Trails, field: &str) -> Result<Trail, Refusal> {
        let trail = self.seen(trails, field)?;
        if trail.home == self.region {
            return Ok(trail);
        }
        let message = format!(
            "The trail {} can be changed in its home Region {} only, not from {}.",
            trail.arn(),
            trail.home,
            self.region
        );
        Err(fault("InvalidHomeRegionException", message))
    }
}
