//! IAM: the roles under s3ferry's path, a role, its inline policy, the names of all its policies.

pub(crate) mod policies;
pub(crate) mod role;

use std::error::Error;
use std::fmt::Display;
use std::future::Future;

use aws_sdk_iam::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use percent_encoding::percent_decode_str;
use s3ferry_core::model::kinds::Policy;

use crate::failure::{Call, Cause, Failure, Intent, absent};
use crate::session::Session;

/// The code that says that a role or a policy is not there (BC:iam).
const NO_ENTITY: &[&str] = &["NoSuchEntity"];

/// The calls on the IAM of one account.
pub(crate) struct IamApi<'a> {
    session: &'a Session,
    /// What errors name: a target's address.
    subject: String,
}

impl<'a> IamApi<'a> {
    pub(crate) fn new(session: &'a Session, subject: String) -> Self {
        Self { session, subject }
    }

    /// The client whose calls the SDK retries.
    fn reads(&self) -> &Client {
        &self.session.iam().reads
    }

    /// The client whose calls are sent once.
    fn writes(&self) -> &Client {
        &self.session.iam().writes
    }

    fn call(&self, operation: &'static str, intent: Intent) -> Call {
        Call {
            service: "iam",
            operation,
            intent,
            subject: self.subject.clone(),
            region: None,
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
        self.session.iam_limit.run(call, request).await
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
        self.session.iam_limit.run(call, request).await
    }

    /// A document that this crate will not write, and why.
    pub(crate) fn refused(&self, operation: &'static str, detail: impl Display) -> Failure {
        let detail = detail.to_string();
        Failure::new(
            self.call(operation, Intent::Write),
            Cause::NotSent {
                code: "NotSupported",
                detail,
            },
        )
    }
}

/// `None` where the role or the policy is not there.
fn entity<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    absent(answer, NO_ENTITY)
}

/// A removal that succeeds where there is nothing to remove.
fn gone<T>(answer: Result<T, Failure>) -> Result<(), Failure> {
    entity(answer).map(drop)
}

/// IAM answers policies percent-encoded after RFC 3986, where `+` is a plus (BC:iam GetRolePolicy).
fn decoded(document: &str) -> Policy {
    let text = percent_decode_str(document).decode_utf8_lossy();
    Policy::read(text)
}
