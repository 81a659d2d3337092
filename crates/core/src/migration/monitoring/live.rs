//! What the live alarms and metrics say: alarms that are raised, silenced, or that never see anything.

use super::super::{Case, finding};
use super::watched::Watched;
use super::{Warning, alarms};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::RuleName;
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{Alarm, Document, RuleMetrics, StateValue};
use crate::model::{BucketPart, RegionPart, Target};
use crate::route::Side;
use crate::scene::Scene;
use crate::spec::RuleSpec;
use FindingLevel::Note;

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, _, _) in alarms(&scene.markers, case.route) {
        let target = Target::Alarm(at);
        let Some(Document::Alarm(alarm)) = scene.observed.document(&target) else {
            continue;
        };
        // Of one that is somebody else's only the conflict is told.
        if scene.markers.describes_alarm(alarm.description.as_deref()) {
            let address = scene.names.address(&target);
            findings.extend(raised(&address, alarm));
            findings.extend(silenced(&address, alarm, future.document(&target)));
        }
    }
    findings.extend(unmetered(scene, case));
    findings.extend(unseen(scene, case));
    findings
}

fn raised(address: &str, alarm: &Alarm) -> Option<Finding> {
    let state = alarm.state.as_ref()?;
    let help = "s3ferry explain alarm-raised says what each alarm means and what to look at";
    (state.value == StateValue::Raised).then(|| {
        let message = format!("the alarm is raised: {}", state.reason);
        finding("alarm-raised", Warning, address.to_owned(), message, help)
    })
}

/// Somebody switched its actions off.
fn silenced(address: &str, alarm: &Alarm, after: Option<&Document>) -> Option<Finding> {
    let is_mended = matches!(after, Some(Document::Alarm(after)) if after.actions_enabled);
    (!alarm.actions_enabled).then(|| {
        let (end, help) = if is_mended {
            (
                "; this plan switches them on again",
                "if they are meant to be off for a while, apply when they may be on again",
            )
        } else {
            (
                "",
                "switch them on again: aws cloudwatch enable-alarm-actions",
            )
        };
        finding(
            "alarm-silenced",
            Warning,
            address.to_owned(),
            format!("the alarm's actions are switched off: whatever happens, nobody is told{end}"),
            help,
        )
    })
}

/// Rules of ours whose metrics somebody switched off: their alarms have seen nothing since.
fn unmetered(scene: &Scene<'_>, case: &Case<'_>) -> Vec<Finding> {
    let target = Target::Bucket(case.route.source.clone(), BucketPart::Replication);
    let rules = case.route.migration.rules.iter();
    let found = rules.filter_map(|rule| {
        let live = live_rule(scene, case, &rule.name)?;
        let is_off = live.meaning().metrics != crate::model::kinds::replication::Status::Enabled;
        is_off.then(|| {
            let id = live.id.as_deref().unwrap_or_default();
            finding(
                "rule-without-metrics",
                Warning,
                format!("{}/rule/{id}", scene.names.address(&target)),
                "the rule's metrics are switched off, and so its alarms see nothing; this plan switches them on again".to_owned(),
                "apply; datapoints come again within about 15 minutes (UG26:repl-metrics)",
            )
        })
    });
    found.collect()
}

fn live_rule<'a>(scene: &Scene<'a>, case: &Case<'_>, rule: &RuleName) -> Option<&'a Rule> {
    let target = Target::Bucket(case.route.source.clone(), BucketPart::Replication);
    match scene.observed.document(&target)? {
        Document::Replication(live) => live.rule(&scene.markers.rule_id(case.route.name, rule)),
        _ => None,
    }
}

/// Metrics of live rules that CloudWatch does not list. Those of the destination Region are published even where nothing
/// replicates (UG26:repl-metrics, the table of metrics), those of the source Region are not; so the former tell.
fn unseen(scene: &Scene<'_>, case: &Case<'_>) -> Option<Finding> {
    let [_, place] = case.route.watched_in();
    let target = Target::Region(place.clone(), RegionPart::Metrics);
    let Some(Document::RuleMetrics(listed)) = scene.observed.document(&target) else {
        return None;
    };
    let rules = case.route.migration.rules.iter();
    let blind: Vec<&RuleSpec> = rules
        .filter(|rule| rule.enabled && live_rule(scene, case, &rule.name).is_some())
        .filter(|rule| !has_metrics(scene, case, listed, &rule.name))
        .collect();
    let names: Vec<&str> = blind.iter().map(|rule| rule.name.as_str()).collect();
    let lasts = blind
        .iter()
        .any(|rule| has_no_data(scene, case, &rule.name));
    let account = scene.names.account(&place.account, Some(&place.region));
    let message = format!(
        "CloudWatch of account {account} has no replication metric in {} of rule {}",
        place.region,
        names.join(", ")
    );
    if blind.is_empty() {
        None
    } else if lasts {
        Some(finding(
            "metrics-missing",
            Warning,
            case.route.name.to_string(),
            format!(
                "{message}, although its alarms have waited for datapoints for more than half an hour: they watch nothing"
            ),
            "look where the metrics are: aws cloudwatch list-metrics --namespace AWS/S3 --metric-name ReplicationLatency in each account\n\
             if they are in another account of the spec, write its name: monitoring: { account: NAME }",
        ))
    } else {
        Some(finding(
            "metrics-pending",
            Note,
            case.route.name.to_string(),
            format!(
                "{message} yet: the first datapoints take about 15 minutes (UG26:repl-metrics)"
            ),
            "plan again in half an hour: if there are none by then, the plan says so",
        ))
    }
}

fn has_metrics(scene: &Scene<'_>, case: &Case<'_>, listed: &RuleMetrics, rule: &RuleName) -> bool {
    let id = scene.markers.rule_id(case.route.name, rule);
    let (source, destination) = (&case.route.source.bucket, &case.route.destination.bucket);
    listed.0.iter().any(|metric| {
        metric.rule == id
            && metric.source == source.as_str()
            && metric.destination == destination.as_str()
    })
}

/// Whether an alarm of the rule in the destination Region has had no data for longer than the first takes.
fn has_no_data(scene: &Scene<'_>, case: &Case<'_>, rule: &RuleName) -> bool {
    let watched = Watched::ALL.into_iter();
    let mut there = watched.filter(|watched| watched.side() == Side::Destination);
    there.any(|watched| {
        let at = Target::Alarm(watched.at(&scene.markers, case.route, rule));
        match scene.observed.document(&at) {
            Some(Document::Alarm(alarm)) => alarm
                .state
                .as_ref()
                .is_some_and(|state| state.lasts && state.value == StateValue::NoData),
            _ => false,
        }
    })
}
