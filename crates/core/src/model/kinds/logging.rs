//! A bucket's server access logging.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size,
    Writes, one_thing,
};
use crate::format::{Action, RiskLevel, UndoKind};
use crate::ids::BucketName;
use crate::model::links::Link;
use crate::model::target::{Service, Target};

/// Where the access logs of a bucket go. A bucket that is not logged has none (BC:s3 BucketLoggingStatus).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketLogging {
    /// The name of the bucket that logs go to, in the same account and Region (UG:ServerLogs).
    pub bucket: String,
    /// What the keys of logs begin with; may be empty.
    pub prefix: String,
    /// How keys go on, as found.
    pub keys: Option<LogKeys>,
    /// Who else may do what with the logs.
    pub grants: BTreeSet<LogGrant>,
}

/// How the keys of logs go on after their prefix (BC:s3 TargetObjectKeyFormat).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogKeys {
    /// `SimplePrefix`: with the time of delivery.
    Simple,
    /// `PartitionedPrefix`: by account, Region, bucket and date; whose date, in S3's word.
    Partitioned(Option<String>),
}

impl LogKeys {
    /// What S3 takes where nothing is said of the date (BC:s3 PartitionedPrefix).
    pub const DEFAULT_DATE: &'static str = "EventTime";
}

/// A grant on the logs that S3 delivers (BC:s3 TargetGrant).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogGrant {
    /// What kind of grantee, in S3's word.
    pub kind: String,
    /// The canonical user.
    pub id: Option<String>,
    /// The group.
    pub uri: Option<String>,
    /// An address; S3 takes none any more (BC:s3 PutBucketLogging).
    pub email: Option<String>,
    /// What it may do, in S3's word.
    pub permission: Option<String>,
}

impl BucketLogging {
    /// The bucket that logs go to; none where the name is none.
    #[must_use]
    pub fn to(&self) -> Option<BucketName> {
        BucketName::new(self.bucket.clone()).ok()
    }

    /// Whether logs go to the same place under the same kind of keys, whatever is granted on them.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        let place = |of: &Self| (of.bucket.clone(), of.prefix.clone(), keys(of.keys.as_ref()));
        place(self) == place(other)
    }
}

/// The kind of keys by meaning: what is not said is simple, and a partition by the time of the event.
fn keys(keys: Option<&LogKeys>) -> Value {
    match keys {
        None | Some(LogKeys::Simple) => json!("simple"),
        Some(LogKeys::Partitioned(date)) => {
            json!({ "partitioned": date.as_deref().unwrap_or(LogKeys::DEFAULT_DATE) })
        }
    }
}

const PUT: &[Call] = &[Call::of(
    "PutBucketLogging",
    &[Need::place("s3:PutBucketLogging")],
)];

pub(super) const LOGGING: Facts = Facts {
    name: "access logging",
    path: "/logging",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketLogging",
        &[Need::place("s3:GetBucketLogging")],
    )],
    // Nobody is logged where the status is empty: there is no call of its own to take it away (BC:s3 PutBucketLogging).
    write: Some(Writes {
        create: PUT,
        update: PUT,
        delete: PUT,
    }),
    guarded: true,
    marked: Marked::ByItsGrant,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_logging,
};

fn of_logging(change: &Change<'_>) -> Consequences {
    let slow = "S3 needs up to an hour for it, and delivers logs hours late and at its best effort: they prove nothing \
                complete (UG:ServerLogs).";
    match change.action {
        Action::Create => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &[slow, "Delivery is free; the logs are billed as storage."],
        ),
        Action::Update => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Medium,
            &[
                slow,
                "Whoever reads the logs at their old place finds no new ones there.",
            ],
        ),
        Action::Delete => Consequences::of(
            UndoKind::Partial,
            "what happens meanwhile is in no log",
            RiskLevel::Medium,
            &["Logs that are there stay."],
        ),
        Action::Prove => Consequences::none(),
    }
}

impl Holding for BucketLogging {
    fn canonical(&self) -> Value {
        let Self {
            bucket,
            prefix,
            keys: of_keys,
            grants,
        } = self;
        let grant = |grant: &LogGrant| {
            let LogGrant {
                kind,
                id,
                uri,
                email,
                permission,
            } = grant;
            json!({ "kind": kind, "id": id, "uri": uri, "email": email, "permission": permission })
        };
        json!({
            "bucket": bucket,
            "prefix": prefix,
            "keys": keys(of_keys.as_ref()),
            "grants": grants.iter().map(grant).collect::<Vec<Value>>(),
        })
    }

    fn view(&self) -> Value {
        let mut view = self.canonical();
        if let (Value::Object(fields), true) = (&mut view, self.grants.is_empty()) {
            fields.remove("grants");
        }
        view
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        let Some(bucket) = self.to() else {
            return Vec::new();
        };
        Link::of_delivery(
            bucket,
            "a bucket takes logs before another one sends them there",
            "a bucket stops sending its logs before they are no longer taken",
        )
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Document;

    #[test]
    fn what_is_not_said_of_keys_is_what_s3_does() {
        let logging = |keys| {
            Document::Logging(BucketLogging {
                bucket: "logs".to_owned(),
                prefix: String::new(),
                keys,
                grants: BTreeSet::new(),
            })
        };
        let date = |word: &str| Some(LogKeys::Partitioned(Some(word.to_owned())));
        assert!(logging(None).same_meaning(&logging(Some(LogKeys::Simple))));
        let event = logging(date("EventTime"));
        assert!(event.same_meaning(&logging(Some(LogKeys::Partitioned(None)))));
        assert!(!event.same_meaning(&logging(date("DeliveryTime"))));
        assert!(!event.same_meaning(&logging(None)));
    }
}
