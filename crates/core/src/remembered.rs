//! What earlier runs are remembered to have worked on: the way back to what left the spec where no role leads there.

use std::collections::BTreeSet;

use crate::ids::{AccountId, AccountName, Arn, BucketName, Region, RoleName};
use crate::model::{
    AccountPart, AccountRef, BucketPart, BucketRef, Document, KeyPart, KeyRef, Kind, Observed,
    Target,
};
use crate::spec::Spec;

/// What runs left word of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Buckets that rules were proven from.
    pub sources: BTreeSet<BucketRef>,
    /// Buckets that rules were proven to.
    pub destinations: BTreeSet<BucketRef>,
    /// Keys whose policies runs wrote.
    pub keys: BTreeSet<KeyRef>,
    /// The addresses of roles that runs wrote and that `guards.adopt` names.
    pub adopted: BTreeSet<String>,
    /// From where to where rules of this spec were proven.
    pub proven: BTreeSet<(BucketRef, BucketRef)>,
}

impl Remembered {
    /// Adds what a step wrote, by its name, e.g. `prod/bucket/orders-prod/replication`; a step that shrinks a policy has a mark
    /// at its end. Whatever else the text is adds nothing.
    pub fn add_step(&mut self, spec: &Spec, step: &str) {
        let (address, _) = step.split_once('#').unwrap_or((step, ""));
        let parts: Vec<&str> = address.split('/').collect();
        if let &[account, "key", region, id, "policy"] = parts.as_slice() {
            self.keys.extend(key(spec, account, region, id));
            return;
        }
        if let [account, "role", name, ..] = parts.as_slice() {
            let role = format!("{account}/role/{name}");
            let mut guards = spec.all_guards();
            let is_adopted =
                guards.any(|guards| guards.adopt.iter().any(|of| of.starts_with(&role)));
            self.adopted.extend(is_adopted.then_some(role));
            return;
        }
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

    /// Whether runs wrote rules or statements there.
    pub(crate) fn has(&self, target: &Target) -> bool {
        match target {
            Target::Bucket(of, BucketPart::Replication) => self.sources.contains(of),
            Target::Bucket(of, BucketPart::Policy) => self.destinations.contains(of),
            Target::Key(of, KeyPart::Policy) => self.keys.contains(of),
            Target::Bucket(_, _) | Target::Account(_, _) | Target::Role(_, _) => false,
            Target::Key(_, KeyPart::Itself | KeyPart::Grants) => false,
            Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_) => false,
            Target::Trail(_, _) => false,
        }
    }

    /// All of it that the spec does not name, in accounts that it does: replication configurations and policies.
    #[must_use]
    pub fn targets(&self, spec: &Spec) -> BTreeSet<Target> {
        let routes = spec.routes();
        let named: BTreeSet<BucketRef> = routes
            .flat_map(|route| [route.source, route.destination])
            .collect();
        let accounts: BTreeSet<&AccountId> = spec.accounts.values().map(|of| &of.id).collect();
        let with = |buckets: &BTreeSet<BucketRef>, part: BucketPart| {
            let targets = buckets.iter().cloned();
            targets.map(|bucket| Target::Bucket(bucket, part)).collect()
        };
        let mut all: BTreeSet<Target> = with(&self.sources, BucketPart::Replication);
        all.extend::<BTreeSet<Target>>(with(&self.destinations, BucketPart::Policy));
        let policy = |key: &KeyRef| Target::Key(key.clone(), KeyPart::Policy);
        all.extend(self.keys.iter().map(policy));
        all.retain(|target| {
            let is_named = target.bucket().is_some_and(|of| named.contains(of));
            !is_named && accounts.contains(target.account())
        });
        all
    }

    /// What of it is worth a look once the lists of roles are known: nothing where every source bucket has a role of the usual
    /// name that says that it is another spec's, as where several specs share a ledger.
    #[must_use]
    pub fn suspected(&self, spec: &Spec, observed: &Observed) -> BTreeSet<Target> {
        let mut suspected = self.targets(spec);
        suspected.retain(|target| {
            let source = target.bucket().filter(|of| self.sources.contains(*of));
            source.is_none_or(|source| !is_of_others(spec, observed, source))
        });
        let is_rule = |target: &Target| target.kind() == Kind::Bucket(BucketPart::Replication);
        if !suspected.iter().any(is_rule) {
            let out_of_sight: BTreeSet<&BucketRef> =
                self.out_of_sight(spec).map(|(_, to)| to).collect();
            suspected.retain(|of| of.bucket().is_none_or(|of| out_of_sight.contains(of)));
        }
        suspected
    }

    /// From where to where rules of this spec were proven whose source is in an account that the spec does not have any more.
    pub(crate) fn out_of_sight(
        &self,
        spec: &Spec,
    ) -> impl Iterator<Item = (&BucketRef, &BucketRef)> {
        let accounts: BTreeSet<AccountId> =
            spec.accounts.values().map(|of| of.id.clone()).collect();
        let proven = self.proven.iter().map(|(from, to)| (from, to));
        proven.filter(move |(from, _)| !accounts.contains(&from.account))
    }
}

/// Whether the role of a source bucket says that it is another spec's.
fn is_of_others(spec: &Spec, observed: &Observed, source: &BucketRef) -> bool {
    let of = AccountRef::of(&source.account, &source.region);
    let Some(Document::Roles(roles)) = observed.document(&Target::Account(of, AccountPart::Roles))
    else {
        return false;
    };
    let role = RoleName::new(format!("s3ferry-{}", source.bucket)).ok();
    let says = role.and_then(|role| roles.get(&role)?.as_ref());
    says.is_some_and(|specs| !specs.contains(&spec.name))
}

/// The key of a step's name.
fn key(spec: &Spec, account: &str, region: &str, id: &str) -> Option<KeyRef> {
    let account = &spec.accounts.get(&AccountName::new(account).ok()?)?.id;
    let partition = Region::new(region).ok()?.partition();
    let arn = format!("arn:{partition}:kms:{region}:{account}:key/{id}");
    KeyRef::of_arn(&Arn::new(arn).ok()?)
}
