//! Alarms by name, a hundred a call.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_sdk_cloudwatch::operation::describe_alarms::builders::DescribeAlarmsFluentBuilder;
use aws_sdk_cloudwatch::types::MetricAlarm;
use s3ferry_core::ids::AlarmName;
use s3ferry_core::model::{Document, Target};

use super::CloudWatchApi;
use super::alarm::alarm;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// The most names that one call takes (BC:cloudwatch DescribeAlarms, AlarmNames).
pub(crate) const NAMES: usize = 100;

/// The most alarms that CloudWatch answers at once (BC:cloudwatch DescribeAlarms, MaxRecords).
const PAGE: i32 = 100;

/// Reads an alarm.
pub(crate) async fn one(
    api: &CloudWatchApi<'_>,
    name: &AlarmName,
) -> Result<Option<Document>, Failure> {
    let mut found = named(api, &[name]).await?;
    Ok(found.remove(name.as_str()).map(document))
}

/// Reads up to [`NAMES`] alarms of the account and Region.
pub(crate) async fn together(
    api: &CloudWatchApi<'_>,
    asked: &[(&Target, &AlarmName)],
) -> Result<Vec<(Target, Option<Document>)>, Failure> {
    let names: Vec<&AlarmName> = asked.iter().map(|(_, name)| *name).collect();
    let mut found = named(api, &names).await?;
    let answer = |(target, name): &(&Target, &AlarmName)| {
        let alarm = found.remove(name.as_str()).map(document);
        ((*target).clone(), alarm)
    };
    Ok(asked.iter().map(answer).collect())
}

fn document(found: MetricAlarm) -> Document {
    Document::Alarm(Box::new(alarm(&found, SystemTime::now())))
}

/// The alarms of these names that there are. Names have a case.
async fn named(
    api: &CloudWatchApi<'_>,
    names: &[&AlarmName],
) -> Result<BTreeMap<String, MetricAlarm>, Failure> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let alarms = described(api, |asked| asked.set_alarm_names(Some(names.clone()))).await?;
    let named = alarms.into_iter();
    Ok(named
        .filter_map(|alarm| Some((alarm.alarm_name()?.to_owned(), alarm)))
        .collect())
}

/// The alarms that are asked for, page by page.
pub(super) async fn described(
    api: &CloudWatchApi<'_>,
    ask: impl Fn(DescribeAlarmsFluentBuilder) -> DescribeAlarmsFluentBuilder + Send + Sync,
) -> Result<Vec<MetricAlarm>, Failure> {
    let (found, _) = described_up_to(api, usize::MAX, ask).await?;
    Ok(found)
}

/// The alarms that are asked for, on the first pages, and whether there are more.
pub(super) async fn described_up_to(
    api: &CloudWatchApi<'_>,
    most: usize,
    ask: impl Fn(DescribeAlarmsFluentBuilder) -> DescribeAlarmsFluentBuilder + Send + Sync,
) -> Result<(Vec<MetricAlarm>, bool), Failure> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    let mut pages = Pages::default();
    let mut read = 0;
    loop {
        let page = api
            .read("DescribeAlarms", |cloudwatch| {
                ask(cloudwatch.describe_alarms())
                    .max_records(PAGE)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        found.extend(page.metric_alarms.unwrap_or_default());
        let goes_on = page.next_token.is_some();
        token = pages
            .next(goes_on, page.next_token)
            .map_err(|endless| api.unreadable("DescribeAlarms", endless))?;
        read += 1;
        if token.is_none() || read >= most {
            return Ok((found, token.is_some()));
        }
    }
}
