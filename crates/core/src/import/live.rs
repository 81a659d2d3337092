//! What of the world several parts of an import ask for.

use crate::ids::{AccountId, Arn, Region};
use crate::model::kinds::ObjectOwnership;
use crate::model::{BucketPart, BucketRef, Document, Observed, Target};

/// A part of a bucket as it was read.
pub(super) fn part<'a>(
    observed: &'a Observed,
    bucket: &BucketRef,
    part: BucketPart,
) -> Option<&'a Document> {
    observed.document(&Target::Bucket(bucket.clone(), part))
}

/// Whether the owner of a bucket owns every object in it.
pub(super) fn is_enforced(observed: &Observed, bucket: &BucketRef) -> bool {
    let enforced = Document::Ownership(ObjectOwnership::BucketOwnerEnforced);
    part(observed, bucket, BucketPart::Ownership) == Some(&enforced)
}

/// The ARN of a key in a Region, as a spec takes it; no alias, which means another key to whoever asks.
pub(super) fn key_in(text: &str, region: &Region) -> Option<Arn> {
    let key = Arn::new(text).ok()?;
    let id = key.resource().strip_prefix("key/")?;
    let is_key = key.service() == "kms" && !id.is_empty() && !id.contains(['/', ':']);
    let is_there = key.region() == region.as_str()
        && key.partition() == region.partition().as_str()
        && AccountId::new(key.account()).is_ok();
    (is_key && is_there).then_some(key)
}
