//! The files of a list: fetched into a folder of the run's own with their MD5 seen on the way, and read there, as often as it takes.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use md5::{Digest as _, Md5};
use s3ferry_verify::inventory::{DataFile, Row, rows};
use s3ferry_verify::{Entry, Side};
use tokio::task::JoinSet;

use super::find::PIECE;
use super::{List, Unusable};
use crate::ports::{Piece, Versions};
use crate::verify::{Failure, Matching};

/// The files of one side's list.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) side: Side,
    pub(super) list: Arc<List>,
    matching: Matching,
    folder: PathBuf,
}

impl Files {
    pub(super) fn new(side: Side, list: List, matching: Matching, folder: &Path) -> Self {
        Self {
            side,
            list: Arc::new(list),
            matching,
            folder: folder.to_owned(),
        }
    }

    /// Where something of this side is kept.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{:?}-{name}", self.side))
    }

    pub(super) fn count(&self) -> usize {
        self.list.manifest.files.len()
    }

    /// Has a file fetched while others are read; nothing where there is none at this place.
    pub(super) fn fetch<W: Versions + Clone + 'static>(
        &self,
        world: &W,
        at: usize,
        coming: &mut JoinSet<Result<usize, Failure>>,
    ) {
        let (world, files) = (world.clone(), self.clone());
        if at < self.count() {
            coming.spawn(async move { files.fetched(&world, at).await.map(|()| at) });
        }
    }

    async fn fetched<W: Versions>(&self, world: &W, at: usize) -> Result<(), Failure> {
        let Some(file) = self.list.manifest.files.get(at) else {
            return Ok(());
        };
        let path = self.path(&at.to_string());
        let mut to = self
            .blocking(move || Ok((File::create(path).map_err(disk)?, Md5::new())))
            .await?;
        let mut length = 0_u64;
        while length < file.size {
            let of = Piece {
                bucket: &self.list.place.bucket,
                key: &file.key,
                version: "",
                from: length,
                most: PIECE.min(file.size - length),
            };
            let piece = world.piece(of).await?;
            let Some(piece) = piece.filter(|piece| !piece.is_empty()) else {
                let why = "is not there, or shorter than its manifest says";
                return Err(self.unusable(self.damaged(file, why)));
            };
            length += piece.len() as u64;
            // Hashing and writing are the work of a thread that may be kept.
            let (mut file, mut sum) = to;
            to = self
                .blocking(move || {
                    sum.update(&piece);
                    file.write_all(&piece).map_err(disk)?;
                    Ok((file, sum))
                })
                .await?;
        }
        let (_, sum) = to;
        if !hex::encode(sum.finalize()).eq_ignore_ascii_case(&file.md5) {
            let why = "is not what its manifest says: its MD5 is another";
            return Err(self.unusable(self.damaged(file, why)));
        }
        Ok(())
    }

    /// Tells the rows of a file that was fetched, as far as they are compared.
    pub(super) fn read(&self, at: usize, tell: &mut dyn FnMut(&Row<'_>)) -> Result<(), Unusable> {
        let Some(data) = self.list.manifest.files.get(at) else {
            return Ok(());
        };
        let file = File::open(self.path(&at.to_string())).map_err(disk)?;
        let told = rows(file, &self.list.manifest, &mut |row| {
            if let Some(row) = meant(self.matching, row) {
                tell(&row);
            }
        });
        let told = told.map_err(|why| self.damaged(data, &format!("is no list: {why}")));
        told.map(drop)
    }

    fn damaged(&self, file: &DataFile, why: &str) -> Unusable {
        Unusable::File {
            file: format!("{}/{}", self.list.place.bucket.bucket, file.key),
            why: why.to_owned(),
        }
    }

    fn unusable(&self, why: Unusable) -> Failure {
        Failure::Inventory {
            bucket: self.list.place.of.bucket.to_string(),
            why,
        }
    }

    /// Work for a thread that may be kept.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Unusable> + Send + 'static,
    ) -> Result<T, Failure> {
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.map_err(Failure::stopped)?;
        done.map_err(|why| self.unusable(why))
    }
}

pub(super) fn disk(error: std::io::Error) -> Unusable {
    Unusable::Disk(error.to_string())
}

/// A row as a listing of what is compared tells of it.
fn meant<'a>(matching: Matching, row: &Row<'a>) -> Option<Row<'a>> {
    match matching {
        Matching::Versions => Some(*row),
        Matching::Current => (row.entry.latest && !row.entry.is_marker()).then_some(Row {
            entry: Entry {
                version: "",
                ..row.entry
            },
            ..*row
        }),
    }
}
