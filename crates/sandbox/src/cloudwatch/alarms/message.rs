//! What an alarm tells a topic, in the form in which subscribers know it (CWUG:AlarmThatSendsEmail; samples of the message in
//! GH:aws-samples/aws-lambda-powertools and many more).

use serde_json::{Value, json};

use super::alarm::{Alarm, Measured, MissingData, Settings, State, Statistic, Subject};
use super::show;
use crate::clock::iso_millis;
use crate::place::Place;
use crate::wire::codec::written_json;

/// Names of Regions as messages have them; the others go by their code here.
const REGIONS: [(&str, &str); 10] = [
    ("us-east-1", "US East (N. Virginia)"),
    ("us-east-2", "US East (Ohio)"),
    ("us-west-1", "US West (N. California)"),
    ("us-west-2", "US West (Oregon)"),
    ("eu-west-1", "EU (Ireland)"),
    ("eu-west-2", "EU (London)"),
    ("eu-west-3", "EU (Paris)"),
    ("eu-central-1", "EU (Frankfurt)"),
    ("eu-north-1", "EU (Stockholm)"),
    ("ca-central-1", "Canada (Central)"),
];

fn region(place: &Place) -> &str {
    let mut known = REGIONS.iter();
    let found = known.find(|(code, _)| *code == place.region);
    found.map_or(place.region.as_str(), |(_, name)| name)
}

/// Subjects have less than 100 characters (BC:sns Publish).
pub(super) fn subject(alarm: &Alarm, place: &Place) -> String {
    let state = alarm.state.value.as_str();
    let subject = format!("{state}: \"{}\" in {}", alarm.name, region(place));
    let plain = subject.chars().filter(|char| !char.is_control());
    plain.take(99).collect()
}

pub(super) fn message(alarm: &Alarm, old: &State, place: &Place) -> String {
    let Alarm {
        name,
        settings,
        tags: _,
        state,
        configured,
        evaluated: _,
    } = alarm;
    let arn = place.arn("cloudwatch", &format!("alarm:{name}"));
    let changed = iso_millis(state.updated).replace('Z', "+0000");
    let configured = iso_millis(*configured).replace('Z', "+0000");
    json!({
        "AlarmName": name, "AlarmDescription": settings.description, "AWSAccountId": place.account,
        "AlarmConfigurationUpdatedTimestamp": configured, "NewStateValue": state.value.as_str(),
        "NewStateReason": state.reason, "StateChangeTime": changed, "Region": region(place), "AlarmArn": arn,
        "OldStateValue": old.value.as_str(), "OKActions": settings.ok_actions,
        "AlarmActions": settings.alarm_actions, "InsufficientDataActions": settings.insufficient_data_actions,
        "Trigger": trigger(settings),
    })
    .to_string()
}

fn trigger(settings: &Settings) -> Value {
    let missing = settings.missing.map_or("missing", MissingData::as_str);
    let mut trigger = json!({
        "Period": Value::Null, "EvaluationPeriods": settings.evaluation_periods,
        "DatapointsToAlarm": settings.datapoints_to_alarm, "ComparisonOperator": settings.comparison.as_str(),
        "Threshold": settings.threshold, "TreatMissingData": missing,
        "EvaluateLowSampleCountPercentile": settings.low_samples.unwrap_or_default(),
    });
    match &settings.subject {
        Subject::Metric(measured) => add_metric(&mut trigger, measured),
        Subject::Queries(queries) => {
            let queries = queries.iter().map(show::query);
            trigger["Metrics"] = queries.map(|query| written_json(&query)).collect();
        }
    }
    trigger
}

fn add_metric(trigger: &mut Value, measured: &Measured) {
    let dimensions = measured.metric.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| json!({ "value": value, "name": name }));
    trigger["MetricName"] = json!(measured.metric.name);
    trigger["Namespace"] = json!(measured.metric.namespace);
    trigger["Dimensions"] = dimensions.collect();
    trigger["Unit"] = json!(measured.unit);
    trigger["Period"] = json!(measured.period);
    match &measured.statistic {
        Statistic::Extended(name) => {
            trigger["StatisticType"] = json!("ExtendedStatistic");
            trigger["ExtendedStatistic"] = json!(name);
        }
        simple => {
            trigger["StatisticType"] = json!("Statistic");
            trigger["Statistic"] = json!(simple.as_str().to_ascii_uppercase());
        }
    }
}
