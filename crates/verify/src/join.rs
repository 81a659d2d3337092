//! Two listings of one stretch of keys, joined by key and version ID in constant memory.
//!
//! Replicas keep their version IDs (UG:replication), so that a version and its replica are found by them. Nothing is assumed of the
//! order of a key's versions: while both sides name the same version next, nothing is kept; what one side names out of turn is kept until
//! the other names it, or the key ends.

use std::collections::{BTreeMap, VecDeque};

use crate::entry::{Entry, Kind, NULL_VERSION};
use crate::page::Page;

/// A side of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Where the data was.
    Source,
    /// Where it goes.
    Destination,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Source, Self::Destination];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Source => Self::Destination,
            Self::Destination => Self::Source,
        }
    }
}

/// What the join found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// A version of both sides.
    Both {
        /// At the source.
        source: Entry<'a>,
        /// At the destination.
        destination: Entry<'a>,
    },
    /// A version of one side.
    Only {
        /// Which side.
        side: Side,
        /// The version.
        entry: Entry<'a>,
    },
    /// Both sides have these two versions of a key, and each calls another one current.
    Current {
        /// The key.
        key: &'a [u8],
        /// What is current at the source.
        source: &'a str,
        /// What is current at the destination.
        destination: &'a str,
    },
}

impl<'a> Found<'a> {
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &'a [u8] {
        match self {
            Self::Both { source, .. } => source.key,
            Self::Only { entry, .. } => entry.key,
            Self::Current { key, .. } => key,
        }
    }

    /// The size in bytes: the larger one where they differ.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Both {
                source,
                destination,
            } => source.size.max(destination.size),
            Self::Only { entry, .. } => entry.size,
            Self::Current { .. } => 0,
        }
    }

    /// Its version IDs at the source and at the destination.
    #[must_use]
    pub const fn versions(&self) -> (Option<&'a str>, Option<&'a str>) {
        match self {
            Self::Both {
                source,
                destination,
            } => (Some(source.version), Some(destination.version)),
            Self::Only {
                side: Side::Source,
                entry,
            } => (Some(entry.version), None),
            Self::Only {
                side: Side::Destination,
                entry,
            } => (None, Some(entry.version)),
            Self::Current {
                source,
                destination,
                ..
            } => (Some(source), Some(destination)),
        }
    }
}

/// What the join needs to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The next page of a side.
    Page(Side),
    /// Nothing: both sides are at their end.
    Done,
}

/// A listing whose keys are not in order: what it has cannot be told apart from what it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys of a listing are not in order")]
pub struct Unordered(pub Side);

/// Two listings on their way.
#[derive(Debug, Default)]
pub struct Join {
    source: Feed,
    destination: Feed,
    group: Group,
    /// Up to here, this key included, everything was told.
    told: Option<Vec<u8>>,
}

impl Join {
    /// A join of the keys below `end`, or of all.
    #[must_use]
    pub fn until(end: Option<Vec<u8>>) -> Self {
        let feed = |end| Feed {
            end,
            ..Feed::default()
        };
        Self {
            source: feed(end.clone()),
            destination: feed(end),
            ..Self::default()
        }
    }

    /// Adds the next page of a side.
    ///
    /// # Errors
    /// [`Unordered`] where its keys do not go on from the page before.
    pub fn add(&mut self, side: Side, page: Page) -> Result<(), Unordered> {
        self.feed(side).add(page).map_err(|()| Unordered(side))
    }

    /// The last key of which everything was told.
    #[must_use]
    pub fn told(&self) -> Option<&[u8]> {
        self.told.as_deref()
    }

    /// The furthest key that either side has brought: what is beyond may be given to another join.
    #[must_use]
    pub fn reached(&self) -> Option<&[u8]> {
        let (source, destination) = (
            self.source.last.as_deref(),
            self.destination.last.as_deref(),
        );
        source.max(destination)
    }

    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> Option<&[u8]> {
        self.source.end.as_deref()
    }

    /// Ends before a key that neither side has reached.
    pub fn narrow(&mut self, end: &[u8]) {
        for side in Side::BOTH {
            self.feed(side).end = Some(end.to_vec());
        }
    }

    /// Tells what can be told from the pages that are there.
    pub fn run(&mut self, tell: &mut impl FnMut(Found<'_>)) -> Step {
        loop {
            let Self {
                source,
                destination,
                group,
                told,
            } = self;
            let heads = match (source.head(), destination.head()) {
                (Head::Wanted, _) => return Step::Page(Side::Source),
                (_, Head::Wanted) => return Step::Page(Side::Destination),
                (Head::Entry(one), Head::Entry(two)) => (Some(one), Some(two)),
                (Head::Entry(one), Head::End) => (Some(one), None),
                (Head::End, Head::Entry(two)) => (None, Some(two)),
                (Head::End, Head::End) => (None, None),
            };
            if !group.is_open {
                let least = [heads.0, heads.1]
                    .into_iter()
                    .flatten()
                    .map(|entry| entry.key)
                    .min();
                let Some(least) = least else {
                    return Step::Done;
                };
                group.open(least);
            }
            let of_group = |entry: &Entry<'_>| entry.key == &*group.key;
            let (one, two) = (heads.0.filter(of_group), heads.1.filter(of_group));
            let came = (usize::from(one.is_some()), usize::from(two.is_some()));
            match (one, two) {
                (None, None) => {
                    group.close(tell);
                    let told = told.get_or_insert_default();
                    told.clear();
                    told.extend_from_slice(&group.key);
                    continue;
                }
                (Some(one), Some(two)) if one.version == two.version => group.both(one, two, tell),
                (one, two) => {
                    if let Some(one) = one {
                        group.hold(Side::Source, one, tell);
                    }
                    if let Some(two) = two {
                        group.hold(Side::Destination, two, tell);
                    }
                }
            }
            source.at += came.0;
            destination.at += came.1;
        }
    }

    fn feed(&mut self, side: Side) -> &mut Feed {
        match side {
            Side::Source => &mut self.source,
            Side::Destination => &mut self.destination,
        }
    }
}

/// Joins what both sides have of one key.
pub fn join_key<'a>(
    key: &[u8],
    source: impl Iterator<Item = Entry<'a>>,
    destination: impl Iterator<Item = Entry<'a>>,
    tell: &mut impl FnMut(Found<'_>),
) {
    let mut group = Group::default();
    group.open(key);
    for entry in source {
        group.hold(Side::Source, entry, tell);
    }
    for entry in destination {
        group.hold(Side::Destination, entry, tell);
    }
    group.close(tell);
}

/// One side's pages.
#[derive(Debug, Default)]
struct Feed {
    pages: VecDeque<Page>,
    /// The next entry of the first page.
    at: usize,
    /// Whether a page came, and after which key the next one begins, if there is one.
    next: Option<Option<Vec<u8>>>,
    end: Option<Vec<u8>>,
    /// The last key that came.
    last: Option<Vec<u8>>,
}

enum Head<'a> {
    Entry(Entry<'a>),
    /// A page is to come.
    Wanted,
    End,
}

impl Feed {
    fn add(&mut self, page: Page) -> Result<(), ()> {
        let mut before = self.last.as_deref();
        for at in 0..page.len() {
            let key = page.entry(at).map(|entry| entry.key);
            if before > key {
                return Err(());
            }
            before = key;
        }
        let last = before.map(<[u8]>::to_vec);
        self.last = last;
        self.next = Some(page.next().map(|next| next.key.clone()));
        self.pages.push_back(page);
        Ok(())
    }

    /// Whether no page is to come that has keys before the end. AWS says of the marker that it is the first key that was not returned, and is
    /// seen to give the last one that was (BC:s3 ListObjectVersions NextKeyMarker): both are told apart by nothing.
    fn is_over(&self) -> bool {
        let beyond = |next: &Vec<u8>| self.end.as_ref().is_some_and(|end| next >= end);
        match &self.next {
            None => false,
            Some(next) => next.as_ref().is_none_or(beyond),
        }
    }

    fn head(&mut self) -> Head<'_> {
        while self.pages.front().is_some_and(|page| self.at >= page.len()) {
            self.pages.pop_front();
            self.at = 0;
        }
        let entry = self.pages.front().and_then(|page| page.entry(self.at));
        match entry {
            None if self.is_over() => Head::End,
            None => Head::Wanted,
            Some(entry) if self.end.as_deref().is_some_and(|end| entry.key >= end) => Head::End,
            Some(entry) => Head::Entry(entry),
        }
    }
}

/// The key that is being told of.
#[derive(Debug, Default)]
struct Group {
    is_open: bool,
    key: Vec<u8>,
    source: Named,
    destination: Named,
}

/// What one side named of the key.
#[derive(Debug, Default)]
struct Named {
    /// Out of turn, by version ID.
    held: BTreeMap<String, Held>,
    current: Option<Current>,
}

/// What a side calls the key's current version.
#[derive(Debug)]
struct Current {
    version: String,
    /// The version that it was joined with, if any.
    with: Option<String>,
}

/// An entry without its key and version.
#[derive(Debug)]
struct Held {
    kind: Kind,
    latest: bool,
    size: u64,
    etag: String,
    class: String,
    modified: String,
}

impl Held {
    fn of(entry: &Entry<'_>) -> Self {
        Self {
            kind: entry.kind,
            latest: entry.latest,
            size: entry.size,
            etag: entry.etag.to_owned(),
            class: entry.class.to_owned(),
            modified: entry.modified.to_owned(),
        }
    }

    fn entry<'a>(&'a self, key: &'a [u8], version: &'a str) -> Entry<'a> {
        Entry {
            key,
            version,
            kind: self.kind,
            latest: self.latest,
            size: self.size,
            etag: &self.etag,
            class: &self.class,
            modified: &self.modified,
        }
    }

    /// Whether it may be the same content as another version: a version from before versioning need not keep its ID.
    fn resembles(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.size == other.size
            && (self.modified == other.modified
                || (!self.etag.is_empty() && self.etag == other.etag))
    }
}

impl Group {
    fn open(&mut self, key: &[u8]) {
        self.is_open = true;
        self.key.clear();
        self.key.extend_from_slice(key);
    }

    fn both(
        &mut self,
        source: Entry<'_>,
        destination: Entry<'_>,
        tell: &mut impl FnMut(Found<'_>),
    ) {
        // Nothing needs to be kept of a key whose current version is the same.
        if source.latest != destination.latest {
            self.source.note(&source, Some(destination.version));
            self.destination.note(&destination, Some(source.version));
        }
        tell(Found::Both {
            source,
            destination,
        });
    }

    fn hold(&mut self, side: Side, entry: Entry<'_>, tell: &mut impl FnMut(Found<'_>)) {
        let (own, others) = match side {
            Side::Source => (&mut self.source, &mut self.destination),
            Side::Destination => (&mut self.destination, &mut self.source),
        };
        let Some(held) = others.held.remove(entry.version) else {
            own.note(&entry, None);
            own.held.insert(entry.version.to_owned(), Held::of(&entry));
            return;
        };
        let key = std::mem::take(&mut self.key);
        let other = held.entry(&key, entry.version);
        match side {
            Side::Source => self.both(entry, other, tell),
            Side::Destination => self.both(other, entry, tell),
        }
        self.key = key;
    }

    fn close(&mut self, tell: &mut impl FnMut(Found<'_>)) {
        self.is_open = false;
        let key = std::mem::take(&mut self.key);
        self.pair_null(&key, tell);
        for (side, named) in [
            (Side::Source, &mut self.source),
            (Side::Destination, &mut self.destination),
        ] {
            for (version, held) in std::mem::take(&mut named.held) {
                tell(Found::Only {
                    side,
                    entry: held.entry(&key, &version),
                });
            }
        }
        let currents = (self.source.current.take(), self.destination.current.take());
        if let (Some(one), Some(two)) = currents
            && let (Some(with_one), Some(_)) = (&one.with, &two.with)
            && *with_one != two.version
        {
            tell(Found::Current {
                key: &key,
                source: &one.version,
                destination: &two.version,
            });
        }
        self.key = key;
    }

    /// What was written before versioning has no ID to keep: its replica is known by its content and time.
    fn pair_null(&mut self, key: &[u8], tell: &mut impl FnMut(Found<'_>)) {
        let Some(null) = self.source.held.get(NULL_VERSION) else {
            return;
        };
        let resembling = self
            .destination
            .held
            .iter()
            .find(|(_, held)| held.resembles(null));
        let Some(version) = resembling.map(|(version, _)| version.clone()) else {
            return;
        };
        let (null, other) = (
            self.source.held.remove(NULL_VERSION),
            self.destination.held.remove(&version),
        );
        if let (Some(null), Some(other)) = (null, other) {
            let (source, destination) = (null.entry(key, NULL_VERSION), other.entry(key, &version));
            self.both(source, destination, tell);
        }
    }
}

impl Named {
    fn note(&mut self, entry: &Entry<'_>, with: Option<&str>) {
        if entry.latest {
            self.current = Some(Current {
                version: entry.version.to_owned(),
                with: with.map(str::to_owned),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A version of a test: key, version, size, and whether it is current.
    type Row = (String, String, u64, bool);

    fn page(rows: &[Row], goes_on: bool) -> Page {
        let mut text = "<ListVersionsResult>".to_owned();
        for (key, version, size, latest) in rows {
            text += &format!(
                "<Version><Key>{key}</Key><VersionId>{version}</VersionId><IsLatest>{latest}</IsLatest><LastModified>t{size}</LastModified>\
                 <ETag>e{size}</ETag><Size>{size}</Size></Version>"
            );
        }
        if goes_on {
            text += "<NextKeyMarker>k</NextKeyMarker>";
        }
        text += &format!("<IsTruncated>{goes_on}</IsTruncated></ListVersionsResult>");
        Page::parse(text.as_bytes()).unwrap()
    }

    /// What a join of two listings tells, whatever the pages are.
    fn told(source: &[Row], destination: &[Row], length: usize, mut join: Join) -> Vec<String> {
        let mut rest = [source.to_vec(), destination.to_vec()];
        let mut told = Vec::new();
        loop {
            let step = join.run(&mut |found| {
                told.push(match found {
                    Found::Both {
                        source,
                        destination,
                    } => {
                        format!(
                            "{} {}={}",
                            text(source.key),
                            source.version,
                            destination.version
                        )
                    }
                    Found::Only { side, entry } => {
                        format!("{} {} {side:?}", text(entry.key), entry.version)
                    }
                    Found::Current {
                        key,
                        source,
                        destination,
                    } => format!("{} {source}/{destination}", text(key)),
                });
            });
            let Step::Page(side) = step else {
                return told;
            };
            let rows = &mut rest[usize::from(side == Side::Destination)];
            let cut = rows.split_off(length.min(rows.len()));
            let rows = std::mem::replace(rows, cut.clone());
            join.add(side, page(&rows, !cut.is_empty())).unwrap();
        }
    }

    fn text(key: &[u8]) -> String {
        String::from_utf8_lossy(key).into_owned()
    }

    fn rows(rows: &[(&str, &str, u64)]) -> Vec<Row> {
        let mut before = "";
        let mut all = Vec::new();
        for (key, version, size) in rows {
            all.push((
                (*key).to_owned(),
                (*version).to_owned(),
                *size,
                *key != before,
            ));
            before = key;
        }
        all
    }

    fn of(source: &[(&str, &str, u64)], destination: &[(&str, &str, u64)]) -> Vec<String> {
        told(&rows(source), &rows(destination), 1, Join::default())
    }

    #[test]
    fn versions_are_joined_by_key_and_id() {
        let source = [("a", "2", 1), ("a", "1", 1), ("b", "1", 1)];
        assert_eq!(of(&source, &source), ["a 2=2", "a 1=1", "b 1=1"]);
        let lost = [("a", "2", 1), ("b", "1", 1)];
        assert_eq!(of(&source, &lost), ["a 2=2", "a 1 Source", "b 1=1"]);
        assert_eq!(of(&lost, &source), ["a 2=2", "a 1 Destination", "b 1=1"]);
        assert_eq!(of(&source, &[]), ["a 1 Source", "a 2 Source", "b 1 Source"]);
        assert!(of(&[], &[]).is_empty());
    }

    #[test]
    fn another_current_version_is_told_where_both_sides_have_both() {
        let turned = [("a", "1", 1), ("a", "2", 1)];
        assert_eq!(
            of(&[("a", "2", 1), ("a", "1", 1)], &turned),
            ["a 1=1", "a 2=2", "a 2/1"]
        );
        // What is current at one side is not at the other: that alone says all.
        assert_eq!(
            of(&[("a", "3", 1), ("a", "1", 1)], &[("a", "1", 1)]),
            ["a 1=1", "a 3 Source"]
        );
    }

    #[test]
    fn a_version_from_before_versioning_is_known_by_its_content() {
        assert_eq!(of(&[("a", "null", 5)], &[("a", "x", 5)]), ["a null=x"]);
        assert_eq!(
            of(&[("a", "null", 5)], &[("a", "null", 5)]),
            ["a null=null"]
        );
        assert_eq!(
            of(&[("a", "null", 5)], &[("a", "x", 6)]),
            ["a null Source", "a x Destination"]
        );
    }

    #[test]
    fn a_stretch_ends_before_its_end_and_may_be_shortened() {
        let all = rows(&[("a", "1", 1), ("b", "1", 1), ("c", "1", 1)]);
        assert_eq!(
            told(&all, &all, 2, Join::until(Some(b"c".to_vec()))),
            ["a 1=1", "b 1=1"]
        );
        let mut join = Join::default();
        join.add(Side::Source, page(&all[..1], true)).unwrap();
        assert_eq!(join.reached(), Some(&b"a"[..]));
        join.narrow(b"b");
        assert_eq!(join.end(), Some(&b"b"[..]));
    }

    #[test]
    fn keys_that_go_back_are_an_error() {
        let mut join = Join::default();
        join.add(Side::Source, page(&rows(&[("b", "1", 1)]), true))
            .unwrap();
        let back = join.add(Side::Source, page(&rows(&[("a", "1", 1)]), false));
        assert_eq!(back, Err(Unordered(Side::Source)));
    }

    fn side() -> impl Strategy<Value = Vec<Row>> {
        let versions = prop::collection::btree_map(
            0..4_u8,
            prop::sample::subsequence(vec!["1", "2", "3", "4"], 1..4).prop_shuffle(),
            0..4,
        );
        versions.prop_map(|keys| {
            let mut all = Vec::new();
            for (key, versions) in keys {
                for (at, version) in versions.iter().enumerate() {
                    all.push((format!("k{key}"), (*version).to_owned(), 1, at == 0));
                }
            }
            all
        })
    }

    proptest! {
        #[test]
        fn every_version_is_told_once_whatever_the_order_and_the_pages(source in side(), destination in side(), length in 1..5_usize) {
            let ids = |rows: &[Row]| -> BTreeSet<(String, String)> { rows.iter().map(|row| (row.0.clone(), row.1.clone())).collect() };
            let (one, two) = (ids(&source), ids(&destination));
            let current = |rows: &[Row], key: &str| rows.iter().find(|row| row.0 == key && row.3).map(|row| row.1.clone());
            let mut expected: Vec<String> = one.intersection(&two).map(|(key, version)| format!("{key} {version}={version}")).collect();
            expected.extend(one.difference(&two).map(|(key, version)| format!("{key} {version} Source")));
            expected.extend(two.difference(&one).map(|(key, version)| format!("{key} {version} Destination")));
            for key in one.iter().map(|id| id.0.clone()).collect::<BTreeSet<_>>() {
                if let (Some(one_is), Some(two_is)) = (current(&source, &key), current(&destination, &key))
                    && one_is != two_is
                    && two.contains(&(key.clone(), one_is.clone()))
                    && one.contains(&(key.clone(), two_is.clone()))
                {
                    expected.push(format!("{key} {one_is}/{two_is}"));
                }
            }
            expected.sort();
            let mut got = told(&source, &destination, length, Join::default());
            got.sort();
            prop_assert_eq!(got, expected);
        }
    }
}
