//! A CloudWatch alarm on one metric.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size,
    Writes, nothing_linked, one_thing,
};
use crate::format::{Action, RiskLevel, UndoKind};
use crate::ids::BucketName;
use crate::model::links::{Link, Thing};
use crate::model::target::{BucketPart, Service, Target};

/// The namespace of S3's metrics (UG:metrics-dimensions).
pub const NAMESPACE: &str = "AWS/S3";
/// The metrics of rules (UG:metrics-dimensions, "S3 Replication metrics").
pub const FAILED_OPERATIONS: &str = "OperationsFailedReplication";
/// See [`FAILED_OPERATIONS`].
pub const LATENCY: &str = "ReplicationLatency";
/// See [`FAILED_OPERATIONS`].
pub const PENDING_OPERATIONS: &str = "OperationsPendingReplication";
/// See [`FAILED_OPERATIONS`].
pub const PENDING_BYTES: &str = "BytesPendingReplication";
/// All of them.
pub const METRICS: [&str; 4] = [
    FAILED_OPERATIONS,
    LATENCY,
    PENDING_OPERATIONS,
    PENDING_BYTES,
];
/// The dimensions of replication metrics: an alarm that has not just these three sees nothing (UG:metrics-dimensions).
pub const SOURCE_BUCKET: &str = "SourceBucket";
/// See [`SOURCE_BUCKET`].
pub const DESTINATION_BUCKET: &str = "DestinationBucket";
/// See [`SOURCE_BUCKET`].
pub const RULE_ID: &str = "RuleId";

/// An alarm on one metric, as CloudWatch holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// `AlarmDescription`; that of ours ends with whose it is.
    pub description: Option<String>,
    /// `Namespace`.
    pub namespace: String,
    /// `MetricName`.
    pub metric: String,
    /// `Dimensions`, whose order means nothing.
    pub dimensions: BTreeMap<String, String>,
    /// `Statistic`.
    pub statistic: String,
    /// `Period`, in seconds.
    pub period: i32,
    /// `EvaluationPeriods`.
    pub evaluation_periods: i32,
    /// `DatapointsToAlarm`; as many as the evaluation periods where CloudWatch answers none.
    pub datapoints: i32,
    /// `ComparisonOperator`.
    pub comparison: String,
    /// `Threshold`, as the shortest text of the number.
    pub threshold: String,
    /// `TreatMissingData`; `missing` where CloudWatch answers none (BC:cloudwatch PutMetricAlarm).
    pub missing_data: String,
    /// `Unit`.
    pub unit: Option<String>,
    /// `ActionsEnabled`.
    pub actions_enabled: bool,
    /// What is told by the state that it goes to, whose order means nothing.
    pub actions: AlarmActions,
    /// What makes it another sort of alarm than one on one metric, by the names of CloudWatch; written, it would be lost.
    pub unmodelled: Vec<String>,
    /// Its state; none where it is yet to be made. It changes by itself, and is no part of what the alarm means.
    pub state: Option<AlarmState>,
}

/// A metric of replication that an alarm looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlarmSight {
    /// Its name.
    pub metric: String,
    /// The dimensions that the alarm gives it.
    pub dimensions: BTreeMap<String, String>,
}

impl AlarmSight {
    /// What an alarm looks at, where it is replication.
    #[must_use]
    pub fn of(namespace: &str, metric: &str, dimensions: BTreeMap<String, String>) -> Option<Self> {
        let is_replication = namespace == NAMESPACE && METRICS.contains(&metric);
        is_replication.then(|| Self {
            metric: metric.to_owned(),
            dimensions,
        })
    }
}

/// Who is told of which state, by ARN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmActions {
    /// `AlarmActions`.
    pub alarm: BTreeSet<String>,
    /// `OKActions`.
    pub ok: BTreeSet<String>,
    /// `InsufficientDataActions`.
    pub insufficient_data: BTreeSet<String>,
}

/// The state of an alarm when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmState {
    /// `StateValue`.
    pub value: StateValue,
    /// `StateReason`.
    pub reason: String,
    /// Whether it has been so for longer than metrics take to appear at first.
    pub lasts: bool,
}

/// What an alarm says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateValue {
    /// `OK`.
    Fine,
    /// `ALARM`.
    Raised,
    /// `INSUFFICIENT_DATA`.
    NoData,
    /// A word that this build does not know.
    Other(String),
}

impl StateValue {
    /// The state as CloudWatch spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Fine => "OK",
            Self::Raised => "ALARM",
            Self::NoData => "INSUFFICIENT_DATA",
            Self::Other(word) => word,
        }
    }

    /// Reads CloudWatch's word.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "OK" => Self::Fine,
            "ALARM" => Self::Raised,
            "INSUFFICIENT_DATA" => Self::NoData,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Alarm {
    /// What it looks at of replication.
    #[must_use]
    pub fn sight(&self) -> Option<AlarmSight> {
        AlarmSight::of(&self.namespace, &self.metric, self.dimensions.clone())
    }

    /// The source bucket and the ID of the rule that it looks at; none where it looks at something else, or has other
    /// dimensions than the metrics of rules have.
    #[must_use]
    pub fn looks_at(&self) -> Option<(&str, &str)> {
        let is_replication = self.namespace == NAMESPACE && self.dimensions.len() == 3;
        let dimension = |name: &str| self.dimensions.get(name).map(String::as_str);
        dimension(DESTINATION_BUCKET).filter(|_| is_replication)?;
        Some((dimension(SOURCE_BUCKET)?, dimension(RULE_ID)?))
    }
}

pub(super) const DESCRIBE: &[Call] = &[Call::of(
    "DescribeAlarms",
    // It is asked of names and of beginnings of names; what is narrower than the account fails where an alarm of another
    // sort is asked for (BC:cloudwatch DescribeAlarms).
    &[Need::account("cloudwatch:DescribeAlarms")],
)];

const TAG: Call = Call::of("TagResource", &[Need::place("cloudwatch:TagResource")]);

pub(super) const ALARM: Facts = Facts {
    name: "metric alarm",
    path: "",
    service: Service::CloudWatch,
    read: DESCRIBE,
    write: Some(Writes {
        create: &[Call::of(
            "PutMetricAlarm",
            &[
                Need::place("cloudwatch:PutMetricAlarm"),
                Need::place("cloudwatch:TagResource"),
            ],
        )],
        update: &[
            Call::of(
                "PutMetricAlarm",
                &[Need::place("cloudwatch:PutMetricAlarm")],
            ),
            TAG,
        ],
        delete: &[Call::of(
            "DeleteAlarms",
            &[Need::place("cloudwatch:DeleteAlarms")],
        )],
    }),
    // An alarm is made again as it was, and nothing but its history is lost.
    guarded: false,
    marked: Marked::ByItsWhole,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_alarm,
};

fn of_alarm(change: &Change<'_>) -> Consequences {
    match change.action {
        Action::Create => Consequences::none(),
        Action::Update | Action::Prove => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &["Its state stays as it is until it is evaluated anew."],
        ),
        Action::Delete => Consequences::of(
            UndoKind::Partial,
            "its history is gone",
            RiskLevel::Low,
            &[],
        ),
    }
}

impl Holding for Alarm {
    fn canonical(&self) -> Value {
        let Self {
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
            state: _,
        } = self;
        let AlarmActions {
            alarm,
            ok,
            insufficient_data,
        } = actions;
        json!({
            "description": description, "namespace": namespace, "metric": metric, "dimensions": dimensions,
            "statistic": statistic, "period": period, "evaluation_periods": evaluation_periods,
            "datapoints": datapoints, "comparison": comparison, "threshold": threshold,
            "missing_data": missing_data, "unit": unit, "actions_enabled": actions_enabled,
            "alarm_actions": alarm, "ok_actions": ok, "insufficient_data_actions": insufficient_data,
            "unmodelled": unmodelled,
        })
    }

    /// Without what most alarms have as AWS gives it.
    fn view(&self) -> Value {
        let mut view = self.canonical();
        if let Some(view) = view.as_object_mut() {
            let number: Result<Value, _> = serde_json::from_str(&self.threshold);
            view.extend(number.map(|number| ("threshold".to_owned(), number)));
            if self.datapoints == self.evaluation_periods {
                view.remove("datapoints");
            }
            view.retain(|name, value| match value {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                Value::Bool(on) => !(*on && name == "actions_enabled"),
                Value::Object(_) | Value::Number(_) | Value::String(_) => true,
            });
        }
        view
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        let source = self.dimensions.get(SOURCE_BUCKET);
        let Some(bucket) = source.and_then(|of| BucketName::new(of.as_str()).ok()) else {
            return nothing_linked();
        };
        let rules = Thing::Bucket(bucket.clone(), BucketPart::Replication);
        vec![
            Link::Is(Thing::Watch(bucket)),
            Link::Uses(
                rules.clone(),
                "an alarm looks at the metrics of a rule that is there",
            ),
            Link::Finds(
                rules,
                "what fails is told until the rules are gone, so their alarms go last",
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm() -> Alarm {
        let dimensions = [
            (SOURCE_BUCKET, "orders-prod"),
            (DESTINATION_BUCKET, "orders-archive"),
            (RULE_ID, "s3ferry/default/orders/all"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Alarm {
            description: None,
            namespace: NAMESPACE.to_owned(),
            metric: "ReplicationLatency".to_owned(),
            dimensions: dimensions.map(owned).into(),
            statistic: "Maximum".to_owned(),
            period: 300,
            evaluation_periods: 3,
            datapoints: 3,
            comparison: "GreaterThanThreshold".to_owned(),
            threshold: "900".to_owned(),
            missing_data: "ignore".to_owned(),
            unit: None,
            actions_enabled: true,
            actions: AlarmActions::default(),
            unmodelled: Vec::new(),
            state: None,
        }
    }

    #[test]
    fn the_state_of_an_alarm_is_no_change_of_it() {
        let raised = Alarm {
            state: Some(AlarmState {
                value: StateValue::Raised,
                reason: "1 > 0".to_owned(),
                lasts: true,
            }),
            ..alarm()
        };
        assert_eq!(raised.canonical(), alarm().canonical());
    }

    #[test]
    fn an_alarm_without_just_the_three_dimensions_looks_at_no_rule() {
        assert!(alarm().looks_at().is_some());
        let mut less = alarm();
        less.dimensions.remove(DESTINATION_BUCKET);
        assert_eq!(less.looks_at(), None);
        let mut more = alarm();
        more.dimensions
            .insert("FilterId".to_owned(), "x".to_owned());
        assert_eq!(more.looks_at(), None);
    }

    #[test]
    fn actions_that_are_off_are_shown_and_those_that_are_on_are_not() {
        let off = Alarm {
            actions_enabled: false,
            ..alarm()
        };
        assert_eq!(off.view()["actions_enabled"], false);
        assert!(alarm().view().get("actions_enabled").is_none());
    }
}
