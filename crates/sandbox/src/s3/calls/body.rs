//! Documents as they come in a body, and responses as they go out.

use http::{HeaderName, HeaderValue, StatusCode};
use s3s::{Body, S3Response, S3Result};

use crate::s3::errors::malformed_xml;
use crate::s3::xml::{self, Element};

/// Parses a document with this root element.
pub(crate) fn parse(body: &[u8], root: &str) -> S3Result<Element> {
    let element = xml::parse(body).map_err(|_| malformed_xml())?;
    if element.name == root {
        Ok(element)
    } else {
        Err(malformed_xml())
    }
}

/// Returns the document as it was sent, without what precedes its root element.
pub(crate) fn as_sent(body: &[u8], root: &Element) -> String {
    let text = String::from_utf8_lossy(body);
    match text.find(&format!("<{}", root.name)) {
        Some(at) => text[at..].trim_end().to_owned(),
        None => root.write(),
    }
}

/// Returns a response without a body.
pub(crate) fn empty(status: StatusCode) -> S3Response<Body> {
    S3Response::with_status(Body::empty(), status)
}

/// Adds a header to a response, unless its value cannot be one.
pub(crate) fn with_header(
    mut response: S3Response<Body>,
    name: HeaderName,
    value: &str,
) -> S3Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers.insert(name, value);
    }
    response
}
