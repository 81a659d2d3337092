//! What listings walk over: the keys of a bucket in order, kept or computed, and what each of their versions shows.

use std::collections::btree_map::Range;
use std::ops::Bound;

use crate::s3::state::computed::Computed as ComputedBucket;
use crate::s3::state::differences::Place;
use crate::s3::state::formula::{Item, Items, ascii, etag, version_id};
use crate::s3::state::version::{Object, Version, Versions};
use crate::s3::state::world::Bucket;

/// A version or a delete marker as listings show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) key: &'a str,
    pub(crate) id: &'a str,
    pub(crate) latest: bool,
    /// In seconds since 1970.
    pub(crate) modified: u64,
    /// The account.
    pub(crate) owner: &'a str,
    /// `None` for a delete marker.
    pub(crate) object: Option<ObjectRow<'a>>,
}

/// What listings show of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ObjectRow<'a> {
    pub(crate) etag: &'a str,
    /// Algorithm and type.
    pub(crate) checksum: Option<(&'a str, &'a str)>,
    pub(crate) size: u64,
    pub(crate) class: &'a str,
}

/// Keys in order.
pub(crate) trait Cursor {
    /// Goes to before the first key at or after a place.
    fn seek(&mut self, from: Bound<&str>);

    /// Goes to the next key; says whether there is one.
    fn advance(&mut self) -> bool;

    /// Returns the key.
    fn key(&self) -> &str;

    /// Says whether the key's current version is an object.
    fn is_object(&self) -> bool;

    /// Visits the key's versions, the newest first, until the visitor has enough; says whether it had not.
    fn rows(&self, visit: impl FnMut(&Row<'_>) -> bool) -> bool;
}

/// The keys that a bucket keeps.
pub(crate) struct Kept<'a> {
    bucket: &'a Bucket,
    rest: Range<'a, Box<str>, Versions>,
    here: Option<(&'a str, &'a Versions)>,
}

impl<'a> Kept<'a> {
    /// Starts before the first key.
    pub(crate) fn new(bucket: &'a Bucket) -> Self {
        Self {
            bucket,
            rest: bucket.objects.range::<str, _>(..),
            here: None,
        }
    }
}

impl Cursor for Kept<'_> {
    fn seek(&mut self, from: Bound<&str>) {
        self.rest = self
            .bucket
            .objects
            .range::<str, _>((from, Bound::Unbounded));
    }

    fn advance(&mut self) -> bool {
        let next = self.rest.next();
        self.here = next.map(|(key, versions)| (&**key, versions));
        self.here.is_some()
    }

    fn key(&self) -> &str {
        self.here.map_or("", |(key, _)| key)
    }

    fn is_object(&self) -> bool {
        let latest = self.here.and_then(|(_, versions)| versions.latest());
        latest.is_some_and(|version| !version.is_marker())
    }

    fn rows(&self, mut visit: impl FnMut(&Row<'_>) -> bool) -> bool {
        let Some((key, versions)) = self.here else {
            return true;
        };
        let mut versions = versions.newest_first().zip(0_usize..);
        versions.all(|(version, at)| {
            let etag = version.object.as_ref().map(Object::etag);
            visit(&row(key, version, (at == 0, etag.as_deref())))
        })
    }
}

fn row<'a>(key: &'a str, version: &'a Version, (latest, etag): (bool, Option<&'a str>)) -> Row<'a> {
    let object = version.object.as_ref();
    Row {
        key,
        id: &version.id,
        latest,
        modified: version.modified.0,
        owner: version.owner.text(),
        object: object.map(|object| ObjectRow {
            etag: etag.unwrap_or_default(),
            checksum: object.content.checksum.as_ref().map(|checksum| {
                let algorithm = checksum.algorithm.as_str();
                (algorithm, checksum.kind.as_str())
            }),
            size: object.content.body.size(),
            class: object.storage_class.as_str(),
        }),
    }
}

/// The keys of a bucket that is computed.
pub(crate) struct Computed<'a> {
    bucket: &'a ComputedBucket,
    next: u64,
    place: Place,
    key: String,
    here: Option<Items<'a>>,
}

impl<'a> Computed<'a> {
    /// Starts before the first key.
    pub(crate) fn new(bucket: &'a ComputedBucket) -> Self {
        Self {
            bucket,
            next: 0,
            place: Place::default(),
            key: String::new(),
            here: None,
        }
    }
}

impl Cursor for Computed<'_> {
    fn seek(&mut self, from: Bound<&str>) {
        self.next = self.bucket.formula.first(from);
        self.place = Place::default();
    }

    fn advance(&mut self) -> bool {
        let ComputedBucket { formula, side, .. } = self.bucket;
        while self.next < formula.keys {
            let items = formula.items(*side, self.next, &mut self.place);
            self.next += 1;
            if !items.is_empty() {
                formula.shape.write(self.next - 1, &mut self.key);
                self.here = Some(items);
                return true;
            }
        }
        false
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn is_object(&self) -> bool {
        self.here.is_some_and(|items| !items.is_deleted())
    }

    fn rows(&self, mut visit: impl FnMut(&Row<'_>) -> bool) -> bool {
        let Some(items) = self.here else {
            return true;
        };
        let mut items = items.newest_first().zip(0_usize..);
        items.all(|(item, at)| self.visit(item, at == 0, &mut visit))
    }
}

impl Computed<'_> {
    fn visit(&self, item: Item, latest: bool, visit: &mut impl FnMut(&Row<'_>) -> bool) -> bool {
        let id = version_id(item.id);
        let etag = item.object.map(|thing| etag(thing.content));
        visit(&Row {
            key: &self.key,
            id: ascii(&id),
            latest,
            modified: item.modified,
            owner: &self.bucket.owner,
            object: item.object.map(|thing| ObjectRow {
                etag: etag.as_ref().map_or("", ascii),
                checksum: ComputedBucket::checksum(thing.size),
                size: thing.size,
                class: thing.class.as_str(),
            }),
        })
    }
}
