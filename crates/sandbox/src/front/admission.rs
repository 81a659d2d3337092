//! Whom the port answers at all: a page in a browser can send requests to every port of this machine, and a name that it controls can
//! lead here.
//!
//! A page names its own host and its origin, and cannot send a header of ours without asking first, which is never granted. So names
//! of this machine are answered alone, and the control endpoint asks for a token and refuses whatever has an origin
//! (docs/decisions/0025-the-sandbox-as-a-server.md).

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use http::request::Parts;
use serde_json::json;

use crate::wire::refusal::{Reply, json_reply};

/// Waits until replication has caught up: it tells nothing and changes nothing that time would not, so it asks for no token.
const SETTLE: &str = "/_sandbox/settle";

/// What the port answers.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    /// Where it listens; on another address than a loopback one it goes by names that nobody knows here.
    listen: IpAddr,
    /// What the control endpoint asks for; nothing where it is open.
    token: Option<String>,
}

impl Admission {
    pub(crate) fn new(listen: SocketAddr, control_is_open: bool) -> Self {
        Self {
            listen: listen.ip(),
            token: (!control_is_open).then(token),
        }
    }

    /// The token of the control endpoint.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Why a request is not answered, whatever it is for.
    pub(crate) fn refusal(&self, parts: &Parts) -> Option<Reply> {
        let names_us = host(parts).is_some_and(|host| is_ours(&host));
        let admitted = names_us || !self.listen.is_loopback();
        (!admitted).then(|| refused(403, "the sandbox answers names of this machine alone"))
    }

    /// Why a request is not answered by the control endpoint.
    pub(crate) fn control_refusal(&self, parts: &Parts) -> Option<Reply> {
        let header = |name| parts.headers.get(name).and_then(|of| of.to_str().ok());
        if parts.headers.contains_key(ORIGIN) {
            return Some(refused(403, "no page of a browser controls the sandbox"));
        }
        let token = self.token.as_deref()?;
        if parts.uri.path() == SETTLE {
            return None;
        }
        let given = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        if given != Some(token) {
            let why = "the control endpoint asks for `Authorization: Bearer $S3FERRY_SANDBOX_TOKEN`, as the environment has it; \
                       a sandbox that is started with --control open does not";
            return Some(refused(401, why));
        }
        let sends = matches!(parts.method.as_str(), "POST" | "PUT")
            && header(http::header::CONTENT_LENGTH).is_none_or(|length| length != "0");
        let is_json = header(CONTENT_TYPE).is_some_and(|of| of.starts_with("application/json"));
        (sends && !is_json).then(|| refused(415, "the body must be application/json"))
    }
}

fn refused(status: u16, why: &str) -> Reply {
    json_reply(status, &json!({ "error": why }))
}

/// The host that a request names, without its port.
fn host(parts: &Parts) -> Option<String> {
    let named = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let named = named.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))?;
    let authority: http::uri::Authority = named.parse().ok()?;
    Some(authority.host().to_ascii_lowercase())
}

/// Names of this machine, and those that only a proxy leads here and no page can claim: AWS's own, and what no name server knows
/// (RFC 6761). In front of each a bucket or an account may stand.
const NAMES: [&str; 5] = [
    "localhost",
    "127.0.0.1",
    "amazonaws.com",
    "amazonaws.com.cn",
    "invalid",
];

/// Whether a name is one that the sandbox goes by.
fn is_ours(host: &str) -> bool {
    let below = |name: &str| {
        host.strip_suffix(name)
            .is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address
        .parse()
        .is_ok_and(|address: IpAddr| address.is_loopback());
    is_loopback || NAMES.into_iter().any(below)
}

/// A word that nobody guesses, from the randomness that the system gives every hash map.
fn token() -> String {
    let word = |number: u64| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(number);
        format!("{:016x}", hasher.finish())
    };
    (0..3).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder()
            .method(method)
            .uri("/_sandbox/clock");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn local() -> Admission {
        Admission::new("127.0.0.1:1".parse().unwrap(), false)
    }

    #[test]
    fn names_of_this_machine_are_answered_and_others_are_not() {
        let answered = |host: &str| local().refusal(&parts("GET", &[("host", host)])).is_none();
        for host in [
            "127.0.0.1:4599",
            "127.0.0.2",
            "localhost:1",
            "LOCALHOST",
            "bucket.localhost:1",
            "[::1]:1",
            "111111111111.127.0.0.1:1",
            "b.s3.eu-west-1.amazonaws.com",
            "aws.invalid:8080",
        ] {
            assert!(answered(host), "{host}");
        }
        for host in [
            "evil.example:4599",
            "evillocalhost",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "evilamazonaws.com",
            "",
        ] {
            assert!(!answered(host), "{host}");
        }
        assert!(local().refusal(&parts("GET", &[])).is_some(), "no host");
        let elsewhere = Admission::new("0.0.0.0:1".parse().unwrap(), false);
        let named = parts("GET", &[("host", "sandbox:4599")]);
        assert!(elsewhere.refusal(&named).is_none());
    }

    #[test]
    fn the_control_endpoint_asks_for_its_token_and_refuses_pages() {
        let admission = local();
        let token = format!("Bearer {}", admission.token().unwrap());
        let status = |method, headers: &[(&str, &str)]| {
            let refusal = admission.control_refusal(&parts(method, headers));
            refusal.map(|reply| reply.status().as_u16())
        };
        let json = ("content-type", "application/json");
        let with = ("authorization", token.as_str());
        assert_eq!(status("GET", &[with]), None);
        assert_eq!(status("POST", &[with, json]), None);
        assert_eq!(status("POST", &[with, ("content-length", "0")]), None);
        assert_eq!(status("GET", &[]), Some(401));
        assert_eq!(status("GET", &[("authorization", "Bearer x")]), Some(401));
        assert_eq!(status("POST", &[with]), Some(415));
        let text = ("content-type", "text/plain");
        assert_eq!(status("POST", &[with, text]), Some(415));
        let origin = ("origin", "https://evil.example");
        assert_eq!(status("POST", &[with, json, origin]), Some(403));

        let settle = |headers: &[(&str, &str)]| {
            let mut parts = parts("POST", headers);
            parts.uri = SETTLE.parse().unwrap();
            admission.control_refusal(&parts)
        };
        assert!(settle(&[]).is_none(), "it only waits");
        assert!(settle(&[origin]).is_some());

        let open = Admission::new("127.0.0.1:1".parse().unwrap(), true);
        assert!(open.control_refusal(&parts("POST", &[])).is_none());
        assert!(open.control_refusal(&parts("POST", &[origin])).is_some());
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        assert_ne!(local().token(), local().token());
        assert_eq!(local().token().unwrap().len(), 48);
    }
}
