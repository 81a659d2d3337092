//! What comparing both sides of a migration needs.

use crate::model::kinds::{Call, LIST_VERSIONS, Need, TAGS_OF_VERSION};

/// At each bucket: its versions listed, and each that is in doubt looked at. Under SSE-KMS S3 shows a checksum to who may decrypt (BC:s3
/// HeadObject ChecksumMode).
pub(super) const CALLS: &[Call] = &[
    LIST_VERSIONS,
    Call::of(
        "HeadObject",
        &[
            Need::objects("s3:GetObjectVersion"),
            Need::key("kms:Decrypt"),
        ],
    ),
    TAGS_OF_VERSION,
];

/// At each bucket that inventories go to: the folders of the lists, and the lists.
pub(super) const LIST_CALLS: &[Call] = &[
    Call::of("ListObjectsV2", &[Need::listing("s3:ListBucket")]),
    Call::of(
        "GetObject",
        &[Need::objects("s3:GetObject"), Need::key("kms:Decrypt")],
    ),
];

/// At each bucket that reports of computed checksums go to.
pub(super) const REPORT_CALLS: &[Call] = &[Call::of("GetObject", &[Need::objects("s3:GetObject")])];
