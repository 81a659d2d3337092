//! The kinds of target: one file a kind or a family, and here the only matches over all of them.
//!
//! What belongs to a kind is what is true of one document alone: what it holds, when two of it mean the same, its items, its
//! links, what a change of it brings. Which migration wants it is not: see `migration`. To add a kind, see
//! `docs/architecture.md`.

pub mod alarm;
pub mod bucket;
pub mod call;
pub mod event;
pub mod facts;
pub mod inventory;
pub mod jobs;
pub mod kind;
pub mod kms;
pub mod listing;
pub mod logging;
pub mod notification;
pub mod part;
pub mod policy;
mod recording;
pub mod replication;
pub mod role;
mod rule;
pub mod selectors;
pub mod settings;
pub mod topic;
pub mod trail;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use alarm::{Alarm, AlarmActions, AlarmSight, AlarmState, StateValue};
pub use bucket::{Bucket, Buckets};
pub use call::{Call, Need, On};
pub(crate) use call::{LIST_VERSIONS, TAGS_OF_VERSION};
pub use event::{EventTarget, Notification};
pub use facts::{Lifecycle, ObjectLock, RequestPayment};
pub use inventory::Inventories;
pub use jobs::{Job, JobFailure, JobStatus, Jobs};
pub(crate) use kind::Holding;
pub use kind::{Born, Facts, Grows, Implied, Marked, Settled, Size, Tags, Verb};
pub use kms::{Grants, Key};
pub use listing::{Inventory, InventoryEncryption};
pub use logging::{BucketLogging, LogGrant, LogKeys};
pub use notification::Notifications;
pub use part::{Part, PolicyOf, RolePolicyName};
pub use policy::{Policy, Says};
pub use replication::ReplicationConfiguration;
pub use role::{Role, RolePolicies, RoleTexts};
pub use selectors::{AdvancedSelector, BasicSelector, EventSelectors, FieldSelector, Selector};
pub use settings::{
    BucketEncryption, ObjectOwnership, PublicAccessBlock, Versioning, VersioningStatus,
};
pub use topic::Topic;
pub use trail::{SeenTrail, SeenTrails, Trail};
pub use watch::{AlarmNames, RuleMetric, RuleMetrics};

use crate::ids::{RoleName, SpecName};
use crate::model::links::Link;
use crate::model::target::{
    AccountPart, BucketPart, KeyPart, Kind, RegionPart, RolePart, Service, Target, TrailPart,
};
use crate::policy::PolicyDocument;

/// What a target holds. Each variant belongs to one [`Kind`].
///
/// A document is faithful to what AWS answered, so that what is not ours can be written back as it was. Whether two
/// documents *mean* the same is asked with [`Document::same_meaning`], never with `==`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// The bucket exists.
    Bucket(Bucket),
    /// Its tags. An existing bucket without tags holds an empty set.
    Tags(Tags),
    /// Its versioning. Every existing bucket has one.
    Versioning(Versioning),
    /// Its default encryption.
    Encryption(BucketEncryption),
    /// Its ownership controls.
    Ownership(ObjectOwnership),
    /// Its public access block.
    PublicAccess(PublicAccessBlock),
    /// Its policy.
    BucketPolicy(Policy),
    /// Its replication configuration.
    Replication(ReplicationConfiguration),
    /// Its Object Lock configuration.
    ObjectLock(ObjectLock),
    /// Who pays for requests.
    RequestPayment(RequestPayment),
    /// Its lifecycle rules.
    Lifecycle(Lifecycle),
    /// Where its access logs go.
    Logging(BucketLogging),
    /// Its inventory configurations.
    Inventories(Inventories),
    /// Who hears of what happens to its objects.
    Notifications(Notifications),
    /// The roles that may be s3ferry's, each with the specs that its description names.
    Roles(BTreeMap<RoleName, Option<BTreeSet<SpecName>>>),
    /// The public access block of all buckets of an account.
    AccountPublicAccess(PublicAccessBlock),
    /// The buckets of an account.
    Buckets(Buckets),
    /// A role.
    Role(Role),
    /// The role's inline policy that is s3ferry's.
    RolePolicy(Policy),
    /// The names of the role's policies.
    RolePolicies(RolePolicies),
    /// [`RolePart::Texts`].
    RoleTexts(RoleTexts),
    /// A KMS key.
    Key(Key),
    /// The key's policy.
    KeyPolicy(Policy),
    /// [`KeyPart::Grants`].
    Grants(Grants),
    /// The alarms that may be s3ferry's.
    AlarmNames(AlarmNames),
    /// The metrics of rules.
    RuleMetrics(RuleMetrics),
    /// An alarm.
    Alarm(Box<Alarm>),
    /// A topic.
    Topic(Topic),
    /// A trail.
    Trail(Box<Trail>),
    /// What a trail records.
    Selectors(EventSelectors),
    /// The trails that record in a Region.
    Trails(SeenTrails),
    /// The jobs of S3 Batch Operations in a Region.
    Jobs(Jobs),
}

impl Kind {
    /// What is true of every target of this kind.
    #[must_use]
    pub const fn facts(self) -> &'static Facts {
        match self {
            Self::Bucket(part) => match part {
                BucketPart::Itself => &bucket::BUCKET,
                BucketPart::Tags => &bucket::TAGS,
                BucketPart::Versioning => &settings::VERSIONING,
                BucketPart::Encryption => &settings::ENCRYPTION,
                BucketPart::Ownership => &settings::OWNERSHIP,
                BucketPart::PublicAccess => &settings::PUBLIC_ACCESS,
                BucketPart::Policy => &policy::BUCKET_POLICY,
                BucketPart::Replication => &replication::REPLICATION,
                BucketPart::ObjectLock => &facts::OBJECT_LOCK,
                BucketPart::RequestPayment => &facts::REQUEST_PAYMENT,
                BucketPart::Lifecycle => &facts::LIFECYCLE,
                BucketPart::Logging => &logging::LOGGING,
                BucketPart::Inventory => &inventory::INVENTORY,
                BucketPart::Notifications => &notification::NOTIFICATIONS,
            },
            Self::Account(part) => match part {
                AccountPart::Roles => &role::ROLES,
                AccountPart::PublicAccess => &settings::ACCOUNT_PUBLIC_ACCESS,
                AccountPart::Buckets => &bucket::BUCKETS,
            },
            Self::Role(part) => match part {
                RolePart::Itself => &role::ROLE,
                RolePart::Policy => &policy::ROLE_POLICY,
                RolePart::Policies => &role::ROLE_POLICIES,
                RolePart::Texts => &role::ROLE_TEXTS,
            },
            Self::Key(part) => match part {
                KeyPart::Itself => &kms::KEY,
                KeyPart::Grants => &kms::GRANTS,
                KeyPart::Policy => &kms::KEY_POLICY,
            },
            Self::Region(part) => match part {
                RegionPart::Alarms => &watch::ALARMS,
                RegionPart::Metrics => &watch::METRICS,
                RegionPart::Trails => &trail::TRAILS,
                RegionPart::Jobs => &jobs::JOBS,
            },
            Self::Alarm => &alarm::ALARM,
            Self::Topic => &topic::TOPIC,
            Self::Trail(part) => match part {
                TrailPart::Itself => &trail::TRAIL,
                TrailPart::Selectors => &recording::SELECTORS,
            },
        }
    }
}

impl Kind {
    /// Whether a bucket or a trail that was made with `tags` is born with `live` in a target of this kind.
    #[must_use]
    pub fn is_born_with(self, live: Option<&Document>, tags: &Tags) -> bool {
        match self.facts().born {
            Born::Nothing => false,
            Born::NeverSet => {
                matches!(live, Some(Document::Versioning(live)) if live.was_never_set())
            }
            Born::Tags => {
                matches!(live, Some(Document::Tags(live)) if live.is_empty() || *live == *tags)
            }
            // No default of AWS's names a key: somebody was there between the making and the look.
            Born::Defaults | Born::DefaultsThatStay => match live {
                Some(Document::Selectors(live)) => live.were_never_set(),
                live => !matches!(live, Some(Document::Encryption(live)) if live.key.is_some()),
            },
        }
    }
}

impl Document {
    /// The kind of target that this document belongs to.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bucket(_) => Kind::Bucket(BucketPart::Itself),
            Self::Tags(_) => Kind::Bucket(BucketPart::Tags),
            Self::Versioning(_) => Kind::Bucket(BucketPart::Versioning),
            Self::Encryption(_) => Kind::Bucket(BucketPart::Encryption),
            Self::Ownership(_) => Kind::Bucket(BucketPart::Ownership),
            Self::PublicAccess(_) => Kind::Bucket(BucketPart::PublicAccess),
            Self::BucketPolicy(_) => Kind::Bucket(BucketPart::Policy),
            Self::Replication(_) => Kind::Bucket(BucketPart::Replication),
            Self::ObjectLock(_) => Kind::Bucket(BucketPart::ObjectLock),
            Self::RequestPayment(_) => Kind::Bucket(BucketPart::RequestPayment),
            Self::Lifecycle(_) => Kind::Bucket(BucketPart::Lifecycle),
            Self::Logging(_) => Kind::Bucket(BucketPart::Logging),
            Self::Inventories(_) => Kind::Bucket(BucketPart::Inventory),
            Self::Notifications(_) => Kind::Bucket(BucketPart::Notifications),
            Self::Roles(_) => Kind::Account(AccountPart::Roles),
            Self::AccountPublicAccess(_) => Kind::Account(AccountPart::PublicAccess),
            Self::Buckets(_) => Kind::Account(AccountPart::Buckets),
            Self::Role(_) => Kind::Role(RolePart::Itself),
            Self::RolePolicy(_) => Kind::Role(RolePart::Policy),
            Self::RolePolicies(_) => Kind::Role(RolePart::Policies),
            Self::RoleTexts(_) => Kind::Role(RolePart::Texts),
            Self::Key(_) => Kind::Key(KeyPart::Itself),
            Self::KeyPolicy(_) => Kind::Key(KeyPart::Policy),
            Self::Grants(_) => Kind::Key(KeyPart::Grants),
            Self::AlarmNames(_) => Kind::Region(RegionPart::Alarms),
            Self::RuleMetrics(_) => Kind::Region(RegionPart::Metrics),
            Self::Alarm(_) => Kind::Alarm,
            Self::Topic(_) => Kind::Topic,
            Self::Trail(_) => Kind::Trail(TrailPart::Itself),
            Self::Selectors(_) => Kind::Trail(TrailPart::Selectors),
            Self::Trails(_) => Kind::Region(RegionPart::Trails),
            Self::Jobs(_) => Kind::Region(RegionPart::Jobs),
        }
    }

    /// The policy, where the document is one.
    #[must_use]
    pub const fn policy(&self) -> Option<&Policy> {
        match self {
            Self::BucketPolicy(policy) | Self::RolePolicy(policy) | Self::KeyPolicy(policy) => {
                Some(policy)
            }
            Self::Bucket(_)
            | Self::Tags(_)
            | Self::Versioning(_)
            | Self::Encryption(_)
            | Self::Ownership(_)
            | Self::PublicAccess(_)
            | Self::Replication(_)
            | Self::ObjectLock(_)
            | Self::RequestPayment(_)
            | Self::Lifecycle(_)
            | Self::Logging(_)
            | Self::Inventories(_)
            | Self::Notifications(_)
            | Self::Roles(_)
            | Self::AccountPublicAccess(_)
            | Self::Buckets(_)
            | Self::Role(_)
            | Self::RolePolicies(_)
            | Self::RoleTexts(_)
            | Self::Key(_)
            | Self::Grants(_)
            | Self::AlarmNames(_)
            | Self::RuleMetrics(_)
            | Self::Alarm(_)
            | Self::Topic(_)
            | Self::Trail(_)
            | Self::Selectors(_)
            | Self::Trails(_)
            | Self::Jobs(_) => None,
        }
    }

    /// What the policy says, where the document is one that can be read.
    #[must_use]
    pub fn policy_document(&self) -> Option<&PolicyDocument> {
        self.policy()?.document()
    }

    /// The same document with another policy; itself where it is none.
    #[must_use]
    pub fn with_policy(&self, policy: Policy) -> Self {
        match self {
            Self::BucketPolicy(_) => Self::BucketPolicy(policy),
            Self::RolePolicy(_) => Self::RolePolicy(policy),
            Self::KeyPolicy(_) => Self::KeyPolicy(policy),
            Self::Bucket(_)
            | Self::Tags(_)
            | Self::Versioning(_)
            | Self::Encryption(_)
            | Self::Ownership(_)
            | Self::PublicAccess(_)
            | Self::Replication(_)
            | Self::ObjectLock(_)
            | Self::RequestPayment(_)
            | Self::Lifecycle(_)
            | Self::Logging(_)
            | Self::Inventories(_)
            | Self::Notifications(_)
            | Self::Roles(_)
            | Self::AccountPublicAccess(_)
            | Self::Buckets(_)
            | Self::Role(_)
            | Self::RolePolicies(_)
            | Self::RoleTexts(_)
            | Self::Key(_)
            | Self::Grants(_)
            | Self::AlarmNames(_)
            | Self::RuleMetrics(_)
            | Self::Alarm(_)
            | Self::Topic(_)
            | Self::Trail(_)
            | Self::Selectors(_)
            | Self::Trails(_)
            | Self::Jobs(_) => self.clone(),
        }
    }

    /// Asks the document of its kind.
    fn ask<T>(&self, question: impl FnOnce(&dyn Holding) -> T) -> T {
        match self {
            Self::Bucket(held) => question(held),
            Self::Tags(held) => question(held),
            Self::Versioning(held) => question(held),
            Self::Encryption(held) => question(held),
            Self::Ownership(held) => question(held),
            Self::PublicAccess(held) => question(held),
            Self::BucketPolicy(held) => question(&policy::OfBucket(held)),
            Self::Replication(held) => question(held),
            Self::ObjectLock(held) => question(held),
            Self::RequestPayment(held) => question(held),
            Self::Lifecycle(held) => question(held),
            Self::Logging(held) => question(held),
            Self::Inventories(held) => question(held),
            Self::Notifications(held) => question(held),
            Self::Roles(held) => question(held),
            Self::AccountPublicAccess(held) => question(held),
            Self::Buckets(held) => question(held),
            Self::Role(held) => question(held),
            Self::RolePolicy(held) => question(&policy::OfRole(held)),
            Self::RolePolicies(held) => question(held),
            Self::RoleTexts(held) => question(held),
            Self::Key(held) => question(held),
            Self::KeyPolicy(held) => question(&kms::OfKey(held)),
            Self::Grants(held) => question(held),
            Self::AlarmNames(held) => question(held),
            Self::RuleMetrics(held) => question(held),
            Self::Alarm(held) => question(&**held),
            Self::Topic(held) => question(held),
            Self::Trail(held) => question(&**held),
            Self::Selectors(held) => question(held),
            Self::Trails(held) => question(held),
            Self::Jobs(held) => question(held),
        }
    }

    /// The canonical form: equal exactly where the meaning is equal.
    #[must_use]
    pub fn canonical(&self) -> Value {
        self.ask(|held| held.canonical())
    }

    /// The document for reviewers.
    #[must_use]
    pub fn view(&self) -> Value {
        self.ask(|held| held.view())
    }

    /// The parts that a reviewer reads and a migration owns, each with its path; none where the document is one thing.
    pub(crate) fn parts(&self) -> Option<kind::Parts> {
        self.ask(|held| held.parts())
    }

    /// What the document makes depend on what, as what a target holds.
    #[must_use]
    pub fn links(&self, at: &Target) -> Vec<Link> {
        self.ask(|held| held.links(at))
    }
}

/// Every call of every kind with its service, and the IAM actions that it needs: the one table for permissions and for hints.
/// Two services may call an operation alike.
pub fn calls() -> impl Iterator<Item = (Service, Call)> {
    let buckets = BucketPart::ALL.into_iter().map(Kind::Bucket);
    let accounts = AccountPart::ALL.into_iter().map(Kind::Account);
    let roles = RolePart::ALL.into_iter().map(Kind::Role);
    let keys = KeyPart::ALL.into_iter().map(Kind::Key);
    let regions = RegionPart::ALL.into_iter().map(Kind::Region);
    let trails = TrailPart::ALL.into_iter().map(Kind::Trail);
    let kinds = buckets.chain(accounts).chain(roles);
    let kinds = kinds.chain(keys).chain(regions).chain(trails);
    let kinds = kinds.chain([Kind::Alarm, Kind::Topic]);
    kinds.flat_map(|kind| {
        let facts = kind.facts();
        let writes = [Verb::Create, Verb::Update, Verb::Delete].map(|verb| facts.to(verb));
        let all = std::iter::once(facts.read).chain(writes);
        all.flatten().map(|call| (facts.service, *call))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn born(part: BucketPart, live: Document, tags: &Tags) -> bool {
        Kind::Bucket(part).is_born_with(Some(&live), tags)
    }

    #[test]
    fn a_policy_is_never_born_with_a_bucket() {
        let policy = Document::BucketPolicy(Policy::read("{}"));
        assert!(!born(BucketPart::Policy, policy, &Tags::new()));
    }

    #[test]
    fn a_bucket_is_born_with_encryption_and_without_a_key() {
        let born = |algorithm: &str, key: Option<&str>| {
            let encryption = BucketEncryption {
                algorithm: algorithm.to_owned(),
                key: key.map(str::to_owned),
                bucket_key: false,
                blocked: BTreeSet::from(["SSE-C".to_owned()]),
            };
            let live = Document::Encryption(encryption);
            born(BucketPart::Encryption, live, &Tags::new())
        };
        assert!(born("AES256", None));
        let key = "arn:aws:kms:eu-central-1:222222222222:key/k";
        assert!(!born("aws:kms", Some(key)), "somebody was faster");
    }

    #[test]
    fn a_new_bucket_was_never_versioned() {
        let born = |status| {
            let versioning = Document::Versioning(Versioning {
                status,
                mfa_delete: false,
            });
            born(BucketPart::Versioning, versioning, &Tags::new())
        };
        assert!(born(VersioningStatus::Never));
        assert!(!born(VersioningStatus::Suspended));
    }

    #[test]
    fn tags_that_nobody_of_this_run_gave_are_somebody_elses() {
        let tags = |key: &str| Tags::from([(key.to_owned(), "1".to_owned())]);
        let born = |live| born(BucketPart::Tags, Document::Tags(live), &tags("ours"));
        assert!(born(tags("ours")));
        assert!(born(Tags::new()));
        assert!(!born(tags("theirs")));
    }
}
