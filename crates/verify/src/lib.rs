//! Listings and inventories compared to a verdict; pure core and streaming readers.
//!
//! Nothing is verified in this version: the crate holds its place, so that its edges in the workspace are fixed before
//! its code is written. `docs/architecture.md` says what comes here.
