//! `logging`: what is written down of both buckets. Data only.

use super::Need::{Default, Optional, Required};
use super::Shape::{Bool, Either, Record as RecordShape, Scalar as ScalarShape, Words};
use super::migration::SSE_S3;
use super::{Field, Record, Word, record, word};
use crate::scalar::Scalar;

/// `logging`.
pub(super) const LOGGING: Field = Field::new(
    "logging",
    RecordShape(&LOGGING_FIELDS),
    Default("{}"),
    "What is written down of both buckets: access logs, CloudTrail data events and inventories. What is not named stays as it is found. \
     Everything goes to buckets that exist, in the account and the Region of the bucket that it is about; s3ferry adds its own statements to \
     their policies.",
);

static LOGGING_FIELDS: Record = record(
    "logging",
    &[
        Field::new(
            "access",
            RecordShape(&ACCESS_LOGS),
            Default("{}"),
            "S3 server access logs.",
        ),
        Field::new(
            "cloudtrail",
            RecordShape(&TRAILS),
            Default("{}"),
            "CloudTrail data events: who read, wrote or deleted which object. They are billed by number.",
        ),
        Field::new(
            "inventory",
            RecordShape(&INVENTORIES),
            Default("{}"),
            "S3 Inventory: lists of all versions, with what a comparison of both sides needs. The first one comes within 48 hours.",
        ),
    ],
);

static ACCESS_LOGS: Record = record(
    "access logs",
    &[
        Field::new(
            "source",
            RecordShape(&LOG_PLACE),
            Optional("left as it is"),
            "Where logs of the source bucket go.",
        ),
        Field::new(
            "destination",
            RecordShape(&LOG_PLACE),
            Optional("left as it is"),
            "Where logs of the destination bucket go.",
        ),
        Field::new(
            "key_format",
            Words(KEY_FORMATS),
            Default("simple"),
            "How the keys of logs go on after the prefix.",
        ),
    ],
);

static KEY_FORMATS: &[Word] = &[
    word("simple", "With the time of delivery, all in one place."),
    word(
        "event-time",
        "By account, Region, bucket and the date of the events.",
    ),
    word(
        "delivery-time",
        "By account, Region, bucket and the date of delivery.",
    ),
];

static LOG_PLACE: Record = record(
    "a place for logs",
    &[
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Required(
                "name the bucket: it exists, in the account and the Region of the bucket that it is about",
            ),
            "The bucket, in the account and the Region of the one that it is about; not one that a migration is from or to.",
        ),
        Field::new(
            "prefix",
            ScalarShape(Scalar::Prefix),
            Default("\"\""),
            "What the keys begin with.",
        ),
    ],
);

static TRAILS: Record = record(
    "trails",
    &[
        Field::new(
            "source",
            RecordShape(&TRAIL),
            Optional("left as it is"),
            "The trail that records the data events of the source bucket.",
        ),
        Field::new(
            "destination",
            RecordShape(&TRAIL),
            Optional("left as it is"),
            "The trail that records the data events of the destination bucket.",
        ),
        Field::new(
            "write_only",
            Bool,
            Default("false"),
            "Whether only events that write are recorded: a fraction of the events and of their price where much is read.",
        ),
    ],
);

static TRAIL: Record = record(
    "a trail",
    &[
        Field::new(
            "trail",
            ScalarShape(Scalar::TrailName),
            Required("name the trail: one of the bucket's account"),
            "The name of the trail, in the account of the bucket. Several migrations may name the same.",
        ),
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Optional(
                "the trail is somebody else's: it is told to record these data events besides, and left as it is otherwise",
            ),
            "The bucket that the trail writes to; the trail is s3ferry's then, and made where it is not there. A bucket in the account and the \
             Region of the one that is recorded; not one that a migration is from or to.",
        ),
        Field::new(
            "prefix",
            ScalarShape(Scalar::TrailPrefix),
            Default("\"\""),
            "What the keys of a trail of s3ferry's begin with; CloudTrail puts `/AWSLogs/` after it.",
        ),
        Field::new(
            "region",
            ScalarShape(Scalar::Region),
            Optional("the Region of the bucket that is recorded"),
            "The home Region of somebody else's trail that records in all Regions.",
        ),
    ],
);

static INVENTORIES: Record = record(
    "inventories",
    &[
        Field::new(
            "source",
            RecordShape(&INVENTORY_PLACE),
            Optional("left as it is"),
            "Where inventories of the source bucket go.",
        ),
        Field::new(
            "destination",
            RecordShape(&INVENTORY_PLACE),
            Optional("left as it is"),
            "Where inventories of the destination bucket go.",
        ),
        Field::new(
            "format",
            Words(FORMATS),
            Default("csv"),
            "The format of the lists.",
        ),
        Field::new(
            "schedule",
            Words(SCHEDULES),
            Default("daily"),
            "How often lists are made.",
        ),
    ],
);

static INVENTORY_PLACE: Record = record(
    "a place for inventories",
    &[
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Required(
                "name the bucket: it exists, in the account and the Region of the bucket that is listed",
            ),
            "The bucket, in the account and the Region of the one that is listed; not one that a migration is from or to.",
        ),
        Field::new(
            "prefix",
            ScalarShape(Scalar::Prefix),
            Default("\"\""),
            "What the keys begin with; S3 puts a slash after it.",
        ),
        Field::new(
            "encryption",
            Either(&[Words(&[SSE_S3]), RecordShape(&LIST_KEY)]),
            Optional("as the bucket says by default"),
            "How the lists are encrypted.",
        )
        .whole(),
    ],
);

static LIST_KEY: Record = record(
    "encryption of lists by a KMS key",
    &[Field::new(
        "kms_key",
        ScalarShape(Scalar::KeyArn),
        Required("write the ARN of a key in the bucket's Region"),
        "The ARN of a customer managed key in the bucket's Region, whose policy lets S3 generate data keys.",
    )],
);

static FORMATS: &[Word] = &[
    word("csv", "CSV, compressed."),
    word("orc", "Apache ORC."),
    word("parquet", "Apache Parquet."),
];

static SCHEDULES: &[Word] = &[word("daily", "Every day."), word("weekly", "Every Sunday.")];
