//! A replicated pair as a formula: of a key's number what the key is, and which versions it has on each side.
//!
//! Both sides come from one formula, so that they agree but where a difference is planted
//! ([`super::differences`]). Keys have one length and rise with their numbers: a place in a listing is found by halving.

use std::ops::Bound;

use super::differences::{Difference, Differences, Place};
use super::storage_class::StorageClass;

/// The characters of version ids; S3's have points and underscores, too.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

const HEX: &[u8; 16] = b"0123456789abcdef";

/// When the oldest versions were written: 2025-01-01. The others follow within a year.
const OLDEST: u64 = 1_735_689_600;
const YEAR: u64 = 365 * 24 * 3600;
const HOUR: u64 = 3600;

/// Which of the two buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Destination,
}

/// How keys are made of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// What comes before and after the digits.
    pub(crate) head: String,
    pub(crate) tail: String,
    /// How many digits there are.
    pub(crate) width: usize,
    /// After how many digits a slash comes, each time.
    pub(crate) folders: Vec<usize>,
}

/// The formula; see the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Formula {
    pub(crate) seed: u64,
    pub(crate) keys: u64,
    pub(crate) shape: Shape,
    /// Versions of the keys that have several.
    pub(crate) versions: u64,
    /// Every how many-th key has them; 0 is none.
    pub(crate) versions_every: u64,
    /// Every how many-th key has a delete marker on top; 0 is none.
    pub(crate) markers_every: u64,
    /// Sizes are spread from the first to the second.
    pub(crate) size: (u64, u64),
    pub(crate) class: StorageClass,
    pub(crate) differences: Differences,
}

/// One version of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    /// What its version id is drawn from.
    pub(crate) id: u64,
    /// In seconds since 1970.
    pub(crate) modified: u64,
    /// `None` for a delete marker.
    pub(crate) object: Option<Thing>,
}

/// What a version holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thing {
    /// What its bytes are drawn from.
    pub(crate) content: u64,
    pub(crate) size: u64,
    pub(crate) class: StorageClass,
}

/// The versions of one key on one side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items<'a> {
    formula: &'a Formula,
    number: u64,
    objects: u64,
    marker: bool,
    /// What is different on this side.
    planted: Option<Difference>,
}

impl Shape {
    /// Writes the key of a number.
    pub(crate) fn write(&self, number: u64, key: &mut String) {
        let mut digits = [b'0'; 20];
        let (mut rest, mut at) = (number, digits.len());
        while rest > 0 {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let mut digits = std::str::from_utf8(&digits[digits.len() - self.width..]).unwrap_or("");
        key.clear();
        key.push_str(&self.head);
        for folder in &self.folders {
            let (folder, rest) = digits.split_at(*folder);
            key.push_str(folder);
            key.push('/');
            digits = rest;
        }
        key.push_str(digits);
        key.push_str(&self.tail);
    }

    /// Returns the number of a key, whether or not there are so many.
    fn number(&self, key: &str) -> Option<u64> {
        let mut rest = key.strip_prefix(self.head.as_str())?;
        let mut digits = String::with_capacity(self.width);
        for folder in &self.folders {
            digits.push_str(rest.get(..*folder)?);
            rest = rest.get(*folder..)?.strip_prefix('/')?;
        }
        digits.push_str(rest.strip_suffix(self.tail.as_str())?);
        let plain = digits.len() == self.width && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| plain)
    }
}

impl Formula {
    /// Returns the number of a key that there is on one side or both.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.shape.number(key).filter(|number| *number < self.keys)
    }

    /// Returns the number of the first key at or after a place.
    pub(crate) fn first(&self, from: Bound<&str>) -> u64 {
        let mut key = String::new();
        let mut is_before = |number| {
            self.shape.write(number, &mut key);
            match from {
                Bound::Included(from) => key.as_str() < from,
                Bound::Excluded(from) => key.as_str() <= from,
                Bound::Unbounded => false,
            }
        };
        let (mut low, mut high) = (0, self.keys);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Returns the versions of a key on one side. `place` remembers where the differences were looked up last.
    pub(crate) fn items(&self, side: Side, number: u64, place: &mut Place) -> Items<'_> {
        let planted = self.differences.at(number, place);
        let several = is_nth(number, self.versions_every)
            || matches!(
                planted,
                Some(Difference::OldVersionMissing | Difference::CurrentSwapped)
            );
        let mut objects = if several { self.versions.max(2) } else { 1 };
        let mut marker = match planted {
            None => is_nth(number, self.markers_every),
            Some(difference) => difference == Difference::MarkerMissing,
        };
        let absent = match side {
            Side::Source => Difference::Extra,
            Side::Destination => Difference::Missing,
        };
        if planted == Some(absent) {
            (objects, marker) = (0, false);
        }
        let planted = planted.filter(|_| side == Side::Destination);
        Items {
            formula: self,
            number,
            objects,
            marker: marker && planted != Some(Difference::MarkerMissing),
            planted,
        }
    }
}

/// Says whether a number is one of every so many; of none where that is 0.
fn is_nth(number: u64, every: u64) -> bool {
    every > 0 && number.is_multiple_of(every)
}

impl Items<'_> {
    /// Says whether the key is not there at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.objects == 0 && !self.marker
    }

    /// Says whether a delete marker lies on top.
    pub(crate) fn is_deleted(&self) -> bool {
        self.marker
    }

    /// Returns the newest first.
    pub(crate) fn newest_first(self) -> impl Iterator<Item = Item> {
        let skipped = u64::from(self.planted == Some(Difference::OldVersionMissing));
        let marker = self.marker.then(|| self.marker());
        let objects = (skipped.min(self.objects)..self.objects).rev();
        marker
            .into_iter()
            .chain(objects.map(move |at| self.object(self.swapped(at))))
    }

    /// Exchanges the two newest where that is planted.
    fn swapped(&self, at: u64) -> u64 {
        let from_top = self.objects - 1 - at;
        if self.planted == Some(Difference::CurrentSwapped) && from_top < 2 {
            self.objects - 2 + from_top
        } else {
            at
        }
    }

    fn marker(&self) -> Item {
        Item {
            id: self.drawn(self.objects),
            modified: self.modified(self.objects),
            object: None,
        }
    }

    fn object(&self, at: u64) -> Item {
        let id = self.drawn(at);
        let (from, to) = self.formula.size;
        let mut thing = Thing {
            content: mixed(id ^ CONTENT),
            size: from + mixed(id ^ SIZE) % (to - from + 1),
            class: self.formula.class,
        };
        if at + 1 == self.objects {
            self.change(&mut thing);
        }
        Item {
            id,
            modified: self.modified(at),
            object: Some(thing),
        }
    }

    /// Plants what is different in the newest object.
    fn change(&self, thing: &mut Thing) {
        match self.planted {
            Some(Difference::Size) => {
                thing.size += 1;
                thing.content ^= 1;
            }
            Some(Difference::Etag) => thing.content ^= 1,
            Some(Difference::Class) => {
                let other = match &*thing.class {
                    "STANDARD_IA" => "STANDARD",
                    _ => "STANDARD_IA",
                };
                thing.class = StorageClass::parse(other).unwrap_or_default();
            }
            _ => {}
        }
    }

    fn modified(&self, at: u64) -> u64 {
        OLDEST + mixed(self.number ^ self.formula.seed) % YEAR + at * HOUR
    }

    fn drawn(&self, at: u64) -> u64 {
        let number = self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed(self.formula.seed ^ number.wrapping_add(at.wrapping_mul(0xd1b5_4a32_d192_ed03)))
    }
}

/// What is drawn from a version's id for each of its parts.
const CONTENT: u64 = 0x5851_f42d_4c95_7f2d;
const SIZE: u64 = 0x1405_7b7e_f767_814f;

/// The last step of SplitMix64.
pub(crate) fn mixed(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns a version id, of letters that a query takes as they are.
pub(crate) fn version_id(drawn: u64) -> [u8; 32] {
    let mut id = [0; 32];
    for (letters, step) in id.chunks_mut(8).zip(1..) {
        let mut bits = mixed(drawn.wrapping_add(step));
        for letter in letters {
            *letter = LETTERS[(bits & 63) as usize];
            bits >>= 6;
        }
    }
    id
}

/// Returns what stands for the MD5 of content.
pub(crate) fn digest(content: u64) -> [u8; 16] {
    let [one, other] = [1, 2].map(|step| mixed(content.wrapping_add(step)));
    (u128::from(one) << 64 | u128::from(other)).to_be_bytes()
}

/// Returns the ETag of content: its digest in hex.
pub(crate) fn etag(content: u64) -> [u8; 32] {
    let mut etag = [0; 32];
    for (digits, byte) in etag.chunks_mut(2).zip(digest(content)) {
        digits.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    etag
}

/// Ids and ETags are of ASCII alone.
pub(crate) fn ascii(bytes: &[u8; 32]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A formula for tests: every fourth key has three versions, every tenth a marker.
#[cfg(test)]
pub(crate) fn formula(differences: Differences) -> Formula {
    Formula {
        seed: 1,
        keys: 1200,
        shape: Shape {
            head: "a/".to_owned(),
            tail: ".json".to_owned(),
            width: 4,
            folders: vec![1, 2],
        },
        versions: 3,
        versions_every: 4,
        markers_every: 10,
        size: (5, 9),
        class: StorageClass::default(),
        differences,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(formula: &Formula, side: Side, number: u64) -> Vec<Item> {
        let items = formula.items(side, number, &mut Place::default());
        items.newest_first().collect()
    }

    #[test]
    fn keys_rise_with_their_numbers_and_lead_back() {
        let formula = formula(Differences::default());
        let mut keys = Vec::new();
        for number in 0..formula.keys {
            let mut key = String::new();
            formula.shape.write(number, &mut key);
            assert_eq!(formula.number(&key), Some(number));
            assert_eq!(formula.first(Bound::Included(&key)), number);
            assert_eq!(formula.first(Bound::Excluded(&key)), number + 1);
            keys.push(key);
        }
        assert!(keys.is_sorted());
        assert_eq!(keys[1042], "a/1/04/2.json");
        for other in ["a/1/04/2", "a/1042.json", "a/1/20/0.json", "a/1/0+/2.json"] {
            assert_eq!(formula.number(other), None, "{other}");
        }
        assert_eq!(formula.first(Bound::Included("b")), 1200);
        assert_eq!(formula.first(Bound::Included("a/1")), 1000);
    }

    #[test]
    fn a_difference_is_on_one_side_alone() {
        let kinds = [
            Difference::Missing,
            Difference::Extra,
            Difference::Size,
            Difference::Etag,
            Difference::MarkerMissing,
            Difference::OldVersionMissing,
            Difference::CurrentSwapped,
            Difference::Class,
        ];
        let planted = kinds.iter().zip(1..).map(|(kind, number)| (number, *kind));
        let formula = formula(Differences::new(planted.collect(), Vec::new()));
        let pair =
            |number| [Side::Source, Side::Destination].map(|side| items(&formula, side, number));
        let [source, destination] = pair(40);
        assert_eq!((source.len(), &source), (4, &destination));
        let lengths: Vec<_> = (1..=8)
            .map(|number| pair(number).map(|side| side.len()))
            .collect();
        let wanted = [
            [1, 0],
            [0, 1],
            [1, 1],
            [3, 3],
            [2, 1],
            [3, 2],
            [3, 3],
            [3, 3],
        ];
        assert_eq!(lengths, wanted);
        for (number, [size, content, class]) in [
            (3, [false, false, true]),
            (4, [true, false, true]),
            (8, [true, true, false]),
        ] {
            let [one, other] = pair(number).map(|side| side[0].object.unwrap());
            let same = [
                one.size == other.size,
                one.content == other.content,
                one.class == other.class,
            ];
            assert_eq!(same, [size, content, class], "{number}");
        }
        let [source, destination] = pair(7);
        assert_eq!(
            [source[1], source[0], source[2]],
            [destination[0], destination[1], destination[2]]
        );
        let [source, destination] = pair(6);
        assert_eq!(source[..2], destination);
    }

    #[test]
    fn ids_and_etags_look_like_those_of_s3() {
        let text = |bytes: [u8; 32]| String::from_utf8(bytes.into()).unwrap();
        assert_ne!(version_id(1), version_id(2));
        assert!(text(etag(1)).bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(
            text(version_id(1))
                .bytes()
                .all(|byte| LETTERS.contains(&byte))
        );
    }
}
