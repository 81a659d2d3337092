//! Buckets of which nothing is kept: what is in them is computed whenever somebody asks, however much it is.

use std::sync::Arc;

use super::differences::Place;
use super::formula::{Formula, Item, Side, Thing, ascii, digest, version_id};
use super::version::{Body, Content, More, Object, Stamp, Status, Version};
use crate::s3::checksum::{Algorithm, Type, of_pieces};

/// Larger objects have no checksum, because it is computed for each that asks.
const CHECKED: u64 = 1 << 20;

/// One side of a pair that is computed.
#[derive(Debug, Clone)]
pub(crate) struct Computed {
    pub(crate) formula: Arc<Formula>,
    pub(crate) side: Side,
    pub(crate) owner: Arc<str>,
}

impl Computed {
    /// Returns a version by id, or the current one.
    pub(crate) fn version(&self, key: &str, id: Option<&str>) -> Option<Version> {
        let number = self.formula.number(key)?;
        let items = self.formula.items(self.side, number, &mut Place::default());
        let mut items = items.newest_first();
        let item = match id {
            None => items.next(),
            Some(id) => items.find(|item| version_id(item.id) == *id.as_bytes()),
        };
        Some(made(item?, self.side, &self.owner))
    }

    /// Returns algorithm and type of the checksum of an object of a size.
    pub(crate) fn checksum(size: u64) -> Option<(&'static str, &'static str)> {
        (size <= CHECKED).then(|| (CHECKSUM.0.as_str(), CHECKSUM.1.as_str()))
    }
}

const CHECKSUM: (Algorithm, Type) = (Algorithm::Crc64Nvme, Type::FullObject);

/// Makes a version with the content that a formula's ETag stands for.
fn made(item: Item, side: Side, owner: &str) -> Version {
    let object = item.object.map(|thing| {
        let body = body(thing);
        let checked = thing.size <= CHECKED;
        let content = Content {
            checksum: checked.then(|| of_pieces(CHECKSUM.0, CHECKSUM.1, &body.pieces())),
            body,
            digest: digest(thing.content),
            ..Content::default()
        };
        object(Arc::new(content), thing)
    });
    version(item, side, (owner, 0), object)
}

/// Makes a version that was replicated, or is a replica.
pub(crate) fn version(
    item: Item,
    side: Side,
    (owner, sequence): (&str, u64),
    object: Option<Object>,
) -> Version {
    Version {
        id: ascii(&version_id(item.id)).into(),
        sequence,
        modified: Stamp(item.modified),
        owner: owner.into(),
        replication: Some(match side {
            Side::Source => Status::Completed,
            Side::Destination => Status::Replica,
        }),
        replica: side == Side::Destination,
        failure: None,
        object,
    }
}

/// Returns the bytes that are drawn from a thing's content.
pub(crate) fn body(thing: Thing) -> Body {
    Body::Repeated {
        line: thing.content,
        size: thing.size,
    }
}

/// Makes the object of a thing.
pub(crate) fn object(content: Arc<Content>, thing: Thing) -> Object {
    let more = More {
        storage_class: thing.class,
        ..More::default()
    };
    Object::new(content, more)
}
