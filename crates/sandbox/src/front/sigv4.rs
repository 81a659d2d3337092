//! Checks SigV4 signatures of the query services; S3's are checked by s3s, which follows the
//! chunks of a streaming upload.

use std::time::{Duration, SystemTime};

use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::scope::Scope;
use crate::wire::Form;

/// Characters SigV4 encodes: all but the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// How far a client's clock may be off (IAMUG: signature validity is five minutes for most
/// services; S3 and STS allow fifteen, which is the bound here for all).
const SKEW: Duration = Duration::from_secs(15 * 60);

/// The longest a presigned request is valid (AWS's SigV4 documentation, X-Amz-Expires).
pub(super) const PRESIGNED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// It was not made from this request with this secret.
    Mismatch,
    /// It was made too long ago, or in the future, or for another day than its scope.
    Time,
}

/// Checks the signature of a request whose body was read whole.
pub(crate) fn verify(
    parts: &Parts,
    body: &[u8],
    scope: &Scope,
    secret: &str,
    now: SystemTime,
) -> Result<(), SignatureError> {
    check_time(scope, now)?;
    if sign(parts, body, scope, secret) == scope.signature {
        return Ok(());
    }
    Err(SignatureError::Mismatch)
}

/// Returns the signature that a request must have, with the headers its scope says are signed.
pub(crate) fn sign(parts: &Parts, body: &[u8], scope: &Scope, secret: &str) -> String {
    let canonical = canonical_request(parts, body, scope);
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{}/{}/{}/aws4_request\n{}",
        scope.time,
        scope.day,
        scope.region,
        scope.service,
        hex::encode(Sha256::digest(canonical.as_bytes()))
    );
    hex::encode(hmac(&signing_key(scope, secret), text.as_bytes()))
}

fn check_time(scope: &Scope, now: SystemTime) -> Result<(), SignatureError> {
    let signed = signed_at(&scope.time).ok_or(SignatureError::Time)?;
    let valid = scope
        .presigned_for
        .map_or(SKEW, |seconds| PRESIGNED.min(Duration::from_secs(seconds)));
    let in_time = now < signed + valid && signed < now + SKEW;
    if in_time && scope.time.starts_with(&scope.day) {
        Ok(())
    } else {
        Err(SignatureError::Time)
    }
}

fn signed_at(time: &str) -> Option<SystemTime> {
    let time = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", time)
        .ok()?
        .to_datetime()
        .ok()?;
    let time = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(time.as_second()).ok()?))
}

fn canonical_request(parts: &Parts, body: &[u8], scope: &Scope) -> String {
    let headers: String = scope
        .signed_headers
        .iter()
        .map(|name| header_line(parts, name))
        .collect();
    format!(
        "{}\n{}\n{}\n{headers}\n{}\n{}",
        parts.method,
        parts.uri.path(),
        canonical_query(parts.uri.query().unwrap_or("")),
        scope.signed_headers.join(";"),
        hex::encode(Sha256::digest(body))
    )
}

fn header_line(parts: &Parts, name: &str) -> String {
    let values = parts.headers.get_all(name).iter();
    let trimmed = |value: &http::HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    format!(
        "{name}:{}\n",
        values.map(trimmed).collect::<Vec<_>>().join(",")
    )
}

fn canonical_query(query: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let form = Form::parse(query);
    let mut fields: Vec<_> = form
        .iter()
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    fields.sort();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    fields.join("&")
}

fn signing_key(scope: &Scope, secret: &str) -> [u8; 32] {
    let day = hmac(format!("AWS4{secret}").as_bytes(), scope.day.as_bytes());
    let region = hmac(&day, scope.region.as_bytes());
    let service = hmac(&region, scope.service.as_bytes());
    hmac(&service, b"aws4_request")
}

/// HMAC-SHA256 (RFC 2104), written out because the crate would bring a second `digest`.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS's SigV4 documentation (IAM ListUsers, 2015-08-30).
    fn example() -> (Parts, Scope) {
        let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
            SignedHeaders=content-type;host;x-amz-date, \
            Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let request = http::Request::builder()
            .method("GET")
            .uri("/?Action=ListUsers&Version=2010-05-08")
            .header("host", "iam.amazonaws.com")
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .header("x-amz-date", "20150830T123600Z")
            .header("authorization", header);
        let parts = request.body(()).unwrap().into_parts().0;
        let scope = Scope::of(&parts).unwrap();
        (parts, scope)
    }

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn signed() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
    }

    #[test]
    fn the_documented_example_is_accepted() {
        let (parts, scope) = example();
        assert_eq!(verify(&parts, b"", &scope, SECRET, signed()), Ok(()));
    }

    #[test]
    fn another_secret_body_or_query_is_not() {
        let (mut parts, scope) = example();
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(verify(&parts, b"", &scope, "other", signed()), mismatch);
        assert_eq!(verify(&parts, b"x", &scope, SECRET, signed()), mismatch);
        parts.uri = "/?Action=ListRoles&Version=2010-05-08".parse().unwrap();
        assert_eq!(verify(&parts, b"", &scope, SECRET, signed()), mismatch);
    }

    #[test]
    fn an_old_signature_is_not() {
        let (parts, scope) = example();
        let late = signed() + SKEW;
        assert_eq!(
            verify(&parts, b"", &scope, SECRET, late),
            Err(SignatureError::Time)
        );
        let early = signed() - SKEW;
        assert_eq!(
            verify(&parts, b"", &scope, SECRET, early),
            Err(SignatureError::Time)
        );
    }

    #[test]
    fn a_presigned_request_is_valid_for_a_week_at_most() {
        let (_, mut scope) = example();
        let week = PRESIGNED.as_secs();
        for (seconds, after, valid) in [
            (60, 59, true),
            (60, 60, false),
            (u64::MAX, week - 1, true),
            (u64::MAX, week, false),
        ] {
            scope.presigned_for = Some(seconds);
            let now = signed() + Duration::from_secs(after);
            assert_eq!(check_time(&scope, now).is_ok(), valid, "{seconds} {after}");
        }
    }

    #[test]
    fn long_keys_are_hashed_first() {
        // RFC 4231, test case 6.
        let mac = hmac(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(hex::encode(mac), expected);
    }
}
