//! Whether AWS takes a document of such a size: what a plan ends with, and what a document holds on the way there.

use std::collections::BTreeMap;

use super::conflict::ConflictKind;
use crate::model::Target;
use crate::model::kinds::policy::{Measured, Unit};
use crate::model::kinds::{Document, Policy};

/// Rules that one configuration may have (BC:s3 ReplicationConfiguration).
pub(crate) const RULE_LIMIT: usize = 1_000;

/// Tags that a role may have (BC:iam CreateRole).
const ROLE_TAG_LIMIT: usize = 50;

/// Whether IAM takes so many tags of a role; `unit` says which they are.
pub(super) fn tags_fit(
    unit: &'static str,
    tags: &BTreeMap<String, String>,
) -> Result<(), ConflictKind> {
    let (size, limit) = (tags.len(), ROLE_TAG_LIMIT);
    if size > limit {
        return Err(ConflictKind::TooLarge { unit, size, limit });
    }
    Ok(())
}

/// Whether AWS takes a policy.
pub(super) fn fits(target: &Target, policy: &Policy) -> Result<(), ConflictKind> {
    within(
        policy.measured(target.kind().facts().size),
        |unit| match unit {
            Unit::Bytes => "bytes",
            Unit::Characters => "characters",
        },
    )
}

/// Whether AWS takes a document that holds what it held before and what it will at once, as it does while rules change: the
/// grants of a policy, the tags of a role.
///
/// # Errors
/// [`ConflictKind::TooLarge`] with the size on the way.
pub(crate) fn fits_while_grown(document: &Document) -> Result<(), ConflictKind> {
    if let Document::Role(role) = document {
        return tags_fit("tags with old and new ones together", &role.tags);
    }
    policy_fits(document, |unit| match unit {
        Unit::Bytes => "bytes with old and new grants together",
        Unit::Characters => "characters with old and new grants together",
    })
}

/// Whether AWS takes a document with what a proof of alarms puts up in it: a rule, or a Deny.
///
/// # Errors
/// [`ConflictKind::TooLarge`] with the size while the proof is under way.
pub(crate) fn fits_with_proof(document: &Document) -> Result<(), ConflictKind> {
    if let Document::Replication(held) = document {
        return rules_fit("rules with those of proofs of alarms", held.rules.len());
    }
    policy_fits(document, |unit| match unit {
        Unit::Bytes => "bytes with what proofs of alarms deny",
        Unit::Characters => "characters with what proofs of alarms deny",
    })
}

/// Whether AWS takes the policy of a document, if it has one.
fn policy_fits(
    document: &Document,
    words: impl FnOnce(Unit) -> &'static str,
) -> Result<(), ConflictKind> {
    let limit = document.kind().facts().size;
    let policy = document.policy();
    within(policy.and_then(|policy| policy.measured(limit)), words)
}

/// Whether S3 takes so many rules; `unit` says which they are.
pub(super) fn rules_fit(unit: &'static str, size: usize) -> Result<(), ConflictKind> {
    let limit = RULE_LIMIT;
    if size > limit {
        return Err(ConflictKind::TooLarge { unit, size, limit });
    }
    Ok(())
}

fn within(
    measured: Option<Measured>,
    words: impl FnOnce(Unit) -> &'static str,
) -> Result<(), ConflictKind> {
    match measured {
        Some(Measured { size, limit, unit }) if size > limit => Err(ConflictKind::TooLarge {
            unit: words(unit),
            size,
            limit,
        }),
        Some(_) | None => Ok(()),
    }
}
