//! Conflicts: what a merge refuses to do, why, and both ways out.

use crate::format::{Finding, FindingLevel};
use crate::ids::in_line;
use crate::model::Target;
use crate::model::kinds::SeenTrail;
use crate::ownership::SPEC_TAG;

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
    MissingBucket,
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
            Self::MissingBucket => "bucket-missing",
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

    /// What was found.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::MissingBucket => "the bucket does not exist".to_owned(),
            Self::UnmarkedBucket => {
                "the bucket exists already and does not carry this spec's tag".to_owned()
            }
            Self::UnmarkedRole => {
                "a role of this name exists already and does not carry this spec's tag".to_owned()
            }
            Self::UnmarkedAlarm => {
                "an alarm of this name exists already and does not say in its description that it is this spec's".to_owned()
            }
            Self::OtherAlarm(parts) => format!(
                "somebody made another sort of alarm of this one, which s3ferry does not write: it has {}",
                parts.join(", ")
            ),
            Self::MfaDelete => {
                "versioning is not enabled and MFA Delete is on: only the account's \
                 root user can change it, with the device"
                    .to_owned()
            }
            Self::UnreadablePolicy(problem) => {
                format!("the live policy cannot be read: {problem}")
            }
            Self::PolicyVersion(problem) => problem.clone(),
            Self::LegacyRules(rules) => format!(
                "rules that are not this spec's are written in the old schema (V1): {}. One \
                 configuration holds one schema, and V1 replicates delete markers; converting them \
                 would change what they do",
                rules.join(", ")
            ),
            Self::OtherRole {
                live,
                wanted,
                rules,
            } => format!(
                "rules that are not this spec's ({}) run under the role {live}; a configuration has \
                 one role for all rules, and the spec asks for {wanted}",
                rules.join(", ")
            ),
            Self::RoleOfOthers {
                live,
                wanted,
                rules,
            } => format!(
                "rules of migrations that are not among the targets ({}) run under the role {live}; \
                 a configuration has one role for all rules, and the spec asks for {wanted}, which \
                 their destinations do not know yet",
                rules.join(", ")
            ),
            Self::Unmodelled(elements) => format!(
                "the live configuration holds what this version of s3ferry cannot write back: {}",
                elements.join(", ")
            ),
            Self::DeadElement(rules) => format!(
                "rules that are not this plan's hold ExistingObjectReplication ({}), which AWS Support \
                 switched on for single buckets; S3 still answers it and refuses every configuration \
                 that is written with it",
                rules.join(", ")
            ),
            Self::PoliciesOfRules { policies, rules } => format!(
                "guards.adopt hands over policies of the role ({}) that rules under it which are not \
                 s3ferry's may need ({}): without them their objects would fail, and failed objects \
                 are not tried again",
                policies.join(", "),
                rules.join(", ")
            ),
            Self::ForeignRules(rules) => format!(
                "the role left the spec, but rules that are not this spec's run under it: {}",
                rules.join(", ")
            ),
            Self::DeletedPrincipals(statements) => format!(
                "statements that are not this plan's name principals that were deleted ({}); AWS \
                 refuses to write a policy that holds such a principal",
                statements.join(", ")
            ),
            Self::LocksOut(lost) if lost.is_empty() => {
                "nobody of the key's account may change the key's policy: no statement allows \
                 kms:PutKeyPolicy"
                    .to_owned()
            }
            Self::LocksOut(lost) => format!(
                "the key's policy would no longer let in who administers the key ({}), and only AWS \
                 Support could open it again",
                lost.join(", ")
            ),
            Self::OtherLogging {
                bucket,
                prefix,
                key_format,
            } => format!(
                "the bucket's access logs go to {bucket} with the prefix {} (key format {key_format}), which this spec did not set; a \
                 bucket has one place for them",
                one_quoted(prefix)
            ),
            Self::LoggingGrants(bucket) => format!(
                "the bucket's access logging grants others something on its logs, and {bucket}, where they shall go, has no ACLs \
                 (BucketOwnerEnforced): S3 refuses such grants there"
            ),
            Self::ToldElsewhere {
                id,
                to,
                event,
                is_same: _,
            } => format!(
                "the bucket tells {event} to {to} already, by a configuration that is not this spec's ({}); S3 tells an event of a \
                 key to one only",
                one_quoted(id)
            ),
            Self::UnmarkedTrail => {
                "a trail of this name exists already and does not carry this spec's tag".to_owned()
            }
            Self::MissingTrail(None) => {
                "there is no trail of this name that could be told what to record".to_owned()
            }
            Self::MissingTrail(Some(SeenTrail { name, home, account })) => format!(
                "there is no trail of this name here that could be told what to record; {name} records in this Region, but is at \
                 home in {home} of account {account}"
            ),
            Self::UnplacedTrail(_) => {
                "the trail is this spec's, and the spec no longer says where it writes".to_owned()
            }
            Self::FullTrail { unit, size, limit } => {
                format!("the trail would have {size} {unit}; CloudTrail takes {limit}")
            }
            Self::ForeignPolicies(policies) => format!(
                "the role left the spec but has policies that are not s3ferry's: {}",
                policies.join(", ")
            ),
            Self::TooManySpecs { specs, size, limit } => format!(
                "{} other specs share the role, and the tag {SPEC_TAG} that names them all would have \
                 {size} characters; IAM takes {limit}",
                specs.len()
            ),
            Self::TooLarge { unit, size, limit } => {
                format!("the document would have {size} {unit}; AWS takes {limit}")
            }
        }
    }

    /// The ways out, one a line.
    #[must_use]
    pub fn help(&self, address: &str) -> String {
        let adopt = guards_line(&[("adopt", quoted([address]))]);
        match self {
            Self::MissingBucket => {
                "create the bucket, or correct its name or account in the spec\n\
                 a destination bucket can be made by s3ferry: destination: { create: true }"
                    .to_owned()
            }
            Self::UnmarkedBucket => format!(
                "to use it as it is, leaving its settings alone, write create: false in the migration's destination\n\
                 to hand it to s3ferry, {adopt}"
            ),
            Self::UnmarkedRole => format!(
                "to leave it alone, name another role in the migration's roles.replication.name\n\
                 to hand it to s3ferry, which then replaces its trust policy, {adopt}"
            ),
            Self::UnmarkedAlarm => format!(
                "to leave it alone, give the rule another id, which its alarms are called after, or the spec another name\n\
                 to hand it to s3ferry, which then writes over it, {adopt}"
            ),
            Self::OtherAlarm(_) => format!(
                "to keep it, make it again by hand under a name of its own, then delete this one and plan again\n\
                 to have s3ferry write over it, {adopt}"
            ),
            Self::MfaDelete => {
                "enable versioning as the root user, or turn MFA Delete off".to_owned()
            }
            Self::UnreadablePolicy(_) => "repair the policy by hand, then plan again".to_owned(),
            Self::PolicyVersion(_) => {
                "set the policy's Version to 2012-10-17 by hand after checking \
                 its statements, then plan again"
                    .to_owned()
            }
            Self::LegacyRules(rules) => {
                let replace = replace_line(address, rules);
                format!(
                    "to keep them, rewrite them with a Filter, a Priority and DeleteMarkerReplication, then plan again\n\
                     to replace them by the rules of the spec, {replace}"
                )
            }
            Self::OtherRole {
                live,
                wanted: _,
                rules,
            } => {
                let name = in_line(live.rsplit('/').next().unwrap_or(live));
                let account = address.split('/').next().unwrap_or_default();
                let adopt = guards_line(&[("adopt", quoted([format!("{account}/role/{name}")]))]);
                let replace = replace_line(address, rules);
                format!(
                    "to share the role, write roles: {{ replication: {{ name: {name} }} }} in each migration of this bucket and {adopt}\n\
                     to replace the rules by the rules of the spec, {replace}"
                )
            }
            Self::RoleOfOthers { .. } => "name these migrations with --target too\n\
                 or leave --target out: the whole spec is then planned at once"
                .to_owned(),
            Self::Unmodelled(_) => "use a newer s3ferry that knows these elements\n\
                 or remove them from the configuration by hand, then plan again"
                .to_owned(),
            Self::DeadElement(rules) => {
                let replace = replace_line(address, rules);
                format!(
                    "write these rules anew by hand without ExistingObjectReplication (new objects replicate as before; for \
                     existing ones there is S3 Batch Replication), then plan again\n\
                     to replace them by the rules of the spec, {replace}"
                )
            }
            Self::ForeignRules(_) => {
                "give these rules another role, which a configuration has for all its rules, then plan again"
                    .to_owned()
            }
            Self::DeletedPrincipals(statements) => {
                let addresses = statements
                    .iter()
                    .map(|name| format!("{address}/statement/{name}"));
                let adopt = guards_line(&[("adopt", quoted(addresses))]);
                format!(
                    "correct or remove these statements by hand, then plan again\n\
                     to let s3ferry remove them, {adopt}"
                )
            }
            Self::LocksOut(_) => "leave a statement in the key's policy that allows the key's account kms:PutKeyPolicy: take what \
                 administers the key out of guards.adopt, or add such a statement by hand"
                .to_owned(),
            Self::OtherLogging {
                bucket,
                prefix,
                key_format,
            } => format!(
                "to keep it, take the bucket's side out of the migration's logging.access, or write bucket: {} and prefix: {} there and \
                 key_format: {key_format} beside it\n\
                 to replace it by what the spec says, {adopt}",
                in_line(bucket),
                one_quoted(prefix),
            ),
            Self::LoggingGrants(bucket) => format!(
                "take the grants out of the bucket's access logging and give whom they are for a statement in the policy of {bucket}, \
                 then plan again\nor name a bucket with ACLs in logging.access"
            ),
            Self::ToldElsewhere { is_same, .. } => {
                let whom = if *is_same {
                    "the spec names the same one"
                } else {
                    "a topic can tell others"
                };
                format!(
                    "to leave it as it is, take `events` out of the monitoring of this bucket's migrations: {whom}\n\
                     to have s3ferry tell it, take the event out of that configuration by hand, then plan again"
                )
            }
            Self::UnmarkedTrail => format!(
                "to have it record the spec's buckets besides, and leave it as it is otherwise, take bucket out of the migration's logging.cloudtrail\n\
                 to leave it alone, name another trail there\n\
                 to hand it to s3ferry, which then lets it write where the spec says, {adopt}"
            ),
            Self::MissingTrail(seen) => {
                let seen = seen.as_ref().map(|seen| {
                    let SeenTrail { home, account, .. } = seen;
                    if address.contains(&format!("/trail/{home}/")) {
                        format!("it is an organization's, which account {account} alone can change: name a trail of this account\n")
                    } else {
                        format!("to have that one record the spec's buckets, write region: {home} beside its name\n")
                    }
                });
                format!(
                    "{}correct the trail's name in the migration's logging.cloudtrail\n\
                     to have s3ferry make it, say where it writes: bucket: NAME",
                    seen.unwrap_or_default()
                )
            }
            Self::UnplacedTrail(bucket) => format!(
                "write bucket: {} beside the trail's name in logging.cloudtrail",
                in_line(bucket)
            ),
            Self::FullTrail { .. } => {
                "name another trail for some of the migrations; an account has up to 5 in a Region"
                    .to_owned()
            }
            Self::ForeignPolicies(policies) => {
                let adopt = guards_line(&[
                    ("adopt", quoted(policies)),
                    // The role is counted as well.
                    ("max_deletes", (policies.len() + 1).to_string()),
                ]);
                format!(
                    "detach or delete these policies, then plan again\n\
                     to let s3ferry remove them with the role, {adopt}"
                )
            }
            Self::PoliciesOfRules { policies, rules } => {
                let adopt = guards_line(&[
                    ("adopt", quoted(rules)),
                    ("max_deletes", (policies.len() + rules.len()).to_string()),
                ]);
                format!(
                    "take these policies out of guards.adopt; where the rules do not need them, remove them by hand\n\
                     to replace the rules by the rules of the spec as well, {adopt}"
                )
            }
            Self::TooManySpecs { specs, .. } => format!(
                "write the migrations into one of the specs that share the role instead: {}\n\
                 or give this spec a shorter name, if it has made nothing yet: name: NAME",
                specs.join(", ")
            ),
            Self::TooLarge { .. } => {
                "split the migrations over more buckets, or remove what is not needed".to_owned()
            }
        }
    }
}

/// The line that hands rules over to be replaced: taking one away is a deletion, which the guard counts.
fn replace_line(address: &str, rules: &[String]) -> String {
    let addresses = quoted(rules.iter().map(|rule| format!("{address}/rule/{rule}")));
    guards_line(&[
        ("adopt", addresses),
        ("max_deletes", rules.len().to_string()),
    ])
}

/// The advice to set guards, with a line of YAML to its end that can be pasted as it is: `defaults` holds for every
/// migration, whatever its own guards say.
pub(crate) fn guards_line(guards: &[(&str, String)]) -> String {
    let guards: Vec<String> = guards
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!(
        "add to the spec: defaults: {{ guards: {{ {} }} }}",
        guards.join(", ")
    )
}

/// A text as YAML takes it, whatever is in it.
fn one_quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list of texts as YAML takes it, also of texts with quotes and backslashes, which IDs of rules may hold.
pub(crate) fn quoted(addresses: impl IntoIterator<Item = impl Into<String>>) -> String {
    let quoted = addresses
        .into_iter()
        .map(|address| one_quoted(&address.into()));
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}
