//! The one port: which service and operation a request is for, who calls, and what may go wrong.

mod admission;
mod authenticate;
mod control;
mod dispatch;
mod executor;
mod operation;
mod particulars;
mod replies;
mod s3_errors;
mod scope;
mod server;
mod sigv4;
mod unknown;

pub(crate) use admission::Admission;
pub(crate) use dispatch::{Front, Services};
pub(crate) use server::Server;

#[cfg(test)]
mod tests;
