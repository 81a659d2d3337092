//! What S3 says of what is there: who owns it, how it is encrypted and kept, what a bucket is born with, and who may do what.
//!
//! Calls and replication follow the same rules. Rules read the state and know neither.

pub(crate) mod acl;
pub(crate) mod acl_access;
pub(crate) mod archive;
pub(crate) mod encryption;
pub(crate) mod keys;
pub(crate) mod lock;
pub(crate) mod mfa;
pub(crate) mod new_bucket;
pub(crate) mod public_access;
pub(crate) mod storage_class;
pub(crate) mod tags;
pub(crate) mod target;
