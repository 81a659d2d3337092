//! Names and values of a query string or a form body.

use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands in a form as it is, and the slash, which S3 leaves in keys (seen in notifications: `a%40b`).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/')
    .remove(b' ');

/// Encodes a key as S3 does where it writes of keys: as forms are, but for slashes.
pub(crate) fn form_encoded(key: &str) -> String {
    utf8_percent_encode(key, ENCODED)
        .to_string()
        .replace(' ', "+")
}

/// Names and values in the order they came, decoded (`+` is a space).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Reads the form in the body of a request, or in its query where the body is empty.
    pub(crate) fn of_request(parts: &Parts, body: &[u8]) -> Self {
        let body = std::str::from_utf8(body).unwrap_or("");
        let text = if body.is_empty() {
            parts.uri.query().unwrap_or("")
        } else {
            body
        };
        Self::parse(text)
    }

    /// Parses `a=1&b=x%20y`; a name without `=` has an empty value.
    pub(crate) fn parse(text: &str) -> Self {
        let field = |field: &str| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            (decoded(name), decoded(value))
        };
        Self {
            fields: text
                .split('&')
                .filter(|field| !field.is_empty())
                .map(field)
                .collect(),
        }
    }

    /// Returns the first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Tells whether the name is there, with any value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns names and values in the order they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded() {
        let form = Form::parse("Action=PutRolePolicy&Doc=%7B%22a%22%3A+1%7D&flag");
        assert_eq!(form.get("Doc"), Some("{\"a\": 1}"));
        assert_eq!(form.get("flag"), Some(""));
        assert!(!form.has("other"));
    }
}
