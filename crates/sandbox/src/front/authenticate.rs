//! Who may call at all: keys, tokens and signatures, and each service's words for what is wrong.

use std::time::{Duration, SystemTime};

use http::request::Parts;

use super::scope::Scope;
use super::sigv4::{self, SignatureError};
use crate::authority::Caller;
use crate::keys::{Key, KeyError};
use crate::wire::Form;
use crate::wire::Refusal;

/// Checks key, token and signature of a query call.
pub(super) fn authenticated<'a>(
    key: &'a Result<Option<Key>, KeyError>,
    scope: Option<&Scope>,
    parts: &Parts,
    body: &[u8],
) -> Result<&'a Caller, Refusal> {
    let (Ok(Some(key)), Some(scope)) = (key, scope) else {
        return Err(key_refusal_query(key));
    };
    let verified = sigv4::verify(parts, body, scope, &key.secret, SystemTime::now());
    verified.map_err(|error| signature_refusal(error, scope))?;
    Ok(&key.caller)
}

fn key_refusal_query(key: &Result<Option<Key>, KeyError>) -> Refusal {
    let (code, message) = match key {
        Ok(_) => (
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        ),
        Err(KeyError::Unknown | KeyError::Token) => (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        Err(KeyError::Expired) => (
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
    };
    Refusal::new(403, code, message)
}

fn signature_refusal(error: SignatureError, scope: &Scope) -> Refusal {
    let message = match error {
        SignatureError::Mismatch => {
            "The request signature we calculated does not match the signature you provided. Check \
             your AWS Secret Access Key and signing method. Consult the service documentation for \
             details."
                .to_owned()
        }
        SignatureError::Time => {
            format!(
                "Signature expired or not yet current: {} is outside the allowed time.",
                scope.time
            )
        }
    };
    Refusal::new(403, "SignatureDoesNotMatch", message)
}

/// Words what is wrong with key, token or signature as services of JSON do, of which all is 400.
pub(super) fn in_json(refusal: Refusal) -> Refusal {
    let code = match refusal.code.as_str() {
        "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
        "InvalidClientTokenId" => "UnrecognizedClientException",
        "ExpiredToken" => "ExpiredTokenException",
        _ => "InvalidSignatureException",
    };
    Refusal::new(400, code, refusal.message)
}

/// Returns S3's error for a signature of version 2, which AWS's newer Regions do not take.
pub(super) fn version_2_refusal(parts: &Parts) -> Option<Refusal> {
    let header = parts.headers.get(http::header::AUTHORIZATION);
    let in_header = header.is_some_and(|value| value.as_bytes().starts_with(b"AWS "));
    let query = Form::parse(parts.uri.query().unwrap_or(""));
    let message = "The authorization mechanism you have provided is not supported. Please use \
                   AWS4-HMAC-SHA256.";
    let is_version_2 = in_header || query.has("AWSAccessKeyId");
    is_version_2.then(|| Refusal::new(400, "InvalidRequest", message))
}

/// Returns S3's error for a request that is presigned for more than a week (AWS's SigV4 documentation, X-Amz-Expires).
pub(super) fn presigned_refusal(scope: Option<&Scope>) -> Option<Refusal> {
    let message = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
                   less than 604800 seconds";
    let seconds = scope?.presigned_for?;
    (Duration::from_secs(seconds) > sigv4::PRESIGNED)
        .then(|| Refusal::new(400, "AuthorizationQueryParametersError", message))
}

/// Returns S3's error for a key that does not open anything.
pub(super) fn key_refusal_s3(key: &Result<Option<Key>, KeyError>) -> Option<Refusal> {
    let (status, code, message) = match key {
        Ok(_) => return None,
        Err(KeyError::Unknown) => {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            (403, "InvalidAccessKeyId", message)
        }
        Err(KeyError::Token) => (
            400,
            "InvalidToken",
            "The provided token is malformed or otherwise invalid.",
        ),
        Err(KeyError::Expired) => (400, "ExpiredToken", "The provided token has expired."),
    };
    Some(Refusal::new(status, code, message))
}
