//! Places: buckets, roles, keys and accounts, which targets are parts of.

use std::collections::BTreeSet;

use crate::ids::{AccountId, AlarmName, Arn, BucketName, Partition, Region, RoleName, TrailName};

/// A bucket, with the account and the Region that the spec says it is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketRef {
    /// The account that must own it; sent as expected owner with every call.
    pub account: AccountId,
    /// The Region that it must be in.
    pub region: Region,
    /// Its name.
    pub bucket: BucketName,
}

impl BucketRef {
    /// The bucket's ARN.
    #[must_use]
    pub fn arn(&self) -> Arn {
        self.region.partition().bucket_arn(&self.bucket)
    }
}

/// A role in an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleRef {
    /// The account.
    pub account: AccountId,
    /// The partition, which an account ID does not tell.
    pub partition: Partition,
    /// The role's name, unique in the account whatever its path.
    pub name: RoleName,
}

impl RoleRef {
    /// The role that an ARN is of, whatever its path; none where the ARN is of something else.
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut fields = arn.splitn(6, ':');
        let ("arn", partition, "iam", "") = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        ) else {
            return None;
        };
        let account = AccountId::new(fields.next()?).ok()?;
        let path = fields.next()?.strip_prefix("role/")?;
        Some(Self {
            account,
            partition: Partition::parse(partition)?,
            name: RoleName::new(path.rsplit('/').next()?).ok()?,
        })
    }

    /// The role's ARN under a path that begins and ends with `/`.
    #[must_use]
    pub fn arn(&self, path: &str) -> Arn {
        self.partition.role_arn(&self.account, path, &self.name)
    }
}

/// An account, whose lists and settings are targets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountRef {
    /// The account.
    pub account: AccountId,
    /// The partition, which an account ID does not tell.
    pub partition: Partition,
}

impl AccountRef {
    /// The account in those of some Regions that are of its partition.
    pub(crate) fn in_regions<'a>(
        &'a self,
        regions: &'a BTreeSet<Region>,
    ) -> impl Iterator<Item = RegionRef> + 'a {
        let own = regions.iter().filter(|of| of.partition() == self.partition);
        own.map(|region| RegionRef {
            account: self.account.clone(),
            region: region.clone(),
        })
    }

    /// The Region in which IAM is called, and its events are, in the account's partition (General Reference, "IAM endpoints").
    ///
    /// # Panics
    /// Never: the three are Regions.
    #[must_use]
    pub fn iam_region(&self) -> Region {
        let region = match self.partition {
            Partition::Commercial => "us-east-1",
            Partition::China => "cn-north-1",
            Partition::GovCloud => "us-gov-west-1",
        };
        Region::new(region).expect("the three are Regions")
    }

    /// The account of something in a Region.
    #[must_use]
    pub fn of(account: &AccountId, region: &Region) -> Self {
        Self {
            account: account.clone(),
            partition: region.partition(),
        }
    }
}

/// An account in one Region: what is listed there is there alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionRef {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
}

/// A CloudWatch alarm; its name is unique in its account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmRef {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// Its name.
    pub name: AlarmName,
}

impl AlarmRef {
    /// Where it is.
    #[must_use]
    pub fn place(&self) -> RegionRef {
        RegionRef {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    /// The alarm's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        self.place().alarm_arn(self.name.as_str())
    }
}

impl RegionRef {
    /// Where a bucket is.
    #[must_use]
    pub fn of(bucket: &BucketRef) -> Self {
        Self {
            account: bucket.account.clone(),
            region: bucket.region.clone(),
        }
    }

    /// The alarm of a name here.
    #[must_use]
    pub fn alarm(&self, name: &AlarmName) -> AlarmRef {
        AlarmRef {
            account: self.account.clone(),
            region: self.region.clone(),
            name: name.clone(),
        }
    }

    /// The pattern of the ARNs of all jobs of S3 Batch Operations here.
    #[must_use]
    pub fn jobs_arn(&self) -> String {
        let Self { account, region } = self;
        let partition = region.partition();
        format!("arn:{partition}:s3:{region}:{account}:job/*")
    }

    /// The ARN of an alarm here, or the pattern of those whose names a pattern takes.
    #[must_use]
    pub fn alarm_arn(&self, name: &str) -> String {
        let Self { account, region } = self;
        let partition = region.partition();
        format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}")
    }
}

/// A CloudTrail trail, which is changed in its home Region alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailRef {
    /// The account.
    pub account: AccountId,
    /// Its home Region.
    pub region: Region,
    /// Its name.
    pub name: TrailName,
}

impl TrailRef {
    /// Where it is at home.
    #[must_use]
    pub fn place(&self) -> RegionRef {
        RegionRef {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    /// The trail's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        let Self {
            account,
            region,
            name,
        } = self;
        let partition = region.partition();
        format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{name}")
    }
}

/// An SNS topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicRef {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// Its ARN.
    pub arn: Arn,
}

impl TopicRef {
    /// The topic that an ARN is of; none where it is of something else.
    #[must_use]
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let is_topic = arn.service() == "sns" && !arn.resource().contains(':');
        let account = AccountId::new(arn.account()).ok()?;
        let region = Region::new(arn.region()).ok()?;
        is_topic.then(|| Self {
            account,
            region,
            arn: arn.clone(),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.resource()
    }
}

/// A KMS key, by the account and the Region that its ARN names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRef {
    /// The account that owns it.
    pub account: AccountId,
    /// The Region that it is in.
    pub region: Region,
    /// Its key ID.
    pub id: String,
}

impl KeyRef {
    /// The key that an ARN is of; none where the ARN is of something else, as of an alias.
    #[must_use]
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let id = arn.resource().strip_prefix("key/")?;
        let region = Region::new(arn.region()).ok()?;
        let is_key = arn.service() == "kms" && is_key_id(id);
        let is_whole = arn.partition() == region.partition().as_str();
        Some(Self {
            account: AccountId::new(arn.account()).ok()?,
            region,
            id: id.to_owned(),
        })
        .filter(|_| is_key && is_whole)
    }

    /// The key's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        let Self {
            account,
            region,
            id,
        } = self;
        format!("arn:{}:kms:{region}:{account}:key/{id}", region.partition())
    }
}

/// Whether a text can be the ID of a key: a UUID, or `mrk-` and digits (BC:kms KeyId). Nothing in it ends a path.
fn is_key_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !id.is_empty() && id.bytes().all(fits)
}
