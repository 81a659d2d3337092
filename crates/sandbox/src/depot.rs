//! What the other services ask of S3: may this be put into a bucket by a service in its own name, and put it there.
//!
//! S3 answers it ([`crate::s3`]); the other services know only this trait.

use bytes::Bytes;

use crate::authority::Source;

/// Something that a service puts into a bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery<'a> {
    /// The service's principal, as `cloudtrail.amazonaws.com`.
    pub(crate) service: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) source: Source<'a>,
    /// ARN of a key of KMS, and the encryption context it is used with; the bucket's default encryption without one.
    pub(crate) encryption: Option<(&'a str, (&'a str, &'a str))>,
}

/// What is delivered.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) body: Bytes,
    pub(crate) content_type: &'static str,
    pub(crate) content_encoding: Option<&'static str>,
}

/// Why nothing is delivered: S3's code, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undelivered {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// A bucket as far as others must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketFacts {
    pub(crate) owner: String,
    pub(crate) region: String,
    pub(crate) requester_pays: bool,
}

/// Takes what services deliver; implemented by S3.
pub(crate) trait Depot: Send + Sync {
    /// Returns what a bucket is like, if it is there.
    fn bucket(&self, name: &str) -> Option<BucketFacts>;

    /// Says whether the bucket's policy lets the service read its ACL.
    fn shows_acl(&self, delivery: &Delivery<'_>) -> Result<(), Undelivered>;

    /// Says whether the bucket's policy lets the service put this, as services put: with the ACL
    /// `bucket-owner-full-control`.
    fn takes(&self, delivery: &Delivery<'_>) -> Result<(), Undelivered>;

    /// Puts it there, as far as policies and keys allow now.
    fn deliver(&self, delivery: &Delivery<'_>, parcel: Parcel) -> Result<(), Undelivered>;
}
