//! Addresses: how a reviewer finds a thing, `<account name>/<path>`.

use std::collections::BTreeMap;

use crate::ids::{AccountId, AccountName, AlarmName, BucketName, Region, RoleName, TrailName};
use crate::model::{
    AlarmRef, BucketPart, BucketRef, KeyPart, KeyRef, RolePart, RoleRef, Target, TrailPart,
    TrailRef,
};
use crate::spec::Spec;

/// The names that a spec gives to accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    accounts: BTreeMap<AccountId, BTreeMap<Region, AccountName>>,
}

impl Names {
    /// The names of a spec's accounts.
    #[must_use]
    pub fn of(spec: &Spec) -> Self {
        let mut accounts: BTreeMap<AccountId, BTreeMap<Region, AccountName>> = BTreeMap::new();
        for (name, account) in &spec.accounts {
            let regions = accounts.entry(account.id.clone()).or_default();
            regions
                .entry(account.region.clone())
                .or_insert_with(|| name.clone());
        }
        Self { accounts }
    }

    /// The address of a target.
    #[must_use]
    pub fn address(&self, target: &Target) -> String {
        format!(
            "{}/{}",
            self.account(target.account(), target.region()),
            target.path()
        )
    }

    /// The name of an account: that of the Region where one is asked for, else the first; the ID where the spec has no name.
    #[must_use]
    pub fn account(&self, id: &AccountId, region: Option<&Region>) -> String {
        let regions = self.accounts.get(id);
        let of_region = regions.and_then(|regions| regions.get(region?));
        let name = of_region.or_else(|| regions?.values().next());
        name.map_or_else(|| id.to_string(), ToString::to_string)
    }

    /// Whether the spec signs in to an account.
    #[must_use]
    pub fn knows(&self, id: &AccountId) -> bool {
        self.accounts.contains_key(id)
    }

    /// The target of a path below an account of a spec, e.g. `bucket/orders-prod/policy`; none where the path is none, or the spec
    /// does not have the account. A bucket that the spec does not name is looked for where the account is.
    #[must_use]
    pub fn target(spec: &Spec, account: &AccountId, path: &str) -> Option<Target> {
        let region = &spec.accounts.values().find(|of| of.id == *account)?.region;
        let (place, rest) = path.split_once('/')?;
        let name = rest.split('/').next()?;
        let targets: Vec<Target> = match place {
            "bucket" => {
                let bucket = BucketName::new(name).ok()?;
                let mut named = spec.routes().flat_map(|of| of.buckets());
                let of = named.find(|of| of.account == *account && of.bucket == bucket);
                let of = of.unwrap_or_else(|| BucketRef {
                    account: account.clone(),
                    region: region.clone(),
                    bucket,
                });
                let parts = BucketPart::ALL.into_iter();
                parts.map(|part| Target::Bucket(of.clone(), part)).collect()
            }
            "role" => {
                let of = RoleRef {
                    account: account.clone(),
                    partition: region.partition(),
                    name: RoleName::new(name).ok()?,
                };
                let parts = RolePart::ALL.into_iter();
                parts.map(|part| Target::Role(of.clone(), part)).collect()
            }
            "key" => {
                let of = KeyRef {
                    account: account.clone(),
                    region: Region::new(name).ok()?,
                    id: rest.split('/').nth(1)?.to_owned(),
                };
                let parts = KeyPart::ALL.into_iter();
                parts.map(|part| Target::Key(of.clone(), part)).collect()
            }
            "alarm" => {
                let of = AlarmRef {
                    account: account.clone(),
                    region: Region::new(name).ok()?,
                    name: AlarmName::new(rest.split_once('/')?.1).ok()?,
                };
                vec![Target::Alarm(of)]
            }
            "trail" => {
                let of = TrailRef {
                    account: account.clone(),
                    region: Region::new(name).ok()?,
                    name: TrailName::new(rest.split('/').nth(1)?).ok()?,
                };
                let parts = TrailPart::ALL.into_iter();
                parts.map(|part| Target::Trail(of.clone(), part)).collect()
            }
            _ => return None,
        };
        targets.into_iter().find(|target| target.path() == path)
    }

    /// A bucket for reviewers: `prod/orders-prod (eu-west-1)`.
    #[must_use]
    pub fn bucket(&self, bucket: &BucketRef) -> String {
        let BucketRef {
            account,
            region,
            bucket,
        } = bucket;
        format!(
            "{}/{bucket} ({region})",
            self.account(account, Some(region))
        )
    }
}
