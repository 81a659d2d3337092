//! The fields of the contract that this version parses, checks and refuses as not yet supported. Data only.

use super::Need::{Default, Optional, Required};
use super::Shape::{Bool, List as ListShape, Record as RecordShape, Scalar as ScalarShape, Words};
use super::{Field, List, Record, Word, record, word};
use crate::scalar::Scalar;

/// `roles.destination`.
pub(super) const DESTINATION_ROLE: Field = Field::new(
    "destination",
    RecordShape(&DESTINATION_ROLE_FIELDS),
    Optional("no such role is made"),
    "A role in the destination account, for writers after the cutover and for reverse replication. It is not the role that S3 replicates with.",
)
.later("no role is made in the destination account yet; replication needs none there: remove the field");

static DESTINATION_ROLE_FIELDS: Record = record(
    "a destination role",
    &[
        Field::new(
            "name",
            ScalarShape(Scalar::RoleName),
            Required("write the name of the role"),
            "The name of the role.",
        ),
        Field::new(
            "trust",
            ListShape(&PRINCIPALS),
            Default("[]"),
            "The ARNs that may assume the role.",
        ),
    ],
);

static PRINCIPALS: List = List {
    of: ScalarShape(Scalar::PrincipalArn),
    at_least: 0,
    distinct: false,
};

/// `cutover`.
pub(super) const CUTOVER: Field = Field::new(
    "cutover",
    RecordShape(&CUTOVER_FIELDS),
    Optional("there is no cutover"),
    "How the source is frozen and consumers move.",
)
.later("the phase `cutover` is not there yet: remove the field");

static CUTOVER_FIELDS: Record = record(
    "a cutover",
    &[
        Field::new(
            "freeze",
            Bool,
            Default("true"),
            "Whether writes to the source are denied.",
        ),
        Field::new(
            "allow",
            ListShape(&PRINCIPALS),
            Default("[]"),
            "The ARNs that may write all the same.",
        ),
        Field::new(
            "reverse_replication",
            Bool,
            Default("false"),
            "Whether the destination replicates back, so that going back loses nothing.",
        ),
        Field::new(
            "quiet",
            ScalarShape(Scalar::Duration),
            Default("1h"),
            "How long the source must have been unread.",
        ),
        Field::new(
            "consumers",
            ListShape(&CONSUMERS),
            Default("[]"),
            "Who reads and writes the bucket.",
        ),
    ],
);

static CONSUMERS: List = List {
    of: RecordShape(&CONSUMER),
    at_least: 0,
    distinct: false,
};

static CONSUMER: Record = record(
    "a consumer",
    &[
        Field::new(
            "name",
            ScalarShape(Scalar::Text),
            Required("name the consumer"),
            "Its name.",
        ),
        Field::new(
            "moved",
            Bool,
            Default("false"),
            "Whether it uses the destination.",
        ),
    ],
);

/// `retire`.
pub(super) const RETIRE: Field = Field::new(
    "retire",
    RecordShape(&RETIRE_FIELDS),
    Optional("the source is kept"),
    "What becomes of the source.",
)
.later("the phase `retire` is not there yet, and the source is kept: remove the field");

static RETIRE_FIELDS: Record = record(
    "a retirement",
    &[
        Field::new(
            "source",
            Words(ENDS),
            Default("keep"),
            "What becomes of the source bucket.",
        ),
        Field::new(
            "receipt",
            ScalarShape(Scalar::Receipt),
            Optional("none, and nothing is deleted"),
            "The verification receipt that covers what is deleted.",
        ),
        Field::new(
            "by",
            Words(MEANS),
            Default("objects"),
            "How the bucket is emptied.",
        ),
    ],
);

static ENDS: &[Word] = &[
    word("keep", "Nothing is deleted."),
    word("empty", "Every version is deleted."),
    word("delete", "The bucket is deleted too."),
];

static MEANS: &[Word] = &[
    word("objects", "Object by object."),
    word("lifecycle", "By a lifecycle rule."),
];
