//! The Sids of a policy, which both readers want to be unique.

use std::collections::BTreeSet;

/// Says whether two statements have one Sid; an empty one is none.
pub(super) fn repeat<'a>(sids: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    let mut sids = sids.filter(|sid| !sid.is_empty());
    sids.any(|sid| !seen.insert(sid))
}
