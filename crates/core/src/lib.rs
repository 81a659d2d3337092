//! The vocabulary of s3ferry and every decision it takes. Pure: no I/O, clock, environment or randomness.
//!
//! ```text
//! Spec --desired--> Desired --+
//!                             +--merge, diff, order--> Plan --format--> JSON 1.0
//! Observed -------------------+
//! ```
//!
//! Start reading at [`spec`] and [`model`], then [`desired`], [`merge`] and [`plan`].

pub mod desired;
pub mod diff;
pub mod format;
pub mod goals;
pub mod ids;
pub mod lint;
pub mod merge;
pub mod model;
pub mod names;
pub mod ownership;
pub mod permissions;
pub mod phase;
pub mod plan;
pub mod policy;
pub mod reads;
pub mod scope;
pub mod spec;
