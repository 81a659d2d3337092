//! Archives: what is in one cannot be read before a copy of it is restored, for a time.

use std::time::{Duration, SystemTime};

use s3s::{S3Error, S3Result};

use crate::s3::errors::{fault, with_detail};
use crate::s3::state::dates::http_date;
use crate::s3::state::lifecycle::ARCHIVED;
use crate::s3::state::version::Object;

const HOUR: Duration = Duration::from_secs(3600);

/// What S3 says of a read, and of a copy, of what is in an archive (seen: reports of `aws s3 cp`).
pub(crate) const NOT_READ: &str = "The operation is not valid for the object's storage class";
pub(crate) const NOT_COPIED: &str = "Operation is not valid for the source object's storage class";

/// How fast a copy is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    Bulk,
    Standard,
    Expedited,
}

impl Tier {
    /// Reads the API's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "Bulk" => Some(Self::Bulk),
            "Standard" => Some(Self::Standard),
            "Expedited" => Some(Self::Expedited),
            _ => None,
        }
    }

    /// Returns how long it takes at most, as the guide has it typically (UG:restoring-objects-retrieval-options); none where
    /// the class has no such tier.
    pub(crate) fn takes(self, class: &str) -> Option<Duration> {
        match (self, class == "DEEP_ARCHIVE") {
            (Self::Expedited, true) => None,
            (Self::Expedited, false) => Some(HOUR / 12),
            (Self::Standard, true) => Some(HOUR * 12),
            (Self::Standard, false) => Some(HOUR * 5),
            (Self::Bulk, true) => Some(HOUR * 48),
            (Self::Bulk, false) => Some(HOUR * 12),
        }
    }
}

/// Says whether an object lies in an archive.
pub(crate) fn is_archived(object: &Object) -> bool {
    ARCHIVED.contains(&&*object.storage_class)
}

/// Refuses what lies in an archive and has no copy now.
pub(crate) fn check_readable(object: &Object, now: SystemTime, text: &'static str) -> S3Result<()> {
    let copy = object.restored.as_deref();
    let readable = copy.is_some_and(|copy| copy.ready <= now && now < copy.expires);
    if !is_archived(object) || readable {
        return Ok(());
    }
    Err(invalid_state(object, text))
}

/// 403 InvalidObjectState, which names the class (BC:s3 InvalidObjectState).
pub(crate) fn invalid_state(object: &Object, text: &'static str) -> S3Error {
    let error = fault(403, "InvalidObjectState", text);
    with_detail(error, "StorageClass", &object.storage_class)
}

/// Returns `x-amz-restore` (BC:s3 HeadObject, Restore): what is on its way, and how long a copy is there.
pub(crate) fn header(object: &Object, now: SystemTime) -> Option<String> {
    let copy = object
        .restored
        .as_deref()
        .filter(|copy| now < copy.expires)?;
    if now < copy.ready {
        return Some("ongoing-request=\"true\"".to_owned());
    }
    let until = http_date(copy.expires);
    Some(format!(
        "ongoing-request=\"false\", expiry-date=\"{until}\""
    ))
}
