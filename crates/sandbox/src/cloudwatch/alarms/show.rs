//! Alarms as DescribeAlarms shows them: what is not set is not there.

use super::alarm::{Alarm, Measured, Query, QueryOf, Settings, State, Statistic, Subject};
use crate::metering::MetricId;
use crate::wire::Node;

/// Shows an alarm.
pub(in crate::cloudwatch) fn shown(alarm: &Alarm, arn: String) -> Node {
    let Alarm {
        name,
        settings,
        tags: _,
        state,
        configured,
        evaluated: _,
    } = alarm;
    let mut node = Node::map([
        ("AlarmName", Node::text(name)),
        ("AlarmArn", Node::Text(arn)),
        (
            "AlarmConfigurationUpdatedTimestamp",
            Node::Time(*configured),
        ),
    ]);
    add_settings(&mut node, settings);
    add_state(&mut node, state);
    node
}

fn add_settings(node: &mut Node, settings: &Settings) {
    let Settings {
        description,
        actions_enabled,
        ok_actions,
        alarm_actions,
        insufficient_data_actions,
        subject,
        evaluation_periods,
        datapoints_to_alarm,
        threshold,
        threshold_metric_id,
        comparison,
        missing,
        low_samples,
    } = settings;
    let text = |text: &Option<String>| text.as_deref().map(Node::text);
    node.set("AlarmDescription", text(description));
    node.set("ActionsEnabled", Some(Node::Bool(*actions_enabled)));
    node.set("OKActions", Some(Node::texts(ok_actions)));
    node.set("AlarmActions", Some(Node::texts(alarm_actions)));
    let insufficient = Node::texts(insufficient_data_actions);
    node.set("InsufficientDataActions", Some(insufficient));
    match subject {
        Subject::Metric(measured) => add_measured(node, measured),
        Subject::Queries(queries) => {
            let queries = queries.iter().map(query).collect();
            node.set("Metrics", Some(Node::List(queries)));
        }
    }
    node.set(
        "EvaluationPeriods",
        Some(Node::Integer(*evaluation_periods)),
    );
    node.set("DatapointsToAlarm", datapoints_to_alarm.map(Node::Integer));
    node.set("Threshold", threshold.map(Node::Float));
    node.set("ThresholdMetricId", text(threshold_metric_id));
    node.set("ComparisonOperator", Some(Node::text(comparison.as_str())));
    let missing = missing.map(|missing| Node::text(missing.as_str()));
    node.set("TreatMissingData", missing);
    let low_samples = low_samples.map(Node::text);
    node.set("EvaluateLowSampleCountPercentile", low_samples);
}

fn add_measured(node: &mut Node, measured: &Measured) {
    let Measured {
        metric:
            MetricId {
                namespace,
                name,
                dimensions: _,
            },
        statistic,
        period,
        unit,
    } = measured;
    node.set("MetricName", Some(Node::text(name)));
    node.set("Namespace", Some(Node::text(namespace)));
    let field = match statistic {
        Statistic::Extended(_) => "ExtendedStatistic",
        Statistic::SampleCount
        | Statistic::Average
        | Statistic::Sum
        | Statistic::Minimum
        | Statistic::Maximum => "Statistic",
    };
    node.set(field, Some(Node::text(statistic.as_str())));
    node.set("Dimensions", Some(dimensions(&measured.metric)));
    node.set("Period", Some(Node::Integer(*period)));
    node.set("Unit", unit.map(Node::text));
}

fn add_state(node: &mut Node, state: &State) {
    let State {
        value,
        reason,
        reason_data,
        updated,
        transitioned,
    } = state;
    node.set("StateValue", Some(Node::text(value.as_str())));
    node.set("StateReason", Some(Node::text(reason)));
    let data = reason_data.as_deref().map(Node::text);
    node.set("StateReasonData", data);
    node.set("StateUpdatedTimestamp", Some(Node::Time(*updated)));
    let transitioned = Node::Time(*transitioned);
    node.set("StateTransitionedTimestamp", Some(transitioned));
}

/// Shows the dimensions of a metric.
pub(in crate::cloudwatch) fn dimensions(metric: &MetricId) -> Node {
    let dimensions = metric.dimensions.iter();
    let shown = dimensions
        .map(|(name, value)| Node::map([("Name", Node::text(name)), ("Value", Node::text(value))]));
    Node::List(shown.collect())
}

/// Shows a metric.
pub(in crate::cloudwatch) fn metric(metric: &MetricId) -> Node {
    Node::map([
        ("Namespace", Node::text(&metric.namespace)),
        ("MetricName", Node::text(&metric.name)),
        ("Dimensions", dimensions(metric)),
    ])
}

pub(super) fn query(query: &Query) -> Node {
    let Query {
        id,
        of,
        label,
        returns_data,
        account,
    } = query;
    let mut node = Node::map([("Id", Node::text(id))]);
    match of {
        QueryOf::Metric(measured) => {
            let mut stat = Node::map([
                ("Metric", metric(&measured.metric)),
                ("Period", Node::Integer(measured.period)),
                ("Stat", Node::text(measured.statistic.as_str())),
            ]);
            stat.set("Unit", measured.unit.map(Node::text));
            node.set("MetricStat", Some(stat));
        }
        QueryOf::Expression { text, period } => {
            node.set("Expression", Some(Node::text(text)));
            node.set("Period", period.map(Node::Integer));
        }
    }
    node.set("Label", label.as_deref().map(Node::text));
    node.set("ReturnData", returns_data.map(Node::Bool));
    node.set("AccountId", account.as_deref().map(Node::text));
    node
}
