//! The engine's ports over the AWS SDK for Rust: the only crate that names `aws_sdk_*`.
//!
//! ```text
//! spec accounts --sign_in--> Cloud { Session per account { clients per Region } }
//! Read/Write/Objects (port) --> s3/*, iam/*, kms/*, cloudwatch/*, ... (a folder a service) --> api (one place, one answer) --> answer (is it one?) --> failure --> classify
//! --> PortError
//! ```
//!
//! - [`Cloud::connect`] signs in to every account of a spec and proves each one by what STS answers: to
//!   `AssumeRole` whose role it is, else to `GetCallerIdentity`.
//! - Reads are sent again by `api`, writes never are: the SDK's retries are off, so that nobody borrows them and the limit of
//!   calls at once sees every throttle (`limit`).
//! - What a failure means is one table (`classify`); what its words may not hold is struck out at one door (`secrets`).
//! - A service joins as a folder like `iam`, with its client (`service::SdkClient`), a field of `session::Session`, and arms
//!   in `port`.

mod answer;
mod api;
mod assumed;
mod athena;
mod classify;
mod cloudtrail;
mod cloudwatch;
mod credentials;
mod failure;
mod http;
mod iam;
mod kms;
mod limit;
mod options;
mod port;
mod reach;
mod retries;
mod s3;
mod s3control;
mod secrets;
mod service;
mod session;
mod sign_in;
mod sns;

pub use cloudtrail::history::PastCall;
pub use iam::simulate::Refused;
pub use options::{Endpoint, Options};
pub use port::Cloud;
pub use sign_in::{Caller, SignInProblem};
