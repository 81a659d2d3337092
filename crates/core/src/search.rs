//! Search: where something of a spec may be although nothing leads there, neither the spec nor tags nor the ledger: every bucket of its
//! accounts, every role that may be s3ferry's, and the alarms and trails of every Region in which any of them has buckets.

use std::collections::BTreeSet;

use crate::ids::{BucketName, Region, TrailName};
use crate::migration;
use crate::model::kinds::Buckets;
use crate::model::{
    AccountPart, AccountRef, BucketPart, BucketRef, Document, KeyPart, Kind, Observed, RegionPart,
    RolePart, RoleRef, Target, TrailPart, TrailRef,
};
use crate::spec::Spec;

/// What of a bucket can hold anything of ours beside what others have there.
const PARTS: [BucketPart; 5] = [
    BucketPart::Replication,
    BucketPart::Policy,
    BucketPart::Notifications,
    BucketPart::Inventory,
    BucketPart::Logging,
];

/// Everything that a search may read, whatever is there.
pub(crate) const READS: [Kind; 16] = [
    Kind::Account(AccountPart::Buckets),
    Kind::Account(AccountPart::Roles),
    Kind::Bucket(BucketPart::Replication),
    Kind::Bucket(BucketPart::Policy),
    Kind::Bucket(BucketPart::Notifications),
    Kind::Bucket(BucketPart::Inventory),
    Kind::Bucket(BucketPart::Logging),
    Kind::Role(RolePart::Itself),
    Kind::Role(RolePart::Policy),
    Kind::Role(RolePart::Policies),
    Kind::Region(RegionPart::Alarms),
    Kind::Region(RegionPart::Trails),
    Kind::Trail(TrailPart::Itself),
    Kind::Trail(TrailPart::Selectors),
    // A role's policy leads to them.
    Kind::Key(KeyPart::Itself),
    Kind::Key(KeyPart::Policy),
];

/// Everything that a search looks at, as far as what was read tells, whether it was read or not.
#[must_use]
pub fn everywhere(spec: &Spec, observed: &Observed) -> BTreeSet<Target> {
    let accounts = spec.account_refs();
    let lists = [AccountPart::Buckets, AccountPart::Roles];
    let of_accounts = accounts
        .iter()
        .flat_map(|of| lists.map(|part| Target::Account(of.clone(), part)));
    let mut targets: BTreeSet<Target> = of_accounts.collect();
    let homes = spec.accounts.values().map(|of| of.region.clone());
    let mut regions: BTreeSet<Region> = homes.collect();
    for (target, document) in observed.iter() {
        match document {
            Some(Document::Buckets(buckets)) => {
                for bucket in listed(spec, target, buckets) {
                    regions.insert(bucket.region.clone());
                    targets.extend(PARTS.map(|part| Target::Bucket(bucket.clone(), part)));
                }
            }
            Some(Document::Roles(roles)) => {
                let Target::Account(of, _) = target else {
                    continue;
                };
                let role = |name| RoleRef {
                    account: of.account.clone(),
                    partition: of.partition,
                    name,
                };
                let roles = roles.keys().cloned().map(role);
                targets.extend(roles.flat_map(|role| migration::role_targets(&role)));
            }
            Some(Document::Trails(seen)) => {
                // One of an organisation is in nobody's hands but its own account's.
                let own = seen.0.iter();
                let own = own.filter(|trail| trail.account == target.account().as_str());
                let trails = own.filter_map(|trail| {
                    Some(TrailRef {
                        account: target.account().clone(),
                        region: Region::new(trail.home.clone()).ok()?,
                        name: TrailName::new(trail.name.clone()).ok()?,
                    })
                });
                targets.extend(
                    trails
                        .flat_map(|of| TrailPart::ALL.map(|part| Target::Trail(of.clone(), part))),
                );
            }
            Some(_) | None => {}
        }
    }
    targets.extend(accounts.iter().flat_map(|of| of_regions(of, &regions)));
    targets
}

/// The alarms and trails of an account: an account may watch the metrics of another, in the Region that these are in.
fn of_regions<'a>(
    of: &'a AccountRef,
    regions: &'a BTreeSet<Region>,
) -> impl Iterator<Item = Target> + 'a {
    let places = of.in_regions(regions);
    places.flat_map(|place| {
        [RegionPart::Alarms, RegionPart::Trails].map(|part| Target::Region(place.clone(), part))
    })
}

/// The buckets of a list, each where S3 says that it is, else where the spec has the account.
fn listed<'a>(
    spec: &'a Spec,
    list: &'a Target,
    buckets: &'a Buckets,
) -> impl Iterator<Item = BucketRef> + 'a {
    let account = list.account();
    let home = spec.accounts.values().find(|of| of.id == *account);
    buckets.0.iter().filter_map(move |(name, region)| {
        Some(BucketRef {
            account: account.clone(),
            region: region.as_ref().or(home.map(|of| &of.region))?.clone(),
            bucket: BucketName::new(name.clone()).ok()?,
        })
    })
}
