//! Alarms of other people on the metrics of a migration's rules that never see anything: their dimensions are no rule's, or the
//! metric is in another Region. They rest in `INSUFFICIENT_DATA` and look as if all were well; a rule that got another ID, as
//! one that is taken over does, leaves them behind so.

use std::collections::BTreeMap;

use super::super::{Case, finding};
use super::watched::Watched;
use super::{Note, Warning};
use crate::format::Finding;
use crate::future::Future;
use crate::ids::Region;
use crate::model::kinds::alarm::{DESTINATION_BUCKET, RULE_ID, SOURCE_BUCKET};
use crate::model::kinds::replication::Status;
use crate::model::kinds::{AlarmNames, AlarmSight, Document};
use crate::model::{BucketPart, RegionPart, RegionRef, Target};
use crate::route::{Route, Side};
use crate::scene::Scene;

/// The dimensions of replication metrics, all three and no other (UG:metrics-dimensions).
const DIMENSIONS: [&str; 3] = [SOURCE_BUCKET, DESTINATION_BUCKET, RULE_ID];

/// How many rules an advice names.
const NAMED: usize = 3;

/// A rule of the source bucket that is there after the plan, or that the spec will have in another phase.
struct Known {
    id: String,
    bucket: String,
    /// The Region of the destination, where the spec has it.
    region: Option<Region>,
    has_metrics: bool,
}

/// What the metrics of a source bucket can be, for alarms in one place.
struct View<'a> {
    source: &'a str,
    region: &'a Region,
    place: &'a RegionRef,
    /// The rules that are there after the plan.
    known: Vec<Known>,
    /// The IDs of those that are there now.
    live: Vec<&'a str>,
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let [source, destination] = case.route.watched_in();
    let places = [
        Some(&source),
        Some(&destination).filter(|of| **of != source),
    ];
    for place in places.into_iter().flatten() {
        let target = Target::Region(place.clone(), RegionPart::Alarms);
        if let Some(Document::AlarmNames(names)) = scene.observed.document(&target) {
            findings.extend(unread(scene, &target, names));
            findings.extend(of_place(scene, case.route, future, place, names));
        }
    }
    findings
}

fn unread(scene: &Scene<'_>, target: &Target, names: &AlarmNames) -> Option<Finding> {
    names.has_more.then(|| {
        finding(
            "alarms-unread",
            Note,
            scene.names.address(target),
            "there are more alarms here than are looked through: whether some of other people's look at a rule that is not there is not known"
                .to_owned(),
            "look by hand at alarms in the namespace AWS/S3 whose RuleId is no rule's",
        )
    })
}

fn of_place(
    scene: &Scene<'_>,
    route: &Route<'_>,
    future: &Future<'_>,
    place: &RegionRef,
    names: &AlarmNames,
) -> Vec<Finding> {
    let others = names.others.iter();
    let mut concerned = others
        .filter(|(_, sights)| sights.iter().any(|sight| concerns(sight, route)))
        .peekable();
    if concerned.peek().is_none() {
        return Vec::new();
    }
    let view = View {
        source: route.source.bucket.as_str(),
        region: &route.source.region,
        place,
        known: known(scene, route, future),
        live: live(scene, route),
    };
    let found = concerned.filter_map(|(name, sights)| {
        // An alarm on several metrics works by those that are there.
        let judged = sights.iter().map(|sight| {
            let wrong = concerns(sight, route).then(|| view.judge(sight));
            wrong.flatten().map(|(wrong, right)| (sight, wrong, right))
        });
        let judged: Option<Vec<_>> = judged.collect();
        let (sight, wrong, right) = judged?.into_iter().next()?;
        let target = Target::Alarm(place.alarm(name));
        let address = scene.names.address(&target);
        Some(view.finding(address, sight, &wrong, &right))
    });
    found.collect()
}

/// Whether a metric is one of a migration's: of its source bucket, or of one of its buckets where the source is not said.
fn concerns(sight: &AlarmSight, route: &Route<'_>) -> bool {
    let (source, destination) = (&route.source.bucket, &route.destination.bucket);
    match sight.dimensions.get(SOURCE_BUCKET) {
        Some(bucket) => bucket == source.as_str(),
        None => {
            let mut named = sight.dimensions.values();
            named.any(|name| name == source.as_str() || name == destination.as_str())
        }
    }
}

/// The rules of a source bucket after the plan, and those that the spec will have there.
fn known(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> Vec<Known> {
    let routes: Vec<&Route<'_>> = scene
        .routes
        .iter()
        .filter(|of| of.source == route.source)
        .collect();
    let region = |bucket: &str| {
        let mut to = routes.iter().map(|of| &of.destination);
        let to = to.find(|of| of.bucket.as_str() == bucket);
        to.map(|of| of.region.clone())
    };
    let mut known = Vec::new();
    let target = Target::Bucket(route.source.clone(), BucketPart::Replication);
    if let Some(Document::Replication(live)) = future.document(&target) {
        known.extend(live.rules.iter().map(|rule| {
            let meaning = rule.meaning();
            let bucket = meaning.bucket.rsplit(':').next().unwrap_or_default();
            Known {
                id: rule.id.clone().unwrap_or_default(),
                region: region(bucket),
                bucket: bucket.to_owned(),
                has_metrics: meaning.metrics == Status::Enabled,
            }
        }));
    }
    for of in &routes {
        for rule in &of.migration.rules {
            let id = scene.markers.rule_id(of.name, &rule.name);
            if !known.iter().any(|known| known.id == id) {
                known.push(Known {
                    id,
                    bucket: of.destination.bucket.to_string(),
                    region: Some(of.destination.region.clone()),
                    has_metrics: true,
                });
            }
        }
    }
    known
}

fn live<'a>(scene: &Scene<'a>, route: &Route<'_>) -> Vec<&'a str> {
    let target = Target::Bucket(route.source.clone(), BucketPart::Replication);
    match scene.observed.document(&target) {
        Some(Document::Replication(live)) => {
            let rules = live.rules.iter();
            rules.filter_map(|rule| rule.id.as_deref()).collect()
        }
        _ => Vec::new(),
    }
}

impl View<'_> {
    /// What is wrong with a metric that an alarm looks at, and the rules whose metric would be right; none where it has data.
    fn judge(&self, sight: &AlarmSight) -> Option<(Vec<String>, Vec<&Known>)> {
        let rules = self.meant(&sight.dimensions);
        let mut wrong = Vec::new();
        if has_just_the_three(&sight.dimensions) {
            wrong.extend(self.no_rule(&sight.dimensions));
        } else {
            wrong.push(format!(
                "its dimensions are {}, and replication metrics have just {}",
                listed(sight.dimensions.keys().map(String::as_str)),
                listed(DIMENSIONS),
            ));
        }
        if wrong.is_empty() && rules.iter().all(|rule| !rule.has_metrics) {
            wrong.push("the metrics of the rule are switched off".to_owned());
        }
        wrong.extend(self.elsewhere(sight, &rules));
        (!wrong.is_empty()).then_some((wrong, rules))
    }

    fn finding(
        &self,
        address: String,
        sight: &AlarmSight,
        wrong: &[String],
        right: &[&Known],
    ) -> Finding {
        let message = format!(
            "the alarm, which is not this spec's, can never see {} of {}: {}",
            sight.metric,
            self.source,
            wrong.join("; ")
        );
        let counted = right.iter().filter(|rule| rule.has_metrics);
        let named = counted.take(NAMED).map(|rule| {
            let region = self.region_of(sight, rule);
            let region = region.map_or_else(
                || "the Region of that bucket".to_owned(),
                ToString::to_string,
            );
            format!(
                "{SOURCE_BUCKET}={}, {DESTINATION_BUCKET}={}, {RULE_ID}={} in {region}",
                self.source, rule.bucket, rule.id
            )
        });
        let named: Vec<String> = named.collect();
        let delete = "delete it: s3ferry's own alarms look at every rule (monitoring)";
        let help = if !named.is_empty() {
            let ways = named
                .iter()
                .map(|named| format!("make it look at {named}\n"));
            format!("{}{delete}", ways.collect::<String>())
        } else if right.is_empty() {
            "delete it: no rule replicates from there".to_owned()
        } else {
            format!("switch the metrics of the rule on\n{delete}")
        };
        finding("alarm-blind", Warning, address, message, &help)
    }

    /// The rules that an alarm may mean: what its dimensions say, else all of the bucket's to its destination, else all.
    fn meant(&self, dimensions: &BTreeMap<String, String>) -> Vec<&Known> {
        let says = |name: &str, value: &str| dimensions.get(name).is_some_and(|of| of == value);
        let is_id = |rule: &&Known| says(RULE_ID, &rule.id);
        let is_to = |rule: &&Known| says(DESTINATION_BUCKET, &rule.bucket);
        let by_id: Vec<&Known> = self.known.iter().filter(is_id).collect();
        let by_bucket: Vec<&Known> = self.known.iter().filter(is_to).collect();
        [by_id, by_bucket, self.known.iter().collect()]
            .into_iter()
            .find(|rules| !rules.is_empty())
            .unwrap_or_default()
    }

    /// Why three dimensions that are the right ones are no rule's.
    fn no_rule(&self, dimensions: &BTreeMap<String, String>) -> Option<String> {
        let of = |name: &str| dimensions.get(name).map_or("", String::as_str);
        let (id, bucket) = (of(RULE_ID), of(DESTINATION_BUCKET));
        match self.known.iter().find(|rule| rule.id == id) {
            Some(rule) if rule.bucket == bucket => None,
            Some(rule) => Some(format!(
                "the rule {id} replicates to {}, not to {bucket}",
                rule.bucket
            )),
            None => {
                let end = if self.live.contains(&id) {
                    " after this plan"
                } else {
                    ""
                };
                Some(format!("{} has no rule {id}{end}", self.source))
            }
        }
    }

    /// That the metric is published in another Region than the alarm's, whichever of the rules it means.
    fn elsewhere(&self, sight: &AlarmSight, rules: &[&Known]) -> Option<String> {
        let regions = rules.iter().map(|rule| self.region_of(sight, rule));
        let regions: Option<Vec<&Region>> = regions.collect();
        let mut regions = regions.filter(|regions| !regions.contains(&&self.place.region))?;
        regions.sort();
        regions.dedup();
        let names = listed(regions.iter().map(|of| of.as_str()));
        (!names.is_empty()).then(|| {
            format!(
                "{} is published in {names}, and the alarm is in {}",
                sight.metric, self.place.region
            )
        })
    }

    /// Where a metric of a rule is published.
    fn region_of<'b>(&'b self, sight: &AlarmSight, rule: &'b Known) -> Option<&'b Region> {
        let mut all = Watched::ALL.into_iter();
        let watched = all.find(|watched| watched.metric() == sight.metric)?;
        match watched.side() {
            Side::Source => Some(self.region),
            Side::Destination => rule.region.as_ref(),
        }
    }
}

fn has_just_the_three(dimensions: &BTreeMap<String, String>) -> bool {
    dimensions.len() == DIMENSIONS.len()
        && DIMENSIONS.iter().all(|name| dimensions.contains_key(*name))
}

fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
