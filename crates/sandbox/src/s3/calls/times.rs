//! Times as requests carry them.

use std::time::SystemTime;

/// Converts a DTO's time.
pub(crate) fn system_time(timestamp: s3s::dto::Timestamp) -> Option<SystemTime> {
    let mut text = Vec::new();
    timestamp
        .format(s3s::dto::TimestampFormat::EpochSeconds, &mut text)
        .ok()?;
    let seconds: f64 = std::str::from_utf8(&text).ok()?.parse().ok()?;
    let since = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}
