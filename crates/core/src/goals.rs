//! Goals: facts to become true. Configuration converges; goals are proven, and the proof is of exact documents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::ids::MigrationName;
use crate::model::document::{BucketEncryption, Document, PolicyText};
use crate::model::meaning::digest;
use crate::model::{BucketPart, BucketRef, RolePart, Target, fingerprint};
use crate::ownership::Markers;
use crate::phase::{Part, Presence, presence};
use crate::plan::steps::{CanaryGoal, ProofSubject};
use crate::policy::{PolicyDocument, Statement};
use crate::spec::{Canary, Migration, RuleSpec, Spec};

/// The world as it will be after the writes of a plan.
pub type Future<'a> = BTreeMap<&'a Target, Option<&'a Document>>;

/// The canaries that a migration's phase asks for: one under each enabled rule.
#[must_use]
pub fn canaries(
    spec: &Spec,
    markers: &Markers,
    name: &MigrationName,
    migration: &Migration,
    future: &Future<'_>,
) -> Vec<CanaryGoal> {
    let Canary::Write { name: object } = &migration.canary else {
        return Vec::new();
    };
    if presence(Part::CanaryGoal, migration.phase) != Presence::Present {
        return Vec::new();
    }
    let (source, destination) = (spec.source(migration), spec.destination(migration));
    let enabled = migration.rules.iter().filter(|rule| rule.enabled);
    let goals = enabled.map(|rule| {
        let id = markers.rule_id(name, &rule.name);
        let role = Target::Role(spec.role(migration), RolePart::Policy);
        let sids = markers.sid_prefix(name);
        CanaryGoal {
            migration: name.clone(),
            rule: rule.name.clone(),
            source: source.clone(),
            destination: destination.clone(),
            role: spec.role(migration),
            key: canary_key(rule, object),
            tags: rule.tags.clone(),
            kms_key: rule
                .kms
                .as_ref()
                .and_then(|kms| kms.source_keys.first().cloned()),
            subject: subject(&id, &source, &destination, &role, &sids, future),
        }
    });
    goals.collect()
}

fn canary_key(rule: &RuleSpec, object: &str) -> String {
    format!("{}{object}", rule.prefix)
}

/// What a proof is of: the rule and the role as they will be, what the role may do, what the destination lets it do,
/// and how the destination stores replicas.
fn subject(
    rule_id: &str,
    source: &BucketRef,
    destination: &BucketRef,
    role_policy: &Target,
    sid_prefix: &str,
    future: &Future<'_>,
) -> ProofSubject {
    let get = |target: &Target| future.get(target).copied().flatten();
    let of = |target: Target| fingerprint(get(&target));
    let role = role_policy
        .role()
        .map(|role| of(Target::Role(role.clone(), RolePart::Itself)));
    let value = json!({
        "source": source.arn().as_str(),
        "rule": rule_and_role(get(&Target::Bucket(source.clone(), BucketPart::Replication)), rule_id),
        "role": role,
        "role_policy": fingerprint(get(role_policy)),
        "statements": statements(get(&Target::Bucket(destination.clone(), BucketPart::Policy)), sid_prefix),
        "encryption": encryption(get(&Target::Bucket(destination.clone(), BucketPart::Encryption))),
        "ownership": of(Target::Bucket(destination.clone(), BucketPart::Ownership)),
        "versioning": [
            of(Target::Bucket(source.clone(), BucketPart::Versioning)),
            of(Target::Bucket(destination.clone(), BucketPart::Versioning)),
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
    let Some(Document::BucketPolicy(PolicyText(text))) = policy else {
        return Vec::new();
    };
    let Ok(policy) = PolicyDocument::parse(text) else {
        return vec![text.clone()];
    };
    let ours = policy.statements().iter().filter(|statement| {
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
