//! Times of inventories: as milliseconds in ORC and Parquet, as the names of folders, and as S3 writes times in listings.

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

/// Days of an era of the calendar: 400 years, after which everything repeats.
const ERA: i64 = 146_097;

/// From 0000-03-01, when years of this arithmetic begin so that leap days are last, to 1970-01-01.
const EPOCH: i64 = 719_468;

/// Milliseconds since 1970 as S3 writes times: `2026-11-27T01:00:00.000Z`.
#[must_use]
pub fn stamp(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let (hour, minute) = (rest / (60 * MINUTE), rest / MINUTE % 60);
    let (second, milli) = (rest / SECOND % 60, rest % SECOND);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The milliseconds since 1970 that the folder of a list is named after, `2026-11-27T01-00Z` (UG:storage-inventory-location); none for
/// another folder.
#[must_use]
pub fn of_folder(name: &str) -> Option<i64> {
    let form = b"dddd-dd-ddTdd-ddZ";
    let fits = |(of, byte): (&u8, u8)| match of {
        b'd' => byte.is_ascii_digit(),
        other => *other == byte,
    };
    if name.len() != form.len() || !form.iter().zip(name.bytes()).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| name.get(from..to)?.parse::<i64>().ok();
    let days = days(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    Some(days * DAY + number(11, 13)? * 60 * MINUTE + number(14, 16)? * MINUTE)
}

/// The date so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The days from 1970-01-01 to a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * ERA + year * 365 + year / 4 - year / 100 + of_year - EPOCH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_as_s3_writes_them() {
        assert_eq!(stamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(stamp(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(stamp(1_795_827_562_007), "2026-11-28T00:59:22.007Z");
        let folder = of_folder("2026-11-27T01-00Z").unwrap();
        assert_eq!(stamp(folder), "2026-11-27T01:00:00.000Z");
        for other in [
            "data",
            "hive",
            "2026-11-27",
            "2026-11-27T01-00ü",
            "2026-11-27T01:00Z",
        ] {
            assert_eq!(of_folder(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_date_is_found_again(day in -100_000..200_000_i64) {
            let (year, month, of_month) = date(day);
            prop_assert_eq!(days(year, month, of_month), day);
            prop_assert!((1..=12).contains(&month) && (1..=31).contains(&of_month));
        }
    }
}
