//! Where to cut a stretch of keys in two, without knowing what keys there are.

/// The first and last characters that a cut is made of: keys are text, and a cut is sent as a key.
const FIRST: u8 = b' ';
const LAST: u8 = b'~';

/// A key between two others, about half-way: above `low`, and below `high` where there is one. None where no such key of printable
/// characters is found nearby.
#[must_use]
pub fn between(low: &[u8], high: Option<&[u8]>) -> Option<Vec<u8>> {
    let shared = high.map_or(0, |high| {
        low.iter()
            .zip(high)
            .take_while(|(low, high)| low == high)
            .count()
    });
    let mut cut = low.get(..shared)?.to_vec();
    // Half of the characters that lie between the first two that differ; else half of those that may follow the lower one.
    let ceiling = match high {
        Some(high) => *high.get(shared)?,
        None => LAST + 1,
    };
    let mut floor = low.get(shared).copied();
    let mut ceiling = ceiling.min(LAST + 1);
    loop {
        let from = floor.map_or(FIRST, |byte| byte.saturating_add(1).max(FIRST));
        if from < ceiling {
            cut.push(from + (ceiling - from) / 2);
            return std::str::from_utf8(&cut).is_ok().then_some(cut);
        }
        // No character is between: the lower key goes on, and any of its continuations is below the higher key.
        cut.push(floor?);
        floor = low.get(cut.len()).copied();
        ceiling = LAST + 1;
    }
}

/// The first part of a key, up to and with its first slash: what summaries are made by. A key without one stands for itself as "".
#[must_use]
pub fn top(key: &[u8]) -> &[u8] {
    let slash = key.iter().position(|byte| *byte == b'/');
    slash.map_or(&[], |at| &key[..=at])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cut_is_half_way() {
        let cut = |low: &str, high: Option<&str>| {
            between(low.as_bytes(), high.map(str::as_bytes))
                .map(|cut| String::from_utf8(cut).unwrap())
        };
        assert_eq!(cut("", None), Some("O".to_owned()));
        assert_eq!(cut("data/0", Some("data/9")), Some("data/5".to_owned()));
        assert_eq!(
            cut("data/00012", Some("data/1")),
            Some("data/0X".to_owned())
        );
        assert_eq!(cut("a~", Some("b")), Some("a~O".to_owned()));
        assert_eq!(cut("a", Some("a")), None);
    }

    proptest! {
        #[test]
        fn a_cut_lies_between(low in "[ -~é]{0,6}", high in proptest::option::of("[ -~é]{0,6}")) {
            let high = high.filter(|high| *high > low);
            if let Some(cut) = between(low.as_bytes(), high.as_deref().map(str::as_bytes)) {
                prop_assert!(cut.as_slice() > low.as_bytes(), "{cut:?}");
                prop_assert!(high.is_none_or(|high| cut.as_slice() < high.as_bytes()), "{cut:?}");
            }
        }
    }
}
