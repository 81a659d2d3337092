//! A local AWS of several accounts and Regions, to try specs against and to test with.
//!
//! It follows AWS's documentation and shares no type with the rest of the workspace, so that the
//! judge does not inherit the product's mistakes. It never prints. Start reading at [`Sandbox`].
//!
//! ```text
//! one port -> front (who calls, which service, faults, latency, call log)
//!               |- s3   -> s3s -> s3/ (buckets, objects, configuration, replication, jobs)
//!               |- iam  -> iam/     |- sts -> sts/     (query protocol)
//!               |- kms  -> kms/   |- cloudtrail -> trail/   |- athena -> athena/   (AWS JSON 1.1)
//!               |- sns  -> sns/                        (query protocol)
//!               |- monitoring -> cloudwatch/           (RPC v2 CBOR, AWS JSON 1.0, query protocol)
//!               `- /_sandbox/ -> control (switches, faults, call log, settle)
//! All ask authority.rs (over policy/) whether a caller may act; s3, sns and cloudtrail ask vault.rs (kms/) for keys; s3, cloudwatch
//! and cloudtrail tell notifier.rs (sns/) what topics are to get; cloudtrail asks depot.rs (s3/) to take what it delivers, and athena
//! errands.rs (s3/) to read and write in its callers' names.
//! wire/ is what they and the front speak.
//! ```
//!
//! A new service of the query protocol is one more `QueryService` in `sandbox.rs`, one of AWS JSON 1.1 one more
//! `JsonService`; one of several protocols an `RpcService`; one of another
//! protocol is one more arm in `front/dispatch.rs`.

mod athena;
mod authority;
mod builder;
mod call_log;
mod clock;
mod cloudwatch;
mod depot;
mod environment;
mod errands;
mod error;
mod front;
mod gzip;
mod history;
mod iam;
mod ids;
mod keys;
mod kms;
mod metering;
mod notifier;
mod particulars;
mod place;
mod policy;
mod s3;
mod sandbox;
mod seed;
mod shared_map;
mod sns;
mod sts;
mod switches;
mod texts;
mod trail;
mod vault;
mod wire;
mod world;

pub use builder::Builder;
pub use call_log::CallRecord;
pub use clock::Clock;
pub use error::{SeedError, StartError};
pub use sandbox::Sandbox;
pub use switches::{Fault, FaultKind, Hook, Switches};
