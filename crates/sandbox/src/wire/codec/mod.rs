//! The protocols that one service may speak at once: each reads a request into a [`Node`] and writes one as the answer.
//!
//! ```text
//! request --cbor | json | query--> Node -> operation -> Node --the same--> reply
//! ```

mod cbor;
mod json;
mod query;

use http::request::Parts;
use s3s::Body;

use super::dialect::Dialect;
use super::node::Node;
use super::reply::{Reply, reply, xml_reply};
use super::unzipped::unzipped;

pub(crate) use cbor::read as read_cbor;
pub(crate) use json::{node as read_json, written as written_json};

/// The media type of AWS JSON 1.0.
pub(crate) const JSON_1_0: &str = "application/x-amz-json-1.0";

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// RPC v2 CBOR.
    Cbor,
    /// AWS JSON 1.0.
    Json,
    /// Form fields in, XML out.
    Query,
}

impl Codec {
    /// Finds out which protocol a request is in.
    pub(crate) fn of(parts: &Parts) -> Self {
        let header = |name: &str| {
            let value = parts.headers.get(name);
            value.and_then(|value| value.to_str().ok())
        };
        if header("smithy-protocol") == Some("rpc-v2-cbor") {
            return Self::Cbor;
        }
        match header("x-amz-target") {
            Some(_) => Self::Json,
            None => Self::Query,
        }
    }

    /// Reads the operation and its input; the input is null where the body cannot be read.
    pub(crate) fn read(self, parts: &Parts, body: &[u8]) -> (String, Node) {
        let Some(body) = unzipped(parts, body) else {
            return (operation(parts), Node::Null);
        };
        match self {
            Self::Cbor => (operation(parts), cbor::read(&body)),
            Self::Json => (operation(parts), json::read(&body)),
            Self::Query => query::read(parts, &body),
        }
    }

    /// Writes what an operation answers.
    pub(crate) fn reply(
        self,
        dialect: &Dialect,
        operation: &str,
        answer: Option<&Node>,
        request_id: &str,
    ) -> Reply {
        match self {
            Self::Cbor => cbor_reply(200, answer.unwrap_or(&Node::Map(Vec::new()))),
            Self::Json => {
                let json = json::written(answer.unwrap_or(&Node::Map(Vec::new())));
                reply(200, JSON_1_0, json.to_string())
            }
            Self::Query => {
                let namespace = dialect.namespace;
                let xml = query::written(namespace, operation, answer, request_id);
                xml_reply(200, xml)
            }
        }
    }
}

/// Makes a reply in RPC v2 CBOR.
pub(crate) fn cbor_reply(status: u16, node: &Node) -> Reply {
    let mut reply = Reply::new(Body::from(cbor::written(node)));
    *reply.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_REQUEST);
    let headers = reply.headers_mut();
    let media_type = http::HeaderValue::from_static("application/cbor");
    headers.insert(http::header::CONTENT_TYPE, media_type);
    let protocol = http::HeaderValue::from_static("rpc-v2-cbor");
    headers.insert("smithy-protocol", protocol);
    reply
}

/// Returns the operation that a header or the path of RPC v2 names; the body is not read for it.
pub(crate) fn operation(parts: &Parts) -> String {
    let target = parts.headers.get("x-amz-target");
    let target = target.and_then(|value| value.to_str().ok());
    let of_target = target.and_then(|target| target.rsplit('.').next());
    let of_path = || parts.uri.path().split_once("/operation/");
    let operation = of_target.or_else(|| of_path().map(|(_, operation)| operation));
    operation.unwrap_or_default().to_owned()
}
