//! What comparing both sides of a migration needs.

use std::collections::BTreeSet;

use crate::ids::Arn;
use crate::model::kinds::{Call, Need};
use crate::spec::{Create, Encryption, Migration};

/// At each bucket: its versions listed, and each that is in doubt looked at. Under SSE-KMS S3 shows a checksum to who may decrypt (BC:s3
/// HeadObject ChecksumMode).
pub(super) const CALLS: &[Call] = &[
    Call::of(
        "ListObjectVersions",
        &[Need::place("s3:ListBucketVersions")],
    ),
    Call::of(
        "HeadObject",
        &[
            Need::objects("s3:GetObjectVersion"),
            Need::key("kms:Decrypt"),
        ],
    ),
    Call::of(
        "GetObjectTagging",
        &[Need::objects("s3:GetObjectVersionTagging")],
    ),
];

/// At each bucket that inventories go to: the folders of the lists, and the lists.
pub(super) const LIST_CALLS: &[Call] = &[
    Call::of("ListObjectsV2", &[Need::listing("s3:ListBucket")]),
    Call::of(
        "GetObject",
        &[Need::objects("s3:GetObject"), Need::key("kms:Decrypt")],
    ),
];

/// The keys that objects of a migration are encrypted with, as far as the spec says.
pub(super) struct Keys<'a> {
    pub(super) source: BTreeSet<&'a Arn>,
    pub(super) destination: BTreeSet<&'a Arn>,
}

pub(super) fn keys(migration: &Migration) -> Keys<'_> {
    let rules = migration.rules.iter().filter_map(|rule| rule.kms.as_ref());
    let source = rules.clone().flat_map(|kms| &kms.source_keys).collect();
    let mut destination: BTreeSet<&Arn> = rules.map(|kms| &kms.replica_key).collect();
    if let Create::Yes(Encryption::SseKms { key, .. }) = &migration.destination.create {
        destination.insert(key);
    }
    Keys {
        source,
        destination,
    }
}
