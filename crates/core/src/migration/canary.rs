//! Whether the rules are proven; the proof itself is a goal, see `goals::canary`.

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::spec::Canary;
use FindingLevel::Warning;

pub(super) fn warns(case: &Case<'_>) -> Vec<Finding> {
    skipped(case).into_iter().collect()
}

fn skipped(case: &Case<'_>) -> Option<Finding> {
    let Canary::Skip { reason } = &case.route.migration.canary else {
        return None;
    };
    Some(finding(
        "canary-skipped",
        Warning,
        case.route.name.to_string(),
        format!("no canary proves the rules: {reason}"),
        "AWS answers 200 OK to configurations whose every object then fails; remove canary.skip to prove them",
    ))
}
