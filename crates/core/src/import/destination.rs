//! Whether a destination bucket is s3ferry's to make and keep.

use super::live::{is_enforced, key_in, part};
use crate::model::kinds::{BucketEncryption, PublicAccessBlock};
use crate::model::{BucketPart, BucketRef, Document, Observed};
use crate::ownership::Markers;
use crate::spec::{Create, Encryption};

/// How the spec says that the bucket is made, and why a bucket with our mark is none that the spec makes.
pub(super) fn create(
    observed: &Observed,
    markers: &Markers,
    bucket: &BucketRef,
) -> (Create, Option<String>) {
    let marked = match part(observed, bucket, BucketPart::Tags) {
        Some(Document::Tags(tags)) => markers.owns_tags(tags),
        _ => false,
    };
    if !marked {
        return (Create::No, None);
    }
    match kept(observed, bucket) {
        Ok(encryption) => (Create::Yes(encryption), None),
        Err(what) => {
            let why = format!(
                "the bucket {} carries this spec's tag, and somebody changed {what}: with create: true the plan would set that back",
                bucket.bucket
            );
            (Create::No, Some(why))
        }
    }
}

/// The encryption of a bucket that is as s3ferry keeps those that it makes, or what of it is otherwise.
fn kept(observed: &Observed, bucket: &BucketRef) -> Result<Encryption, &'static str> {
    if !is_enforced(observed, bucket) {
        return Err("who owns its objects");
    }
    let closed = Document::PublicAccess(PublicAccessBlock::ALL);
    if part(observed, bucket, BucketPart::PublicAccess) != Some(&closed) {
        return Err("its public access block");
    }
    match part(observed, bucket, BucketPart::Encryption) {
        Some(Document::Encryption(live)) => encryption(live, bucket),
        _ => Err("its encryption"),
    }
}

fn encryption(live: &BucketEncryption, bucket: &BucketRef) -> Result<Encryption, &'static str> {
    let BucketEncryption {
        algorithm,
        key,
        bucket_key,
        blocked: _, // Not ours to set.
    } = live;
    let key = key.as_deref();
    match (algorithm.as_str(), key) {
        ("AES256", None) => Ok(Encryption::SseS3),
        ("aws:kms", Some(key)) => match key_in(key, &bucket.region) {
            Some(key) if key.account() == bucket.account.as_str() => Ok(Encryption::SseKms {
                key,
                bucket_key: *bucket_key,
            }),
            Some(_) | None => Err("its encryption to a key that a spec does not take"),
        },
        _ => Err("its encryption"),
    }
}
