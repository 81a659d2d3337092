//! Object Lock: what a new version is held by, by its headers or by the bucket's default.

use std::time::{Duration, SystemTime};

use s3s::S3Result;

use crate::s3::errors::{invalid_argument, invalid_request};
use crate::s3::state::version::Lock;
use crate::s3::state::world::Bucket;
use crate::s3::state::write_options::LockOptions;

/// Decides the lock of a new version.
pub(crate) fn lock(
    bucket: &Bucket,
    options: LockOptions,
    now: SystemTime,
) -> S3Result<Option<Box<Lock>>> {
    let LockOptions {
        mode,
        retain_until,
        legal_hold,
    } = options;
    let asked = mode.is_some() || retain_until.is_some() || legal_hold;
    if !bucket.object_lock() {
        if asked {
            return Err(invalid_request(
                "Bucket is missing Object Lock Configuration",
            ));
        }
        return Ok(None);
    }
    if mode.is_some() != retain_until.is_some() {
        let text = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be \
                    supplied";
        return Err(invalid_argument(text));
    }
    let (mode, retain_until) = match mode {
        Some(mode) => (Some(mode), retain_until),
        None => default_retention(bucket, now),
    };
    let lock = Lock {
        mode: mode.map(Into::into),
        retain_until,
        legal_hold,
    };
    Ok((lock != Lock::default()).then(|| Box::new(lock)))
}

fn default_retention(bucket: &Bucket, now: SystemTime) -> (Option<String>, Option<SystemTime>) {
    let setting = |name| bucket.setting("object-lock", &["Rule", "DefaultRetention", name]);
    let number = |name| setting(name).and_then(|text| text.parse::<u64>().ok());
    let days = number("Days").or_else(|| number("Years").map(|years| years * 365));
    match (setting("Mode"), days) {
        (Some(mode), Some(days)) => (
            Some(mode.to_owned()),
            Some(now + Duration::from_secs(days * 86_400)),
        ),
        _ => (None, None),
    }
}
