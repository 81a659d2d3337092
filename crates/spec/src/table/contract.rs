//! The fields of a file and of an account. Data only.

use super::Need::{Default, Optional, Required};
use super::Shape::{Either, Named as NamedShape, Record as RecordShape, Scalar as ScalarShape};
use super::{Apart, Field, Named, Record, Shape, record};
use crate::scalar::Scalar;

pub(crate) use super::migration::{MIGRATION, MOST_TAGS, RULE};

/// What the mappings are that have a field of this name, each once.
pub(crate) fn records_with(field: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    collect(&Shape::Record(&FILE), field, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn collect(shape: &Shape, field: &str, found: &mut Vec<&'static str>) {
    match shape {
        Shape::Record(record) => {
            found.extend(record.field(field).map(|_| record.what));
            record
                .fields
                .iter()
                .for_each(|below| collect(&below.shape, field, found));
        }
        Shape::Named(named) => collect(&named.of, field, found),
        Shape::List(list) => collect(&list.of, field, found),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| collect(shape, field, found)),
        Shape::Scalar(_) | Shape::Bool | Shape::Words(_) | Shape::False(_) => {}
    }
}

/// A spec file.
pub(crate) static FILE: Record = record("a spec file", &[
    Field::new(
        "version",
        ScalarShape(Scalar::Version),
        Required("begin every file with `version: 1`: it says which fields there are"),
        "The version of this format. Every file names it, so that a file means the same wherever it is moved.",
    ),
    Field::new(
        "name",
        ScalarShape(Scalar::SpecName),
        Default("default"),
        "The identity of this spec in ownership markers. Two specs that work in the same accounts need two names, \
         or each takes what the other made for its own. Given once over all files.",
    ),
    Field::new(
        "accounts",
        NamedShape(&ACCOUNTS),
        Optional("none; the other files may name them"),
        "The AWS accounts, by the names that migrations use. All files add to one set.",
    ),
    Field::new(
        "ledger",
        Either(&[ScalarShape(Scalar::Folder), RecordShape(&LEDGER)]),
        Default("./ledger"),
        "Where receipts, journals and locks are kept. A folder is relative to the file that names it. \
         Given once over all files.",
    )
    .whole(),
    Field::new(
        "defaults",
        RecordShape(&MIGRATION),
        Default("{}"),
        "Fields that every migration has where it says nothing else. A mapping is merged field by field; a list, and \
         a field with alternatives, is replaced. Given once over all files.",
    ),
    Field::new(
        "migrations",
        NamedShape(&MIGRATIONS),
        Optional("none; the other files may declare them"),
        "The moves, by name. All files add to one set.",
    ),
]);

static ACCOUNTS: Named = Named {
    key: Scalar::AccountName,
    what: "account",
    of: RecordShape(&ACCOUNT),
    at_most: usize::MAX,
};

static MIGRATIONS: Named = Named {
    key: Scalar::MigrationName,
    what: "migration",
    of: RecordShape(&MIGRATION),
    at_most: usize::MAX,
};

/// An account.
pub(crate) static ACCOUNT: Record = record(
    "an account",
    &[
        Field::new(
            "id",
            ScalarShape(Scalar::AccountId),
            Required(
                "write the 12 digits in quotes: `id: \"111111111111\"`; s3ferry compares them with who it signed in as",
            ),
            "The account ID, in quotes. Nothing is read or written before the caller is seen to be in this account.",
        ),
        Field::new(
            "region",
            ScalarShape(Scalar::Region),
            Required(
                "write the Region of the buckets, e.g. `region: eu-west-1`; for buckets in two Regions declare the account twice, under two names",
            ),
            "The Region of the buckets that migrations name under this account. For two Regions, declare the account under two names.",
        ),
        Field::new(
            "profile",
            ScalarShape(Scalar::Text),
            Optional("the default credential chain, which must be this account"),
            "The profile of the shared AWS configuration to sign in with. Not together with `assume_role`.",
        ),
        Field::new(
            "assume_role",
            RecordShape(&ASSUME_ROLE),
            Optional("no role is assumed"),
            "The role to assume after the default credential chain. It must be in this account.",
        ),
    ],
)
.apart(&[Apart::Two("profile", "assume_role")]);

static ASSUME_ROLE: Record = record(
    "a role to assume",
    &[
        Field::new(
            "arn",
            ScalarShape(Scalar::RoleArn),
            Required(
                "write the ARN of the role, e.g. `arn: arn:aws:iam::111111111111:role/s3ferry`",
            ),
            "The ARN of the role.",
        ),
        Field::new(
            "external_id",
            ScalarShape(Scalar::ExternalId),
            Optional("none is sent"),
            "The external ID that the role's trust policy asks for.",
        ),
    ],
);

static LEDGER: Record = Record {
    what: "a ledger in a bucket",
    later: Some("the ledger is a folder today: write `ledger: ./ledger`"),
    fields: &[
        Field::new(
            "account",
            ScalarShape(Scalar::AccountName),
            Required("name the account that owns the bucket"),
            "The account that owns the ledger's bucket.",
        ),
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Required("name the bucket"),
            "The ledger's bucket.",
        ),
        Field::new(
            "prefix",
            ScalarShape(Scalar::Prefix),
            Default("\"\""),
            "What the ledger's keys begin with.",
        ),
    ],
    apart: &[],
};
