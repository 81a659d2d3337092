//! Layers that act around every call, whatever it is.

use std::collections::BTreeMap;
use std::future::Future;

use s3ferry_core::ids::{AccountId, BucketName, JobId};
use s3ferry_core::model::kinds::Job;
use s3ferry_core::model::{BucketRef, Document, RegionRef, Target};
use s3ferry_core::plan::NewJob;
use s3ferry_engine::ports::{
    Jobs, ListedVersion, NewObject, ObjectHead, Objects, Piece, Pieces, PortError, Read, Sample,
    Write, WriteChange,
};

/// A call of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What was called.
    pub operation: Operation,
    /// On what: a target's address, or bucket, key and version with slashes between.
    pub on: String,
    /// The document of a write.
    pub after: Option<Document>,
}

/// The operations of the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// [`Read::read`].
    Read,
    /// [`Write::write`].
    Write,
    /// [`Objects::put`].
    Put,
    /// [`Objects::head`].
    Head,
    /// [`Objects::versions`].
    Versions,
    /// [`Objects::tags`].
    Tags,
    /// [`Objects::put_delete_marker`].
    PutDeleteMarker,
    /// [`Objects::delete`].
    Delete,
    /// [`Jobs::create_job`].
    CreateJob,
    /// [`Jobs::job`].
    Job,
    /// [`Jobs::job_tags`].
    JobTags,
    /// [`Jobs::confirm_job`].
    ConfirmJob,
    /// [`Jobs::piece`].
    Piece,
    /// [`Jobs::sample`].
    Sample,
}

impl Operation {
    /// The operation as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Put => "Put",
            Self::Head => "Head",
            Self::Versions => "Versions",
            Self::Tags => "Tags",
            Self::PutDeleteMarker => "PutDeleteMarker",
            Self::Delete => "Delete",
            Self::CreateJob => "CreateJob",
            Self::Job => "Job",
            Self::JobTags => "JobTags",
            Self::ConfirmJob => "ConfirmJob",
            Self::Piece => "Piece",
            Self::Sample => "Sample",
        }
    }
}

/// Acts around calls.
pub trait Around: Send + Sync {
    /// Makes the call, or does not, or does more.
    fn around<T: Send>(
        &self,
        call: Call,
        inner: impl Future<Output = Result<T, PortError>> + Send,
    ) -> impl Future<Output = Result<T, PortError>> + Send;
}

/// A world with a layer around it.
#[derive(Debug)]
pub struct Layered<W, L> {
    pub(crate) world: W,
    pub(crate) layer: L,
}

impl<W, L> Layered<W, L> {
    /// The world inside.
    pub const fn inner(&self) -> &W {
        &self.world
    }
}

impl<W: Read, L: Around> Read for Layered<W, L> {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        let call = Call {
            operation: Operation::Read,
            on: target.to_string(),
            after: None,
        };
        self.layer.around(call, self.world.read(target)).await
    }

    async fn locate(&self, account: &AccountId, bucket: &BucketName) -> Option<BucketRef> {
        self.world.locate(account, bucket).await
    }
}

impl<W: Write, L: Around> Write for Layered<W, L> {
    async fn write(&self, target: &Target, change: WriteChange<'_>) -> Result<(), PortError> {
        let call = Call {
            operation: Operation::Write,
            on: target.to_string(),
            after: change.after.cloned(),
        };
        self.layer
            .around(call, self.world.write(target, change))
            .await
    }
}

fn on_object(operation: Operation, bucket: &BucketRef, rest: &[&str]) -> Call {
    Call {
        operation,
        on: format!("{}/{}", bucket.bucket, rest.join("/")),
        after: None,
    }
}

impl<W: Objects, L: Around> Objects for Layered<W, L> {
    async fn put(&self, object: &NewObject) -> Result<String, PortError> {
        let call = on_object(Operation::Put, &object.bucket, &[&object.key]);
        self.layer.around(call, self.world.put(object)).await
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        let call = on_object(Operation::Head, bucket, &[key, version]);
        self.layer
            .around(call, self.world.head(bucket, key, version))
            .await
    }

    async fn versions(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> Result<Vec<ListedVersion>, PortError> {
        let call = on_object(Operation::Versions, bucket, &[key]);
        self.layer
            .around(call, self.world.versions(bucket, key))
            .await
    }

    async fn tags(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<BTreeMap<String, String>, PortError> {
        let call = on_object(Operation::Tags, bucket, &[key, version]);
        self.layer
            .around(call, self.world.tags(bucket, key, version))
            .await
    }

    async fn put_delete_marker(&self, bucket: &BucketRef, key: &str) -> Result<String, PortError> {
        let call = on_object(Operation::PutDeleteMarker, bucket, &[key]);
        self.layer
            .around(call, self.world.put_delete_marker(bucket, key))
            .await
    }

    async fn delete(&self, bucket: &BucketRef, key: &str, version: &str) -> Result<(), PortError> {
        let call = on_object(Operation::Delete, bucket, &[key, version]);
        self.layer
            .around(call, self.world.delete(bucket, key, version))
            .await
    }
}

fn on_job(operation: Operation, on: &str) -> Call {
    Call {
        operation,
        on: on.to_owned(),
        after: None,
    }
}

impl<W: Pieces, L: Around> Pieces for Layered<W, L> {
    async fn piece(&self, of: Piece<'_>) -> Result<Option<Vec<u8>>, PortError> {
        let call = on_object(Operation::Piece, of.bucket, &[of.key]);
        self.layer.around(call, self.world.piece(of)).await
    }
}

impl<W: Jobs, L: Around> Jobs for Layered<W, L> {
    async fn create_job(&self, job: &NewJob) -> Result<JobId, PortError> {
        let call = on_job(Operation::CreateJob, &job.description);
        self.layer.around(call, self.world.create_job(job)).await
    }

    async fn job(&self, at: &RegionRef, id: &JobId) -> Result<Option<Job>, PortError> {
        let call = on_job(Operation::Job, id.as_str());
        self.layer.around(call, self.world.job(at, id)).await
    }

    async fn job_tags(
        &self,
        at: &RegionRef,
        id: &JobId,
    ) -> Result<BTreeMap<String, String>, PortError> {
        let call = on_job(Operation::JobTags, id.as_str());
        self.layer.around(call, self.world.job_tags(at, id)).await
    }

    async fn confirm_job(&self, at: &RegionRef, id: &JobId) -> Result<(), PortError> {
        let call = on_job(Operation::ConfirmJob, id.as_str());
        self.layer
            .around(call, self.world.confirm_job(at, id))
            .await
    }

    async fn sample(&self, bucket: &BucketRef, prefix: &str) -> Result<Sample, PortError> {
        let call = on_object(Operation::Sample, bucket, &[prefix]);
        self.layer
            .around(call, self.world.sample(bucket, prefix))
            .await
    }
}
