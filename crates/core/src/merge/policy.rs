//! Policies: in a bucket's, our statements by Sid and everybody else's as they stand; a role's is ours whole.

use super::Context;
use super::conflict::{Conflict, ConflictKind};
use crate::ids::MigrationName;
use crate::model::Target;
use crate::model::document::{Document, PolicyText};
use crate::policy::{PolicyDocument, Statement, size};
use crate::scope::Scope;

pub(super) fn bucket_policy(
    context: &Context<'_>,
    target: &Target,
    wanted: &[(MigrationName, Statement)],
    live: Option<&Document>,
) -> Result<Option<Document>, Box<Conflict>> {
    let refuse = |kind| context.refuse(target, kind);
    let ours: Vec<Statement> = wanted
        .iter()
        .filter(|(migration, _)| context.scope.covers(migration))
        .map(|(_, statement)| statement.clone())
        .collect();
    let before = match live {
        Some(Document::BucketPolicy(PolicyText(text))) => PolicyDocument::parse(text)
            .map_err(|error| refuse(ConflictKind::UnreadablePolicy(error.to_string())))?,
        _ => PolicyDocument::empty(),
    };
    let managed =
        |statement: &Statement| statement.sid().is_some_and(|sid| is_managed(context, sid));
    let after = before
        .merged(&ours, managed)
        .map_err(|error| refuse(ConflictKind::PolicyVersion(error.to_string())))?;
    if after.is_empty() {
        return Ok(None);
    }
    within(
        size::bucket_policy(&after),
        size::BUCKET_POLICY_BYTES,
        "bytes",
    )
    .map_err(refuse)?;
    let deleted = deleted_principals(&after);
    if !deleted.is_empty() && after.canonical_json() != before.canonical_json() {
        return Err(refuse(ConflictKind::DeletedPrincipals(deleted)));
    }
    Ok(Some(Document::BucketPolicy(PolicyText(after.to_json()))))
}

/// The statements that name deleted principals, each once (T13). Ours never do after a merge.
fn deleted_principals(policy: &PolicyDocument) -> Vec<String> {
    let broken = policy.broken_principals().into_iter();
    let mut statements: Vec<String> = broken
        .map(|broken| broken.sid.unwrap_or_else(|| format!("#{}", broken.index)))
        .collect();
    statements.dedup();
    statements
}

/// The role's inline policy is ours whole.
pub(super) fn role_policy(
    context: &Context<'_>,
    target: &Target,
    policy: &PolicyText,
) -> Result<Option<Document>, Box<Conflict>> {
    let refuse = |kind| context.refuse(target, kind);
    let parsed = PolicyDocument::parse(&policy.0)
        .map_err(|error| refuse(ConflictKind::UnreadablePolicy(error.to_string())))?;
    within(
        size::iam(&parsed),
        size::INLINE_ROLE_CHARACTERS,
        "characters",
    )
    .map_err(refuse)?;
    Ok(Some(Document::RolePolicy(policy.clone())))
}

/// Whether AWS takes a policy that holds the grants of before and after at once, as it does while rules change.
///
/// # Errors
/// [`ConflictKind::TooLarge`] with the size on the way.
pub(crate) fn fits_while_grown(document: &Document) -> Result<(), ConflictKind> {
    match document {
        Document::BucketPolicy(PolicyText(text)) => within(
            text.len(),
            size::BUCKET_POLICY_BYTES,
            "bytes with old and new grants together",
        ),
        Document::RolePolicy(PolicyText(text)) => within(
            PolicyDocument::parse(text).map_or(text.len(), |policy| size::iam(&policy)),
            size::INLINE_ROLE_CHARACTERS,
            "characters with old and new grants together",
        ),
        _ => Ok(()),
    }
}

fn within(size: usize, limit: usize, unit: &'static str) -> Result<(), ConflictKind> {
    if size <= limit {
        Ok(())
    } else {
        Err(ConflictKind::TooLarge { unit, size, limit })
    }
}

/// Whether a Sid is ours and of a migration that this plan is for.
fn is_managed(context: &Context<'_>, sid: &str) -> bool {
    context.markers.owns_sid(sid)
        && match context.scope {
            Scope::All => true,
            Scope::Only(names) => names
                .iter()
                .any(|name| sid.starts_with(&context.markers.sid_prefix(name))),
        }
}
