//! Growth: a document between two others, with what both need.

use crate::model::kinds::{Document, Policy, Role};
use crate::ownership::Markers;
use crate::policy::{Statement, union_for_growth};

/// A policy that grants what it granted before and what it will, or a role whose tags lead to where they led and to where
/// they will; `None` for everything else.
///
/// A grant to a principal that was deleted is not carried on: it grants nothing, and S3 refuses a policy that holds it
/// (T13; domain reference §2.9).
pub(super) fn grown(
    before: Option<&Document>,
    after: Option<&Document>,
    markers: &Markers,
) -> Option<Document> {
    match (before?, after?) {
        (Document::BucketPolicy(before), Document::BucketPolicy(after)) => {
            let ours = |statement: &Statement| {
                let is_ours = statement.sid().is_some_and(|sid| markers.owns_sid(sid));
                is_ours && !statement.has_broken_principal()
            };
            let grown = union_for_growth(before.document()?, after.document()?, ours);
            Some(Document::BucketPolicy(Policy::from(grown)))
        }
        (Document::RolePolicy(before), Document::RolePolicy(after)) => {
            let grown = union_for_growth(before.document()?, after.document()?, |_| true);
            Some(Document::RolePolicy(Policy::from(grown)))
        }
        (Document::Role(before), Document::Role(after)) => {
            let mut tags = before.tags.clone();
            tags.extend(after.tags.clone());
            Some(Document::Role(Role {
                tags,
                ..after.clone()
            }))
        }
        _ => None,
    }
}
