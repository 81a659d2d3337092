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
    /// By name in lower case, likewise. No principals: a policy cannot name one.
    groups: SharedMap<Arc<Group>>,
    /// By name; their case counts (unverified).
    pub(crate) profiles: SharedMap<Arc<InstanceProfile>>,
    /// Customer managed policies, by ARN.
    policies: SharedMap<Arc<ManagedPolicy>>,
    /// ARNs of those, by name in lower case.
    policy_names: SharedMap<Arc<str>>,
    /// How often a managed policy is attached, by ARN: asked for of every policy that a list shows.
    attachments: SharedMap<usize>,
}

/// What roles, users and groups have in common.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) name: String,
    /// `/` or `/a/b/`.
    pub(crate) path: String,
    /// `AROA...`, `AIDA...`, `AGPA...`: another one when it is created again.
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
    /// Names in lower case of the groups that the user is in.
    pub(crate) groups: BTreeSet<String>,
}

/// A group; its users know that they are in it.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) identity: Identity,
}

/// An instance profile.
#[derive(Debug, Clone)]
pub(crate) struct InstanceProfile {
    pub(crate) name: String,
    pub(crate) path: String,
    /// `AIPA...`
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) created: SystemTime,
    pub(crate) tags: BTreeMap<String, String>,
    /// Name of the one role that it may hold.
    pub(crate) role: Option<String>,
}

/// A policy document as it was given, and parsed.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) json: String,
    pub(crate) document: Arc<Document>,
}

/// A managed policy. It always has its default version.
#[derive(Debug, Clone)]
pub(crate) struct ManagedPolicy {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    pub(crate) created: SystemTime,
    /// When its default version became that.
    pub(crate) updated: SystemTime,
    pub(crate) tags: BTreeMap<String, String>,
    /// By number; numbers are not used again.
    pub(crate) versions: BTreeMap<u32, PolicyVersion>,
    pub(crate) default: u32,
    /// The number that the next version gets.
    pub(crate) next: u32,
}

/// One version of a managed policy.
#[derive(Debug, Clone)]
pub(crate) struct PolicyVersion {
    pub(crate) policy: Policy,
    pub(crate) created: SystemTime,
}

impl ManagedPolicy {
    /// Returns the version that is in effect.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        let version = self.versions.get(&self.default)?;
        Some(&version.policy)
    }
}

/// The kinds of identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Role,
    User,
    Group,
}

impl Kind {
    /// Returns the form field that holds the name.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Role => "RoleName",
            Self::User => "UserName",
            Self::Group => "GroupName",
        }
    }

    /// Returns the word in ARNs and messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
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

    /// Finds a role, user or group by name.
    pub(crate) fn identity(&self, kind: Kind, name: &str) -> Option<&Identity> {
        match kind {
            Kind::Role => self.role(name).map(|role| &role.identity),
            Kind::User => self.user(name).map(|user| &user.identity),
            Kind::Group => self.group(name).map(|group| &group.identity),
        }
    }

    /// Finds a role, user or group by name, to change it.
    pub(crate) fn identity_mut(&mut self, kind: Kind, name: &str) -> Option<&mut Identity> {
        match kind {
            Kind::Role => self
                .role_mut(name)
                .map(|role| &mut Arc::make_mut(role).identity),
            Kind::User => self
                .user_mut(name)
                .map(|user| &mut Arc::make_mut(user).identity),
            Kind::Group => self
                .groups
                .get_mut(&name.to_lowercase())
                .map(|group| &mut Arc::make_mut(group).identity),
        }
    }

    /// Finds a group by name.
    pub(crate) fn group(&self, name: &str) -> Option<&Arc<Group>> {
        self.groups.get(&name.to_lowercase())
    }

    /// Returns every group, by name.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.values()
    }

    /// Adds a group; there must be none of its name.
    pub(crate) fn add_group(&mut self, group: Arc<Group>) {
        let name = group.identity.name.to_lowercase();
        self.groups.insert(&name, group);
    }

    /// Removes a group.
    pub(crate) fn remove_group(&mut self, name: &str) {
        self.groups.remove(&name.to_lowercase());
    }

    /// Returns the users of a group, by name.
    pub(crate) fn users_in<'a>(&'a self, group: &str) -> impl Iterator<Item = &'a Arc<User>> {
        let group = group.to_lowercase();
        self.users()
            .filter(move |user| user.groups.contains(&group))
    }

    /// Returns the groups that a user is in.
    pub(crate) fn groups_of<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a Arc<Group>> {
        user.groups.iter().filter_map(|name| self.group(name))
    }

    /// Returns the instance profiles that hold a role.
    pub(crate) fn profiles_of<'a>(
        &'a self,
        role: &'a str,
    ) -> impl Iterator<Item = &'a Arc<InstanceProfile>> {
        let holds = move |profile: &&Arc<InstanceProfile>| {
            let held = profile.role.as_deref();
            held.is_some_and(|held| held.eq_ignore_ascii_case(role))
        };
        self.profiles.values().filter(holds)
    }

    /// Finds a customer's managed policy by its ARN.
    pub(crate) fn policy(&self, arn: &str) -> Option<&Arc<ManagedPolicy>> {
        self.policies.get(arn)
    }

    /// Finds one by its ARN, to change it.
    pub(crate) fn policy_mut(&mut self, arn: &str) -> Option<&mut ManagedPolicy> {
        self.policies.get_mut(arn).map(Arc::make_mut)
    }

    /// Returns every customer managed policy, by ARN.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<ManagedPolicy>> {
        self.policies.values()
    }

    /// Says whether there is a policy of this name, under whatever path and in whatever case.
    pub(crate) fn has_policy_named(&self, name: &str) -> bool {
        self.policy_names.contains_key(&name.to_lowercase())
    }

    /// Adds a managed policy; there must be none of its name.
    pub(crate) fn add_policy(&mut self, policy: Arc<ManagedPolicy>) {
        let name = policy.name.to_lowercase();
        self.policy_names.insert(&name, policy.arn.as_str().into());
        let arn = policy.arn.clone();
        self.policies.insert(&arn, policy);
    }

    /// Removes a managed policy.
    pub(crate) fn remove_policy(&mut self, arn: &str) {
        if let Some(policy) = self.policies.remove(arn) {
            self.policy_names.remove(&policy.name.to_lowercase());
        }
    }

    /// Returns how often a managed policy is attached.
    pub(crate) fn attachments(&self, arn: &str) -> usize {
        self.attachments.get(arn).copied().unwrap_or_default()
    }

    /// Attaches a managed policy to a role, user or group; says how many it has then, if it is there.
    pub(crate) fn attach(&mut self, kind: Kind, name: &str, arn: &str) -> Option<usize> {
        let attached = &mut self.identity_mut(kind, name)?.attached;
        let new = attached.insert(arn.to_owned());
        let count = attached.len();
        if new {
            let before = self.attachments(arn);
            self.attachments.insert(arn, before + 1);
        }
        Some(count)
    }

    /// Detaches a managed policy; says whether it was attached, if the role, user or group is there.
    pub(crate) fn detach(&mut self, kind: Kind, name: &str, arn: &str) -> Option<bool> {
        let removed = self.identity_mut(kind, name)?.attached.remove(arn);
        match self.attachments(arn) {
            _ if !removed => {}
            0 | 1 => {
                self.attachments.remove(arn);
            }
            more => self.attachments.insert(arn, more - 1),
        }
        Some(removed)
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

    /// Returns every role, user or group.
    pub(crate) fn identities(&self, kind: Kind) -> Vec<&Identity> {
        match kind {
            Kind::Role => self.roles().map(|role| &role.identity).collect(),
            Kind::User => self.users().map(|user| &user.identity).collect(),
            Kind::Group => self.groups().map(|group| &group.identity).collect(),
        }
    }
}
