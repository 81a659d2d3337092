//! What a key's policy lets S3 do with the key in the name of the replication role, and whom it lets administer the key.
//!
//! KMS asks the key's policy first: without a statement in it nobody may use the key, whatever IAM grants (KMS Developer Guide,
//! "Key policies"). A statement for the role's account leaves the decision to IAM, where the role's policy is ours.

use std::collections::BTreeSet;
use std::fmt;

use super::grammar::{Effect, PolicyDocument, Scope, Statement, Version};
use super::key_grant::Grant;
use super::pattern::Pattern;
use super::principals::{account_of_arn, is_account_id, root_account};
use super::request::{DenyHit, KeyContext, Known, Request, Truth, Who, quote};
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

/// Whether a key's policy grants a use of the key by itself.
#[must_use]
pub fn granted(policy: &PolicyDocument, of: &KeyUse<'_>) -> Granted {
    granted_beside(policy, &BTreeSet::new(), of)
}

/// Whether a key's policy, or a grant of the key, lets the role use it.
#[must_use]
pub fn granted_beside(
    policy: &PolicyDocument,
    grants: &BTreeSet<Grant>,
    of: &KeyUse<'_>,
) -> Granted {
    let (mut missing, mut unsure) = (BTreeSet::new(), BTreeSet::new());
    for action in of.actions {
        let said: Vec<(&String, Truth)> = of
            .contexts
            .iter()
            .map(|context| {
                let by_policy = allowed(policy, of, action, context);
                let by_grant = grants.iter();
                let by_grant =
                    by_grant.map(|of_key| of_key.lets(of.role.as_str(), action, context));
                (context, by_grant.fold(by_policy, Truth::or))
            })
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

/// Who may change a key's policy. The account itself leaves it to its IAM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Administrator {
    /// The account, or somebody in it.
    pub name: String,
    /// What must hold for it, all of it.
    pub conditions: BTreeSet<String>,
}

impl Administrator {
    /// Whether it may whenever the other may.
    fn stands_for(&self, other: &Self) -> bool {
        self.name == other.name && self.conditions.is_subset(&other.conditions)
    }
}

impl fmt::Display for Administrator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)?;
        let mut word = "where";
        for condition in &self.conditions {
            write!(out, " {word} {condition}")?;
            word = "and";
        }
        Ok(())
    }
}

impl PolicyDocument {
    /// The principals of a key's account that the key's policy lets change it.
    #[must_use]
    pub fn administrators(&self, key: &str, account: &str) -> BTreeSet<Administrator> {
        let statements = self.statements().iter();
        let allow = statements
            .filter(|of| of.effect() == Effect::Allow && administers(of, key, self.version()));
        allow
            .flat_map(|statement| {
                let conditions: BTreeSet<String> =
                    statement.conditions().iter().map(quote).collect();
                let names = administering(statement, account);
                names.map(move |name| Administrator {
                    name,
                    conditions: conditions.clone(),
                })
            })
            .collect()
    }

    /// Who may change the policy of a key now, and could not with another one; `None` where all of them still can, and somebody can.
    #[must_use]
    pub fn locked_out(&self, after: &Self, key: &str, account: &str) -> Option<Vec<Administrator>> {
        let left = after.administrators(key, account);
        let mut lost: Vec<Administrator> = self.administrators(key, account).into_iter().collect();
        lost.retain(|of| !left.iter().any(|other| other.stands_for(of)));
        (left.is_empty() || !lost.is_empty()).then_some(lost)
    }
}

/// The names by which a statement lets in an account or somebody of it.
fn administering<'a>(
    statement: &'a Statement,
    account: &'a str,
) -> impl Iterator<Item = String> + 'a {
    let names = match statement.principals() {
        Some(Scope::Only(_)) => statement.aws_principals().collect::<Vec<_>>(),
        Some(Scope::Except(_)) | None => Vec::new(),
    };
    names.into_iter().filter_map(move |name| match name {
        "*" => Some("*".to_owned()),
        id if is_account_id(id) => (id == account).then(|| account.to_owned()),
        arn if root_account(arn) == Some(account) => Some(account.to_owned()),
        arn => (account_of_arn(arn) == Some(account)).then(|| arn.to_owned()),
    })
}

fn administers(statement: &Statement, key: &str, version: Version) -> bool {
    let action = |name: &String| Pattern::action(name).matches(ADMINISTERS);
    let resource = |text: &String| Pattern::new(text, version).matches(key);
    let lists = |scope: &Scope<Vec<String>>, test: &dyn Fn(&String) -> bool| {
        scope.listed().iter().any(test) == matches!(scope, Scope::Only(_))
    };
    let resources = statement.resources();
    lists(statement.actions(), &action) && resources.is_none_or(|scope| lists(scope, &resource))
}
