//! Builders, generators, an in-memory world, fault decorators and the port contract suite.
//!
//! ```text
//! build       short words for names, documents, steps and specs
//! world       MemoryWorld: the ports over a map, with a simple model of replication; what a spec takes for granted
//! layers      decorators: Faulty, Recording, Slow (around every call), Stale (older answers)
//! contract    what every adapter of the ports must keep
//! strategies  proptest generators of documents
//! random      proptest generators of specs and of other people's edits, and an oracle
//! ```
//! A dev-dependency: it may panic where a test is wrong.

pub mod build;
pub mod contract;
pub mod layers;
pub mod random;
pub mod strategies;
pub mod world;

pub use layers::{Call, Fault, Faulty, Operation, Recording, Slow, Stale};
pub use world::{Fate, JobFate, MemoryReceipts, MemoryWorld, granted};
