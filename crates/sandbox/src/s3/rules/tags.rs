//! Object tags: how many, how long, and each key once.

use s3s::S3Result;

use crate::s3::errors::fault;
use crate::s3::state::version::Tags;
use crate::wire::Form;

/// Reads the `x-amz-tagging` header.
pub(crate) fn tags_of_header(header: Option<&str>) -> S3Result<Tags> {
    let form = Form::parse(header.unwrap_or_default());
    tags(
        form.iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    )
}

/// Tags are letters, digits, spaces and some signs (UG:object-tagging); of the rest only what could not be read back
/// in XML is refused here, because which other signs S3 refuses is unverified.
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Checks and sorts object tags.
pub(crate) fn tags(mut pairs: Vec<(String, String)>) -> S3Result<Tags> {
    let invalid = |text: &'static str| fault(400, "InvalidTag", text);
    if pairs.len() > 10 {
        return Err(fault(
            400,
            "BadRequest",
            "Object tags cannot be greater than 10",
        ));
    }
    for (key, value) in &pairs {
        if key.is_empty() || key.chars().count() > 128 || has_control(key) {
            return Err(invalid("The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 || has_control(value) {
            return Err(invalid("The TagValue you have provided is invalid"));
        }
    }
    pairs.sort();
    if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(invalid("Cannot provide multiple Tags with the same key"));
    }
    Ok(pairs
        .into_iter()
        .map(|(key, value)| (key.into(), value.into()))
        .collect())
}
