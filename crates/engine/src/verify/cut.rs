//! Where a stretch can be cut in two: a key with others behind it, found by asking the source.
//!
//! Keys of one bucket often begin alike. So the folder that they all share is found first, level by level; then the space of what
//! may follow is halved until something lies in the upper half.

use s3ferry_core::model::BucketRef;
use s3ferry_verify::keyspace::between;

use super::listing::{page, request, text};
use super::{Failure, Matching, Stretch};
use crate::ports::{PageRequest, Versions};

/// The most folders that are gone down, and the most halvings: each is a call, and a cut that is hard to find is of a stretch that is short.
const FOLDERS: usize = 16;
const HALVINGS: usize = 32;

/// A key to cut a stretch at; none where it has too little in it.
pub(super) async fn cut<W: Versions>(
    world: &W,
    bucket: &BucketRef,
    of: &Stretch,
    matching: Matching,
) -> Result<Option<Vec<u8>>, Failure> {
    let mut low = of.after.clone().unwrap_or_default();
    let mut high = of.before.clone();
    if high.is_none() {
        let folder = common_folder(world, bucket, matching).await?;
        low = low.max(folder.clone());
        high = successor(folder);
    }
    for _ in 0..HALVINGS {
        let Some(middle) = between(&low, high.as_deref()) else {
            return Ok(None);
        };
        let request = PageRequest {
            after: Some((text(&middle), None)),
            most: Some(1),
            ..request(matching)
        };
        let found = page(world, bucket, &request).await?;
        let first = found.entry(0).map(|entry| entry.key);
        if first.is_some_and(|first| high.as_deref().is_none_or(|high| first < high)) {
            return Ok(Some(middle));
        }
        high = Some(middle);
    }
    Ok(None)
}

/// The folder that all keys of a bucket are in.
async fn common_folder<W: Versions>(
    world: &W,
    bucket: &BucketRef,
    matching: Matching,
) -> Result<Vec<u8>, Failure> {
    let mut folder = Vec::new();
    for _ in 0..FOLDERS {
        let request = PageRequest {
            prefix: text(&folder),
            by_folder: true,
            most: Some(2),
            ..request(matching)
        };
        let found = page(world, bucket, &request).await?;
        match found.prefixes() {
            [only] if found.is_empty() && found.next().is_none() => folder.clone_from(only),
            _ => break,
        }
    }
    Ok(folder)
}

/// The first key that does not begin like this.
fn successor(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    // Folders end with a slash, and no key byte of UTF-8 is the last.
    let last = prefix.last_mut()?;
    *last += 1;
    Some(prefix)
}
