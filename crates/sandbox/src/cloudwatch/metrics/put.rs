//! PutMetricData.

use super::series::Datum;
use super::units::UNITS;
use crate::clock::seconds;
use crate::cloudwatch::alarms::query;
use crate::cloudwatch::call::{Answer, Call};
use crate::cloudwatch::errors::{bad_combination, bad_value, invalid, missing};
use crate::cloudwatch::input::Fields;
use crate::metering::{MetricId, Statistics};
use crate::wire::{Node, Refusal};

type Checked<T> = Result<T, Refusal>;

/// The most metrics, values of one and values of one that may be given at once (BC:cloudwatch PutMetricData).
const METRICS: usize = 1000;
const VALUES: usize = 150;
const ENTITIES: usize = 2;

/// "Time stamps that are as much as two weeks before the current date, and as much as 2 hours after" (BC:cloudwatch
/// PutMetricData).
const BEFORE: f64 = 14.0 * 24.0 * 3600.0;
const AFTER: f64 = 2.0 * 3600.0;

pub(in crate::cloudwatch) fn put(call: &Call<'_>) -> Answer {
    let namespace = call.input.required("Namespace", 255)?;
    call.may("*", &[("cloudwatch:namespace", namespace.to_owned())])?;
    if namespace.starts_with(':') {
        let must = "satisfy regular expression pattern: [^:].*";
        return Err(invalid(Some(namespace), "Namespace", must));
    }
    if namespace.starts_with("AWS/") {
        // The documentation calls it a conflict to avoid; that it is refused, and how, is unverified.
        return Err(bad_value(format!(
            "The value {namespace} for parameter Namespace is invalid."
        )));
    }
    let mut data = call.input.maps("MetricData", METRICS)?;
    for entity in call.input.maps("EntityMetricData", ENTITIES)? {
        data.extend(entity.maps("MetricData", METRICS)?);
    }
    if data.is_empty() {
        return Err(missing("The parameter MetricData is required."));
    }
    if data.len() > METRICS {
        return Err(bad_value(format!(
            "The collection MetricData must not have a size greater than {METRICS}."
        )));
    }
    let now = seconds(call.cloudwatch.now());
    let data = data.iter().map(|datum| read(datum, namespace, now));
    let data: Vec<_> = data.collect::<Checked<_>>()?;
    let mut state = call.cloudwatch.state();
    let store = state.store_mut(&call.here);
    for (metric, at, datum) in data {
        store.metrics.entry(metric).or_default().add(at, datum);
    }
    Ok(None)
}

fn read(datum: &Fields<'_>, namespace: &str, now: f64) -> Checked<(MetricId, i64, Datum)> {
    let metric = MetricId {
        namespace: namespace.to_owned(),
        name: datum.required("MetricName", 255)?.to_owned(),
        dimensions: query::dimensions(datum)?,
    };
    let at = datum.time("Timestamp")?.unwrap_or(now);
    if at < now - BEFORE || at > now + AFTER {
        // The words are unverified.
        let message = "The parameter MetricData.member.Timestamp must specify a time within the past two weeks or the next two hours.";
        return Err(bad_value(message));
    }
    let resolution = match datum.integer("StorageResolution", 1, 60)? {
        None | Some(60) => 60,
        Some(1) => 1,
        Some(other) => {
            return Err(bad_value(format!(
                "The value {other} for parameter StorageResolution is invalid."
            )));
        }
    };
    let unit = datum.word("Unit", &UNITS)?.unwrap_or("None");
    let (statistics, values) = measured(datum)?;
    let at = at.floor() as i64;
    let datum = Datum {
        unit,
        statistics,
        values,
    };
    Ok((metric, at - at.rem_euclid(resolution), datum))
}

type Measured = (Statistics, Option<Vec<(f64, f64)>>);

/// One value, several with their counts, or statistics.
fn measured(datum: &Fields<'_>) -> Checked<Measured> {
    let value = datum.number("Value")?;
    let values = datum.list("Values", VALUES)?;
    match (value, values, datum.get("StatisticValues")) {
        (Some(value), None, None) => {
            let value = in_range(value)?;
            Ok((Statistics::of(value, 1.0), Some(vec![(value, 1.0)])))
        }
        (None, Some(values), None) => counted(datum, values),
        (None, None, Some(set)) => set_of(&Fields::new(set)).map(|set| (set, None)),
        (None, None, None) => Err(missing(
            "At least one of the parameters Value, Values or StatisticValues must be specified.",
        )),
        _ => Err(bad_combination(
            "The parameters Value, Values and StatisticValues are mutually exclusive.",
        )),
    }
}

fn counted(datum: &Fields<'_>, values: &[Node]) -> Checked<Measured> {
    let number = |node: &Node| {
        let number = node.as_number();
        number.ok_or_else(|| bad_value("A value is not a number."))
    };
    let values: Vec<f64> = values
        .iter()
        .map(|value| number(value).and_then(in_range))
        .collect::<Checked<_>>()?;
    let counts: Vec<f64> = match datum.list("Counts", VALUES)? {
        Some(counts) => counts.iter().map(number).collect::<Checked<_>>()?,
        None => vec![1.0; values.len()],
    };
    if counts.len() != values.len() {
        let message = "The parameters Values and Counts must be of the same size.";
        return Err(bad_combination(message));
    }
    if counts
        .iter()
        .any(|count| !count.is_finite() || *count <= 0.0)
    {
        return Err(bad_value("Counts must be positive numbers."));
    }
    let pairs: Vec<_> = values.into_iter().zip(counts).collect();
    let all = pairs
        .iter()
        .map(|(value, count)| Statistics::of(*value, *count));
    let all = all.reduce(Statistics::and);
    let all = all.ok_or_else(|| missing("The parameter Values must not be empty."))?;
    Ok((all, Some(pairs)))
}

fn set_of(set: &Fields<'_>) -> Checked<Statistics> {
    let field = |name: &str| {
        let number = set.number(name)?;
        let number = number.ok_or_else(|| invalid(None, name, "not be null"))?;
        in_range(number)
    };
    let statistics = Statistics {
        count: field("SampleCount")?,
        sum: field("Sum")?,
        minimum: field("Minimum")?,
        maximum: field("Maximum")?,
    };
    if statistics.count <= 0.0 || statistics.minimum > statistics.maximum {
        let message =
            "StatisticValues must have samples, and a maximum that is not less than the minimum.";
        return Err(bad_value(message));
    }
    Ok(statistics)
}

/// "Values must be in the range of -2^360 to 2^360. In addition, special values ... are not supported" (BC:cloudwatch
/// PutMetricData).
fn in_range(value: f64) -> Checked<f64> {
    if value.abs() <= 2_f64.powi(360) {
        return Ok(value);
    }
    Err(bad_value(format!(
        "The value {value} for parameter Value is invalid."
    )))
}
