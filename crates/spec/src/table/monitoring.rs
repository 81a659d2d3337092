//! The fields of `monitoring`. Data only.

use super::Need::{Default, Optional};
use super::Shape::{Bool, List as ListShape, Record as RecordShape, Scalar as ScalarShape, Words};
use super::{Apart, Field, List, Record, Word, record, word};
use crate::scalar::Scalar;

/// The units of thresholds, the longer before those that they end like; latencies are seconds, sizes bytes.
pub(crate) const THRESHOLDS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("B", 1),
    ("s", 1),
    ("m", 60),
    ("h", 60 * 60),
    ("d", 24 * 60 * 60),
];

/// The fields of `monitoring`.
pub(super) static MONITORING: Record = record(
    "monitoring",
    &[
        Field::new(
            "none",
            ScalarShape(Scalar::Text),
            Optional("replication is watched"),
            "Why nobody watches. It stands in every plan. Not together with other fields.",
        ),
        Field::new(
            "account",
            ScalarShape(Scalar::AccountName),
            Optional("the account of the source"),
            "The account in whose CloudWatch the metrics of the rules appear, one of `accounts`; the alarms are made there. \
             AWS shows replication metrics with the source bucket. The plan says if there are none where it looks.",
        ),
        Field::new(
            "notify",
            RecordShape(&NOTIFY),
            Default("{}"),
            "The SNS topics that alarms go to, for each side. Without one, alarms tell nobody, and every plan says so.",
        ),
        Field::new(
            "events",
            ScalarShape(Scalar::EventTargetArn),
            Optional("no event of S3's own"),
            "A topic, a queue or a function in the source Region that S3 tells each object that failed: its key, version, rule and \
             reason (`s3:Replication:OperationFailedReplication`), where an alarm only counts. It is put beside whatever else the \
             source bucket tells anybody, and must let S3 in.",
        ),
        Field::new(
            "failed_operations",
            RecordShape(&FAILED_OPERATIONS),
            Default("{ above: 0 }"),
            "The alarm on operations that failed in five minutes, in the source Region. S3 never tries them again.",
        ),
        Field::new(
            "latency",
            ScalarShape(Scalar::Duration),
            Default("15m"),
            "The alarm on the age of what waits, in the destination Region: more than this, for a quarter of an hour.",
        ),
        Field::new(
            "pending_operations",
            ScalarShape(Scalar::Count),
            Default("10000"),
            "The alarm on the number of operations that wait, in the destination Region: more than these, for half an hour.",
        ),
        Field::new(
            "pending_bytes",
            ScalarShape(Scalar::Size),
            Default("100GiB"),
            "The alarm on the bytes that wait, in the destination Region: more than these, for half an hour.",
        ),
        Field::new(
            "missing_data",
            Words(MISSING),
            Default("ignore"),
            "What it means for an alarm that there is no datapoint. AWS advises `ignore` for replication metrics.",
        ),
        Field::new(
            "prove",
            Bool,
            Default("false"),
            "Whether an apply shows that an object which fails is told: it has one fail on purpose, under a rule and an alarm of its \
             own, sees that alarm raised, which tells the topics of `notify.source`, and takes all of it away again. Once, until \
             the role, the buckets, `failed_operations` or the topics are others.",
        ),
    ],
)
.apart(&[
    Apart::Two("none", "account"),
    Apart::Two("none", "notify"),
    Apart::Two("none", "events"),
    Apart::Two("none", "failed_operations"),
    Apart::Two("none", "latency"),
    Apart::Two("none", "pending_operations"),
    Apart::Two("none", "pending_bytes"),
    Apart::Two("none", "missing_data"),
    Apart::Two("none", "prove"),
]);

static NOTIFY: Record = record(
    "the topics to notify",
    &[
        Field::new(
            "source",
            ListShape(&TOPICS),
            Default("[]"),
            "Topics in the source Region, up to five: operations that failed are told there.",
        ),
        Field::new(
            "destination",
            ListShape(&TOPICS),
            Default("[]"),
            "Topics in the destination Region, up to five: what is late or waits is told there.",
        ),
    ],
);

static TOPICS: List = List {
    of: ScalarShape(Scalar::TopicArn),
    at_least: 0,
    distinct: true,
};

static FAILED_OPERATIONS: Record = record(
    "an alarm on failed operations",
    &[
        Field::new(
            "above",
            ScalarShape(Scalar::Count),
            Default("0"),
            "How many failures in five minutes are not too many yet.",
        ),
        Field::new(
            "missing_data",
            Words(MISSING),
            Optional("as for the other alarms"),
            "What it means for this alarm that there is no datapoint. With `ignore` it stays raised until the next \
             datapoint says that all is well; with `notBreaching` it goes back by itself.",
        ),
    ],
);

static MISSING: &[Word] = &[
    word("ignore", "The alarm stays as it is."),
    word("missing", "The alarm has no data."),
    word("breaching", "The alarm goes off."),
    word("notBreaching", "All is well."),
];
