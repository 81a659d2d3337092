//! The rules: whether there are any to the destination, and whether they act.

use super::case::{Case, Known};
use super::symptom::{symptom, unread};
use crate::format::diagnosis::{DiagnosedRule, Level, Symptom};
use crate::goals::canary::{SourceKey, source_key};
use crate::model::BucketPart;
use crate::model::kinds::replication::Rule;
use crate::route::Side;

/// The live rules to the destination.
pub(super) fn shown(case: &Case<'_>) -> Vec<DiagnosedRule> {
    let rules = case.to_destination();
    let shown = rules.map(|rule| DiagnosedRule {
        id: named(rule),
        priority: rule.priority,
        selects: rule.selection(),
        enabled: rule.is_enabled(),
    });
    shown.collect()
}

pub(super) fn named(rule: &Rule) -> String {
    rule.id.clone().unwrap_or_else(|| "(no ID)".to_owned())
}

pub(super) fn found(case: &Case<'_>) -> Vec<Symptom> {
    let target = case.part(Side::Source, BucketPart::Replication);
    let address = case.address(&target);
    if let Known::Unread(why) = case.known(&target) {
        return vec![unread(Side::Source, address, why)];
    }
    if case.is_gone(Side::Source) {
        // That the bucket is not there says enough.
        return Vec::new();
    }
    if case.to_destination().next().is_none() {
        return vec![missing(case, address)];
    }
    let of_rules = case.to_destination().map(|rule| {
        let address = format!("{address}/rule/{}", named(rule));
        of_rule(case, rule, &address)
    });
    of_rules.flatten().collect()
}

fn missing(case: &Case<'_>, address: String) -> Symptom {
    let to = &case.route.destination.bucket;
    let message = format!("no live rule sends anything to {to}");
    symptom(
        "rules-missing",
        Level::Wrong,
        Side::Source,
        address,
        message,
    )
    .failing(["SrcBucketReplicationConfigMissing"])
    .mended_by("apply the spec in a phase that has rules")
}

fn of_rule(case: &Case<'_>, rule: &Rule, address: &str) -> Vec<Symptom> {
    let of = |code, level, message: String| {
        symptom(code, level, Side::Source, address.to_owned(), message)
    };
    if !rule.is_enabled() {
        let message = format!(
            "the rule is {}: what only it selects ({}) gets no status and stays where it is",
            rule.status.as_str(),
            rule.selection()
        );
        return vec![
            of("rule-disabled", Level::Wrong, message).mended_by("set its Status to Enabled"),
        ];
    }
    let mut found = Vec::new();
    found.extend(outranked(case, rule).map(|other| {
        let message = format!(
            "rule {} of a higher priority takes all of its objects to the same bucket: this one never acts",
            named(other)
        );
        of("rule-never-acts", Level::Note, message)
    }));
    let default = source_key(case.scene, &case.route.source);
    let to = rule.destination.as_ref();
    if !rule.is_for_kms() {
        found.extend(default.map(|_| {
            let message = "the source bucket encrypts with KMS by default, and the rule selects no SSE-KMS objects: what is written without a header is skipped without a word".to_owned();
            of("source-default-key", Level::Wrong, message).mended_by(
                "add SourceSelectionCriteria.SseKmsEncryptedObjects with Status Enabled and a ReplicaKmsKeyID to the rule",
            )
        }));
        return found;
    }
    let replica_key = to.and_then(|to| to.replica_key.clone().flatten());
    let named_key = replica_key.unwrap_or_default();
    let is_known = case
        .rules
        .iter()
        .any(|(of, access)| of.id == rule.id && access.kms.is_some());
    if !is_known {
        let message = format!(
            "the replica key is \"{named_key}\", which is not the ARN of a key: S3 looks it up in the role's account, and what it may do there is not known"
        );
        found.push(
            of("key-policy-unchecked", Level::Unknown, message)
                .mended_by("name the key by its ARN, in the destination's account and Region"),
        );
    }
    if matches!(default, Some(SourceKey::AwsManaged)) {
        let message = "the source bucket encrypts with the AWS managed key aws/s3 by default; that the role may decrypt with it is not looked at".to_owned();
        found.push(
            of("key-policy-unchecked", Level::Unknown, message)
                .mended_by("s3ferry doctor --object KEY looks at the key of an object"),
        );
    }
    found
}

/// A rule that takes everything from this one.
fn outranked<'a>(case: &Case<'a>, rule: &'a Rule) -> Option<&'a Rule> {
    let live = case.live?;
    let mut others = live.meeting(rule);
    others.find(|other| other.outranks(rule) && other.selects_all_of(rule))
}
