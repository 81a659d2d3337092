//! Places: buckets, roles and accounts, which targets are parts of.

use crate::ids::{AccountId, Arn, BucketName, Partition, Region, RoleName};

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
    /// The account of something in a Region.
    #[must_use]
    pub fn of(account: &AccountId, region: &Region) -> Self {
        Self {
            account: account.clone(),
            partition: region.partition(),
        }
    }
}
