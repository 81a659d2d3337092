//! Replies: their media types and how each is made.

use http::StatusCode;
use s3s::Body;

/// The replies of every service.
pub(crate) type Reply = http::Response<Body>;

/// The media type of AWS JSON 1.1.
pub(crate) const JSON_1_1: &str = "application/x-amz-json-1.1";

/// Makes an XML reply.
pub(crate) fn xml_reply(status: u16, xml: String) -> Reply {
    reply(status, "text/xml", xml)
}

/// Makes a JSON reply.
pub(crate) fn json_reply(status: u16, json: &impl serde::Serialize) -> Reply {
    let text = serde_json::to_string(json).unwrap_or_else(|error| format!("\"{error}\""));
    reply(status, "application/json", text)
}

/// Makes a reply of bytes.
pub(crate) fn raw_reply(status: u16, content_type: &'static str, bytes: bytes::Bytes) -> Reply {
    let mut made = reply(status, content_type, String::new());
    *made.body_mut() = Body::from(bytes);
    made
}

/// Makes a reply in AWS JSON 1.1; an operation that answers nothing has an empty body.
pub(crate) fn json_1_1_reply(answer: Option<&serde_json::Value>) -> Reply {
    let text = answer.map_or_else(String::new, ToString::to_string);
    reply(200, JSON_1_1, text)
}

pub(super) fn reply(status: u16, content_type: &'static str, text: String) -> Reply {
    let mut reply = Reply::new(Body::from(text));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let content_type = http::HeaderValue::from_static(content_type);
    reply
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, content_type);
    reply
}
