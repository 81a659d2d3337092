//! Whether what `guards.adopt` names is there: an address that means nothing is a slip, and would be ignored for good.

use std::collections::BTreeSet;

use crate::format::{Finding, FindingLevel};
use crate::ids::in_line;
use crate::model::kinds::Document;
use crate::model::{BucketPart, RolePart, Target};
use crate::policy::without_number;
use crate::scene::Scene;
use crate::scope::Scope;

/// How many letters may differ for an address to be taken for another one.
const NEAR: usize = 3;

/// One finding for each address that nothing has. What was taken over and is gone leaves its address behind in the spec, which does
/// no harm, and where there is nothing to change nothing was meant to be taken over any more; where there is, an address that
/// something else nearly has is a slip.
pub(super) fn unknown(scene: &Scene<'_>, changes: bool) -> Vec<Finding> {
    if *scene.scope != Scope::All {
        return Vec::new(); // What belongs to other migrations was not read.
    }
    let known = known(scene);
    let unknown = scene.adopted().filter(|address| !known.contains(*address));
    // What a run took over and has left again, the plan that goes on with it need not find.
    let was_left = |address: &str| {
        let adopted = scene.remembered.into_iter().flat_map(|of| &of.adopted);
        let mut adopted = adopted.filter(|role| is_within(address, role));
        adopted.next().is_some()
    };
    let told = |address: &str| match was_left(address) {
        true => leftover(address),
        false => told(address, &known, changes),
    };
    unknown.map(told).collect()
}

fn told(address: &str, known: &BTreeSet<String>, changes: bool) -> Finding {
    if !changes {
        return leftover(address);
    }
    // One of two statements that said the same is gone, and the other one goes without a number.
    let was_twin = without_number(address).is_some_and(|stem| known.contains(stem));
    if was_twin {
        return leftover(address);
    }
    let is_of_spec = known.iter().any(|place| is_within(address, place));
    match nearest(address, known) {
        Some(near) => Finding {
            code: "adopt-unknown".to_owned(),
            level: FindingLevel::Blocked,
            address: address.to_owned(),
            message: "guards.adopt names what is not there".to_owned(),
            help: format!("is it \"{}\"? correct the address, or take it out of guards.adopt", in_line(near)),
        },
        None if is_of_spec => leftover(address),
        None => Finding {
            code: "adopt-unknown".to_owned(),
            level: FindingLevel::Blocked,
            address: address.to_owned(),
            message: "guards.adopt names what is in no bucket and no role of the spec".to_owned(),
            help: "correct the address, or take it out of guards.adopt; findings say addresses as they are to be written"
                .to_owned(),
        },
    }
}

fn leftover(address: &str) -> Finding {
    Finding {
        code: "adopt-leftover".to_owned(),
        level: FindingLevel::Note,
        address: address.to_owned(),
        message: "guards.adopt names what is not there, or not any more".to_owned(),
        help: "take it out of guards.adopt".to_owned(),
    }
}

/// The addresses that can be taken over: buckets, roles, rules, statements and roles' policies that are there, and the places that
/// the spec names.
fn known(scene: &Scene<'_>) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for (target, document) in scene.observed.iter() {
        let Some(whole) = target.whole() else {
            continue;
        };
        known.insert(scene.names.address(&whole));
        let address = scene.names.address(target);
        match (target, document) {
            (Target::Bucket(_, BucketPart::Replication), Some(Document::Replication(live))) => {
                let ids = live.rules.iter().filter_map(|rule| rule.id.as_deref());
                known.extend(ids.map(|id| format!("{address}/rule/{id}")));
            }
            (Target::Bucket(_, BucketPart::Policy), Some(document)) => {
                let policy = document.policy_document();
                let named = policy.map(|policy| policy.named()).unwrap_or_default();
                known.extend(
                    named
                        .iter()
                        .map(|(name, _)| format!("{address}/statement/{name}")),
                );
            }
            (Target::Role(_, RolePart::Policies), Some(Document::RolePolicies(live))) => {
                known.extend(live.placed().map(|(path, _)| format!("{address}{path}")));
            }
            (
                Target::Role(_, RolePart::Itself)
                | Target::Bucket(_, BucketPart::Logging)
                | Target::Trail(_, _),
                Some(_),
            ) => {
                known.insert(address);
            }
            (_, _) => {}
        }
    }
    known
}

fn is_within(address: &str, place: &str) -> bool {
    let rest = address.strip_prefix(place);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The address that is nearly this one.
fn nearest<'a>(address: &str, known: &'a BTreeSet<String>) -> Option<&'a String> {
    let near = known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(address, other), other));
    let near = near.filter(|(distance, _)| *distance <= NEAR);
    near.min().map(|(_, other)| other)
}
