//! IAM's answers to the other services: which policies go with a caller, what they decide, and how
//! AWS words a denial.

use std::sync::Arc;
use std::time::SystemTime;

use super::Iam;
use super::managed::aws_managed_document;
use super::principals::{PrincipalError, arn_parts};
use super::state::{Identity, State};
use crate::authority::{Action, Authority, Caller, CallerKind, Denied};
use crate::clock::iso_seconds;
use crate::policy::{Context, Decision, Document, Policies, Question, Requester, Source, decide};

/// What root may do to its own buckets whatever their policy denies (BC:s3 PutBucketPolicy).
const ROOT_ALWAYS: [&str; 3] = [
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
];

/// How S3 says no where it does not explain itself.
const ACCESS_DENIED: &str = "Access Denied";

impl Authority for Iam {
    fn authorize(&self, caller: &Caller, action: &Action<'_>) -> Result<(), Denied> {
        let at_home = caller.account == action.resource_account;
        if caller.is_root && at_home && ROOT_ALWAYS.contains(&action.name) {
            return Ok(());
        }
        let policy = action.resource_policy.and_then(|json| self.parsed(json));
        let requester = match caller.kind {
            CallerKind::Service => Requester::Service(&caller.arn),
            CallerKind::Root
            | CallerKind::User
            | CallerKind::AssumedRole
            | CallerKind::Anonymous => Requester::Caller(caller),
        };
        let question = Question {
            requester,
            action: action.name,
            resource: action.resource,
            resource_account: action.resource_account,
            resource_policy: policy.as_deref(),
            context: &self.context(caller, action),
        };
        match decide(&question, &self.policies(caller)) {
            Decision::Allowed => Ok(()),
            decision => Err(denied(caller, action, decision)),
        }
    }

    fn assume_as_service(&self, service: &str, role_arn: &str) -> Result<Caller, Denied> {
        let denied = || Denied {
            message: format!(
                "{service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            ),
            explicit: false,
        };
        let (account, role) = self.effective_role(role_arn).ok_or_else(denied)?;
        let context = self.service_context(service);
        let question = Question {
            requester: Requester::Service(service),
            action: "sts:AssumeRole",
            resource: role_arn,
            resource_account: &account,
            resource_policy: Some(&role.trust.document),
            context: &context,
        };
        match decide(&question, &Policies::default()) {
            Decision::Allowed => Ok(Caller {
                of_service: true,
                ..session_caller(&account, &role.identity, "s3-replication", None)
            }),
            Decision::Explicit(_) | Decision::Implicit(_) => Err(denied()),
        }
    }

    fn may_pass_role(&self, caller: &Caller, role_arn: &str, service: &str) -> Result<(), Denied> {
        let passed_to = [("iam:PassedToService", service.to_owned())];
        let account = arn_parts(role_arn).map_or("", |(_, account, _)| account);
        let action = Action {
            name: "iam:PassRole",
            resource: role_arn,
            resource_account: account,
            resource_policy: None,
            context: &passed_to,
        };
        // No policy can allow it across accounts: a role cannot be passed to another account
        // (IAMUG:id_roles_use_passrole), and roles have no policy that could grant it.
        self.authorize(caller, &action)
    }

    fn store_principals(&self, policy_json: &str) -> Result<String, String> {
        self.stored(policy_json).map_err(|error| match error {
            PrincipalError::Document(message) => message,
            PrincipalError::Invalid(_) => "Invalid principal in policy".to_owned(),
        })
    }

    fn is_public(&self, policy_json: &str) -> bool {
        let policy = self.parsed(policy_json);
        policy.is_some_and(|policy| policy.is_public())
    }

    fn show_principals(&self, stored_json: &str) -> String {
        self.shown(stored_json)
    }
}

/// Makes the caller that a role's session is.
pub(crate) fn session_caller(
    account: &str,
    role: &Identity,
    session: &str,
    session_policy: Option<String>,
) -> Caller {
    Caller {
        account: account.to_owned(),
        arn: format!(
            "arn:aws:sts::{account}:assumed-role/{}/{session}",
            role.name
        ),
        principal_arn: role.arn.clone(),
        user_id: format!("{}:{session}", role.id),
        principal_id: role.id.clone(),
        kind: CallerKind::AssumedRole,
        is_root: false,
        session_policy,
        of_service: false,
    }
}

impl Iam {
    /// Returns the policies in effect for a caller. One whose role or user is gone has none.
    pub(crate) fn policies(&self, caller: &Caller) -> Policies {
        let has_none = [CallerKind::Anonymous, CallerKind::Service].contains(&caller.kind);
        if caller.is_root || has_none {
            return Policies::default();
        }
        let session = caller
            .session_policy
            .as_deref()
            .and_then(|json| self.parsed(json));
        let Some(state) = self.effective(&caller.account) else {
            return Policies::default();
        };
        let Some(identity) = state.by_id(&caller.principal_id) else {
            return Policies {
                session,
                ..Policies::default()
            };
        };
        let boundary = identity.boundary.as_ref().map(|arn| {
            let nothing = || {
                Arc::new(Document {
                    has_variables: false,
                    statements: Vec::new(),
                })
            };
            managed_document(&state, arn).unwrap_or_else(nothing)
        });
        Policies {
            identity: granting(&state, identity),
            boundary,
            session,
        }
    }

    /// Returns the condition keys of a request (IAMUG:reference_policies_condition-keys).
    pub(crate) fn context(&self, caller: &Caller, action: &Action<'_>) -> Context {
        let is_service = caller.kind == CallerKind::Service;
        let mut context = if is_service {
            self.service_context(&caller.arn)
        } else {
            self.common_context(self.now())
        };
        for (key, value) in action.context {
            context.add(key, value.clone());
        }
        context.add_default("aws:ResourceAccount", action.resource_account);
        if is_service {
            return context;
        }
        context.add_default("aws:PrincipalIsAWSService", "false");
        // Every client of the sandbox is on this machine. A service is not, and unverified: its requests under a role
        // have no address that a policy could name.
        if !caller.of_service {
            context.add_default("aws:SourceIp", "127.0.0.1");
        }
        context.add_default("aws:PrincipalType", principal_type(caller.kind));
        context.add_default("aws:userid", caller.user_id.as_str());
        if caller.kind == CallerKind::Anonymous {
            return context;
        }
        context.add_default("aws:PrincipalArn", caller.principal_arn.as_str());
        context.add_default("aws:PrincipalAccount", caller.account.as_str());
        self.add_identity_keys(caller, &mut context);
        context
    }

    fn add_identity_keys(&self, caller: &Caller, context: &mut Context) {
        let Some(state) = self.effective(&caller.account) else {
            return;
        };
        let Some(identity) = state.by_id(&caller.principal_id) else {
            return;
        };
        if caller.kind == CallerKind::User {
            context.add_default("aws:username", identity.name.as_str());
        }
        for (key, value) in &identity.tags {
            context.add_default(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
    }

    /// Returns the keys of what a service asks in its own name.
    fn service_context(&self, service: &str) -> Context {
        let mut context = self.common_context(self.now());
        context.add("aws:PrincipalIsAWSService", "true");
        context.add("aws:PrincipalServiceName", service);
        context
    }

    /// Returns the keys that every request has.
    fn common_context(&self, now: SystemTime) -> Context {
        let mut context = Context::default();
        let epoch = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        context.add("aws:CurrentTime", iso_seconds(now));
        context.add("aws:EpochTime", epoch.to_string());
        // The sandbox speaks plain HTTP in place of TLS, and policies that insist on TLS must work: those of buckets,
        // identities and trust, for clients as for replication. This is the only place that says so.
        context.add("aws:SecureTransport", "true");
        context.add("aws:ViaAWSService", "false");
        context
    }
}

/// Returns the policies that speak for a role or user: its own, and those of the groups that a user is in.
pub(crate) fn granting(state: &State, identity: &Identity) -> Vec<Arc<Document>> {
    let user = state.user(&identity.name);
    let user = user.filter(|user| user.identity.id == identity.id);
    let groups = user.into_iter().flat_map(|user| state.groups_of(user));
    let all = std::iter::once(identity).chain(groups.map(|group| &group.identity));
    all.flat_map(|identity| own_policies(state, identity))
        .collect()
}

fn own_policies(state: &State, identity: &Identity) -> Vec<Arc<Document>> {
    let inline = identity.inline.values();
    let inline = inline.map(|policy| Arc::clone(&policy.document));
    let attached = identity.attached.iter();
    let attached = attached.filter_map(|arn| managed_document(state, arn));
    inline.chain(attached).collect()
}

pub(crate) fn managed_document(state: &State, arn: &str) -> Option<Arc<Document>> {
    let own = state.policy(arn).and_then(|managed| managed.policy());
    let own = own.map(|policy| Arc::clone(&policy.document));
    own.or_else(|| aws_managed_document(arn))
}

fn principal_type(kind: CallerKind) -> &'static str {
    match kind {
        CallerKind::Root => "Account",
        CallerKind::User => "User",
        CallerKind::AssumedRole => "AssumedRole",
        CallerKind::Anonymous => "Anonymous",
        CallerKind::Service => "Service",
    }
}

/// Words a denial (IAMUG:troubleshoot_access-denied).
///
/// unverified: S3 quotes the resource, and explains itself only to callers of the owner's account
/// or organisation; so its user guide's page on 403 errors says.
fn denied(caller: &Caller, action: &Action<'_>, decision: Decision) -> Denied {
    let Action {
        name,
        resource,
        resource_account,
        ..
    } = action;
    let explicit = matches!(decision, Decision::Explicit(_));
    let is_s3 = name.starts_with("s3:");
    if is_s3 && caller.account != *resource_account {
        return Denied {
            message: ACCESS_DENIED.to_owned(),
            explicit,
        };
    }
    let resource = if is_s3 {
        format!("\"{resource}\"")
    } else {
        (*resource).to_owned()
    };
    let who = match caller.kind {
        CallerKind::Service => caller.arn.clone(),
        CallerKind::Root | CallerKind::User | CallerKind::AssumedRole | CallerKind::Anonymous => {
            format!("User: {}", caller.arn)
        }
    };
    let asked = format!("{who} is not authorized to perform: {name} on resource: {resource}");
    because(asked, name, decision)
}

fn because(asked: String, name: &str, decision: Decision) -> Denied {
    let explicit = matches!(decision, Decision::Explicit(_));
    let message = match decision {
        Decision::Allowed => asked,
        Decision::Explicit(source) => {
            format!(
                "{asked} with an explicit deny in {} {}",
                source.article(),
                source.words()
            )
        }
        Decision::Implicit(source) => {
            format!(
                "{asked} because no {} allows the {name} action",
                source.words()
            )
        }
    };
    Denied { message, explicit }
}

impl Source {
    fn words(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
        }
    }

    fn article(self) -> &'static str {
        match self {
            Self::Identity => "an",
            Self::Resource | Self::Boundary | Self::Session => "a",
        }
    }
}
