//! The storage classes that S3 has.

use std::sync::Arc;

use s3s::S3Result;

use crate::s3::errors::fault;

const STORAGE_CLASSES: [&str; 9] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
    "EXPRESS_ONEZONE",
];

/// Checks the class that is asked for; without one an object is STANDARD.
pub(crate) fn storage_class(wanted: Option<&str>) -> S3Result<Arc<str>> {
    let wanted = wanted.unwrap_or("STANDARD");
    if STORAGE_CLASSES.contains(&wanted) {
        return Ok(wanted.into());
    }
    Err(fault(
        400,
        "InvalidStorageClass",
        "The storage class you specified is not valid",
    ))
}
