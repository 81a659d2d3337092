//! The question every service asks before it acts: may this caller do this?
//!
//! IAM answers it ([`crate::iam`]); the other services know only this trait.

use std::collections::BTreeMap;
use std::fmt;

/// The condition keys of the tags in a request (IAMUG:access_tags).
pub(crate) fn request_tags(tags: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let both = tags.iter().flat_map(|(key, value)| {
        let named = (format!("aws:RequestTag/{key}"), value.clone());
        [named, ("aws:TagKeys".to_owned(), key.clone())]
    });
    both.collect()
}

/// Who calls, after the signature was checked. The front puts it into the request's extensions;
/// a request without one is anonymous ([`Caller::anonymous`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Account of the caller; empty for an anonymous one.
    pub(crate) account: String,
    /// As GetCallerIdentity shows it: `arn:aws:sts::111111111111:assumed-role/R/session`.
    pub(crate) arn: String,
    /// Key `aws:PrincipalArn`: ARN of the role (with its path), user or root.
    pub(crate) principal_arn: String,
    /// As GetCallerIdentity shows it: `AROA...:session`, `AIDA...`, or the account id for root.
    pub(crate) user_id: String,
    /// Unique id of the role or user, as policies store it; the account id for root.
    pub(crate) principal_id: String,
    /// What kind of principal it is.
    pub(crate) kind: CallerKind,
    /// The account's root, which needs no policy in its own account.
    pub(crate) is_root: bool,
    /// Session policy given with AssumeRole, which narrows what the role may do.
    pub(crate) session_policy: Option<String>,
    /// A service acts under its role: the request does not come from a client's machine.
    pub(crate) of_service: bool,
}

/// The kinds of caller the policy logic treats apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerKind {
    /// The account's root.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    AssumedRole,
    /// Nobody: the request was not signed.
    Anonymous,
    /// An AWS service in its own name.
    Service,
}

impl Caller {
    /// Returns the root of an account.
    pub(crate) fn root(account: &str) -> Self {
        let arn = format!("arn:aws:iam::{account}:root");
        Self {
            account: account.to_owned(),
            arn: arn.clone(),
            principal_arn: arn,
            user_id: account.to_owned(),
            principal_id: account.to_owned(),
            kind: CallerKind::Root,
            is_root: true,
            session_policy: None,
            of_service: false,
        }
    }

    /// Returns a service that acts in its own name, as `cloudtrail.amazonaws.com`: no account's policies speak for it, only
    /// those of what it asks for.
    pub(crate) fn service(name: &str) -> Self {
        Self {
            account: String::new(),
            arn: name.to_owned(),
            principal_arn: String::new(),
            user_id: name.to_owned(),
            principal_id: String::new(),
            kind: CallerKind::Service,
            is_root: false,
            session_policy: None,
            of_service: true,
        }
    }

    /// Returns the caller of a request that was not signed.
    pub(crate) fn anonymous() -> Self {
        Self {
            account: String::new(),
            arn: "anonymous".to_owned(),
            principal_arn: String::new(),
            user_id: "anonymous".to_owned(),
            principal_id: String::new(),
            kind: CallerKind::Anonymous,
            is_root: false,
            session_policy: None,
            of_service: false,
        }
    }
}

/// On whose behalf a service acts in its own name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) arn: &'a str,
    pub(crate) account: &'a str,
}

impl Source<'_> {
    /// Returns the condition keys that tell it.
    pub(crate) fn keys(&self) -> [(&'static str, String); 2] {
        [
            ("aws:SourceArn", self.arn.to_owned()),
            ("aws:SourceAccount", self.account.to_owned()),
        ]
    }
}

/// What a caller wants to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Action<'a> {
    /// `s3:PutObject`.
    pub(crate) name: &'a str,
    /// ARN of what it is done to.
    pub(crate) resource: &'a str,
    /// Account that owns the resource.
    pub(crate) resource_account: &'a str,
    /// The resource's own policy as [`Authority::store_principals`] returned it.
    pub(crate) resource_policy: Option<&'a str>,
    /// Condition keys of this request, beyond those that IAM knows by itself, which are IAM's alone to derive:
    /// of the caller (`aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:userid`, `aws:SourceIp` ...), of the resource
    /// (`aws:ResourceAccount`) and of the moment (`aws:SecureTransport`, `aws:CurrentTime` ...). A key given twice is
    /// multivalued.
    pub(crate) context: &'a [(&'a str, String)],
}

/// Why a caller may not act, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied {
    /// The message of the AccessDenied error.
    pub(crate) message: String,
    /// A policy denies it by name, as against no policy allowing it.
    pub(crate) explicit: bool,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Decides what callers may do; implemented by IAM.
pub(crate) trait Authority: Send + Sync {
    /// Decides one action with AWS's policy evaluation logic. Of a service in its own name ([`Caller::service`]) only the
    /// resource's policy counts.
    fn authorize(&self, caller: &Caller, action: &Action<'_>) -> Result<(), Denied>;

    /// Lets a service (`s3.amazonaws.com`) assume a role, by the role's trust policy.
    fn assume_as_service(&self, service: &str, role_arn: &str) -> Result<Caller, Denied>;

    /// Checks `iam:PassRole` on the role, with `iam:PassedToService`.
    fn may_pass_role(&self, caller: &Caller, role_arn: &str, service: &str) -> Result<(), Denied>;

    /// Replaces the principals of a policy by their unique ids, as AWS stores them. The error is
    /// AWS's text where the document cannot be parsed or a principal does not exist (yet).
    fn store_principals(&self, policy_json: &str) -> Result<String, String>;

    /// Says whether a stored policy is public, as Block Public Access means it.
    fn is_public(&self, policy_json: &str) -> bool;

    /// Shows stored principals as ARNs; those that are gone stay bare unique ids.
    fn show_principals(&self, stored_json: &str) -> String;
}
