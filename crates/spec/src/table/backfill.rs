//! `backfill` and the role of its jobs. Data only.

use super::Need::{Default, Optional, Required};
use super::Shape::{Bool, Either, Record as RecordShape, Scalar as ScalarShape, Words};
use super::{Field, Record, Shape, Word, record, word};
use crate::scalar::Scalar;

/// `backfill`.
pub(super) const BACKFILL: Field = Field::new(
    "backfill",
    RecordShape(&BACKFILL_FIELDS),
    Default("{}"),
    "Which objects from before the rules are copied by S3 Batch Replication, in phase `backfill`, and where its report goes.",
);

static BACKFILL_FIELDS: Record = record(
    "a backfill",
    &[
        Field::new(
            "scope",
            Words(SCOPES),
            Default("never-replicated"),
            "Which objects are copied, by their replication status. There is no word for all of them: what has arrived would be copied once more, at full price.",
        ),
        Field::new(
            "confirm",
            Bool,
            Default("true"),
            "Whether the job waits, when the number of its objects is known, for the next apply, whose plan shows the number and the cost.",
        ),
        Field::new(
            "priority",
            ScalarShape(Scalar::Count),
            Default("10"),
            "The priority of the job among those of the account and the Region: one with a higher number pauses the others.",
        ),
        Field::new(
            "report",
            RecordShape(&REPORT_PLACE),
            Optional("none; in phase `backfill` it must be there unless the scope is `none`"),
            "Where the job tells what became of each object. It is what s3ferry reads to say that nothing is missing.",
        ),
        Field::new(
            "manifest",
            RecordShape(&REPORT_PLACE),
            Optional("the list is not kept"),
            "Where the job keeps the list of its objects.",
        ),
    ],
);

static SCOPES: &[Word] = &[
    word("never-replicated", "Objects that no rule has seen."),
    word("failed", "Objects whose replication failed."),
    word(
        "both",
        "Both of these; objects that fail in the job are tried again by the next.",
    ),
    word("none", "No objects."),
];

static REPORT_PLACE: Record = record(
    "a place for reports",
    &[
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Required(
                "name the bucket: it exists, in the account and the Region of the source bucket",
            ),
            "The bucket, in the account and the Region of the source bucket, without a default retention; not one that a migration is from or to.",
        ),
        Field::new(
            "prefix",
            ScalarShape(Scalar::Prefix),
            Default("\"\""),
            "What the keys begin with; S3 puts a slash after it.",
        ),
    ],
);

/// `roles.batch`.
pub(super) const BATCH_ROLE: Field = Field::new(
    "batch",
    Either(&BATCH_ROLES),
    Optional("`s3ferry-batch-` and the source bucket, shortened with a hash to 64 characters"),
    "The role that jobs on the source bucket act as, in the source account, under the path `/s3ferry/`. s3ferry makes it in phase `backfill`, where the objects themselves are moved by the replication role, and where `verify.depth` is `computed`, and removes it afterwards.",
)
.whole();

/// `roles.destination_batch`.
pub(super) const DESTINATION_BATCH_ROLE: Field = Field::new(
    "destination_batch",
    Either(&DESTINATION_BATCH_ROLES),
    Optional("`s3ferry-batch-` and the destination bucket, shortened with a hash to 64 characters"),
    "The role that jobs on the destination bucket act as, in the destination account, under the path `/s3ferry/`. s3ferry makes it where `verify.depth` is `computed` and removes it afterwards.",
)
.whole();

static DESTINATION_BATCH_ROLES: [Shape; 2] = [
    ScalarShape(Scalar::RoleName),
    RecordShape(&DESTINATION_BATCH_ROLE_FIELDS),
];

static DESTINATION_BATCH_ROLE_FIELDS: Record = record(
    "a role for jobs on the destination bucket",
    &[Field::new(
        "name",
        ScalarShape(Scalar::RoleName),
        Required(
            "write the name of the role in the destination account, e.g. `destination_batch: { name: S3ChecksumRole }`",
        ),
        "The name of the role in the destination account.",
    )],
);

static BATCH_ROLES: [Shape; 2] = [
    ScalarShape(Scalar::RoleName),
    RecordShape(&BATCH_ROLE_FIELDS),
];

static BATCH_ROLE_FIELDS: Record = record(
    "a role for jobs",
    &[Field::new(
        "name",
        ScalarShape(Scalar::RoleName),
        Required(
            "write the name of the role in the source account, e.g. `batch: { name: S3BackfillRole }`",
        ),
        "The name of the role in the source account.",
    )],
);
