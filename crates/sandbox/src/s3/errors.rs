//! S3's errors: code, status and message as AWS words them.
//!
//! Every error is made here or in the table of the part that owns it, so that texts are found in
//! one guess. Extra elements of the error document (`<Region>`, `<Endpoint>`) travel as headers to
//! `calls/service.rs`, which writes the document.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use s3s::{S3Error, S3ErrorCode};

use crate::wire::is_xml_char;

/// Headers with this prefix become elements of the error document.
pub(crate) const DETAIL_PREFIX: &str = "x-sandbox-detail-";

/// The header that stands for the status of a reply to a call of which s3s knows but one.
pub(crate) const STATUS: HeaderName = HeaderName::from_static("x-sandbox-status");

/// The header that names a bucket's Region.
pub(crate) const BUCKET_REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

/// Makes an error with this status, code and message. A message that quotes a key may hold what XML cannot carry.
pub(crate) fn fault(status: u16, code: &str, message: impl Into<Cow<'static, str>>) -> S3Error {
    let message: Cow<'static, str> = message.into();
    let message = if message.chars().all(is_xml_char) {
        message
    } else {
        message
            .replace(|char| !is_xml_char(char), "\u{fffd}")
            .into()
    };
    let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
    let mut error = S3Error::with_message(code, message);
    error.set_status_code(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST));
    error
}

/// Adds an element to the error document.
pub(crate) fn with_detail(mut error: S3Error, name: &str, value: &str) -> S3Error {
    let mut headers = error.headers().cloned().unwrap_or_default();
    let name = HeaderName::try_from(format!("{DETAIL_PREFIX}{}", name.to_ascii_lowercase()));
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
    error.set_headers(headers);
    error
}

/// Adds a header to the error's response.
pub(crate) fn with_header(mut error: S3Error, name: HeaderName, value: &str) -> S3Error {
    let mut headers: HeaderMap = error.headers().cloned().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
    error.set_headers(headers);
    error
}

/// 403 AccessDenied.
pub(crate) fn access_denied(message: impl Into<Cow<'static, str>>) -> S3Error {
    fault(403, "AccessDenied", message)
}

/// 404 NoSuchBucket.
pub(crate) fn no_such_bucket(bucket: &str) -> S3Error {
    let error = fault(404, "NoSuchBucket", "The specified bucket does not exist");
    with_detail(error, "BucketName", bucket)
}

/// 404 NoSuchKey.
pub(crate) fn no_such_key() -> S3Error {
    fault(404, "NoSuchKey", "The specified key does not exist.")
}

/// 404 NoSuchVersion.
pub(crate) fn no_such_version() -> S3Error {
    fault(
        404,
        "NoSuchVersion",
        "The specified version does not exist.",
    )
}

/// 404 NoSuchUpload.
pub(crate) fn no_such_upload() -> S3Error {
    let text = "The specified upload does not exist. The upload ID may be invalid, or the upload \
                may have been aborted or completed.";
    fault(404, "NoSuchUpload", text)
}

/// 400 MalformedXML.
pub(crate) fn malformed_xml() -> S3Error {
    let text = "The XML you provided was not well-formed or did not validate against our \
                published schema";
    fault(400, "MalformedXML", text)
}

/// 400 InvalidRequest.
pub(crate) fn invalid_request(message: impl Into<Cow<'static, str>>) -> S3Error {
    fault(400, "InvalidRequest", message)
}

/// 400 InvalidArgument.
pub(crate) fn invalid_argument(message: impl Into<Cow<'static, str>>) -> S3Error {
    fault(400, "InvalidArgument", message)
}

/// 412 PreconditionFailed.
pub(crate) fn precondition_failed(condition: &str) -> S3Error {
    let text = "At least one of the pre-conditions you specified did not hold";
    with_detail(
        fault(412, "PreconditionFailed", text),
        "Condition",
        condition,
    )
}

/// 405 MethodNotAllowed.
pub(crate) fn method_not_allowed() -> S3Error {
    let text = "The specified method is not allowed against this resource.";
    fault(405, "MethodNotAllowed", text)
}

/// 501 NotImplemented for whoever changes what is in a bucket that is computed.
pub(crate) fn computed_stays() -> S3Error {
    not_modelled("changes of what is in a synthetic bucket")
}

/// 501 NotImplemented: what this sandbox does not model, said plainly.
pub(crate) fn not_modelled(what: &str) -> S3Error {
    fault(
        501,
        "NotImplemented",
        format!("The sandbox does not model {what}."),
    )
}
