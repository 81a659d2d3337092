//! Import: a spec from what is live, ours or other people's, and what of it no spec can say.
//!
//! ```text
//! Sought + Observed --sort--> which rules are taken over --draft--> Spec + Remarks
//! ```
//!
//! Planning the spec against the same world changes nothing but what its guards hand over by name. What cannot be said so is
//! left as it is, with a [`Remark`] at its place: a rule that would do something else, or that another rule would stand in for,
//! is never taken (`docs/decisions/0039-import.md`). To import a field that is new in the spec, see [`rule`] for what is a rule's, and
//! [`monitoring`] and [`logging`] for what is a migration's.

mod between;
mod destination;
mod draft;
mod group;
mod judged;
mod keys;
mod labels;
mod live;
mod logging;
mod monitoring;
mod reads;
mod remark;
mod role;
mod rule;
mod sort;
mod trails;

use std::collections::{BTreeMap, BTreeSet};

pub use draft::draft;
pub use labels::spec as spec_name;
pub use reads::{
    Listed, READS, buckets_of, can_do_without, claimed, configurations_of, following, itself,
    listed, unplaced,
};
pub use remark::{Draft, Place, Remark, Says};

use crate::ids::{AccountId, AccountName, BucketName, Region, SpecName};
use crate::model::{BucketRef, Document, Observed};
use crate::ownership::spec_of_rule;
use crate::spec::Access;

/// What is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// The name of the spec.
    pub name: SpecName,
    /// The accounts that there is a way into.
    pub accounts: BTreeMap<AccountId, WayIn>,
    /// The source buckets, wherever they are.
    pub sources: BTreeSet<BucketRef>,
    /// The destination buckets that rules are imported for, with their accounts; every one where there is none.
    pub destinations: BTreeMap<BucketName, AccountId>,
}

/// How an account is called in the spec, and entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The name; with the Region behind it where buckets of the account are in several.
    pub name: AccountName,
    /// The way in.
    pub access: Access,
    /// The Region that it is entered in.
    pub home: Region,
}

/// The buckets that were read and replicate something.
#[must_use]
pub fn replicating(observed: &Observed) -> BTreeSet<BucketRef> {
    let configured = observed.iter().filter_map(|(target, document)| {
        let is_one = matches!(document, Some(Document::Replication(_)));
        target.bucket().filter(|_| is_one).cloned()
    });
    configured.collect()
}

/// The names of the specs whose rules are found in configurations.
#[must_use]
pub fn specs(observed: &Observed) -> BTreeSet<SpecName> {
    let mut found = BTreeSet::new();
    for (_, document) in observed.iter() {
        if let Some(Document::Replication(live)) = document {
            let ids = live.rules.iter().filter_map(|rule| rule.id.as_deref());
            let names = ids.filter_map(spec_of_rule);
            found.extend(names.filter_map(|name| SpecName::new(name).ok()));
        }
    }
    found
}
