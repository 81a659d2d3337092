//! The plan: what would change, why, in which order, and what a reviewer should know.
//!
//! ```text
//! Scene --writes--> what shall be held --stages--> steps --order--> edges
//!                     |  \--changes, guards--> what a reviewer reads of it
//!                     +--goals, gates--> what must become true
//! ```
//!
//! [`build::plan`] puts it together; [`mod@crate::format`] is its one wire form, and text, Markdown and HTML are drawn from
//! that alone.

mod adopted;
pub mod build;
mod changes;
mod costs;
pub mod drift;
pub mod file;
mod gates;
mod growth;
mod guards;
pub mod history;
mod leads;
pub mod led;
mod ledger;
mod left;
mod lent;
mod order;
mod over;
pub mod restore;
pub mod rests;
mod stages;
pub mod steps;
mod unseen;
pub(crate) mod writes;

pub use crate::goals::{
    AlarmGoal, Attempt, BackfillGoal, CanaryGoal, Carrier, ChecksumsGoal, ComputeTodo, Goal, Heard,
    NewJob, NewWork, ObjectStatus, OwnJobs, Probe, PutEncryption, Reach, Replica, Todo,
};
pub use crate::proof::{
    Comparisons, EndedJob, JobEnd, PlacedCanary, Proof, ProofSubject, Proofs, Verified, mark,
};
pub use build::{Plan, plan};
pub use drift::{Drift, LeftByRun, drift};
pub use led::Led;
pub use restore::{GivenBack, Obstacle, Restoration, done_again, give_back};
pub use rests::{Hurt, hurts, linked};
pub use steps::{Stage, Step, StepId, Sweep, Work, WriteStep};
