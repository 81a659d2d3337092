//! What IAM knows of one account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use crate::policy::Document;
use crate::shared_map::SharedMap;

/// IAM of one account. Cloned for every change and kept with its past (see [`crate::history`]), so its parts are
/// shared: an account of two thousand roles must not be copied for each policy that one of them gets.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// By name in lower case: names are unique without regard to it (BC:iam CreateRole).
    roles: SharedMap<Arc<Role>>,
    /// By name in lower case, likewise.
    users: SharedMap<Arc<User>>,
    /// Names in lower case by unique id: who calls, and whom a stored policy names, is known by that.
    ids: SharedMap<(Kind, Arc<str>)>,
    /// Customer managed policies, by ARN.
    pub(crate) policies: SharedMap<Arc<ManagedPolicy>>,
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
        match kind {
            Kind::Role => self
                .role_mut(name)
                .map(|role| &mut Arc::make_mut(role).identity),
            Kind::User => self
                .user_mut(name)
                .map(|user| &mut Arc::make_mut(user).identity),
        }
    }

    /// Returns every role, by name.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// Returns every user, by name.
    pub(crate) fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// Finds a role by name, to change it.
    pub(crate) fn role_mut(&mut self, name: &str) -> Option<&mut Arc<Role>> {
        self.roles.get_mut(&name.to_lowercase())
    }

    /// Finds a user by name, to change it.
    pub(crate) fn user_mut(&mut self, name: &str) -> Option<&mut Arc<User>> {
        self.users.get_mut(&name.to_lowercase())
    }

    /// Adds a role; there must be none of its name.
    pub(crate) fn add_role(&mut self, role: Arc<Role>) {
        let name = self.add_id(Kind::Role, &role.identity);
        self.roles.insert(&name, role);
    }

    /// Adds a user; there must be none of its name.
    pub(crate) fn add_user(&mut self, user: Arc<User>) {
        let name = self.add_id(Kind::User, &user.identity);
        self.users.insert(&name, user);
    }

    fn add_id(&mut self, kind: Kind, identity: &Identity) -> Arc<str> {
        let name: Arc<str> = identity.name.to_lowercase().into();
        self.ids.insert(&identity.id, (kind, Arc::clone(&name)));
        name
    }

    /// Removes a role.
    pub(crate) fn remove_role(&mut self, name: &str) {
        if let Some(role) = self.roles.remove(&name.to_lowercase()) {
            self.ids.remove(&role.identity.id);
        }
    }

    /// Removes a user.
    pub(crate) fn remove_user(&mut self, name: &str) {
        if let Some(user) = self.users.remove(&name.to_lowercase()) {
            self.ids.remove(&user.identity.id);
        }
    }

    /// Finds a role or user by its unique id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Identity> {
        let (kind, name) = self.ids.get(id)?;
        self.identity(*kind, name)
    }

    /// Finds a role or user by its ARN, path included; the case of its letters counts.
    pub(crate) fn by_arn(&self, arn: &str) -> Option<&Identity> {
        let resource = arn.splitn(6, ':').nth(5)?;
        let (kind, name) = match resource.split_once('/')? {
            ("role", name) => (Kind::Role, name),
            ("user", name) => (Kind::User, name),
            _ => return None,
        };
        let name = name.rsplit('/').next()?;
        self.identity(kind, name)
            .filter(|identity| identity.arn == arn)
    }

    /// Returns every role and user.
    pub(crate) fn identities(&self) -> impl Iterator<Item = &Identity> {
        let roles = self.roles.values().map(|role| &role.identity);
        roles.chain(self.users.values().map(|user| &user.identity))
    }
}
