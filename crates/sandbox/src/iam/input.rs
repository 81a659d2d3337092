//! Reads and checks the fields of a call, and words what is wrong with them as AWS does.

use std::collections::BTreeMap;
use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::state::{Identity, Kind, Policy, State};
use super::xml::text;
use crate::policy::SYNTAX;
use crate::policy::validation::identity::{self, Place};
use crate::wire::{Form, Refusal};

type Checked<T> = Result<T, Refusal>;

/// What the characters of a name are checked against, for [`constraint`].
const NAME: &str = "[\\w+=,.@-]+";

/// Documents are percent-encoded as RFC 3986 says (BC:iam GetRole).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The most tags a role, user or policy may have (IAMUG:reference_iam-quotas).
pub(crate) const TAGS: usize = 50;

/// Makes the error of a value that is not as the API's model demands.
pub(crate) fn constraint(value: Option<&str>, field: &str, must: &str) -> Refusal {
    let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
    let mut chars = field.chars();
    let first = chars.next().map(|char| char.to_ascii_lowercase());
    let member: String = first.into_iter().chain(chars).collect();
    let message = format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: \
         Member must {must}"
    );
    Refusal::new(400, "ValidationError", message)
}

/// Says what a number must be that is not within its bounds.
pub(crate) fn outside<T: PartialOrd + Display>(number: T, least: T, most: T) -> Option<String> {
    if number < least {
        Some(format!("have value greater than or equal to {least}"))
    } else if number > most {
        Some(format!("have value less than or equal to {most}"))
    } else {
        None
    }
}

/// Makes the error of a value with characters that are not allowed.
pub(crate) fn pattern_error(value: &str, field: &str, pattern: &str) -> Refusal {
    constraint(
        Some(value),
        field,
        &format!("satisfy regular expression pattern: {pattern}"),
    )
}

/// Reads a field that must be there.
pub(crate) fn required<'a>(form: &'a Form, field: &str) -> Checked<&'a str> {
    form.get(field)
        .ok_or_else(|| constraint(None, field, "not be null"))
}

/// Reads a name of at most so many characters.
pub(crate) fn name<'a>(form: &'a Form, field: &str, longest: usize) -> Checked<&'a str> {
    let name = required(form, field)?;
    if name.is_empty() {
        let must = "have length greater than or equal to 1";
        return Err(constraint(Some(name), field, must));
    }
    if name.chars().count() > longest {
        let must = format!("have length less than or equal to {longest}");
        return Err(constraint(Some(name), field, &must));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if name.bytes().all(allowed) {
        Ok(name)
    } else {
        Err(pattern_error(name, field, NAME))
    }
}

/// Reads the name of a role, user or group (BC:iam roleNameType, userNameType, groupNameType).
pub(crate) fn identity_name(form: &Form, kind: Kind) -> Checked<&str> {
    let longest = match kind {
        Kind::Role | Kind::User => 64,
        Kind::Group => 128,
    };
    name(form, kind.field(), longest)
}

/// Reads a path, `/` where there is none.
pub(crate) fn path(form: &Form) -> Checked<&str> {
    let path = form.get("Path").unwrap_or("/");
    let whole = path.starts_with('/') && path.ends_with('/') && path.len() <= 512;
    if whole && !path.contains("//") && path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(path);
    }
    let message = "The specified value for path is invalid. It must begin and end with / and \
                   contain only alphanumeric characters and/or / characters.";
    Err(Refusal::new(400, "ValidationError", message))
}

/// Reads a whole number within bounds.
pub(crate) fn number(form: &Form, field: &str, least: u64, most: u64) -> Checked<Option<u64>> {
    let Some(given) = form.get(field) else {
        return Ok(None);
    };
    let Ok(number) = given.parse::<u64>() else {
        return Err(Refusal::new(
            400,
            "MalformedInput",
            format!("{field} is not a number"),
        ));
    };
    match outside(number, least, most) {
        Some(must) => Err(constraint(Some(given), field, &must)),
        None => Ok(Some(number)),
    }
}

/// Reads `Tags.member.N.Key` and `.Value`.
pub(crate) fn tags(form: &Form) -> Checked<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    let pairs = (1..).map_while(|n| {
        let key = form.get(&format!("Tags.member.{n}.Key"))?;
        Some((
            key,
            form.get(&format!("Tags.member.{n}.Value")).unwrap_or(""),
        ))
    });
    for (key, value) in pairs {
        check_tag(key, value)?;
        let taken = |known: &String| known.to_lowercase() == key.to_lowercase();
        if tags.keys().any(taken) {
            let message =
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Refusal::new(400, "InvalidInput", message));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}

/// What tags may hold (BC:iam tagKeyType, tagValueType).
fn is_tag_char(char: char) -> bool {
    let separator = char.is_whitespace() && !char.is_control();
    char.is_alphanumeric() || separator || "_.:/=+-@".contains(char)
}

fn check_tag(key: &str, value: &str) -> Checked<()> {
    for (text, field, end) in [
        (key, "tags.1.member.key", '+'),
        (value, "tags.1.member.value", '*'),
    ] {
        if !text.chars().all(is_tag_char) {
            let pattern = format!("[\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]{end}");
            return Err(pattern_error(text, field, &pattern));
        }
    }
    if key.is_empty() || key.chars().count() > 128 {
        let must = "have length less than or equal to 128";
        return Err(constraint(Some(key), "tags.1.member.key", must));
    }
    if value.chars().count() > 256 {
        let must = "have length less than or equal to 256";
        return Err(constraint(Some(value), "tags.1.member.value", must));
    }
    Ok(())
}

/// Reads `NAME.member.N`.
pub(crate) fn members<'a>(form: &'a Form, field: &str) -> Vec<&'a str> {
    (1..)
        .map_while(|n| form.get(&format!("{field}.member.{n}")))
        .collect()
}

/// Reads a policy's text, which has the characters of Latin-1 only (BC:iam policyDocumentType).
pub(crate) fn document<'a>(form: &'a Form, field: &str) -> Checked<&'a str> {
    let json = required(form, field)?;
    if json.chars().all(is_document_char) {
        return Ok(json);
    }
    let pattern = "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+";
    Err(pattern_error(json, field, pattern))
}

fn is_document_char(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')
}

/// Reads the document of an identity's policy.
pub(crate) fn identity_policy(form: &Form, place: Place) -> Checked<Policy> {
    let json = document(form, "PolicyDocument")?;
    identity::check(json, place).map_err(|message| malformed(&message))?;
    Policy::new(json).ok_or_else(|| malformed(SYNTAX))
}

/// Makes the error of a document that is not a policy.
pub(crate) fn malformed(message: &str) -> Refusal {
    Refusal::new(400, "MalformedPolicyDocument", message)
}

/// Counts a document's characters as quotas do, without white space (IAMUG:reference_iam-quotas).
pub(crate) fn size(json: &str) -> usize {
    json.chars().filter(|char| !char.is_whitespace()).count()
}

/// Makes a LimitExceeded error.
pub(crate) fn limit(message: impl Into<String>) -> Refusal {
    Refusal::new(409, "LimitExceeded", message)
}

/// Encodes a document as replies hold it.
pub(crate) fn encoded(json: &str) -> String {
    utf8_percent_encode(json, ENCODED).to_string()
}

/// Makes the error of a role or user that is not there.
pub(crate) fn no_such(kind: Kind, name: &str) -> Refusal {
    no_such_entity(format!(
        "The {} with name {name} cannot be found.",
        kind.word()
    ))
}

/// Makes a NoSuchEntity error.
pub(crate) fn no_such_entity(message: impl Into<String>) -> Refusal {
    Refusal::new(404, "NoSuchEntity", message)
}

impl State {
    /// Finds a role or user, or says that there is none.
    pub(crate) fn find(&self, kind: Kind, name: &str) -> Checked<&Identity> {
        self.identity(kind, name).ok_or_else(|| no_such(kind, name))
    }

    /// Finds a role or user to change, or says that there is none.
    pub(crate) fn find_mut(&mut self, kind: Kind, name: &str) -> Checked<&mut Identity> {
        self.identity_mut(kind, name)
            .ok_or_else(|| no_such(kind, name))
    }
}

/// Cuts a list into the page that a call asks for, and writes the page's end. Markers are
/// positions; a list that changes between pages shifts, as AWS's may.
pub(crate) fn page<T>(
    form: &Form,
    items: impl IntoIterator<Item = T>,
) -> Checked<(Vec<T>, String)> {
    let size = number(form, "MaxItems", 1, 1000)?.unwrap_or(100);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let start = match form.get("Marker") {
        None => 0,
        Some(marker) => marker
            .strip_prefix('m')
            .and_then(|at| at.parse().ok())
            .ok_or_else(|| {
                Refusal::new(400, "ValidationError", format!("Invalid Marker: {marker}"))
            })?,
    };
    let mut rest = items.into_iter().skip(start);
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let mut end = text("IsTruncated", if more { "true" } else { "false" });
    if more {
        end.push_str(&text("Marker", &format!("m{}", start + size)));
    }
    Ok((page, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text)
    }

    #[test]
    fn names_are_checked_as_the_model_says() {
        assert_eq!(
            name(&form("RoleName=a-b_c"), "RoleName", 64).unwrap(),
            "a-b_c"
        );
        let missing = name(&form(""), "RoleName", 64).unwrap_err();
        assert_eq!(
            missing.message,
            "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: \
             Member must not be null"
        );
        let bad = name(&form("RoleName=a%20b"), "RoleName", 64).unwrap_err();
        assert!(
            bad.message
                .ends_with("regular expression pattern: [\\w+=,.@-]+"),
            "{bad:?}"
        );
        let long = format!("RoleName={}", "a".repeat(65));
        assert!(
            name(&form(&long), "RoleName", 64)
                .unwrap_err()
                .message
                .ends_with("to 64")
        );
    }

    #[test]
    fn paths_begin_and_end_with_a_slash() {
        assert_eq!(path(&form("")).unwrap(), "/");
        assert_eq!(path(&form("Path=/a/b/")).unwrap(), "/a/b/");
        for bad in ["Path=a/", "Path=/a", "Path=//"] {
            assert!(path(&form(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_are_read_and_must_differ() {
        let read = tags(&form(
            "Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.2.Key=b",
        ))
        .unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(
            tags(&form("Tags.member.1.Key=a&Tags.member.2.Key=A"))
                .unwrap_err()
                .code,
            "InvalidInput"
        );
    }

    #[test]
    fn pages_follow_their_markers() {
        let (one, end) = page(&form("MaxItems=2"), vec![1, 2, 3]).unwrap();
        assert_eq!(
            (one, end.as_str()),
            (
                vec![1, 2],
                "<IsTruncated>true</IsTruncated><Marker>m2</Marker>"
            )
        );
        let (two, end) = page(&form("MaxItems=2&Marker=m2"), vec![1, 2, 3]).unwrap();
        assert_eq!(
            (two, end.as_str()),
            (vec![3], "<IsTruncated>false</IsTruncated>")
        );
        assert!(page(&form("Marker=x"), vec![1]).is_err());
    }

    #[test]
    fn documents_are_encoded_without_plus_signs() {
        assert_eq!(encoded("{\"a\": \"+~\"}"), "%7B%22a%22%3A%20%22%2B~%22%7D");
    }
}
