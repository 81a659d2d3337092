//! How requests of S3 Control are read: lists, booleans, and why a request is none.

use crate::s3::xml::Element;

/// Why a request is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// It does not follow the schema.
    Schema,
    /// Its parts do not go together.
    Contradiction,
}

pub(super) type Parsed<T> = Result<T, Violation>;

/// Returns the members of a list.
pub(super) fn members<'a>(
    element: &'a Element,
    name: &str,
) -> impl Iterator<Item = &'a Element> + use<'a> {
    let list = element.child(name);
    list.into_iter()
        .flat_map(|list| list.children_named("member"))
}

/// Reads a boolean.
pub(super) fn flag(element: &Element, name: &str) -> Parsed<Option<bool>> {
    match element.text_of(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Violation::Schema),
    }
}
