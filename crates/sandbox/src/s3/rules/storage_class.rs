//! The storage class that a write asks for.

use s3s::S3Result;

use crate::s3::errors::fault;
use crate::s3::state::storage_class::StorageClass;

/// Checks the class that is asked for; without one an object is STANDARD.
pub(crate) fn storage_class(wanted: Option<&str>) -> S3Result<StorageClass> {
    let Some(wanted) = wanted else {
        return Ok(StorageClass::default());
    };
    StorageClass::parse(wanted).ok_or_else(|| {
        let text = "The storage class you specified is not valid";
        fault(400, "InvalidStorageClass", text)
    })
}
