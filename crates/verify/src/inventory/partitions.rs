//! Partitions of the keys by hash: a sum of hashes for each side, and then the rows of those that differ.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::row::Row;
use crate::entry::{Entry, Kind};
use crate::join::{Found, Side, join_key};
use crate::slices::{Slices, Summed};
use crate::tally::{Count, Seen};

/// The number of partitions: of 10^9 rows each has 15,000.
pub const PARTITIONS: usize = 1 << 16;

/// The partition of a key.
#[must_use]
pub fn partition(key: &[u8]) -> usize {
    xxh3_64(key) as usize % PARTITIONS
}

/// What one side has of a partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Partition {
    /// The sum of the hashes of what must be the same: key, version ID, size, kind and which is current.
    rows: u128,
    /// The sum of the hashes of the ETags that are hashes of content.
    etags: u128,
    /// Rows.
    all: Count,
    /// Rows that have such an ETag.
    hashed: Count,
}

impl Partition {
    /// Whether no row of one side has an ETag to be compared with that of the other.
    const fn tells_nothing_by_etag(&self, other: &Self) -> bool {
        self.hashed.versions == 0 || other.hashed.versions == 0
    }

    fn differs(&self, other: &Self) -> bool {
        let by_etag = self.etags != other.etags && !self.tells_nothing_by_etag(other);
        self.rows != other.rows || self.all != other.all || by_etag
    }
}

/// The partitions of one side.
#[derive(Debug, Clone)]
pub struct Partitions {
    of: Vec<Partition>,
    /// What was last modified up to this time is settled.
    settled: String,
    covered: Slices,
    seen: Seen,
}

impl Default for Partitions {
    fn default() -> Self {
        Self::covering(String::new())
    }
}

impl Partitions {
    /// None yet; a later comparison may rely on what was last modified up to this time, as S3 writes times.
    #[must_use]
    pub fn covering(settled: String) -> Self {
        Self {
            of: vec![Partition::default(); PARTITIONS],
            settled,
            covered: Slices::default(),
            seen: Seen::default(),
        }
    }
}

impl Partitions {
    /// Adds a row.
    pub fn add(&mut self, side: Side, row: &Row<'_>) {
        let entry = &row.entry;
        let found = Found::Only {
            side,
            entry: *entry,
        };
        let Self {
            seen,
            covered,
            settled,
            ..
        } = self;
        seen.add(&found, |side, entry, digest| {
            if entry.modified <= settled.as_str() {
                covered.add(Summed::of(side, digest));
            }
        });
        let of = &mut self.of[partition(entry.key)];
        let mut hash = Xxh3::new();
        for part in [entry.key, b"\0", entry.version.as_bytes(), b"\0"] {
            hash.update(part);
        }
        hash.update(&entry.size.to_le_bytes());
        hash.update(&[u8::from(entry.kind == Kind::Marker), u8::from(entry.latest)]);
        of.rows = of.rows.wrapping_add(hash.digest128());
        of.all.add(1, entry.size);
        if entry.kind == Kind::Object && !row.has_opaque_etag {
            hash.update(entry.etag.as_bytes());
            of.etags = of.etags.wrapping_add(hash.digest128());
            of.hashed.add(1, entry.size);
        }
    }

    /// What the side has.
    #[must_use]
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// What is settled, by slices.
    #[must_use]
    pub const fn covered(&self) -> &Slices {
        &self.covered
    }

    /// The partitions that are not the same at another side.
    #[must_use]
    pub fn differing(&self, other: &Self) -> BTreeSet<usize> {
        let both = self.of.iter().zip(&other.of).enumerate();
        let differ = both.filter(|(_, (one, two))| one.differs(two));
        differ.map(|(at, _)| at).collect()
    }

    /// Every partition that has rows, at either side.
    #[must_use]
    pub fn inhabited(&self, other: &Self) -> BTreeSet<usize> {
        let has_rows = |at: &usize| self.rows_of(*at) + other.rows_of(*at) > 0;
        (0..PARTITIONS).filter(has_rows).collect()
    }

    /// The rows of a partition.
    #[must_use]
    pub fn rows_of(&self, partition: usize) -> u64 {
        self.of.get(partition).map_or(0, |of| of.all.versions)
    }

    /// The rows of a side in all but these partitions, which are equal as far as partitions tell: by ETag, and by size and version ID
    /// where an ETag is none.
    #[must_use]
    pub fn equal(&self, other: &Self, differing: &BTreeSet<usize>) -> Equal {
        let mut equal = Equal::default();
        for (at, (one, two)) in self.of.iter().zip(&other.of).enumerate() {
            if differing.contains(&at) {
                continue;
            }
            let by_etag = if one.etags == two.etags {
                one.hashed
            } else {
                Count::default()
            };
            equal.by_etag.add(by_etag.versions, by_etag.bytes);
            let (versions, bytes) = (
                one.all.versions - by_etag.versions,
                one.all.bytes - by_etag.bytes,
            );
            equal.by_size.add(versions, bytes);
        }
        equal
    }
}

/// What partitions that do not differ have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Equal {
    /// Where both sides have ETags that are hashes.
    pub by_etag: Count,
    /// Where one does not, and delete markers, which have none.
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
    has_opaque_etag: bool,
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
            has_opaque_etag: row.has_opaque_etag,
            class: entry.class.to_owned(),
            modified: entry.modified.to_owned(),
        };
        let sides = match self.keys.get_mut(entry.key) {
            Some(sides) => sides,
            None => self.keys.entry(entry.key.to_vec()).or_default(),
        };
        sides[usize::from(side == Side::Destination)].push(kept);
    }

    /// Tells every version of the keys, joined. Where the ETag of a version is no hash on one side, it tells nothing on the other: both
    /// are told without.
    pub fn tell(&self, tell: &mut impl FnMut(Found<'_>)) {
        for (key, sides) in &self.keys {
            let rows = sides.iter().flatten();
            let opaque = rows.filter(|row| row.has_opaque_etag);
            let opaque: BTreeSet<&str> = opaque.map(|row| &*row.version).collect();
            let [source, destination] = sides;
            let entry = |row| Kept::entry(row, key, &opaque);
            let (one, two) = (source.iter().map(entry), destination.iter().map(entry));
            join_key(key, one, two, tell);
        }
    }
}

impl Kept {
    fn entry<'a>(&'a self, key: &'a [u8], opaque: &BTreeSet<&str>) -> Entry<'a> {
        Entry {
            key,
            version: &self.version,
            kind: self.kind,
            latest: self.latest,
            size: self.size,
            etag: if opaque.contains(&*self.version) {
                ""
            } else {
                &self.etag
            },
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
                picked.add(side, &row(key, version, *size, etag));
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
    fn etags_count_where_both_are_hashes() {
        let one = [version(1), version(2)];
        let mut two = one.clone();
        two[0].3 = "kms-other".to_owned();
        assert_eq!(told(&one, &two), [""; 0]);
        two[1].3 = "kms-other".to_owned();
        let (source, destination) = (of(Side::Source, &one), of(Side::Destination, &two));
        assert_eq!(source.differing(&destination), BTreeSet::new());
        let equal = source.equal(&destination, &BTreeSet::new());
        assert_eq!((equal.by_etag.versions, equal.by_size.versions), (0, 2));
        let equal = source.equal(&of(Side::Destination, &one), &BTreeSet::new());
        assert_eq!((equal.by_etag.versions, equal.by_etag.bytes), (2, 14));
        assert_eq!(equal.by_size.versions, 0);
    }

    /// What has no hash must not hide from the others of its partition that theirs differ.
    #[test]
    fn a_version_without_a_hash_hides_no_other() {
        let one = [version(2), version(3)];
        let mut two = one.clone();
        two[0].3 = "kms-other".to_owned();
        two[1].3 = format!("{:032x}", 9);
        assert_eq!(told(&one, &two), ["etag v3"]);
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
