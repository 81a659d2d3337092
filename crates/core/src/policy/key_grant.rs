//! A grant of a KMS key, which lets its grantee use the key beside what the key's policy says (KMS Developer Guide, "Grants in AWS
//! KMS"): neither the policy nor IAM need allow what a grant does, and only a Deny is stronger.

use std::collections::{BTreeMap, BTreeSet};

use super::grammar::Version;
use super::pattern::Pattern;
use super::request::Truth;

/// The one pair of the encryption context that S3 always sends (UG:UsingKMSEncryption, "Encryption context").
const S3_CONTEXT: &str = "aws:s3:arn";

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Who it is for, as KMS answers it: a principal's ARN, or the dead ID of one that is gone.
    pub grantee: String,
    /// What it lets the grantee do, without the service, e.g. `Decrypt`.
    pub operations: BTreeSet<String>,
    /// What the encryption context must be, or must have in it: the names of pairs have no case, their values do
    /// (BC:kms GrantConstraints).
    pub context: BTreeMap<String, String>,
}

impl Grant {
    /// Whether it lets the role use the key for an action with an encryption context.
    pub(super) fn lets(&self, role: &str, action: &str, context: &str) -> Truth {
        let operation = action.trim_start_matches("kms:");
        if self.grantee != role || !self.operations.contains(operation) {
            return Truth::No;
        }
        let pairs = self.context.iter();
        pairs
            .map(|(name, value)| holds(name, value, context))
            .fold(Truth::Yes, Truth::and)
    }
}

fn holds(name: &str, value: &str, context: &str) -> Truth {
    let text =
        || format!("the encryption context of a grant, {name} {value}, is that of the object");
    if !name.eq_ignore_ascii_case(S3_CONTEXT) {
        // Whoever writes an object may add to its context.
        Truth::Maybe(text())
    } else if value == context {
        Truth::Yes
    } else if Pattern::new(context, Version::V2012).matches(value) {
        Truth::Partly(text())
    } else {
        Truth::No
    }
}
