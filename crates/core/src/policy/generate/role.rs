//! The replication role: who may assume it, and what it may do.

use std::collections::BTreeSet;

use super::access::RuleAccess;
use super::destination::replica_rights;
use super::kms::key_statements;
use super::rights::{READ, READ_LOCKS, Rights};
use crate::ids::{BucketName, Partition};
use crate::policy::grammar::{Effect, PolicyDocument, Statement};

/// What all rules under one replication role ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePolicyInput {
    /// The rules, in any order; at least one.
    pub rules: Vec<RuleAccess>,
    /// What every Sid ends with.
    pub mark: String,
}

/// The trust policy of the replication role: S3, and nobody else (UG:setting-repl-config-perm-overview).
///
/// It has no condition on the source: AWS's own policy has none, and no page says that replication sends what
/// such a condition would ask for (T24). The service name is the same in all partitions (unverified: for China).
#[must_use]
pub fn trust_for_s3() -> PolicyDocument {
    let trust = Statement::builder("", Effect::Allow, ["sts:AssumeRole"])
        .principals("Service", ["s3.amazonaws.com"]);
    PolicyDocument::of([trust.build()])
}

/// The permissions of the replication role, as one inline policy.
///
/// # Guarantees
/// The same rules give the same bytes, whatever their order. Objects and keys are granted for the rules'
/// prefixes only, and nothing is granted twice.
#[must_use]
pub fn replication_role_policy(input: &RolePolicyInput) -> PolicyDocument {
    let Some(first) = input.rules.first() else {
        return PolicyDocument::empty();
    };
    // Replication does not leave a partition (unverified: S3 documents it only by its lists of Regions), and one
    // role belongs to one account, so that all rules of a role share the partition.
    let partition = first.source_region.partition();
    let mut statements = vec![source_buckets(&input.rules, partition)];
    statements.extend(object_statements(
        "Source",
        &source_rights(&input.rules),
        partition,
    ));
    statements.extend(object_statements(
        "Replica",
        &written(&input.rules),
        partition,
    ));
    statements.extend(key_statements(&input.rules, partition));
    let marked = |statement: Statement| {
        let sid = format!("{}{}", statement.sid().unwrap_or_default(), input.mark);
        statement.with_sid(&sid).unwrap_or(statement)
    };
    PolicyDocument::of(statements.into_iter().map(marked))
}

/// `ListBucket` is granted whether or not delete markers are mirrored: AWS's minimum for every replication role
/// has it, "for accessing delete markers" (UG:setting-repl-config-perm-overview), and any versioned bucket may
/// hold delete markers that S3 has to recognise before it leaves them out. Unverified: whether a role whose rules
/// keep delete markers could do without it. It is never granted on the destination.
fn source_buckets(rules: &[RuleAccess], partition: Partition) -> Statement {
    let buckets: BTreeSet<&BucketName> = rules.iter().map(|rule| &rule.source_bucket).collect();
    let arns = buckets
        .into_iter()
        .map(|bucket| partition.bucket_arn(bucket).to_string());
    let actions = ["s3:GetReplicationConfiguration", "s3:ListBucket"];
    Statement::builder("SourceBucket", Effect::Allow, actions)
        .resources(arns)
        .build()
}

fn source_rights(rules: &[RuleAccess]) -> Rights {
    let mut rights = Rights::default();
    for rule in rules {
        rights.add(rule.source_area(), READ);
        if rule.source_object_lock {
            rights.add(rule.source_area(), READ_LOCKS);
        }
    }
    rights
}

fn written(rules: &[RuleAccess]) -> Rights {
    replica_rights(
        rules
            .iter()
            .map(|rule| (&rule.destination_bucket, rule.replica_access())),
    )
}

fn object_statements(sid: &str, rights: &Rights, partition: Partition) -> Vec<Statement> {
    let grants = rights.grants().into_iter();
    grants
        .map(|grant| {
            let resources = grant.resources(partition);
            let sid = format!("{sid}{}", grant.words);
            Statement::builder(sid, Effect::Allow, grant.actions)
                .resources(resources)
                .build()
        })
        .collect()
}
