//! The newest two lists that are whole: of one side the newest, and of the other that which is nearest to it in time.
//!
//! What is written between the two moments is on one list only, and has to be looked at. So the side whose newest list is older says when.

use std::cmp::Reverse;

use md5::{Digest as _, Md5};
use s3ferry_core::inventories::ListPlace;
use s3ferry_core::model::BucketRef;
use s3ferry_verify::inventory::{Manifest, ManifestError, of_folder, stamp};

use super::Unusable;
use crate::ports::{PageRequest, Piece, Versions};
use crate::verify::Failure;
use crate::verify::listing::{page, text};

/// Bytes that are asked for at once: an answer is in memory some four times on its way, at both sides.
pub(super) const PIECE: u64 = 2 << 20;

/// The longest manifest that is read: some 300,000 files.
const LONGEST: usize = 64 << 20;

/// A list that is whole, as far as its manifest tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Where it lies.
    pub place: ListPlace,
    /// Bucket and key of its manifest.
    pub name: String,
    /// Its manifest.
    pub manifest: Manifest,
}

impl List {
    /// When it was begun, as S3 writes times.
    #[must_use]
    pub fn created(&self) -> String {
        stamp(i64::try_from(self.manifest.created_ms).unwrap_or(i64::MAX / 2))
    }
}

/// The lists of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// Of the source.
    pub source: List,
    /// Of the destination.
    pub destination: List,
    /// Newer ones that are not whole, and why.
    pub passed: Vec<String>,
}

impl Lists {
    /// Up to when what both lists say is settled.
    #[must_use]
    pub fn settled(&self) -> String {
        self.source.created().min(self.destination.created())
    }
}

/// Finds the newest two.
///
/// # Errors
/// [`Failure`] where a side has none, or it does not serve.
pub async fn newest<W: Versions>(
    world: &W,
    source: &ListPlace,
    destination: &ListPlace,
    of_versions: bool,
) -> Result<Lists, Failure> {
    let (mut one, mut two) = tokio::try_join!(
        Shelf::of(world, source, of_versions),
        Shelf::of(world, destination, of_versions)
    )?;
    let (newest_one, newest_two) = (one.newest().await?, two.newest().await?);
    let (source, destination) = if newest_one.0 < newest_two.0 {
        let two = two.nearest(newest_one.0).await?;
        (newest_one.1, two)
    } else {
        let one = one.nearest(newest_two.0).await?;
        (one, newest_two.1)
    };
    let mut passed = one.passed;
    passed.extend(two.passed);
    passed.dedup();
    Ok(Lists {
        source,
        destination,
        passed,
    })
}

/// The lists of one side.
struct Shelf<'a, W> {
    world: &'a W,
    place: &'a ListPlace,
    of_versions: bool,
    /// Folders of lists with their times, newest first.
    folders: Vec<(i64, String)>,
    passed: Vec<String>,
}

impl<'a, W: Versions> Shelf<'a, W> {
    async fn of(world: &'a W, place: &'a ListPlace, of_versions: bool) -> Result<Self, Failure> {
        let mut folders = Vec::new();
        let mut after = None;
        loop {
            let request = PageRequest {
                prefix: place.folder.clone(),
                by_folder: true,
                only_current: true,
                after,
                most: None,
            };
            let found = page(world, &place.bucket, &request).await?;
            let names = found.prefixes().iter().map(|name| text(name));
            folders.extend(names.filter_map(|name| {
                let time = name.strip_prefix(&place.folder)?.strip_suffix('/')?;
                Some((of_folder(time)?, name))
            }));
            match found.next() {
                None => break,
                Some(next) => after = Some((text(&next.key), None)),
            }
        }
        folders.sort_by_key(|(time, _)| Reverse(*time));
        Ok(Self {
            world,
            place,
            of_versions,
            folders,
            passed: Vec::new(),
        })
    }

    /// The newest list that is whole, with its time.
    async fn newest(&mut self) -> Result<(i64, List), Failure> {
        for (time, folder) in self.folders.clone() {
            if let Some(list) = self.list(&folder).await? {
                return Ok((time, list));
            }
        }
        let ListPlace { of, bucket, folder } = self.place;
        Err(Failure::Inventory {
            bucket: of.bucket.to_string(),
            why: Unusable::NoList {
                place: format!("{}/{folder}", bucket.bucket),
                passed: self.passed.clone(),
            },
        })
    }

    /// The list that is nearest to a time.
    async fn nearest(&mut self, time: i64) -> Result<List, Failure> {
        self.folders
            .sort_by_key(|(own, _)| (own.abs_diff(time), Reverse(*own)));
        self.passed.clear();
        Ok(self.newest().await?.1)
    }

    /// A list, if it is whole: its checksum is that of the manifest (UG:storage-inventory-location). Whether there is one is asked of the
    /// folder: to who may list this folder alone, S3 does not say of a key in it that it is not there.
    async fn list(&mut self, folder: &str) -> Result<Option<List>, Failure> {
        let ListPlace { of, bucket, .. } = self.place;
        let name = format!("{}/{folder}manifest.json", bucket.bucket);
        let request = PageRequest {
            prefix: folder.to_owned(),
            only_current: true,
            ..PageRequest::default()
        };
        let there = page(self.world, bucket, &request).await?;
        let there: Vec<String> = (0..there.len())
            .filter_map(|at| there.entry(at).map(|entry| text(entry.key)))
            .collect();
        let mut found = Vec::new();
        for file in ["manifest.checksum", "manifest.json"] {
            let key = format!("{folder}{file}");
            let content = if there.contains(&key) {
                whole(self.world, bucket, &key).await?
            } else {
                None
            };
            let Some(content) = content else {
                self.passed.push(format!("s3://{name}: there is no {file}"));
                return Ok(None);
            };
            found.push(content);
        }
        let [checksum, manifest] = &found[..] else {
            return Ok(None);
        };
        let md5 = hex::encode(Md5::digest(manifest));
        if !md5.as_bytes().eq_ignore_ascii_case(checksum.trim_ascii()) {
            self.passed.push(format!(
                "s3://{name}: it is not what its manifest.checksum says"
            ));
            return Ok(None);
        }
        let failure = |why| Failure::Inventory {
            bucket: of.bucket.to_string(),
            why,
        };
        let unusable = |why| {
            failure(Unusable::Manifest {
                manifest: name.clone(),
                why,
            })
        };
        let manifest = Manifest::parse(manifest).map_err(unusable)?;
        manifest.serves(self.of_versions).map_err(unusable)?;
        if manifest.source_bucket != of.bucket.as_str() {
            let of = manifest.source_bucket;
            return Err(failure(Unusable::Foreign { manifest: name, of }));
        }
        Ok(Some(List {
            place: self.place.clone(),
            name,
            manifest,
        }))
    }
}

/// A short object, whole; none where there is none.
pub(super) async fn whole<W: Versions>(
    world: &W,
    bucket: &BucketRef,
    key: &str,
) -> Result<Option<Vec<u8>>, Failure> {
    let mut all = Vec::new();
    loop {
        let of = Piece {
            bucket,
            key,
            version: "",
            from: all.len() as u64,
            most: PIECE,
        };
        let piece = world.piece(of).await?;
        let length = piece.as_ref().map_or(0, Vec::len);
        let Some(piece) = piece else {
            return Ok((!all.is_empty()).then_some(all));
        };
        all.extend(piece);
        if (length as u64) < PIECE {
            return Ok(Some(all));
        }
        if all.len() > LONGEST {
            let why = ManifestError::Unreadable("it is longer than any".to_owned());
            let manifest = format!("{}/{key}", bucket.bucket);
            return Err(Failure::Inventory {
                bucket: bucket.bucket.to_string(),
                why: Unusable::Manifest { manifest, why },
            });
        }
    }
}
