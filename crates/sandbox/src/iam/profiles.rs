//! Instance profiles. No instance takes them here; Terraform looks at them before it deletes a role.

use std::sync::Arc;

use super::call::{Answer, Call};
use super::input::{
    TAGS, identity_name, limit, members, name, no_such, no_such_entity, page, path, tags,
};
use super::roles::role_in_profile_xml;
use super::state::{InstanceProfile, Kind, State};
use super::tags::{add_to, remove_from, tag_list, tags_xml};
use super::xml::{element, list as xml_list, text};
use crate::authority::Authority as _;
use crate::clock::iso_seconds;
use crate::wire::Refusal;

/// The field that names one.
pub(crate) const FIELD: &str = "InstanceProfileName";

fn profile_name<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    name(call.form, FIELD, 128)
}

fn missing(name: &str) -> Refusal {
    no_such_entity(format!("Instance Profile {name} cannot be found."))
}

fn find_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut InstanceProfile, Refusal> {
    let profile = state.profiles.get_mut(name);
    profile.map(Arc::make_mut).ok_or_else(|| missing(name))
}

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let (name, path, tags) = (profile_name(call)?, path(call.form)?, tags(call.form)?);
    if tags.len() > TAGS {
        return Err(limit(format!(
            "The number of tags has reached the maximum limit: {TAGS}."
        )));
    }
    let arn = format!(
        "arn:aws:iam::{}:instance-profile{path}{name}",
        call.account()
    );
    let profile = call.iam.write(call.account(), |state| {
        if state.profiles.contains_key(name) {
            let message = format!("Instance Profile {name} already exists.");
            return Err(Refusal::new(409, "EntityAlreadyExists", message));
        }
        let profile = Arc::new(InstanceProfile {
            name: name.to_owned(),
            path: path.to_owned(),
            id: call.iam.ids().unique_id("AIPA"),
            arn,
            created: call.iam.now(),
            tags,
            role: None,
        });
        state.profiles.insert(name, Arc::clone(&profile));
        Ok(profile)
    })?;
    let xml = profile_xml(call, &State::default(), &profile) + &tags_xml(&profile.tags);
    Ok(Some(element("InstanceProfile", &xml)))
}

pub(crate) fn get(call: &Call<'_>) -> Answer {
    let (state, name) = (call.read(), profile_name(call)?);
    let profile = state.profiles.get(name).ok_or_else(|| missing(name))?;
    let xml = profile_xml(call, &state, profile) + &tags_xml(&profile.tags);
    Ok(Some(element("InstanceProfile", &xml)))
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    let state = call.read();
    let prefix = call.form.get("PathPrefix").unwrap_or("/");
    let under = |profile: &&Arc<InstanceProfile>| profile.path.starts_with(prefix);
    listed(call, &state, state.profiles.values().filter(under))
}

pub(crate) fn list_of_role(call: &Call<'_>) -> Answer {
    let (state, role) = (call.read(), identity_name(call.form, Kind::Role)?);
    state.find(Kind::Role, role)?;
    listed(call, &state, state.profiles_of(role))
}

fn listed<'a>(
    call: &Call<'_>,
    state: &State,
    profiles: impl Iterator<Item = &'a Arc<InstanceProfile>>,
) -> Answer {
    let (profiles, end) = page(call.form, profiles)?;
    let profiles = profiles
        .into_iter()
        .map(|profile| profile_xml(call, state, profile));
    Ok(Some(xml_list("InstanceProfiles", profiles) + &end))
}

pub(crate) fn delete(call: &Call<'_>) -> Answer {
    let name = profile_name(call)?;
    call.write(|state| {
        if find_mut(state, name)?.role.is_some() {
            let message = "Cannot delete entity, must remove roles from instance profile first.";
            return Err(Refusal::new(409, "DeleteConflict", message));
        }
        state.profiles.remove(name);
        Ok(())
    })
}

/// Puts a role into a profile, which passes it to EC2.
pub(crate) fn add_role(call: &Call<'_>) -> Answer {
    let (name, role) = (profile_name(call)?, identity_name(call.form, Kind::Role)?);
    let latest = call.iam.latest(call.account()).unwrap_or_default();
    let arn = &latest.find(Kind::Role, role)?.arn;
    let passed = call
        .iam
        .may_pass_role(call.caller, arn, "ec2.amazonaws.com");
    passed.map_err(|denied| Refusal::new(403, "AccessDenied", denied.message))?;
    call.write(|state| {
        let role = state.find(Kind::Role, role)?.name.clone();
        let profile = find_mut(state, name)?;
        if profile.role.is_some() {
            return Err(limit(
                "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
            ));
        }
        profile.role = Some(role);
        Ok(())
    })
}

pub(crate) fn remove_role(call: &Call<'_>) -> Answer {
    let (name, role) = (profile_name(call)?, identity_name(call.form, Kind::Role)?);
    call.write(|state| {
        let profile = find_mut(state, name)?;
        let held = profile.role.take_if(|held| held.eq_ignore_ascii_case(role));
        held.map(|_| ()).ok_or_else(|| no_such(Kind::Role, role))
    })
}

pub(crate) fn tag(call: &Call<'_>) -> Answer {
    let (name, new) = (profile_name(call)?, tags(call.form)?);
    call.write(|state| add_to(&mut find_mut(state, name)?.tags, new))
}

pub(crate) fn untag(call: &Call<'_>) -> Answer {
    let (name, keys) = (profile_name(call)?, members(call.form, "TagKeys"));
    call.write(|state| {
        remove_from(&mut find_mut(state, name)?.tags, &keys);
        Ok(())
    })
}

pub(crate) fn list_tags(call: &Call<'_>) -> Answer {
    let (state, name) = (call.read(), profile_name(call)?);
    let profile = state.profiles.get(name).ok_or_else(|| missing(name))?;
    tag_list(call, &profile.tags)
}

/// Writes a profile as lists show it, without its tags (BC:iam ListInstanceProfiles).
pub(crate) fn profile_xml(call: &Call<'_>, state: &State, profile: &InstanceProfile) -> String {
    let InstanceProfile {
        name,
        path,
        id,
        arn,
        created,
        tags: _,
        role,
    } = profile;
    let role = role.as_deref().and_then(|role| state.role(role));
    let roles = role.map(|role| role_in_profile_xml(call.iam, role));
    text("Path", path)
        + &text(FIELD, name)
        + &text("InstanceProfileId", id)
        + &text("Arn", arn)
        + &text("CreateDate", &iso_seconds(*created))
        + &xml_list("Roles", roles)
}
