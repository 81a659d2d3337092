//! Permissions: the least that the callers of a plan and of an apply must be allowed, from the spec alone.
//!
//! ```text
//! Spec --grants--> account: (resource, condition) -> actions --statements--> Statement... --packed--> policies that IAM takes
//! ```
//!
//! What is granted is what any world may make of the spec: reads that only some worlds ask for are among them, and so are the
//! writes that mend what others changed. The actions and what they are checked against stand in the one table of calls
//! ([`crate::model::kinds::call`]).

mod grants;
mod packed;
mod purpose;
mod statements;

use std::collections::BTreeMap;

use crate::ids::{AccountId, AccountName};
use crate::policy::PolicyDocument;
use crate::scope::Scope;
use crate::spec::{Access, Spec};

pub use packed::{ATTACHED, MANAGED_POLICY_CHARACTERS};
pub use purpose::Purpose;

/// What the caller in one account needs.
#[derive(Debug, Clone, PartialEq)]
pub struct CallerPermissions {
    /// The account.
    pub id: AccountId,
    /// The names that the spec has for it; one caller acts for all of them.
    pub names: Vec<AccountName>,
    /// How the caller signs in.
    pub access: Access,
    /// The policies; each fits into a managed policy.
    pub policies: Vec<PolicyDocument>,
    /// Whether roles are named by s3ferry's path instead of one by one, which would not fit.
    pub by_path: bool,
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
