//! Jobs of S3 Batch Operations: what was asked for, and how far each has come.

pub(crate) mod filter;
pub(crate) mod job;
pub(crate) mod jobs;
pub(crate) mod reading;
pub(crate) mod request;
