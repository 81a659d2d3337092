//! Reads that answer older documents, also older than an answer before.

use std::collections::BTreeMap;
use std::sync::Mutex;

use s3ferry_core::ids::{AccountId, BucketName, JobId};
use s3ferry_core::model::kinds::Job;
use s3ferry_core::model::{BucketRef, Document, RegionRef, Target};
use s3ferry_core::plan::NewJob;
use s3ferry_engine::ports::{
    Jobs, ListedVersion, NewObject, ObjectHead, Objects, Piece, Pieces, PortError, Read, Sample,
    Write, WriteChange,
};

/// A world whose reads after a write are as old as `ages` says.
///
/// The first read after a write of a target answers the document of `ages[0]` writes before, the next that of `ages[1]`,
/// and so on; afterwards reads are fresh.
#[derive(Debug)]
pub struct Stale<W> {
    world: W,
    ages: Vec<usize>,
    written: Mutex<BTreeMap<Target, History>>,
}

#[derive(Debug, Default)]
struct History {
    /// Oldest first; the last is what was written last.
    documents: Vec<Option<Document>>,
    reads: usize,
}

impl<W> Stale<W> {
    /// A world with reads of these ages after each write.
    #[must_use]
    pub fn new(world: W, ages: impl IntoIterator<Item = usize>) -> Self {
        Self {
            world,
            ages: ages.into_iter().collect(),
            written: Mutex::default(),
        }
    }

    /// The world inside.
    pub const fn inner(&self) -> &W {
        &self.world
    }

    /// The older document that is this read's turn.
    fn older(&self, target: &Target) -> Option<Option<Document>> {
        let mut written = self.written.lock().expect("no test panics while reading");
        let history = written.get_mut(target)?;
        let age = self.ages.get(history.reads).copied().unwrap_or(0);
        history.reads += 1;
        let newest = history.documents.len() - 1;
        (age > 0).then(|| history.documents[newest.saturating_sub(age)].clone())
    }

    fn remember(&self, target: &Target, before: Option<Document>, after: Option<&Document>) {
        let mut written = self.written.lock().expect("no test panics while writing");
        let history = written.entry(target.clone()).or_default();
        if history.documents.is_empty() {
            history.documents.push(before);
        }
        history.documents.push(after.cloned());
        history.reads = 0;
    }
}

impl<W: Read> Read for Stale<W> {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        match self.older(target) {
            Some(document) => Ok(document),
            None => self.world.read(target).await,
        }
    }

    async fn locate(&self, account: &AccountId, bucket: &BucketName) -> Option<BucketRef> {
        self.world.locate(account, bucket).await
    }
}

impl<W: Write> Write for Stale<W> {
    async fn write(&self, target: &Target, change: WriteChange<'_>) -> Result<(), PortError> {
        let before = self.world.read(target).await?;
        self.world.write(target, change).await?;
        self.remember(target, before, change.after);
        Ok(())
    }
}

impl<W: Objects> Objects for Stale<W> {
    async fn put(&self, object: &NewObject) -> Result<String, PortError> {
        self.world.put(object).await
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        self.world.head(bucket, key, version).await
    }

    async fn versions(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> Result<Vec<ListedVersion>, PortError> {
        self.world.versions(bucket, key).await
    }

    async fn tags(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<BTreeMap<String, String>, PortError> {
        self.world.tags(bucket, key, version).await
    }

    async fn put_delete_marker(&self, bucket: &BucketRef, key: &str) -> Result<String, PortError> {
        self.world.put_delete_marker(bucket, key).await
    }

    async fn delete(&self, bucket: &BucketRef, key: &str, version: &str) -> Result<(), PortError> {
        self.world.delete(bucket, key, version).await
    }
}

/// Jobs answer what they are.
impl<W: Pieces> Pieces for Stale<W> {
    async fn piece(&self, of: Piece<'_>) -> Result<Option<Vec<u8>>, PortError> {
        self.world.piece(of).await
    }
}

impl<W: Jobs> Jobs for Stale<W> {
    async fn create_job(&self, job: &NewJob) -> Result<JobId, PortError> {
        self.world.create_job(job).await
    }

    async fn job(&self, at: &RegionRef, id: &JobId) -> Result<Option<Job>, PortError> {
        self.world.job(at, id).await
    }

    async fn job_tags(
        &self,
        at: &RegionRef,
        id: &JobId,
    ) -> Result<BTreeMap<String, String>, PortError> {
        self.world.job_tags(at, id).await
    }

    async fn confirm_job(&self, at: &RegionRef, id: &JobId) -> Result<(), PortError> {
        self.world.confirm_job(at, id).await
    }

    async fn sample(&self, bucket: &BucketRef, prefix: &str) -> Result<Sample, PortError> {
        self.world.sample(bucket, prefix).await
    }
}
