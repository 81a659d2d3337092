//! What a proof is of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Probe;
use crate::digest::digest;
use crate::future::Future;
use crate::migration;
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{BucketEncryption, Document, Role};
use crate::model::{BucketPart, KeyPart, KeyRef, RolePart, Target, fingerprint};
use crate::ownership::marked_role_sid;
use crate::policy::{Effect, Statement};
use crate::proof::ProofSubject;
use crate::refusals;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::RuleSpec;

/// What a proof is of: the rule and which rules go before it, the role and what it may do, what either bucket's policy grants
/// it and may deny it, and how the destination stores replicas. Who the role is besides its name, the receipt says.
pub(super) fn of(
    scene: &Scene<'_>,
    route: &Route<'_>,
    (rule, probe): (&RuleSpec, &Probe),
    future: &Future<'_>,
) -> ProofSubject {
    let at_source = |part| future.document(&Target::Bucket(route.source.clone(), part));
    let at_destination = |part| future.document(&Target::Bucket(route.destination.clone(), part));
    let of_role = |part| future.document(&Target::Role(route.role.clone(), part));
    let rule_id = scene.markers.rule_id(route.name, &rule.name);
    let written = match probe {
        Probe::Default => json!({ "default": encryption(at_source(BucketPart::Encryption)) }),
        Probe::Key(key) => json!({ "key": key.as_str() }),
    };
    let value = json!({
        "source": route.source.arn().as_str(),
        "written": written,
        "rule": rule_and_role(scene, at_source(BucketPart::Replication), &rule_id),
        "role": role(of_role(RolePart::Itself)),
        "role_policy": role_policy(scene, of_role(RolePart::Policy)),
        "other_policies": other_policies(of_role(RolePart::Policies)),
        "statements": statements(at_destination(BucketPart::Policy), |statement| {
            statement.sid().is_some_and(|sid| scene.migration_of_sid(sid) == Some(route.name))
        }),
        "denials": denials(scene, route, future),
        "encryption": encryption(at_destination(BucketPart::Encryption)),
        "ownership": fingerprint(at_destination(BucketPart::Ownership)),
        "versioning": [
            fingerprint(at_source(BucketPart::Versioning)),
            fingerprint(at_destination(BucketPart::Versioning)),
        ],
    });
    ProofSubject(digest(&with_keys(value, scene, route, rule, future)))
}

/// The same with what our statements in the policies of the rule's keys grant, and what others' deny; as it is where there are
/// none, so that a proof from before they were read holds.
fn with_keys(
    mut value: Value,
    scene: &Scene<'_>,
    route: &Route<'_>,
    rule: &RuleSpec,
    future: &Future<'_>,
) -> Value {
    let counts = |statement: &Statement| {
        let sid = statement.sid();
        let is_ours = sid.is_some_and(|sid| scene.migration_of_sid(sid) == Some(route.name));
        is_ours || statement.effect() == Effect::Deny
    };
    let keys = migration::keys_of_rule(rule).filter_map(KeyRef::of_arn);
    let said: BTreeMap<String, Vec<String>> = keys
        .filter_map(|key| {
            let policy = Target::Key(key.clone(), KeyPart::Policy);
            let statements = statements(future.document(&policy), counts);
            (!statements.is_empty()).then(|| (key.arn(), statements))
        })
        .collect();
    if let (Value::Object(fields), false) = (&mut value, said.is_empty()) {
        fields.insert("keys".to_owned(), json!(said));
    }
    value
}

/// The role without its tags, which let it do nothing more and nothing less: the tools of others put theirs there at any time.
fn role(live: Option<&Document>) -> Value {
    match live {
        Some(Document::Role(Role {
            id: _, // A role that is yet to be made has none; the receipt is for one.
            path,
            trust,
            tags: _,
            boundary,
            description: _,
        })) => json!({ "path": path, "trust": trust.canonical(), "boundary": boundary }),
        _ => Value::Null,
    }
}

/// What the role is allowed by us, and denied by anybody: what other specs that share it are allowed is their business.
fn role_policy(scene: &Scene<'_>, policy: Option<&Document>) -> Vec<String> {
    statements(policy, |statement| {
        let is_others = statement
            .sid()
            .is_some_and(|sid| marked_role_sid(sid).is_some() && !scene.markers.owns_role_sid(sid));
        !is_others || statement.effect() == Effect::Deny
    })
}

/// Policies of the role that are not ours: any of them may deny.
fn other_policies(live: Option<&Document>) -> Vec<&str> {
    match live {
        Some(Document::RolePolicies(policies)) => policies.foreign().collect(),
        _ => Vec::new(),
    }
}

/// The statements that deny the role something, or may: whether their conditions hold for S3 only an object shows.
fn denials(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> BTreeSet<String> {
    let found = refusals::of_role(scene, route, future).into_iter();
    found
        .map(|denial| format!("{} {}", denial.target, denial.statement))
        .collect()
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

/// The rule, and everybody else's rules that S3 applies before it to some of its objects. Its own priority is left out, and so
/// are our rules before it, of which the spec says the order: a rule that joins voids no proof.
fn rule_and_role(scene: &Scene<'_>, configuration: Option<&Document>, rule_id: &str) -> Value {
    let Some(Document::Replication(configuration)) = configuration else {
        return Value::Null;
    };
    let meaning = |rule: &Rule| {
        let mut meaning = rule.meaning();
        meaning.priority = None;
        meaning.to_json()
    };
    let rule = configuration.rule(rule_id);
    let before = rule.into_iter().flat_map(|rule| {
        let meeting = configuration.meeting(rule);
        meeting.filter(move |other| !scene.owns_rule(other) && other.outranks(rule))
    });
    let before: BTreeSet<String> = before.map(|other| meaning(other).to_string()).collect();
    json!({ "role": configuration.role, "rule": rule.map(meaning), "before": before })
}

fn statements(policy: Option<&Document>, counts: impl Fn(&Statement) -> bool) -> Vec<String> {
    let Some(policy) = policy.and_then(Document::policy) else {
        return Vec::new();
    };
    let Some(document) = policy.document() else {
        return vec![policy.text().to_owned()];
    };
    let ours = document.statements().iter().filter(|one| counts(one));
    let mut canonical: Vec<String> = ours
        .map(Statement::canonical)
        .map(|statement| statement.to_json())
        .collect();
    canonical.sort();
    canonical
}
