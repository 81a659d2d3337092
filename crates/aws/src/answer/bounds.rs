//! How long an answer may be and how deep it may go: held before the SDK reads it, whatever answers.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use quick_xml::Reader;
use quick_xml::events::Event;

/// The longest answer that is read. The longest that AWS gives here is a page of IAM: 1,000 roles, each with a trust policy of 4,096
/// characters (IAM quotas), which percent-encoding makes up to three times as long; a replication configuration has 2 MB at most.
const LONGEST: usize = 32 << 20;

/// The most that is set aside for an answer by what it says of its length: a page of a listing is half as long.
const MOST_AT_FIRST: usize = 1 << 20;

/// The deepest element that is read; AWS's deepest here is the ninth, a tag in `GetAccountAuthorizationDetails`. A parser's work may
/// grow with the square of the depth.
const DEEPEST: usize = 32;

/// An answer out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer {why}")]
pub(crate) struct OutOfBounds {
    /// The status that came with it.
    pub(crate) status: u16,
    why: String,
}

/// Why an answer was not read to its end.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is longer or deeper than any answer of AWS.
    OutOfBounds(OutOfBounds),
    /// The connection broke.
    Broken(Box<dyn Error + Send + Sync>),
}

/// Reads an answer into memory, as far as it is within bounds.
pub(crate) async fn bounded(mut answer: HttpResponse) -> Result<HttpResponse, Unread> {
    let status = answer.status().as_u16();
    let out = |why| Unread::OutOfBounds(OutOfBounds { status, why });
    let announced = answer.headers().get("content-length");
    let announced = announced.and_then(|length| length.parse::<usize>().ok());
    let mut stream = ByteStream::new(answer.take_body());
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Unread::Broken(Box::new(error)))?;
        if body.len() + chunk.len() > LONGEST {
            return Err(out(format!("is longer than {} MiB", LONGEST >> 20)));
        }
        if body.is_empty() {
            // An answer to HEAD announces what it does not bring.
            body.reserve(announced.unwrap_or_default().min(MOST_AT_FIRST));
        }
        body.extend_from_slice(&chunk);
    }
    if is_deep(&body) {
        return Err(out(format!("has elements more than {DEEPEST} deep")));
    }
    *answer.body_mut() = SdkBody::from(body);
    Ok(answer)
}

/// Whether a body is XML that goes too deep. What is no XML is no deeper than flat.
fn is_deep(body: &[u8]) -> bool {
    if !body.trim_ascii_start().starts_with(b"<") && !body.starts_with(b"\xef\xbb\xbf") {
        return false;
    }
    if is_plainly_flat(body) {
        return false;
    }
    let mut reader = Reader::from_reader(body);
    reader.config_mut().check_end_names = false;
    let (mut depth, mut buffer) = (0_usize, Vec::new());
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
        if depth > DEEPEST {
            return true;
        }
        buffer.clear();
    }
}

/// Whether a body is seen not to go deep without being read: by its tags, where `<` stands in nothing else. The SDK's reader takes no `<`
/// in the value of an attribute (xmlparser), and comments and the like are left to who reads. An element without content counts as one
/// that stays open, so that what is called flat is.
fn is_plainly_flat(body: &[u8]) -> bool {
    let mut depth = 0_usize;
    for at in memchr::memchr_iter(b'<', body) {
        match body.get(at + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'?') if depth == 0 => {}
            Some(b'!' | b'?') | None => return false,
            Some(_) => depth += 1,
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_what_is_open_at_once() {
        assert!(!is_deep("<a><b/></a>".repeat(1000).as_bytes()));
        assert!(!is_deep("<a>".repeat(DEEPEST).as_bytes()));
        assert!(is_deep("<a>".repeat(DEEPEST + 1).as_bytes()));
        assert!(!is_deep("{[".repeat(1000).as_bytes()));
        assert!(is_deep(format!(" \n{}", "<a>".repeat(80_000)).as_bytes()));
        let hidden = format!("<a>{}", "<b><!--</b>-->".repeat(DEEPEST));
        assert!(is_deep(hidden.as_bytes()), "what closes nothing");
        let hidden = format!("<a>{}", "<b><?x </b>?>".repeat(DEEPEST));
        assert!(is_deep(hidden.as_bytes()));
    }
}
