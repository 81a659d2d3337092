//! Metrics: put by clients, listed and read.

pub(super) mod data;
mod list;
mod put;
mod read;
pub(super) mod series;
pub(super) mod units;

pub(super) use list::list;
pub(super) use put::put;
pub(super) use read::{data_of_queries, statistics};
