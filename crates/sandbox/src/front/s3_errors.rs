//! Completes S3's error replies: s3s leaves out the message of the errors that it raises itself.

use crate::wire::refusal::{error_code, escaped};

/// AWS's messages (S3 API reference, "List of error codes").
const MESSAGES: &[(&str, &str)] = &[
    ("AccessDenied", "Access Denied"),
    (
        "BadDigest",
        "The Content-MD5 or checksum value you specified did not match what we received.",
    ),
    (
        "BucketNotEmpty",
        "The bucket you tried to delete is not empty",
    ),
    (
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
    ),
    (
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    ),
    (
        "InternalError",
        "We encountered an internal error. Please try again.",
    ),
    ("InvalidBucketName", "The specified bucket is not valid."),
    ("InvalidDigest", "The Content-MD5 you specified was invalid"),
    ("InvalidRange", "The requested range is not satisfiable"),
    ("InvalidURI", "Couldn't parse the specified URI."),
    ("KeyTooLongError", "Your key is too long"),
    (
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    ),
    (
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    ),
    (
        "MissingContentLength",
        "You must provide the Content-Length HTTP header.",
    ),
    ("NoSuchBucket", "The specified bucket does not exist"),
    ("NoSuchKey", "The specified key does not exist."),
    (
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have \
         been aborted or completed.",
    ),
    ("NoSuchVersion", "The specified version does not exist."),
    (
        "NotImplemented",
        "A header you provided implies functionality that is not implemented",
    ),
    (
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    ),
    (
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    ),
    (
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your \
         key and signing method.",
    ),
    (
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
];

/// Adds the message where it is missing.
pub(crate) fn with_message(xml: String) -> String {
    if xml.contains("<Message>") {
        return xml;
    }
    let code = error_code(&xml).unwrap_or_default();
    let message = MESSAGES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, message)| *message);
    let element = format!(
        "</Code><Message>{}</Message>",
        escaped(message.unwrap_or(&code))
    );
    xml.replacen("</Code>", &element, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_message_is_added() {
        let bare = "<Error><Code>NoSuchKey</Code></Error>".to_owned();
        assert_eq!(
            with_message(bare),
            "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
        );
        let whole = "<Error><Code>A</Code><Message>m</Message></Error>";
        assert_eq!(with_message(whole.to_owned()), whole);
    }
}
