//! The vocabulary of s3ferry and every decision it takes. Pure: no I/O, clock, environment or randomness.
//!
//! ```text
//! Spec ------+
//! Observed --+--> Scene --migration--> Desired --merge--> what shall be held --plan--> Plan --format--> JSON 1.0
//! Proofs ----+
//! ```
//!
//! Start reading at [`spec`] and [`model`], then [`scene`], `migration`, [`merge`] and [`plan`].

pub mod aftermath;
pub mod data_events;
pub mod diff;
mod digest;
pub mod doctor;
pub mod failures;
pub mod format;
mod future;
pub mod goals;
pub mod ids;
pub mod import;
pub mod inventories;
mod listed;
pub mod live;
mod marked;
pub mod merge;
mod migration;
pub mod model;
pub mod names;
pub mod ownership;
pub mod permissions;
pub mod phase;
pub mod places;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod queries;
pub mod reads;
mod refusals;
pub mod remembered;
pub mod route;
pub mod scene;
pub mod scope;
pub mod search;
pub mod spec;
pub mod status;
pub mod wanted;
