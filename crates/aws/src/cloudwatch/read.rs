//! Alarms by name, a hundred a call.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_sdk_cloudwatch::types::MetricAlarm;
use s3ferry_core::ids::AlarmName;
use s3ferry_core::model::{Document, Target};

use super::CloudWatchApi;
use super::alarm::alarm;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// The most names that one call takes (BC:cloudwatch DescribeAlarms, AlarmNames).
pub(crate) const NAMES: usize = 100;

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
    let mut found = BTreeMap::new();
    let mut token: Option<String> = None;
    let mut pages = Pages::default();
    loop {
        let page = api
            .read("DescribeAlarms", |cloudwatch| {
                cloudwatch
                    .describe_alarms()
                    .set_alarm_names(Some(names.clone()))
                    .max_records(i32::try_from(NAMES).unwrap_or(i32::MAX))
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        let alarms = page.metric_alarms.unwrap_or_default().into_iter();
        found.extend(alarms.filter_map(|alarm| Some((alarm.alarm_name()?.to_owned(), alarm))));
        let goes_on = page.next_token.is_some();
        token = pages
            .next(goes_on, page.next_token)
            .map_err(|endless| api.unreadable("DescribeAlarms", endless))?;
        if token.is_none() {
            return Ok(found);
        }
    }
}
