//! What metrics of rules say: their last datapoint, and of operations that failed the sum of a day.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use s3ferry_core::model::kinds::RuleMetric;
use s3ferry_core::model::kinds::alarm::{
    DESTINATION_BUCKET, FAILED_OPERATIONS, NAMESPACE, RULE_ID, SOURCE_BUCKET,
};

use super::CloudWatchApi;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// The most metrics that one call takes (BC:cloudwatch GetMetricData, MetricDataQueries).
const QUERIES: usize = 500;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// How far the clock of this machine may be off: S3 and CloudWatch refuse what is signed further from their time.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Over which time, and how, a metric is asked for. A call answers 100,800 datapoints at most (BC:cloudwatch GetMetricData): 500
/// metrics have 25 or 26 each here.
struct Window {
    back: Duration,
    period: Duration,
    statistic: &'static str,
}

/// Metrics are delivered each minute, some of them late: one of the last twenty is the last there is.
const LAST: Window = Window {
    back: Duration::from_secs(20 * 60),
    period: MINUTE,
    statistic: "Maximum",
};

/// FAILED is final, so that a failure of hours ago is still one; by hours, as a day of minutes would be too much for one call.
const DAY: Window = Window {
    back: Duration::from_secs(24 * 60 * 60),
    period: HOUR,
    statistic: "Sum",
};

/// What each metric says, in their order.
pub(crate) async fn of(
    api: &CloudWatchApi<'_>,
    metrics: &[&RuleMetric],
) -> Result<Vec<Option<u64>>, Failure> {
    let numbered = metrics.iter().enumerate();
    let is_counted = |(_, metric): &(usize, &&RuleMetric)| metric.name == FAILED_OPERATIONS;
    let (counted, last): (Vec<_>, Vec<_>) = numbered.partition(is_counted);
    let mut answers = vec![None; metrics.len()];
    for (window, asked) in [(LAST, last), (DAY, counted)] {
        for part in asked.chunks(QUERIES) {
            let found = values(api, part, &window).await?;
            for ((place, metric), values) in part.iter().zip(found) {
                answers[*place] = if metric.name == FAILED_OPERATIONS {
                    values.iter().copied().reduce(|sum, value| sum + value)
                } else {
                    values.first().copied()
                }
                .map(whole);
            }
        }
    }
    Ok(answers)
}

/// The number of things that a value stands for; a part of one is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float to an integer saturates, and no count is negative"
)]
fn whole(value: f64) -> u64 {
    value.ceil() as u64
}

/// The values of each of some metrics, the newest first.
async fn values(
    api: &CloudWatchApi<'_>,
    asked: &[(usize, &&RuleMetric)],
    window: &Window,
) -> Result<Vec<Vec<f64>>, Failure> {
    const OPERATION: &str = "GetMetricData";
    let (from, to) = span(SystemTime::now(), window);
    let queries: Vec<MetricDataQuery> = asked
        .iter()
        .enumerate()
        .map(|(number, (_, metric))| query(number, metric, window))
        .collect();
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut token: Option<String> = None;
    let mut pages = Pages::default();
    loop {
        let page = api
            .read(OPERATION, |cloudwatch| {
                cloudwatch
                    .get_metric_data()
                    .set_metric_data_queries(Some(queries.clone()))
                    .start_time(from)
                    .end_time(to)
                    .scan_by(ScanBy::TimestampDescending)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        for result in page.metric_data_results() {
            let (id, values) = read(api, OPERATION, result)?;
            found.entry(id).or_default().extend(values);
        }
        let goes_on = page.next_token.is_some();
        token = pages
            .next(goes_on, page.next_token)
            .map_err(|endless| api.unreadable(OPERATION, endless))?;
        if token.is_none() {
            break;
        }
    }
    let values = (0..asked.len()).map(|number| found.remove(&id(number)).unwrap_or_default());
    Ok(values.collect())
}

/// A result of a page. A part of a metric's data is whole with the next page; what CloudWatch could not get is no silence.
fn read(
    api: &CloudWatchApi<'_>,
    operation: &'static str,
    result: &MetricDataResult,
) -> Result<(String, Vec<f64>), Failure> {
    match result.status_code() {
        Some(StatusCode::Complete | StatusCode::PartialData) | None => {}
        Some(other) => return Err(api.unknown(operation, "status of a metric", other.as_str())),
    }
    let id = result.id().unwrap_or_default().to_owned();
    Ok((id, result.values().to_vec()))
}

fn query(number: usize, metric: &RuleMetric, window: &Window) -> MetricDataQuery {
    let RuleMetric {
        name,
        source,
        destination,
        rule,
    } = metric;
    let dimension = |(name, value): (&str, &String)| Dimension::builder().name(name).value(value);
    let dimensions = [
        (SOURCE_BUCKET, source),
        (DESTINATION_BUCKET, destination),
        (RULE_ID, rule),
    ];
    let dimensions = dimensions.map(|pair| dimension(pair).build());
    let of = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name(name)
        .set_dimensions(Some(dimensions.to_vec()));
    let statistic = MetricStat::builder()
        .metric(of.build())
        .period(i32::try_from(window.period.as_secs()).unwrap_or(i32::MAX))
        .stat(window.statistic);
    MetricDataQuery::builder()
        .id(id(number))
        .metric_stat(statistic.build())
        .build()
}

/// An ID begins with a small letter (BC:cloudwatch MetricDataQuery Id).
fn id(number: usize) -> String {
    format!("m{number}")
}

/// From the beginning of a period to a while after now.
fn span(now: SystemTime, window: &Window) -> (DateTime, DateTime) {
    let seconds = |of: Duration| i64::try_from(of.as_secs()).unwrap_or(i64::MAX);
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    let now = since.unwrap_or_default();
    let period = window.period.as_secs();
    let from = now.saturating_sub(window.back).as_secs() / period * period;
    let from = Duration::from_secs(from);
    (
        DateTime::from_secs(seconds(from)),
        DateTime::from_secs(seconds(now.saturating_add(SKEW))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_with_a_period() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100_000_000 * 60 + 59);
        let (from, to) = span(now, &LAST);
        assert_eq!(from.secs(), (100_000_000 - 20) * 60);
        assert_eq!(to.secs(), 100_000_000 * 60 + 59 + 300);
        assert_eq!(span(now, &DAY).0.secs() % 3_600, 0);
    }

    #[test]
    fn a_part_of_an_operation_is_one() {
        assert_eq!(whole(0.0), 0);
        assert_eq!(whole(0.2), 1);
        assert_eq!(whole(f64::NAN), 0);
        assert_eq!(whole(-1.0), 0);
    }
}
