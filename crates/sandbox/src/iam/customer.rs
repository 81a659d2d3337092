//! Managed policies: customers' own, which have one version here, and reads of AWS's.

use std::sync::Arc;
use std::time::SystemTime;

use super::call::{Answer, Call};
use super::input::{
    encoded, identity_policy, limit, name, no_such_entity, page, path, required, size,
};
use super::managed::{aws_managed, aws_managed_name};
use super::state::{ManagedPolicy, State};
use super::xml::{element, list as xml_list, text};
use crate::clock::iso_seconds;
use crate::wire::Refusal;

/// Characters of a managed policy (IAMUG:reference_iam-quotas).
const SIZE: usize = 6144;

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let (name, path) = (name(call.form, "PolicyName", 128)?, path(call.form)?);
    let policy = identity_policy(call.form)?;
    if size(&policy.json) > SIZE {
        return Err(limit(format!("Cannot exceed quota for PolicySize: {SIZE}")));
    }
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", call.account());
    let made = call.iam.write(call.account(), |state| {
        let same = |known: &Arc<ManagedPolicy>| known.name.eq_ignore_ascii_case(name);
        if state.policies.values().any(same) {
            let message =
                format!("A policy called {name} already exists. Duplicate names are not allowed.");
            return Err(Refusal::new(409, "EntityAlreadyExists", message));
        }
        let made = Arc::new(ManagedPolicy {
            name: name.to_owned(),
            path: path.to_owned(),
            id: call.iam.ids().unique_id("ANPA"),
            arn,
            description: call.form.get("Description").map(str::to_owned),
            created: call.iam.now(),
            policy,
        });
        state.policies.insert(&made.arn, Arc::clone(&made));
        Ok(made)
    })?;
    Ok(Some(element("Policy", &customer_xml(&made, 0))))
}

pub(crate) fn get(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicyArn")?);
    let xml = match state.policies.get(arn) {
        Some(policy) => customer_xml(policy, attachments(&state, arn)),
        None => aws_xml(arn).ok_or_else(|| no_such_policy(arn))?,
    };
    Ok(Some(element("Policy", &xml)))
}

pub(crate) fn get_version(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicyArn")?);
    let version = required(call.form, "VersionId")?;
    let (json, created) = document(&state, arn)?;
    if version != "v1" {
        let message =
            format!("Policy {arn} version {version} does not exist or is not attachable.");
        return Err(no_such_entity(message));
    }
    let xml = text("Document", &encoded(&json)) + &version_xml(created);
    Ok(Some(element("PolicyVersion", &xml)))
}

pub(crate) fn list_versions(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicyArn")?);
    let (_, created) = document(&state, arn)?;
    let (versions, end) = page(call.form, vec![version_xml(created)])?;
    Ok(Some(xml_list("Versions", versions) + &end))
}

pub(crate) fn delete(call: &Call<'_>) -> Answer {
    let arn = required(call.form, "PolicyArn")?;
    call.write(|state| {
        if !state.policies.contains_key(arn) {
            return Err(no_such_policy(arn));
        }
        if attachments(state, arn) > 0 {
            let message = "Cannot delete a policy attached to entities.";
            return Err(Refusal::new(409, "DeleteConflict", message));
        }
        state.policies.remove(arn);
        Ok(())
    })
}

/// Lists the customer's own policies; with `Scope` `AWS` none, since AWS's are many and here few.
pub(crate) fn list(call: &Call<'_>) -> Answer {
    let state = call.read();
    let prefix = call.form.get("PathPrefix").unwrap_or("/");
    let own = call.form.get("Scope") != Some("AWS");
    let only_attached = call.form.get("OnlyAttached") == Some("true");
    let policies = state.policies.values().filter(|policy| {
        let wanted = !only_attached || attachments(&state, &policy.arn) > 0;
        own && wanted && policy.path.starts_with(prefix)
    });
    let (policies, end) = page(call.form, policies)?;
    let xml = |policy: &Arc<ManagedPolicy>| customer_xml(policy, attachments(&state, &policy.arn));
    Ok(Some(
        xml_list("Policies", policies.into_iter().map(xml)) + &end,
    ))
}

/// Returns a customer's policy with its version, as the account's details have it.
pub(crate) fn detail_xml(policy: &ManagedPolicy, state: &State) -> String {
    let document = text("Document", &encoded(&policy.policy.json));
    let versions = xml_list(
        "PolicyVersionList",
        [document + &version_xml(policy.created)],
    );
    customer_xml(policy, attachments(state, &policy.arn)) + &versions
}

fn document(state: &State, arn: &str) -> Result<(String, SystemTime), Refusal> {
    if let Some(policy) = state.policies.get(arn) {
        return Ok((policy.policy.json.clone(), policy.created));
    }
    let json = aws_managed(arn).ok_or_else(|| no_such_policy(arn))?;
    Ok((json, SystemTime::UNIX_EPOCH))
}

fn attachments(state: &State, arn: &str) -> usize {
    state
        .identities()
        .filter(|identity| identity.attached.contains(arn))
        .count()
}

fn no_such_policy(arn: &str) -> Refusal {
    no_such_entity(format!("Policy {arn} was not found."))
}

fn version_xml(created: SystemTime) -> String {
    text("VersionId", "v1")
        + &text("IsDefaultVersion", "true")
        + &text("CreateDate", &iso_seconds(created))
}

fn customer_xml(policy: &ManagedPolicy, attachments: usize) -> String {
    let ManagedPolicy {
        name,
        path,
        id,
        arn,
        description,
        created,
        policy: _,
    } = policy;
    let description = description.as_ref().map(|given| text("Description", given));
    policy_xml(name, path, id, arn, *created, attachments) + &description.unwrap_or_default()
}

fn aws_xml(arn: &str) -> Option<String> {
    let name = aws_managed_name(arn)?;
    Some(policy_xml(
        name,
        "/",
        "ANPAAWSMANAGEDPOLICY0",
        arn,
        SystemTime::UNIX_EPOCH,
        0,
    ))
}

fn policy_xml(
    name: &str,
    path: &str,
    id: &str,
    arn: &str,
    created: SystemTime,
    attachments: usize,
) -> String {
    let created = iso_seconds(created);
    text("PolicyName", name)
        + &text("PolicyId", id)
        + &text("Arn", arn)
        + &text("Path", path)
        + &text("DefaultVersionId", "v1")
        + &text("AttachmentCount", &attachments.to_string())
        + &text("PermissionsBoundaryUsageCount", "0")
        + &text("IsAttachable", "true")
        + &text("CreateDate", &created)
        + &text("UpdateDate", &created)
}
