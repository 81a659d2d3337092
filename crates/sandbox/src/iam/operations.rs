//! The operations of IAM: what each acts on, which decides what a caller must be allowed, and who
//! answers it.

use std::collections::BTreeMap;

use super::Iam;
use super::call::{Answer, Call};
use super::input::{identity_name, path};
use super::state::Kind;
use super::{
    account_details, customer, groups, identities, profiles, roles, simulate, tags, users,
};
use crate::authority::request_tags;
use crate::authority::{Action, Authority};
use crate::wire::{Form, QueryRequest, QueryService, Refusal};

/// What an operation acts on.
#[derive(Clone, Copy)]
enum On {
    /// The role, user or group that is named.
    One(Kind),
    /// One that is to be, under the path that is given.
    New(Kind),
    /// The user that is named, or the caller's own.
    User,
    /// All roles, users or groups under a path.
    All(Kind),
    /// The managed policy that is named.
    Policy,
    NewPolicy,
    AllPolicies,
    /// The instance profile that is named.
    Profile,
    NewProfile,
    AllProfiles,
    /// The role, user or group whose policies are simulated.
    Simulated,
    /// The account as a whole.
    Everything,
}

type Run = fn(&Call<'_>) -> Answer;

const ROLE: On = On::One(Kind::Role);
const USER: On = On::One(Kind::User);
const GROUP: On = On::One(Kind::Group);

const OPERATIONS: &[(&str, On, Run)] = &[
    ("CreateRole", On::New(Kind::Role), roles::create),
    ("GetRole", ROLE, roles::get),
    ("DeleteRole", ROLE, roles::delete),
    ("UpdateRole", ROLE, roles::update),
    ("UpdateRoleDescription", ROLE, roles::update_description),
    ("UpdateAssumeRolePolicy", ROLE, roles::update_trust),
    ("ListRoles", On::All(Kind::Role), roles::list),
    ("ListInstanceProfilesForRole", ROLE, profiles::list_of_role),
    ("PutRolePermissionsBoundary", ROLE, |call| {
        identities::put_boundary(call, Kind::Role)
    }),
    ("DeleteRolePermissionsBoundary", ROLE, |call| {
        identities::delete_boundary(call, Kind::Role)
    }),
    ("TagRole", ROLE, |call| tags::add(call, Kind::Role)),
    ("UntagRole", ROLE, |call| tags::remove(call, Kind::Role)),
    ("ListRoleTags", ROLE, |call| tags::list(call, Kind::Role)),
    ("PutRolePolicy", ROLE, |call| {
        identities::put_inline(call, Kind::Role)
    }),
    ("GetRolePolicy", ROLE, |call| {
        identities::get_inline(call, Kind::Role)
    }),
    ("DeleteRolePolicy", ROLE, |call| {
        identities::delete_inline(call, Kind::Role)
    }),
    ("ListRolePolicies", ROLE, |call| {
        identities::list_inline(call, Kind::Role)
    }),
    ("AttachRolePolicy", ROLE, |call| {
        identities::attach(call, Kind::Role)
    }),
    ("DetachRolePolicy", ROLE, |call| {
        identities::detach(call, Kind::Role)
    }),
    ("ListAttachedRolePolicies", ROLE, |call| {
        identities::list_attached(call, Kind::Role)
    }),
    (
        "GetAccountAuthorizationDetails",
        On::Everything,
        account_details::get,
    ),
    ("CreatePolicy", On::NewPolicy, customer::create),
    ("GetPolicy", On::Policy, customer::get),
    ("GetPolicyVersion", On::Policy, customer::get_version),
    ("ListPolicyVersions", On::Policy, customer::list_versions),
    ("CreatePolicyVersion", On::Policy, customer::create_version),
    (
        "SetDefaultPolicyVersion",
        On::Policy,
        customer::set_default_version,
    ),
    ("DeletePolicyVersion", On::Policy, customer::delete_version),
    ("TagPolicy", On::Policy, customer::tag),
    ("UntagPolicy", On::Policy, customer::untag),
    ("ListPolicyTags", On::Policy, customer::list_tags),
    ("ListEntitiesForPolicy", On::Policy, customer::list_entities),
    ("DeletePolicy", On::Policy, customer::delete),
    ("ListPolicies", On::AllPolicies, customer::list),
    ("CreateUser", On::New(Kind::User), users::create),
    ("GetUser", On::User, users::get),
    ("DeleteUser", USER, users::delete),
    ("ListGroupsForUser", USER, groups::list_of_user),
    ("ListUsers", On::All(Kind::User), users::list),
    ("CreateAccessKey", On::User, users::create_key),
    ("DeleteAccessKey", On::User, users::delete_key),
    ("ListAccessKeys", On::User, users::list_keys),
    ("TagUser", USER, |call| tags::add(call, Kind::User)),
    ("UntagUser", USER, |call| tags::remove(call, Kind::User)),
    ("ListUserTags", USER, |call| tags::list(call, Kind::User)),
    ("PutUserPermissionsBoundary", USER, |call| {
        identities::put_boundary(call, Kind::User)
    }),
    ("DeleteUserPermissionsBoundary", USER, |call| {
        identities::delete_boundary(call, Kind::User)
    }),
    ("PutUserPolicy", USER, |call| {
        identities::put_inline(call, Kind::User)
    }),
    ("GetUserPolicy", USER, |call| {
        identities::get_inline(call, Kind::User)
    }),
    ("DeleteUserPolicy", USER, |call| {
        identities::delete_inline(call, Kind::User)
    }),
    ("ListUserPolicies", USER, |call| {
        identities::list_inline(call, Kind::User)
    }),
    ("AttachUserPolicy", USER, |call| {
        identities::attach(call, Kind::User)
    }),
    ("DetachUserPolicy", USER, |call| {
        identities::detach(call, Kind::User)
    }),
    ("ListAttachedUserPolicies", USER, |call| {
        identities::list_attached(call, Kind::User)
    }),
    ("CreateGroup", On::New(Kind::Group), groups::create),
    ("GetGroup", GROUP, groups::get),
    ("DeleteGroup", GROUP, groups::delete),
    ("ListGroups", On::All(Kind::Group), groups::list),
    ("AddUserToGroup", GROUP, groups::add_user),
    ("RemoveUserFromGroup", GROUP, groups::remove_user),
    ("PutGroupPolicy", GROUP, |call| {
        identities::put_inline(call, Kind::Group)
    }),
    ("GetGroupPolicy", GROUP, |call| {
        identities::get_inline(call, Kind::Group)
    }),
    ("DeleteGroupPolicy", GROUP, |call| {
        identities::delete_inline(call, Kind::Group)
    }),
    ("ListGroupPolicies", GROUP, |call| {
        identities::list_inline(call, Kind::Group)
    }),
    ("AttachGroupPolicy", GROUP, |call| {
        identities::attach(call, Kind::Group)
    }),
    ("DetachGroupPolicy", GROUP, |call| {
        identities::detach(call, Kind::Group)
    }),
    ("ListAttachedGroupPolicies", GROUP, |call| {
        identities::list_attached(call, Kind::Group)
    }),
    ("CreateInstanceProfile", On::NewProfile, profiles::create),
    ("GetInstanceProfile", On::Profile, profiles::get),
    ("ListInstanceProfiles", On::AllProfiles, profiles::list),
    ("AddRoleToInstanceProfile", On::Profile, profiles::add_role),
    (
        "RemoveRoleFromInstanceProfile",
        On::Profile,
        profiles::remove_role,
    ),
    ("DeleteInstanceProfile", On::Profile, profiles::delete),
    ("TagInstanceProfile", On::Profile, profiles::tag),
    ("UntagInstanceProfile", On::Profile, profiles::untag),
    ("ListInstanceProfileTags", On::Profile, profiles::list_tags),
    (
        "SimulatePrincipalPolicy",
        On::Simulated,
        simulate::principal,
    ),
    ("SimulateCustomPolicy", On::Everything, simulate::custom),
];

impl QueryService for Iam {
    fn name(&self) -> &'static str {
        "iam"
    }

    fn namespace(&self) -> &'static str {
        "https://iam.amazonaws.com/doc/2010-05-08/"
    }

    fn resource(&self, form: &Form) -> String {
        let fields = [
            "InstanceProfileName",
            "RoleName",
            "GroupName",
            "UserName",
            "PolicyArn",
            "PolicyName",
            "PolicySourceArn",
        ];
        fields
            .iter()
            .find_map(|field| form.get(field))
            .unwrap_or_default()
            .to_owned()
    }

    fn call(&self, request: &QueryRequest<'_>) -> Answer {
        // IAM is the same in every Region.
        let QueryRequest {
            caller,
            region: _,
            operation,
            form,
        } = *request;
        let Some((name, on, run)) = OPERATIONS.iter().find(|(name, _, _)| *name == operation)
        else {
            let message = format!("Could not find operation {operation} for version 2010-05-08");
            return Err(Refusal::new(400, "InvalidAction", message));
        };
        let call = Call {
            iam: self,
            caller,
            form,
        };
        call.authorize(name, *on)?;
        call.authorize_tags(name, *on)?;
        run(&call)
    }
}

impl Call<'_> {
    fn authorize(&self, operation: &str, on: On) -> Result<(), Refusal> {
        let (resource, mut context) = (self.target(on)?, self.tag_keys(on));
        if let Some(policy) = self.form.get("PolicyArn") {
            context.push(("iam:PolicyARN".to_owned(), policy.to_owned()));
        }
        if let Some(boundary) = self.form.get("PermissionsBoundary") {
            context.push(("iam:PermissionsBoundary".to_owned(), boundary.to_owned()));
        }
        // IAM is global; its endpoint is in us-east-1 (IAMUG:reference_policies_condition-keys aws:RequestedRegion).
        context.push(("aws:RequestedRegion".to_owned(), "us-east-1".to_owned()));
        let context: Vec<_> = context
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        let action = Action {
            name: &format!("iam:{operation}"),
            resource: &resource,
            resource_account: self.account(),
            resource_policy: None,
            context: &context,
        };
        let denied =
            |denied: crate::authority::Denied| Refusal::new(403, "AccessDenied", denied.message);
        self.iam.authorize(self.caller, &action).map_err(denied)
    }

    /// What is made with tags is tagged: that needs a permission of its own (IAMUG:id_tags).
    fn authorize_tags(&self, operation: &str, on: On) -> Result<(), Refusal> {
        let is_new = matches!(on, On::New(_) | On::NewPolicy | On::NewProfile);
        let has_tags = self.form.has("Tags.member.1.Key");
        match operation.strip_prefix("Create") {
            Some(what) if is_new && has_tags => self.authorize(&format!("Tag{what}"), on),
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the ARN that the caller must be allowed. Of a role that is not there the path is
    /// not known, and AWS shows it without one.
    fn target(&self, on: On) -> Result<String, Refusal> {
        let (account, form) = (self.account(), self.form);
        Ok(match on {
            On::One(kind) => self.arn(kind, identity_name(form, kind)?),
            On::New(kind) => {
                let name = identity_name(form, kind)?;
                format!(
                    "arn:aws:iam::{account}:{}{}{name}",
                    kind.word(),
                    path(form)?
                )
            }
            On::User => self.arn(Kind::User, &users::named_or_own(self)?),
            On::All(kind) => {
                let prefix = form.get("PathPrefix").unwrap_or("/");
                format!("arn:aws:iam::{account}:{}{prefix}", kind.word())
            }
            On::Policy => form.get("PolicyArn").unwrap_or_default().to_owned(),
            On::NewPolicy => {
                let name = form.get("PolicyName").unwrap_or_default();
                format!("arn:aws:iam::{account}:policy{}{name}", path(form)?)
            }
            On::AllPolicies => "policy path /".to_owned(),
            On::Profile => self.profile_arn(form.get(profiles::FIELD).unwrap_or_default()),
            On::NewProfile => {
                let name = form.get(profiles::FIELD).unwrap_or_default();
                format!(
                    "arn:aws:iam::{account}:instance-profile{}{name}",
                    path(form)?
                )
            }
            On::AllProfiles => {
                let prefix = form.get("PathPrefix").unwrap_or("/");
                format!("arn:aws:iam::{account}:instance-profile{prefix}")
            }
            On::Simulated => form.get("PolicySourceArn").unwrap_or_default().to_owned(),
            On::Everything => "*".to_owned(),
        })
    }

    fn arn(&self, kind: Kind, name: &str) -> String {
        let state = self.iam.latest(self.account()).unwrap_or_default();
        let known = state
            .identity(kind, name)
            .map(|identity| identity.arn.clone());
        known.unwrap_or_else(|| format!("arn:aws:iam::{}:{}/{name}", self.account(), kind.word()))
    }

    fn profile_arn(&self, name: &str) -> String {
        let state = self.iam.latest(self.account()).unwrap_or_default();
        let known = state.profiles.get(name).map(|profile| profile.arn.clone());
        known.unwrap_or_else(|| format!("arn:aws:iam::{}:instance-profile/{name}", self.account()))
    }

    /// Returns the tags of what is there.
    fn resource_tags(&self, on: On) -> BTreeMap<String, String> {
        let state = self.iam.latest(self.account()).unwrap_or_default();
        let field = |name| self.form.get(name).unwrap_or_default();
        let tags = match on {
            On::One(kind) => state
                .identity(kind, field(kind.field()))
                .map(|found| &found.tags),
            On::Policy => state.policy(field("PolicyArn")).map(|found| &found.tags),
            On::Profile => state
                .profiles
                .get(field(profiles::FIELD))
                .map(|found| &found.tags),
            On::New(_)
            | On::User
            | On::All(_)
            | On::NewPolicy
            | On::AllPolicies
            | On::NewProfile
            | On::AllProfiles
            | On::Simulated
            | On::Everything => None,
        };
        tags.cloned().unwrap_or_default()
    }

    /// Returns `iam:ResourceTag` and `aws:ResourceTag` of what is there, `aws:RequestTag` and
    /// `aws:TagKeys` of what is asked.
    fn tag_keys(&self, on: On) -> Vec<(String, String)> {
        let mut keys = Vec::new();
        for (key, value) in self.resource_tags(on) {
            keys.push((format!("iam:ResourceTag/{key}"), value.clone()));
            keys.push((format!("aws:ResourceTag/{key}"), value));
        }
        let asked = super::input::tags(self.form).unwrap_or_default();
        keys.extend(request_tags(&asked));
        for key in super::input::members(self.form, "TagKeys") {
            keys.push(("aws:TagKeys".to_owned(), key.to_owned()));
        }
        keys
    }
}
