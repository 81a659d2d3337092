//! Ports: the traits that the engine reaches the world through.
//!
//! Planning gets only [`Read`]; execution gets [`Write`], which reads too, and [`Objects`] for canaries.
//! Adapters: the AWS SDK (`s3ferry-aws`), memory and decorators (`s3ferry-testkit`). One contract suite, in the
//! testkit, holds for every adapter.

use std::collections::BTreeMap;
use std::future::Future;

use s3ferry_core::ids::{AccountId, BucketName, JobId};
use s3ferry_core::model::kinds::{Job, RuleMetric};
use s3ferry_core::model::{BucketRef, Document, RegionRef, Target};
use s3ferry_core::plan::{NewJob, PutEncryption};
use s3ferry_core::queries::QueryPlace;
use serde::{Deserialize, Serialize};

/// Reads what targets hold.
pub trait Read: Send + Sync {
    /// Reads one target; `None` where nothing is there.
    ///
    /// # Guarantees
    /// The document is of the target's kind. Nothing is changed.
    ///
    /// # Caveats
    /// S3 and IAM are eventually consistent: the answer may be older than the last write, also older than an answer
    /// before (BC:s3 GetBucketReplication).
    ///
    /// # Errors
    /// [`PortError`]; the adapter has retried what is safe to retry (reads only).
    fn read(
        &self,
        target: &Target,
    ) -> impl Future<Output = Result<Option<Document>, PortError>> + Send;

    /// Reads what this world can answer for many targets with few calls; what it leaves out is to be read one by one.
    ///
    /// # Guarantees
    /// Each answer is what [`Read::read`] would give: the same document, or `None` where nothing is there. Each target is
    /// answered at most once, and none that was not asked for. Nothing is changed.
    ///
    /// # Caveats
    /// A world may leave out any target, and this one leaves out all. An answer may be older than the last write, as one of
    /// [`Read::read`] may.
    ///
    /// # Errors
    /// None: what is refused, fails or does not come to its end answers nothing.
    fn read_together(
        &self,
        targets: &[&Target],
    ) -> impl Future<Output = Vec<(Target, Option<Document>)>> + Send {
        let _ = targets;
        std::future::ready(Vec::new())
    }

    /// Finds the bucket of a name in an account.
    ///
    /// # Guarantees
    /// An answer is of that account. Nothing is changed.
    ///
    /// # Caveats
    /// A world may find nothing: `None` says that the account does not have it, or does not say so to this caller.
    fn locate(
        &self,
        account: &AccountId,
        bucket: &BucketName,
    ) -> impl Future<Output = Option<BucketRef>> + Send {
        let _ = (account, bucket);
        std::future::ready(None)
    }
}

/// Brings targets to what a document says.
pub trait Write: Read {
    /// Makes one target hold `after`, or nothing.
    ///
    /// # Guarantees
    /// Can be repeated: writing the same document twice is as writing it once. Not retried inside; a caller that gets an
    /// error reads again first, because the write may have happened.
    ///
    /// # Assumptions
    /// `change.before` is what the caller last read; adapters use it to find the smallest calls (create or update,
    /// tags added or removed), never to decide whether to write.
    ///
    /// # Errors
    /// [`PortError`]; after [`Class::Transient`] the write may or may not have happened.
    fn write(
        &self,
        target: &Target,
        change: WriteChange<'_>,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// What a target held and shall hold.
#[derive(Debug, Clone, Copy)]
pub struct WriteChange<'a> {
    /// As last read; `None` where nothing is there.
    pub before: Option<&'a Document>,
    /// As wanted; `None` to remove it.
    pub after: Option<&'a Document>,
}

/// Reads and writes single objects, for canaries.
pub trait Objects: Send + Sync {
    /// Writes an object and gives its version ID.
    ///
    /// # Errors
    /// [`PortError`]; after [`Class::Transient`] the object may have been written.
    fn put(&self, object: &NewObject) -> impl Future<Output = Result<String, PortError>> + Send;

    /// The state of one version; `None` where it is not there or is a delete marker (S3 answers 405 for one, BC:s3 HeadObject).
    ///
    /// # Errors
    /// [`PortError`].
    fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> impl Future<Output = Result<Option<ObjectHead>, PortError>> + Send;

    /// The versions of exactly this key, delete markers included.
    ///
    /// # Errors
    /// [`PortError`].
    fn versions(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> impl Future<Output = Result<Vec<ListedVersion>, PortError>> + Send;

    /// The tags of one version.
    ///
    /// # Errors
    /// [`PortError`].
    fn tags(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> impl Future<Output = Result<BTreeMap<String, String>, PortError>> + Send;

    /// Deletes a key as applications do, without naming a version, and gives the version ID of the delete marker.
    ///
    /// # Errors
    /// [`PortError`]; after [`Class::Transient`] the marker may have been written.
    fn put_delete_marker(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> impl Future<Output = Result<String, PortError>> + Send;

    /// Removes one version for good; removing what is not there succeeds.
    ///
    /// # Errors
    /// [`PortError`].
    fn delete(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// A piece of an object.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The bucket.
    pub bucket: &'a BucketRef,
    /// The key.
    pub key: &'a str,
    /// The version ID; the current version where it is empty.
    pub version: &'a str,
    /// The first byte.
    pub from: u64,
    /// The most bytes; they are in memory at once.
    pub most: u64,
}

/// Reads objects piece by piece. A world without content has none.
pub trait Pieces: Send + Sync {
    /// What there is of a piece; `None` where there is no such object, or nothing from there on.
    ///
    /// # Caveats
    /// The pieces of a current version that is written anew in between are of two: who puts them together knows what they shall be.
    ///
    /// # Errors
    /// [`PortError`].
    fn piece(
        &self,
        of: Piece<'_>,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, PortError>> + Send {
        let _ = of;
        std::future::ready(Ok(None))
    }
}

/// Makes and confirms jobs of S3 Batch Operations, and reads what they tell. A world without jobs has none.
pub trait Jobs: Pieces {
    /// Makes a job and gives its ID.
    ///
    /// # Guarantees
    /// The same request makes one job, however often it is sent: the ID is that of the first
    /// (BC:s3control CreateJobRequest ClientRequestToken).
    ///
    /// # Errors
    /// [`PortError`]; after [`Class::Transient`] the job may have been made. Another request with the same token is refused
    /// with the code `IdempotencyException`.
    fn create_job(&self, job: &NewJob) -> impl Future<Output = Result<JobId, PortError>> + Send {
        std::future::ready(Err(no_jobs("CreateJob", &job.description)))
    }

    /// A job as it is; `None` where there is none of the ID.
    ///
    /// # Errors
    /// [`PortError`].
    fn job(
        &self,
        at: &RegionRef,
        id: &JobId,
    ) -> impl Future<Output = Result<Option<Job>, PortError>> + Send {
        let _ = (at, id);
        std::future::ready(Ok(None))
    }

    /// The tags of a job; none where there is no job.
    ///
    /// # Errors
    /// [`PortError`].
    fn job_tags(
        &self,
        at: &RegionRef,
        id: &JobId,
    ) -> impl Future<Output = Result<BTreeMap<String, String>, PortError>> + Send {
        let _ = (at, id);
        std::future::ready(Ok(BTreeMap::new()))
    }

    /// Lets a job that waits to be confirmed begin.
    ///
    /// # Errors
    /// [`PortError`], also where it does not wait.
    fn confirm_job(
        &self,
        at: &RegionRef,
        id: &JobId,
    ) -> impl Future<Output = Result<(), PortError>> + Send {
        let _ = at;
        std::future::ready(Err(no_jobs("UpdateJobStatus", id.as_str())))
    }

    /// Counts the versions whose keys begin so, the first some thousands of them.
    ///
    /// # Errors
    /// [`PortError`].
    fn sample(
        &self,
        bucket: &BucketRef,
        prefix: &str,
    ) -> impl Future<Output = Result<Sample, PortError>> + Send {
        let _ = (bucket, prefix);
        std::future::ready(Ok(Sample::default()))
    }
}

fn no_jobs(operation: &'static str, on: &str) -> PortError {
    PortError {
        class: Class::Rejected,
        service: "s3control",
        operation,
        target: on.to_owned(),
        code: "NotImplemented".to_owned(),
        message: "there are no jobs here".to_owned(),
        request_id: None,
        hint: None,
    }
}

/// What lies under a prefix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sample {
    /// How many versions there are.
    pub versions: u64,
    /// How many of them are in a class that S3 does not replicate from before they are restored.
    pub archived: u64,
    /// Whether these are all that there are.
    pub is_whole: bool,
}

/// Reads what lies in buckets, for comparisons of whole buckets.
pub trait Versions: Pieces {
    /// A page of a bucket's versions and delete markers, as S3 wrote it (`ListObjectVersions`, `encoding-type=url`): who compares
    /// millions of versions reads it without building what is thrown away.
    ///
    /// # Errors
    /// [`PortError`]; the adapter has retried what is safe to retry.
    fn page(
        &self,
        bucket: &BucketRef,
        request: &PageRequest,
    ) -> impl Future<Output = Result<Vec<u8>, PortError>> + Send;

    /// The state of one version with its stored checksums, or of the current one where the version ID is empty; `None` where it is
    /// not there or is a delete marker.
    ///
    /// # Errors
    /// [`PortError`].
    fn look(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> impl Future<Output = Result<Option<Look>, PortError>> + Send;

    /// The tags of one version, or of the current one where the version ID is empty.
    ///
    /// # Errors
    /// [`PortError`].
    fn tags_of(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> impl Future<Output = Result<BTreeMap<String, String>, PortError>> + Send;
}

/// Has Athena compare lists where they lie.
pub trait Queries: Send + Sync {
    /// Begins a statement and gives its ID.
    ///
    /// # Guarantees
    /// The same statement with the same token is begun once, however often it is sent (BC:athena StartQueryExecution ClientRequestToken).
    ///
    /// # Errors
    /// [`PortError`]; after [`Class::Transient`] it may have begun.
    fn start_query(
        &self,
        at: &QueryPlace,
        statement: &str,
        token: &str,
    ) -> impl Future<Output = Result<String, PortError>> + Send;

    /// How far a statement is.
    ///
    /// # Errors
    /// [`PortError`].
    fn query(
        &self,
        at: &QueryPlace,
        id: &str,
    ) -> impl Future<Output = Result<QueryState, PortError>> + Send;

    /// A page of its answer, without the names of the columns.
    ///
    /// # Errors
    /// [`PortError`].
    fn query_lines(
        &self,
        at: &QueryPlace,
        id: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<QueryLines, PortError>> + Send;

    /// Stops a statement; one that has ended stays as it is.
    ///
    /// # Errors
    /// [`PortError`].
    fn stop_query(
        &self,
        at: &QueryPlace,
        id: &str,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// How far a statement of Athena is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryState {
    /// It waits, or runs.
    Open,
    /// It has ended, and has read so many bytes.
    Succeeded(u64),
    /// It has ended with nothing, for this reason; sanitise it before showing.
    Failed(String),
    /// Somebody has stopped it.
    Cancelled,
}

/// A page of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryLines {
    /// The fields of each line; none for one that is NULL.
    pub lines: Vec<Vec<Option<String>>>,
    /// What the next page is asked for with, where there is one.
    pub next: Option<String>,
}

/// Reads what CloudWatch counts of replication rules.
pub trait Metrics: Send + Sync {
    /// What the metrics say, in their order: the last datapoint of the last minutes, and of operations that failed the sum of the
    /// last 24 hours; none where there is no datapoint.
    ///
    /// # Caveats
    /// Metrics are delivered as well as can be, minutes late (UG:metrics-dimensions): none proves that nothing waits.
    ///
    /// # Errors
    /// [`PortError`]; then nothing is known of any of them.
    fn metrics(
        &self,
        at: &RegionRef,
        of: &[&RuleMetric],
    ) -> impl Future<Output = Result<Vec<Option<u64>>, PortError>> + Send;
}

/// Which page of a bucket's versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Keys that begin with this.
    pub prefix: String,
    /// Whether keys are put together up to the next slash.
    pub by_folder: bool,
    /// After this key, or after this version of it.
    pub after: Option<(String, Option<String>)>,
    /// The most entries; S3's own 1,000 where none is said.
    pub most: Option<u32>,
    /// Whether only current objects are listed (`ListObjectsV2`), without version IDs.
    pub only_current: bool,
}

/// The state of one version and what is stored of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The state.
    pub head: ObjectHead,
    /// Stored checksums by algorithm and type, e.g. `CRC64NVME FULL_OBJECT`.
    pub checksums: BTreeMap<String, String>,
}

/// An object to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// The bucket.
    pub bucket: BucketRef,
    /// The key.
    pub key: String,
    /// The content.
    pub body: Vec<u8>,
    /// Tags, set with the put, because tag filters match only tags present then (UG26:replication-troubleshoot).
    pub tags: BTreeMap<String, String>,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
    /// What is asked for in the way of encryption.
    pub encryption: PutEncryption,
    /// What it may go over.
    pub onto: Onto,
}

/// What a put may go over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    /// Whatever is there becomes an older version.
    Anything,
    /// Where an object is there, nothing is written and the error's code is `PreconditionFailed` (`If-None-Match: *`, BC:s3
    /// PutObject). A delete marker is no object.
    Nothing,
}

/// A version in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// Its version ID.
    pub version: String,
    /// Whether it is a delete marker.
    pub is_delete_marker: bool,
    /// The canonical ID of who owns it.
    pub owner: Option<String>,
}

/// The state of one version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// `x-amz-replication-status`.
    pub replication: Replication,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
    /// The ETag without quotes.
    pub etag: Option<String>,
    /// The size in bytes.
    pub size: u64,
    /// `AES256` or `aws:kms`, as S3 spells it.
    pub encryption: Option<String>,
    /// The ARN of the KMS key that it is encrypted with.
    pub kms_key: Option<String>,
    /// The storage class; `STANDARD` where S3 says nothing.
    pub storage_class: String,
}

/// The replication status of a version (BC:s3 ReplicationStatus; both spellings of completed are read).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replication {
    /// No rule took it.
    NotEligible,
    /// On its way.
    Pending,
    /// At every destination.
    Completed,
    /// Given up; live replication does not retry (UG:replication-status).
    Failed,
    /// It is a replica itself.
    Replica,
    /// A word that this build does not know.
    Other(String),
}

/// Why a call did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service}:{operation} on {target}: {code}: {message}{}", request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default())]
pub struct PortError {
    /// What to do about it.
    pub class: Class,
    /// The service, e.g. `s3`.
    pub service: &'static str,
    /// The operation, in AWS's words, e.g. `PutBucketReplication`.
    pub operation: &'static str,
    /// What was called on: a target's address, or bucket and key.
    pub target: String,
    /// The error code, or the kind of failure where there was no answer.
    pub code: String,
    /// The message, as AWS gave it; sanitise before showing.
    pub message: String,
    /// AWS's request ID.
    pub request_id: Option<String>,
    /// What the user can do, where the adapter knows.
    pub hint: Option<String>,
}

/// What to do about an error; retry, hint and exit code are functions of it. Its words stand in journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// No usable credentials, or credentials of another account (exit 7).
    Credentials,
    /// The caller is not allowed (exit 7).
    Denied,
    /// Too fast: wait longer, then again.
    Throttled,
    /// Timeout, reset, 5xx, lost reply: read again, then perhaps write again.
    Transient,
    /// AWS does not see yet what was just made (a role as principal, versioning, a bucket): wait and try again, bounded.
    Propagation,
    /// Another operation on the same thing is under way (409 OperationAborted): wait, then again.
    Busy,
    /// The bucket is in another Region than the spec says, or owned by another account.
    Misplaced,
    /// AWS will never take this.
    Rejected,
    /// The answer could not be understood.
    Unexpected,
}

impl Class {
    /// Whether credentials or permissions are what is missing.
    #[must_use]
    pub const fn is_access(self) -> bool {
        matches!(self, Self::Credentials | Self::Denied)
    }
}
