//! What an alarm is.

use std::collections::BTreeMap;

use crate::metering::{MINUTE, MetricId};

const DAY: i64 = 24 * 3600;

pub(in crate::cloudwatch) type Tags = BTreeMap<String, String>;

/// An alarm.
#[derive(Debug, Clone)]
pub(in crate::cloudwatch) struct Alarm {
    pub(in crate::cloudwatch) name: String,
    pub(in crate::cloudwatch) settings: Settings,
    pub(in crate::cloudwatch) tags: Tags,
    pub(in crate::cloudwatch) state: State,
    /// When it was set last, in seconds since 1970.
    pub(in crate::cloudwatch) configured: f64,
    /// Up to when it was evaluated; see [`crate::cloudwatch::watch`].
    pub(in crate::cloudwatch) evaluated: i64,
}

impl Alarm {
    /// Returns when it is to be evaluated next; nothing where it never is.
    pub(in crate::cloudwatch) fn next_evaluation(&self) -> Option<i64> {
        let every = self.settings.every()?;
        Some(self.evaluated - self.evaluated.rem_euclid(every) + every)
    }
}

/// What is set with PutMetricAlarm, all at once.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) struct Settings {
    pub(in crate::cloudwatch) description: Option<String>,
    pub(in crate::cloudwatch) actions_enabled: bool,
    pub(in crate::cloudwatch) ok_actions: Vec<String>,
    pub(in crate::cloudwatch) alarm_actions: Vec<String>,
    pub(in crate::cloudwatch) insufficient_data_actions: Vec<String>,
    pub(in crate::cloudwatch) subject: Subject,
    pub(in crate::cloudwatch) evaluation_periods: i64,
    pub(in crate::cloudwatch) datapoints_to_alarm: Option<i64>,
    /// Static ones have it; those on a band of expected values have the id of the band in its place.
    pub(in crate::cloudwatch) threshold: Option<f64>,
    pub(in crate::cloudwatch) threshold_metric_id: Option<String>,
    pub(in crate::cloudwatch) comparison: Comparison,
    pub(in crate::cloudwatch) missing: Option<MissingData>,
    pub(in crate::cloudwatch) low_samples: Option<&'static str>,
}

/// What is watched.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) enum Subject {
    Metric(Measured),
    /// Metrics and what is computed of them.
    Queries(Vec<Query>),
}

/// One metric, as a number for each period.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) struct Measured {
    pub(in crate::cloudwatch) metric: MetricId,
    pub(in crate::cloudwatch) statistic: Statistic,
    pub(in crate::cloudwatch) period: i64,
    pub(in crate::cloudwatch) unit: Option<&'static str>,
}

/// A metric or an expression, by its id.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) struct Query {
    pub(in crate::cloudwatch) id: String,
    pub(in crate::cloudwatch) of: QueryOf,
    pub(in crate::cloudwatch) label: Option<String>,
    pub(in crate::cloudwatch) returns_data: Option<bool>,
    pub(in crate::cloudwatch) account: Option<String>,
}

/// What a query asks for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) enum QueryOf {
    Metric(Measured),
    Expression { text: String, period: Option<i64> },
}

/// The number that is made of what was measured in a period.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// `p90` and the like.
    Extended(String),
}

/// The statistics that are no percentiles (BC:cloudwatch Statistic).
pub(in crate::cloudwatch) const STATISTICS: [&str; 5] =
    ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];

impl Statistic {
    pub(in crate::cloudwatch) fn read(name: &str) -> Self {
        match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            extended => Self::Extended(extended.to_owned()),
        }
    }

    pub(in crate::cloudwatch) fn as_str(&self) -> &str {
        match self {
            Self::SampleCount => "SampleCount",
            Self::Average => "Average",
            Self::Sum => "Sum",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
            Self::Extended(name) => name,
        }
    }
}

/// How a number is compared with the threshold; the last three are for bands of expected values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloudwatch) enum Comparison {
    GreaterOrEqual,
    Greater,
    Less,
    LessOrEqual,
    OutsideBand,
    BelowBand,
    AboveBand,
}

impl Comparison {
    pub(in crate::cloudwatch) const ALL: [(Self, &'static str); 7] = [
        (Self::GreaterOrEqual, "GreaterThanOrEqualToThreshold"),
        (Self::Greater, "GreaterThanThreshold"),
        (Self::Less, "LessThanThreshold"),
        (Self::LessOrEqual, "LessThanOrEqualToThreshold"),
        (
            Self::OutsideBand,
            "LessThanLowerOrGreaterThanUpperThreshold",
        ),
        (Self::BelowBand, "LessThanLowerThreshold"),
        (Self::AboveBand, "GreaterThanUpperThreshold"),
    ];

    pub(in crate::cloudwatch) fn as_str(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|(comparison, _)| *comparison == self);
        found.map_or("", |(_, name)| name)
    }

    /// Says whether it is made with a band of expected values.
    pub(in crate::cloudwatch) fn is_of_band(self) -> bool {
        match self {
            Self::OutsideBand | Self::BelowBand | Self::AboveBand => true,
            Self::GreaterOrEqual | Self::Greater | Self::Less | Self::LessOrEqual => false,
        }
    }
}

/// What becomes of periods without data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloudwatch) enum MissingData {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

impl MissingData {
    pub(in crate::cloudwatch) const ALL: [(Self, &'static str); 4] = [
        (Self::Breaching, "breaching"),
        (Self::NotBreaching, "notBreaching"),
        (Self::Ignore, "ignore"),
        (Self::Missing, "missing"),
    ];

    pub(in crate::cloudwatch) fn as_str(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|(missing, _)| *missing == self);
        found.map_or("", |(_, name)| name)
    }
}

/// The state of an alarm and since when.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) struct State {
    pub(in crate::cloudwatch) value: StateValue,
    pub(in crate::cloudwatch) reason: String,
    pub(in crate::cloudwatch) reason_data: Option<String>,
    /// In seconds since 1970.
    pub(in crate::cloudwatch) updated: f64,
    pub(in crate::cloudwatch) transitioned: f64,
}

impl State {
    /// An alarm that is made knows nothing yet (BC:cloudwatch PutMetricAlarm; the words as accounts show them).
    pub(in crate::cloudwatch) fn initial(now: f64) -> Self {
        Self {
            value: StateValue::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            updated: now,
            transitioned: now,
        }
    }
}

/// What an alarm says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloudwatch) enum StateValue {
    Ok,
    Alarm,
    InsufficientData,
}

impl StateValue {
    pub(in crate::cloudwatch) const WORDS: [&'static str; 3] = ["OK", "ALARM", "INSUFFICIENT_DATA"];

    /// Reads one of the words.
    pub(in crate::cloudwatch) fn read(word: &str) -> Self {
        match word {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            _ => Self::InsufficientData,
        }
    }

    pub(in crate::cloudwatch) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl Settings {
    /// Returns the actions of a state.
    pub(in crate::cloudwatch) fn actions(&self, state: StateValue) -> &[String] {
        match state {
            StateValue::Ok => &self.ok_actions,
            StateValue::Alarm => &self.alarm_actions,
            StateValue::InsufficientData => &self.insufficient_data_actions,
        }
    }

    /// Returns the one metric that is watched, where it is one without a band.
    pub(in crate::cloudwatch) fn measured(&self) -> Option<&Measured> {
        match &self.subject {
            Subject::Metric(measured) => Some(measured),
            Subject::Queries(queries) => match queries.as_slice() {
                [
                    Query {
                        of: QueryOf::Metric(measured),
                        ..
                    },
                ] => Some(measured),
                _ => None,
            },
        }
    }

    /// Returns how many seconds are between two evaluations; nothing where it is not one metric and a threshold, which is all that is
    /// evaluated here.
    ///
    /// Each minute for periods of a minute and more (GH:guardian/cdk#1063), every ten seconds for shorter ones, every hour where the
    /// window is longer than a day (unverified both).
    pub(in crate::cloudwatch) fn every(&self) -> Option<i64> {
        self.threshold?;
        let period = self.measured()?.period;
        let every = match period {
            _ if period < MINUTE => 10,
            _ if period * self.evaluation_periods > DAY => 3600,
            _ => MINUTE,
        };
        Some(every)
    }
}
