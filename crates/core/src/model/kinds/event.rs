//! An event notification: who hears of which events of which keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// Who hears of what (BC:s3 TopicConfiguration, QueueConfiguration, LambdaFunctionConfiguration).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What is told.
    pub kind: EventTarget,
    /// Its ARN.
    pub target: String,
    /// The events, as `s3:ObjectCreated:*`.
    pub events: BTreeSet<String>,
    /// What keys begin or end with: `prefix` and `suffix` with their values, as S3 answers them.
    pub filter: BTreeMap<String, String>,
}

/// What S3 tells events to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventTarget {
    /// An SNS topic.
    Topic,
    /// An SQS queue.
    Queue,
    /// A Lambda function.
    Function,
}

impl EventTarget {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Topic, Self::Queue, Self::Function];

    /// The service in its ARN.
    #[must_use]
    pub const fn service(self) -> &'static str {
        match self {
            Self::Topic => "sns",
            Self::Queue => "sqs",
            Self::Function => "lambda",
        }
    }
}

/// The event of an object that failed to replicate (UG:notification-how-to-event-types-and-destinations).
pub const FAILED_REPLICATION: &str = "s3:Replication:OperationFailedReplication";

impl Notification {
    /// The one by meaning, for reviewers too.
    pub(crate) fn meaning(&self) -> Value {
        // The ARN says what is told.
        let Self {
            kind: _,
            target,
            events,
            filter,
        } = self;
        let mut meaning = json!({ "target": target, "events": events });
        // One that every key passes is none.
        let filter: BTreeMap<_, _> = filter.iter().filter(|(_, end)| !end.is_empty()).collect();
        if !filter.is_empty() {
            meaning["filter"] = json!(filter);
        }
        meaning
    }

    /// An event that both would tell of one key, for which S3 takes neither beside the other
    /// (UG:notification-how-to-filtering); by the event that this one names.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> Option<&str> {
        let end = |of: &Self, name: &str| of.filter.get(name).cloned().unwrap_or_default();
        let [prefixes, suffixes] =
            ["prefix", "suffix"].map(|name| (end(self, name), end(other, name)));
        let (one, two) = prefixes;
        let begin_alike = one.starts_with(&two) || two.starts_with(&one);
        let (one, two) = suffixes;
        let end_alike = one.ends_with(&two) || two.ends_with(&one);
        if !begin_alike || !end_alike {
            return None;
        }
        let is_common = |event: &&String| {
            other
                .events
                .iter()
                .any(|theirs| is_in(event, theirs) || is_in(theirs, event))
        };
        self.events.iter().find(is_common).map(String::as_str)
    }
}

/// Whether an event is another one, or among those that end in a star.
fn is_in(event: &str, wide: &str) -> bool {
    let begins = wide.strip_suffix('*');
    event == wide || begins.is_some_and(|begin| event.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(events: &[&str], filter: &[(&str, &str)]) -> Notification {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Notification {
            kind: EventTarget::Topic,
            target: "arn:aws:sns:eu-west-1:111111111111:ops".to_owned(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            filter: filter.iter().map(owned).collect(),
        }
    }

    #[test]
    fn two_overlap_where_one_key_would_be_told_twice() {
        let ours = one(&[FAILED_REPLICATION], &[]);
        for theirs in [
            one(&[FAILED_REPLICATION], &[]),
            one(
                &["s3:ObjectCreated:*", "s3:Replication:*"],
                &[("prefix", "a/")],
            ),
        ] {
            assert_eq!(ours.overlaps(&theirs), Some(FAILED_REPLICATION));
            assert!(theirs.overlaps(&ours).is_some());
        }
        assert_eq!(ours.overlaps(&one(&["s3:ObjectCreated:*"], &[])), None);
        let [a, b] = ["a/", "b/"].map(|begin| one(&[FAILED_REPLICATION], &[("prefix", begin)]));
        assert_eq!(a.overlaps(&b), None);
        let end = one(&[FAILED_REPLICATION], &[("suffix", ".csv")]);
        assert!(a.overlaps(&end).is_some());
        assert_eq!(
            end.overlaps(&one(&[FAILED_REPLICATION], &[("suffix", ".txt")])),
            None
        );
    }

    #[test]
    fn a_filter_that_every_key_passes_is_none() {
        let none = one(&[FAILED_REPLICATION], &[]);
        assert_eq!(
            none.meaning(),
            one(&[FAILED_REPLICATION], &[("prefix", "")]).meaning()
        );
        assert_ne!(
            none.meaning(),
            one(&[FAILED_REPLICATION], &[("prefix", "a")]).meaning()
        );
    }
}
