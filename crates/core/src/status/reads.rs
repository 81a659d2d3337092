//! What a status reads beside a plan: the metrics of the rules that have some, and the newest versions of the source where those are
//! silent or tell of failures.

use std::collections::{BTreeMap, BTreeSet};

use crate::doctor::Status;
use crate::ids::MigrationName;
use crate::model::kinds::alarm::{FAILED_OPERATIONS, LATENCY, PENDING_BYTES, PENDING_OPERATIONS};
use crate::model::kinds::replication::{Rule, Status as Switch};
use crate::model::kinds::{Call, Document, LIST_VERSIONS, Need, RuleMetric};
use crate::model::{BucketPart, BucketRef, Observed, RegionRef, Target};
use crate::ownership::Markers;
use crate::route::Route;
use crate::scope::Scope;
use crate::spec::Spec;

/// What the metrics of rules need, in the account that has them; `GetMetricData` takes no resource.
pub(crate) const ON_METRICS: &[Call] = &[Call::of(
    "GetMetricData",
    &[Need::account("cloudwatch:GetMetricData")],
)];

/// What looks at versions need, at the source.
pub(crate) const ON_SOURCE: &[Call] = &[
    LIST_VERSIONS,
    Call::of("HeadObject", &[Need::objects("s3:GetObjectVersion")]),
];

/// Every call of a status beside those of a plan.
pub fn calls() -> impl Iterator<Item = Call> {
    ON_METRICS.iter().chain(ON_SOURCE).copied()
}

/// A metric of a rule, and where it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The account and the Region.
    pub at: RegionRef,
    /// The metric.
    pub metric: RuleMetric,
}

/// What CloudWatch says of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measured {
    /// The last datapoint, or the sum of them where operations are counted that failed.
    Number(u64),
    /// There is no datapoint.
    Silent,
    /// Why it could not be had.
    Unread(String),
}

/// What CloudWatch says, by what it was asked.
pub type Measures = BTreeMap<Asked, Measured>;

/// Versions of a source to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToLook {
    /// The migration.
    pub migration: MigrationName,
    /// Its source.
    pub source: BucketRef,
    /// What the keys begin with; none of them begins as another one does.
    pub prefixes: BTreeSet<String>,
}

/// What was seen of the newest versions of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// The versions, the newest first.
    pub versions: Vec<LookedVersion>,
    /// Whether there are no others.
    pub whole: bool,
    /// Why they could not be listed, or one of them not looked at.
    pub unread: Option<String>,
}

/// A version that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedVersion {
    /// Its key.
    pub key: String,
    /// When it was written, as S3 says it.
    pub written: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its replication status.
    pub status: Status,
}

/// The live rules of a migration that are enabled: those of the spec's markers.
pub(super) fn rules<'a>(
    spec: &Spec,
    route: &Route<'_>,
    observed: &'a Observed,
) -> impl Iterator<Item = &'a Rule> {
    let markers = Markers::of(&spec.name);
    let target = Target::Bucket(route.source.clone(), BucketPart::Replication);
    let live = match observed.document(&target) {
        Some(Document::Replication(live)) => Some(live.rules.iter()),
        _ => None,
    };
    let name = route.name.clone();
    live.into_iter().flatten().filter(move |rule| {
        let named = rule.id.as_deref().and_then(|id| markers.rule(id));
        rule.is_enabled() && named.is_some_and(|(migration, _)| migration == name)
    })
}

/// The metrics of a rule: what waits is counted in the destination's Region, what failed in the source's (UG26:repl-metrics). None
/// where the rule has no metrics.
pub(super) fn metrics(route: &Route<'_>, rule: &Rule) -> Option<RuleMetrics> {
    let destination = rule.destination_bucket()?;
    if rule.meaning().metrics != Switch::Enabled {
        return None;
    }
    let [source_region, destination_region] = route.watched_in();
    let of = |name: &str, at: &RegionRef| Asked {
        at: at.clone(),
        metric: RuleMetric {
            name: name.to_owned(),
            source: route.source.bucket.to_string(),
            destination: destination.to_string(),
            rule: rule.id.clone().unwrap_or_default(),
        },
    };
    Some(RuleMetrics {
        bytes: of(PENDING_BYTES, &destination_region),
        operations: of(PENDING_OPERATIONS, &destination_region),
        latency: of(LATENCY, &destination_region),
        failed: of(FAILED_OPERATIONS, &source_region),
    })
}

/// The metrics of one rule.
pub(super) struct RuleMetrics {
    pub(super) bytes: Asked,
    pub(super) operations: Asked,
    pub(super) latency: Asked,
    pub(super) failed: Asked,
}

/// The metrics to ask for.
#[must_use]
pub fn asked(spec: &Spec, scope: &Scope, observed: &Observed) -> BTreeSet<Asked> {
    let routes = spec.routes().filter(|route| scope.covers(route.name));
    let asked = routes.flat_map(|route| {
        let metrics = rules(spec, &route, observed).filter_map(|rule| metrics(&route, rule));
        let asked = metrics.flat_map(|of| [of.bytes, of.operations, of.latency, of.failed]);
        asked.collect::<Vec<_>>()
    });
    asked.collect()
}

/// The versions to look at: under rules whose metrics say nothing of what waits, and under those that say of failures, for the
/// names of what failed.
#[must_use]
pub fn to_look(
    spec: &Spec,
    scope: &Scope,
    observed: &Observed,
    measured: &Measures,
) -> Vec<ToLook> {
    let routes = spec.routes().filter(|route| scope.covers(route.name));
    let of_route = |route: Route<'_>| {
        let rules = rules(spec, &route, observed);
        let looked =
            rules.filter(|rule| is_silent(&route, rule, measured) || fails(&route, rule, measured));
        let prefixes: BTreeSet<String> = looked.map(|rule| rule.selects().0).collect();
        (!prefixes.is_empty()).then(|| ToLook {
            migration: route.name.clone(),
            source: route.source.clone(),
            prefixes: apart(&prefixes),
        })
    };
    routes.filter_map(of_route).collect()
}

/// Whether metrics say nothing of what waits under a rule. They do as long as a rule has them, also where nothing waits
/// (UG26:repl-metrics).
pub(super) fn is_silent(route: &Route<'_>, rule: &Rule, measured: &Measures) -> bool {
    let metrics = metrics(route, rule);
    metrics.is_none_or(|of| number(measured, &of.operations).is_none())
}

fn fails(route: &Route<'_>, rule: &Rule, measured: &Measures) -> bool {
    let failed = metrics(route, rule).and_then(|of| number(measured, &of.failed));
    failed.is_some_and(|failed| failed > 0)
}

pub(super) fn number(measured: &Measures, asked: &Asked) -> Option<u64> {
    match measured.get(asked) {
        Some(Measured::Number(number)) => Some(*number),
        Some(Measured::Silent | Measured::Unread(_)) | None => None,
    }
}

/// The prefixes that no other one covers: no version is listed twice.
fn apart(prefixes: &BTreeSet<String>) -> BTreeSet<String> {
    let is_covered = |prefix: &&String| {
        let mut others = prefixes.iter();
        others.any(|other| other != *prefix && prefix.starts_with(other.as_str()))
    };
    let apart = prefixes.iter().filter(|prefix| !is_covered(prefix));
    apart.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_version_is_listed_twice() {
        let of = |prefixes: &[&str]| apart(&prefixes.iter().map(|of| (*of).to_owned()).collect());
        assert_eq!(of(&["in/", "in/a", "out/"]).len(), 2);
        assert_eq!(of(&["", "in/"]), [String::new()].into());
    }
}
