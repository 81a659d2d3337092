//! What only a thing that goes leads to. The plan may have been made from an old answer that hid rules or statements of ours; they
//! would never be found again. So where the last thing goes that leads to them, an apply looks at them once more, first.

use std::collections::BTreeSet;

use crate::marked::marked;
use crate::model::{Document, Target};
use crate::ownership::Markers;

/// A document that a thing leads to, and what may be of ours in it when the thing has gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Led {
    /// The document's target.
    pub target: Target,
    markers: Markers,
    may_stay: BTreeSet<String>,
}

impl Led {
    /// A document that holds this when the plan has been followed, as far as it is this spec's.
    #[must_use]
    pub fn to(target: Target, markers: &Markers, planned: Option<&Document>) -> Self {
        Self {
            target,
            markers: markers.clone(),
            may_stay: ours(planned, markers),
        }
    }

    /// The rules and statements of ours in the document that the plan does not know of.
    #[must_use]
    pub fn left(&self, live: Option<&Document>) -> Vec<String> {
        let ours = ours(live, &self.markers);
        ours.difference(&self.may_stay).cloned().collect()
    }
}

/// The rules and statements of a spec, by ID and Sid.
fn ours(document: Option<&Document>, markers: &Markers) -> BTreeSet<String> {
    let ours = document.map_or_else(Vec::new, |document| marked(document, markers));
    ours.into_iter().map(str::to_owned).collect()
}
