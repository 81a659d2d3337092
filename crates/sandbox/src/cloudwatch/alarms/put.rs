//! PutMetricAlarm.

use super::alarm::{Alarm, Comparison, MissingData, Settings, State, Subject, Tags};
use super::{check, query, tags};
use crate::authority::request_tags;
use crate::clock::seconds;
use crate::cloudwatch::call::{Answer, Call};
use crate::cloudwatch::errors::{fault, invalid, validation};
use crate::cloudwatch::watch::evaluated_at_birth;
use crate::wire::Refusal;

type Checked<T> = Result<T, Refusal>;

/// The most actions of a state (BC:cloudwatch ResourceList).
const ACTIONS: usize = 5;

/// What the sandbox's CloudWatch has not, and says so.
const ABSENT: [&str; 5] = [
    "EvaluationCriteria",
    "EvaluationInterval",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "ActionConfiguration",
];

/// Of one metric.
const OF_METRIC: [&str; 7] = [
    "MetricName",
    "Namespace",
    "Dimensions",
    "Period",
    "Unit",
    "Statistic",
    "ExtendedStatistic",
];

pub(in crate::cloudwatch) fn put(call: &Call<'_>) -> Answer {
    let name = call.input.required("AlarmName", 255)?;
    check::name(name)?;
    let actions = ["OKActions", "AlarmActions", "InsufficientDataActions"];
    let actions = actions.map(|field| call.input.texts(field, ACTIONS, 1024));
    let [ok_actions, alarm_actions, insufficient_data_actions] = actions;
    let actions = [
        ok_actions?.unwrap_or_default(),
        alarm_actions?.unwrap_or_default(),
        insufficient_data_actions?.unwrap_or_default(),
    ];
    let tags = tags::read(&call.input)?;
    may(call, name, &actions, &tags)?;
    throttle(call)?;
    let settings = settings(call, actions)?;
    let now = seconds(call.cloudwatch.now());
    let mut state = call.cloudwatch.state();
    let store = state.store_mut(&call.here);
    let known = store.alarms.remove(name);
    let told = if known.is_some() {
        ("updated", "Update")
    } else {
        ("created", "Create")
    };
    store.history.configured(now, name, told);
    let alarm = match known {
        // "If you are using this operation to update an existing alarm, any tags you specify in this parameter are ignored";
        // "its state is left unchanged" (BC:cloudwatch PutMetricAlarm).
        Some(known) => Alarm {
            settings,
            configured: now,
            evaluated: evaluated_at_birth(now),
            ..known
        },
        None => Alarm {
            name: name.to_owned(),
            settings,
            tags,
            state: State::initial(now),
            configured: now,
            evaluated: evaluated_at_birth(now),
        },
    };
    store.alarms.insert(name.to_owned(), alarm);
    state.look_again();
    Ok(None)
}

/// Asks for the alarm, and for its tags where it is made with some.
fn may(call: &Call<'_>, name: &str, actions: &[Vec<String>; 3], tags: &Tags) -> Checked<()> {
    let named = request_tags(tags);
    let mut context: Vec<_> = named
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    let all = actions.iter().flatten();
    context.extend(all.map(|action| ("cloudwatch:AlarmActions", action.clone())));
    call.may_alarm(call.operation(), name, &context)?;
    let is_new = call.cloudwatch.state().alarm(&call.here, name).is_none();
    if is_new && !tags.is_empty() {
        call.may_alarm("TagResource", name, &context)?;
    }
    Ok(())
}

/// Refuses what comes faster than the switch allows.
fn throttle(call: &Call<'_>) -> Checked<()> {
    let allowed = call.cloudwatch.switches().delays().alarm_writes_per_second;
    let now = seconds(call.cloudwatch.now());
    let mut state = call.cloudwatch.state();
    let store = state.store_mut(&call.here);
    store.alarm_writes.retain(|at| now - at < 1.0);
    let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
    if allowed > 0 && store.alarm_writes.len() >= allowed {
        return Err(fault(400, "Throttling", "Rate exceeded"));
    }
    store.alarm_writes.push(now);
    Ok(())
}

fn settings(call: &Call<'_>, actions: [Vec<String>; 3]) -> Checked<Settings> {
    let input = &call.input;
    if let Some(absent) = ABSENT.into_iter().find(|field| input.has(field)) {
        return Err(validation(format!(
            "The sandbox's CloudWatch does not have {absent}."
        )));
    }
    let [ok_actions, alarm_actions, insufficient_data_actions] = actions;
    let periods = input.integer("EvaluationPeriods", 1, i64::from(i32::MAX))?;
    let text = |field, least, most| {
        let text = input.text(field, least, most)?;
        Ok::<_, Refusal>(text.map(str::to_owned))
    };
    let settings = Settings {
        description: text("AlarmDescription", 0, 1024)?,
        actions_enabled: input.flag("ActionsEnabled")?.unwrap_or(true),
        ok_actions,
        alarm_actions,
        insufficient_data_actions,
        subject: subject(call)?,
        evaluation_periods: periods
            .ok_or_else(|| invalid(None, "EvaluationPeriods", "not be null"))?,
        datapoints_to_alarm: input.integer("DatapointsToAlarm", 1, i64::from(i32::MAX))?,
        threshold: input.number("Threshold")?,
        threshold_metric_id: text("ThresholdMetricId", 1, 255)?,
        comparison: comparison(call)?,
        missing: missing(call)?,
        low_samples: input.word("EvaluateLowSampleCountPercentile", &["evaluate", "ignore"])?,
    };
    check::settings(&settings, &call.here.region)?;
    Ok(settings)
}

fn subject(call: &Call<'_>) -> Checked<Subject> {
    let one = OF_METRIC.into_iter().find(|field| call.input.has(field));
    if !call.input.has("Metrics") {
        if one.is_none() {
            let message = "One of MetricName, Metrics or EvaluationCriteria must be specified.";
            return Err(validation(message));
        }
        return query::measured(&call.input).map(Subject::Metric);
    }
    if let Some(one) = one {
        return Err(validation(format!("{one} does not go with Metrics.")));
    }
    let subject = Subject::Queries(query::queries(&call.input, "Metrics", 20)?);
    check::watched(&subject)?;
    Ok(subject)
}

fn comparison(call: &Call<'_>) -> Checked<Comparison> {
    let names = Comparison::ALL.map(|(_, name)| name);
    let given = call.input.word("ComparisonOperator", &names)?;
    let mut all = Comparison::ALL.into_iter();
    let found = all.find(|(_, name)| Some(*name) == given);
    found
        .map(|(comparison, _)| comparison)
        .ok_or_else(|| invalid(None, "ComparisonOperator", "not be null"))
}

fn missing(call: &Call<'_>) -> Checked<Option<MissingData>> {
    let names = MissingData::ALL.map(|(_, name)| name);
    let given = call.input.word("TreatMissingData", &names)?;
    let mut all = MissingData::ALL.into_iter();
    Ok(all
        .find(|(_, name)| Some(*name) == given)
        .map(|(missing, _)| missing))
}
