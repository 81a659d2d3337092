//! An alarm as the SDK has it, and as s3ferry does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{Dimension, EvaluationWindow, MetricAlarm};
use s3ferry_core::model::kinds::{Alarm, AlarmActions, AlarmSight, AlarmState, StateValue};

/// How long an alarm must have been in its state for a want of data to mean something: datapoints appear about 15 minutes after
/// a rule has metrics (UG26:repl-metrics), and an alarm looks at half an hour of them at most.
const LONG: Duration = Duration::from_secs(45 * 60);

/// Reads an alarm at a time.
pub(super) fn alarm(found: &MetricAlarm, now: SystemTime) -> Alarm {
    let text = |of: Option<&str>| of.unwrap_or_default().to_owned();
    let evaluation_periods = found.evaluation_periods().unwrap_or_default();
    Alarm {
        description: found.alarm_description().map(str::to_owned),
        namespace: text(found.namespace()),
        metric: text(found.metric_name()),
        dimensions: dimensions(found.dimensions()),
        statistic: text(
            found
                .statistic()
                .map(aws_sdk_cloudwatch::types::Statistic::as_str),
        ),
        period: found.period().unwrap_or_default(),
        evaluation_periods,
        datapoints: found.datapoints_to_alarm().unwrap_or(evaluation_periods),
        comparison: text(
            found
                .comparison_operator()
                .map(aws_sdk_cloudwatch::types::ComparisonOperator::as_str),
        ),
        threshold: found
            .threshold()
            .map(|number| number.to_string())
            .unwrap_or_default(),
        missing_data: found.treat_missing_data().unwrap_or("missing").to_owned(),
        unit: found.unit().map(|unit| unit.as_str().to_owned()),
        actions_enabled: found.actions_enabled().unwrap_or(true),
        actions: AlarmActions {
            alarm: set(found.alarm_actions()),
            ok: set(found.ok_actions()),
            insufficient_data: set(found.insufficient_data_actions()),
        },
        unmodelled: unmodelled(found),
        state: Some(state(found, now)),
    }
}

fn set(of: &[String]) -> BTreeSet<String> {
    of.iter().cloned().collect()
}

/// What an alarm looks at of replication: its metric, or those of its expression that are in the same account.
pub(super) fn sights(found: &MetricAlarm) -> Vec<AlarmSight> {
    let own = AlarmSight::of(
        found.namespace().unwrap_or_default(),
        found.metric_name().unwrap_or_default(),
        dimensions(found.dimensions()),
    );
    let here = found.metrics().iter();
    let here = here.filter(|query| query.account_id().is_none());
    let queried = here.filter_map(|query| {
        let metric = query.metric_stat()?.metric()?;
        let (namespace, name) = (metric.namespace()?, metric.metric_name()?);
        AlarmSight::of(namespace, name, dimensions(metric.dimensions()))
    });
    own.into_iter().chain(queried).collect()
}

/// The dimensions by name.
pub(super) fn dimensions(of: &[Dimension]) -> BTreeMap<String, String> {
    let pair = |of: &Dimension| Some((of.name()?.to_owned(), of.value()?.to_owned()));
    of.iter().filter_map(pair).collect()
}

fn state(found: &MetricAlarm, now: SystemTime) -> AlarmState {
    let word = found.state_value().map_or("", |value| value.as_str());
    let since = found
        .state_transitioned_timestamp()
        .or(found.state_updated_timestamp());
    let since = since.and_then(|since| SystemTime::try_from(*since).ok());
    let age = since.and_then(|since| now.duration_since(since).ok());
    AlarmState {
        value: StateValue::parse(word),
        reason: found.state_reason().unwrap_or_default().to_owned(),
        lasts: age.is_some_and(|age| age > LONG),
    }
}

/// What makes it another sort of alarm than one on one metric, or goes with nothing that s3ferry writes.
fn unmodelled(found: &MetricAlarm) -> Vec<String> {
    let MetricAlarm {
        extended_statistic,
        evaluate_low_sample_count_percentile,
        metrics,
        threshold_metric_id,
        evaluation_window,
        warm_up_configuration,
        evaluation_criteria,
        evaluation_interval,
        action_configuration,
        ..
    } = found;
    // A sliding window is what alarms have that name none (BC:cloudwatch EvaluationWindow).
    let is_sliding = evaluation_window
        .as_ref()
        .is_none_or(EvaluationWindow::is_sliding_window);
    let parts = [
        ("Metrics", metrics.as_ref().is_some_and(|of| !of.is_empty())),
        ("ThresholdMetricId", threshold_metric_id.is_some()),
        ("ExtendedStatistic", extended_statistic.is_some()),
        (
            "EvaluateLowSampleCountPercentile",
            evaluate_low_sample_count_percentile.is_some(),
        ),
        ("EvaluationWindow", !is_sliding),
        ("EvaluationCriteria", evaluation_criteria.is_some()),
        ("EvaluationInterval", evaluation_interval.is_some()),
        ("WarmUpConfiguration", warm_up_configuration.is_some()),
        ("ActionConfiguration", action_configuration.is_some()),
    ];
    let there = parts.into_iter().filter(|(_, is_there)| *is_there);
    there.map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::primitives::DateTime;
    use aws_sdk_cloudwatch::types::{MetricDataQuery, StateValue as Value};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn what_cloudwatch_leaves_out_is_what_it_takes_for_it() {
        let found = MetricAlarm::builder()
            .evaluation_periods(3)
            .threshold(900.0);
        let read = alarm(&found.build(), at(0));
        assert_eq!(read.datapoints, 3);
        assert_eq!(read.missing_data, "missing");
        assert_eq!(read.threshold, "900");
        assert!(read.actions_enabled && read.unmodelled.is_empty());
    }

    #[test]
    fn an_alarm_on_an_expression_is_of_another_sort() {
        let found = MetricAlarm::builder().metrics(MetricDataQuery::builder().id("m1").build());
        assert_eq!(alarm(&found.build(), at(0)).unmodelled, ["Metrics"]);
    }

    #[test]
    fn an_alarm_on_an_expression_looks_at_the_metrics_of_its_own_account() {
        use aws_sdk_cloudwatch::types::{Metric, MetricStat};
        let metric = |namespace: &str| {
            let dimension = Dimension::builder().name("RuleId").value("old").build();
            let metric = Metric::builder()
                .namespace(namespace)
                .metric_name("ReplicationLatency")
                .dimensions(dimension);
            MetricStat::builder().metric(metric.build()).build()
        };
        let query = |id: &str| MetricDataQuery::builder().id(id);
        let found = MetricAlarm::builder()
            .metrics(query("m1").metric_stat(metric("AWS/S3")).build())
            .metrics(query("m2").metric_stat(metric("Theirs")).build())
            .metrics(query("e1").expression("m1 + m2").build())
            .build();
        assert_eq!(sights(&found).len(), 1);
        let elsewhere = MetricAlarm::builder().metrics(
            query("m1")
                .metric_stat(metric("AWS/S3"))
                .account_id("999999999999")
                .build(),
        );
        assert!(sights(&elsewhere.build()).is_empty());
    }

    #[test]
    fn a_state_lasts_when_datapoints_should_have_come() {
        let lasts = |minutes: u64| {
            let found = MetricAlarm::builder()
                .state_value(Value::InsufficientData)
                .state_updated_timestamp(DateTime::from_secs(1_000_000));
            let state = alarm(&found.build(), at(1_000_000 + minutes * 60)).state;
            state.map(|state| (state.value, state.lasts))
        };
        assert_eq!(lasts(20), Some((StateValue::NoData, false)));
        assert_eq!(lasts(50), Some((StateValue::NoData, true)));
    }
}
