//! Times as CloudTrail has them.

use std::time::SystemTime;

/// Seconds since 1970, as AWS JSON carries times.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    // Milliseconds of today are far below what a double holds exactly.
    millis as f64 / 1000.0
}
