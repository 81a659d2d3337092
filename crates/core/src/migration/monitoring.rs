//! Whether anybody is told when objects fail to replicate.

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::spec::Monitoring;
use FindingLevel::{Note, Warning};

pub(super) fn warns(case: &Case<'_>) -> Option<Finding> {
    let message = match &case.route.migration.monitoring {
        Monitoring::Unset => "nobody is told when objects fail to replicate".to_owned(),
        Monitoring::None { reason } => format!("no alarms, by decision: {reason}"),
    };
    let help =
        "failed objects are never retried by S3; watch OperationsFailedReplication of the rules";
    let level = match &case.route.migration.monitoring {
        Monitoring::Unset => Warning,
        Monitoring::None { reason: _ } => Note,
    };
    Some(finding(
        "not-watched",
        level,
        case.route.name.to_string(),
        message,
        help,
    ))
}
