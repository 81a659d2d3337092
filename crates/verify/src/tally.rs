//! What was found, counted: every version once, whatever is shown of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::entry::{Entry, Kind};
use crate::join::{Found, Side};
use crate::judge::{Rung, Verdict};
use crate::keyspace::top;
use crate::slices::{Slices, slice};

/// The most prefixes that are counted apart.
const PREFIXES: usize = 500;

/// The counts of a comparison, or of a part of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// What each side has.
    pub source: Total,
    /// What each side has.
    pub destination: Total,
    /// Versions by verdict, in the words of [`Verdict::as_str`].
    pub verdicts: BTreeMap<String, Count>,
    /// What is wrong or not known, by the first part of the key, and by verdict. What goes beyond the prefixes that are told apart is
    /// under `*`.
    pub prefixes: BTreeMap<String, BTreeMap<String, u64>>,
    /// Of what is settled, for who compares later.
    #[serde(default)]
    pub covered: Slices,
    /// Of what is older than an earlier comparison, where this one looks only at what came since.
    #[serde(default)]
    pub earlier: Slices,
}

/// A number of versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Versions.
    pub versions: u64,
    /// Their size together.
    pub bytes: u64,
}

impl Count {
    /// Whether it counts nothing.
    #[must_use]
    pub(crate) const fn is_none(&self) -> bool {
        self.versions == 0
    }

    /// Adds so many.
    pub(crate) const fn add(&mut self, versions: u64, bytes: u64) {
        self.versions += versions;
        self.bytes += bytes;
    }
}

/// What a side has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// Versions that are objects.
    pub objects: u64,
    /// Delete markers.
    pub markers: u64,
    /// The size of the objects.
    pub bytes: u64,
    /// The sum of the hashes of what a listing tells of each: key, version ID, size and kind. Equal sets have equal sums, in any order.
    #[serde(with = "hex")]
    pub fingerprint: u128,
}

/// A fingerprint as 32 hexadecimal digits: JSON's numbers are shorter.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{value:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        u128::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}

/// What tells a version from all others: the hash of its key, its ID, its size, and whether it is a delete marker.
#[must_use]
pub fn digest(key: &[u8], version: &str, size: u64, kind: Kind) -> u128 {
    let mut hash = Xxh3::new();
    for part in [key, b"\0", version.as_bytes(), b"\0"] {
        hash.update(part);
    }
    hash.update(&size.to_le_bytes());
    hash.update(&[u8::from(kind == Kind::Marker)]);
    hash.digest128()
}

/// The digest of an entry.
#[must_use]
pub fn digest_of(entry: &Entry<'_>) -> u128 {
    digest(entry.key, entry.version, entry.size, entry.kind)
}

impl Total {
    fn add(&mut self, entry: &Entry<'_>) -> u128 {
        match entry.kind {
            Kind::Object => self.objects += 1,
            Kind::Marker => self.markers += 1,
        }
        self.bytes += entry.size;
        let digest = digest_of(entry);
        self.fingerprint = self.fingerprint.wrapping_add(digest);
        digest
    }

    fn join(&mut self, other: &Self) {
        self.objects += other.objects;
        self.markers += other.markers;
        self.bytes += other.bytes;
        self.fingerprint = self.fingerprint.wrapping_add(other.fingerprint);
    }
}

/// What both sides have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    source: Total,
    destination: Total,
}

impl Seen {
    /// What both sides have, where it was counted elsewhere.
    #[must_use]
    pub const fn of(source: Total, destination: Total) -> Self {
        Self {
            source,
            destination,
        }
    }

    /// Adds what was found, and tells the digest of each version of a side.
    pub fn add(&mut self, found: &Found<'_>, mut each: impl FnMut(Side, &Entry<'_>, u128)) {
        let mut add = |side: Side, entry: &Entry<'_>| {
            let total = match side {
                Side::Source => &mut self.source,
                Side::Destination => &mut self.destination,
            };
            each(side, entry, total.add(entry));
        };
        match found {
            Found::Both {
                source,
                destination,
            } => {
                add(Side::Source, source);
                add(Side::Destination, destination);
            }
            Found::Only { side, entry } => add(*side, entry),
            Found::Current { .. } => {}
        }
    }
}

impl Tally {
    /// Counts what the sides have.
    pub fn see(&mut self, seen: &Seen) {
        self.source.join(&seen.source);
        self.destination.join(&seen.destination);
    }

    /// A version of both sides is different or not known: nobody may rely on this comparison for it.
    pub fn doubt(&mut self, key: &[u8], version: &str, size: u64) {
        self.covered
            .open(slice(digest(key, version, size, Kind::Object)));
    }

    /// Counts what was passed because an earlier comparison covers it, as far as it does; the slices that are not what they were then
    /// are still to be looked at.
    pub fn rely_on(&mut self, then: &Slices) -> BTreeSet<usize> {
        let earlier = std::mem::take(&mut self.earlier);
        let mut moved = BTreeSet::new();
        for (slice, passed, is_same) in earlier.passed(then) {
            if is_same {
                self.count_all(passed, Verdict::Equal(Rung::Earlier));
            } else if !passed.is_none() {
                moved.insert(slice);
            }
        }
        moved
    }

    /// Counts an answer on versions that are not looked at one by one.
    pub fn count_all(&mut self, of: Count, verdict: Verdict) {
        if of.versions > 0 {
            let count = self.verdicts.entry(verdict.as_str().to_owned());
            count.or_default().add(of.versions, of.bytes);
        }
    }

    /// Counts an answer.
    pub fn count(&mut self, key: &[u8], bytes: u64, verdict: Verdict) {
        let count = match self.verdicts.get_mut(verdict.as_str()) {
            Some(count) => count,
            None => self
                .verdicts
                .entry(verdict.as_str().to_owned())
                .or_default(),
        };
        count.versions += 1;
        count.bytes += bytes;
        if matches!(verdict, Verdict::Different(_) | Verdict::Unprovable(_)) {
            let prefix = String::from_utf8_lossy(top(key));
            *self
                .prefix(&prefix)
                .entry(verdict.as_str().to_owned())
                .or_default() += 1;
        }
    }

    fn prefix(&mut self, prefix: &str) -> &mut BTreeMap<String, u64> {
        let is_known = self.prefixes.contains_key(prefix);
        let prefix = if is_known || self.prefixes.len() < PREFIXES {
            prefix
        } else {
            "*"
        };
        self.prefixes.entry(prefix.to_owned()).or_default()
    }

    /// Adds the counts of another part.
    pub fn join(&mut self, other: &Self) {
        self.source.join(&other.source);
        self.destination.join(&other.destination);
        self.covered.join(&other.covered);
        self.earlier.join(&other.earlier);
        for (verdict, count) in &other.verdicts {
            let sum = self.verdicts.entry(verdict.clone()).or_default();
            sum.versions += count.versions;
            sum.bytes += count.bytes;
        }
        for (prefix, verdicts) in &other.prefixes {
            for (verdict, count) in verdicts {
                *self.prefix(prefix).entry(verdict.clone()).or_default() += count;
            }
        }
    }

    /// The versions with an answer that this chooses.
    #[must_use]
    pub fn versions(&self, is_meant: impl Fn(Verdict) -> bool) -> u64 {
        let meant = Verdict::ALL.iter().filter(|verdict| is_meant(**verdict));
        let counts = meant.filter_map(|verdict| self.verdicts.get(verdict.as_str()));
        counts.map(|count| count.versions).sum()
    }

    /// How many are different.
    #[must_use]
    pub fn different(&self) -> u64 {
        self.versions(|verdict| matches!(verdict, Verdict::Different(_)))
    }

    /// How many nobody can say anything of.
    #[must_use]
    pub fn unprovable(&self) -> u64 {
        self.versions(|verdict| matches!(verdict, Verdict::Unprovable(_)))
    }
}
