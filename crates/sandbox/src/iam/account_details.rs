//! The list of everything in an account's IAM: users, roles and managed policies, whole.

use std::sync::Arc;

use super::call::{Answer, Call};
use super::customer::detail_xml;
use super::identities::boundary_xml;
use super::input::{constraint, encoded, members, page};
use super::profiles::profile_xml;
use super::state::{Group, Identity, ManagedPolicy, Role, State, User};
use super::tags::tags_xml;
use super::xml::{list, text};
use crate::clock::iso_seconds;
use crate::wire::escaped;

/// What a filter may name (BC:iam EntityType).
const KINDS: [&str; 5] = [
    "User",
    "Role",
    "Group",
    "LocalManagedPolicy",
    "AWSManagedPolicy",
];

enum Entry<'a> {
    User(&'a User),
    Role(&'a Role),
    Group(&'a Group),
    Policy(&'a ManagedPolicy),
}

/// Answers what the filter names, or everything; AWS's own policies are not shown.
pub(crate) fn get(call: &Call<'_>) -> Answer {
    let filter = members(call.form, "Filter");
    if let Some(other) = filter.iter().find(|kind| !KINDS.contains(kind)) {
        let must = format!("satisfy enum value set: [{}]", KINDS.join(", "));
        return Err(constraint(Some(other), "Filter", &must));
    }
    let state = call.read();
    let (entries, end) = page(call.form, entries(&state, &filter))?;
    Ok(Some(xml(call, &state, &entries) + &end))
}

fn entries<'a>(state: &'a State, filter: &[&str]) -> Vec<Entry<'a>> {
    let asked = |kind: &str| filter.is_empty() || filter.contains(&kind);
    let users = state.users().map(Arc::as_ref).map(Entry::User);
    let roles = state.roles().map(Arc::as_ref).map(Entry::Role);
    let groups = state.groups().map(Arc::as_ref).map(Entry::Group);
    let policies = state.policies().map(Arc::as_ref).map(Entry::Policy);
    let mut entries = Vec::new();
    if asked("User") {
        entries.extend(users);
    }
    if asked("Role") {
        entries.extend(roles);
    }
    if asked("Group") {
        entries.extend(groups);
    }
    if asked("LocalManagedPolicy") {
        entries.extend(policies);
    }
    entries
}

fn xml(call: &Call<'_>, state: &State, entries: &[Entry<'_>]) -> String {
    let (mut users, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new());
    let mut groups = Vec::new();
    for entry in entries {
        match entry {
            Entry::User(user) => users.push(user_xml(user, state)),
            Entry::Role(role) => roles.push(role_xml(call, role, state)),
            Entry::Group(group) => groups.push(identity_xml(&group.identity, "Group")),
            Entry::Policy(policy) => policies.push(detail_xml(policy, state)),
        }
    }
    list("UserDetailList", users)
        + &list("GroupDetailList", groups)
        + &list("RoleDetailList", roles)
        + &list("Policies", policies)
}

fn user_xml(user: &User, state: &State) -> String {
    let groups = state.groups_of(user);
    let groups = groups.map(|group| escaped(&group.identity.name));
    user_part(&user.identity) + &list("GroupList", groups)
}

fn user_part(identity: &Identity) -> String {
    identity_xml(identity, "User") + &boundary_xml(identity) + &tags_xml(&identity.tags)
}

fn role_xml(call: &Call<'_>, role: &Role, state: &State) -> String {
    let Role {
        identity,
        description: _, // Not among the details (BC:iam RoleDetail).
        max_session: _, // Nor this.
        trust,
    } = role;
    let trust = encoded(&call.iam.shown(&trust.json));
    let profiles = state.profiles_of(&identity.name);
    let profiles = profiles.map(|profile| profile_xml(call, state, profile));
    identity_xml(identity, "Role")
        + &boundary_xml(identity)
        + &tags_xml(&identity.tags)
        + &text("AssumeRolePolicyDocument", &trust)
        + &list("InstanceProfileList", profiles)
        + "<RoleLastUsed/>"
}

fn identity_xml(identity: &Identity, kind: &str) -> String {
    let Identity {
        name,
        path,
        id,
        arn,
        created,
        tags: _, // Roles and users have them, groups do not.
        inline,
        attached,
        boundary: _, // Likewise.
    } = identity;
    let inline = inline.iter().map(|(name, policy)| {
        text("PolicyName", name) + &text("PolicyDocument", &encoded(&policy.json))
    });
    let attached = attached.iter().map(|arn| {
        text("PolicyName", arn.rsplit('/').next().unwrap_or_default()) + &text("PolicyArn", arn)
    });
    text("Path", path)
        + &text(&format!("{kind}Name"), name)
        + &text(&format!("{kind}Id"), id)
        + &text("Arn", arn)
        + &text("CreateDate", &iso_seconds(*created))
        + &list(&format!("{kind}PolicyList"), inline)
        + &list("AttachedManagedPolicies", attached)
}
