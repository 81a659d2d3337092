//! What is noted of each call for the logs of AWS.

use std::time::{Instant, SystemTime};

use http::request::Parts;
use hyper::body::Body as _;
use serde_json::{Map, Value};

use super::scope::Scope;
use crate::keys::Key;
use crate::particulars::{Particulars, Replied};
use crate::wire::Form;
use crate::wire::refusal::Reply;

/// The longest input that is kept: CloudTrail leaves out request parameters beyond 100 KB, and few here are longer than a
/// policy.
const INPUT: usize = 32 << 10;

/// Headers that say something of a request to S3 and are not about its signature or its transfer.
const PREFIX: &str = "x-amz-";
const NOT_TOLD: [&str; 6] = [
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amz-target",
    "x-amz-mfa",
];

/// Reads what a request says of itself.
pub(super) fn of_request(
    at: SystemTime,
    parts: &Parts,
    (scope, key): (Option<&Scope>, Option<&Key>),
    input: String,
) -> Particulars {
    let header = |name: &str| {
        let value = parts.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let told = parts.headers.iter().filter_map(|(name, value)| {
        let name = name.as_str();
        let told = name.starts_with(PREFIX) && !NOT_TOLD.contains(&name);
        let secret = name.contains("customer-key") && !name.ends_with("md5");
        (told && !secret).then(|| Some((name.to_owned(), value.to_str().ok()?.to_owned())))?
    });
    let size = ["x-amz-decoded-content-length", "content-length"]
        .iter()
        .find_map(|name| header(name).parse().ok());
    Particulars {
        at,
        caller: key.map(|key| key.caller.clone()),
        access_key: scope.map_or_else(String::new, |scope| scope.access_key_id.clone()),
        of_aws: false,
        method: parts.method.to_string(),
        uri: uri(parts),
        host: header("host").to_owned(),
        user_agent: header("user-agent").to_owned(),
        referer: header("referer").to_owned(),
        auth_type: match scope {
            None => "",
            Some(scope) if scope.presigned_for.is_some() => "QueryString",
            Some(_) => "AuthHeader",
        },
        headers: told.collect(),
        input,
        received: size.unwrap_or_default(),
    }
}

/// Signatures and tokens in a query are no log's business.
fn uri(parts: &Parts) -> String {
    let path = parts.uri.path();
    let secret = |pair: &&str| {
        let name = pair.to_ascii_lowercase();
        !name.starts_with("x-amz-signature") && !name.starts_with("x-amz-security-token")
    };
    let query = parts.uri.query().unwrap_or_default();
    let query: Vec<&str> = query.split('&').filter(secret).collect();
    match query.join("&") {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// Returns the input of a JSON service as it is kept.
pub(super) fn of_json(input: &Value) -> String {
    bounded(input.to_string())
}

/// Returns the input of a service of the query protocol as JSON, with the names that events have: in lower case at first.
pub(super) fn of_form(form: &Form) -> String {
    let fields = form
        .iter()
        .filter(|(name, _)| !["Action", "Version"].contains(name));
    let fields = fields.map(|(name, value)| {
        let mut chars = name.chars();
        let first = chars.next().map(|char| char.to_ascii_lowercase());
        let name: String = first.into_iter().chain(chars).collect();
        (name, Value::String(value.to_owned()))
    });
    bounded(Value::Object(fields.collect::<Map<_, _>>()).to_string())
}

fn bounded(text: String) -> String {
    if text.len() > INPUT {
        String::new()
    } else {
        text
    }
}

/// Reads what a reply says.
pub(super) fn of_reply(reply: &Reply, started: Instant, message: Option<String>) -> Replied {
    let header = |name: &str| {
        let value = reply.headers().get(name);
        let text = value.and_then(|value| value.to_str().ok());
        text.unwrap_or_default().to_owned()
    };
    let request_id = match header("x-amz-request-id") {
        id if id.is_empty() => header("x-amzn-requestid"),
        id => id,
    };
    let sent = reply.body().size_hint().exact();
    let range = header("content-range");
    let of_range = range.rsplit('/').next().and_then(|size| size.parse().ok());
    let length = header("content-length").parse().ok();
    Replied {
        request_id,
        host_id: header("x-amz-id-2"),
        version_id: header("x-amz-version-id"),
        message: message.unwrap_or_default(),
        sent: sent.or(length).unwrap_or_default(),
        object_size: of_range.or(length),
        millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}
