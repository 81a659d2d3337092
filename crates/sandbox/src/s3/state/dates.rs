//! Days as S3 counts them: from an instant on, and up to the next midnight UTC.

use std::time::{Duration, SystemTime};

const DAY: u64 = 24 * 3600;

/// Returns the midnight at which something is so many days old: S3 adds the days and rounds up to the next midnight UTC
/// (UG:intro-lifecycle-rules, UG:restoring-objects).
pub(crate) fn midnight_after(from: SystemTime, days: u64) -> SystemTime {
    let since = from
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let reached = since.as_secs().saturating_add(days.saturating_mul(DAY));
    let reached = reached + u64::from(since.subsec_nanos() > 0);
    let midnight = reached.div_ceil(DAY).saturating_mul(DAY);
    // Beyond this no clock goes.
    let farthest = u64::try_from(i64::MAX).unwrap_or_default() / 4;
    SystemTime::UNIX_EPOCH + Duration::from_secs(midnight.min(farthest))
}

/// Returns the midnight that comes next.
pub(crate) fn next_midnight(now: SystemTime) -> SystemTime {
    let next = midnight_after(now, 0);
    if next > now {
        next
    } else {
        next + Duration::from_secs(DAY)
    }
}

/// Writes an instant as headers of HTTP do: `Fri, 23 Dec 2026 00:00:00 GMT`.
pub(crate) fn http_date(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| String::new(),
        |time| time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_at_midnight() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(midnight_after(at(10), 1), at(2 * DAY));
        assert_eq!(midnight_after(at(0), 1), at(DAY));
        assert_eq!(next_midnight(at(0)), at(DAY));
        assert_eq!(next_midnight(at(DAY - 1)), at(DAY));
        assert_eq!(http_date(at(DAY)), "Fri, 02 Jan 1970 00:00:00 GMT");
    }
}
