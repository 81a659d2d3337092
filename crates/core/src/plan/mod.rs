//! The plan: what would change, why, in which order, and what a reviewer should know.

pub mod format;
pub mod steps;

pub use steps::{CanaryGoal, ProofSubject, Proofs, Step, StepId, Work, WriteStep};
