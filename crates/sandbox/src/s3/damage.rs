//! Damage that no API can do: what a version says of itself stays as it was, and what it holds is another.
//!
//! Nothing of it is told, logged or replicated, and versions that shared the bytes keep theirs.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;

use crate::s3::state::version::{Body, Object};
use crate::s3::state::world::Store;

/// The name and the value of the metadata and the tag that damage leaves.
const MARK: (&str, &str) = ("damaged", "1");

/// Which version is damaged, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Damage {
    bucket: String,
    key: String,
    version_id: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// The first byte is another; size, ETag and checksum stay.
    FlipByte,
    /// The last byte is gone; ETag and checksum stay.
    Truncate,
    /// There is user metadata more, under the same version id.
    Metadata,
    /// There is a tag more, of which replication hears nothing.
    Tags,
}

/// Why nothing was damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Undamaged {
    NotThere(String),
    Impossible(&'static str),
}

/// Damages one version.
pub(crate) fn damage(store: &Store, damage: &Damage) -> Result<(), Undamaged> {
    let Damage {
        bucket,
        key,
        version_id,
        kind,
    } = damage;
    let mut world = store.world();
    let Some(bucket) = world.buckets.get_mut(bucket) else {
        return Err(Undamaged::NotThere(format!("there is no bucket {bucket}")));
    };
    if bucket.computed.is_some() {
        return Err(Undamaged::Impossible("a synthetic bucket keeps nothing"));
    }
    if !bucket.objects.contains_key(key.as_str()) {
        return Err(Undamaged::NotThere(format!("there is no key {key}")));
    }
    let Some(version) = bucket.version_mut(key, version_id) else {
        let text = format!("there is no version {version_id} of {key}");
        return Err(Undamaged::NotThere(text));
    };
    let object = version.object.as_mut();
    let object = object.ok_or(Undamaged::Impossible("a delete marker holds nothing"))?;
    kind.apply(object)
}

impl Kind {
    fn apply(self, object: &mut Object) -> Result<(), Undamaged> {
        match self {
            Self::FlipByte => change_body(object, flipped),
            Self::Truncate => change_body(object, |body| body.slice(0, body.size() - 1)),
            Self::Metadata => {
                let content = Arc::make_mut(&mut object.content);
                mark(&mut content.headers_mut().metadata);
                Ok(())
            }
            Self::Tags => {
                mark(&mut object.tags);
                Ok(())
            }
        }
    }
}

fn change_body(object: &mut Object, change: fn(&Body) -> Vec<Bytes>) -> Result<(), Undamaged> {
    if object.content.body.size() == 0 {
        return Err(Undamaged::Impossible("there is no byte to damage"));
    }
    let content = Arc::make_mut(&mut object.content);
    content.body = Body::Parts(change(&content.body).into());
    Ok(())
}

fn flipped(body: &Body) -> Vec<Bytes> {
    let first = body.slice(0, 1).concat();
    let flipped: Vec<u8> = first.iter().map(|byte| byte ^ 1).collect();
    let mut pieces = vec![Bytes::from(flipped)];
    pieces.extend(body.slice(1, body.size()));
    pieces
}

/// Sets the mark among pairs that are sorted by name.
fn mark(pairs: &mut Box<[(Box<str>, Box<str>)]>) {
    let (name, value) = MARK;
    let mut marked = std::mem::take(pairs).into_vec();
    marked.retain(|(known, _)| **known != *name);
    let at = marked.partition_point(|(known, _)| **known < *name);
    marked.insert(at, (name.into(), value.into()));
    *pairs = marked.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_body_differs_in_its_first_byte_alone() {
        let body = Body::from(Bytes::from("abc"));
        assert_eq!(flipped(&body).concat(), b"`bc");
    }

    #[test]
    fn the_mark_takes_its_place_once() {
        let pair = |name: &str| (Box::from(name), Box::from("x"));
        let mut pairs: Box<[_]> = [pair("a"), pair("z")].into();
        mark(&mut pairs);
        mark(&mut pairs);
        let names: Vec<&str> = pairs.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a", "damaged", "z"]);
    }
}
