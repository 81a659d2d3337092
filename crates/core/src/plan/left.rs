//! Canaries that lie somewhere although no goal goes on with them: an earlier run was stopped, or was not allowed to remove
//! them, or the spec was edited while they were on their way. Each is removed by its ledger's word, whatever the spec says now.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::steps::{Step, StepId, Sweep, Work};
use crate::format::{
    Action, Change, Finding, FindingLevel, Reason, Risk, RiskLevel, Undo, UndoKind,
};
use crate::goals::Goal;
use crate::model::{BucketPart, Target};
use crate::proof::PlacedCanary;
use crate::scene::Scene;

/// The canaries that lie somewhere and that no unproven goal goes on with.
pub(super) fn canaries<'a>(scene: &Scene<'a>, unproven: &[&Goal]) -> Vec<&'a PlacedCanary> {
    let resumed: BTreeSet<&str> = unproven
        .iter()
        .flat_map(|goal| goal.earlier())
        .map(|placed| placed.key.as_str())
        .collect();
    let left = scene.placed.iter();
    left.filter(|placed| !resumed.contains(placed.key.as_str()))
        .collect()
}

/// The steps that remove them. One that could not be removed before is tried again by every apply, and is no change.
pub(super) fn steps(scene: &Scene<'_>, left: &[&PlacedCanary]) -> Vec<Step> {
    let ours = left.iter().filter(|placed| is_ours(scene, placed));
    let step = |placed: &&PlacedCanary| {
        let beyond = placed.sides().filter(|of| !scene.names.knows(&of.account));
        let sweep = Sweep {
            beyond: beyond.cloned().collect(),
            canary: (*placed).clone(),
        };
        Step {
            id: StepId(address(scene, placed)),
            work: Work::Sweep(Box::new(sweep)),
            needs: BTreeSet::new(),
        }
    };
    ours.map(step).collect()
}

pub(super) fn changes(scene: &Scene<'_>, left: &[&PlacedCanary]) -> Vec<Change> {
    let gone = left
        .iter()
        .filter(|placed| is_ours(scene, placed) && placed.stays.is_none());
    gone.map(|placed| change(scene, placed)).collect()
}

fn change(scene: &Scene<'_>, placed: &PlacedCanary) -> Change {
    let source = Target::Bucket(placed.source.clone(), BucketPart::Itself);
    let sides: Vec<&str> = placed.sides().map(|of| of.bucket.as_str()).collect();
    Change {
        address: address(scene, placed),
        target: scene.names.address(&source),
        kind: "canary".to_owned(),
        migrations: vec![placed.migration.to_string()],
        actions: vec![Action::Delete],
        reason: Reason::LeftBehind,
        before: json!({ "key": placed.key, "in": sides }),
        after: Value::Null,
        attributes: Vec::new(),
        access: None,
        undo: Undo {
            kind: UndoKind::Exact,
            why: String::new(),
        },
        risk: Risk {
            level: RiskLevel::Low,
            notes: vec![
                "It is an object of s3ferry's own; no other version is touched.".to_owned(),
            ],
        },
    }
}

pub(super) fn findings(scene: &Scene<'_>, left: &[&PlacedCanary]) -> Vec<Finding> {
    left.iter().map(|placed| finding(scene, placed)).collect()
}

fn finding(scene: &Scene<'_>, placed: &PlacedCanary) -> Finding {
    let (why, help) = why(scene, placed);
    let sides: Vec<&str> = placed.sides().map(|of| of.bucket.as_str()).collect();
    Finding {
        code: "canary-left".to_owned(),
        level: FindingLevel::Warning,
        address: address(scene, placed),
        message: format!(
            "a canary of an earlier run may lie in {}{why}",
            sides.join(", ")
        ),
        help,
    }
}

fn why(scene: &Scene<'_>, placed: &PlacedCanary) -> (String, String) {
    let unknown = placed.sides().find(|of| !scene.names.knows(&of.account));
    if placed.spec != scene.spec.name {
        let spec = &placed.spec;
        (
            format!("; it is the spec {spec}'s"),
            format!(
                "apply the spec {spec}, which removes it; if that is what this spec was called, apply it once under that name (name: {spec})"
            ),
        )
    } else if !scene.scope.covers(&placed.migration) {
        let migration = &placed.migration;
        (
            format!("; it is of migration {migration}, which --target leaves out"),
            "apply without --target, which removes it".to_owned(),
        )
    } else if let Some(of) = unknown {
        let account = &of.account;
        (
            format!("; account {account} is not among the spec's"),
            format!(
                "name the account {account} in the spec's accounts until an apply has removed it there"
            ),
        )
    } else if let Some(why) = &placed.stays {
        (
            format!(": it could not be removed: {why}"),
            "let the role that runs s3ferry remove it, then apply: each apply tries again"
                .to_owned(),
        )
    } else {
        let help = "apply: it is removed before anything else, whatever the spec says now";
        (String::new(), help.to_owned())
    }
}

fn is_ours(scene: &Scene<'_>, placed: &PlacedCanary) -> bool {
    placed.spec == scene.spec.name && scene.scope.covers(&placed.migration)
}

fn address(scene: &Scene<'_>, placed: &PlacedCanary) -> String {
    let source = Target::Bucket(placed.source.clone(), BucketPart::Itself);
    format!("{}/canary/{}", scene.names.address(&source), placed.key)
}
