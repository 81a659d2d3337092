//! Lint: what a reviewer should know beyond the changes, each finding with a stable code.
//!
//! A finding of level `blocked` makes `apply` refuse (exit 4): what AWS would take with 200 OK and then fail object by
//! object (T3) is refused here.

use crate::format::{Finding, FindingLevel};
use crate::ids::MigrationName;
use crate::merge::Conflict;
use crate::model::document::{
    Document, Lifecycle, ObjectOwnership, PolicyText, RequestPayment, Role, RolePolicies,
    Versioning, VersioningStatus,
};
use crate::model::replication::{ReplicationConfiguration, Rule};
use crate::model::target::{ROLE_PATH, ROLE_POLICY_NAME};
use crate::model::{BucketPart, BucketRef, Observed, RolePart, Target};
use crate::names::Names;
use crate::ownership::Markers;
use crate::policy::PolicyDocument;
use crate::policy::deny::{Certainty, DenyHit, denials};
use crate::policy::generate::{BucketKeys, key_policy_statement};
use crate::spec::{
    Canary, Create, DeleteMarkers, Encryption, Migration, Monitoring, ReplicaOwner, Spec,
};

/// A document as it will be after the plan.
pub type After<'a> = dyn Fn(&Target) -> Option<&'a Document> + 'a;

/// What lint looks at.
pub struct Subject<'a> {
    /// The spec.
    pub spec: &'a Spec,
    /// Its markers.
    pub markers: &'a Markers,
    /// The names for addresses.
    pub names: &'a Names,
    /// What was read.
    pub observed: &'a Observed,
    /// The world after the plan.
    pub after: &'a After<'a>,
}

/// A conflict as a finding.
#[must_use]
pub fn of_conflict(conflict: &Conflict) -> Finding {
    Finding {
        code: conflict.kind.code().to_owned(),
        level: FindingLevel::Blocked,
        address: conflict.address.clone(),
        message: conflict.kind.message(),
        help: conflict.kind.help(&conflict.address),
    }
}

/// The findings about one migration.
#[must_use]
pub fn of_migration(
    subject: &Subject<'_>,
    name: &MigrationName,
    migration: &Migration,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(canary(name, migration));
    findings.extend(monitoring(name, migration));
    findings.extend(owner(subject, migration));
    findings.extend(requester_pays(subject, migration));
    findings.extend(object_lock(subject, migration));
    findings.extend(blocked_sse_c(subject, migration));
    findings.extend(lifecycle(subject, migration));
    findings.extend(denies(subject, migration));
    findings.extend(key_policy(subject, migration));
    findings.extend(role(subject, migration));
    findings.extend(overlaps(subject, migration));
    findings
}

/// What the rules of a migration do not carry, a sentence each (UG:replication-what-is-isnot-replicated).
#[must_use]
pub fn not_carried(migration: &Migration) -> Vec<String> {
    let rules: Vec<_> = migration.rules.iter().filter(|rule| rule.enabled).collect();
    let mut sentences = Vec::new();
    if rules.is_empty() {
        return vec!["No rule is enabled: nothing replicates.".to_owned()];
    }
    let everything = rules
        .iter()
        .any(|rule| rule.prefix.is_empty() && rule.tags.is_empty());
    if !everything {
        let filters: Vec<String> = rules.iter().map(|rule| filter(rule)).collect();
        sentences.push(format!(
            "Objects outside the rules ({}).",
            filters.join("; ")
        ));
    }
    sentences.push(
        "Objects that were there before the rule; they need S3 Batch Replication.".to_owned(),
    );
    if rules
        .iter()
        .any(|rule| rule.delete_markers == DeleteMarkers::Keep)
    {
        let kept = rules
            .iter()
            .filter(|rule| rule.delete_markers == DeleteMarkers::Keep);
        let names: Vec<&str> = kept.map(|rule| rule.name.as_str()).collect();
        sentences.push(format!(
            "Deletes under {}: objects deleted at the source stay visible at the destination.",
            names.join(", ")
        ));
    }
    if rules.iter().any(|rule| rule.kms.is_none()) {
        let plain = rules.iter().filter(|rule| rule.kms.is_none());
        let names: Vec<&str> = plain.map(|rule| rule.name.as_str()).collect();
        sentences.push(format!(
            "SSE-KMS objects under {} (source_kms names no keys); they are skipped without an error.",
            names.join(", ")
        ));
    }
    sentences.push(
        "Deletes of single versions, lifecycle actions, archived objects (S3 Glacier Flexible \
         Retrieval, Deep Archive) and replicas from other buckets: never replicated by S3."
            .to_owned(),
    );
    sentences
}

fn filter(rule: &crate::spec::RuleSpec) -> String {
    let tags = rule
        .tags
        .iter()
        .map(|(key, value)| format!("tag {key}={value}"));
    let prefix = (!rule.prefix.is_empty()).then(|| format!("prefix {}", rule.prefix));
    prefix
        .into_iter()
        .chain(tags)
        .collect::<Vec<_>>()
        .join(" and ")
}

fn finding(
    code: &str,
    level: FindingLevel,
    address: String,
    message: String,
    help: &str,
) -> Finding {
    Finding {
        code: code.to_owned(),
        level,
        address,
        message,
        help: help.to_owned(),
    }
}

use FindingLevel::{Blocked, Note, Warning};

fn canary(name: &MigrationName, migration: &Migration) -> Option<Finding> {
    let Canary::Skip { reason } = &migration.canary else {
        return None;
    };
    Some(finding(
        "canary-skipped",
        Warning,
        name.to_string(),
        format!("no canary proves the rules: {reason}"),
        "AWS answers 200 OK to configurations whose every object then fails; remove canary.skip to prove them",
    ))
}

fn monitoring(name: &MigrationName, migration: &Migration) -> Option<Finding> {
    let message = match &migration.monitoring {
        Monitoring::Unset => "nobody is told when objects fail to replicate".to_owned(),
        Monitoring::None { reason } => format!("no alarms, by decision: {reason}"),
    };
    let help =
        "failed objects are never retried by S3; watch OperationsFailedReplication of the rules";
    let level = match &migration.monitoring {
        Monitoring::Unset => Warning,
        Monitoring::None { reason: _ } => Note,
    };
    Some(finding(
        "not-watched",
        level,
        name.to_string(),
        message,
        help,
    ))
}

fn owner(subject: &Subject<'_>, migration: &Migration) -> Option<Finding> {
    let destination = subject.spec.destination(migration);
    let enforced = matches!(
        (subject.after)(&Target::Bucket(destination.clone(), BucketPart::Ownership)),
        Some(Document::Ownership(ObjectOwnership::BucketOwnerEnforced))
    );
    (migration.owner == ReplicaOwner::Source && !enforced).then(|| {
        finding(
            "owner-source",
            Warning,
            subject.names.address(&Target::Bucket(destination, BucketPart::Itself)),
            "replicas belong to the source account: the destination account may not be able to read them".to_owned(),
            "owner: destination",
        )
    })
}

fn requester_pays(subject: &Subject<'_>, migration: &Migration) -> Option<Finding> {
    let target = Target::Bucket(
        subject.spec.destination(migration),
        BucketPart::RequestPayment,
    );
    let document = subject.observed.document(&target);
    matches!(document, Some(Document::RequestPayment(RequestPayment::Requester))).then(|| {
        finding(
            "destination-requester-pays",
            Blocked,
            subject.names.address(&target),
            "the destination bucket is Requester Pays; S3 does not replicate to such a bucket (UG26:replication-requirements)".to_owned(),
            "set its request payment back to BucketOwner",
        )
    })
}

/// A locked source needs a locked destination (UG26:replication-requirements).
fn object_lock(subject: &Subject<'_>, migration: &Migration) -> Option<Finding> {
    let lock = |bucket: BucketRef| {
        subject
            .observed
            .document(&Target::Bucket(bucket, BucketPart::ObjectLock))
            .is_some()
    };
    let destination = subject.spec.destination(migration);
    (lock(subject.spec.source(migration)) && !lock(destination.clone())).then(|| {
        let help = match migration.destination.create {
            Create::Yes(_) => {
                "make the destination bucket with Object Lock yourself, then destination: { create: false }"
            }
            Create::No => "enable Object Lock on the destination bucket; it cannot be disabled again",
        };
        finding(
            "object-lock-mismatch",
            Blocked,
            subject.names.address(&Target::Bucket(destination, BucketPart::ObjectLock)),
            "the source bucket has Object Lock and the destination bucket has not: its objects would fail".to_owned(),
            help,
        )
    })
}

/// T16: SSE-C is blocked by default on buckets made since April 2026.
fn blocked_sse_c(subject: &Subject<'_>, migration: &Migration) -> Option<Finding> {
    let target = Target::Bucket(subject.spec.destination(migration), BucketPart::Encryption);
    let blocks = match subject.observed.document(&target) {
        Some(Document::Encryption(encryption)) => encryption.blocked.contains("SSE-C"),
        _ => false,
    };
    blocks.then(|| {
        finding(
            "destination-blocks-sse-c",
            Note,
            subject.names.address(&target),
            "the destination bucket blocks SSE-C: source objects encrypted with customer-provided keys would fail".to_owned(),
            "if the source has such objects, set BlockedEncryptionTypes to NONE on the destination bucket",
        )
    })
}

fn lifecycle(subject: &Subject<'_>, migration: &Migration) -> Option<Finding> {
    let source = subject.spec.source(migration);
    let enabled = matches!(
        subject
            .observed
            .document(&Target::Bucket(source.clone(), BucketPart::Versioning)),
        Some(Document::Versioning(Versioning {
            status: VersioningStatus::Enabled,
            ..
        }))
    );
    let target = Target::Bucket(source, BucketPart::Lifecycle);
    let Some(Document::Lifecycle(Lifecycle {
        expires_current,
        expires_noncurrent,
    })) = subject.observed.document(&target)
    else {
        return None;
    };
    (!enabled && *expires_current > 0 && *expires_noncurrent == 0).then(|| {
        finding(
            "lifecycle-keeps-noncurrent",
            Warning,
            subject.names.address(&target),
            "lifecycle rules expire objects here; once versioning is on they only add delete markers and every version stays billed".to_owned(),
            "add NoncurrentVersionExpiration to the lifecycle rules before applying",
        )
    })
}

/// The destination key's policy is not ours to write yet, and AWS does not check it when rules are put (T3).
fn key_policy(subject: &Subject<'_>, migration: &Migration) -> Option<Finding> {
    let selected = migration
        .rules
        .iter()
        .find_map(|rule| rule.kms.as_ref())
        .map(|kms| &kms.replica_key);
    let default = match &migration.destination.create {
        Create::Yes(Encryption::SseKms { key, bucket_key: _ }) => Some(key),
        Create::Yes(Encryption::SseS3) | Create::No => None,
    };
    let key = selected.or(default)?;
    let role = subject.spec.role(migration);
    let path = match subject
        .observed
        .document(&Target::Role(role.clone(), RolePart::Itself))
    {
        Some(Document::Role(role)) => role.path.as_str(),
        _ => ROLE_PATH,
    };
    let arn = role.arn(path);
    let bucket_keys = match &migration.destination.create {
        Create::Yes(Encryption::SseKms {
            key: _,
            bucket_key: true,
        }) => BucketKeys::Used,
        Create::Yes(_) | Create::No => BucketKeys::Unused,
    };
    let statement = key_policy_statement(&arn, bucket_keys);
    Some(finding(
        "key-policy-unchecked",
        Warning,
        key.to_string(),
        "s3ferry does not read or write key policies yet; without this statement in the key's policy every replica fails".to_owned(),
        statement.raw(),
    ))
}

fn role(subject: &Subject<'_>, migration: &Migration) -> Vec<Finding> {
    let role = subject.spec.role(migration);
    let address = subject
        .names
        .address(&Target::Role(role.clone(), RolePart::Itself));
    let mut findings = Vec::new();
    if let Some(Document::Role(Role {
        boundary: Some(boundary),
        ..
    })) = subject
        .observed
        .document(&Target::Role(role.clone(), RolePart::Itself))
    {
        findings.push(finding(
            "role-boundary",
            Warning,
            address.clone(),
            format!("a permissions boundary limits the role: {boundary}"),
            "check that the boundary allows what the role's policy grants; the canary shows it",
        ));
    }
    if let Some(Document::RolePolicies(RolePolicies { inline, attached })) = subject
        .observed
        .document(&Target::Role(role, RolePart::Policies))
    {
        let inline = inline.iter().filter(|name| *name != ROLE_POLICY_NAME);
        let foreign: Vec<&str> = inline.chain(attached).map(String::as_str).collect();
        if !foreign.is_empty() {
            findings.push(finding(
                "role-extra-policies",
                Warning,
                address,
                format!("the role has policies that s3ferry did not write: {}", foreign.join(", ")),
                "they grant more than replication needs; remove them unless you know why they are there",
            ));
        }
    }
    findings
}

/// Foreign rules that send some of the same objects to the same bucket: the higher priority wins, object by object.
fn overlaps(subject: &Subject<'_>, migration: &Migration) -> Vec<Finding> {
    let target = Target::Bucket(subject.spec.source(migration), BucketPart::Replication);
    let Some(Document::Replication(ReplicationConfiguration { rules, .. })) =
        subject.observed.document(&target)
    else {
        return Vec::new();
    };
    let destination = subject.spec.destination(migration).arn().to_string();
    let foreign = rules.iter().filter(|rule| {
        let id = rule.id.as_deref().unwrap_or_default();
        subject.markers.rule(id).is_none() && goes_to(rule, &destination)
    });
    let touching = foreign.filter(|rule| {
        let (prefix, _) = rule.selects();
        migration
            .rules
            .iter()
            .any(|ours| ours.prefix.starts_with(&prefix) || prefix.starts_with(&ours.prefix))
    });
    let address = subject.names.address(&target);
    touching
        .map(|rule| {
            let id = rule.id.as_deref().unwrap_or("(no ID)");
            finding(
                "foreign-rule-overlaps",
                Warning,
                format!("{address}/rule/{id}"),
                "this rule is not s3ferry's and sends some of the same objects to the same bucket; the higher priority wins".to_owned(),
                "compare the priorities in the plan, or take the rule over with guards.adopt",
            )
        })
        .collect()
}

fn goes_to(rule: &Rule, bucket: &str) -> bool {
    rule.destination
        .as_ref()
        .is_some_and(|to| to.bucket == bucket)
}

/// An explicit Deny in either bucket's policy wins over everything that the role is granted
/// (UG26:replication-troubleshoot).
fn denies(subject: &Subject<'_>, migration: &Migration) -> Vec<Finding> {
    let role = subject.spec.role(migration);
    let (Some(Document::Role(live)), Some(granted)) = (
        (subject.after)(&Target::Role(role.clone(), RolePart::Itself)),
        policy_of((subject.after)(&Target::Role(
            role.clone(),
            RolePart::Policy,
        ))),
    ) else {
        return Vec::new();
    };
    let arn = role.arn(&live.path);
    let sides = [
        subject.spec.source(migration),
        subject.spec.destination(migration),
    ];
    let mut findings: Vec<Finding> = Vec::new();
    for target in sides.map(|of| Target::Bucket(of, BucketPart::Policy)) {
        let Some(policy) = policy_of(subject.observed.document(&target)) else {
            continue;
        };
        let hits = granted
            .statements()
            .iter()
            .flat_map(|grant| denials(&policy, &arn, grant));
        let address = subject.names.address(&target);
        findings.extend(hits.map(|hit| denied(&address, &hit)));
    }
    findings.dedup();
    findings
}

/// A policy document that can be read.
fn policy_of(document: Option<&Document>) -> Option<PolicyDocument> {
    match document? {
        Document::BucketPolicy(PolicyText(text)) | Document::RolePolicy(PolicyText(text)) => {
            PolicyDocument::parse(text).ok()
        }
        _ => None,
    }
}

fn denied(address: &str, hit: &DenyHit) -> Finding {
    let name = hit.sid.clone().unwrap_or_else(|| format!("#{}", hit.index));
    let (level, when) = match &hit.certainty {
        Certainty::Always => (Blocked, String::new()),
        Certainty::Maybe(condition) => (Warning, format!(" if {condition}")),
    };
    finding(
        "policy-denies-replication",
        level,
        format!("{address}/statement/{name}"),
        format!(
            "this statement denies the replication role what it needs{when}: objects would fail"
        ),
        "exempt the role, e.g. with a condition ArnNotEquals on aws:PrincipalArn",
    )
}
