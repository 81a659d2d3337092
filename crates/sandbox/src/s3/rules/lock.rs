//! Object Lock: what a new version is held by, by its headers or by the bucket's default, and what may undo it.

use std::time::{Duration, SystemTime};

use s3s::S3Result;

use crate::s3::errors::{invalid_argument, invalid_request};
use crate::s3::state::version::Lock;
use crate::s3::state::world::Bucket;
use crate::s3::state::write_options::LockOptions;

/// What S3 says of a version that is held.
pub(crate) const LOCKED: &str = "Access Denied because object protected by object lock.";

/// What S3 says of retention that would be over before it begins.
pub(crate) const IN_THE_PAST: &str = "The retain until date must be in the future!";

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
    let asked = mode.is_some() || retain_until.is_some() || legal_hold.is_some();
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
    if retain_until.is_some_and(|until| until <= now) {
        return Err(invalid_argument(IN_THE_PAST));
    }
    let lock = match mode {
        Some(mode) => Lock {
            mode: Some(mode.into()),
            retain_until,
            legal_hold,
        },
        None => Lock {
            legal_hold,
            ..default_retention(bucket, now)
        },
    };
    Ok((lock != Lock::default()).then(|| Box::new(lock)))
}

/// Returns the retention that a bucket gives to versions that ask for none, from an instant on.
pub(crate) fn default_retention(bucket: &Bucket, now: SystemTime) -> Lock {
    let setting = |name| bucket.setting("object-lock", &["Rule", "DefaultRetention", name]);
    let number = |name| setting(name).and_then(|text| text.parse::<u64>().ok());
    let days = number("Days").or_else(|| number("Years").map(|years| years * 365));
    match (setting("Mode"), days) {
        (Some(mode), Some(days)) => Lock {
            mode: Some(mode.into()),
            retain_until: Some(now + Duration::from_secs(days * 86_400)),
            legal_hold: None,
        },
        _ => Lock::default(),
    }
}

/// Whether a caller asked to pass over retention in GOVERNANCE mode, and may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bypass {
    Granted,
    No,
}

impl Lock {
    /// Says whether the version cannot be deleted.
    pub(crate) fn keeps(&self, now: SystemTime, bypass: Bypass) -> bool {
        self.legal_hold == Some(true) || self.retains(now, bypass)
    }

    /// Says whether retention cannot be taken away, shortened or made another.
    pub(crate) fn retains(&self, now: SystemTime, bypass: Bypass) -> bool {
        let retained = self.retain_until.is_some_and(|until| until > now);
        let passed_over = self.mode.as_deref() == Some("GOVERNANCE") && bypass == Bypass::Granted;
        retained && !passed_over
    }

    /// Says whether other retention takes nothing away from this.
    pub(crate) fn is_extended_by(&self, mode: Option<&str>, until: Option<SystemTime>) -> bool {
        let stricter = mode == self.mode.as_deref() || mode == Some("COMPLIANCE");
        stricter && until >= self.retain_until
    }
}
