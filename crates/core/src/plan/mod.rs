//! The plan: what would change, why, in which order, and what a reviewer should know.

pub mod format;
