//! What roles, users and groups have in common: inline policies, attached policies, a boundary.

use super::call::{Answer, Call};
use super::input::{
    encoded, identity_name, identity_policy, limit, name, no_such, no_such_entity, page, required,
    size,
};
use super::managed::{aws_managed, aws_managed_name};
use super::state::{Identity, Kind, State};
use super::xml::{element, list, text};
use crate::policy::validation::identity::Place;
use crate::wire::Refusal;

/// Managed policies attached to a role, user or group (IAMUG:reference_iam-quotas, the default quota).
const ATTACHED: usize = 10;

/// Characters of all inline policies together (IAMUG:reference_iam-quotas).
fn inline_size(kind: Kind) -> usize {
    match kind {
        Kind::Role => 10_240,
        Kind::User => 2_048,
        Kind::Group => 5_120,
    }
}

pub(crate) fn put_inline(call: &Call<'_>, kind: Kind) -> Answer {
    let (of, policy_name) = (identity_name(call.form, kind)?, policy_name(call)?);
    let policy = identity_policy(call.form, Place::Inline)?;
    call.write(|state| {
        let identity = state.find_mut(kind, of)?;
        identity.inline.insert(policy_name.to_owned(), policy);
        let total: usize = identity
            .inline
            .values()
            .map(|policy| size(&policy.json))
            .sum();
        let most = inline_size(kind);
        if total > most {
            let word = kind.word();
            return Err(limit(format!(
                "Maximum policy size of {most} bytes exceeded for {word} {of}"
            )));
        }
        Ok(())
    })
}

pub(crate) fn get_inline(call: &Call<'_>, kind: Kind) -> Answer {
    let (of, policy_name) = (identity_name(call.form, kind)?, policy_name(call)?);
    let state = call.read();
    let identity = state.find(kind, of)?;
    let found = identity.inline.get(policy_name);
    let policy = found.ok_or_else(|| no_such_inline(kind, policy_name))?;
    Ok(Some(
        text(kind.field(), &identity.name)
            + &text("PolicyName", policy_name)
            + &text("PolicyDocument", &encoded(&policy.json)),
    ))
}

pub(crate) fn delete_inline(call: &Call<'_>, kind: Kind) -> Answer {
    let (of, policy_name) = (identity_name(call.form, kind)?, policy_name(call)?);
    call.write(|state| {
        let removed = state.find_mut(kind, of)?.inline.remove(policy_name);
        removed
            .map(|_| ())
            .ok_or_else(|| no_such_inline(kind, policy_name))
    })
}

pub(crate) fn list_inline(call: &Call<'_>, kind: Kind) -> Answer {
    let state = call.read();
    let identity = state.find(kind, identity_name(call.form, kind)?)?;
    let (names, end) = page(call.form, identity.inline.keys().cloned())?;
    Ok(Some(list("PolicyNames", names) + &end))
}

pub(crate) fn attach(call: &Call<'_>, kind: Kind) -> Answer {
    let (of, arn) = (
        identity_name(call.form, kind)?,
        required(call.form, "PolicyArn")?,
    );
    call.write(|state| {
        if !exists(state, arn) {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            return Err(no_such_entity(message));
        }
        let attached = state.attach(kind, of, arn);
        if attached.ok_or_else(|| no_such(kind, of))? > ATTACHED {
            let quota = format!(
                "Cannot exceed quota for PoliciesPer{}: {ATTACHED}",
                title(kind)
            );
            return Err(limit(quota));
        }
        Ok(())
    })
}

pub(crate) fn detach(call: &Call<'_>, kind: Kind) -> Answer {
    let (of, arn) = (
        identity_name(call.form, kind)?,
        required(call.form, "PolicyArn")?,
    );
    call.write(|state| {
        let detached = state.detach(kind, of, arn);
        if detached.ok_or_else(|| no_such(kind, of))? {
            return Ok(());
        }
        Err(no_such_entity(format!("Policy {arn} was not found.")))
    })
}

pub(crate) fn list_attached(call: &Call<'_>, kind: Kind) -> Answer {
    let state = call.read();
    let identity = state.find(kind, identity_name(call.form, kind)?)?;
    let (arns, end) = page(call.form, identity.attached.iter())?;
    let policy = |arn: &String| {
        text("PolicyName", arn.rsplit('/').next().unwrap_or_default()) + &text("PolicyArn", arn)
    };
    Ok(Some(
        list("AttachedPolicies", arns.into_iter().map(policy)) + &end,
    ))
}

pub(crate) fn put_boundary(call: &Call<'_>, kind: Kind) -> Answer {
    let of = identity_name(call.form, kind)?;
    required(call.form, "PermissionsBoundary")?;
    call.write(|state| {
        let boundary = boundary(call, state)?;
        state.find_mut(kind, of)?.boundary = boundary;
        Ok(())
    })
}

pub(crate) fn delete_boundary(call: &Call<'_>, kind: Kind) -> Answer {
    let of = identity_name(call.form, kind)?;
    call.write(|state| {
        let removed = state.find_mut(kind, of)?.boundary.take();
        let message = format!("Permissions boundary of {of} does not exist.");
        removed.map(|_| ()).ok_or_else(|| no_such_entity(message))
    })
}

/// Reads the boundary that a call gives.
pub(crate) fn boundary(call: &Call<'_>, state: &State) -> Result<Option<String>, Refusal> {
    let Some(arn) = call.form.get("PermissionsBoundary") else {
        return Ok(None);
    };
    if exists(state, arn) {
        return Ok(Some(arn.to_owned()));
    }
    Err(no_such_entity(format!(
        "Scope ARN: {arn} does not exist or is not attachable."
    )))
}

pub(crate) fn boundary_xml(identity: &Identity) -> String {
    let Some(arn) = &identity.boundary else {
        return String::new();
    };
    let inner = text("PermissionsBoundaryType", "Policy") + &text("PermissionsBoundaryArn", arn);
    element("PermissionsBoundary", &inner)
}

/// Checks that nothing keeps a role or user from being deleted.
pub(crate) fn check_bare(identity: &Identity) -> Result<(), Refusal> {
    let conflict = |message: &str| Err(Refusal::new(409, "DeleteConflict", message));
    if !identity.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !identity.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    Ok(())
}

fn exists(state: &State, arn: &str) -> bool {
    state.policy(arn).is_some() || (aws_managed_name(arn).is_some() && aws_managed(arn).is_some())
}

fn policy_name<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    name(call.form, "PolicyName", 128)
}

fn no_such_inline(kind: Kind, policy: &str) -> Refusal {
    no_such_entity(format!(
        "The {} policy with name {policy} cannot be found.",
        kind.word()
    ))
}

/// Returns the word that begins the names of elements.
pub(crate) fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Role => "Role",
        Kind::User => "User",
        Kind::Group => "Group",
    }
}
