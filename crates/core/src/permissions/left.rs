//! What earlier texts of a spec may have left: at places that the present one names, or under its own name. Its plans read it, and
//! its applies take it away.
//!
//! An earlier text is taken to have had the same name, accounts and buckets, each bucket as the source or the destination of any
//! migration, and whatever a spec can ask for of them. What only that text named is not known: buckets that logs went to, keys,
//! somebody else's trails.

use std::collections::BTreeSet;

use crate::ids::AccountName;
use crate::migration::public_policy;
use crate::model::kinds::Marked;
use crate::model::target::Kind;
use crate::model::{BucketPart, RegionRef, RolePart, RoleRef, Target};
use crate::names::Names;
use crate::route::Route;
use crate::spec::Spec;

/// The parts of a migration's two buckets that may hold ours among what is others': where ours has a mark of its own.
pub(super) fn of_buckets(route: &Route<'_>) -> Vec<Target> {
    let is_shared = |part: &BucketPart| match Kind::Bucket(*part).facts().marked {
        Marked::ByItem | Marked::ByItsGrant => true,
        Marked::ByItsWhole | Marked::Never => false,
    };
    let parts = BucketPart::ALL.into_iter().filter(is_shared);
    let of = |part| {
        let buckets = [&route.source, &route.destination];
        buckets.map(|bucket| Target::Bucket(bucket.clone(), part))
    };
    parts.flat_map(of).collect()
}

/// What may keep our statements from being taken out of their policies.
pub(super) fn of_blocks(route: &Route<'_>) -> impl Iterator<Item = Target> {
    let buckets = [&route.source, &route.destination];
    buckets.into_iter().flat_map(public_policy::blocks)
}

/// Where alarms of the spec may be: in any of its accounts, in the Regions of its buckets.
pub(super) fn alarm_places(spec: &Spec) -> BTreeSet<RegionRef> {
    let regions = spec.accounts.values().map(|of| of.region.clone()).collect();
    let accounts = spec.account_refs();
    let places = accounts.iter().flat_map(|of| of.in_regions(&regions));
    places.collect()
}

/// The roles that `guards.adopt` hands over and that no migration has any more.
pub(super) fn adopted_roles(spec: &Spec) -> BTreeSet<RoleRef> {
    let addresses = spec.all_guards().flat_map(|guards| &guards.adopt);
    let adopted = addresses.filter_map(|address| {
        let (account, path) = address.split_once('/')?;
        let account = spec.accounts.get(&AccountName::new(account).ok()?)?;
        match Names::target(spec, &account.id, path)? {
            Target::Role(role, RolePart::Itself) => Some(role),
            _ => None,
        }
    });
    let used: BTreeSet<RoleRef> = spec.routes().flat_map(|route| route.roles()).collect();
    adopted.filter(|role| !used.contains(role)).collect()
}
