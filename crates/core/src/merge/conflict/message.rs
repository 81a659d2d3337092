//! What stands in the way, in a sentence.

use super::ConflictKind;
use crate::merge::advice::one_quoted;
use crate::model::kinds::SeenTrail;
use crate::ownership::SPEC_TAG;

impl ConflictKind {
    /// What was found.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::MissingBucket { .. } => "the bucket does not exist".to_owned(),
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
}
