//! A bucket's notification configuration: who hears of what happens to its objects, each by its ID.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::event::Notification;
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size,
    Writes,
};
use super::part::Part;
use crate::format::{Action, RiskLevel, UndoKind};
use crate::ids::BucketName;
use crate::model::links::{Link, Thing};
use crate::model::target::{BucketPart, Service, Target};

/// The notification configuration of a bucket; one that says nothing is no such document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifications {
    /// Who hears of what, by the IDs, which no two of a bucket share whatever they tell.
    pub by_id: BTreeMap<String, Notification>,
    /// Whether everything is told to EventBridge, too.
    pub event_bridge: bool,
}

const PUT: Call = Call::of(
    "PutBucketNotificationConfiguration",
    &[Need::place("s3:PutBucketNotification")],
);

pub(super) const NOTIFICATIONS: Facts = Facts {
    name: "notification configuration",
    path: "/notification",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketNotificationConfiguration",
        &[Need::place("s3:GetBucketNotification")],
    )],
    // There is no call to delete one: an empty one takes its place (BC:s3 PutBucketNotificationConfiguration).
    write: Some(Writes {
        create: &[PUT],
        update: &[PUT],
        delete: &[PUT],
    }),
    guarded: false,
    marked: Marked::ByItem,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_notifications,
};

fn of_notifications(change: &Change<'_>) -> Consequences {
    match change.action {
        Action::Create | Action::Update => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            // UG:notification-content-structure, "Test message".
            &["Topics and queues of the bucket's configuration get a test message (s3:TestEvent)."],
        ),
        Action::Delete => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &["Nobody is told the key of what fails any more."],
        ),
        Action::Prove => Consequences::none(),
    }
}

impl Notifications {
    /// The configuration; none where it says nothing.
    #[must_use]
    pub fn unless_empty(self) -> Option<Self> {
        (self.event_bridge || !self.by_id.is_empty()).then_some(self)
    }
}

impl Holding for Notifications {
    fn canonical(&self) -> Value {
        let Self {
            by_id,
            event_bridge,
        } = self;
        let meaning = by_id.iter().map(|(id, of)| (id.clone(), of.meaning()));
        json!({ "by_id": meaning.collect::<BTreeMap<_, _>>(), "event_bridge": event_bridge })
    }

    fn view(&self) -> Value {
        self.canonical()
    }

    fn parts(&self) -> Option<Parts> {
        let part = |(id, of): (&String, &Notification)| {
            let part = Part::Notification(id.clone(), Box::new(of.clone()));
            (format!("/{id}"), part)
        };
        let by_id = self.by_id.iter().map(part);
        // Whatever an ID is, its path begins with a slash.
        let bridge = self
            .event_bridge
            .then(|| (":EventBridge".to_owned(), Part::EventBridge));
        Some(by_id.chain(bridge).collect())
    }

    fn links(&self, at: &Target) -> Vec<Link> {
        let rules = |bucket: BucketName| {
            Link::Finds(
                Thing::Bucket(bucket, BucketPart::Replication),
                "what fails is told until the rules are gone, so who is told of it goes last",
            )
        };
        let bucket = at.bucket().map(|bucket| bucket.bucket.clone());
        bucket.map(rules).into_iter().collect()
    }
}
