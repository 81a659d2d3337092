//! The evaluation logic (IAMUG:reference_policies_evaluation-logic): an explicit deny wins; within
//! an account an identity policy or the resource's policy must allow, across accounts both; a
//! permissions boundary and a session policy narrow what identity policies allow.

use std::sync::Arc;

use super::context::Context;
use super::document::{Document, Effect, PrincipalKind, Principals, Selection, Statement};
use super::pattern::{Pattern, Wildcards};
use crate::authority::{Caller, CallerKind};

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Requester<'a> {
    /// A principal of some account.
    Caller(&'a Caller),
    /// An AWS service in its own name, as `s3.amazonaws.com`.
    Service(&'a str),
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) requester: Requester<'a>,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) resource_account: &'a str,
    /// Its principals are stored ids; see [`crate::authority::Authority::store_principals`].
    pub(crate) resource_policy: Option<&'a Document>,
    pub(crate) context: &'a Context,
}

/// The policies that go with the caller.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    pub(crate) identity: Vec<Arc<Document>>,
    pub(crate) boundary: Option<Arc<Document>>,
    pub(crate) session: Option<Arc<Document>>,
}

/// The kinds of policy, for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Identity,
    Resource,
    Boundary,
    Session,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    /// A policy of this kind denies it.
    Explicit(Source),
    /// No policy of this kind allows it.
    Implicit(Source),
}

/// What a resource policy grants, from weakest to strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grant {
    Nothing,
    /// To the caller's account, which still has to allow the caller itself.
    Account,
    /// To the caller's role or to everyone: boundary and session policy still narrow it.
    Principal,
    /// To the user or to the role's session itself: nothing narrows it but a deny
    /// (IAMUG:reference_policies_evaluation-logic, on IAM users and role sessions).
    Session,
}

/// Decides a question.
pub(crate) fn decide(question: &Question<'_>, policies: &Policies) -> Decision {
    if let Some(source) = denying(question, policies) {
        return Decision::Explicit(source);
    }
    let granted = question
        .resource_policy
        .map_or(Grant::Nothing, |policy| question.grant(policy));
    match question.requester {
        Requester::Service(_) if granted > Grant::Nothing => Decision::Allowed,
        Requester::Service(_) => Decision::Implicit(Source::Resource),
        Requester::Caller(caller) if caller.kind == CallerKind::Anonymous => anonymous(granted),
        Requester::Caller(caller) => {
            let same_account = caller.account == question.resource_account;
            match granted {
                Grant::Nothing if !same_account || must_be_granted(question) => {
                    Decision::Implicit(Source::Resource)
                }
                Grant::Session if same_account => Decision::Allowed,
                Grant::Principal if same_account => narrowed(question, policies),
                _ => by_identity(question, policies, caller),
            }
        }
    }
}

fn anonymous(granted: Grant) -> Decision {
    if granted >= Grant::Principal {
        Decision::Allowed
    } else {
        Decision::Implicit(Source::Resource)
    }
}

/// Tells whether the resource's policy must allow even a caller of its own account: so it is with
/// a role's trust policy (IAMUG:reference_policies_evaluation-logic, on cross-account and on role
/// trust policies) and with a key's (KMS Developer Guide, "Key policies": unless it allows the account, IAM's policies
/// that allow access to the key have no effect).
fn must_be_granted(question: &Question<'_>) -> bool {
    let of_key = question.action.starts_with("kms:") && question.resource_policy.is_some();
    of_key || question.action.starts_with("sts:")
}

fn by_identity(question: &Question<'_>, policies: &Policies, caller: &Caller) -> Decision {
    let allowed = caller.is_root
        || policies
            .identity
            .iter()
            .any(|policy| question.allows(policy));
    if allowed {
        narrowed(question, policies)
    } else {
        Decision::Implicit(Source::Identity)
    }
}

fn narrowed(question: &Question<'_>, policies: &Policies) -> Decision {
    let narrows = |policy: &Option<Arc<Document>>| {
        policy
            .as_ref()
            .is_some_and(|policy| !question.allows(policy))
    };
    if narrows(&policies.boundary) {
        return Decision::Implicit(Source::Boundary);
    }
    if narrows(&policies.session) {
        return Decision::Implicit(Source::Session);
    }
    Decision::Allowed
}

fn denying(question: &Question<'_>, policies: &Policies) -> Option<Source> {
    let denies = |policy: &Document| question.has(policy, Effect::Deny);
    if question.resource_policy.is_some_and(denies) {
        return Some(Source::Resource);
    }
    if policies.identity.iter().any(|policy| denies(policy)) {
        return Some(Source::Identity);
    }
    if policies.boundary.as_deref().is_some_and(denies) {
        return Some(Source::Boundary);
    }
    policies
        .session
        .as_deref()
        .is_some_and(denies)
        .then_some(Source::Session)
}

impl Question<'_> {
    fn allows(&self, policy: &Document) -> bool {
        self.has(policy, Effect::Allow)
    }

    fn has(&self, policy: &Document, effect: Effect) -> bool {
        let mut of_effect = policy
            .statements
            .iter()
            .filter(|statement| statement.effect == effect);
        of_effect.any(|statement| self.statement_grant(policy, statement) > Grant::Nothing)
    }

    fn grant(&self, policy: &Document) -> Grant {
        let allows = policy
            .statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow);
        let grants = allows.map(|statement| self.statement_grant(policy, statement));
        grants.max().unwrap_or(Grant::Nothing)
    }

    fn statement_grant(&self, policy: &Document, statement: &Statement) -> Grant {
        let variables = policy.has_variables.then_some(self.context);
        let Statement {
            sid: _,
            effect,
            principals,
            actions,
            resources,
            conditions,
        } = statement;
        let applies = actions.selects(|pattern| self.is_action(pattern))
            && resources.as_ref().is_none_or(|resources| {
                resources.selects(|pattern| self.is_resource(pattern, variables))
            })
            && conditions
                .iter()
                .all(|condition| condition.holds(self.context, policy.has_variables));
        if !applies {
            return Grant::Nothing;
        }
        // A policy without principals is the caller's own.
        principals.as_ref().map_or(Grant::Principal, |principals| {
            self.requester.grant(principals, *effect)
        })
    }

    /// Actions compare without case (IAMUG:reference_policies_elements_action).
    fn is_action(&self, pattern: &str) -> bool {
        let pattern = Pattern::new(pattern, Wildcards::Match, None);
        pattern.is_some_and(|pattern| pattern.lowered().matches(&self.action.to_lowercase()))
    }

    fn is_resource(&self, pattern: &str, variables: Option<&Context>) -> bool {
        let pattern = Pattern::new(pattern, Wildcards::Match, variables);
        pattern.is_some_and(|pattern| pattern.matches_arn(self.resource))
    }
}

impl Selection {
    fn selects(&self, is: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::In(patterns) => patterns.iter().any(|pattern| is(pattern)),
            Self::NotIn(patterns) => !patterns.iter().any(|pattern| is(pattern)),
        }
    }
}

impl Requester<'_> {
    fn grant(self, principals: &Principals, effect: Effect) -> Grant {
        let named = principals.named().iter();
        let best = named.map(|(kind, name)| self.named(*kind, name)).max();
        let best = best.unwrap_or(Grant::Nothing);
        match (principals, best) {
            (Principals::In(_), best) => best,
            (Principals::NotIn(_), Grant::Nothing) => Grant::Principal,
            (Principals::NotIn(_), best)
                if effect == Effect::Deny && !self.spares(principals, best) =>
            {
                Grant::Principal
            }
            (Principals::NotIn(_), _) => Grant::Nothing,
        }
    }

    /// Tells whether a Deny for all but these spares the requester, `best` being how they name it. AWS looks at the account
    /// first and then at the principal, so a user or a role must stand beside its account
    /// (IAMUG:reference_policies_elements_notprincipal; unverified: that it holds for every service, and that a role's
    /// session need not be named besides).
    fn spares(self, principals: &Principals, best: Grant) -> bool {
        let Requester::Caller(caller) = self else {
            return true;
        };
        let mut named = principals.named().iter();
        let account = named.any(|(kind, name)| {
            *kind == PrincipalKind::Aws && (name == "*" || is_account(caller, name))
        });
        account && best > Grant::Account
    }

    fn named(self, kind: PrincipalKind, name: &str) -> Grant {
        match (self, kind) {
            (Requester::Service(service), PrincipalKind::Service) if service == name => {
                Grant::Principal
            }
            // Everybody is services, too: so the policy that a topic is made with lets them publish, and a Deny that is not meant for
            // them says so with `aws:PrincipalIsAWSService` (SNS Developer Guide; IAMUG:reference_policies_condition-keys).
            (Requester::Service(_), PrincipalKind::Aws) if name == "*" => Grant::Principal,
            (Requester::Caller(caller), PrincipalKind::Aws) => caller_named(caller, name),
            _ => Grant::Nothing,
        }
    }
}

fn caller_named(caller: &Caller, name: &str) -> Grant {
    if name == "*" {
        return Grant::Principal;
    }
    if caller.kind == CallerKind::Anonymous {
        return Grant::Nothing;
    }
    if name == caller.principal_id {
        return if caller.kind == CallerKind::User {
            Grant::Session
        } else {
            Grant::Principal
        };
    }
    match caller.kind {
        CallerKind::AssumedRole if name == caller.arn => Grant::Session,
        CallerKind::Root if is_account(caller, name) => Grant::Session,
        _ if is_account(caller, name) => Grant::Account,
        _ => Grant::Nothing,
    }
}

/// Tells whether a principal is the caller's account.
fn is_account(caller: &Caller, name: &str) -> bool {
    let account = name
        .strip_suffix(":root")
        .and_then(|arn| arn.rsplit(':').next());
    account.is_some_and(|account| account == caller.account)
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
