//! ListMetrics.

use std::collections::BTreeMap;

use crate::clock::seconds;
use crate::cloudwatch::alarms::metric_shown;
use crate::cloudwatch::call::{Answer, Call, page};
use crate::cloudwatch::errors::bad_value;
use crate::metering::MetricId;
use crate::wire::{Node, Refusal};

/// How many a page has (BC:cloudwatch ListMetrics).
const PAGE: usize = 500;

const HOUR: i64 = 3600;

/// "ListMetrics doesn't return information about metrics if those metrics haven't reported data in the past two weeks"
/// (BC:cloudwatch ListMetrics).
const SHOWN: i64 = 14 * 24 * HOUR;

/// What is asked for.
struct Filter<'a> {
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    /// With or without the value.
    dimensions: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Filter<'a> {
    fn read(call: &Call<'a>) -> Result<Self, Refusal> {
        let mut dimensions = Vec::new();
        for dimension in call.input.maps("Dimensions", 10)? {
            let name = dimension.required("Name", 255)?;
            dimensions.push((name, dimension.text("Value", 1, 1024)?));
        }
        Ok(Self {
            namespace: call.input.text("Namespace", 1, 255)?,
            name: call.input.text("MetricName", 1, 255)?,
            dimensions,
        })
    }

    fn takes(&self, metric: &MetricId) -> bool {
        let has = |(name, value): &(&str, Option<&str>)| {
            metric
                .dimensions
                .iter()
                .any(|(known, of)| known == name && value.is_none_or(|value| of == value))
        };
        self.namespace.is_none_or(|name| metric.namespace == name)
            && self.name.is_none_or(|name| metric.name == name)
            && self.dimensions.iter().all(has)
    }
}

pub(in crate::cloudwatch) fn list(call: &Call<'_>) -> Answer {
    call.may("*", &[])?;
    let filter = Filter::read(call)?;
    let recent = match call.input.text("RecentlyActive", 1, 255)? {
        None => SHOWN,
        Some("PT3H") => 3 * HOUR,
        Some(other) => {
            return Err(bad_value(format!(
                "The value {other} for parameter RecentlyActive is invalid."
            )));
        }
    };
    let token = call.input.text("NextToken", 1, 8192)?;
    let since = seconds(call.cloudwatch.now()) as i64 - recent;
    let all = known(call);
    let metrics = all
        .iter()
        .filter(|(metric, last)| **last >= since && filter.takes(metric));
    let metrics = metrics.map(|(metric, _)| (key(metric), metric_shown(metric)));
    let (metrics, token) = page(metrics, token, PAGE)?;
    let mut answer = Node::map([("Metrics", Node::List(metrics))]);
    answer.set("NextToken", token);
    Ok(Some(answer))
}

/// Returns the metrics that are here, and when each last had data.
fn known(call: &Call<'_>) -> BTreeMap<MetricId, i64> {
    let state = call.cloudwatch.state();
    let stored = state.store(&call.here).into_iter();
    let stored = stored.flat_map(|store| store.metrics.iter());
    let stored = stored.filter_map(|(metric, series)| Some((metric.clone(), series.last()?)));
    let measured = call.cloudwatch.meter().metrics(&call.here);
    stored.chain(measured).collect()
}

/// What a metric is found again by; it sorts as metrics do, for no name holds the control characters.
fn key(metric: &MetricId) -> String {
    let MetricId {
        namespace,
        name,
        dimensions,
    } = metric;
    let dimensions = dimensions
        .iter()
        .map(|(name, value)| format!("\u{1}{name}\u{1}{value}"));
    format!("{namespace}\u{1}{name}{}", dimensions.collect::<String>())
}
