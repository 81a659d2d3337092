//! All versions of both sides by slices, and a sum of hashes for each: a later comparison sees which slices are still what they were,
//! and need not look at them again.
//!
//! What S3 keeps under one version ID never changes, but what is there does: versions are deleted, and replicas come late with the
//! times of their sources. So that a version is old says nothing; that its slice has the sum it had says that it was there.

use serde::{Deserialize, Serialize};

use crate::join::Side;
use crate::tally::Count;

/// The number of slices: a receipt holds a sum for each.
pub const SLICES: usize = 1 << 10;

/// What the sums of the destination are multiplied by, so that a version of one side is none of the other: odd, the golden ratio's.
const OTHER_SIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Sums over the versions that were there before a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slices(Vec<Slice>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Slice {
    sum: u64,
    /// Whether something in it is different or not known, so that the sum proves nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    is_open: bool,
    /// What was not looked at because it is older than a comparison that did.
    #[serde(default, skip_serializing_if = "Count::is_none")]
    passed: Count,
}

/// The signature is serde's.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(of: &bool) -> bool {
    !*of
}

/// A version as a slice takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summed {
    slice: usize,
    sum: u64,
}

/// The slice of a version, by its digest.
#[must_use]
pub const fn slice(digest: u128) -> usize {
    (digest >> 64) as usize % SLICES
}

impl Summed {
    /// A version of a side, by its digest.
    #[must_use]
    pub const fn of(side: Side, digest: u128) -> Self {
        let sum = digest as u64;
        Self {
            slice: slice(digest),
            sum: match side {
                Side::Source => sum,
                Side::Destination => sum.wrapping_mul(OTHER_SIDE),
            },
        }
    }
}

impl Slices {
    fn at(&mut self, slice: usize) -> &mut Slice {
        if self.0.is_empty() {
            self.0 = vec![Slice::default(); SLICES];
        }
        &mut self.0[slice % SLICES]
    }

    /// Adds a version.
    pub fn add(&mut self, of: Summed) {
        let slice = self.at(of.slice);
        slice.sum = slice.sum.wrapping_add(of.sum);
    }

    /// Something in a slice is different or not known.
    pub fn open(&mut self, slice: usize) {
        self.at(slice).is_open = true;
    }

    /// A version of both sides is not looked at, for it is older than a comparison.
    pub fn pass(&mut self, slice: usize, bytes: u64) {
        self.at(slice).passed.add(1, bytes);
    }

    /// Adds what another part of the comparison summed.
    pub fn join(&mut self, other: &Self) {
        for (at, other) in other.0.iter().enumerate() {
            let slice = self.at(at);
            slice.sum = slice.sum.wrapping_add(other.sum);
            slice.is_open |= other.is_open;
            slice.passed.add(other.passed.versions, other.passed.bytes);
        }
    }

    /// What was passed in each slice, and whether the slice is what it was when an earlier comparison found nothing in it.
    pub fn passed<'a>(&'a self, then: &'a Self) -> impl Iterator<Item = (usize, Count, bool)> + 'a {
        let passed = self.0.iter().enumerate();
        passed.map(|(at, now)| {
            let then = then.0.get(at).copied().unwrap_or_default();
            (at, now.passed, !then.is_open && then.sum == now.sum)
        })
    }

    /// The sums as a receipt holds them: of each slice that has any versions its number and its sum in hexadecimal digits, or a dash for
    /// one that proves nothing.
    #[must_use]
    pub fn to_text(&self) -> String {
        let slices = self.0.iter().enumerate();
        let words = slices.filter_map(|(at, slice)| match slice {
            Slice { is_open: true, .. } => Some(format!("{at:03x}:-")),
            Slice { sum: 0, .. } => None,
            Slice { sum, .. } => Some(format!("{at:03x}:{sum:016x}")),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// The sums that a receipt holds; none where that is no such text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut slices = Self(vec![Slice::default(); SLICES]);
        for word in text.split_ascii_whitespace() {
            let (at, sum) = word.split_once(':')?;
            let slice = slices.0.get_mut(usize::try_from(number(at, 3)?).ok()?)?;
            let is_open = sum == "-";
            *slice = Slice {
                sum: if is_open { 0 } else { number(sum, 16)? },
                is_open,
                passed: Count::default(),
            };
        }
        Some(slices)
    }
}

/// A number of so many hexadecimal digits.
fn number(text: &str, digits: usize) -> Option<u64> {
    let is_number = text.len() == digits && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then(|| u64::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(versions: &[(Side, u128)]) -> Slices {
        let mut slices = Slices::default();
        for (side, digest) in versions {
            slices.add(Summed::of(*side, *digest));
        }
        slices
    }

    fn is_same(now: &Slices, then: &Slices) -> bool {
        let mut now = now.clone();
        now.pass(0, 0);
        now.passed(then).all(|(_, _, is_same)| is_same)
    }

    const ONE: u128 = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210;

    #[test]
    fn a_slice_is_the_same_only_with_the_same_versions_of_both_sides() {
        let both = of(&[(Side::Source, ONE), (Side::Destination, ONE)]);
        assert!(is_same(
            &both,
            &of(&[(Side::Destination, ONE), (Side::Source, ONE)])
        ));
        assert!(!is_same(&both, &of(&[(Side::Source, ONE)])));
        assert!(!is_same(
            &both,
            &of(&[(Side::Source, ONE), (Side::Source, ONE)])
        ));
        assert!(!is_same(
            &of(&[(Side::Source, ONE)]),
            &of(&[(Side::Destination, ONE)])
        ));
    }

    #[test]
    fn text_says_the_same_and_what_is_open_proves_nothing() {
        let mut slices = of(&[(Side::Source, ONE)]);
        assert_eq!(Slices::from_text(&slices.to_text()).as_ref(), Some(&slices));
        slices.open(slice(ONE));
        let read = Slices::from_text(&slices.to_text()).unwrap();
        assert!(!is_same(&of(&[(Side::Source, ONE)]), &read));
        assert!(!is_same(&read, &read));
        for wrong in [
            "1:2",
            "400:0000000000000000",
            "000:+000000000000000",
            "000:--",
            "x",
        ] {
            assert_eq!(Slices::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn parts_join_to_the_whole() {
        let mut whole = of(&[(Side::Source, ONE)]);
        whole.join(&of(&[(Side::Destination, ONE), (Side::Source, 7)]));
        let all = [
            (Side::Source, 7),
            (Side::Source, ONE),
            (Side::Destination, ONE),
        ];
        assert_eq!(whole, of(&all));
    }
}
