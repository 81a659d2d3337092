//! The list of everything in an account's IAM: users, roles and managed policies, whole.

use std::sync::Arc;

use super::call::{Answer, Call};
use super::customer::detail_xml;
use super::identities::boundary_xml;
use super::input::{constraint, encoded, members, page};
use super::state::{Identity, ManagedPolicy, Role, State, User};
use super::tags::tags_xml;
use super::xml::{list, text};
use crate::clock::iso_seconds;

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
    Policy(&'a ManagedPolicy),
}

/// Answers what the filter names, or everything; there are no groups, and AWS's own policies are not shown.
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
    let policies = state.policies.values().map(Arc::as_ref).map(Entry::Policy);
    let mut entries = Vec::new();
    if asked("User") {
        entries.extend(users);
    }
    if asked("Role") {
        entries.extend(roles);
    }
    if asked("LocalManagedPolicy") {
        entries.extend(policies);
    }
    entries
}

fn xml(call: &Call<'_>, state: &State, entries: &[Entry<'_>]) -> String {
    let (mut users, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::User(user) => users.push(user_xml(user)),
            Entry::Role(role) => roles.push(role_xml(call, role)),
            Entry::Policy(policy) => policies.push(detail_xml(policy, state)),
        }
    }
    list("UserDetailList", users)
        + "<GroupDetailList/>"
        + &list("RoleDetailList", roles)
        + &list("Policies", policies)
}

fn user_xml(user: &User) -> String {
    identity_xml(&user.identity, "User") + "<GroupList/>"
}

fn role_xml(call: &Call<'_>, role: &Role) -> String {
    let Role {
        identity,
        description: _, // Not among the details (BC:iam RoleDetail).
        max_session: _, // Nor this.
        trust,
    } = role;
    let trust = encoded(&call.iam.shown(&trust.json));
    identity_xml(identity, "Role")
        + &text("AssumeRolePolicyDocument", &trust)
        + "<InstanceProfileList/><RoleLastUsed/>"
}

fn identity_xml(identity: &Identity, kind: &str) -> String {
    let Identity {
        name,
        path,
        id,
        arn,
        created,
        tags,
        inline,
        attached,
        boundary: _,
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
        + &boundary_xml(identity)
        + &tags_xml(tags)
}
