//! Errors in the form of each service.

use http::StatusCode;
use s3s::Body;

/// The replies of every service.
pub(crate) type Reply = http::Response<Body>;

/// An error a service answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    /// Makes an error from its status, code and message.
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }
}

/// The media type of AWS JSON 1.1.
pub(crate) const JSON_1_1: &str = "application/x-amz-json-1.1";

/// How a service writes its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// S3's REST-XML.
    S3,
    /// The REST-XML of S3 Control, whose errors are wrapped.
    S3Control,
    /// The query protocol, with the namespace of the service's XML.
    Query(&'static str),
    /// JSON, with the media type that goes with its version.
    Json(&'static str),
    /// RPC v2 CBOR.
    Cbor,
}

const FAILED: &str =
    "The request processing has failed because of an unknown error, exception or failure.";

impl Protocol {
    /// Writes an error.
    pub(crate) fn error(self, refusal: &Refusal, request_id: &str) -> Reply {
        let (code, message) = (escaped(&refusal.code), escaped(&refusal.message));
        let xml = match self {
            Self::Json(media_type) => {
                return self.with_id(json_error(refusal, media_type), request_id);
            }
            Self::Cbor => return self.with_id(cbor_error(refusal), request_id),
            Self::S3 => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                 <Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
            ),
            Self::S3Control => wrapped(&format!(
                "<Error><Code>{code}</Code><Message>{message}</Message>\
                 <RequestId>{request_id}</RequestId></Error>"
            )),
            Self::Query(namespace) => {
                let side = if refusal.status < 500 {
                    "Sender"
                } else {
                    "Receiver"
                };
                format!(
                    "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type>\
                     <Code>{code}</Code><Message>{message}</Message></Error>\
                     <RequestId>{request_id}</RequestId></ErrorResponse>"
                )
            }
        };
        self.with_id(xml_reply(refusal.status, xml), request_id)
    }

    /// Puts the request id into the header that clients of the service look at.
    pub(crate) fn with_id(self, mut reply: Reply, request_id: &str) -> Reply {
        let header = match self {
            Self::S3 | Self::S3Control => "x-amz-request-id",
            Self::Query(_) | Self::Json(_) | Self::Cbor => "x-amzn-requestid",
        };
        if let Ok(id) = http::HeaderValue::from_str(request_id) {
            reply.headers_mut().insert(header, id);
        }
        reply
    }

    /// Returns the service's throttling error.
    pub(crate) fn throttled(self) -> Refusal {
        match self {
            Self::S3 | Self::S3Control => {
                Refusal::new(503, "SlowDown", "Please reduce your request rate.")
            }
            Self::Query(_) => Refusal::new(400, "Throttling", "Rate exceeded"),
            Self::Json(_) | Self::Cbor => Refusal::new(400, "ThrottlingException", "Rate exceeded"),
        }
    }

    /// Returns the service's internal error.
    pub(crate) fn internal(self) -> Refusal {
        match self {
            Self::S3 | Self::S3Control => {
                let message = "We encountered an internal error. Please try again.";
                Refusal::new(500, "InternalError", message)
            }
            Self::Query(_) => Refusal::new(500, "ServiceFailure", FAILED),
            Self::Json(_) | Self::Cbor => Refusal::new(500, "InternalFailure", FAILED),
        }
    }
}

/// Wraps an error document as S3 Control answers it.
pub(crate) fn wrapped(error: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse \
         xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">{error}</ErrorResponse>"
    )
}

/// Names the error for every kind of JSON service: in the body for those that are told by their target, and in a
/// header for those of the REST kind.
fn json_error(refusal: &Refusal, media_type: &'static str) -> Reply {
    let body = serde_json::json!({ "__type": refusal.code, "message": refusal.message });
    let mut reply = reply(refusal.status, media_type, body.to_string());
    if let Ok(code) = http::HeaderValue::from_str(&refusal.code) {
        reply.headers_mut().insert("x-amzn-errortype", code);
    }
    reply
}

/// Writes `{"__type": code, "message": message}` as CBOR (RFC 8949).
fn cbor_error(refusal: &Refusal) -> Reply {
    /// The initial byte of a map of two entries.
    const MAP_OF_TWO: u8 = 0xa2;
    let mut body = vec![MAP_OF_TWO];
    for text in ["__type", &refusal.code, "message", &refusal.message] {
        push_cbor_text(&mut body, text);
    }
    let mut reply = Reply::new(Body::from(body));
    *reply.status_mut() = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = reply.headers_mut();
    let media_type = http::HeaderValue::from_static("application/cbor");
    headers.insert(http::header::CONTENT_TYPE, media_type);
    let protocol = http::HeaderValue::from_static("rpc-v2-cbor");
    headers.insert("smithy-protocol", protocol);
    reply
}

/// Text is its length and its bytes; a length of four bytes does for any.
fn push_cbor_text(body: &mut Vec<u8>, text: &str) {
    /// The initial byte of a text whose length follows in four bytes.
    const TEXT: u8 = 0x7a;
    body.push(TEXT);
    body.extend_from_slice(&u32::try_from(text.len()).unwrap_or_default().to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}

/// Makes an XML reply.
pub(crate) fn xml_reply(status: u16, xml: String) -> Reply {
    reply(status, "text/xml", xml)
}

/// Makes a JSON reply.
pub(crate) fn json_reply(status: u16, json: &impl serde::Serialize) -> Reply {
    let text = serde_json::to_string(json).unwrap_or_else(|error| format!("\"{error}\""));
    reply(status, "application/json", text)
}

/// Makes a reply in AWS JSON 1.1; an operation that answers nothing has an empty body.
pub(crate) fn json_1_1_reply(answer: Option<&serde_json::Value>) -> Reply {
    let text = answer.map_or_else(String::new, ToString::to_string);
    reply(200, JSON_1_1, text)
}

fn reply(status: u16, content_type: &'static str, text: String) -> Reply {
    let mut reply = Reply::new(Body::from(text));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let content_type = http::HeaderValue::from_static(content_type);
    reply
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, content_type);
    reply
}

/// Says whether XML 1.0 can carry a character, be it written as a reference: the control characters but tab, line feed
/// and carriage return it cannot, so that nobody could read back a document that holds one.
pub(crate) fn is_xml_char(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

/// Escapes text for XML; what XML cannot carry, as an error may quote it, becomes a replacement character.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            _ if is_xml_char(char) => escaped.push(char),
            _ => escaped.push(char::REPLACEMENT_CHARACTER),
        }
    }
    escaped
}

/// Finds the code in an error, of whatever service.
pub(crate) fn error_code(text: &str) -> Option<String> {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        return json.get("__type")?.as_str().map(str::to_owned);
    }
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    Some(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_own_form() {
        let refusal = Refusal::new(404, "NoSuchEntity", "role <a> & \"b\"");
        for protocol in [Protocol::S3, Protocol::S3Control, Protocol::Query("urn:x")] {
            let reply = protocol.error(&refusal, "id");
            assert_eq!(reply.status(), 404);
            let text = reply.body().bytes().unwrap();
            let text = std::str::from_utf8(&text).unwrap();
            assert_eq!(error_code(text).as_deref(), Some("NoSuchEntity"));
            assert!(
                text.contains("role &lt;a&gt; &amp; &quot;b&quot;"),
                "{text}"
            );
        }
    }

    #[test]
    fn json_and_cbor_name_the_error_where_their_clients_look() {
        let refusal = Refusal::new(400, "UnknownService", "no \"kms\"");
        let reply = Protocol::Json("application/x-amz-json-1.1").error(&refusal, "id");
        assert_eq!(
            reply.headers()["content-type"],
            "application/x-amz-json-1.1"
        );
        assert_eq!(reply.headers()["x-amzn-errortype"], "UnknownService");
        let text = reply.body().bytes().unwrap();
        let text = std::str::from_utf8(&text).unwrap();
        assert_eq!(error_code(text).as_deref(), Some("UnknownService"));
        assert_eq!(
            text,
            r#"{"__type":"UnknownService","message":"no \"kms\""}"#
        );
        let reply = Protocol::Cbor.error(&Refusal::new(400, "A", "b"), "id");
        assert_eq!(reply.headers()["smithy-protocol"], "rpc-v2-cbor");
        let expected =
            b"\xa2\x7a\0\0\0\x06__type\x7a\0\0\0\x01A\x7a\0\0\0\x07message\x7a\0\0\0\x01b";
        assert_eq!(&*reply.body().bytes().unwrap(), expected.as_slice());
    }

    #[test]
    fn throttles_are_what_the_sdks_retry() {
        assert_eq!(Protocol::S3.throttled().code, "SlowDown");
        assert_eq!(Protocol::Query("").throttled().code, "Throttling");
        assert_eq!(Protocol::Json("").throttled().code, "ThrottlingException");
    }
}
