//! S3: every target of a bucket, and objects for canaries.
//!
//! Every call but CreateBucket and ListBuckets says whose the bucket must be (`x-amz-expected-bucket-owner`), so that
//! a bucket of the same name in another account is never read or written (BC:s3 ExpectedBucketOwner).

pub(crate) mod bucket;
pub(crate) mod facts;
pub(crate) mod objects;
pub(crate) mod policy;
pub(crate) mod replication;
pub(crate) mod replication_model;
pub(crate) mod replication_xml;
pub(crate) mod settings;
pub(crate) mod tags;

use std::error::Error;
use std::future::Future;

use aws_sdk_s3::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use s3ferry_core::model::BucketRef;

use crate::failure::{Call, Cause, Failure, Intent, absent};
use crate::session::{Clients, Session};

/// The codes that say that the bucket is not there; 404 without a body is spelt so by the SDK.
const NO_BUCKET: &[&str] = &["NoSuchBucket", "NotFound"];

/// The calls on one bucket.
pub(crate) struct BucketApi<'a> {
    session: &'a Session,
    clients: Clients<Client>,
    pub(crate) at: &'a BucketRef,
    /// What errors name: a target's address, or bucket and key.
    subject: String,
}

impl<'a> BucketApi<'a> {
    pub(crate) fn new(session: &'a Session, at: &'a BucketRef, subject: String) -> Self {
        Self {
            session,
            clients: session.s3(&at.region),
            at,
            subject,
        }
    }

    /// The client whose calls the SDK retries.
    fn reads(&self) -> &Client {
        &self.clients.reads
    }

    /// The client whose calls are sent once.
    fn writes(&self) -> &Client {
        &self.clients.writes
    }

    fn name(&self) -> &str {
        self.at.bucket.as_str()
    }

    fn owner(&self) -> &str {
        self.at.account.as_str()
    }

    fn call(&self, operation: &'static str, intent: Intent) -> Call {
        Call {
            service: "s3",
            operation,
            intent,
            subject: self.subject.clone(),
            region: Some(self.at.region.clone()),
        }
    }

    /// Sends a request that changes nothing.
    async fn read<T, E>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        let call = self.call(operation, Intent::Read);
        self.session.s3_limit.run(call, request).await
    }

    /// Sends a request that changes something.
    async fn write<T, E>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        let call = self.call(operation, Intent::Write);
        self.session.s3_limit.run(call, request).await
    }

    /// A document that this crate will not write, and why.
    pub(crate) fn refused(&self, operation: &'static str, detail: impl Into<String>) -> Failure {
        let detail = detail.into();
        Failure::new(
            self.call(operation, Intent::Write),
            Cause::NotSent {
                code: "NotSupported",
                detail,
            },
        )
    }
}

/// `None` where the bucket or this part of it is not there.
fn part<T>(answer: Result<T, Failure>, codes: &[&str]) -> Result<Option<T>, Failure> {
    match answer {
        Err(failure) if failure.is(NO_BUCKET) => Ok(None),
        answer => absent(answer, codes),
    }
}

/// A removal that succeeds where there is nothing to remove.
fn gone<T>(answer: Result<T, Failure>, codes: &[&str]) -> Result<(), Failure> {
    part(answer, codes).map(drop)
}
