//! Bucket notifications: what happens to objects is told to the topics that a bucket's configuration names.
//!
//! Messages are those of UG:notification-content-structure, and of localstack's snapshots of AWS (test_s3_notifications_sns).
//! Nobody waits for them, and what a topic does not take is lost.

use serde_json::{Value, json};

use crate::authority::{Caller, CallerKind, Source};
use crate::clock::{iso_millis, seconds};
use crate::notifier::Notice;
use crate::s3::rules::acl::canonical_id;
use crate::s3::state::notification::{Kind, Notification};
use crate::s3::state::world::Store;
use crate::s3::xml;
use crate::wire::form::form_encoded;

/// The principal that topics' policies name, and the subject of its messages.
const SERVICE: &str = "s3.amazonaws.com";
const SUBJECT: &str = "Amazon S3 Notification";

/// What happened to an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Happening<'a> {
    /// As `ObjectCreated:Put`.
    pub(crate) event: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) version_id: Option<&'a str>,
    /// None of what is gone.
    pub(crate) etag: Option<&'a str>,
    pub(crate) size: Option<u64>,
    /// None where S3 itself did it.
    pub(crate) caller: Option<&'a Caller>,
    /// What a replication event tells besides.
    pub(crate) replication: Option<Replicated<'a>>,
}

/// What an event of replication tells besides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replicated<'a> {
    pub(crate) rule: &'a str,
    /// ARN.
    pub(crate) destination: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) reason: &'a str,
}

/// Tells the topics that want it.
pub(crate) fn tell(store: &Store, happening: &Happening<'_>) {
    let found = {
        let world = store.world();
        let Some(bucket) = world.buckets.get(happening.bucket) else {
            return;
        };
        let text =
            bucket.document_as_of(&("notification", String::new()), store.effective_instant());
        text.map(|text| (text, bucket.owner.to_string(), bucket.region.to_string()))
    };
    let Some((text, owner, region)) = found else {
        return;
    };
    let root = xml::parse(text.as_bytes()).ok();
    let all = root.and_then(|root| Notification::parse(&root));
    let arn = format!("arn:aws:s3:::{}", happening.bucket);
    for one in all.unwrap_or_default() {
        match one.kind {
            Kind::Topic if one.wants(happening.event, happening.key) => {}
            Kind::Topic | Kind::Queue | Kind::Function => continue,
        }
        let record = record(store, happening, (&owner, &region), one.id.as_deref());
        let message = json!({ "Records": [record] }).to_string();
        let source = Source {
            arn: &arn,
            account: &owner,
        };
        let notice = notice(store, source, &one.target, &message);
        let _ = store.environment.notifier.publish(&notice);
    }
}

/// Makes what a topic is told of a bucket.
pub(crate) fn notice<'a>(
    store: &Store,
    source: Source<'a>,
    topic: &'a str,
    message: &'a str,
) -> Notice<'a> {
    Notice {
        service: SERVICE,
        source,
        // The policy of a new topic does not let S3 publish.
        tells_owner: false,
        topic,
        subject: Some(SUBJECT),
        message,
        at: seconds(store.environment.clock.now()),
    }
}

fn record(
    store: &Store,
    happening: &Happening<'_>,
    (owner, region): (&str, &str),
    id: Option<&str>,
) -> Value {
    let now = store.environment.clock.now();
    let since = now.duration_since(std::time::SystemTime::UNIX_EPOCH);
    let mut object = json!({ "key": form_encoded(happening.key) });
    object["sequencer"] = json!(format!(
        "{:018X}",
        since.map_or(0, |since| since.as_nanos())
    ));
    if let Some(etag) = happening.etag {
        object["eTag"] = json!(etag);
    }
    if let Some(size) = happening.size {
        object["size"] = json!(size);
    }
    if let Some(version_id) = happening.version_id {
        object["versionId"] = json!(version_id);
    }
    let mut record = json!({
        "eventVersion": if happening.replication.is_some() { "2.2" } else { "2.1" },
        "eventSource": "aws:s3", "awsRegion": region, "eventTime": iso_millis(seconds(now)), "eventName": happening.event,
        "userIdentity": { "principalId": principal(happening.caller) },
        "requestParameters": { "sourceIPAddress": if happening.caller.is_some() { "127.0.0.1" } else { SERVICE } },
        "responseElements": {
            "x-amz-request-id": store.deliveries.unique(), "x-amz-id-2": store.deliveries.unique(),
        },
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": id,
            "bucket": {
                "name": happening.bucket, "ownerIdentity": { "principalId": customer(owner) },
                "arn": format!("arn:aws:s3:::{}", happening.bucket),
            },
            "object": object,
        },
    });
    if let Some(replicated) = happening.replication {
        record["replicationEventData"] = json!({
            "replicationRuleId": replicated.rule, "destinationBucket": replicated.destination,
            "s3Operation": replicated.operation, "requestTime": iso_millis(seconds(now)), "failureReason": replicated.reason,
        });
    }
    record
}

fn principal(caller: Option<&Caller>) -> String {
    let Some(caller) = caller else {
        return SERVICE.to_owned();
    };
    match caller.kind {
        CallerKind::Root => customer(&caller.account),
        CallerKind::Anonymous => "Anonymous".to_owned(),
        CallerKind::User | CallerKind::AssumedRole | CallerKind::Service => {
            format!("AWS:{}", caller.user_id)
        }
    }
}

/// The id of an account as a customer of S3, which is not its canonical one.
fn customer(account: &str) -> String {
    let id = canonical_id(account).to_ascii_uppercase();
    format!("A{}", &id[..13])
}

#[cfg(test)]
mod tests;
