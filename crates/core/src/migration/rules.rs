//! The replication rules: what they say, what they do not carry, and whose rules they meet.

use std::collections::BTreeMap;

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::{MigrationName, RuleName};
use crate::merge::advice::{guards_line, quoted};
use crate::model::kinds::replication::{
    Filter, Rule, RuleDestination, SourceSelection, Status, Timed, selection,
};
use crate::model::kinds::{Document, ReplicationConfiguration};
use crate::model::{BucketPart, BucketRef, Target};
use crate::ownership::{Markers, whose_rule};
use crate::phase::Part;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{BackfillScope, DeleteMarkers, KmsSelection, Phase, RuleSpec};
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Warning};

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

/// The rule that only the proof of a migration's alarms is carried by: with metrics, as those of the spec are. Its priority is
/// given where the others are known.
pub(crate) fn for_proof(
    markers: &Markers,
    route: &Route<'_>,
    (name, prefix): (&RuleName, String),
    kms: Option<KmsSelection>,
) -> Rule {
    let rule = RuleSpec {
        name: name.clone(),
        prefix,
        tags: BTreeMap::new(),
        delete_markers: DeleteMarkers::Keep,
        storage_class: None,
        time_control: false,
        kms,
        replica_modifications: false,
        enabled: true,
    };
    wanted_rule(markers, route.name, &rule, &route.destination, false)
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    precedence(scene, case, future)
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

/// What of the objects from before the rules stays where it is.
fn existing(route: &Route<'_>) -> Option<String> {
    let left = match route.migration.backfill.scope {
        BackfillScope::NeverReplicated | BackfillScope::Both if route.copies() => return None,
        BackfillScope::Failed if route.copies() => {
            "Objects that were there before the rule: backfill.scope asks for failed ones alone."
        }
        BackfillScope::NeverReplicated
        | BackfillScope::Failed
        | BackfillScope::Both
        | BackfillScope::None => {
            "Objects that were there before the rule; they need S3 Batch Replication."
        }
    };
    Some(left.to_owned())
}

/// What the rules of a migration do not carry, a sentence each (UG:replication-what-is-isnot-replicated).
pub(super) fn not_carried(route: &Route<'_>) -> Vec<String> {
    let migration = route.migration;
    let rules: Vec<_> = migration.rules.iter().filter(|rule| rule.enabled).collect();
    let mut sentences = Vec::new();
    if rules.is_empty() {
        return vec!["No rule is enabled: nothing replicates.".to_owned()];
    }
    let everything = rules
        .iter()
        .any(|rule| rule.prefix.is_empty() && rule.tags.is_empty());
    if !everything {
        let filters: Vec<String> = {
            let of = |rule: &&RuleSpec| selection(&rule.prefix, &rule.tags);
            rules.iter().map(of).collect()
        };
        sentences.push(format!(
            "Objects outside the rules ({}).",
            filters.join("; ")
        ));
    }
    sentences.extend(existing(route));
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

/// What other rules of the configuration do to the migration's, among those that send some of the same objects to the same
/// bucket: S3 applies the one of the highest priority, object by object (BC:s3 ReplicationRule.Priority).
fn precedence(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let target = Target::Bucket(case.route.source.clone(), BucketPart::Replication);
    let Some(after) = replication(future.document(&target)) else {
        return Vec::new();
    };
    let before = replication(scene.observed.document(&target));
    let of = Precedence {
        scene,
        address: scene.names.address(&target),
        before,
    };
    let ids = case.route.migration.rules.iter();
    let ids = ids.map(|rule| scene.markers.rule_id(case.route.name, &rule.name));
    let ours = ids.filter_map(|id| after.rule(&id));
    let ours = ours.filter(|rule| rule.is_enabled());
    ours.flat_map(|rule| {
        let others = after.meeting(rule);
        others.filter_map(|other| of.between(rule, other))
    })
    .collect()
}

fn replication(document: Option<&Document>) -> Option<&ReplicationConfiguration> {
    match document? {
        Document::Replication(held) => Some(held),
        _ => None,
    }
}

/// How the rules of one configuration stand to each other.
struct Precedence<'a> {
    scene: &'a Scene<'a>,
    /// The address of the configuration.
    address: String,
    /// As it is.
    before: Option<&'a ReplicationConfiguration>,
}

impl Precedence<'_> {
    /// What is to be said of one of ours and another rule that meets it.
    fn between(&self, ours: &Rule, other: &Rule) -> Option<Finding> {
        let is_foreign = !self.scene.owns_rule(other);
        if other.outranks(ours) && other.selects_all_of(ours) {
            Some(self.never_acts(ours, other, is_foreign))
        } else if !is_foreign {
            None // The order of the spec decides.
        } else if ours.outranks(other) && self.takes_from(ours, other) {
            Some(self.would_take(ours, other))
        } else {
            Some(self.overlaps(ours, other))
        }
    }

    fn replace(&self, rule: &Rule) -> String {
        let adopt = quoted([self.place(rule)]);
        guards_line(&[("adopt", adopt), ("max_deletes", "1".to_owned())])
    }

    fn place(&self, rule: &Rule) -> String {
        format!("{}/rule/{}", self.address, named(rule))
    }

    fn never_acts(&self, ours: &Rule, other: &Rule, is_foreign: bool) -> Finding {
        let (rule, winner) = (ranked(ours), ranked(other));
        let whose = if is_foreign {
            format!(", which is {},", whose(other))
        } else {
            String::new()
        };
        let message = format!(
            "rule {rule} never acts: rule {winner}{whose} takes all of its objects ({}) to the same bucket, and the higher priority wins",
            ours.selection()
        );
        let help = if is_foreign {
            format!(
                "to leave that rule alone, take this one out of the spec: that rule decides about its objects already\n\
                 to replace that rule, write rules for everything that it carries ({}) into the spec; then {}",
                other.selection(),
                self.replace(other)
            )
        } else {
            format!(
                "put rule {} before {}: the first rule that matches counts",
                named(ours),
                named(other)
            )
        };
        finding("rule-never-acts", Blocked, self.place(ours), message, &help)
    }

    /// Whether ours does other things to objects that the other rule carried until now.
    fn takes_from(&self, ours: &Rule, other: &Rule) -> bool {
        let live = |rule: &Rule| self.before?.rule(rule.id.as_deref()?);
        let had_them = live(ours).zip(live(other)).is_some_and(|(rule, foreign)| {
            rule.is_enabled()
                && rule.is_to(ours)
                && rule.outranks(foreign)
                && rule.selects_all_of(ours)
        });
        !had_them && !ours.treats_alike(other)
    }

    fn would_take(&self, ours: &Rule, other: &Rule) -> Finding {
        let message = format!(
            "rule {}, which is {}, sends some of the objects of rule {} to the same bucket and would lose them to it: the higher priority wins",
            ranked(other),
            whose(other),
            ranked(ours)
        );
        let replace = format!(
            "to replace it, write rules for everything that it carries ({}) into the spec; then {}",
            other.selection(),
            self.replace(other)
        );
        // A wider rule of a higher priority would leave nothing to ours.
        let help = if other.selects_all_of(ours) {
            format!("to leave that rule alone, take this one out of the spec\n{replace}")
        } else {
            format!(
                "to leave that rule alone, give it a higher priority by hand (1000, say), so that the rules of the spec fit below it, then plan again\n{replace}"
            )
        };
        finding(
            "rule-takes-over",
            Blocked,
            self.place(other),
            message,
            &help,
        )
    }

    fn overlaps(&self, ours: &Rule, other: &Rule) -> Finding {
        let (winner, loser) = if other.outranks(ours) {
            (other, ours)
        } else {
            (ours, other)
        };
        let message = format!(
            "this rule is {} and sends some of the same objects to the same bucket: of those that both select, rule {} carries what is {} and rule {} does not",
            whose(other),
            ranked(winner),
            both(winner, loser),
            ranked(loser),
        );
        let help = "check that this is meant: each object is replicated once to a bucket, as the rule of the highest priority says";
        finding(
            "foreign-rule-overlaps",
            Warning,
            self.place(other),
            message,
            help,
        )
    }
}

/// What both rules select, in words.
fn both(one: &Rule, other: &Rule) -> String {
    let ((prefix, mut tags), (other_prefix, other_tags)) = (one.selects(), other.selects());
    tags.extend(other_tags);
    let longer = if prefix.len() > other_prefix.len() {
        prefix
    } else {
        other_prefix
    };
    selection(&longer, &tags)
}

fn named(rule: &Rule) -> &str {
    rule.id.as_deref().unwrap_or("(no ID)")
}

/// A rule with its priority.
/// Whose a rule is that is not the spec's.
fn whose(rule: &Rule) -> String {
    whose_rule(rule.id.as_deref().unwrap_or_default())
}

fn ranked(rule: &Rule) -> String {
    match rule.priority {
        Some(priority) => format!("{} (priority {priority})", named(rule)),
        None => named(rule).to_owned(),
    }
}
