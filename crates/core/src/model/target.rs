//! Targets: the things that AWS reads and writes whole, as a place and a part of it, and who owns them.

use std::cmp::Ordering;
use std::fmt;

use crate::ids::{AccountId, Region};
use crate::listed::listed;
pub use crate::places::{
    AccountRef, AlarmRef, BucketRef, KeyRef, RegionRef, RoleRef, TopicRef, TrailRef,
};

/// What AWS reads and writes whole: a part of a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A part of a bucket.
    Bucket(BucketRef, BucketPart),
    /// A part of an account.
    Account(AccountRef, AccountPart),
    /// A part of a role.
    Role(RoleRef, RolePart),
    /// A part of a KMS key.
    Key(KeyRef, KeyPart),
    /// What an account has in one Region.
    Region(RegionRef, RegionPart),
    /// A CloudWatch alarm.
    Alarm(AlarmRef),
    /// An SNS topic; read only.
    Topic(TopicRef),
    /// A part of a CloudTrail trail.
    Trail(TrailRef, TrailPart),
}

listed! {
    /// What a bucket has that is read and written whole.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum BucketPart {
        /// The bucket itself: whether it exists.
        Itself,
        /// Its tags.
        Tags,
        /// Its versioning.
        Versioning,
        /// Its default encryption.
        Encryption,
        /// Its ownership controls.
        Ownership,
        /// Its public access block.
        PublicAccess,
        /// Its policy.
        Policy,
        /// Its replication configuration.
        Replication,
        /// Its Object Lock configuration; read only.
        ObjectLock,
        /// Who pays for requests to it; read only.
        RequestPayment,
        /// Its lifecycle rules; read only.
        Lifecycle,
        /// Where its access logs go.
        Logging,
        /// Its inventory configurations.
        Inventory,
        /// Who hears of what happens to its objects.
        Notifications,
    }
}

listed! {
    /// What an account has that is read whole.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum AccountPart {
        /// The roles that may be s3ferry's; read only, to find what left the spec.
        Roles,
        /// The public access block of all its buckets; read only.
        PublicAccess,
        /// Its buckets; read only, to find what replicates.
        Buckets,
    }
}

listed! {
    /// What a role has that is read and written whole.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum RolePart {
        /// The role itself: path, trust policy, tags.
        Itself,
        /// The one inline policy that is s3ferry's, [`ROLE_POLICY_NAME`].
        Policy,
        /// The names of all its policies, of which those of others go where they are handed over.
        Policies,
        /// What all its policies and its permissions boundary say; read only, to tell what the role may do.
        Texts,
    }
}

impl RolePart {
    /// What of every role is read that a plan concerns.
    pub const LOOKED_AT: [Self; 3] = [Self::Itself, Self::Policy, Self::Policies];
}

listed! {
    /// What a KMS key has that is read and written whole.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum KeyPart {
        /// The key itself: what it is and whether it can be used; read only.
        Itself,
        /// Its one policy.
        Policy,
        /// Its grants; read only, where its policy alone does not let the replication role in.
        Grants,
    }
}

impl KeyPart {
    /// What of every key is read that a plan concerns.
    pub const LOOKED_AT: [Self; 2] = [Self::Itself, Self::Policy];
}

listed! {
    /// What an account has in one Region that is read whole.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum RegionPart {
        /// The names of the alarms that may be s3ferry's; read only, to find what left the spec.
        Alarms,
        /// The replication metrics that had datapoints of late; read only.
        Metrics,
        /// The trails that record there, wherever they are at home; read only.
        Trails,
        /// The jobs of S3 Batch Operations that say that they are s3ferry's; read only.
        Jobs,
    }
}

listed! {
    /// What a trail has that is read and written whole.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum TrailPart {
        /// The trail itself: where it writes, its tags, whether it is switched on.
        Itself,
        /// What it records.
        Selectors,
    }
}

/// The name of the inline policy that s3ferry puts on its roles.
pub const ROLE_POLICY_NAME: &str = "s3ferry";

/// The path that s3ferry's roles are under, half of their ownership marker.
pub const ROLE_PATH: &str = "/s3ferry/";

/// The kind of a target, without which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A part of a bucket.
    Bucket(BucketPart),
    /// A part of an account.
    Account(AccountPart),
    /// A part of a role.
    Role(RolePart),
    /// A part of a KMS key.
    Key(KeyPart),
    /// What an account has in one Region.
    Region(RegionPart),
    /// An alarm.
    Alarm,
    /// A topic.
    Topic,
    /// A part of a trail.
    Trail(TrailPart),
}

/// The service that a target is reached through; AWS throttles each apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Amazon S3.
    S3,
    /// IAM.
    Iam,
    /// S3 Control, which answers for the settings of an account.
    S3Control,
    /// KMS.
    Kms,
    /// CloudWatch.
    CloudWatch,
    /// SNS.
    Sns,
    /// CloudTrail.
    CloudTrail,
}

impl Service {
    /// The service as the AWS CLI spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Iam => "iam",
            Self::S3Control => "s3control",
            Self::Kms => "kms",
            Self::CloudWatch => "cloudwatch",
            Self::Sns => "sns",
            Self::CloudTrail => "cloudtrail",
        }
    }

    /// How many writes a second AWS takes of an account in a Region, where that is few enough to be felt.
    ///
    /// CloudWatch takes 3 of each of its operations on alarms, which no one can have raised (CWUG:cloudwatch_limits).
    #[must_use]
    pub const fn writes_a_second(self) -> Option<u32> {
        match self {
            Self::CloudWatch => Some(3),
            Self::S3 | Self::Iam | Self::S3Control | Self::Kms => None,
            Self::Sns | Self::CloudTrail => None,
        }
    }
}

impl Target {
    /// The kind of this target.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bucket(_, part) => Kind::Bucket(*part),
            Self::Account(_, part) => Kind::Account(*part),
            Self::Role(_, part) => Kind::Role(*part),
            Self::Key(_, part) => Kind::Key(*part),
            Self::Region(_, part) => Kind::Region(*part),
            Self::Alarm(_) => Kind::Alarm,
            Self::Topic(_) => Kind::Topic,
            Self::Trail(_, part) => Kind::Trail(*part),
        }
    }

    /// The bucket that this target is a part of.
    #[must_use]
    pub const fn bucket(&self) -> Option<&BucketRef> {
        match self {
            Self::Bucket(bucket, _) => Some(bucket),
            Self::Account(_, _) | Self::Role(_, _) | Self::Key(_, _) => None,
            Self::Trail(_, _) | Self::Region(_, _) | Self::Alarm(_) | Self::Topic(_) => None,
        }
    }

    /// The key that this target is a part of.
    #[must_use]
    pub const fn key(&self) -> Option<&KeyRef> {
        match self {
            Self::Key(key, _) => Some(key),
            Self::Bucket(_, _) | Self::Account(_, _) | Self::Role(_, _) | Self::Trail(_, _) => None,
            Self::Region(_, _) | Self::Alarm(_) | Self::Topic(_) => None,
        }
    }

    /// The Region that the target is in; none for what an account has in all of them.
    #[must_use]
    pub const fn region(&self) -> Option<&Region> {
        match self {
            Self::Bucket(of, _) => Some(&of.region),
            Self::Key(of, _) => Some(&of.region),
            Self::Region(of, _) => Some(&of.region),
            Self::Alarm(of) => Some(&of.region),
            Self::Topic(of) => Some(&of.region),
            Self::Trail(of, _) => Some(&of.region),
            Self::Account(_, _) | Self::Role(_, _) => None,
        }
    }

    /// The role that this target is a part of.
    #[must_use]
    pub const fn role(&self) -> Option<&RoleRef> {
        match self {
            Self::Role(role, _) => Some(role),
            Self::Bucket(_, _) | Self::Account(_, _) | Self::Key(_, _) | Self::Trail(_, _) => None,
            Self::Region(_, _) | Self::Alarm(_) | Self::Topic(_) => None,
        }
    }

    /// What the target is a part of; a bucket, a role, a key and a trail are their own wholes.
    #[must_use]
    pub fn whole(&self) -> Option<Self> {
        match self {
            Self::Bucket(of, _) => Some(Self::Bucket(of.clone(), BucketPart::Itself)),
            Self::Role(of, _) => Some(Self::Role(of.clone(), RolePart::Itself)),
            Self::Key(of, _) => Some(Self::Key(of.clone(), KeyPart::Itself)),
            Self::Alarm(of) => Some(Self::Alarm(of.clone())),
            Self::Trail(of, _) => Some(Self::Trail(of.clone(), TrailPart::Itself)),
            Self::Account(_, _) | Self::Region(_, _) | Self::Topic(_) => None,
        }
    }

    /// The account that the target is in.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        match self {
            Self::Bucket(bucket, _) => &bucket.account,
            Self::Account(of, _) => &of.account,
            Self::Role(role, _) => &role.account,
            Self::Key(key, _) => &key.account,
            Self::Region(of, _) => &of.account,
            Self::Alarm(of) => &of.account,
            Self::Topic(of) => &of.account,
            Self::Trail(of, _) => &of.account,
        }
    }

    /// The address below the account, e.g. `bucket/orders-prod/versioning`.
    #[must_use]
    pub fn path(&self) -> String {
        let part = self.kind().facts().path;
        match self {
            Self::Bucket(of, _) => format!("bucket/{}{part}", of.bucket),
            Self::Account(_, _) => part.to_owned(),
            Self::Role(of, _) => format!("role/{}{part}", of.name),
            // A multi-Region key has one ID in several Regions.
            Self::Key(of, _) => format!("key/{}/{}{part}", of.region, of.id),
            Self::Region(of, _) => format!("{part}/{}", of.region),
            Self::Alarm(of) => format!("alarm/{}/{}", of.region, of.name),
            Self::Topic(of) => format!("topic/{}/{}", of.region, of.name()),
            Self::Trail(of, _) => format!("trail/{}/{}{part}", of.region, of.name),
        }
    }
}

/// Targets of one kind stand together, by place: in this order they are read, written and waited for.
impl Ord for Target {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_place = || match (self, other) {
            (Self::Bucket(one, _), Self::Bucket(other, _)) => one.cmp(other),
            (Self::Account(one, _), Self::Account(other, _)) => one.cmp(other),
            (Self::Role(one, _), Self::Role(other, _)) => one.cmp(other),
            (Self::Key(one, _), Self::Key(other, _)) => one.cmp(other),
            (Self::Region(one, _), Self::Region(other, _)) => one.cmp(other),
            (Self::Alarm(one), Self::Alarm(other)) => one.cmp(other),
            (Self::Topic(one), Self::Topic(other)) => one.cmp(other),
            (Self::Trail(one, _), Self::Trail(other, _)) => one.cmp(other),
            (
                Self::Bucket(..)
                | Self::Account(..)
                | Self::Role(..)
                | Self::Key(..)
                | Self::Region(..)
                | Self::Alarm(..)
                | Self::Topic(..)
                | Self::Trail(..),
                _,
            ) => Ordering::Equal,
        };
        self.kind().cmp(&other.kind()).then_with(by_place)
    }
}

impl PartialOrd for Target {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The address without the account's name: account ID first, then the path to the target.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account(), self.path())
    }
}
