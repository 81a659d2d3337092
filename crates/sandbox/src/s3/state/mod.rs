//! What is: buckets, their documents and versions, uploads, jobs, and the replication that waits.
//!
//! Nothing here knows a call, nor what S3 says to one.

pub(crate) mod acl;
pub(crate) mod ageing;
pub(crate) mod batch;
pub(crate) mod computed;
pub(crate) mod dates;
pub(crate) mod deliveries;
pub(crate) mod differences;
pub(crate) mod formula;
pub(crate) mod inventory;
pub(crate) mod lifecycle;
pub(crate) mod metering;
pub(crate) mod notification;
pub(crate) mod pace;
pub(crate) mod queue;
pub(crate) mod replication;
pub(crate) mod snapshot;
pub(crate) mod storage_class;
pub(crate) mod upload;
pub(crate) mod version;
pub(crate) mod world;
pub(crate) mod write_options;
