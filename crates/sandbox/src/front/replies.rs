//! Requests and replies that are read whole on their way.

use http_body_util::BodyExt;
use s3s::Body;

use super::s3_errors::with_message;
use crate::wire::Node;
use crate::wire::codec::read_cbor;
use crate::wire::refusal::{Protocol, QUERY_ERROR, Reply, error_code, error_message, wrapped};

/// The largest body that is read before a fault is answered.
const DRAINED: usize = 1 << 30;

/// The connection is closed without a reply.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
pub(crate) struct Dropped;

/// Reads the rest of a request, so that its client has sent it all before it sees the fault.
pub(super) async fn drain(body: &mut Body) {
    // A body that cannot be read is as good as one that was.
    let _ = body.store_all_limited(DRAINED).await;
}

/// The code and the message of an error, where a reply is one with a code.
pub(super) type Why = Option<(String, String)>;

/// Reads a reply whose error is wanted for the call log.
pub(super) async fn coded(reply: Reply) -> Result<(Reply, Why), Dropped> {
    if reply.status().as_u16() < 400 {
        return Ok((reply, None));
    }
    let (parts, body) = reply.into_parts();
    let bytes = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let told = parts.headers.get(QUERY_ERROR);
    let told = told.and_then(|told| told.to_str().ok()?.split(';').next());
    let is_cbor = parts
        .headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|of| of == "application/cbor");
    let (code, message) = if is_cbor {
        of_cbor(&bytes)
    } else {
        let text = String::from_utf8_lossy(&bytes);
        (error_code(&text), error_message(&text))
    };
    let code = told.map(str::to_owned).or(code);
    let why = code.map(|code| (code, message));
    Ok((Reply::from_parts(parts, Body::from(bytes)), why))
}

fn of_cbor(bytes: &[u8]) -> (Option<String>, String) {
    let error = read_cbor(bytes);
    let text = |name| error.get(name).and_then(Node::as_text).map(str::to_owned);
    (text("__type"), text("message").unwrap_or_default())
}

/// Completes an error reply of S3, in the form of whom was asked.
pub(super) async fn explained(reply: Reply, protocol: Protocol) -> Result<Reply, Dropped> {
    if reply.status().as_u16() < 400 {
        return Ok(reply);
    }
    let (mut parts, body) = reply.into_parts();
    let bytes = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let mut xml = with_message(String::from_utf8_lossy(&bytes).into_owned());
    if let (Protocol::S3Control, Some(at)) = (protocol, xml.find("<Error>")) {
        xml = wrapped(&xml[at..]);
    }
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Ok(Reply::from_parts(parts, Body::from(xml)))
}

/// Reads a reply to its end: s3s may still be at work while its body is read.
pub(super) async fn finish(reply: Reply) -> Result<(), Dropped> {
    reply
        .into_body()
        .collect()
        .await
        .map(|_| ())
        .map_err(|_| Dropped)
}
