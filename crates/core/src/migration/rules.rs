//! The replication rules: what they say, what they do not carry, and whose rules they meet.

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::ids::MigrationName;
use crate::model::kinds::replication::{
    Filter, Rule, RuleDestination, SourceSelection, Status, Timed,
};
use crate::model::kinds::{Document, ReplicationConfiguration};
use crate::model::{BucketPart, BucketRef, Target};
use crate::ownership::Markers;
use crate::phase::Part;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{DeleteMarkers, Migration, Phase, RuleSpec};
use crate::wanted::{Items, Wanted};
use FindingLevel::Warning;

/// S3 Replication Time Control takes 15 minutes and nothing else (UG:replication-add-config).
const TIME_CONTROL_MINUTES: i32 = 15;

pub(super) fn reads(route: &Route<'_>) -> Vec<Target> {
    vec![Target::Bucket(
        route.source.clone(),
        BucketPart::Replication,
    )]
}

/// The rules, under the role; also where the phase has none, so that those that are there go.
pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>, phase: Phase) -> Items {
    let Case { route, access } = case;
    let target = Target::Bucket(route.source.clone(), BucketPart::Replication);
    if !Part::Rules.is_in(phase) {
        return vec![(target, Wanted::Replication(Vec::new(), None))];
    }
    let rules = route.migration.rules.iter().map(|rule| {
        let owner_override = access.owner_override;
        let to = &route.destination;
        let rule = wanted_rule(&scene.markers, route.name, rule, to, owner_override);
        (route.name.clone(), rule)
    });
    let wanted = Wanted::Replication(rules.collect(), Some(access.role.clone()));
    vec![(target, wanted)]
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>) -> Vec<Finding> {
    overlaps(scene, case)
}

/// A rule of schema V2 in the one form that s3ferry writes; its priority is assigned by `merge`.
fn wanted_rule(
    markers: &Markers,
    migration: &MigrationName,
    rule: &RuleSpec,
    destination: &BucketRef,
    owner_override: bool,
) -> Rule {
    let RuleSpec {
        name,
        prefix,
        tags,
        delete_markers,
        storage_class,
        time_control,
        kms,
        replica_modifications,
        enabled,
    } = rule;
    let on = |wanted: bool| wanted.then_some(Status::Enabled);
    let selection = SourceSelection {
        sse_kms: on(kms.is_some()),
        replica_modifications: on(*replica_modifications),
    };
    let minutes = time_control.then_some(TIME_CONTROL_MINUTES);
    let timed = || Timed {
        status: Status::Enabled,
        minutes,
    };
    Rule {
        id: Some(markers.rule_id(migration, name)),
        priority: None,
        legacy_prefix: None,
        filter: Some(Filter::of(prefix, tags)),
        status: Status::of(*enabled),
        source_selection: (kms.is_some() || *replica_modifications).then_some(selection),
        existing_objects: None,
        destination: Some(RuleDestination {
            bucket: destination.arn().to_string(),
            account: Some(destination.account.to_string()),
            storage_class: storage_class.map(|class| class.as_str().to_owned()),
            owner_override: owner_override.then(|| "Destination".to_owned()),
            replica_key: kms.as_ref().map(|kms| Some(kms.replica_key.to_string())),
            replication_time: time_control.then(timed),
            // Metrics are always on: they are what the failed operations of a rule are seen by (UG26:repl-metrics).
            // Without time control a threshold is refused (domain reference §1.4).
            metrics: Some(timed()),
        }),
        delete_markers: Some(Some(Status::of(*delete_markers == DeleteMarkers::Mirror))),
    }
}

/// What the rules of a migration do not carry, a sentence each (UG:replication-what-is-isnot-replicated).
pub(super) fn not_carried(migration: &Migration) -> Vec<String> {
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

/// Foreign rules that send some of the same objects to the same bucket: the higher priority wins, object by object.
fn overlaps(scene: &Scene<'_>, case: &Case<'_>) -> Vec<Finding> {
    let target = Target::Bucket(case.route.source.clone(), BucketPart::Replication);
    let Some(Document::Replication(ReplicationConfiguration { rules, .. })) =
        scene.observed.document(&target)
    else {
        return Vec::new();
    };
    let destination = case.route.destination.arn().to_string();
    let foreign = rules.iter().filter(|rule| {
        let id = rule.id.as_deref().unwrap_or_default();
        scene.markers.rule(id).is_none() && goes_to(rule, &destination)
    });
    let touching = foreign.filter(|rule| {
        let (prefix, _) = rule.selects();
        let mut all = case.route.migration.rules.iter();
        all.any(|ours| ours.prefix.starts_with(&prefix) || prefix.starts_with(&ours.prefix))
    });
    let address = scene.names.address(&target);
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
