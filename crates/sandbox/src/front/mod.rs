//! The one port: which service and operation a request is for, who calls, and what may go wrong.

mod authenticate;
mod calls;
mod control;
mod dispatch;
mod form;
mod hosts;
mod operation;
mod refusal;
mod replies;
mod s3_errors;
mod scope;
mod server;
mod sigv4;

pub use calls::CallRecord;

pub(crate) use dispatch::{Front, QueryService, Services};
pub(crate) use form::Form;
pub(crate) use hosts::Hosts;
pub(crate) use refusal::{Protocol, Refusal, escaped};
pub(crate) use server::Server;

/// The replies of every service.
pub(crate) type Reply = http::Response<s3s::Body>;

#[cfg(test)]
mod tests;
