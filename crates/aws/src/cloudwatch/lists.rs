//! What an account has in a Region: the alarms that may be s3ferry's, by name, and the metrics of rules.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::DimensionFilter;
use s3ferry_core::ids::AlarmName;
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::alarm::{DESTINATION_BUCKET, NAMESPACE, RULE_ID, SOURCE_BUCKET};
use s3ferry_core::model::kinds::{AlarmNames, RuleMetric, RuleMetrics};
use s3ferry_core::ownership::ALARM_PREFIX;

use super::CloudWatchApi;
use super::alarm::dimensions;
use super::read::described;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// The names of the alarms that may be s3ferry's.
pub(crate) async fn names(api: &CloudWatchApi<'_>) -> Result<Option<Document>, Failure> {
    let found = described(api, |asked| asked.alarm_name_prefix(ALARM_PREFIX)).await?;
    let named = found.iter();
    let names = named.filter_map(|alarm| AlarmName::new(alarm.alarm_name()?).ok());
    Ok(Some(Document::AlarmNames(AlarmNames(names.collect()))))
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
