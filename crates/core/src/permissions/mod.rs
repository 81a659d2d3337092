//! Permissions: the least that the callers of a plan and of an apply must be allowed, from the spec alone.
//!
//! ```text
//! Spec --grants--> account: (resource, condition) -> actions --statements--> Statement... --packed--> policies that IAM takes
//! ```
//!
//! What is granted is what any world may make of the spec: reads that only some worlds ask for are among them, and so are the
//! writes that mend what others changed and those that take away what earlier texts of the spec left ([`left`]). The actions and what they are checked against stand in the one table of calls
//! ([`crate::model::kinds::call`]).

mod athena;
mod grants;
mod left;
mod packed;
mod purpose;
mod statements;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{AccountId, AccountName, Region};
use crate::model::kinds::{Call, Document};
use crate::model::target::Kind;
use crate::model::{AccountRef, BucketPart, Observed, Target};
use crate::ownership::SPEC_TAG;
use crate::plan::Step;
use crate::policy::{Effect, PolicyDocument};
use crate::scope::Scope;
use crate::spec::{Access, Spec};

use grants::About;

pub use packed::{ATTACHED, MANAGED_POLICY_CHARACTERS};
pub use purpose::Purpose;

/// The calls that read inventories, and those that have them compared, which no target and no goal has.
pub fn calls_on_lists() -> impl Iterator<Item = Call> {
    verify::LIST_CALLS.iter().chain(athena::QUERIES).copied()
}

/// What the caller in one account needs.
#[derive(Debug, Clone, PartialEq)]
pub struct CallerPermissions {
    /// The account.
    pub id: AccountId,
    /// The names that the spec has for it; one caller acts for all of them. None where there is no spec yet.
    pub names: Vec<AccountName>,
    /// How the caller signs in.
    pub access: Access,
    /// The policies; each fits into a managed policy.
    pub policies: Vec<PolicyDocument>,
    /// Whether roles are named by s3ferry's path instead of one by one, which would not fit.
    pub by_path: bool,
}

/// What a caller is about to do, as IAM's simulator is asked: each action on each resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The actions.
    pub actions: Vec<&'static str>,
    /// What they are checked against.
    pub resources: Vec<String>,
    /// The condition key that AWS sets with these actions, with its values.
    pub context: Option<(String, Vec<String>)>,
}

/// What the callers must be allowed to follow steps, by account, beside the reads that a plan has made already.
#[must_use]
pub fn of_steps(spec: &Spec, steps: &[Step]) -> BTreeMap<AccountId, Vec<Asked>> {
    // Roles and trails of ours carry the tag of the spec, which is all that the policies printed here ask of those that left.
    let tag = || {
        let key = format!("aws:ResourceTag/{SPEC_TAG}");
        (key, vec![spec.name.to_string()])
    };
    let context = |loose: &statements::Loose| match &loose.condition {
        Some((_, key, values)) => Some((key.clone(), values.clone())),
        None => matches!(loose.about, About::Roles | About::Trails).then(tag),
    };
    let asked = |grants: &grants::Grants| {
        let loose = statements::of(grants).into_iter();
        let asked = loose.map(|loose| Asked {
            context: context(&loose),
            actions: loose.actions,
            resources: loose.resources,
        });
        asked.collect()
    };
    let accounts = grants::of_steps(spec, steps).into_iter();
    accounts.map(|(id, grants)| (id, asked(&grants))).collect()
}

/// Whether a policy of a resource could allow what IAM's policies of the caller do not: in the caller's own account either is
/// enough (IAMUG:reference_policies_evaluation-logic). A key's policy and one that was not read may; that of a bucket may where it
/// allows anybody anything.
#[must_use]
pub fn may_be_allowed_elsewhere(observed: &Observed, action: &str, resource: &str) -> bool {
    let service = action.split(':').next().unwrap_or(action);
    if service != "s3" {
        return matches!(service, "kms" | "sns");
    }
    let bucket = resource.rsplit(':').next().unwrap_or(resource);
    let bucket = bucket.split('/').next().unwrap_or(bucket);
    let of_bucket = |target: &Target| {
        let name = target.bucket().map(|of| of.bucket.as_str());
        target.kind() == Kind::Bucket(BucketPart::Policy) && name == Some(bucket)
    };
    let mut policies = observed.iter().filter(|(target, _)| of_bucket(target));
    let allows = |document: &Document| {
        document.policy_document().is_none_or(|policy| {
            let mut statements = policy.statements().iter();
            statements.any(|statement| statement.effect() == Effect::Allow)
        })
    };
    match policies.next() {
        Some((_, document)) => document.is_some_and(allows),
        // A bucket that is about to be made has none.
        None => !is_missing(observed, bucket),
    }
}

fn is_missing(observed: &Observed, bucket: &str) -> bool {
    observed.iter().any(|(target, document)| {
        let name = target.bucket().map(|of| of.bucket.as_str());
        target.kind() == Kind::Bucket(BucketPart::Itself)
            && name == Some(bucket)
            && document.is_none()
    })
}

/// What the callers need, account by account, in the order of their IDs.
#[must_use]
pub fn least(spec: &Spec, scope: &Scope, purpose: Purpose) -> Vec<CallerPermissions> {
    let mut grants = grants::of(spec, scope, purpose);
    let mut callers: BTreeMap<&AccountId, CallerPermissions> = BTreeMap::new();
    for (name, account) in &spec.accounts {
        let caller = callers
            .entry(&account.id)
            .or_insert_with(|| CallerPermissions {
                id: account.id.clone(),
                names: Vec::new(),
                access: account.access.clone(),
                policies: Vec::new(),
                by_path: false,
            });
        caller.names.push(name.clone());
    }
    let filled = callers.into_iter().map(|(id, caller)| {
        let exact = grants.remove(id).unwrap_or_default();
        let (policies, by_path) = fitting(&exact);
        CallerPermissions {
            policies,
            by_path,
            ..caller
        }
    });
    filled.collect()
}

/// What an import needs in each of the accounts, from nothing but their IDs and a Region of their partition: all that it may read of
/// whatever replicates there. The accounts have no names yet, and nobody says how they are entered.
#[must_use]
pub fn of_import(accounts: &[AccountId], home: &Region) -> Vec<CallerPermissions> {
    let accounts: BTreeSet<&AccountId> = accounts.iter().collect();
    let of = |id: &AccountId| CallerPermissions {
        id: id.clone(),
        names: Vec::new(),
        access: Access::DefaultChain,
        policies: packed::packed(statements::of(&grants::of_import(&AccountRef::of(
            id, home,
        )))),
        by_path: false,
    };
    accounts.into_iter().map(of).collect()
}

/// Role by role where a role of IAM can have that many policies; by s3ferry's path where it cannot.
fn fitting(exact: &grants::Grants) -> (Vec<PolicyDocument>, bool) {
    let policies = packed::packed(statements::of(exact));
    if policies.len() <= ATTACHED {
        return (policies, false);
    }
    let folded = exact.by_path();
    if folded == *exact {
        return (policies, false);
    }
    (packed::packed(statements::of(&folded)), true)
}
