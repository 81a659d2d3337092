//! DescribeAlarms and DescribeAlarmsForMetric.

use super::alarm::{Alarm, STATISTICS, StateValue, Statistic, Subject};
use super::query;
use super::show::shown;
use crate::cloudwatch::call::{Answer, Call, NAMES, page};
use crate::cloudwatch::errors::validation;
use crate::cloudwatch::metrics::units::UNITS;
use crate::wire::{Node, Refusal};

const TYPES: [&str; 3] = ["CompositeAlarm", "MetricAlarm", "LogAlarm"];

/// What is asked for.
struct Filter<'a> {
    names: Option<Vec<String>>,
    prefix: Option<&'a str>,
    state: Option<&'static str>,
    action: Option<&'a str>,
}

impl<'a> Filter<'a> {
    fn read(call: &Call<'a>) -> Result<Self, Refusal> {
        let input = &call.input;
        let filter = Self {
            names: input.texts("AlarmNames", NAMES, 255)?,
            prefix: input.text("AlarmNamePrefix", 1, 255)?,
            state: input.word("StateValue", &StateValue::WORDS)?,
            action: input.text("ActionPrefix", 1, 1024)?,
        };
        if filter.names.is_some() && filter.prefix.is_some() {
            // "If this parameter is specified, you cannot specify AlarmNames" (BC:cloudwatch AlarmNamePrefix; the words are
            // unverified).
            let message = "AlarmNames and AlarmNamePrefix cannot both be specified.";
            return Err(validation(message));
        }
        Ok(filter)
    }

    fn takes(&self, alarm: &Alarm) -> bool {
        let Self {
            names,
            prefix,
            state,
            action,
        } = self;
        let settings = &alarm.settings;
        let mut actions = [
            &settings.ok_actions,
            &settings.alarm_actions,
            &settings.insufficient_data_actions,
        ]
        .into_iter()
        .flatten();
        names
            .as_ref()
            .is_none_or(|names| names.contains(&alarm.name))
            && prefix.is_none_or(|prefix| alarm.name.starts_with(prefix))
            && state.is_none_or(|state| alarm.state.value.as_str() == state)
            && action.is_none_or(|prefix| actions.any(|action| action.starts_with(prefix)))
    }
}

/// Without types only alarms on metrics are shown, which are all that there are here (BC:cloudwatch AlarmTypes).
pub(super) fn wants_metric_alarms(call: &Call<'_>) -> Result<bool, Refusal> {
    let types = call.input.texts("AlarmTypes", 3, 255)?;
    for kind in types.iter().flatten() {
        crate::cloudwatch::input::word(kind, "AlarmTypes", &TYPES)?;
    }
    Ok(types.is_none_or(|types| types.iter().any(|kind| kind == "MetricAlarm")))
}

pub(in crate::cloudwatch) fn describe(call: &Call<'_>) -> Answer {
    // As denials of AWS tell it, whatever is asked for.
    call.may(&call.alarm_arn("*"), &[])?;
    let filter = Filter::read(call)?;
    let wanted = wants_metric_alarms(call)?;
    let most = call.input.integer("MaxRecords", 1, 100)?.unwrap_or(50);
    // "The maximum number of alarm descriptions to retrieve"; names are 100 at most, and all are shown.
    let most = match &filter.names {
        Some(_) if !call.input.has("MaxRecords") => NAMES,
        Some(_) | None => usize::try_from(most).unwrap_or(NAMES),
    };
    let token = call.input.text("NextToken", 1, 4096)?;
    let state = call.cloudwatch.state();
    let alarms = state.store(&call.here).into_iter();
    let alarms = alarms
        .flat_map(|store| store.alarms.values())
        .filter(|alarm| wanted && filter.takes(alarm))
        .map(|alarm| {
            (
                alarm.name.clone(),
                shown(alarm, call.alarm_arn(&alarm.name)),
            )
        });
    let (alarms, token) = page(alarms, token, most)?;
    let mut answer = Node::map([
        ("MetricAlarms", Node::List(alarms)),
        ("CompositeAlarms", Node::List(Vec::new())),
    ]);
    answer.set("NextToken", token);
    Ok(Some(answer))
}

/// "You must specify all dimensions ... exactly" (BC:cloudwatch DescribeAlarmsForMetric).
pub(in crate::cloudwatch) fn describe_for_metric(call: &Call<'_>) -> Answer {
    call.may("*", &[])?;
    let metric = query::metric(&call.input)?;
    let statistic = match call.input.word("Statistic", &STATISTICS)? {
        Some(name) => Some(Statistic::read(name)),
        None => call
            .input
            .text("ExtendedStatistic", 1, 255)?
            .map(Statistic::read),
    };
    let period = call.input.integer("Period", 1, i64::from(i32::MAX))?;
    let unit = call.input.word("Unit", &UNITS)?;
    let is_on = |alarm: &&Alarm| match &alarm.settings.subject {
        Subject::Metric(measured) => {
            measured.metric == metric
                && statistic
                    .as_ref()
                    .is_none_or(|statistic| measured.statistic == *statistic)
                && period.is_none_or(|period| measured.period == period)
                && unit.is_none_or(|unit| measured.unit == Some(unit))
        }
        Subject::Queries(_) => false,
    };
    let state = call.cloudwatch.state();
    let alarms = state.store(&call.here).into_iter();
    let alarms = alarms.flat_map(|store| store.alarms.values()).filter(is_on);
    let shown = alarms.map(|alarm| shown(alarm, call.alarm_arn(&alarm.name)));
    let shown = Node::List(shown.collect());
    Ok(Some(Node::map([("MetricAlarms", shown)])))
}
