//! Errors in the form of each service.

use super::codec::{Codec, JSON_1_0, cbor_reply};
use super::dialect::Dialect;
use super::node::Node;
use super::reply::reply;
pub(crate) use super::reply::{JSON_1_1, Reply, json_1_1_reply, json_reply, raw_reply, xml_reply};

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

    /// Returns whose fault it is, as the query protocol says it.
    fn side(&self) -> &'static str {
        if self.status < 500 {
            "Sender"
        } else {
            "Receiver"
        }
    }
}

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
    /// One of several, of a service that was there before them.
    Rpc(Codec, &'static Dialect),
}

const FAILED: &str =
    "The request processing has failed because of an unknown error, exception or failure.";

impl Protocol {
    /// Writes an error.
    pub(crate) fn error(self, refusal: &Refusal, request_id: &str) -> Reply {
        let reply = match self {
            Self::Json(media_type) => json_error(refusal, &refusal.code, media_type),
            Self::Cbor => cbor_error(refusal, &refusal.code),
            Self::Rpc(Codec::Cbor, dialect) => {
                compatible(cbor_error(refusal, dialect.shape(&refusal.code)), refusal)
            }
            Self::Rpc(Codec::Json, dialect) => {
                let shape = dialect.shape(&refusal.code);
                compatible(json_error(refusal, shape, JSON_1_0), refusal)
            }
            Self::Rpc(Codec::Query, dialect) => query_error(refusal, dialect.namespace, request_id),
            Self::Query(namespace) => query_error(refusal, namespace, request_id),
            Self::S3 => {
                let error = s3_error(refusal, request_id);
                let declared = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{error}");
                xml_reply(refusal.status, declared)
            }
            Self::S3Control => {
                let error = wrapped(&s3_error(refusal, request_id));
                xml_reply(refusal.status, error)
            }
        };
        self.with_id(reply, request_id)
    }

    /// Puts the request id into the header that clients of the service look at.
    pub(crate) fn with_id(self, mut reply: Reply, request_id: &str) -> Reply {
        let header = match self {
            Self::S3 | Self::S3Control => "x-amz-request-id",
            Self::Query(_) | Self::Json(_) | Self::Cbor | Self::Rpc(..) => "x-amzn-requestid",
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
            Self::Query(_) | Self::Rpc(..) => Refusal::new(400, "Throttling", "Rate exceeded"),
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
            Self::Rpc(..) => Refusal::new(500, "InternalServiceError", FAILED),
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

fn s3_error(refusal: &Refusal, request_id: &str) -> String {
    let (code, message) = (escaped(&refusal.code), escaped(&refusal.message));
    format!(
        "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
    )
}

fn query_error(refusal: &Refusal, namespace: &str, request_id: &str) -> Reply {
    let (code, message) = (escaped(&refusal.code), escaped(&refusal.message));
    let side = refusal.side();
    let xml = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>"
    );
    xml_reply(refusal.status, xml)
}

/// Names the error for every kind of JSON service: in the body for those that are told by their target, and in a
/// header for those of the REST kind.
fn json_error(refusal: &Refusal, shape: &str, media_type: &'static str) -> Reply {
    let body = serde_json::json!({ "__type": shape, "message": refusal.message });
    let mut reply = reply(refusal.status, media_type, body.to_string());
    if let Ok(code) = http::HeaderValue::from_str(shape) {
        reply.headers_mut().insert("x-amzn-errortype", code);
    }
    reply
}

fn cbor_error(refusal: &Refusal, shape: &str) -> Reply {
    let body = [
        ("__type", Node::text(shape)),
        ("message", Node::text(&refusal.message)),
    ];
    cbor_reply(refusal.status, &Node::map(body))
}

/// Adds the code of the query protocol (Smithy 2.0, "AWS query compatible").
fn compatible(mut reply: Reply, refusal: &Refusal) -> Reply {
    let told = format!("{};{}", refusal.code, refusal.side());
    if let Ok(told) = http::HeaderValue::from_str(&told) {
        reply.headers_mut().insert(QUERY_ERROR, told);
    }
    reply
}

/// Where the code of the query protocol stands.
pub(crate) const QUERY_ERROR: &str = "x-amzn-query-error";

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

/// Finds the message in an error, of whatever service; empty where it has none.
pub(crate) fn error_message(text: &str) -> String {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        let message = json.get("message").and_then(serde_json::Value::as_str);
        return message.unwrap_or_default().to_owned();
    }
    let rest = text.split_once("<Message>").map_or("", |(_, rest)| rest);
    let message = rest
        .split_once("</Message>")
        .map_or("", |(message, _)| message);
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    plain.iter().fold(message.to_owned(), |text, (from, to)| {
        text.replace(from, to)
    })
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
        let expected = b"\xa2\x66__type\x61A\x67message\x61b";
        assert_eq!(&*reply.body().bytes().unwrap(), expected.as_slice());
    }

    #[test]
    fn throttles_are_what_the_sdks_retry() {
        assert_eq!(Protocol::S3.throttled().code, "SlowDown");
        assert_eq!(Protocol::Query("").throttled().code, "Throttling");
        assert_eq!(Protocol::Json("").throttled().code, "ThrottlingException");
    }
}
