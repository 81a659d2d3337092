//! The ledger as far as a plan sees it: proofs that are missing where rules of ours have long been at work.

use std::collections::BTreeSet;

use crate::format::{Finding, FindingLevel};
use crate::goals::Goal;
use crate::model::Document;
use crate::scene::Scene;

/// An empty ledger beside live rules of ours: it was lost, or is another one than that of the applies before.
pub(super) fn is_empty_beside_rules(scene: &Scene<'_>, unproven: &[&Goal]) -> Option<Finding> {
    let is_of_a_rule = |goal: &&&Goal| matches!(goal, Goal::Canary(_));
    if !scene.proofs.is_empty() || unproven.iter().find(is_of_a_rule).is_none() {
        return None;
    }
    let rules: BTreeSet<&str> = scene
        .observed
        .iter()
        .filter_map(|(_, document)| match document {
            Some(Document::Replication(live)) => Some(&live.rules),
            Some(_) | None => None,
        })
        .flatten()
        .filter_map(|rule| rule.id.as_deref())
        .filter(|id| scene.markers.rule(id).is_some())
        .collect();
    let count = rules.len();
    (count > 0).then(|| Finding {
        code: "ledger-empty".to_owned(),
        level: FindingLevel::Warning,
        address: "ledger".to_owned(),
        message: format!(
            "the ledger holds no proof, and {count} {} of this spec at work already",
            if count == 1 { "rule is" } else { "rules are" }
        ),
        help: "if the ledger of the applies before is elsewhere, copy its folder receipts to where the spec's `ledger` points, then plan again\n\
               or apply: each rule is proven anew by an object"
            .to_owned(),
    })
}
