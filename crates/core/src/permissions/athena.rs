//! What comparing inventories by a query of Athena needs, in the account that asks: Athena reads, writes and makes tables in its caller's name.

use crate::model::kinds::{Call, Need};

/// On the workgroup.
pub(super) const QUERIES: &[Call] = &[
    Call::of(
        "StartQueryExecution",
        &[Need::place("athena:StartQueryExecution")],
    ),
    Call::of(
        "GetQueryExecution",
        &[Need::place("athena:GetQueryExecution")],
    ),
    Call::of("GetQueryResults", &[Need::place("athena:GetQueryResults")]),
    Call::of(
        "StopQueryExecution",
        &[Need::place("athena:StopQueryExecution")],
    ),
];

/// On the catalog, the database and the tables (Athena UG, fine-grained-access-to-glue-resources).
pub(super) const TABLES: &[Call] = &[
    Call::of("CREATE TABLE", &[Need::place("glue:CreateTable")]),
    Call::of(
        "SELECT",
        &[
            Need::place("glue:GetDatabase"),
            Need::place("glue:GetTable"),
        ],
    ),
    Call::of("DROP TABLE", &[Need::place("glue:DeleteTable")]),
];

/// Where results go; the parts of uploads as AWS's own policy has them (AmazonAthenaFullAccess).
pub(super) const OUTPUT: &[Call] = &[
    Call::of("GetBucketLocation", &[Need::place("s3:GetBucketLocation")]),
    Call::of(
        "PutObject",
        &[
            Need::objects("s3:PutObject"),
            Need::objects("s3:GetObject"),
            Need::objects("s3:AbortMultipartUpload"),
            Need::objects("s3:ListMultipartUploadParts"),
        ],
    ),
];

/// Where lists lie, beside reading them.
pub(super) const LISTS: &[Call] = &[Call::of(
    "GetBucketLocation",
    &[Need::place("s3:GetBucketLocation")],
)];
