//! Bucket policies: our statements by Sid, everybody else's as they stand.

use super::Context;
use super::conflict::{Conflict, ConflictKind};
use crate::ids::MigrationName;
use crate::model::Target;
use crate::model::document::{Document, PolicyText};
use crate::policy::{PolicyDocument, Statement, size};

/// Bytes that a bucket policy may have (UG:S3OutpostsBucketPolicy says 20 KB; the same limit for S3 is [INF]).
const BUCKET_POLICY_LIMIT: usize = 20 * 1024;

pub(super) fn merge(
    context: &Context<'_>,
    target: &Target,
    wanted: &[(MigrationName, Statement)],
    live: Option<&Document>,
) -> Result<Option<Document>, Box<Conflict>> {
    let refuse = |kind| context.refuse(target, kind);
    let wanted: Vec<&Statement> = wanted
        .iter()
        .filter(|(migration, _)| context.scope.covers(migration))
        .map(|(_, statement)| statement)
        .collect();
    let before = match live {
        Some(Document::BucketPolicy(PolicyText(text))) => PolicyDocument::parse(text)
            .map_err(|error| refuse(ConflictKind::UnreadablePolicy(error.to_string())))?,
        _ => PolicyDocument::empty(),
    };
    let after = merged(context, &before, &wanted)
        .map_err(|error| refuse(ConflictKind::PolicyVersion(error)))?;
    if after.is_empty() {
        return Ok(None);
    }
    let bytes = size::bucket_policy(&after);
    if bytes > BUCKET_POLICY_LIMIT {
        return Err(refuse(ConflictKind::TooLarge {
            unit: "bytes",
            size: bytes,
            limit: BUCKET_POLICY_LIMIT,
        }));
    }
    Ok(Some(Document::BucketPolicy(PolicyText(after.to_json()))))
}

/// Ours that are wanted no more go; wanted ones replace those of the same Sid or come at the end.
fn merged(
    context: &Context<'_>,
    before: &PolicyDocument,
    wanted: &[&Statement],
) -> Result<PolicyDocument, String> {
    let wanted_sids: Vec<&str> = wanted
        .iter()
        .filter_map(|statement| statement.sid())
        .collect();
    let obsolete: Vec<String> = before
        .statements()
        .iter()
        .filter_map(Statement::sid)
        .filter(|sid| to_be_managed(context, sid) && !wanted_sids.contains(sid))
        .map(ToOwned::to_owned)
        .collect();
    let mut after = obsolete
        .iter()
        .fold(before.clone(), |policy, sid| policy.without(sid));
    if wanted.is_empty() {
        return Ok(after);
    }
    after = after.with_variables().map_err(|error| error.to_string())?;
    for statement in wanted {
        after = after.with_statement(statement.sid().unwrap_or_default(), (*statement).clone());
    }
    Ok(after)
}

/// Whether a Sid is ours and of a migration that this plan is for.
fn to_be_managed(context: &Context<'_>, sid: &str) -> bool {
    context.markers.owns_sid(sid)
        && match context.scope {
            super::Scope::All => true,
            super::Scope::Only(names) => names
                .iter()
                .any(|name| sid.starts_with(&context.markers.sid_prefix(name))),
        }
}
