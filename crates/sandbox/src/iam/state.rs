//! What IAM knows of one account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use crate::policy::Document;

/// IAM of one account. Cloned for every change (see [`crate::history`]), so its parts are shared.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// By name in lower case: names are unique without regard to it (BC:iam CreateRole).
    pub(crate) roles: BTreeMap<String, Arc<Role>>,
    /// By name in lower case, likewise.
    pub(crate) users: BTreeMap<String, Arc<User>>,
    /// Customer managed policies, by ARN.
    pub(crate) policies: BTreeMap<String, Arc<ManagedPolicy>>,
}

/// What roles and users have in common.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) name: String,
    /// `/` or `/a/b/`.
    pub(crate) path: String,
    /// `AROA...`, `AIDA...`: another one when it is created again.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) created: SystemTime,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) inline: BTreeMap<String, Policy>,
    /// ARNs of managed policies.
    pub(crate) attached: BTreeSet<String>,
    /// ARN of a managed policy.
    pub(crate) boundary: Option<String>,
}

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) identity: Identity,
    pub(crate) description: Option<String>,
    pub(crate) max_session: u64,
    /// Its principals are stored ids.
    pub(crate) trust: Policy,
}

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) identity: Identity,
    /// Access key ids with the time each was made.
    pub(crate) keys: BTreeMap<String, SystemTime>,
}

/// A policy document as it was given, and parsed.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) json: String,
    pub(crate) document: Arc<Document>,
}

/// A managed policy; it has one version, `v1`.
#[derive(Debug, Clone)]
pub(crate) struct ManagedPolicy {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    pub(crate) created: SystemTime,
    pub(crate) policy: Policy,
}

/// The two kinds of identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Role,
    User,
}

impl Kind {
    /// Returns the form field that holds the name.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Role => "RoleName",
            Self::User => "UserName",
        }
    }

    /// Returns the word in ARNs and messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
        }
    }
}

impl State {
    /// Finds a role by name.
    pub(crate) fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles.get(&name.to_lowercase())
    }

    /// Finds a user by name.
    pub(crate) fn user(&self, name: &str) -> Option<&Arc<User>> {
        self.users.get(&name.to_lowercase())
    }

    /// Finds a role or user by name.
    pub(crate) fn identity(&self, kind: Kind, name: &str) -> Option<&Identity> {
        match kind {
            Kind::Role => self.role(name).map(|role| &role.identity),
            Kind::User => self.user(name).map(|user| &user.identity),
        }
    }

    /// Finds a role or user by name, to change it.
    pub(crate) fn identity_mut(&mut self, kind: Kind, name: &str) -> Option<&mut Identity> {
        let key = name.to_lowercase();
        match kind {
            Kind::Role => self
                .roles
                .get_mut(&key)
                .map(|role| &mut Arc::make_mut(role).identity),
            Kind::User => self
                .users
                .get_mut(&key)
                .map(|user| &mut Arc::make_mut(user).identity),
        }
    }

    /// Returns every role and user.
    pub(crate) fn identities(&self) -> impl Iterator<Item = &Identity> {
        let roles = self.roles.values().map(|role| &role.identity);
        roles.chain(self.users.values().map(|user| &user.identity))
    }
}
