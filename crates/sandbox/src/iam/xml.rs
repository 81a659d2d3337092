//! The XML that replies of the query protocol are made of.

use crate::wire::escaped;

/// Writes an element with text.
pub(crate) fn text(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

/// Writes an element around XML.
pub(crate) fn element(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

/// Writes a list, each member around its XML.
pub(crate) fn list(name: &str, members: impl IntoIterator<Item = String>) -> String {
    let members: String = members
        .into_iter()
        .map(|inner| element("member", &inner))
        .collect();
    element(name, &members)
}
