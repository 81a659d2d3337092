//! The vocabulary of s3ferry and every decision it takes. Pure: no I/O, clock, environment or randomness.
//!
//! ```text
//! Spec --desired--> Desired --+
//!                             +--plan--> Plan --format--> JSON 1.0
//! Observed -------------------+
//! ```
//!
//! Start reading at [`spec`], then `model`, `desired` and `plan`.

pub mod ids;
pub mod model;
pub mod plan;
pub mod policy;
pub mod spec;
