//! Conflicts: what a merge refuses to do; why stands in [`message`], the ways out in [`ways`].

mod message;
mod ways;

use crate::format::{Finding, FindingLevel};
use crate::model::Target;
use crate::model::kinds::SeenTrail;

/// A refusal. An apply writes nothing while one stands (exit 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The target that would have been written.
    pub target: Target,
    /// The address of what stands in the way.
    pub address: String,
    /// What stands in the way.
    pub kind: ConflictKind,
}

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConflictKind {
    /// A bucket that must exist does not.
    MissingBucket {
        /// Whether it is a destination, which s3ferry can make.
        can_be_made: bool,
    },
    /// A bucket that `create: true` would make exists and carries no marker of this spec.
    UnmarkedBucket,
    /// A role of the name exists and carries no marker of this spec.
    UnmarkedRole,
    /// An alarm of the name exists and does not say that it is this spec's.
    UnmarkedAlarm,
    /// An alarm of ours has become one of another sort, by what CloudWatch calls these parts.
    OtherAlarm(Vec<String>),
    /// Versioning cannot be turned on: MFA Delete needs the root's device.
    MfaDelete,
    /// The live policy is no policy that can be read.
    UnreadablePolicy(String),
    /// The live policy is of another version, under which our statements would mean something else.
    PolicyVersion(String),
    /// A foreign rule is of schema V1; a configuration holds one schema only, and V1 replicates delete markers.
    LegacyRules(Vec<String>),
    /// Foreign rules run under another role; a configuration has one.
    OtherRole {
        /// The role that is configured.
        live: String,
        /// The role that the spec asks for.
        wanted: String,
        /// The foreign rules.
        rules: Vec<String>,
    },
    /// Rules of migrations that `--target` leaves out run under another role; a configuration has one.
    RoleOfOthers {
        /// The role that is configured.
        live: String,
        /// The role that the spec asks for.
        wanted: String,
        /// The rules of the other migrations.
        rules: Vec<String>,
    },
    /// The live configuration holds elements that this build cannot write back.
    Unmodelled(Vec<String>),
    /// Rules that are not this plan's hold an element that S3 still answers and no longer takes.
    DeadElement(Vec<String>),
    /// A role that left the spec has policies that are not ours, by address.
    ForeignPolicies(Vec<String>),
    /// Policies that were handed over are on a role under which rules of others run.
    PoliciesOfRules {
        /// The policies, by address.
        policies: Vec<String>,
        /// The rules, by address.
        rules: Vec<String>,
    },
    /// A role that left the spec is the role of a configuration with rules that are not ours.
    ForeignRules(Vec<String>),
    /// Statements that are not ours name principals that were deleted, and AWS refuses to write a policy with such.
    DeletedPrincipals(Vec<String>),
    /// The policy of a key would no longer let these in who administer it; none where nobody would be left.
    LocksOut(Vec<String>),
    /// The bucket is logged elsewhere, and not by this spec; a bucket has one place for its logs.
    OtherLogging {
        /// The bucket that the logs go to.
        bucket: String,
        /// What their keys begin with.
        prefix: String,
        /// How their keys go on, in the spec's word.
        key_format: &'static str,
    },
    /// Others are granted something on the logs, and the bucket of this name that they shall go to takes no grants.
    LoggingGrants(String),
    /// Somebody else's event notification tells the event already; S3 tells it to one.
    ToldElsewhere {
        /// The notification's ID.
        id: String,
        /// Who hears of it, by ARN.
        to: String,
        /// The event.
        event: String,
        /// Whether that is whom the spec names.
        is_same: bool,
    },
    /// A trail of this name is there and does not say that it is this spec's.
    UnmarkedTrail,
    /// No trail of this name is there that could be told what to record; one of that name that records here, and is not to be changed from here.
    MissingTrail(Option<SeenTrail>),
    /// A trail of ours, of which the spec no longer says where it writes: that bucket.
    UnplacedTrail(String),
    /// A trail would record more than CloudTrail takes: what is counted, how many, and the most.
    FullTrail {
        /// What is counted.
        unit: &'static str,
        /// As it would be.
        size: usize,
        /// What CloudTrail takes.
        limit: usize,
    },
    /// The names of the specs that share a role are longer than the tag that names them may be.
    TooManySpecs {
        /// The other specs.
        specs: Vec<String>,
        /// Characters, as there would be.
        size: usize,
        /// What IAM takes.
        limit: usize,
    },
    /// The document would be larger than AWS takes: size and limit in AWS's unit.
    TooLarge {
        /// Bytes, characters or rules.
        unit: &'static str,
        /// As it would be.
        size: usize,
        /// What AWS takes.
        limit: usize,
    },
}

impl Conflict {
    /// The refusal as a finding.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding {
            code: self.kind.code().to_owned(),
            level: FindingLevel::Blocked,
            address: self.address.clone(),
            message: self.kind.message(),
            help: self.kind.help(&self.address),
        }
    }
}

impl ConflictKind {
    /// The finding's code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingBucket { .. } => "bucket-missing",
            Self::UnmarkedBucket => "bucket-not-ours",
            Self::UnmarkedRole => "role-not-ours",
            Self::UnmarkedAlarm => "alarm-not-ours",
            Self::OtherAlarm(_) => "alarm-other-sort",
            Self::MfaDelete => "mfa-delete",
            Self::UnreadablePolicy(_) => "policy-unreadable",
            Self::PolicyVersion(_) => "policy-version",
            Self::LegacyRules(_) => "rules-v1",
            Self::OtherRole { .. } => "rules-other-role",
            Self::RoleOfOthers { .. } => "target-shares-role",
            Self::Unmodelled(_) => "replication-unmodelled",
            Self::DeadElement(_) => "replication-existing-objects",
            Self::ForeignPolicies(_) => "role-foreign-policies",
            Self::PoliciesOfRules { .. } => "role-policies-needed",
            Self::ForeignRules(_) => "role-foreign-rules",
            Self::DeletedPrincipals(_) => "policy-deleted-principal",
            Self::LocksOut(_) => "key-policy-locks-out",
            Self::OtherLogging { .. } => "logging-elsewhere",
            Self::LoggingGrants(_) => "logging-grants",
            Self::ToldElsewhere { .. } => "events-elsewhere",
            Self::UnmarkedTrail => "trail-not-ours",
            Self::MissingTrail(_) => "trail-missing",
            Self::UnplacedTrail(_) => "trail-without-bucket",
            Self::FullTrail { .. } => "trail-full",
            Self::TooManySpecs { .. } | Self::TooLarge { .. } => "too-large",
        }
    }
}
