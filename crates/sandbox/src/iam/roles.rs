//! Roles and their trust policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Iam;
use super::call::{Answer, Call};
use super::identities::boundary;
use super::input::{
    TAGS, constraint, document, encoded, identity_name, limit, malformed, no_such, number, page,
    path, pattern_error, size, tags,
};
use super::principals::PrincipalError;
use super::state::{Identity, Kind, Policy, Role, State};
use super::tags::tags_xml;
use super::xml::{element, list as xml_list, text};
use crate::clock::iso_seconds;
use crate::policy::SYNTAX;
use crate::policy::validation::{self, Profile};
use crate::wire::Refusal;

/// Characters of a trust policy (IAMUG:reference_iam-quotas, the default quota).
const TRUST_SIZE: usize = 2048;

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let form = call.form;
    let (name, path) = (identity_name(form, Kind::Role)?, path(form)?);
    let (max_session, description) = (max_session(call)?, description(call)?);
    let (trust, tags) = (
        trust(call, document(form, "AssumeRolePolicyDocument")?)?,
        tags(form)?,
    );
    if tags.len() > TAGS {
        return Err(limit(format!(
            "The number of tags has reached the maximum limit: {TAGS}."
        )));
    }
    let arn = format!("arn:aws:iam::{}:role{path}{name}", call.account());
    let role = call.iam.write(call.account(), |state| {
        if state.role(name).is_some() {
            let message = format!("Role with name {name} already exists.");
            return Err(Refusal::new(409, "EntityAlreadyExists", message));
        }
        let identity = Identity {
            name: name.to_owned(),
            path: path.to_owned(),
            id: call.iam.ids().unique_id("AROA"),
            arn,
            created: call.iam.now(),
            tags,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: boundary(call, state)?,
        };
        let role = Arc::new(Role {
            identity,
            description,
            max_session: max_session.unwrap_or(3600),
            trust,
        });
        state.add_role(Arc::clone(&role));
        Ok(role)
    })?;
    Ok(Some(element(
        "Role",
        &role_xml(call.iam, &role, Detail::All),
    )))
}

pub(crate) fn get(call: &Call<'_>) -> Answer {
    let name = identity_name(call.form, Kind::Role)?;
    let state = call.read();
    let role = state.role(name).ok_or_else(|| no_such(Kind::Role, name))?;
    let xml = role_xml(call.iam, role, Detail::All) + "<RoleLastUsed/>";
    Ok(Some(element("Role", &xml)))
}

pub(crate) fn delete(call: &Call<'_>) -> Answer {
    let name = identity_name(call.form, Kind::Role)?;
    call.write(|state| {
        let identity = state.find(Kind::Role, name)?;
        if state.profiles_of(name).next().is_some() {
            let message = "Cannot delete entity, must remove roles from instance profile first.";
            return Err(Refusal::new(409, "DeleteConflict", message));
        }
        super::identities::check_bare(identity)?;
        state.remove_role(name);
        Ok(())
    })
}

pub(crate) fn update(call: &Call<'_>) -> Answer {
    let (max_session, description) = (max_session(call)?, description(call)?);
    edit(call, |role| {
        if let Some(seconds) = max_session {
            role.max_session = seconds;
        }
        if description.is_some() {
            role.description = description;
        }
    })?;
    Ok(Some(String::new()))
}

pub(crate) fn update_description(call: &Call<'_>) -> Answer {
    let description = description(call)?;
    let role = edit(call, |role| role.description = description)?;
    Ok(Some(element(
        "Role",
        &role_xml(call.iam, &role, Detail::All),
    )))
}

pub(crate) fn update_trust(call: &Call<'_>) -> Answer {
    let trust = trust(call, document(call.form, "PolicyDocument")?)?;
    edit(call, |role| role.trust = trust)?;
    Ok(None)
}

/// Lists roles; not their tags, nor their boundaries (BC:iam ListRoles).
pub(crate) fn list(call: &Call<'_>) -> Answer {
    let state = call.read();
    let prefix = call.form.get("PathPrefix").unwrap_or("/");
    let under = |role: &&Arc<Role>| role.identity.path.starts_with(prefix);
    let (roles, end) = page(call.form, state.roles().filter(under))?;
    let roles = roles
        .into_iter()
        .map(|role| role_xml(call.iam, role, Detail::Listed));
    Ok(Some(xml_list("Roles", roles) + &end))
}

/// Writes a role as instance profiles show it.
pub(crate) fn role_in_profile_xml(iam: &Iam, role: &Role) -> String {
    role_xml(iam, role, Detail::Listed)
}

fn edit(call: &Call<'_>, edit: impl FnOnce(&mut Role)) -> Result<Arc<Role>, Refusal> {
    let name = identity_name(call.form, Kind::Role)?;
    call.iam.write(call.account(), |state: &mut State| {
        let role = state.role_mut(name);
        let role = role.ok_or_else(|| no_such(Kind::Role, name))?;
        edit(Arc::make_mut(role));
        Ok(Arc::clone(role))
    })
}

fn max_session(call: &Call<'_>) -> Result<Option<u64>, Refusal> {
    number(call.form, "MaxSessionDuration", 3600, 43_200)
}

fn description(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    let description = call.form.get("Description");
    if description.is_some_and(|text| text.chars().count() > 1000) {
        return Err(constraint(
            description,
            "Description",
            "have length less than or equal to 1000",
        ));
    }
    // BC:iam roleDescriptionType.
    let allowed = |char: char| matches!(char, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    if let Some(text) = description.filter(|text| !text.chars().all(allowed)) {
        let pattern = "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
        return Err(pattern_error(text, "Description", pattern));
    }
    Ok(description.map(str::to_owned))
}

/// Checks a trust policy and stores its principals.
fn trust(call: &Call<'_>, json: &str) -> Result<Policy, Refusal> {
    validation::check(&Profile::Trust, json.as_bytes()).map_err(|message| malformed(&message))?;
    let stored = call.iam.stored(json).map_err(|error| match error {
        PrincipalError::Document(message) => malformed(&message),
        PrincipalError::Invalid(quoted) => {
            malformed(&format!("Invalid principal in policy: {quoted}"))
        }
    })?;
    let policy = Policy::new(&stored).ok_or_else(|| malformed(SYNTAX))?;
    if size(json) > TRUST_SIZE {
        return Err(limit(format!(
            "Cannot exceed quota for ACLSizePerRole: {TRUST_SIZE}"
        )));
    }
    Ok(policy)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    All,
    Listed,
}

fn role_xml(iam: &Iam, role: &Role, detail: Detail) -> String {
    let Role {
        identity,
        description,
        max_session,
        trust,
    } = role;
    let mut xml = text("Path", &identity.path)
        + &text("RoleName", &identity.name)
        + &text("RoleId", &identity.id)
        + &text("Arn", &identity.arn)
        + &text("CreateDate", &iso_seconds(identity.created))
        + &text(
            "AssumeRolePolicyDocument",
            &encoded(&iam.shown(&trust.json)),
        )
        + &text("MaxSessionDuration", &max_session.to_string());
    if let Some(description) = description {
        xml += &text("Description", description);
    }
    if detail == Detail::All {
        xml += &super::identities::boundary_xml(identity);
        if !identity.tags.is_empty() {
            xml += &tags_xml(&identity.tags);
        }
    }
    xml
}
