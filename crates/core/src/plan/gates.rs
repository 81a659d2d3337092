//! Gates: what must be true for the phase of a migration, and whether it is.

use std::collections::BTreeMap;

use crate::format::{Finding, FindingLevel, Gate, MigrationInfo};
use crate::goals::{Goal, Standing, beside};
use crate::ids::MigrationName;
use crate::migration::left_out;
use crate::route::Route;
use crate::scene::Scene;

/// The migrations that the plan is for, each with its gates.
pub(super) fn migrations(
    scene: &Scene<'_>,
    goals: &[Goal],
    findings: &[Finding],
) -> Vec<MigrationInfo> {
    let mut by_migration: BTreeMap<&MigrationName, Vec<&Goal>> = BTreeMap::new();
    for goal in goals {
        by_migration.entry(goal.migration()).or_default().push(goal);
    }
    let blocked = findings
        .iter()
        .any(|finding| finding.level == FindingLevel::Blocked);
    let standing = |goal: &Goal| {
        if goal.is_proven(scene) {
            Standing::Met
        } else if blocked {
            Standing::Blocked
        } else {
            Standing::Pending
        }
    };
    let info = |route: &Route<'_>| {
        let goals = by_migration.get(route.name).into_iter().flatten();
        let mut gates: Vec<Gate> = goals.map(|goal| goal.gate(scene, standing(goal))).collect();
        gates.extend(beside(scene, route));
        MigrationInfo {
            name: route.name.to_string(),
            phase: route.migration.phase.as_str().to_owned(),
            source: scene.names.bucket(&route.source),
            destination: scene.names.bucket(&route.destination),
            gates,
            not_carried: left_out(route),
        }
    };
    scene.covered().map(info).collect()
}
