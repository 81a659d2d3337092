//! `verify`. Data only.

use super::Need::{Default, Optional};
use super::Shape::{List as ListShape, Record as RecordShape, Scalar as ScalarShape, Words};
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
