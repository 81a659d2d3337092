//! What the settings of an alarm must be like beside their types.

use super::alarm::{QueryOf, Settings, Statistic, Subject};
use crate::cloudwatch::errors::{invalid, validation};
use crate::wire::Refusal;

type Checked<T> = Result<T, Refusal>;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// "Valid values are 10, 20, 30, and any multiple of 60" (BC:cloudwatch PutMetricAlarm).
pub(super) fn period(period: i64) -> Checked<()> {
    if matches!(period, 10 | 20 | 30) || period % 60 == 0 {
        return Ok(());
    }
    let message = "Period must be 10, 20, 30 or a multiple of 60";
    Err(validation(message))
}

/// Reads a statistic beyond the five: a percentile, a trimmed mean or another of those that BC:cloudwatch PutMetricAlarm
/// lists. Of the forms with two bounds no more is looked at than the form.
pub(in crate::cloudwatch) fn extended(name: &str) -> Checked<Statistic> {
    let number = |text: &str| {
        let number = text.parse::<f64>().ok();
        number.is_some_and(|number| (0.0..=100.0).contains(&number))
    };
    let of_prefix = |prefix: &str| name.strip_prefix(prefix).is_some_and(number);
    let simple = ["p", "tm", "tc", "ts", "wm"].into_iter().any(of_prefix);
    let bounded = ["PR(", "TC(", "TM(", "TS(", "WM("]
        .into_iter()
        .any(|prefix| name.starts_with(prefix) && name.ends_with(')') && name.contains(':'));
    if simple || bounded || name == "IQM" {
        return Ok(Statistic::Extended(name.to_owned()));
    }
    Err(validation(format!(
        "The value {name} for parameter ExtendedStatistic is not supported."
    )))
}

/// Checks what goes together (BC:cloudwatch PutMetricAlarm).
pub(super) fn settings(settings: &Settings, region: &str) -> Checked<()> {
    let periods = settings.evaluation_periods;
    if settings
        .datapoints_to_alarm
        .is_some_and(|datapoints| datapoints > periods)
    {
        // seen: GH:hashicorp/terraform#24070
        let message = "DatapointsToAlarm must be less than or equal to EvaluationPeriods";
        return Err(validation(message));
    }
    if let Some(measured) = settings.measured() {
        spans(measured.period, periods)?;
    }
    threshold(settings)?;
    low_samples(settings)?;
    let actions = [
        &settings.ok_actions,
        &settings.alarm_actions,
        &settings.insufficient_data_actions,
    ];
    let mut actions = actions.into_iter().flatten();
    actions.try_for_each(|arn| action(arn, region))
}

/// "Period multiplied by EvaluationPeriods can't be more than 604,800 seconds. For alarms with a period of less than one hour, the
/// total evaluation period can't be longer than one day" (BC:cloudwatch Period; the words are unverified).
fn spans(period: i64, periods: i64) -> Checked<()> {
    let most = if period < HOUR { DAY } else { 7 * DAY };
    if period.saturating_mul(periods) <= most {
        return Ok(());
    }
    Err(validation(format!(
        "Metrics cannot be checked across more than {} (EvaluationPeriods * Period must be <= {most}).",
        if period < HOUR { "a day" } else { "a week" }
    )))
}

fn threshold(settings: &Settings) -> Checked<()> {
    let Settings {
        threshold,
        threshold_metric_id,
        comparison,
        subject,
        ..
    } = settings;
    match (threshold, threshold_metric_id) {
        (Some(_), Some(_)) => {
            let message = "Only one of Threshold and ThresholdMetricId may be specified.";
            Err(validation(message))
        }
        (Some(threshold), None) if !threshold.is_finite() => {
            Err(validation("Threshold must be a finite number."))
        }
        (None, None) => Err(validation("Threshold must not be null")),
        (None, Some(band)) => {
            let has_it = match subject {
                Subject::Queries(queries) => queries.iter().any(|query| query.id == *band),
                Subject::Metric(_) => false,
            };
            match (has_it, comparison.is_of_band()) {
                (true, true) => Ok(()),
                (false, _) => Err(validation(
                    "ThresholdMetricId must be the Id of one of the Metrics.",
                )),
                (true, false) => Err(not_comparable(comparison.as_str())),
            }
        }
        (Some(_), None) if comparison.is_of_band() => Err(not_comparable(comparison.as_str())),
        (Some(_), None) => Ok(()),
    }
}

fn not_comparable(comparison: &str) -> Refusal {
    validation(format!(
        "ComparisonOperator {comparison} does not go with this kind of threshold."
    ))
}

fn low_samples(settings: &Settings) -> Checked<()> {
    let is_extended = match &settings.subject {
        Subject::Metric(measured) => matches!(measured.statistic, Statistic::Extended(_)),
        Subject::Queries(_) => true,
    };
    if settings.low_samples.is_none() || is_extended {
        return Ok(());
    }
    let message = "EvaluateLowSampleCountPercentile is for alarms on percentiles only.";
    Err(validation(message))
}

/// An alarm watches one number: one of its queries returns data (BC:cloudwatch MetricDataQuery.ReturnData).
pub(super) fn watched(subject: &Subject) -> Checked<()> {
    let Subject::Queries(queries) = subject else {
        return Ok(());
    };
    let band = |query: &super::alarm::Query| match &query.of {
        QueryOf::Expression { text, .. } => text.starts_with("ANOMALY_DETECTION_BAND"),
        QueryOf::Metric(_) => false,
    };
    let returning = queries
        .iter()
        .filter(|query| query.returns_data != Some(false) && !band(query));
    if returning.count() == 1 {
        return Ok(());
    }
    let message = "Exactly one element of the metrics list should return data.";
    Err(validation(message))
}

/// The services whose ARNs may be actions (BC:cloudwatch PutMetricAlarm AlarmActions).
const ACTING: [&str; 9] = [
    "automate",
    "autoscaling",
    "aiops",
    "lambda",
    "sns",
    "ssm",
    "ssm-incidents",
    "swf",
    "bedrock-agentcore",
];

/// Checks the ARN of an action. Whether it is there nobody asks (CWUG:AlarmThatSendsEmail: "CloudWatch doesn't test or validate
/// the actions that you specify").
fn action(arn: &str, own_region: &str) -> Checked<()> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, service, region, _, _] = parts[..] else {
        return Err(validation(format!("Invalid arn syntax: {arn}")));
    };
    if partition != "aws" {
        // seen: GH:aws-samples/amazon-cloudwatch-auto-alarms#61
        let message = format!("Invalid partition {partition} specified. Only aws is supported.");
        return Err(validation(message));
    }
    if !ACTING.contains(&service) {
        return Err(validation(format!("Invalid use of service: {service}")));
    }
    // seen: GH:cds-snc/notification-terraform#128
    if !region.is_empty() && region != own_region {
        return Err(validation(format!(
            "Invalid region {region} specified. Only {own_region} is supported."
        )));
    }
    Ok(())
}

/// "The name must contain only UTF-8 characters, and can't contain ASCII control characters" (BC:cloudwatch PutMetricAlarm).
pub(super) fn name(name: &str) -> Checked<()> {
    if name.contains(|char: char| char.is_ascii_control()) {
        let must = "not contain ASCII control characters";
        return Err(invalid(Some(name), "AlarmName", must));
    }
    Ok(())
}
