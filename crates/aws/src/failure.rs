//! What is known of a call that failed, before anybody judges it (`classify` does).

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use s3ferry_core::ids::Region;

use crate::answer::bounds::OutOfBounds;
use crate::answer::shape::NotWhole;
use crate::reach::{NoAnswer, Reached};

/// Whether a call changes anything; what a code means can depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

/// Which call it was.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) intent: Intent,
    /// A target's address, or bucket and key.
    pub(crate) subject: String,
    /// The Region that the spec says the bucket is in.
    pub(crate) region: Option<Region>,
}

/// How it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// AWS answered with an error. A HEAD answer has no code and no message.
    Answer {
        status: u16,
        code: Option<String>,
        message: Option<String>,
    },
    /// AWS answered, but not so that the SDK could read it.
    Unreadable { status: u16, detail: String },
    /// No answer in time.
    Timeout { detail: String },
    /// No connection: nothing was sent.
    Unreachable { detail: String },
    /// The connection broke.
    Connection { detail: String },
    /// Something answered that is not AWS: a login page of a network, another server at the endpoint.
    NotAws { detail: String },
    /// No credentials to sign with.
    NoCredentials { denied: bool, detail: String },
    /// The request could not be built, or this crate will not send it.
    NotSent { code: &'static str, detail: String },
    /// The bucket is not where, or not whose, the spec says.
    Misplaced { code: &'static str, detail: String },
    /// The answer says what another one denies.
    Contradiction { detail: String },
    /// The write found something there; reading again tells what.
    Overtaken { code: String, detail: String },
}

/// What is said where it is not known who was too slow.
const NO_ANSWER: &str = "no answer in time";

/// What is said where another server than STS answered.
pub(crate) const NOT_STS: &str = "what answered is not STS";

/// The code of a request to an endpoint that is none.
pub(crate) const INVALID_ENDPOINT: &str = "InvalidEndpoint";

/// A failed call. Boxed, because results carry it everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Facts>);

#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) call: Call,
    pub(crate) cause: Cause,
    pub(crate) request_id: Option<String>,
    /// `x-amz-bucket-region`, which S3 sends with refusals too.
    pub(crate) bucket_region: Option<String>,
}

impl Failure {
    pub(crate) fn new(call: Call, cause: Cause) -> Self {
        Self(Box::new(Facts {
            call,
            cause,
            request_id: None,
            bucket_region: None,
        }))
    }

    /// Reads the facts out of the SDK's error.
    pub(crate) fn of<E>(call: Call, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let answer = error.raw_response();
        let header = |name: &str| answer.and_then(|answer| answer.headers().get(name));
        Self(Box::new(Facts {
            call,
            cause: cause(error),
            request_id: error.request_id().map(str::to_owned),
            bucket_region: header("x-amz-bucket-region").map(str::to_owned),
        }))
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.0
    }

    /// The same call, failed for a better known reason.
    pub(crate) fn because(mut self, cause: Cause) -> Self {
        self.0.cause = cause;
        self
    }

    /// The same failure, with the Region that S3 says the bucket is in.
    pub(crate) fn in_region(mut self, region: &str) -> Self {
        self.0.bucket_region = Some(region.to_owned());
        self
    }

    /// The error code, where AWS gave one.
    pub(crate) fn code(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Answer { code, .. } => code.as_deref(),
            Cause::Overtaken { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The HTTP status, where there was an answer.
    pub(crate) fn status(&self) -> Option<u16> {
        match &self.0.cause {
            Cause::Answer { status, .. } | Cause::Unreadable { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether AWS answered with one of these codes.
    pub(crate) fn is(&self, codes: &[&str]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }
}

fn cause<E>(error: &SdkError<E, HttpResponse>) -> Cause
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let (code, message) = (context.err().code(), context.err().message());
            if code.is_none() && (200..300).contains(&status) {
                return Cause::Unreadable {
                    status,
                    detail: chain(context.err()),
                };
            }
            Cause::Answer {
                status,
                code: code.map(str::to_owned),
                message: message.map(str::to_owned),
            }
        }
        SdkError::ResponseError(context) => {
            let not_whole = sources(error).find_map(|source| source.downcast_ref::<NotWhole>());
            Cause::Unreadable {
                status: context.raw().status().as_u16(),
                detail: not_whole.map_or_else(|| chain(error), ToString::to_string),
            }
        }
        SdkError::TimeoutError(_) => Cause::Timeout {
            detail: NO_ANSWER.to_owned(),
        },
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => unsent(error),
        _ => Cause::Connection {
            detail: chain(error),
        },
    }
}

/// A request that left no answer: for want of credentials, of a connection, or because it could not be built.
fn unsent<E>(error: &SdkError<E, HttpResponse>) -> Cause
where
    E: Error + 'static,
{
    if let Some(out) = sources(error).find_map(|source| source.downcast_ref::<OutOfBounds>()) {
        return Cause::Unreadable {
            status: out.status,
            detail: out.to_string(),
        };
    }
    // Also where it was the credentials that could not be fetched.
    if let Some(unanswered) = no_answer(error).or_else(|| no_request(error)) {
        return unanswered;
    }
    if let Some(no_credentials) = no_credentials(error) {
        return no_credentials;
    }
    match error {
        SdkError::DispatchFailure(failure) if !failure.is_user() => Cause::Connection {
            detail: chain(error),
        },
        _ => Cause::NotSent {
            code: "InvalidRequest",
            detail: chain(error),
        },
    }
}

/// Finds the server that did not answer in the chain of sources. That a machine has no server for its own credentials is no
/// trouble of the network.
fn no_answer(error: &(dyn Error + 'static)) -> Option<Cause> {
    let found = sources(error).find_map(|source| source.downcast_ref::<NoAnswer>());
    let found = found.filter(|found| !found.is_of_metadata())?;
    let detail = found.to_string();
    Some(match (found.reached, found.late) {
        (Reached::Nobody, _) => Cause::Unreachable { detail },
        (Reached::Server, true) => Cause::Timeout { detail },
        (Reached::Server, false) => Cause::Connection { detail },
    })
}

/// Finds a request that the client could not make a call of, as one to an endpoint that is no URL.
fn no_request(error: &(dyn Error + 'static)) -> Option<Cause> {
    let found = sources(error).filter(|source| source.is::<ConnectorError>());
    let found = found.last()?;
    // The client also says in this way that there are no credentials.
    let known =
        |source: &(dyn Error + 'static)| source.is::<NoAnswer>() || source.is::<CredentialsError>();
    if sources(found).any(known) {
        return None;
    }
    let last = sources(found).last().map(ToString::to_string);
    Some(Cause::NotSent {
        code: INVALID_ENDPOINT,
        detail: last.unwrap_or_default(),
    })
}

/// Finds the credential provider's error, and below it the answer to AssumeRole, in the chain of sources.
fn no_credentials(error: &(dyn Error + 'static)) -> Option<Cause> {
    let found = sources(error).find(|source| source.is::<CredentialsError>())?;
    let refusal = sources(found).find_map(|source| source.downcast_ref::<AssumeRoleError>());
    let code = refusal.map(ProvideErrorMetadata::code);
    if code == Some(None) {
        let detail = NOT_STS.to_owned();
        return Some(Cause::NotAws { detail });
    }
    let denied = code.flatten() == Some("AccessDenied");
    let detail = refusal
        .and_then(ProvideErrorMetadata::message)
        .map_or_else(|| chain(found), str::to_owned);
    Some(Cause::NoCredentials { denied, detail })
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The error and its sources, each said once, without what could quote what was sent or read: what is printed for programmers
/// (`Request { … }`), and what a credential process wrote. Secrets that are known are struck out where the text becomes an error
/// ([`crate::secrets`]).
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = sources(error).map(ToString::to_string).collect();
    parts.retain(|part| !part.contains(" { "));
    for part in &mut parts {
        if let Some(quoted) = QUOTES.iter().find_map(|mark| part.find(mark)) {
            part.truncate(quoted);
        }
    }
    parts.dedup();
    parts.join(": ")
}

/// After these words the SDK quotes the output of a credential process (CRATE:aws-config `credential_process.rs`).
const QUOTES: [&str; 2] = [". Stderr:", " Stdout:"];
