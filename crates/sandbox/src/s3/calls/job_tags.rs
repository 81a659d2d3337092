//! The tags of jobs (BC:s3control PutJobTagging): fifty at most.

use std::collections::BTreeMap;

use http::StatusCode;
use s3s::{Body, S3Error, S3Response, S3Result};

use super::body::{empty, parse};
use super::control::answer;
use super::job_document::leaf;
use crate::s3::errors::{fault, invalid_request, malformed_xml};
use crate::s3::rules::tags::has_control;
use crate::s3::state::batch::reading::Violation;
use crate::s3::state::batch::request::tags;
use crate::s3::state::world::Store;

const MOST: usize = 50;

/// Answers GetJobTagging.
pub(crate) fn shown(tags: &BTreeMap<String, String>) -> S3Response<Body> {
    let tag = |(key, value): (&String, &String)| {
        let (key, value) = (leaf("Key", key), leaf("Value", value));
        format!("<member>{key}{value}</member>")
    };
    let tags: String = tags.iter().map(tag).collect();
    answer("GetJobTaggingResult", &format!("<Tags>{tags}</Tags>"))
}

/// Reads the tags of PutJobTagging.
pub(crate) fn read(body: &[u8]) -> S3Result<BTreeMap<String, String>> {
    let root = parse(body, "PutJobTaggingRequest")?;
    tags(&root).map_err(refusal)
}

/// Answers PutJobTagging: all tags are replaced.
pub(crate) fn put(
    store: &Store,
    id: &str,
    tags: BTreeMap<String, String>,
) -> S3Result<S3Response<Body>> {
    check(&tags)?;
    store.jobs.change(id, |job| job.tags = tags);
    Ok(answer("PutJobTaggingResult", ""))
}

/// Answers DeleteJobTagging.
pub(crate) fn delete(store: &Store, id: &str) -> S3Response<Body> {
    store.jobs.change(id, |job| job.tags.clear());
    empty(StatusCode::NO_CONTENT)
}

/// Checks tags, be they given with a new job or later.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> S3Result<()> {
    if tags.len() > MOST {
        let text = "The number of tags exceeds the limit of 50 tags.";
        return Err(fault(400, "TooManyTagsException", text));
    }
    let is_bad = |text: &String| has_control(text) || text.to_ascii_lowercase().starts_with("aws:");
    if tags.keys().any(is_bad) || tags.values().any(|value| has_control(value)) {
        return Err(fault(
            400,
            "InvalidTag",
            "The tag provided was not a valid tag.",
        ));
    }
    Ok(())
}

/// Says what is wrong with a request. That S3 tells a contradiction as `InvalidRequest` is remembered, not sourced.
pub(crate) fn refusal(violation: Violation) -> S3Error {
    match violation {
        Violation::Schema => malformed_xml(),
        Violation::Contradiction => invalid_request("Request invalid"),
    }
}
