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

/// How a service writes its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// S3's REST-XML.
    S3,
    /// The query protocol, with the namespace of the service's XML.
    Query(&'static str),
}

impl Protocol {
    /// Writes an error.
    pub(crate) fn error(self, refusal: &Refusal, request_id: &str) -> Reply {
        let (code, message) = (escaped(&refusal.code), escaped(&refusal.message));
        let xml = match self {
            Self::S3 => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                 <Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
            ),
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
            Self::S3 => "x-amz-request-id",
            Self::Query(_) => "x-amzn-requestid",
        };
        if let Ok(id) = http::HeaderValue::from_str(request_id) {
            reply.headers_mut().insert(header, id);
        }
        reply
    }

    /// Returns the service's throttling error.
    pub(crate) fn throttled(self) -> Refusal {
        match self {
            Self::S3 => Refusal::new(503, "SlowDown", "Please reduce your request rate."),
            Self::Query(_) => Refusal::new(400, "Throttling", "Rate exceeded"),
        }
    }

    /// Returns the service's internal error.
    pub(crate) fn internal(self) -> Refusal {
        match self {
            Self::S3 => {
                let message = "We encountered an internal error. Please try again.";
                Refusal::new(500, "InternalError", message)
            }
            Self::Query(_) => {
                let message = "The request processing has failed because of an unknown error, \
                               exception or failure.";
                Refusal::new(500, "ServiceFailure", message)
            }
        }
    }
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

fn reply(status: u16, content_type: &'static str, text: String) -> Reply {
    let mut reply = Reply::new(Body::from(text));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let content_type = http::HeaderValue::from_static(content_type);
    reply
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, content_type);
    reply
}

/// Escapes text for XML.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            _ => escaped.push(char),
        }
    }
    escaped
}

/// Finds the code in an XML error, of whatever service.
pub(crate) fn error_code(xml: &str) -> Option<String> {
    let (_, rest) = xml.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    Some(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_own_form() {
        let refusal = Refusal::new(404, "NoSuchEntity", "role <a> & \"b\"");
        for protocol in [Protocol::S3, Protocol::Query("urn:x")] {
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
    fn throttles_are_what_the_sdks_retry() {
        assert_eq!(Protocol::S3.throttled().code, "SlowDown");
        assert_eq!(Protocol::Query("").throttled().code, "Throttling");
    }
}
