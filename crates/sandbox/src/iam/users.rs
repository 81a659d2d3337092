//! Users and their access keys, so that tests can make callers with few permissions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::call::{Answer, Call};
use super::identities::{boundary, boundary_xml, check_bare};
use super::input::{identity_name, limit, no_such, no_such_entity, page, path, required, tags};
use super::state::{Identity, Kind, User};
use super::tags::tags_xml;
use super::xml::{element, list as xml_list, text};
use crate::authority::{Caller, CallerKind};
use crate::clock::iso_seconds;
use crate::wire::Refusal;

/// Access keys of a user (IAMUG:reference_iam-quotas).
const KEYS: usize = 2;

/// Returns the user that a call names, or the user who calls.
pub(crate) fn named_or_own(call: &Call<'_>) -> Result<String, Refusal> {
    if call.form.has("UserName") {
        return identity_name(call.form, Kind::User).map(str::to_owned);
    }
    if call.caller.kind == CallerKind::User {
        let name = call.caller.arn.rsplit('/').next();
        return Ok(name.unwrap_or_default().to_owned());
    }
    let message = "Must specify userName when calling with non-User credentials";
    Err(Refusal::new(400, "ValidationError", message))
}

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let (name, path) = (identity_name(call.form, Kind::User)?, path(call.form)?);
    let tags = tags(call.form)?;
    let arn = format!("arn:aws:iam::{}:user{path}{name}", call.account());
    let user = call.iam.write(call.account(), |state| {
        if state.user(name).is_some() {
            let message = format!("User with name {name} already exists.");
            return Err(Refusal::new(409, "EntityAlreadyExists", message));
        }
        let identity = Identity {
            name: name.to_owned(),
            path: path.to_owned(),
            id: call.iam.ids().unique_id("AIDA"),
            arn,
            created: call.iam.now(),
            tags,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: boundary(call, state)?,
        };
        let user = Arc::new(User {
            identity,
            keys: BTreeMap::new(),
            groups: BTreeSet::new(),
        });
        state.add_user(Arc::clone(&user));
        Ok(user)
    })?;
    Ok(Some(element("User", &user_xml(&user))))
}

pub(crate) fn get(call: &Call<'_>) -> Answer {
    let (state, name) = (call.read(), named_or_own(call)?);
    let user = state
        .user(&name)
        .ok_or_else(|| no_such(Kind::User, &name))?;
    Ok(Some(element("User", &user_xml(user))))
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    let state = call.read();
    let prefix = call.form.get("PathPrefix").unwrap_or("/");
    let under = |user: &&Arc<User>| user.identity.path.starts_with(prefix);
    let (users, end) = page(call.form, state.users().filter(under))?;
    Ok(Some(
        xml_list("Users", users.into_iter().map(|user| user_xml(user))) + &end,
    ))
}

pub(crate) fn delete(call: &Call<'_>) -> Answer {
    let name = identity_name(call.form, Kind::User)?;
    call.write(|state| {
        let user = state.user(name).ok_or_else(|| no_such(Kind::User, name))?;
        if !user.keys.is_empty() {
            let message = "Cannot delete entity, must delete access keys first.";
            return Err(Refusal::new(409, "DeleteConflict", message));
        }
        if !user.groups.is_empty() {
            // unverified: the text.
            let message = "Cannot delete entity, must remove users from group first.";
            return Err(Refusal::new(409, "DeleteConflict", message));
        }
        check_bare(&user.identity)?;
        state.remove_user(name);
        Ok(())
    })
}

pub(crate) fn create_key(call: &Call<'_>) -> Answer {
    let name = named_or_own(call)?;
    let now = call.iam.now();
    let (id, secret) = call.iam.write(call.account(), |state| {
        let user = state.user_mut(&name);
        let user = Arc::make_mut(user.ok_or_else(|| no_such(Kind::User, &name))?);
        if user.keys.len() >= KEYS {
            return Err(limit(format!(
                "Cannot exceed quota for AccessKeysPerUser: {KEYS}"
            )));
        }
        let (id, secret) = call
            .iam
            .add_key(user_caller(call.account(), &user.identity));
        user.keys.insert(id.clone(), now);
        Ok((id, secret))
    })?;
    let xml = key_xml(&name, &id, &iso_seconds(now)) + &text("SecretAccessKey", &secret);
    Ok(Some(element("AccessKey", &xml)))
}

pub(crate) fn delete_key(call: &Call<'_>) -> Answer {
    let (name, id) = (named_or_own(call)?, required(call.form, "AccessKeyId")?);
    let answer = call.write(|state| {
        let user = state.user_mut(&name);
        let user = Arc::make_mut(user.ok_or_else(|| no_such(Kind::User, &name))?);
        let removed = user.keys.remove(id);
        let message = format!("The Access Key with id {id} cannot be found.");
        removed.map(|_| ()).ok_or_else(|| no_such_entity(message))
    })?;
    call.iam.keys().remove(id);
    Ok(answer)
}

pub(crate) fn list_keys(call: &Call<'_>) -> Answer {
    let (state, name) = (call.read(), named_or_own(call)?);
    let user = state
        .user(&name)
        .ok_or_else(|| no_such(Kind::User, &name))?;
    let (keys, end) = page(call.form, user.keys.iter())?;
    let keys = keys
        .into_iter()
        .map(|(id, made)| key_xml(&name, id, &iso_seconds(*made)));
    Ok(Some(xml_list("AccessKeyMetadata", keys) + &end))
}

fn user_caller(account: &str, user: &Identity) -> Caller {
    Caller {
        account: account.to_owned(),
        arn: user.arn.clone(),
        principal_arn: user.arn.clone(),
        user_id: user.id.clone(),
        principal_id: user.id.clone(),
        kind: CallerKind::User,
        is_root: false,
        session_policy: None,
        of_service: false,
    }
}

fn key_xml(user: &str, id: &str, made: &str) -> String {
    text("UserName", user)
        + &text("AccessKeyId", id)
        + &text("Status", "Active")
        + &text("CreateDate", made)
}

/// Writes a user as its own replies show it.
pub(crate) fn user_xml(user: &User) -> String {
    let Identity {
        name,
        path,
        id,
        arn,
        created,
        tags,
        inline: _,
        attached: _,
        boundary: _,
    } = &user.identity;
    let mut xml = text("Path", path)
        + &text("UserName", name)
        + &text("UserId", id)
        + &text("Arn", arn)
        + &text("CreateDate", &iso_seconds(*created))
        + &boundary_xml(&user.identity);
    if !tags.is_empty() {
        xml += &tags_xml(tags);
    }
    xml
}
