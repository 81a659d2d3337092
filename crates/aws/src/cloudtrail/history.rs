//! CloudTrail's event history: who called what about a thing, in the last 90 days.

use aws_sdk_cloudtrail::primitives::{DateTime, DateTimeFormat};
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use serde_json::Value;

use super::CloudTrailApi;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// A call that changed something, as the event history has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCall {
    /// The name of the event.
    pub event: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The caller's ARN, or what is there in its place.
    pub who: String,
}

/// How many pages of a thing's events are asked for, of 50 events each: what changed last is on the first.
const PAGES: usize = 2;

/// The calls about a thing since then that changed something and were not refused, newest first.
pub(crate) async fn of(
    api: &CloudTrailApi<'_>,
    name: &str,
    since: &str,
) -> Result<Vec<PastCall>, Failure> {
    const LOOKUP: &str = "LookupEvents";
    let since = DateTime::from_str(since, DateTimeFormat::DateTime)
        .map_err(|error| api.invalid(LOOKUP, error))?;
    let attribute = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::ResourceName)
        .attribute_value(name)
        .build()
        .map_err(|error| api.invalid(LOOKUP, error))?;
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    let mut pages = Pages::default();
    for _ in 0..PAGES {
        let page = api
            .read(LOOKUP, |cloudtrail| {
                cloudtrail
                    .lookup_events()
                    .lookup_attributes(attribute.clone())
                    .start_time(since)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        found.extend(page.events().iter().filter_map(changed));
        let goes_on = page.next_token.is_some();
        token = pages
            .next(goes_on, page.next_token)
            .map_err(|endless| api.unreadable(LOOKUP, endless))?;
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The call, where it changed something: one that was refused has an error code in the record (CTUG:
/// cloudtrail-event-reference-record-contents).
fn changed(event: &Event) -> Option<PastCall> {
    let record: Value = serde_json::from_str(event.cloud_trail_event()?).ok()?;
    if event.read_only() == Some("true") || record.get("errorCode").is_some() {
        return None;
    }
    let at = event.event_time()?.fmt(DateTimeFormat::DateTime).ok()?;
    Some(PastCall {
        event: event.event_name()?.to_owned(),
        at,
        who: caller(&record).or_else(|| event.username().map(str::to_owned))?,
    })
}

/// Whoever called: AWS's own services have no ARN (CTUG:cloudtrail-event-reference-user-identity).
fn caller(record: &Value) -> Option<String> {
    let identity = record.get("userIdentity")?;
    let mut words = ["arn", "invokedBy", "principalId"].into_iter();
    let word = words.find_map(|word| identity.get(word)?.as_str());
    word.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(record: &str, read_only: &str) -> Event {
        Event::builder()
            .event_name("PutBucketPolicy")
            .event_time(DateTime::from_secs(1_780_000_000))
            .read_only(read_only)
            .cloud_trail_event(record)
            .build()
    }

    #[test]
    fn a_call_that_was_refused_or_only_looked_changed_nothing() {
        let record = r#"{"userIdentity":{"arn":"arn:aws:iam::1:user/eve","invokedBy":"x"}}"#;
        let found = changed(&event(record, "false")).expect("it changed something");
        assert_eq!(found.who, "arn:aws:iam::1:user/eve");
        assert_eq!(found.at, "2026-05-28T20:26:40Z");
        assert_eq!(changed(&event(record, "true")), None);
        let refused =
            r#"{"userIdentity":{"arn":"arn:aws:iam::1:user/eve"},"errorCode":"AccessDenied"}"#;
        assert_eq!(changed(&event(refused, "false")), None);
        let service = r#"{"userIdentity":{"invokedBy":"config.amazonaws.com"}}"#;
        let found = changed(&event(service, "false")).expect("it changed something");
        assert_eq!(found.who, "config.amazonaws.com");
    }
}
