//! The least that replication needs, as policies: trust, replication role, destination bucket, keys; and what lets S3 deliver
//! logs and inventories, and CloudTrail a trail's files.
//!
//! Every grant here has its source beside it, and none is wider than the rules that ask for it: objects are
//! named by the rules' prefixes, keys by ARN and by what they may be used for. Start reading at [`replication_role_policy`].

mod access;
mod area;
mod batch;
mod destination;
mod kms;
mod logging;
mod rights;
mod role;

pub use access::{BucketKeys, KmsAccess, RuleAccess};
pub(crate) use area::literal;
pub use batch::{JobAccess, JobActions, batch_role_policy, trust_for_batch};
pub use destination::{DestinationInput, ReplicaAccess, destination_statements};
pub(crate) use kms::via_s3;
pub use kms::{
    Encrypted, KeyGrant, KeyPolicyInput, KeySide, ReplicaKey, RoleBy, key_policy_grants,
};
pub use logging::{
    Record, access_log_statement, inventory_statement, lists_folder, recorded, trail_statements,
};
pub use role::{RolePolicyInput, replication_role_policy, trust_for_s3};
