//! Random specs, worlds and edits of other people, and an oracle that shares no decision with the planner.
//!
//! ```text
//! shape    specs over two source and two destination buckets, and changes to them
//! edits    what other people do between a plan and an apply, and at any other time
//! keys     the KMS keys, and what other people do to their policies
//! trails   what records data events, and what other people do to it
//! foreign  everything in a world that is not s3ferry's
//! oracle   whether a live rule may do what it does; what AWS takes
//! ```
//! Names and filters are few, so that migrations share buckets, roles and documents, and things meet.

pub mod edits;
pub mod foreign;
pub mod keys;
pub mod oracle;
pub mod policies;
pub mod shape;
pub mod trails;

pub use edits::{Edit, edit};
pub use foreign::{Foreign, foreign};
pub use shape::{Change, Shape, change, shape};
