//! Growth: a document between two others, with what both need.

use crate::model::kinds::{Document, Grows, Policy, Role};
use crate::ownership::{Markers, SPEC_TAG, named_by_either};
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
    let (before, after) = (before?, after?);
    match after.kind().facts().grows {
        Grows::Never => None,
        Grows::OurStatements => with_statements(before, after, |statement| {
            let is_ours = statement.sid().is_some_and(|sid| markers.owns_sid(sid));
            is_ours && !statement.has_broken_principal()
        }),
        Grows::Statements => with_statements(before, after, |_| true),
        Grows::Tags => with_tags(before, after),
        Grows::Shrinks => Some(before.clone()),
    }
}

fn with_statements(
    before: &Document,
    after: &Document,
    is_owned: impl Fn(&Statement) -> bool,
) -> Option<Document> {
    let (old, new) = (before.policy()?.document()?, after.policy()?.document()?);
    let grown = union_for_growth(old, new, is_owned);
    Some(after.with_policy(Policy::from(grown)))
}

fn with_tags(before: &Document, after: &Document) -> Option<Document> {
    let (Document::Role(before), Document::Role(after)) = (before, after) else {
        return None;
    };
    let mut tags = before.tags.clone();
    tags.extend(after.tags.clone());
    // A spec that leaves a role to others finds what is left of it by its name there: that goes last.
    if let Some(named) = named_by_either(&before.tags, &after.tags) {
        tags.insert(SPEC_TAG.to_owned(), named);
    }
    // The description finds the role as its tags find the rest: it goes with the last of them.
    let only_shrinks = tags == before.tags;
    let described = if only_shrinks { before } else { after };
    Some(Document::Role(Role {
        tags,
        description: described.description.clone(),
        ..after.clone()
    }))
}
