//! Grants as statements: what is granted the same on several resources stands in one, so that a resource is named once.

use std::collections::{BTreeMap, BTreeSet};

use super::grants::{About, Condition, Grants};
use crate::policy::takes_all;

/// A statement that is yet to find its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loose {
    pub(super) about: About,
    pub(super) actions: Vec<&'static str>,
    pub(super) resources: Vec<String>,
    pub(super) condition: Option<Condition>,
}

type Same<'a> = (About, Option<&'a Condition>, Vec<&'static str>);

pub(super) fn of(grants: &Grants) -> Vec<Loose> {
    let mut same: BTreeMap<Same<'_>, BTreeSet<&str>> = BTreeMap::new();
    for (grant, actions) in &grants.0 {
        let wider = grants.0.iter().filter(|(other, theirs)| {
            other.about == grant.about
                && other.condition == grant.condition
                && exceeds(&other.resource, &grant.resource)
                && !theirs.is_disjoint(actions)
        });
        let covered: BTreeSet<&str> = wider.flat_map(|(_, theirs)| theirs).copied().collect();
        let left = actions.iter().copied().filter(|of| !covered.contains(of));
        let left: Vec<&'static str> = left.collect();
        if !left.is_empty() {
            let of = (grant.about, grant.condition.as_ref(), left);
            same.entry(of).or_default().insert(&grant.resource);
        }
    }
    let loose = same
        .into_iter()
        .map(|((about, condition, actions), on)| Loose {
            about,
            actions,
            resources: on.into_iter().map(str::to_owned).collect(),
            condition: condition.cloned(),
        });
    loose.collect()
}

/// Whether a pattern takes all that another resource does, and more.
fn exceeds(wide: &str, narrow: &str) -> bool {
    // There are thousands of resources, and few patterns that begin as one of them does.
    let begins = wide.split_once('*').map(|(begin, _)| begin);
    let begins = begins.is_some_and(|begin| wide != narrow && narrow.starts_with(begin));
    begins && takes_all(wide, narrow)
}
