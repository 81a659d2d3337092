//! Managed policies: customers' own with their versions, and reads of AWS's, which have one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::call::{Answer, Call};
use super::identities::title;
use super::input::{
    TAGS, encoded, identity_policy, limit, members, name, no_such_entity, page, path, required,
    size, tags,
};
use super::managed::{aws_managed, aws_managed_name};
use super::state::{Kind, ManagedPolicy, Policy, PolicyVersion, State};
use super::tags::{add_to, remove_from, tag_list, tags_xml};
use super::xml::{element, list as xml_list, text};
use crate::clock::iso_seconds;
use crate::policy::validation::identity::Place;
use crate::wire::Refusal;

/// Characters of a managed policy (IAMUG:reference_iam-quotas).
const SIZE: usize = 6144;

/// Versions of a managed policy (same).
const VERSIONS: usize = 5;

/// One version as a reply shows it.
struct Shown {
    id: String,
    json: String,
    created: SystemTime,
    is_default: bool,
}

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let (name, path) = (name(call.form, "PolicyName", 128)?, path(call.form)?);
    let (policy, tags) = (sized_policy(call)?, tags(call.form)?);
    if tags.len() > TAGS {
        return Err(limit(format!(
            "The number of tags has reached the maximum limit: {TAGS}."
        )));
    }
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", call.account());
    let created = call.iam.now();
    let made = call.iam.write(call.account(), |state| {
        if state.has_policy_named(name) {
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
            created,
            updated: created,
            tags,
            versions: BTreeMap::from([(1, PolicyVersion { policy, created })]),
            default: 1,
            next: 2,
        });
        state.add_policy(Arc::clone(&made));
        Ok(made)
    })?;
    Ok(Some(element("Policy", &customer_xml(&made, 0))))
}

fn sized_policy(call: &Call<'_>) -> Result<Policy, Refusal> {
    let policy = identity_policy(call.form, Place::Managed)?;
    if size(&policy.json) > SIZE {
        return Err(limit(format!("Cannot exceed quota for PolicySize: {SIZE}")));
    }
    Ok(policy)
}

pub(crate) fn get(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicyArn")?);
    let xml = match state.policy(arn) {
        Some(policy) => customer_xml(policy, state.attachments(arn)) + &tags_xml(&policy.tags),
        None => aws_xml(arn).ok_or_else(|| no_such_policy(arn))?,
    };
    Ok(Some(element("Policy", &xml)))
}

pub(crate) fn get_version(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicyArn")?);
    let id = required(call.form, "VersionId")?;
    let mut versions = versions(&state, arn)?.into_iter();
    let version = versions.find(|version| version.id == id);
    let version = version.ok_or_else(|| no_such_version(arn, id))?;
    let xml = text("Document", &encoded(&version.json)) + &version_xml(&version);
    Ok(Some(element("PolicyVersion", &xml)))
}

pub(crate) fn list_versions(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicyArn")?);
    let (versions, end) = page(call.form, versions(&state, arn)?)?;
    Ok(Some(
        xml_list("Versions", versions.iter().map(version_xml)) + &end,
    ))
}

pub(crate) fn create_version(call: &Call<'_>) -> Answer {
    let (arn, policy) = (required(call.form, "PolicyArn")?, sized_policy(call)?);
    let created = call.iam.now();
    let as_default = call.form.get("SetAsDefault") == Some("true");
    let made = call.iam.write(call.account(), |state| {
        let managed = changeable(state, arn)?;
        if managed.versions.len() >= VERSIONS {
            let message = format!(
                "A managed policy can have up to {VERSIONS} versions. Before you create a new \
                 version, you must delete an existing version."
            );
            return Err(limit(message));
        }
        let number = managed.next;
        managed.next += 1;
        managed
            .versions
            .insert(number, PolicyVersion { policy, created });
        if as_default {
            (managed.default, managed.updated) = (number, created);
        }
        Ok(Shown {
            id: format!("v{number}"),
            json: String::new(),
            created,
            is_default: as_default,
        })
    })?;
    Ok(Some(element("PolicyVersion", &version_xml(&made))))
}

pub(crate) fn set_default_version(call: &Call<'_>) -> Answer {
    let arn = required(call.form, "PolicyArn")?;
    let id = required(call.form, "VersionId")?;
    let now = call.iam.now();
    call.write(|state| {
        let managed = changeable(state, arn)?;
        let number = number(managed, id).ok_or_else(|| no_such_version(arn, id))?;
        if managed.default != number {
            (managed.default, managed.updated) = (number, now);
        }
        Ok(())
    })
}

pub(crate) fn delete_version(call: &Call<'_>) -> Answer {
    let arn = required(call.form, "PolicyArn")?;
    let id = required(call.form, "VersionId")?;
    call.write(|state| {
        let managed = changeable(state, arn)?;
        let number = number(managed, id).ok_or_else(|| no_such_version(arn, id))?;
        if managed.default == number {
            let message = "Cannot delete the default version of a policy.";
            return Err(Refusal::new(409, "DeleteConflict", message));
        }
        managed.versions.remove(&number);
        Ok(())
    })
}

pub(crate) fn delete(call: &Call<'_>) -> Answer {
    let arn = required(call.form, "PolicyArn")?;
    call.write(|state| {
        let versions = changeable(state, arn)?.versions.len();
        let conflict = |message: &str| Err(Refusal::new(409, "DeleteConflict", message));
        if state.attachments(arn) > 0 {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if versions > 1 {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must \
                 delete the policy's versions. The default version is deleted with the policy.",
            );
        }
        state.remove_policy(arn);
        Ok(())
    })
}

/// Lists the customer's own policies; with `Scope` `AWS` none, since AWS's are many and here few.
pub(crate) fn list(call: &Call<'_>) -> Answer {
    let state = call.read();
    let prefix = call.form.get("PathPrefix").unwrap_or("/");
    let own = call.form.get("Scope") != Some("AWS");
    let only_attached = call.form.get("OnlyAttached") == Some("true");
    let policies = state.policies().filter(|policy| {
        let wanted = !only_attached || state.attachments(&policy.arn) > 0;
        own && wanted && policy.path.starts_with(prefix)
    });
    let (policies, end) = page(call.form, policies)?;
    let xml = |policy: &Arc<ManagedPolicy>| customer_xml(policy, state.attachments(&policy.arn));
    Ok(Some(
        xml_list("Policies", policies.into_iter().map(xml)) + &end,
    ))
}

/// Lists to whom a policy is attached, by kind.
pub(crate) fn list_entities(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicyArn")?);
    versions(&state, arn)?;
    let asked = call.form.get("EntityFilter");
    let kinds = [Kind::Group, Kind::User, Kind::Role];
    let attached = kinds.into_iter().flat_map(|kind| {
        let entities = state.identities(kind).into_iter();
        let wanted = asked.is_none_or(|asked| asked == title(kind));
        entities
            .filter(move |identity| wanted && identity.attached.contains(arn))
            .map(move |identity| (kind, identity))
    });
    let (entities, end) = page(call.form, attached)?;
    let of = |kind: Kind| {
        let title = title(kind);
        let members = entities.iter().filter(|(of, _)| *of == kind);
        let members = members.map(|(_, identity)| {
            text(&format!("{title}Name"), &identity.name)
                + &text(&format!("{title}Id"), &identity.id)
        });
        xml_list(&format!("Policy{title}s"), members)
    };
    Ok(Some(kinds.map(of).concat() + &end))
}

pub(crate) fn tag(call: &Call<'_>) -> Answer {
    let (arn, new) = (required(call.form, "PolicyArn")?, tags(call.form)?);
    call.write(|state| add_to(&mut changeable(state, arn)?.tags, new))
}

pub(crate) fn untag(call: &Call<'_>) -> Answer {
    let (arn, keys) = (
        required(call.form, "PolicyArn")?,
        members(call.form, "TagKeys"),
    );
    call.write(|state| {
        remove_from(&mut changeable(state, arn)?.tags, &keys);
        Ok(())
    })
}

pub(crate) fn list_tags(call: &Call<'_>) -> Answer {
    let (state, arn) = (call.read(), required(call.form, "PolicyArn")?);
    let policy = state.policy(arn).ok_or_else(|| no_such_policy(arn))?;
    tag_list(call, &policy.tags)
}

/// Returns a customer's policy with its versions, as the account's details have it.
pub(crate) fn detail_xml(policy: &ManagedPolicy, state: &State) -> String {
    let versions = shown_versions(policy);
    let version =
        |version: &Shown| text("Document", &encoded(&version.json)) + &version_xml(version);
    let versions = xml_list("PolicyVersionList", versions.iter().map(version));
    customer_xml(policy, state.attachments(&policy.arn)) + &versions
}

/// Finds a customer's policy to change; AWS's own are nobody's to change.
fn changeable<'a>(state: &'a mut State, arn: &str) -> Result<&'a mut ManagedPolicy, Refusal> {
    state.policy_mut(arn).ok_or_else(|| no_such_policy(arn))
}

fn number(policy: &ManagedPolicy, id: &str) -> Option<u32> {
    let number = id.strip_prefix('v')?.parse().ok()?;
    policy.versions.contains_key(&number).then_some(number)
}

/// Returns the versions of whatever policy, the newest first.
fn versions(state: &State, arn: &str) -> Result<Vec<Shown>, Refusal> {
    if let Some(policy) = state.policy(arn) {
        return Ok(shown_versions(policy));
    }
    let json = aws_managed(arn).ok_or_else(|| no_such_policy(arn))?;
    Ok(vec![Shown {
        id: "v1".to_owned(),
        json,
        created: SystemTime::UNIX_EPOCH,
        is_default: true,
    }])
}

fn shown_versions(policy: &ManagedPolicy) -> Vec<Shown> {
    let versions = policy.versions.iter().rev();
    let shown = versions.map(|(number, version)| Shown {
        id: format!("v{number}"),
        json: version.policy.json.clone(),
        created: version.created,
        is_default: *number == policy.default,
    });
    shown.collect()
}

fn no_such_policy(arn: &str) -> Refusal {
    no_such_entity(format!("Policy {arn} was not found."))
}

fn no_such_version(arn: &str, id: &str) -> Refusal {
    let message = format!("Policy {arn} version {id} does not exist or is not attachable.");
    no_such_entity(message)
}

fn version_xml(version: &Shown) -> String {
    let Shown {
        id,
        json: _, // Not in lists.
        created,
        is_default,
    } = version;
    text("VersionId", id)
        + &text(
            "IsDefaultVersion",
            if *is_default { "true" } else { "false" },
        )
        + &text("CreateDate", &iso_seconds(*created))
}

/// Writes a customer's policy as lists show it, without its tags (BC:iam ListPolicies).
fn customer_xml(policy: &ManagedPolicy, attachments: usize) -> String {
    let ManagedPolicy {
        name,
        path,
        id,
        arn,
        description,
        created,
        updated,
        tags: _,
        versions: _,
        default,
        next: _,
    } = policy;
    let description = description.as_ref().map(|given| text("Description", given));
    text("PolicyName", name)
        + &text("PolicyId", id)
        + &text("Arn", arn)
        + &text("Path", path)
        + &text("DefaultVersionId", &format!("v{default}"))
        + &counts_xml(attachments)
        + &text("CreateDate", &iso_seconds(*created))
        + &text("UpdateDate", &iso_seconds(*updated))
        + &description.unwrap_or_default()
}

fn aws_xml(arn: &str) -> Option<String> {
    let name = aws_managed_name(arn)?;
    let always = iso_seconds(SystemTime::UNIX_EPOCH);
    Some(
        text("PolicyName", name)
            + &text("PolicyId", "ANPAAWSMANAGEDPOLICY0")
            + &text("Arn", arn)
            + &text("Path", "/")
            + &text("DefaultVersionId", "v1")
            + &counts_xml(0)
            + &text("CreateDate", &always)
            + &text("UpdateDate", &always),
    )
}

fn counts_xml(attachments: usize) -> String {
    text("AttachmentCount", &attachments.to_string())
        + &text("PermissionsBoundaryUsageCount", "0")
        + &text("IsAttachable", "true")
}
