//! What a service asks of S3 in the name of who called it, with the caller's own permissions: Athena reads and writes so.
//!
//! S3 answers it ([`crate::s3`]); the other services know only this trait.

use bytes::Bytes;

use crate::authority::Caller;
use crate::depot::{Parcel, Undelivered};

/// Reads and writes as a caller whom a service works for; implemented by S3.
pub(crate) trait Errands: Send + Sync {
    /// Returns the owner and the Region of a bucket.
    fn locate(&self, caller: &Caller, bucket: &str) -> Result<(String, String), Undelivered>;

    /// Returns the keys that begin so.
    fn list(&self, caller: &Caller, bucket: &str, prefix: &str)
    -> Result<Vec<String>, Undelivered>;

    /// Returns the bytes of an object.
    fn read(&self, caller: &Caller, bucket: &str, key: &str) -> Result<Bytes, Undelivered>;

    /// Writes an object.
    fn write(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
        parcel: Parcel,
    ) -> Result<(), Undelivered>;
}
