//! Two sides of a migration compared version by version.
//!
//! ```text
//! bytes of a listing --page--> entries --join--> matched, or on one side only --judge--> verdicts --tally--> what a receipt says
//! files of inventories --inventory--> partitions that differ --> found --judge--> verdicts
//! reports of jobs --computed--> what the checksums of each version say --judge--> verdicts
//! ```
//! Nothing here reaches outside: who calls it brings pages and looks at the doubtful versions one by one.

pub mod computed;
pub mod entry;
pub mod inventory;
pub mod join;
pub mod judge;
pub mod keyspace;
pub mod page;
pub mod slices;
pub mod tally;
mod tokens;

pub use entry::{Entry, Kind};
pub use join::{Found, Join, Side, Step};
pub use judge::{
    Asked, Difference, Expected, Facts, First, Judge, Reach, Rung, Seen, Status, Unprovable,
    Verdict,
};
pub use page::{Marker, Page, PageError};
pub use slices::Slices;
pub use tally::{Count, Tally, Total};
