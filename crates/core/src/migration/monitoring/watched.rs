//! What of a rule is watched: its four metrics, where each is published, and what an alarm on it says.

use crate::ids::{Arn, RuleName};
use crate::model::kinds::alarm::{
    DESTINATION_BUCKET, FAILED_OPERATIONS, LATENCY, NAMESPACE, PENDING_BYTES, PENDING_OPERATIONS,
    RULE_ID, SOURCE_BUCKET,
};
use crate::model::kinds::{Alarm, AlarmActions};
use crate::model::{AlarmRef, RegionRef};
use crate::ownership::Markers;
use crate::route::{Route, Side};
use crate::spec::{Above, AlarmSpec};

/// A metric of a rule (UG:metrics-dimensions, "S3 Replication metrics").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Watched {
    /// Operations that failed.
    FailedOperations,
    /// The age of what waits.
    Latency,
    /// Operations that wait.
    PendingOperations,
    /// Bytes that wait.
    PendingBytes,
}

/// How long a datapoint is, in seconds: replication metrics come each minute, and five of them are what a short stumble needs.
const PERIOD: i32 = 300;

impl Watched {
    /// Every one.
    pub(crate) const ALL: [Self; 4] = [
        Self::FailedOperations,
        Self::Latency,
        Self::PendingOperations,
        Self::PendingBytes,
    ];

    /// The metric as S3 calls it.
    pub(crate) const fn metric(self) -> &'static str {
        match self {
            Self::FailedOperations => FAILED_OPERATIONS,
            Self::Latency => LATENCY,
            Self::PendingOperations => PENDING_OPERATIONS,
            Self::PendingBytes => PENDING_BYTES,
        }
    }

    /// The last part of the alarm's name: the field of the spec.
    const fn word(self) -> &'static str {
        match self {
            Self::FailedOperations => "failed-operations",
            Self::Latency => "latency",
            Self::PendingOperations => "pending-operations",
            Self::PendingBytes => "pending-bytes",
        }
    }

    /// In words, for who is told.
    const fn says(self) -> &'static str {
        match self {
            Self::FailedOperations => {
                "Operations failed to replicate, and S3 does not try them again"
            }
            Self::Latency => "What is replicated is late",
            Self::PendingOperations => "Many operations wait to be replicated",
            Self::PendingBytes => "Many bytes wait to be replicated",
        }
    }

    /// The side in whose Region the metric is published: only the failed operations are counted where they fail
    /// (UG26:repl-metrics, the table of metrics).
    pub(crate) const fn side(self) -> Side {
        match self {
            Self::FailedOperations => Side::Source,
            Self::Latency | Self::PendingOperations | Self::PendingBytes => Side::Destination,
        }
    }

    /// The statistics that S3 publishes for the metric are few (UG:metrics-dimensions).
    const fn statistic(self) -> &'static str {
        match self {
            Self::FailedOperations => "Sum",
            Self::Latency | Self::PendingOperations | Self::PendingBytes => "Maximum",
        }
    }

    /// How many periods in a row are too much: a failure is final, a backlog may pass.
    const fn periods(self) -> i32 {
        match self {
            Self::FailedOperations => 1,
            Self::Latency => 3,
            Self::PendingOperations | Self::PendingBytes => 6,
        }
    }

    const fn above(self, spec: &AlarmSpec) -> Above {
        match self {
            Self::FailedOperations => spec.failed_operations,
            Self::Latency => spec.latency,
            Self::PendingOperations => spec.pending_operations,
            Self::PendingBytes => spec.pending_bytes,
        }
    }

    /// Where its alarms are.
    pub(crate) fn place(self, route: &Route<'_>) -> RegionRef {
        let [source, destination] = route.watched_in();
        match self.side() {
            Side::Source => source,
            Side::Destination => destination,
        }
    }

    /// The alarm on it for a rule.
    pub(crate) fn at(self, markers: &Markers, route: &Route<'_>, rule: &RuleName) -> AlarmRef {
        let RegionRef { account, region } = self.place(route);
        AlarmRef {
            account,
            region,
            name: markers.alarm_name(route.name, rule, self.word()),
        }
    }

    /// What the alarm on it says.
    pub(crate) fn alarm(
        self,
        markers: &Markers,
        route: &Route<'_>,
        rule: &RuleName,
        spec: &AlarmSpec,
    ) -> Alarm {
        let what = format!(
            "{}: rule {rule} of migration {}, from {} to {}.",
            self.says(),
            route.name,
            route.source.bucket,
            route.destination.bucket
        );
        let dimensions = [
            (SOURCE_BUCKET, route.source.bucket.to_string()),
            (DESTINATION_BUCKET, route.destination.bucket.to_string()),
            (RULE_ID, markers.rule_id(route.name, rule)),
        ];
        let topics = told(spec, self.side());
        let above = self.above(spec);
        Alarm {
            description: Some(markers.alarm_description(&what)),
            namespace: NAMESPACE.to_owned(),
            metric: self.metric().to_owned(),
            dimensions: dimensions
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            statistic: self.statistic().to_owned(),
            period: PERIOD,
            evaluation_periods: self.periods(),
            datapoints: self.periods(),
            comparison: "GreaterThanThreshold".to_owned(),
            threshold: above.threshold.to_string(),
            missing_data: above.missing_data.as_str().to_owned(),
            unit: None,
            actions_enabled: true,
            actions: AlarmActions {
                alarm: topics.iter().map(ToString::to_string).collect(),
                ..AlarmActions::default()
            },
            unmodelled: Vec::new(),
            state: None,
        }
    }
}

/// The topics that alarms of a side are told to.
pub(crate) fn told(spec: &AlarmSpec, side: Side) -> &[Arn] {
    match side {
        Side::Source => &spec.notify_source,
        Side::Destination => &spec.notify_destination,
    }
}
