//! The engine's ports over the AWS SDK for Rust: the only crate that names `aws_sdk_*`.
//!
//! ```text
//! spec accounts --sign_in--> Cloud { Session per account { clients per Region } }
//! Read/Write/Objects (port) --> s3/*, iam/* --> call (one permit, one answer) --> failure --> classify --> PortError
//! ```
//!
//! - [`Cloud::connect`] signs in to every account of a spec and proves each one with `sts:GetCallerIdentity`.
//! - Reads are retried by the SDK; writes never are: every client exists twice, once with each retry configuration
//!   (`session`), so a write cannot borrow the reads' retries.
//! - What a failure means is one table (`classify`).

mod call;
mod classify;
mod credentials;
mod failure;
mod http;
mod iam;
mod options;
mod port;
mod read;
mod s3;
mod session;
mod sign_in;
mod write;

pub use options::{Endpoint, Options};
pub use port::Cloud;
pub use sign_in::{Caller, SignInProblem};
