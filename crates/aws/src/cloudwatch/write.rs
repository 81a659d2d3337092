//! Alarms are put whole, and their tags apart: `PutMetricAlarm` takes tags for new alarms only (BC:cloudwatch PutMetricAlarm).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, StandardUnit, Statistic, Tag};
use s3ferry_core::ids::AlarmName;
use s3ferry_core::model::kinds::{Alarm, AlarmActions};
use s3ferry_core::model::{Document, Kind};
use s3ferry_core::ownership::alarm_tags;
use s3ferry_engine::ports::WriteChange;

use super::CloudWatchApi;
use crate::answer::nothing::absent;
use crate::failure::Failure;

/// Brings an alarm to what a document says.
pub(crate) async fn alarm(
    api: &CloudWatchApi<'_>,
    name: &AlarmName,
    arn: &str,
    change: WriteChange<'_>,
) -> Result<(), Failure> {
    match change.after {
        Some(Document::Alarm(after)) => {
            put(api, name, after).await?;
            match change.before {
                Some(_) => tag(api, arn, after).await,
                None => Ok(()),
            }
        }
        None => delete(api, name).await,
        other => Err(api.misfit(Kind::Alarm, other)),
    }
}

async fn put(api: &CloudWatchApi<'_>, name: &AlarmName, alarm: &Alarm) -> Result<(), Failure> {
    let Alarm {
        description,
        namespace,
        metric,
        dimensions,
        statistic,
        period,
        evaluation_periods,
        datapoints,
        comparison,
        threshold,
        missing_data,
        unit,
        actions_enabled,
        actions,
        unmodelled,
        state: _, // CloudWatch's own.
    } = alarm;
    if !unmodelled.is_empty() {
        let parts = unmodelled.join(", ");
        return Err(api.refused("PutMetricAlarm", format!("an alarm with {parts}")));
    }
    let threshold: f64 = threshold
        .parse()
        .map_err(|error| api.invalid("PutMetricAlarm", error))?;
    let AlarmActions {
        alarm: alarm_actions,
        ok,
        insufficient_data,
    } = actions;
    let pair = |(name, value): (&String, &String)| {
        Dimension::builder()
            .name(name.as_str())
            .value(value.as_str())
            .build()
    };
    let dimensions: Vec<Dimension> = dimensions.iter().map(pair).collect();
    let tags = tags(&alarm_tags(description.as_deref()));
    api.write("PutMetricAlarm", |cloudwatch| {
        cloudwatch
            .put_metric_alarm()
            .alarm_name(name.as_str())
            .set_alarm_description(description.clone())
            .namespace(namespace.as_str())
            .metric_name(metric.as_str())
            .set_dimensions(Some(dimensions))
            .statistic(Statistic::from(statistic.as_str()))
            .period(*period)
            .evaluation_periods(*evaluation_periods)
            .datapoints_to_alarm(*datapoints)
            .comparison_operator(ComparisonOperator::from(comparison.as_str()))
            .threshold(threshold)
            .treat_missing_data(missing_data.as_str())
            .set_unit(unit.as_deref().map(StandardUnit::from))
            .actions_enabled(*actions_enabled)
            .set_alarm_actions(list(alarm_actions))
            .set_ok_actions(list(ok))
            .set_insufficient_data_actions(list(insufficient_data))
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
            .send()
    })
    .await
    .map(drop)
}

fn list(of: &BTreeSet<String>) -> Option<Vec<String>> {
    (!of.is_empty()).then(|| of.iter().cloned().collect())
}

fn tags(of: &BTreeMap<String, String>) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| {
        Tag::builder()
            .key(key.as_str())
            .value(value.as_str())
            .build()
    };
    of.iter().map(tag).collect()
}

/// An alarm that is written over gets our tags, whether it was somebody else's or somebody took them away; what else it is
/// tagged with stays. They are not read for it: `DescribeAlarms` does not answer them.
async fn tag(api: &CloudWatchApi<'_>, arn: &str, after: &Alarm) -> Result<(), Failure> {
    let ours = alarm_tags(after.description.as_deref());
    if ours.is_empty() {
        return Ok(());
    }
    let tags = tags(&ours);
    api.write("TagResource", |cloudwatch| {
        cloudwatch
            .tag_resource()
            .resource_arn(arn)
            .set_tags(Some(tags))
            .send()
    })
    .await
    .map(drop)
}

/// `DeleteAlarms` of a name that is none's succeeds or says so (BC:cloudwatch DeleteAlarms).
async fn delete(api: &CloudWatchApi<'_>, name: &AlarmName) -> Result<(), Failure> {
    let answer = api
        .write("DeleteAlarms", |cloudwatch| {
            cloudwatch.delete_alarms().alarm_names(name.as_str()).send()
        })
        .await;
    absent(answer).map(drop)
}
