//! The ways out of a conflict.

use super::ConflictKind;
use crate::ids::in_line;
use crate::merge::advice::{guards_line, one_quoted, quoted};
use crate::model::kinds::SeenTrail;

impl ConflictKind {
    /// The ways out, one a line.
    #[must_use]
    pub fn help(&self, address: &str) -> String {
        let adopt = guards_line(&[("adopt", quoted([address]))]);
        match self {
            Self::MissingBucket { can_be_made } => {
                let make = "\nor let s3ferry make it: destination: { create: true }";
                format!(
                    "create the bucket, or correct its name or account in the spec{}",
                    if *can_be_made { make } else { "" }
                )
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
