//! The calls on one thing of one service: what every service's calls have in common.
//!
//! A folder a service says which requests there are ([`crate::s3`], [`crate::iam`], [`crate::s3control`]); here they are sent, reads and writes
//! apart, and a failure learns which call it was.

use std::error::Error;
use std::fmt::Display;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use s3ferry_core::ids::Region;
use s3ferry_core::model::{Document, Kind};
use s3ferry_engine::ports::Class;

use crate::classify;
use crate::failure::{Call, Cause, Failure, Intent};
use crate::limit::Place;
use crate::service::{SdkClient, Service};

/// The calls of a service on one thing, which is named as `P` does.
pub(crate) struct Api<'a, C, P> {
    service: &'a Service<C>,
    client: C,
    /// What is called on.
    pub(crate) at: &'a P,
    /// The Region that the spec says it is in; none for a service that has none.
    region: Option<&'a Region>,
    /// What errors name: a target's address, or bucket and key.
    subject: &'a (dyn Display + Sync),
}

impl<'a, C: SdkClient, P: Sync> Api<'a, C, P> {
    pub(crate) fn new(
        service: &'a Service<C>,
        at: &'a P,
        region: Option<&'a Region>,
        subject: &'a (dyn Display + Sync),
    ) -> Self {
        Self {
            service,
            client: service.client(region),
            at,
            region,
            subject,
        }
    }

    /// A call as failures tell of it; made for those only.
    pub(crate) fn call(&self, operation: &'static str, intent: Intent) -> Call {
        Call {
            service: C::SERVICE,
            operation,
            intent,
            subject: self.subject.to_string(),
            region: self.region.cloned(),
        }
    }

    /// Sends a request that changes nothing, again where AWS throttled it or left no answer.
    pub(crate) async fn read<T, E, F>(
        &self,
        operation: &'static str,
        send: impl Fn(&C) -> F + Send + Sync,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        let place = self.service.limit.place().await;
        let mut attempt = 1;
        loop {
            let answer = send(&self.client).await;
            let (failure, class) = match self.judged(operation, Intent::Read, answer, &place) {
                Ok(answer) => return Ok(answer),
                Err(judged) => judged,
            };
            let Some(pause) = self.service.retries.after(attempt, class, failure.facts()) else {
                return Err(failure);
            };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Sends a request that changes something, once.
    pub(crate) async fn write<T, E, F>(
        &self,
        operation: &'static str,
        send: impl FnOnce(&C) -> F + Send,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        let place = self.service.limit.place().await;
        let answer = send(&self.client).await;
        self.judged(operation, Intent::Write, answer, &place)
            .map_err(|(failure, _)| failure)
    }

    /// An answer, or what failed and what it means, told to the limit.
    fn judged<T, E>(
        &self,
        operation: &'static str,
        intent: Intent,
        answer: Result<T, SdkError<E, HttpResponse>>,
        place: &Place<'_>,
    ) -> Result<T, (Failure, Class)>
    where
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        match answer {
            Ok(answer) => {
                place.answered();
                Ok(answer)
            }
            Err(error) => {
                let failure = Failure::of(self.call(operation, intent), &error);
                let class = classify::class(failure.facts());
                place.failed(class);
                Err((failure, class))
            }
        }
    }

    /// A document that this crate will not write, and why.
    pub(crate) fn refused(&self, operation: &'static str, detail: impl Display) -> Failure {
        self.not_sent(operation, "NotSupported", detail)
    }

    /// A document that the SDK cannot build a request from.
    pub(crate) fn invalid(&self, operation: &'static str, error: impl Display) -> Failure {
        self.not_sent(operation, "InvalidRequest", error)
    }

    fn not_sent(
        &self,
        operation: &'static str,
        code: &'static str,
        detail: impl Display,
    ) -> Failure {
        let detail = detail.to_string();
        Failure::new(
            self.call(operation, Intent::Write),
            Cause::NotSent { code, detail },
        )
    }

    /// A write of what this version does not write to a target of this kind.
    pub(crate) fn misfit(&self, kind: Kind, after: Option<&Document>) -> Failure {
        let name = kind.facts().name;
        match after {
            Some(document) if document.kind() != kind => {
                let other = document.kind().facts().name;
                self.refused("Write", format!("a {name} cannot hold a {other}"))
            }
            _ => self.refused("Write", format!("{name} is only read in this version")),
        }
    }

    /// A success that holds nothing, although AWS has a code for there being nothing.
    pub(crate) fn empty(&self, operation: &'static str) -> Failure {
        self.unreadable(operation, "the answer is empty")
    }

    /// An answer that says of itself that it is none.
    pub(crate) fn unreadable(&self, operation: &'static str, why: impl Display) -> Failure {
        let detail = why.to_string();
        Failure::new(
            self.call(operation, Intent::Read),
            Cause::Unreadable {
                status: 200,
                detail,
            },
        )
    }

    /// An answer with a word that this build does not know, where guessing would be worse.
    pub(crate) fn unknown(&self, operation: &'static str, what: &str, word: &str) -> Failure {
        self.unreadable(
            operation,
            format!("{what} {word:?} is not known to this version"),
        )
    }
}
