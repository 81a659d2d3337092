//! Merge: what is ours is brought into the live document, and what is foreign stays in it as it is.
//!
//! AWS replaces whole documents (T2), so everything that is not ours is copied from the live one. Where that cannot be
//! done safely the answer is a [`Conflict`], never an overwrite.

pub mod conflict;
mod policy;
mod priority;
mod replication;
mod settings;

pub use conflict::{Conflict, ConflictKind};
pub(crate) use policy::fits_while_grown;

use std::collections::BTreeSet;

use crate::desired::Wanted;
use crate::model::{Document, Observed, Target};
use crate::names::Names;
use crate::ownership::Markers;
use crate::scope::Scope;

/// What a merge decides by, besides the documents.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The markers of this spec.
    pub markers: &'a Markers,
    /// The names for addresses.
    pub names: &'a Names,
    /// Which migrations this plan is for.
    pub scope: &'a Scope,
    /// Addresses that `guards.adopt` hands over.
    pub adopted: &'a BTreeSet<String>,
    /// Everything that was read.
    pub observed: &'a Observed,
}

impl Context<'_> {
    /// A refusal to write a target.
    pub(crate) fn refuse(&self, target: &Target, kind: ConflictKind) -> Box<Conflict> {
        let address = self.names.address(target);
        Box::new(Conflict {
            target: target.clone(),
            address,
            kind,
        })
    }

    /// Whether `guards.adopt` names an address.
    fn adopts(&self, address: &str) -> bool {
        self.adopted.contains(address)
    }
}

/// The document that a target shall hold; `None` for nothing.
///
/// # Errors
/// [`Conflict`] where what is live belongs to somebody else or cannot be kept.
pub fn merge(
    context: &Context<'_>,
    target: &Target,
    wanted: &Wanted,
    live: Option<&Document>,
) -> Result<Option<Document>, Box<Conflict>> {
    match wanted {
        Wanted::Bucket(tags) => settings::bucket(context, target, tags, live),
        Wanted::Exists => settings::exists(context, target, live),
        Wanted::Tags(tags) => Ok(Some(settings::tags(tags, live))),
        Wanted::Versioning => settings::versioning(context, target, live),
        Wanted::Encryption(encryption) => Ok(Some(settings::encryption(encryption, live))),
        Wanted::Ownership => Ok(Some(settings::ownership())),
        Wanted::PublicAccess => Ok(Some(settings::public_access())),
        Wanted::BucketPolicy(statements) => {
            policy::bucket_policy(context, target, statements, live)
        }
        Wanted::Replication(rules, role) => {
            replication::merge(context, target, rules, role.as_ref(), live)
        }
        Wanted::Role(trust, tags) => settings::role(context, target, trust, tags, live),
        Wanted::RolePolicy(policy) => policy::role_policy(context, target, policy),
        Wanted::Absent => settings::absent(context, target, live),
    }
}
