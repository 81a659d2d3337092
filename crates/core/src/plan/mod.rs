//! The plan: what would change, why, in which order, and what a reviewer should know.
//!
//! [`build::plan`] makes it; [`mod@crate::format`] is its one wire form, and text, Markdown and HTML are drawn from that alone.

pub mod build;
mod changes;
mod consequences;
pub mod file;
mod order;
pub mod steps;
mod writes;

pub use build::{Input, Plan, plan};
pub use steps::{CanaryGoal, ProofSubject, Proofs, Stage, Step, StepId, Work, WriteStep};
