//! Guards: what a plan may destroy.

use crate::diff::Diff;
use crate::format::{Finding, FindingLevel};
use crate::merge::advice::guards_advice;
use crate::model::kinds::Part;
use crate::model::{Item, Target};
use crate::scene::Scene;
use crate::spec::Guards;

/// `guards.max_deletes`: the most that `defaults` or any migration in the plan allows is what the whole plan may delete.
pub(super) fn deletions(scene: &Scene<'_>, deleted: &[String]) -> Option<Finding> {
    let of_migrations = scene
        .covered()
        .map(|route| route.migration.guards.max_deletes);
    let allowed = of_migrations
        .max()
        .unwrap_or(0)
        .max(scene.spec.guards.max_deletes);
    let count = deleted.len();
    (count > allowed as usize).then(|| Finding {
        code: "max-deletes".to_owned(),
        level: FindingLevel::Blocked,
        address: deleted.join(", "),
        message: format!(
            "the plan deletes {count} {} and guards.max_deletes allows {allowed}",
            if count == 1 { "item" } else { "items" }
        ),
        help: advice(&scene.spec.guards, count) + &others(scene, deleted),
    })
}

/// How to allow that many deletions.
fn advice(defaults: &Guards, count: usize) -> String {
    let guards = [("max_deletes", count.to_string())];
    format!("if this is meant, {}", guards_advice(defaults, &guards))
}

/// What to do where that which left the spec was never in it: two specs of one name take each other's things for theirs.
fn others(scene: &Scene<'_>, deleted: &[String]) -> String {
    let left_spec = |address: &String| {
        let rule = address.split_once("/rule/");
        let rule = rule.and_then(|(_, id)| scene.markers.rule(id));
        rule.map_or(address.contains("/role/"), |(migration, _)| {
            !scene.spec.migrations.contains_key(&migration)
        })
    };
    if !deleted.iter().any(left_spec) {
        return String::new();
    }
    let name = &scene.spec.name;
    format!(
        "\nif another spec made what is deleted, it has the name {name}, too: give each a name of its own (name: NAME)"
    )
}

/// Whether a change takes away what the guard counts. What was put up for a proof carries nobody's objects, and the role of jobs is
/// there for one phase.
pub(super) fn is_guarded(scene: &Scene<'_>, target: &Target, diff: &Diff) -> bool {
    let goes = diff.after.is_none() && diff.before.as_ref().is_some_and(Item::is_guarded);
    let of_a_phase = target
        .role()
        .is_some_and(|role| scene.is_left_by_phase(role));
    goes && !of_a_phase && !is_of_a_proof(scene, diff)
}

/// Whether a rule that changes was put up for a proof.
pub(super) fn is_of_a_proof(scene: &Scene<'_>, diff: &Diff) -> bool {
    let Some(Part::Rule(rule)) = diff.before.as_ref().and_then(Item::part) else {
        return false;
    };
    let named = rule.id.as_deref().and_then(|id| scene.markers.rule(id));
    named.is_some_and(|(_, name)| name.is_of_a_proof())
}
