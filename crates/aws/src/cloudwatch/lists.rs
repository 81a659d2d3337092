//! What an account has in a Region: the alarms that may be s3ferry's, by name, what others look at, and the metrics of rules.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::DimensionFilter;
use s3ferry_core::ids::AlarmName;
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::alarm::{DESTINATION_BUCKET, NAMESPACE, RULE_ID, SOURCE_BUCKET};
use s3ferry_core::model::kinds::{AlarmNames, RuleMetric, RuleMetrics};
use s3ferry_core::ownership::ALARM_PREFIX;

use super::CloudWatchApi;
use super::alarm::{dimensions, sights};
use super::read::{described, described_up_to};
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// How many pages of other people's alarms are looked through for those that look at replication: two thousand alarms, which is
/// some two seconds. CloudWatch cannot be asked for the alarms on a metric without its dimensions
/// (BC:cloudwatch DescribeAlarmsForMetric), which are what may be wrong of them.
const LOOKED_THROUGH: usize = 20;

/// The alarms that may be s3ferry's, all of them, and what others look at. One list has both; only where it is very long, ours
/// are asked for besides.
pub(crate) async fn names(api: &CloudWatchApi<'_>) -> Result<Option<Document>, Failure> {
    let (found, has_more) = described_up_to(api, LOOKED_THROUGH, |asked| asked).await?;
    let ours = if has_more {
        described(api, |asked| asked.alarm_name_prefix(ALARM_PREFIX)).await?
    } else {
        Vec::new()
    };
    let mut names = AlarmNames {
        has_more,
        ..AlarmNames::default()
    };
    for alarm in found.iter().chain(&ours) {
        let name = alarm
            .alarm_name()
            .and_then(|name| AlarmName::new(name).ok());
        if let Some(name) = name {
            names.add(name, sights(alarm));
        }
    }
    Ok(Some(Document::AlarmNames(names)))
}

/// The metrics of rules: whatever else S3 has metrics of has no rule for a dimension.
pub(crate) async fn metrics(api: &CloudWatchApi<'_>) -> Result<Option<Document>, Failure> {
    let mut metrics = BTreeSet::new();
    let mut token: Option<String> = None;
    let mut pages = Pages::default();
    loop {
        let page = api
            .read("ListMetrics", |cloudwatch| {
                cloudwatch
                    .list_metrics()
                    .namespace(NAMESPACE)
                    .dimensions(DimensionFilter::builder().name(RULE_ID).build())
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        let found = page.metrics().iter();
        metrics.extend(found.filter_map(|metric| {
            let mut of = dimensions(metric.dimensions());
            Some(RuleMetric {
                name: metric.metric_name()?.to_owned(),
                source: of.remove(SOURCE_BUCKET)?,
                destination: of.remove(DESTINATION_BUCKET)?,
                rule: of.remove(RULE_ID)?,
            })
        }));
        let goes_on = page.next_token.is_some();
        token = pages
            .next(goes_on, page.next_token)
            .map_err(|endless| api.unreadable("ListMetrics", endless))?;
        if token.is_none() {
            return Ok(Some(Document::RuleMetrics(RuleMetrics(metrics))));
        }
    }
}
