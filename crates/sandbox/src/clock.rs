//! The sandbox's clock: real time plus what a test added, so that delays need no sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The farthest the clock goes ahead; beyond, times could not be represented.
pub(crate) const FARTHEST_MS: u64 = 100 * 365 * 24 * 3600 * 1000;

/// Real time plus an offset that only grows, to a hundred years at most. Clones share the offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicU64>,
}

impl Clock {
    /// Returns the sandbox's time.
    pub fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Moves the sandbox's time forward: delays pass and temporary credentials expire at once.
    ///
    /// Signatures are still checked against real time, because clients sign with it.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let add = |ahead: u64| Some(ahead.saturating_add(by).min(FARTHEST_MS));
        // The closure always answers, so there is no failure to handle.
        let _ = self
            .ahead_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

/// Returns the time as AWS's XML shows it, in whole seconds: `2026-01-02T03:04:05Z`.
pub(crate) fn iso_seconds(time: SystemTime) -> String {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| String::new(),
        |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

/// Writes a time as S3's XML shows it, in whole seconds with the milliseconds of none: `2026-01-02T03:04:05.000Z`.
///
/// By hand, because listings write millions of them; the calendar is Howard Hinnant's `civil_from_days`.
pub(crate) fn push_iso_seconds(xml: &mut String, seconds: u64) {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    push_digits(xml, year, 4);
    for (before, number) in [
        ('-', month),
        ('-', day),
        ('T', rest / 3600),
        (':', rest / 60 % 60),
        (':', rest % 60),
    ] {
        xml.push(before);
        push_digits(xml, number, 2);
    }
    xml.push_str(".000Z");
}

fn push_digits(xml: &mut String, number: u64, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_u64.pow(place) % 10;
        xml.push(char::from(b'0' + digit as u8));
    }
}

/// Returns a time as seconds since 1970, with milliseconds.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    // Exact up to far beyond the sandbox's hundred years.
    since.as_millis() as f64 / 1000.0
}

/// Returns the time in UTC in a form of `strftime`.
pub(crate) fn stamp(time: SystemTime, form: &str) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| String::new(), |time| time.strftime(form).to_string())
}

/// Returns a time in seconds since 1970 with its milliseconds: `2026-01-02T03:04:05.006Z`.
pub(crate) fn iso_millis(seconds: f64) -> String {
    // Times are of this century or the next.
    let millis = (seconds * 1000.0).round() as i64;
    jiff::Timestamp::from_millisecond(millis).map_or_else(
        |_| String::new(),
        |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_time_that_was_added() {
        let clock = Clock::default();
        let before = clock.now();
        clock.clone().advance(Duration::from_secs(3600));
        assert!(clock.now() >= before + Duration::from_secs(3600));
    }

    #[test]
    fn no_step_is_too_large() {
        let clock = Clock::default();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert!(
            iso_seconds(clock.now()).starts_with("2"),
            "{:?}",
            clock.now()
        );
    }

    #[test]
    fn listings_show_the_same_times() {
        // Leap days, centuries and ends of years among them.
        for seconds in (0..6_000_000_000)
            .step_by(3_456_789)
            .chain([951_782_400, 4_107_542_399])
        {
            let mut shown = String::new();
            push_iso_seconds(&mut shown, seconds);
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(shown.replace(".000", ""), iso_seconds(time));
        }
    }

    #[test]
    fn times_are_shown_in_whole_seconds() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_000_999);
        assert_eq!(iso_seconds(time), "2001-09-09T01:46:40Z");
    }
}
