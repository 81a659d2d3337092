//! Alarms, their lists, metrics and topics as kept documents have them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{AlarmName, InvalidName};
use crate::model::kinds::{
    Alarm, AlarmActions, AlarmNames, AlarmSight, AlarmState, Policy, RuleMetric, RuleMetrics,
    StateValue, Topic,
};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldAlarm {
    description: Option<String>,
    namespace: String,
    metric: String,
    dimensions: BTreeMap<String, String>,
    statistic: String,
    period: i32,
    evaluation_periods: i32,
    datapoints: i32,
    comparison: String,
    threshold: String,
    missing_data: String,
    unit: Option<String>,
    actions_enabled: bool,
    alarm_actions: BTreeSet<String>,
    ok_actions: BTreeSet<String>,
    insufficient_data_actions: BTreeSet<String>,
    unmodelled: Vec<String>,
    state: Option<HeldState>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldState {
    value: String,
    reason: String,
    lasts: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldAlarms {
    ours: BTreeSet<String>,
    others: BTreeMap<String, Vec<HeldSight>>,
    has_more: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldSight {
    metric: String,
    dimensions: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldTopic {
    policy: String,
    confirmed: u32,
    pending: u32,
    key: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldMetric {
    name: String,
    source: String,
    destination: String,
    rule: String,
}

pub(super) fn held_alarm(alarm: &Alarm) -> HeldAlarm {
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
        state,
    } = alarm.clone();
    let AlarmActions {
        alarm: alarm_actions,
        ok: ok_actions,
        insufficient_data: insufficient_data_actions,
    } = actions;
    HeldAlarm {
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
        alarm_actions,
        ok_actions,
        insufficient_data_actions,
        unmodelled,
        state: state.map(held_state),
    }
}

pub(super) fn alarm(held: HeldAlarm) -> Alarm {
    let HeldAlarm {
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
        alarm_actions,
        ok_actions,
        insufficient_data_actions,
        unmodelled,
        state: held_state,
    } = held;
    Alarm {
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
        actions: AlarmActions {
            alarm: alarm_actions,
            ok: ok_actions,
            insufficient_data: insufficient_data_actions,
        },
        unmodelled,
        state: held_state.map(state),
    }
}

fn held_state(state: AlarmState) -> HeldState {
    let AlarmState {
        value,
        reason,
        lasts,
    } = state;
    HeldState {
        value: value.as_str().to_owned(),
        reason,
        lasts,
    }
}

fn state(held: HeldState) -> AlarmState {
    let HeldState {
        value,
        reason,
        lasts,
    } = held;
    AlarmState {
        value: StateValue::parse(&value),
        reason,
        lasts,
    }
}

pub(super) fn held_topic(topic: &Topic) -> HeldTopic {
    let Topic {
        policy,
        confirmed,
        pending,
        key,
    } = topic;
    HeldTopic {
        policy: policy.text().to_owned(),
        confirmed: *confirmed,
        pending: *pending,
        key: key.clone(),
    }
}

pub(super) fn topic(held: HeldTopic) -> Topic {
    let HeldTopic {
        policy,
        confirmed,
        pending,
        key,
    } = held;
    Topic {
        policy: Policy::read(policy),
        confirmed,
        pending,
        key,
    }
}

pub(super) fn held_names(names: &AlarmNames) -> HeldAlarms {
    let AlarmNames {
        ours,
        others,
        has_more,
    } = names;
    let sight = |of: &AlarmSight| HeldSight {
        metric: of.metric.clone(),
        dimensions: of.dimensions.clone(),
    };
    let other = |(name, sights): (&AlarmName, &BTreeSet<AlarmSight>)| {
        (name.to_string(), sights.iter().map(sight).collect())
    };
    HeldAlarms {
        ours: ours.iter().map(ToString::to_string).collect(),
        others: others.iter().map(other).collect(),
        has_more: *has_more,
    }
}

pub(super) fn names(held: HeldAlarms) -> Result<AlarmNames, InvalidName> {
    let HeldAlarms {
        ours,
        others,
        has_more,
    } = held;
    let sight = |HeldSight { metric, dimensions }| AlarmSight { metric, dimensions };
    let other = |(name, sights): (String, Vec<HeldSight>)| {
        Ok((
            AlarmName::new(name)?,
            sights.into_iter().map(sight).collect(),
        ))
    };
    Ok(AlarmNames {
        ours: ours
            .into_iter()
            .map(AlarmName::new)
            .collect::<Result<_, _>>()?,
        others: others.into_iter().map(other).collect::<Result<_, _>>()?,
        has_more,
    })
}

pub(super) fn held_metrics(metrics: &RuleMetrics) -> Vec<HeldMetric> {
    let held = |metric: &RuleMetric| {
        let RuleMetric {
            name,
            source,
            destination,
            rule,
        } = metric.clone();
        HeldMetric {
            name,
            source,
            destination,
            rule,
        }
    };
    metrics.0.iter().map(held).collect()
}

pub(super) fn metrics(held: Vec<HeldMetric>) -> RuleMetrics {
    let metric = |held: HeldMetric| {
        let HeldMetric {
            name,
            source,
            destination,
            rule,
        } = held;
        RuleMetric {
            name,
            source,
            destination,
            rule,
        }
    };
    RuleMetrics(held.into_iter().map(metric).collect())
}
