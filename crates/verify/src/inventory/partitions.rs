//! Partitions of the keys by hash: a sum of hashes for each side, and then the rows of those that differ.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::row::Row;
use crate::entry::{Entry, Kind};
use crate::join::{Found, Side, join_key};
use crate::tally::{Count, Seen};

/// The number of partitions: of 10^9 rows each has 15,000.
const PARTITIONS: usize = 1 << 16;

/// The partition of a key.
#[must_use]
pub fn partition(key: &[u8]) -> usize {
    xxh3_64(key) as usize % PARTITIONS
}

/// What one side has of a partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Partition {
    /// The sum of the hashes of what must be the same: key, version ID, size, kind and which is current.
    rows: u128,
    /// The sum of the hashes of the ETags.
    etags: u128,
    /// Rows whose ETag is no hash of their content.
    opaque: u32,
    /// Rows.
    count: u32,
    /// Their sizes together.
    bytes: u64,
}

/// The partitions of one side.
#[derive(Debug, Clone)]
pub struct Partitions {
    of: Vec<Partition>,
    seen: Seen,
}

impl Default for Partitions {
    fn default() -> Self {
        Self {
            of: vec![Partition::default(); PARTITIONS],
            seen: Seen::default(),
        }
    }
}

impl Partitions {
    /// Adds a row.
    pub fn add(&mut self, side: Side, row: &Row<'_>) {
        let entry = &row.entry;
        self.seen.add(&Found::Only {
            side,
            entry: *entry,
        });
        let of = &mut self.of[partition(entry.key)];
        let mut hash = Xxh3::new();
        for part in [entry.key, b"\0", entry.version.as_bytes(), b"\0"] {
            hash.update(part);
        }
        hash.update(&entry.size.to_le_bytes());
        hash.update(&[u8::from(entry.kind == Kind::Marker), u8::from(entry.latest)]);
        let known = hash.digest128();
        of.rows = of.rows.wrapping_add(known);
        hash.update(entry.etag.as_bytes());
        of.etags = of.etags.wrapping_add(hash.digest128());
        of.opaque += u32::from(row.has_opaque_etag);
        of.count += 1;
        of.bytes += entry.size;
    }

    /// Adds the rows of other files of the side.
    pub fn join(&mut self, other: &Self) {
        self.seen.join(&other.seen);
        for (one, two) in self.of.iter_mut().zip(&other.of) {
            one.rows = one.rows.wrapping_add(two.rows);
            one.etags = one.etags.wrapping_add(two.etags);
            one.opaque += two.opaque;
            one.count += two.count;
            one.bytes += two.bytes;
        }
    }

    /// What the side has.
    #[must_use]
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The partitions that are not the same at another side. ETags count where all of both sides are hashes of the content.
    #[must_use]
    pub fn differing(&self, other: &Self) -> BTreeSet<usize> {
        let both = self.of.iter().zip(&other.of).enumerate();
        let differ = both.filter(|(_, (one, two))| {
            let by_etag = one.opaque == 0 && two.opaque == 0 && one.etags != two.etags;
            one.rows != two.rows || one.count != two.count || by_etag
        });
        differ.map(|(at, _)| at).collect()
    }

    /// The rows of these partitions.
    #[must_use]
    pub fn rows_of(&self, partitions: &BTreeSet<usize>) -> u64 {
        partitions
            .iter()
            .map(|at| u64::from(self.of[*at].count))
            .sum()
    }

    /// The rows of a side that are equal as far as partitions tell: by ETag, and by size and version ID where an ETag is none.
    #[must_use]
    pub fn equal(&self, other: &Self, differing: &BTreeSet<usize>) -> Equal {
        let mut equal = Equal::default();
        for (at, (one, two)) in self.of.iter().zip(&other.of).enumerate() {
            if differing.contains(&at) {
                continue;
            }
            let of = if one.opaque == 0 && two.opaque == 0 {
                &mut equal.by_etag
            } else {
                &mut equal.by_size
            };
            of.versions += u64::from(one.count);
            of.bytes += one.bytes;
        }
        equal
    }
}

/// What partitions that do not differ have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Equal {
    /// Where all ETags are hashes.
    pub by_etag: Count,
    /// Where some are not.
    pub by_size: Count,
}

/// The rows of the partitions that are looked at, by key.
#[derive(Debug, Default)]
pub struct Picked {
    keys: BTreeMap<Vec<u8>, [Vec<Kept>; 2]>,
}

/// A row that is kept.
#[derive(Debug, Clone)]
struct Kept {
    version: String,
    kind: Kind,
    latest: bool,
    size: u64,
    etag: String,
    class: String,
    modified: String,
}

impl Picked {
    /// Keeps a row.
    pub fn add(&mut self, side: Side, row: &Row<'_>) {
        let entry = &row.entry;
        let kept = Kept {
            version: entry.version.to_owned(),
            kind: entry.kind,
            latest: entry.latest,
            size: entry.size,
            etag: entry.etag.to_owned(),
            class: entry.class.to_owned(),
            modified: entry.modified.to_owned(),
        };
        let sides = match self.keys.get_mut(entry.key) {
            Some(sides) => sides,
            None => self.keys.entry(entry.key.to_vec()).or_default(),
        };
        sides[usize::from(side == Side::Destination)].push(kept);
    }

    /// Adds the rows of other files.
    pub fn join(&mut self, other: Self) {
        for (key, [source, destination]) in other.keys {
            let sides = self.keys.entry(key).or_default();
            sides[0].extend(source);
            sides[1].extend(destination);
        }
    }

    /// Tells every version of the keys, joined.
    pub fn tell(&self, tell: &mut impl FnMut(Found<'_>)) {
        for (key, [source, destination]) in &self.keys {
            let (one, two) = (source.iter(), destination.iter());
            join_key(
                key,
                one.map(|row| row.entry(key)),
                two.map(|row| row.entry(key)),
                tell,
            );
        }
    }
}

impl Kept {
    fn entry<'a>(&'a self, key: &'a [u8]) -> Entry<'a> {
        Entry {
            key,
            version: &self.version,
            kind: self.kind,
            latest: self.latest,
            size: self.size,
            etag: &self.etag,
            class: &self.class,
            modified: &self.modified,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row<'a>(key: &'a str, version: &'a str, size: u64, etag: &'a str) -> Row<'a> {
        Row {
            entry: Entry {
                key: key.as_bytes(),
                version,
                kind: Kind::Object,
                latest: true,
                size,
                etag,
                class: "STANDARD",
                modified: "",
            },
            has_opaque_etag: etag.starts_with("kms"),
        }
    }

    type Version = (String, String, u64, String);

    fn of(side: Side, rows: &[Version]) -> Partitions {
        let mut partitions = Partitions::default();
        for (key, version, size, etag) in rows {
            partitions.add(side, &row(key, version, *size, etag));
        }
        partitions
    }

    fn told(source: &[Version], destination: &[Version]) -> Vec<String> {
        let (one, two) = (of(Side::Source, source), of(Side::Destination, destination));
        let differing = one.differing(&two);
        let mut picked = Picked::default();
        for (side, rows) in [(Side::Source, source), (Side::Destination, destination)] {
            let looked_at = rows
                .iter()
                .filter(|(key, ..)| differing.contains(&partition(key.as_bytes())));
            looked_at.for_each(|(key, version, size, etag)| {
                picked.add(side, &row(key, version, *size, etag))
            });
        }
        let mut told = Vec::new();
        picked.tell(&mut |found| match found {
            Found::Both {
                source,
                destination,
            } if source.size != destination.size => told.push(format!("size {}", source.version)),
            Found::Both {
                source,
                destination,
            } if source.etag != destination.etag => told.push(format!("etag {}", source.version)),
            Found::Both { .. } | Found::Current { .. } => {}
            Found::Only { side, entry } => told.push(format!("{side:?} {}", entry.version)),
        });
        told.sort();
        told
    }

    fn version(at: usize) -> Version {
        (
            format!("k{}", at / 2),
            format!("v{at}"),
            7,
            format!("{at:032x}"),
        )
    }

    #[test]
    fn etags_count_where_all_are_hashes() {
        let one = [version(1)];
        let mut two = one.clone();
        two[0].3 = "kms-other".to_owned();
        assert_eq!(told(&one, &two), [""; 0]);
        two[0].3 = format!("{:032x}", 9);
        assert_eq!(told(&one, &two), ["etag v1"]);
        let equal = of(Side::Source, &one).equal(&of(Side::Destination, &one), &BTreeSet::new());
        assert_eq!(
            (
                equal.by_etag.versions,
                equal.by_etag.bytes,
                equal.by_size.versions
            ),
            (1, 7, 0)
        );
    }

    proptest! {
        #[test]
        fn every_difference_is_found_in_any_order(
            count in 1..60_usize,
            damaged in prop::collection::btree_map(0..60_usize, 0..4_u8, 0..8),
            order in any::<u64>(),
        ) {
            let source: Vec<Version> = (0..count).map(version).collect();
            let (mut destination, mut expected) = (Vec::new(), Vec::new());
            for (at, one) in source.iter().enumerate() {
                let mut other = one.clone();
                match damaged.get(&at) {
                    Some(0) => {
                        expected.push(format!("Source v{at}"));
                        continue;
                    }
                    Some(1) => {
                        other.2 += 1;
                        expected.push(format!("size v{at}"));
                    }
                    Some(2) => {
                        other.3 = "f".repeat(32);
                        expected.push(format!("etag v{at}"));
                    }
                    Some(3) => {
                        destination.push((other.0.clone(), format!("x{at}"), 1, other.3.clone()));
                        expected.push(format!("Destination x{at}"));
                    }
                    _ => {}
                }
                destination.push(other);
            }
            let turn = order as usize % destination.len().max(1);
            destination.rotate_left(turn);
            expected.sort();
            prop_assert_eq!(told(&source, &destination), expected);
        }
    }
}
