//! The alarms on the rules, and the events of objects that failed: what they say, and whether anybody is told.

mod blind;
mod events;
mod live;
mod topics;
mod watched;

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::model::{AlarmRef, RegionPart, Target};
use crate::ownership::Markers;
use crate::phase::Part;
use crate::route::{Route, Side};
use crate::scene::Scene;
use crate::spec::{AlarmSpec, Monitoring, Phase};
use crate::wanted::{Items, Wanted};
use FindingLevel::{Note, Warning};
pub(crate) use watched::Watched;
use watched::told;

/// Whether a migration has alarms in its phase.
pub(super) fn has_alarms(route: &Route<'_>) -> bool {
    route.alarms().is_some() && Part::Monitoring.is_in(route.migration.phase)
}

/// The alarms of a migration, each with what it watches of which rule.
fn alarms<'a>(
    markers: &'a Markers,
    route: &'a Route<'_>,
) -> impl Iterator<Item = (AlarmRef, Watched, &'a crate::spec::RuleSpec)> {
    let rules = route.migration.rules.iter();
    rules.flat_map(move |rule| {
        Watched::ALL.map(|watched| (watched.at(markers, route, &rule.name), watched, rule))
    })
}

/// The alarms, what names there are beside them, whether their metrics are there, and the topics that are told.
pub(super) fn reads(markers: &Markers, route: &Route<'_>) -> Vec<Target> {
    if !has_alarms(route) {
        return Vec::new();
    }
    let [source, destination] = route.watched_in();
    let mut targets: Vec<Target> = alarms(markers, route)
        .map(|(at, _, _)| Target::Alarm(at))
        .collect();
    targets.extend([
        Target::Region(source, RegionPart::Alarms),
        Target::Region(destination.clone(), RegionPart::Alarms),
        Target::Region(destination, RegionPart::Metrics),
    ]);
    targets.extend(route.topics.iter().cloned().map(Target::Topic));
    targets.extend(events::reads(route));
    targets
}

/// What there is of a migration and is not asked for any more is found by its name: see `reads` and `plan::writes`.
pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>, phase: Phase) -> Items {
    let Some(spec) = case.route.alarms() else {
        return Items::new();
    };
    if !Part::Monitoring.is_in(phase) {
        return Items::new();
    }
    let wanted = |(at, watched, rule): (AlarmRef, Watched, &crate::spec::RuleSpec)| {
        let alarm = watched.alarm(&scene.markers, case.route, &rule.name, spec);
        (Target::Alarm(at), Wanted::Alarm(Box::new(alarm)))
    };
    let alarms = alarms(&scene.markers, case.route).map(wanted);
    alarms.chain(events::wants(case)).collect()
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = of_ours(scene, case, future);
    findings.extend(blind::warns(scene, case, future));
    findings
}

fn of_ours(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let said = match &case.route.migration.monitoring {
        Monitoring::Unset => {
            let help = "write a `monitoring` into the migration, or by decision: monitoring: { none: \"why nobody watches\" }; \
                        failed objects are never retried by S3";
            let message = "nobody is told when objects fail to replicate".to_owned();
            return vec![not_watched(case, Warning, message, help)];
        }
        Monitoring::None { reason } => {
            let help = "failed objects are never retried by S3; watch OperationsFailedReplication of the rules";
            let message = format!("no alarms, by decision: {reason}");
            return vec![not_watched(case, Note, message, help)];
        }
        Monitoring::Alarms(spec) => spec,
    };
    if !has_alarms(case.route) {
        return Vec::new();
    }
    let mut findings = untold(case, said);
    findings.extend(live::warns(scene, case, future));
    findings.extend(topics::warns(scene, case, said));
    findings.extend(events::warns(scene, case));
    findings
}

fn not_watched(case: &Case<'_>, level: FindingLevel, message: String, help: &str) -> Finding {
    finding(
        "not-watched",
        level,
        case.route.name.to_string(),
        message,
        help,
    )
}

/// Alarms that nobody hears.
fn untold(case: &Case<'_>, spec: &AlarmSpec) -> Vec<Finding> {
    let sides = [Side::Source, Side::Destination];
    let silent = sides
        .into_iter()
        .filter(|side| told(spec, *side).is_empty());
    silent
        .map(|side| {
            let (what, region) = match side {
                Side::Source => ("operations that fail", &case.route.source.region),
                Side::Destination => ("what is late or waits", &case.route.destination.region),
            };
            finding(
                "alarm-tells-nobody",
                Warning,
                case.route.name.to_string(),
                format!("the alarms on {what} tell nobody: no topic is named for them"),
                &format!(
                    "name an SNS topic in {region}: monitoring: {{ notify: {{ {}: [\"arn:{}:sns:{region}:ACCOUNT:NAME\"] }} }}",
                    side.as_str(),
                    region.partition()
                ),
            )
        })
        .collect()
}
