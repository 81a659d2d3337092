//! GetMetricStatistics and GetMetricData.

use super::units::UNITS;
use crate::clock::seconds;
use crate::cloudwatch::alarms::alarm::{Measured, Query, QueryOf, STATISTICS, Statistic};
use crate::cloudwatch::alarms::{extended, query};
use crate::cloudwatch::call::{Answer, Call};
use crate::cloudwatch::errors::{bad_combination, bad_value, fault, invalid, missing, validation};
use crate::cloudwatch::input::word;
use crate::wire::{Node, Refusal};

type Checked<T> = Result<T, Refusal>;

/// The most points of an answer (BC:cloudwatch GetMetricStatistics, GetMetricData).
const STATISTICS_POINTS: i64 = 1440;
const DATA_POINTS: i64 = 100_800;

/// The most queries of a call (BC:cloudwatch GetMetricData).
const QUERIES: usize = 500;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A stretch of time in periods, the last of which may be cut.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    to: i64,
    period: i64,
}

impl Span {
    /// Reads the two ends and rounds the first down, as far as the time that has passed since demands (BC:cloudwatch
    /// GetMetricStatistics StartTime).
    fn read(call: &Call<'_>, period: i64) -> Checked<Self> {
        let end = |field| {
            let time = call.input.time(field)?;
            let time = time.ok_or_else(|| invalid(None, field, "not be null"))?;
            // Times of this world lie far within.
            Ok::<_, Refusal>(time.clamp(0.0, 1e11) as i64)
        };
        let (start, to) = (end("StartTime")?, end("EndTime")?);
        if start >= to {
            let message = "The parameter StartTime must be less than the parameter EndTime.";
            return Err(bad_combination(message));
        }
        let age = seconds(call.cloudwatch.now()) as i64 - start;
        let grain = match age {
            _ if age > 63 * DAY => HOUR,
            _ if age > 15 * DAY => 300,
            _ if period < 60 => period,
            _ => 60,
        };
        Ok(Self {
            from: start - start.rem_euclid(grain),
            to,
            period,
        })
    }

    fn periods(self) -> i64 {
        (self.to - self.from + self.period - 1) / self.period
    }

    /// Returns the periods, oldest first.
    fn each(self) -> impl DoubleEndedIterator<Item = (i64, i64)> {
        (0..self.periods()).map(move |number| {
            let start = self.from + number * self.period;
            (start, (start + self.period).min(self.to))
        })
    }
}

/// "The period can be 1, 5, 10, 20, 30, 60, or any multiple of 60" (BC:cloudwatch GetMetricStatistics).
fn period(period: i64) -> Checked<i64> {
    if matches!(period, 1 | 5 | 10 | 20 | 30) || period % 60 == 0 {
        return Ok(period);
    }
    Err(bad_value(
        "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
    ))
}

/// What is kept of a time depends on its age (BC:cloudwatch GetMetricStatistics, "CloudWatch retains metric data as follows").
fn is_kept(at: i64, period: i64, now: i64) -> bool {
    let age = now - at;
    match period {
        _ if period % HOUR == 0 => age <= 455 * DAY,
        _ if period % 300 == 0 => age <= 63 * DAY,
        _ if period % 60 == 0 => age <= 15 * DAY,
        _ => age <= 3 * HOUR,
    }
}

pub(in crate::cloudwatch) fn statistics(call: &Call<'_>) -> Answer {
    call.may("*", &[])?;
    let metric = query::metric(&call.input)?;
    let asked = asked_statistics(call)?;
    let length = call.input.integer("Period", 1, i64::from(i32::MAX))?;
    let length = length.ok_or_else(|| invalid(None, "Period", "not be null"))?;
    let span = Span::read(call, period(length)?)?;
    if span.periods() > STATISTICS_POINTS {
        return Err(bad_combination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of {STATISTICS_POINTS}.",
            span.periods()
        )));
    }
    let unit = call.input.word("Unit", &UNITS)?;
    let now = seconds(call.cloudwatch.now()) as i64;
    let data = {
        let state = call.cloudwatch.state();
        let between = (span.from, span.to);
        call.cloudwatch
            .data(&state, &call.here, (&metric, unit), between)
    };
    let mut points = Vec::new();
    for (start, end) in span
        .each()
        .filter(|(start, _)| is_kept(*start, length, now))
    {
        for unit in data.units() {
            if let Some(aggregate) = data.between((start, end), Some(unit)) {
                let numbers = asked
                    .iter()
                    .filter_map(|statistic| Some((statistic, aggregate.number(statistic)?)));
                points.push(datapoint(start, unit, numbers));
            }
        }
    }
    Ok(Some(Node::map([
        ("Label", Node::Text(metric.name)),
        ("Datapoints", Node::List(points)),
    ])))
}

fn asked_statistics(call: &Call<'_>) -> Checked<Vec<Statistic>> {
    let simple = call.input.texts("Statistics", 5, 255)?.unwrap_or_default();
    let percentiles = call.input.texts("ExtendedStatistics", 10, 255)?;
    let percentiles = percentiles.unwrap_or_default();
    match (simple.is_empty(), percentiles.is_empty()) {
        (false, false) => Err(bad_combination(
            "The parameters Statistics and ExtendedStatistics are mutually exclusive.",
        )),
        (true, true) => Err(missing(
            "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
        )),
        (false, true) => {
            let words = simple
                .iter()
                .map(|name| word(name, "Statistics", &STATISTICS));
            words.map(|name| name.map(Statistic::read)).collect()
        }
        (true, false) => percentiles.iter().map(|name| extended(name)).collect(),
    }
}

fn datapoint<'a>(
    at: i64,
    unit: &'static str,
    numbers: impl Iterator<Item = (&'a Statistic, f64)>,
) -> Node {
    let mut point = Node::map([
        ("Timestamp", Node::Time(at as f64)),
        ("Unit", Node::text(unit)),
    ]);
    let mut extended = Vec::new();
    for (statistic, number) in numbers {
        match statistic {
            Statistic::Extended(name) => extended.push((name.clone(), number)),
            simple => point.set(simple.as_str(), Some(Node::Float(number))),
        }
    }
    if !extended.is_empty() {
        point.set("ExtendedStatistics", Some(Node::Numbers(extended)));
    }
    point
}

/// Expressions are computed nowhere here.
fn measured(query: &Query) -> Checked<&Measured> {
    match &query.of {
        QueryOf::Metric(measured) => period(measured.period).map(|_| measured),
        QueryOf::Expression { .. } => Err(validation(
            "The sandbox's CloudWatch computes no expressions.",
        )),
    }
}

pub(in crate::cloudwatch) fn data_of_queries(call: &Call<'_>) -> Answer {
    call.may("*", &[])?;
    let queries = query::queries(&call.input, "MetricDataQueries", QUERIES)?;
    if queries.is_empty() {
        return Err(invalid(None, "MetricDataQueries", "not be null"));
    }
    let orders = ["TimestampDescending", "TimestampAscending"];
    let ascending = call.input.word("ScanBy", &orders)? == Some("TimestampAscending");
    let most = call.input.integer("MaxDatapoints", 1, DATA_POINTS)?;
    let most = usize::try_from(most.unwrap_or(DATA_POINTS)).unwrap_or(usize::MAX);
    let skipped = skipped(call)?;
    let mut found = Vec::new();
    for query in queries
        .iter()
        .filter(|query| query.returns_data != Some(false))
    {
        let points = points(call, measured(query)?, ascending)?;
        found.extend(points.into_iter().map(|point| (&query.id, point)));
    }
    let rest = found.len().saturating_sub(skipped + most);
    let page: Vec<_> = found.into_iter().skip(skipped).take(most).collect();
    let results = queries
        .iter()
        .filter(|query| query.returns_data != Some(false))
        .map(|query| result(query, &page, rest > 0));
    let mut answer = Node::map([
        ("MetricDataResults", Node::List(results.collect())),
        ("Messages", Node::List(Vec::new())),
    ]);
    let token = (rest > 0).then(|| Node::Text((skipped + most).to_string()));
    answer.set("NextToken", token);
    Ok(Some(answer))
}

/// How many points earlier pages had.
fn skipped(call: &Call<'_>) -> Checked<usize> {
    let Some(token) = call.input.text("NextToken", 1, 1024)? else {
        return Ok(0);
    };
    let wrong = |_| {
        fault(
            400,
            "InvalidNextToken",
            "The next token is not one of this call's.",
        )
    };
    token.parse().map_err(wrong)
}

fn points(call: &Call<'_>, measured: &Measured, ascending: bool) -> Checked<Vec<(i64, f64)>> {
    let span = Span::read(call, measured.period)?;
    if span.periods() > DATA_POINTS {
        return Err(validation("The stretch of time has too many periods."));
    }
    let now = seconds(call.cloudwatch.now()) as i64;
    let state = call.cloudwatch.state();
    let of = (&measured.metric, measured.unit);
    let data = call
        .cloudwatch
        .data(&state, &call.here, of, (span.from, span.to));
    let periods = span
        .each()
        .filter(|(start, _)| is_kept(*start, span.period, now));
    let mut points: Vec<_> = periods
        .filter_map(|range| {
            let aggregate = data.between(range, None)?;
            Some((range.0, aggregate.number(&measured.statistic)?))
        })
        .collect();
    if !ascending {
        points.reverse();
    }
    Ok(points)
}

fn result(query: &Query, page: &[(&String, (i64, f64))], more: bool) -> Node {
    let points = || page.iter().filter(|(id, _)| **id == query.id);
    let times = points().map(|(_, (at, _))| Node::Time(*at as f64));
    let values = points().map(|(_, (_, number))| Node::Float(*number));
    let name = match &query.of {
        QueryOf::Metric(measured) => measured.metric.name.as_str(),
        QueryOf::Expression { .. } => query.id.as_str(),
    };
    Node::map([
        ("Id", Node::text(&query.id)),
        ("Label", Node::text(query.label.as_deref().unwrap_or(name))),
        ("Timestamps", Node::List(times.collect())),
        ("Values", Node::List(values.collect())),
        (
            "StatusCode",
            Node::text(if more { "PartialData" } else { "Complete" }),
        ),
    ])
}
