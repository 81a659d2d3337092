//! Groups of users, whose policies speak for their users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::call::{Answer, Call};
use super::identities::check_bare;
use super::input::{identity_name, no_such, no_such_entity, page, path};
use super::state::{Group, Identity, Kind};
use super::users::user_xml;
use super::xml::{element, list as xml_list, text};
use crate::clock::iso_seconds;
use crate::wire::Refusal;

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let (name, path) = (identity_name(call.form, Kind::Group)?, path(call.form)?);
    let arn = format!("arn:aws:iam::{}:group{path}{name}", call.account());
    let group = call.iam.write(call.account(), |state| {
        if state.group(name).is_some() {
            let message = format!("Group with name {name} already exists.");
            return Err(Refusal::new(409, "EntityAlreadyExists", message));
        }
        let identity = Identity {
            name: name.to_owned(),
            path: path.to_owned(),
            id: call.iam.ids().unique_id("AGPA"),
            arn,
            created: call.iam.now(),
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
        };
        let group = Arc::new(Group { identity });
        state.add_group(Arc::clone(&group));
        Ok(group)
    })?;
    Ok(Some(element("Group", &group_xml(&group))))
}

pub(crate) fn get(call: &Call<'_>) -> Answer {
    let (state, name) = (call.read(), identity_name(call.form, Kind::Group)?);
    let group = state
        .group(name)
        .ok_or_else(|| no_such(Kind::Group, name))?;
    let (users, end) = page(call.form, state.users_in(name))?;
    let users = xml_list("Users", users.into_iter().map(|user| user_xml(user)));
    Ok(Some(element("Group", &group_xml(group)) + &users + &end))
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    let state = call.read();
    let prefix = call.form.get("PathPrefix").unwrap_or("/");
    let under = |group: &&Arc<Group>| group.identity.path.starts_with(prefix);
    let (groups, end) = page(call.form, state.groups().filter(under))?;
    Ok(Some(
        xml_list("Groups", groups.into_iter().map(|group| group_xml(group))) + &end,
    ))
}

pub(crate) fn list_of_user(call: &Call<'_>) -> Answer {
    let (state, name) = (call.read(), identity_name(call.form, Kind::User)?);
    let user = state.user(name).ok_or_else(|| no_such(Kind::User, name))?;
    let (groups, end) = page(call.form, state.groups_of(user))?;
    Ok(Some(
        xml_list("Groups", groups.into_iter().map(|group| group_xml(group))) + &end,
    ))
}

pub(crate) fn delete(call: &Call<'_>) -> Answer {
    let name = identity_name(call.form, Kind::Group)?;
    call.write(|state| {
        if state.users_in(name).next().is_some() {
            let message = "Cannot delete entity, must remove users from group first.";
            return Err(Refusal::new(409, "DeleteConflict", message));
        }
        check_bare(state.find(Kind::Group, name)?)?;
        state.remove_group(name);
        Ok(())
    })
}

pub(crate) fn add_user(call: &Call<'_>) -> Answer {
    change_member(call, |groups, group| {
        groups.insert(group);
        Ok(())
    })
}

pub(crate) fn remove_user(call: &Call<'_>) -> Answer {
    let user = identity_name(call.form, Kind::User)?;
    change_member(call, |groups, group| {
        let removed = groups.remove(&group);
        let message = format!("User {user} is not in group {group}.");
        removed.then_some(()).ok_or_else(|| no_such_entity(message))
    })
}

fn change_member(
    call: &Call<'_>,
    change: impl FnOnce(&mut BTreeSet<String>, String) -> Result<(), Refusal>,
) -> Answer {
    let (group, user) = (
        identity_name(call.form, Kind::Group)?,
        identity_name(call.form, Kind::User)?,
    );
    call.write(|state| {
        state.find(Kind::Group, group)?;
        let member = state.user_mut(user);
        let member = Arc::make_mut(member.ok_or_else(|| no_such(Kind::User, user))?);
        change(&mut member.groups, group.to_lowercase())
    })
}

fn group_xml(group: &Group) -> String {
    let identity = &group.identity;
    text("Path", &identity.path)
        + &text("GroupName", &identity.name)
        + &text("GroupId", &identity.id)
        + &text("Arn", &identity.arn)
        + &text("CreateDate", &iso_seconds(identity.created))
}
