//! What is on its way and what failed: by the metrics of rules, and by the versions that were looked at where those are silent.

use super::reads::{Looked, LookedVersion, Measured, is_silent, metrics, number, rules};
use super::seen::Seen;
use super::time;
use crate::doctor::Status;
use crate::format::status::{Backlog, BacklogSource, FAILED_KEYS, Failed, Looks};
use crate::model::kinds::replication::Rule;
use crate::route::Route;

/// The backlog, the failures, and what could not be looked at.
pub(super) fn of(seen: &Seen<'_>, route: &Route<'_>) -> (Backlog, Failed, Vec<String>) {
    let rules: Vec<&Rule> = rules(seen.spec, route, seen.observed).collect();
    let looked = seen.looked.get(route.name);
    let is_silent = |rule: &&Rule| is_silent(route, rule, seen.measured);
    let (silent, told): (Vec<&Rule>, Vec<&Rule>) = rules.into_iter().partition(is_silent);
    let prefixes: Vec<String> = silent.iter().map(|rule| rule.selects().0).collect();
    let told: Vec<_> = told
        .iter()
        .filter_map(|rule| metrics(route, rule))
        .collect();
    let sum = |asked: Vec<Option<u64>>| -> Option<u64> {
        let known: Vec<u64> = asked.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum())
    };
    let of = |asked| number(seen.measured, asked);
    // Where silent rules could not be looked at, what is known of the others is no backlog.
    let can_look = looked.filter(|looked| looked.unread.is_none() || !looked.versions.is_empty());
    let source = match (silent.is_empty(), told.is_empty(), can_look) {
        (true, true, _) => BacklogSource::NoRules,
        (true, false, _) => BacklogSource::Metrics,
        (false, true, Some(_)) => BacklogSource::Looks,
        (false, false, Some(_)) => BacklogSource::Both,
        (false, _, None) => BacklogSource::Unknown,
    };
    let waiting = can_look.map(|looked| waiting(seen, looked, &prefixes));
    let waiting = waiting.filter(|_| !silent.is_empty()).unwrap_or_default();
    let is_known = source != BacklogSource::Unknown && source != BacklogSource::NoRules;
    let total = |metric: Option<u64>, seen: u64| {
        is_known.then(|| metric.unwrap_or_default().saturating_add(seen))
    };
    let latency = told.iter().filter_map(|rule| of(&rule.latency)).max();
    let backlog = Backlog {
        source,
        bytes: total(
            sum(told.iter().map(|rule| of(&rule.bytes)).collect()),
            waiting.bytes,
        ),
        operations: total(
            sum(told.iter().map(|rule| of(&rule.operations)).collect()),
            waiting.operations,
        ),
        latency_seconds: latency.max(waiting.oldest),
        looks: looked.map(looks),
    };
    // Of what failed there is a datapoint only where something happened (UG26:repl-metrics): none means none.
    let by_metric = told
        .iter()
        .map(|rule| match seen.measured.get(&rule.failed) {
            Some(Measured::Number(number)) => Some(*number),
            Some(Measured::Silent) => Some(0),
            Some(Measured::Unread(_)) | None => None,
        });
    let failed = failed(sum(by_metric.collect()), looked);
    (backlog, failed, unread(seen, route, looked))
}

/// What waits of the versions that were looked at under silent rules; what metrics count is not counted twice.
#[derive(Debug, Clone, Copy, Default)]
struct Waiting {
    operations: u64,
    bytes: u64,
    oldest: Option<u64>,
}

fn waiting(seen: &Seen<'_>, looked: &Looked, prefixes: &[String]) -> Waiting {
    let now = time::seconds(&seen.plan.created);
    let is_of_silent = |version: &&LookedVersion| {
        let mut prefixes = prefixes.iter();
        prefixes.any(|prefix| version.key.starts_with(prefix.as_str()))
    };
    let versions = looked.versions.iter().filter(is_of_silent);
    let pending = versions.filter(|version| version.status == Status::Pending);
    pending.fold(Waiting::default(), |sum, version| Waiting {
        operations: sum.operations + 1,
        bytes: sum.bytes.saturating_add(version.size),
        oldest: sum
            .oldest
            .max(time::between(time::seconds(&version.written), now)),
    })
}

fn looks(looked: &Looked) -> Looks {
    let mut of = Looks {
        versions: looked.versions.len() as u64,
        whole: looked.whole,
        ..Looks::default()
    };
    for version in &looked.versions {
        *match version.status {
            Status::None => &mut of.none,
            Status::Pending => &mut of.pending,
            Status::Completed => &mut of.completed,
            Status::Failed => &mut of.failed,
            Status::Replica | Status::Unknown => &mut of.other,
        } += 1;
    }
    of
}

fn failed(by_metric: Option<u64>, looked: Option<&Looked>) -> Failed {
    let versions = looked.map(|looked| looked.versions.iter());
    let failed = versions.map(|of| of.filter(|version| version.status == Status::Failed));
    let keys: Option<Vec<&String>> = failed.map(|of| of.map(|version| &version.key).collect());
    let looked_at = keys.as_ref().map(|keys| keys.len() as u64);
    let mut named: Vec<String> = Vec::new();
    for key in keys.into_iter().flatten() {
        if named.len() < FAILED_KEYS && !named.contains(key) {
            named.push(key.clone());
        }
    }
    Failed {
        count: by_metric.max(looked_at).unwrap_or_default(),
        by_metric,
        looked_at,
        keys: named,
    }
}

/// What could not be looked at, each once.
fn unread(seen: &Seen<'_>, route: &Route<'_>, looked: Option<&Looked>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let rules = rules(seen.spec, route, seen.observed);
    let asked = rules.filter_map(|rule| metrics(route, rule));
    let asked = asked.flat_map(|of| [of.bytes, of.operations, of.latency, of.failed]);
    for asked in asked {
        if let Some(Measured::Unread(why)) = seen.measured.get(&asked) {
            let told = format!("metrics in {}: {why}", asked.at.region);
            if !all.contains(&told) {
                all.push(told);
            }
        }
    }
    let versions = looked.and_then(|looked| looked.unread.as_ref());
    all.extend(versions.map(|why| format!("versions of the source: {why}")));
    all
}
