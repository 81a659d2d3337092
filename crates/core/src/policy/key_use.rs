//! What a key's policy lets S3 do with the key in the name of the replication role, and whom it lets administer the key.
//!
//! KMS asks the key's policy first: without a statement in it nobody may use the key, whatever IAM grants (KMS Developer Guide,
//! "Key policies"). A statement for the role's account leaves the decision to IAM, where the role's policy is ours.

use std::collections::BTreeSet;

use super::grammar::{Effect, PolicyDocument, Scope, Statement};
use super::pattern::Pattern;
use super::principals::{account_of_arn, is_account_id, root_account};
use super::request::{DenyHit, KeyContext, Known, Request, Truth, Who};
use crate::ids::Arn;

/// What S3 does with a key in the name of a role.
#[derive(Debug, Clone, Copy)]
pub struct KeyUse<'a> {
    /// The role.
    pub role: &'a Arn,
    /// The key's ARN.
    pub key: &'a str,
    /// The actions.
    pub actions: &'a [&'static str],
    /// The names under which S3 calls KMS.
    pub via: &'a [String],
    /// The encryption contexts that it sends: ARNs, or patterns as policies have them.
    pub contexts: &'a [String],
}

/// Whether a policy grants all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// It does.
    Surely,
    /// It does where this holds, which can't be known here.
    Perhaps(String),
    /// It grants nothing of these actions.
    Not(BTreeSet<&'static str>),
}

/// Whether a key's policy grants a use of the key.
#[must_use]
pub fn granted(policy: &PolicyDocument, of: &KeyUse<'_>) -> Granted {
    let (mut missing, mut unsure) = (BTreeSet::new(), BTreeSet::new());
    for action in of.actions {
        let said: Vec<(&String, Truth)> = of
            .contexts
            .iter()
            .map(|context| (context, allowed(policy, of, action, context)))
            .collect();
        if said.iter().all(|(_, truth)| *truth == Truth::No) {
            missing.insert(*action);
            continue;
        }
        unsure.extend(said.into_iter().filter_map(|(context, truth)| match truth {
            Truth::Yes => None,
            Truth::No => Some(format!(
                "{action} is not for the encryption context {context}"
            )),
            Truth::Maybe(text) | Truth::Partly(text) => Some(format!("{action} if {text}")),
        }));
    }
    if !missing.is_empty() {
        return Granted::Not(missing);
    }
    if unsure.is_empty() {
        return Granted::Surely;
    }
    Granted::Perhaps(unsure.into_iter().collect::<Vec<_>>().join("; "))
}

fn allowed(policy: &PolicyDocument, of: &KeyUse<'_>, action: &str, context: &str) -> Truth {
    let request = request(policy, of, action, context);
    let allows = policy.statements().iter();
    allows
        .filter(|statement| statement.effect() == Effect::Allow)
        .map(|statement| request.is_meant(statement))
        .fold(Truth::No, Truth::or)
}

fn request<'a>(
    policy: &PolicyDocument,
    of: &KeyUse<'a>,
    action: &'a str,
    context: &'a str,
) -> Request<'a> {
    Request {
        who: Who::Replication(of.role),
        action,
        resource: of.key,
        version: policy.version(),
        known: Known::OfKey(KeyContext {
            via: of.via,
            context,
        }),
    }
}

/// The Denies of a key's policy that hit a use of the key, each once and in order.
#[must_use]
pub fn denials(policy: &PolicyDocument, of: &KeyUse<'_>) -> Vec<DenyHit> {
    let mut hits = Vec::new();
    for action in of.actions {
        for context in of.contexts {
            hits.extend(request(policy, of, action, context).hits(policy));
        }
    }
    hits.sort_by_key(|hit: &DenyHit| (hit.index, hit.certainty.weakness()));
    hits.dedup_by_key(|hit| hit.index);
    hits
}

/// What lets its holder give a key another policy.
const ADMINISTERS: &str = "kms:putkeypolicy";

impl PolicyDocument {
    /// The principals of an account that a key's policy lets change it, whatever the conditions: the account itself leaves it to
    /// its IAM.
    #[must_use]
    pub fn administrators(&self, account: &str) -> BTreeSet<String> {
        let statements = self.statements().iter();
        let allow = statements.filter(|of| of.effect() == Effect::Allow && administers(of));
        let names = allow.flat_map(|statement| match statement.principals() {
            Some(Scope::Only(_)) => statement.aws_principals().collect::<Vec<_>>(),
            Some(Scope::Except(_)) | None => Vec::new(),
        });
        names
            .filter_map(|name| match name {
                "*" => Some("*".to_owned()),
                id if is_account_id(id) => (id == account).then(|| account.to_owned()),
                arn if root_account(arn) == Some(account) => Some(account.to_owned()),
                arn => (account_of_arn(arn) == Some(account)).then(|| arn.to_owned()),
            })
            .collect()
    }
}

fn administers(statement: &Statement) -> bool {
    let scope = statement.actions();
    let mut listed = scope.listed().iter();
    let is_listed = listed.any(|name| Pattern::action(name).matches(ADMINISTERS));
    is_listed == matches!(scope, Scope::Only(_))
}
