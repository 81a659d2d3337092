//! What earlier runs are remembered to have worked on: the way back to what left the spec where no role leads there.

use std::collections::BTreeSet;

use crate::ids::{AccountId, AccountName, BucketName};
use crate::model::{BucketPart, BucketRef, Target};
use crate::spec::Spec;

/// What runs left word of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Buckets that rules were proven from.
    pub sources: BTreeSet<BucketRef>,
    /// Buckets that rules were proven to.
    pub destinations: BTreeSet<BucketRef>,
}

impl Remembered {
    /// Adds what a step wrote, by its name, e.g. `prod/bucket/orders-prod/replication`; a step that shrinks a policy has a mark
    /// at its end. Whatever else the text is adds nothing.
    pub fn add_step(&mut self, spec: &Spec, step: &str) {
        let (address, _) = step.split_once('#').unwrap_or((step, ""));
        let parts: Vec<&str> = address.split('/').collect();
        let &[account, "bucket", name, part] = parts.as_slice() else {
            return;
        };
        let account = AccountName::new(account).ok();
        let account = account.and_then(|name| spec.accounts.get(&name));
        let (Some(account), Ok(bucket)) = (account, BucketName::new(name)) else {
            return;
        };
        let of = BucketRef {
            account: account.id.clone(),
            region: account.region.clone(),
            bucket,
        };
        match part {
            "replication" => self.sources.insert(of),
            "policy" => self.destinations.insert(of),
            _ => false,
        };
    }

    /// What of it may still be ours: the replication configurations and policies of buckets that the spec does not name, in
    /// accounts that it does.
    #[must_use]
    pub fn targets(self, spec: &Spec) -> BTreeSet<Target> {
        let routes = spec.routes();
        let named: BTreeSet<BucketRef> = routes
            .flat_map(|route| [route.source, route.destination])
            .collect();
        let accounts: BTreeSet<&AccountId> = spec.accounts.values().map(|of| &of.id).collect();
        let with = |buckets: BTreeSet<BucketRef>, part: BucketPart| {
            let target = move |bucket| Target::Bucket(bucket, part);
            buckets.into_iter().map(target)
        };
        let sources = with(self.sources, BucketPart::Replication);
        let all = sources.chain(with(self.destinations, BucketPart::Policy));
        let is_left = |target: &Target| {
            let is_named = target.bucket().is_some_and(|of| named.contains(of));
            !is_named && accounts.contains(target.account())
        };
        all.filter(is_left).collect()
    }
}
