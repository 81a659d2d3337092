//! Documents as they come in a body, and responses as they go out.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use s3s::{Body, S3Response, S3Result};

use crate::s3::checksum;
use crate::s3::errors::{fault, malformed_xml};
use crate::s3::xml::{self, Element};

/// A configuration document may have 2 MB (BC:s3 ReplicationConfiguration); requests may hold a
/// little more so that the refusal is S3's.
const LARGEST: usize = 4 << 20;

/// Reads a body whole.
pub(crate) async fn read(body: Body) -> S3Result<Bytes> {
    let limited = http_body_util::Limited::new(body, LARGEST);
    match limited.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let text = "Your request was too big.";
            Err(fault(400, "MaxMessageLengthExceeded", text))
        }
        // A body that does not match its signed hash or its length ends here, too.
        Err(_) => Err(fault(
            400,
            "IncompleteBody",
            "The request body could not be read.",
        )),
    }
}

/// Checks a body against the digests that its headers name.
pub(crate) fn verify(headers: &HeaderMap, body: &Bytes) -> S3Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let pieces = std::slice::from_ref(body);
    checksum::verify_md5(text("content-md5"), &checksum::md5(pieces))?;
    for algorithm in checksum::ALGORITHMS {
        if let Some(sent) = text(algorithm.header()) {
            checksum::settle(Some((algorithm, sent.to_owned())), None, pieces)?;
        }
    }
    Ok(())
}

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

/// Answers with a document, given without its declaration.
pub(crate) fn xml_reply(document: &str) -> S3Response<Body> {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{document}");
    xml_text(text)
}

/// Answers with a document as it is.
pub(crate) fn xml_text(document: String) -> S3Response<Body> {
    reply(StatusCode::OK, "application/xml", document)
}

/// Answers with a text.
pub(crate) fn reply(
    status: StatusCode,
    content_type: &'static str,
    text: String,
) -> S3Response<Body> {
    let mut response = S3Response::with_status(Body::from(text), status);
    let headers = &mut response.headers;
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static(content_type),
    );
    response
}
