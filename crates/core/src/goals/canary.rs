//! The canary: an object of ours that is written under a rule and must arrive. AWS answers 200 OK to configurations whose
//! every object then fails (T3), so a rule counts when an object came through.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::standing::{GoalWait, Standing};
use crate::digest::digest;
use crate::format::{Action, Change, Gate, GateState, Reason, Risk, RiskLevel, Undo, UndoKind};
use crate::future::Future;
use crate::ids::{Arn, MigrationName, RuleName};
use crate::model::kinds::{BucketEncryption, Call, Document};
use crate::model::{BucketPart, BucketRef, RolePart, RoleRef, Target, fingerprint};
use crate::phase::Part;
use crate::policy::Statement;
use crate::proof::ProofSubject;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{Canary, Migration, Phase, RuleSpec};

/// A rule to be proven by an object that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryGoal {
    /// The migration.
    pub migration: MigrationName,
    /// The rule's short name.
    pub rule: RuleName,
    /// The bucket to write to.
    pub source: BucketRef,
    /// The bucket to arrive in.
    pub destination: BucketRef,
    /// The role that replicates.
    pub role: RoleRef,
    /// The key.
    pub key: String,
    /// The tags that the rule's filter asks for.
    pub tags: BTreeMap<String, String>,
    /// The key to encrypt with, where the rule is for SSE-KMS objects.
    pub kms_key: Option<Arn>,
    /// What the proof is of: rule, role, policies and destination settings as they will be. Anything of it that changes
    /// makes the proof void.
    pub subject: ProofSubject,
}

/// What a canary needs on the source bucket.
const ON_SOURCE: &[Call] = &[
    Call::of("PutObject", &["s3:PutObject", "s3:PutObjectTagging"]),
    Call::of("HeadObject", &["s3:GetObjectVersion"]),
    Call::of("ListObjectVersions", &["s3:ListBucketVersions"]),
    Call::of("DeleteObject", &["s3:DeleteObjectVersion"]),
];

/// What a canary that is encrypted with SSE-KMS needs on the key besides (BC:s3 PutObject).
const WITH_KEY: Call = Call::of("PutObject", &["kms:Decrypt", "kms:GenerateDataKey"]);

/// What a canary needs on the destination bucket.
const ON_DESTINATION: &[Call] = &[
    Call::of("HeadObject", &["s3:GetObjectVersion"]),
    Call::of("ListObjectVersions", &["s3:ListBucketVersions"]),
    Call::of("DeleteObject", &["s3:DeleteObjectVersion"]),
];

/// Calls of a canary that arrives at once: put, head at both sides, list and delete at both sides.
pub(super) const CALLS: u64 = 7;

/// S3 replicates most objects within 15 minutes (UG26:replication-requirements); what takes longer waits for the next run.
pub(super) const WAIT: GoalWait = GoalWait {
    what: "the canary's replica",
    bound_seconds: 900,
};

pub(super) fn all_calls() -> impl Iterator<Item = Call> {
    ON_SOURCE.iter().chain(ON_DESTINATION).copied()
}

/// The canaries that a migration's phase asks for: one under each enabled rule.
pub(super) fn goals(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> Vec<CanaryGoal> {
    let Canary::Write { name: object } = &route.migration.canary else {
        return Vec::new();
    };
    if !Part::CanaryGoal.is_in(route.migration.phase) {
        return Vec::new();
    }
    let enabled = route.migration.rules.iter().filter(|rule| rule.enabled);
    let goals = enabled.map(|rule| CanaryGoal {
        migration: route.name.clone(),
        rule: rule.name.clone(),
        source: route.source.clone(),
        destination: route.destination.clone(),
        role: route.role.clone(),
        key: canary_key(rule, object),
        tags: rule.tags.clone(),
        kms_key: rule
            .kms
            .as_ref()
            .and_then(|kms| kms.source_keys.first().cloned()),
        subject: subject(scene, route, rule, future),
    });
    goals.collect()
}

/// The gate of a migration whose canaries were skipped by decision.
pub(super) fn skipped(migration: &Migration) -> Option<Gate> {
    match (&migration.canary, migration.phase) {
        (Canary::Skip { reason }, Phase::Replicate) => Some(Gate {
            name: "canary".to_owned(),
            state: GateState::Met,
            why: format!("skipped by decision: {reason}"),
        }),
        (Canary::Skip { .. } | Canary::Write { .. }, _) => None,
    }
}

impl CanaryGoal {
    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/canary/{}", self.migration, self.rule)
    }

    pub(super) fn gate(&self, standing: Standing) -> Gate {
        let (state, why) = match standing {
            Standing::Met => (
                GateState::Met,
                "an object arrived under exactly this configuration",
            ),
            Standing::Blocked => (
                GateState::Blocked,
                "an apply is refused as things are; see the findings",
            ),
            Standing::Pending => (
                GateState::Pending,
                "an apply sends an object and waits for its replica",
            ),
        };
        Gate {
            name: format!("canary {}", self.rule),
            state,
            why: why.to_owned(),
        }
    }

    pub(super) fn change(&self, scene: &Scene<'_>) -> Change {
        let rules = Target::Bucket(self.source.clone(), BucketPart::Replication);
        let note = "One small object is written, and removed by version on both sides when it has arrived.";
        Change {
            address: self.address(),
            target: scene.names.address(&rules),
            kind: "canary".to_owned(),
            migrations: vec![self.migration.to_string()],
            actions: vec![Action::Prove],
            reason: Reason::Unproven,
            before: Value::Null,
            after: json!({
                "rule": self.rule.as_str(),
                "from": format!("{}/{}", self.source.bucket, self.key),
                "to": self.destination.bucket.as_str(),
                "tags": self.tags,
                "kms_key": self.kms_key.as_ref().map(ToString::to_string),
            }),
            attributes: Vec::new(),
            access: None,
            undo: Undo {
                kind: UndoKind::Exact,
                why: String::new(),
            },
            risk: Risk {
                level: RiskLevel::Low,
                notes: vec![note.to_owned()],
            },
        }
    }

    pub(super) fn calls_on(&self) -> Vec<(&BucketRef, Vec<Call>)> {
        let mut on_source = ON_SOURCE.to_vec();
        on_source.extend(self.kms_key.is_some().then_some(WITH_KEY));
        vec![
            (&self.source, on_source),
            (&self.destination, ON_DESTINATION.to_vec()),
        ]
    }
}

fn canary_key(rule: &RuleSpec, object: &str) -> String {
    format!("{}{object}", rule.prefix)
}

/// What a proof is of: the rule and the role as they will be, what the role may do, what the destination lets it do,
/// and how the destination stores replicas.
fn subject(
    scene: &Scene<'_>,
    route: &Route<'_>,
    rule: &RuleSpec,
    future: &Future<'_>,
) -> ProofSubject {
    let at_source = |part| future.document(&Target::Bucket(route.source.clone(), part));
    let at_destination = |part| future.document(&Target::Bucket(route.destination.clone(), part));
    let of_role = |part| future.document(&Target::Role(route.role.clone(), part));
    let rule_id = scene.markers.rule_id(route.name, &rule.name);
    let sid_prefix = scene.markers.sid_prefix(route.name);
    let value = json!({
        "source": route.source.arn().as_str(),
        "rule": rule_and_role(at_source(BucketPart::Replication), &rule_id),
        "role": fingerprint(of_role(RolePart::Itself)),
        "role_policy": fingerprint(of_role(RolePart::Policy)),
        "statements": statements(at_destination(BucketPart::Policy), &sid_prefix),
        "encryption": encryption(at_destination(BucketPart::Encryption)),
        "ownership": fingerprint(at_destination(BucketPart::Ownership)),
        "versioning": [
            fingerprint(at_source(BucketPart::Versioning)),
            fingerprint(at_destination(BucketPart::Versioning)),
        ],
    });
    ProofSubject(digest(&value))
}

/// What S3 refuses to new objects has no part in how it stores replicas, and is left out: a new bucket is born with some of
/// it (T16), which the plan that makes the bucket does not know.
fn encryption(live: Option<&Document>) -> String {
    match live {
        Some(Document::Encryption(live)) => {
            let stored = BucketEncryption {
                blocked: BTreeSet::new(),
                ..live.clone()
            };
            fingerprint(Some(&Document::Encryption(stored)))
        }
        other => fingerprint(other),
    }
}

/// A priority says which of several rules carries an object, not how; it is left out, so that a rule that joins voids no proof.
fn rule_and_role(configuration: Option<&Document>, rule_id: &str) -> Value {
    let Some(Document::Replication(configuration)) = configuration else {
        return Value::Null;
    };
    let rule = configuration
        .rules
        .iter()
        .find(|rule| rule.id.as_deref() == Some(rule_id));
    let meaning = rule.map(|rule| {
        let mut meaning = rule.meaning();
        meaning.priority = None;
        meaning.to_json()
    });
    json!({ "role": configuration.role, "rule": meaning })
}

fn statements(policy: Option<&Document>, sid_prefix: &str) -> Vec<String> {
    let Some(Document::BucketPolicy(policy)) = policy else {
        return Vec::new();
    };
    let Some(document) = policy.document() else {
        return vec![policy.text().to_owned()];
    };
    let ours = document.statements().iter().filter(|statement| {
        statement
            .sid()
            .is_some_and(|sid| sid.starts_with(sid_prefix))
    });
    let mut canonical: Vec<String> = ours
        .map(Statement::canonical)
        .map(|statement| statement.to_json())
        .collect();
    canonical.sort();
    canonical
}
