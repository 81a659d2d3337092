//! A grant: whom it lets do what with a key, under which constraints.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// An encryption context.
pub(crate) type Context = BTreeMap<String, String>;

/// A grant that is to be made: its operations and constraints.
pub(crate) type Wanted<'a> = (&'a [String], &'a Constraints);

/// A grant.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) id: String,
    /// Every answer of CreateGrant has its own.
    pub(crate) tokens: BTreeSet<String>,
    /// The key's id, in the grant's account and Region.
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    pub(crate) created: SystemTime,
    /// A policy for the grantee, with a stored principal: as there, a role that is made again is another.
    pub(crate) grantee: String,
    pub(crate) retiring: Option<String>,
    pub(crate) issuer: String,
    /// In the order of the request.
    pub(crate) operations: Vec<String>,
    pub(crate) constraints: Constraints,
}

/// What the encryption context must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Constraints {
    pub(crate) equals: Option<Context>,
    pub(crate) subset: Option<Context>,
}

/// Names are compared without case, values with it (BC:kms GrantConstraints).
fn lowered(context: &Context) -> BTreeMap<String, &str> {
    let pairs = context.iter();
    pairs
        .map(|(name, value)| (name.to_lowercase(), value.as_str()))
        .collect()
}

fn contains(whole: &Context, part: &Context) -> bool {
    let whole = lowered(whole);
    let part = lowered(part);
    part.iter()
        .all(|(name, value)| whole.get(name) == Some(value))
}

impl Constraints {
    /// Says whether an encryption context meets them.
    fn are_met(&self, context: &Context) -> bool {
        let Self { equals, subset } = self;
        let same = |wanted: &Context| lowered(wanted) == lowered(context);
        equals.as_ref().is_none_or(same)
            && subset
                .as_ref()
                .is_none_or(|wanted| contains(context, wanted))
    }

    /// Says whether others are equally strict or stricter: who has CreateGrant by a grant gives no more on than that
    /// (BC:kms CreateGrant, Constraints).
    fn are_kept_by(&self, others: &Self) -> bool {
        let wider = |wanted: &Context| {
            let given = others.equals.as_ref().or(others.subset.as_ref());
            given.is_some_and(|given| contains(given, wanted))
        };
        let same = |wanted: &Context| {
            let given = others.equals.as_ref();
            given.is_some_and(|given| lowered(given) == lowered(wanted))
        };
        self.equals.as_ref().is_none_or(same) && self.subset.as_ref().is_none_or(wider)
    }
}

impl Grant {
    /// Says whether it is for an operation with this encryption context, if it has one. Constraints are on operations with a
    /// context only; a grant that lets make grants lets make those for its own operations (KMS Developer Guide, "Granting
    /// CreateGrant permission").
    pub(crate) fn fits(
        &self,
        action: &str,
        context: Option<&Context>,
        wanted: Option<Wanted<'_>>,
    ) -> bool {
        let operation = action.trim_start_matches("kms:");
        if !self.operations.iter().any(|own| own == operation) {
            return false;
        }
        if let Some((operations, constraints)) = wanted {
            return operations.iter().all(|one| self.operations.contains(one))
                && self.constraints.are_kept_by(constraints);
        }
        context.is_none_or(|context| self.constraints.are_met(context))
    }

    /// Says whether CreateGrant with this name asks for nothing else than what is there: then it answers with that
    /// (BC:kms CreateGrant, Name).
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.name.is_some()
            && self.name == other.name
            && self.key == other.key
            && self.grantee == other.grantee
            && self.retiring == other.retiring
            && self.issuer == other.issuer
            && self.operations == other.operations
            && self.constraints == other.constraints
    }
}
