//! Alarms: set, shown, switched, tagged and deleted.

pub(super) mod alarm;
mod change;
mod check;
mod describe;
mod history;
mod message;
mod put;
pub(super) mod query;
mod show;
pub(super) mod tags;
pub(super) mod transition;

pub(super) use change::{delete, disable_actions, enable_actions};
pub(super) use check::extended;
pub(super) use describe::{describe, describe_for_metric};
pub(super) use history::{History, describe as describe_history};
pub(super) use put::put;
pub(super) use show::{metric as metric_shown, shown};
pub(super) use tags::{list as list_tags, tag, untag};
pub(super) use transition::set as set_state;
