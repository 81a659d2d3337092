//! The engine over the world in memory. Time is paused: waits cost nothing and are measured exactly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod agree;
mod alarms;
mod backfill;
mod crash;
mod journal;
mod kept;
mod ledger;
mod observe;
mod order;
mod prove;
mod support;
mod verify;
mod write;
