//! Calls: an operation, the IAM actions that its caller needs, and what AWS checks each of them against.
//!
//! It is the one table of permissions: the plan's `permissions`, the command of that name and the hints of a denial all read it.

/// An operation, and the IAM actions that its caller needs.
///
/// The action is not always called like the operation (BC:s3 and BC:iam, each operation's page).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The operation in AWS's words, e.g. `GetBucketEncryption`.
    pub operation: &'static str,
    /// What its caller needs.
    pub needs: &'static [Need],
}

/// An IAM action, and what it is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The action, e.g. `s3:GetEncryptionConfiguration`.
    pub action: &'static str,
    /// What AWS checks it against (IAM's Service Authorization Reference, "Resource types").
    pub on: On,
}

/// What an action is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// The bucket or the role that the call is made on.
    Place,
    /// The bucket, with the prefix that is listed as a condition key.
    Listing,
    /// The customer and AWS managed policies that a role may have.
    Policies,
    /// Objects of the bucket.
    Objects,
    /// The key that S3 encrypts with for the caller.
    Key,
    /// The role that is passed to S3.
    PassedRole,
    /// The role that is passed to S3 Batch Operations.
    PassedToBatch,
    /// The jobs of S3 Batch Operations there: their names are S3's.
    Jobs,
    /// Nothing: the action takes no resource but `*`.
    Account,
}

/// The versions of a bucket.
pub(crate) const LIST_VERSIONS: Call = Call::of(
    "ListObjectVersions",
    &[Need::place("s3:ListBucketVersions")],
);

/// The tags of a version.
pub(crate) const TAGS_OF_VERSION: Call = Call::of(
    "GetObjectTagging",
    &[Need::objects("s3:GetObjectVersionTagging")],
);

impl Call {
    pub(crate) const fn of(operation: &'static str, needs: &'static [Need]) -> Self {
        Self { operation, needs }
    }

    /// The actions.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.needs.iter().map(|need| need.action)
    }
}

impl Need {
    pub(crate) const fn place(action: &'static str) -> Self {
        Self::on(action, On::Place)
    }

    pub(crate) const fn listing(action: &'static str) -> Self {
        Self::on(action, On::Listing)
    }

    pub(crate) const fn policies(action: &'static str) -> Self {
        Self::on(action, On::Policies)
    }

    pub(crate) const fn objects(action: &'static str) -> Self {
        Self::on(action, On::Objects)
    }

    pub(crate) const fn key(action: &'static str) -> Self {
        Self::on(action, On::Key)
    }

    pub(crate) const fn passed_role(action: &'static str) -> Self {
        Self::on(action, On::PassedRole)
    }

    pub(crate) const fn passed_to_batch(action: &'static str) -> Self {
        Self::on(action, On::PassedToBatch)
    }

    pub(crate) const fn job(action: &'static str) -> Self {
        Self::on(action, On::Jobs)
    }

    pub(crate) const fn account(action: &'static str) -> Self {
        Self::on(action, On::Account)
    }

    const fn on(action: &'static str, on: On) -> Self {
        Self { action, on }
    }
}
