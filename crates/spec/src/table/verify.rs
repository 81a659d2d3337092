//! `verify`. Data only.

use super::Need::{Default, Optional, Required};
use super::Shape::{Bool, List as ListShape, Record as RecordShape, Scalar as ScalarShape, Words};
use super::{Field, List, Record, Word, record, word};
use crate::scalar::Scalar;

/// `verify`.
pub(super) const VERIFY: Field = Field::new(
    "verify",
    RecordShape(&VERIFY_FIELDS),
    Default("{}"),
    "What a comparison of both sides must be for phase `verify` and those after it. `s3ferry verify` makes it, so closely unless it is told otherwise.",
);

static VERIFY_FIELDS: Record = record(
    "a verification",
    &[
        Field::new(
            "depth",
            Words(DEPTHS),
            Default("checksum"),
            "How closely every version is compared, at least.",
        ),
        Field::new(
            "compare",
            ListShape(&COMPARED),
            Default("[]"),
            "What is compared besides.",
        ),
        Field::new(
            "max_age",
            ScalarShape(Scalar::Duration),
            Default("24h"),
            "How long ago the comparison may have begun: what was written since is not in it.",
        ),
        Field::new(
            "sample_content",
            ScalarShape(Scalar::Percent),
            Optional("all of it at depth `content`, none otherwise"),
            "Of how many versions the content is read at both sides, chosen anew each time.",
        ),
        Field::new(
            "reports",
            RecordShape(&REPORTS),
            Default("{}"),
            "Where the jobs that compute checksums tell them, one at each side; with depth `computed` both must be there.",
        ),
        Field::new(
            "confirm",
            Bool,
            Default("true"),
            "Whether such a job waits, when the number of its objects is known, for the next apply, whose plan shows the number and the cost.",
        ),
        Field::new(
            "athena",
            RecordShape(&ATHENA),
            Optional("inventories are compared on this machine"),
            "Where Athena compares inventories, with `s3ferry verify --from inventory --engine athena`.",
        ),
    ],
);

static REPORTS: Record = record(
    "places for reports",
    &[
        Field::new(
            "source",
            RecordShape(&REPORT_PLACE),
            Optional("none"),
            "Where the report of the job on the source bucket goes.",
        ),
        Field::new(
            "destination",
            RecordShape(&REPORT_PLACE),
            Optional("none"),
            "Where the report of the job on the destination bucket goes.",
        ),
    ],
);

static REPORT_PLACE: Record = record(
    "a place for reports",
    &[
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Required(
                "name the bucket: it exists, in the account and the Region of the bucket that it is about",
            ),
            "The bucket, in the account and the Region of the one that it is about, without a default retention; not one that a migration is from or to.",
        ),
        Field::new(
            "prefix",
            ScalarShape(Scalar::Prefix),
            Default("\"\""),
            "What the keys begin with; S3 puts a slash after it.",
        ),
    ],
);

static ATHENA: Record = record(
    "a place for queries",
    &[
        Field::new(
            "account",
            ScalarShape(Scalar::AccountName),
            Optional("the account of the source"),
            "The account that asks, one of `accounts`, in its Region. It must be allowed to read both lists.",
        ),
        Field::new(
            "workgroup",
            ScalarShape(Scalar::WorkGroup),
            Default("primary"),
            "The workgroup, which exists and is enabled.",
        ),
        Field::new(
            "database",
            ScalarShape(Scalar::Database),
            Default("default"),
            "The database, which exists. A table for each list is made in it and dropped at the end.",
        ),
        Field::new(
            "output",
            RecordShape(&OUTPUT),
            Required("name the bucket that results go to: `output: { bucket: NAME }`"),
            "Where Athena puts results. They hold keys and version IDs, and stay there until a lifecycle rule of that bucket removes them.",
        ),
    ],
);

static OUTPUT: Record = record(
    "a place for results",
    &[
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Required("name the bucket: it exists, in the account and the Region of the query"),
            "The bucket, in the account and the Region of the query; not one that a migration is from or to.",
        ),
        Field::new(
            "prefix",
            ScalarShape(Scalar::Prefix),
            Default("\"\""),
            "What the keys begin with; a slash is put after it.",
        ),
    ],
);

static DEPTHS: &[Word] = &[
    word(
        "listing",
        "Keys, versions, sizes and ETags, from listings; what they leave in doubt is looked at.",
    ),
    word(
        "checksum",
        "Stored checksums as well, with a look at each version of both sides.",
    ),
    word(
        "computed",
        "Checksums that S3 computes of the bytes where they lie, by a job at each side: nothing is downloaded.",
    ),
    word(
        "content",
        "The bytes as well, read at both sides: of every version, or of `sample_content`.",
    ),
];

static COMPARED: List = List {
    of: Words(THINGS),
    at_least: 0,
    distinct: true,
};

static THINGS: &[Word] = &[
    word("tags", "Object tags."),
    word("metadata", "User metadata."),
    word(
        "class",
        "The storage class, against that of the rule or of the source.",
    ),
];
