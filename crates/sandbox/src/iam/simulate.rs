//! The policy simulator: what policies say of actions, with nothing done.
//!
//! It asks the same judge as every call. Statements that matched and keys that were missing are not told.

use std::sync::Arc;

use super::authority::{granting, managed_document};
use super::call::{Answer, Call};
use super::input::{constraint, malformed, members, no_such_entity, page, required};
use super::principals::arn_parts;
use super::state::{Identity, State};
use super::xml::{list as xml_list, text};
use crate::authority::{Action, Caller, CallerKind};
use crate::policy::{Decision, Document, Policies, Question, Requester, decide};
use crate::wire::{Form, Refusal};

/// Simulates what the policies of a role, user or group allow, and those that the call adds.
pub(crate) fn principal(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicySourceArn")?);
    let found = identity(&state, arn).ok_or_else(|| {
        // Another account's are not to be seen from here.
        no_such_entity(format!("Entity {arn} was not found."))
    })?;
    let mut policies = Policies {
        identity: granting(&state, found),
        boundary: found
            .boundary
            .as_ref()
            .and_then(|arn| managed_document(&state, arn)),
        session: None,
    };
    policies
        .identity
        .extend(documents(call.form, "PolicyInputList")?);
    simulate(call, &caller(call, found), policies)
}

/// Simulates what the policies in the call allow.
pub(crate) fn custom(call: &Call<'_>) -> Answer {
    let policies = Policies {
        identity: documents(call.form, "PolicyInputList")?,
        ..Policies::default()
    };
    if policies.identity.is_empty() {
        return Err(constraint(None, "PolicyInputList", "not be null"));
    }
    let anyone = Caller {
        account: call.account().to_owned(),
        kind: CallerKind::User,
        ..Caller::anonymous()
    };
    simulate(call, &anyone, policies)
}

fn identity<'a>(state: &'a State, arn: &str) -> Option<&'a Identity> {
    let group = || {
        let name = arn.rsplit('/').next()?;
        let group = &state.group(name)?.identity;
        (group.arn == arn).then_some(group)
    };
    state.by_arn(arn).or_else(group)
}

fn caller(call: &Call<'_>, identity: &Identity) -> Caller {
    let kind = match arn_parts(&identity.arn) {
        Some((_, _, resource)) if resource.starts_with("role/") => CallerKind::AssumedRole,
        _ => CallerKind::User,
    };
    Caller {
        account: call.account().to_owned(),
        arn: identity.arn.clone(),
        principal_arn: identity.arn.clone(),
        user_id: identity.id.clone(),
        principal_id: identity.id.clone(),
        kind,
        ..Caller::anonymous()
    }
}

fn documents(form: &Form, field: &str) -> Result<Vec<Arc<Document>>, Refusal> {
    let parsed = members(form, field).into_iter().map(|json| {
        let document = Document::parse(json).map_err(|message| malformed(&message))?;
        Ok(Arc::new(document))
    });
    parsed.collect()
}

fn simulate(call: &Call<'_>, caller: &Caller, mut policies: Policies) -> Answer {
    let form = call.form;
    let actions = members(form, "ActionNames");
    if actions.is_empty() {
        return Err(constraint(None, "ActionNames", "not be null"));
    }
    let given = documents(form, "PermissionsBoundaryPolicyInputList")?;
    policies.boundary = given.into_iter().next().or(policies.boundary);
    let resource_policy = form.get("ResourcePolicy");
    let resource_policy = resource_policy.map(|json| {
        let stored = call.iam.stored(json).ok();
        Document::parse(stored.as_deref().unwrap_or(json)).map_err(|message| malformed(&message))
    });
    let resource_policy = resource_policy.transpose()?;
    let owner = form
        .get("ResourceOwner")
        .and_then(|arn| arn.split(':').nth(4));
    let context = entries(form);
    let resources = match members(form, "ResourceArns") {
        none if none.is_empty() => vec!["*"],
        some => some,
    };
    let pairs = actions
        .iter()
        .flat_map(|name| resources.iter().map(move |on| (*name, *on)));
    let (pairs, end) = page(form, pairs)?;
    let evaluated = pairs.into_iter().map(|(name, resource)| {
        let action = Action {
            name,
            resource,
            resource_account: owner.unwrap_or(call.account()),
            resource_policy: None,
            context: &context,
        };
        let question = Question {
            requester: Requester::Caller(caller),
            action: name,
            resource,
            resource_account: action.resource_account,
            resource_policy: resource_policy.as_ref(),
            context: &call.iam.context(caller, &action),
        };
        text("EvalActionName", name)
            + &text("EvalResourceName", resource)
            + &text("EvalDecision", word(decide(&question, &policies)))
            + "<MatchedStatements/><MissingContextValues/>"
    });
    Ok(Some(xml_list("EvaluationResults", evaluated) + &end))
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::Explicit(_) => "explicitDeny",
        Decision::Implicit(_) => "implicitDeny",
    }
}

/// Reads `ContextEntries.member.N.ContextKeyName` with its `ContextKeyValues.member.M`.
fn entries(form: &Form) -> Vec<(&str, String)> {
    let keys = (1..).map_while(|n| {
        let entry = format!("ContextEntries.member.{n}");
        let key = form.get(&format!("{entry}.ContextKeyName"))?;
        Some((key, members(form, &format!("{entry}.ContextKeyValues"))))
    });
    keys.flat_map(|(key, values)| values.into_iter().map(move |value| (key, value.to_owned())))
        .collect()
}
