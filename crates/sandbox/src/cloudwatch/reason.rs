//! Why an alarm has its state, in the words that accounts show (samples in CWUG:AlarmThatSendsEmail and in GH:SSHcom/privx-on-aws#13).

use serde_json::json;

use super::alarms::alarm::{Comparison, Measured, MissingData, StateValue};
use super::evaluation::{Grounds, Rule};
use crate::clock::iso_millis;

/// What is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) rule: &'a Rule,
    pub(super) measured: &'a Measured,
    pub(super) grounds: &'a Grounds,
    /// When it was evaluated.
    pub(super) at: i64,
}

impl Told<'_> {
    /// Returns the reason of a state.
    pub(super) fn reason(&self, value: StateValue, old: Option<StateValue>) -> String {
        let Self { rule, grounds, .. } = self;
        let filled = grounds.filled;
        if value == StateValue::InsufficientData {
            let verb = if filled == 1 { "was" } else { "were" };
            return format!(
                "Insufficient Data: {} {verb} unknown.",
                count(filled, "datapoint")
            );
        }
        if grounds.numbers.is_empty() {
            return format!(
                "Threshold Crossed: no datapoints were received for {} and {} treated as [{}].",
                count(rule.periods, "period"),
                missing(filled),
                treatment(rule.missing),
            );
        }
        let of = match value {
            StateValue::Alarm => grounds.breaching,
            StateValue::Ok | StateValue::InsufficientData => {
                grounds.numbers.len() - grounds.breaching
            }
        };
        let not = if value == StateValue::Alarm {
            ""
        } else {
            "not "
        };
        let verb = if of == 1 { "was" } else { "were" };
        let old = old.map_or("OK", StateValue::as_str);
        let from = if value == StateValue::Alarm {
            "OK"
        } else {
            old
        };
        let least = count(rule.to_alarm, "datapoint");
        format!(
            "Threshold Crossed: {of} out of the last {} [{}] {verb} {not}{} the threshold ({:?}) (minimum {least} for {from} -> {} transition).",
            count(grounds.numbers.len(), "datapoint"),
            self.numbers(),
            words(rule.comparison),
            rule.threshold,
            value.as_str(),
        )
    }

    fn numbers(&self) -> String {
        let times = times(self.grounds, self.at, self.measured.period);
        let told = times.iter().map(|(at, number)| {
            let time = iso_millis(*at as f64);
            // 27/11/26 03:05:00
            let (day, hour) = time.split_once('T').unwrap_or_default();
            let day: Vec<&str> = day.split('-').rev().collect();
            let year = day
                .last()
                .map_or("", |year| year.get(2..).unwrap_or_default());
            let hour = hour.get(..8).unwrap_or_default();
            let (day, month) = (day.first().unwrap_or(&""), day.get(1).unwrap_or(&""));
            format!("{number:?} ({day}/{month}/{year} {hour})")
        });
        // BC:cloudwatch StateReason has 1,023 characters at most.
        told.take(20).collect::<Vec<_>>().join(", ")
    }

    /// Returns what programs read.
    pub(super) fn data(&self) -> String {
        let Self {
            rule,
            measured,
            grounds,
            at,
        } = self;
        let numbers = grounds.numbers.iter().take(100).map(|(_, number)| *number);
        let numbers: Vec<f64> = numbers.collect();
        let periods = i64::try_from(rule.periods).unwrap_or_default();
        json!({
            "version": "1.0", "queryDate": iso_millis(*at as f64).replace('Z', "+0000"),
            "startDate": iso_millis((at - measured.period * periods) as f64).replace('Z', "+0000"),
            "statistic": measured.statistic.as_str(), "period": measured.period, "recentDatapoints": numbers,
            "threshold": rule.threshold,
        })
        .to_string()
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}

fn missing(number: usize) -> String {
    if number == 1 {
        "1 missing datapoint was".to_owned()
    } else {
        format!("{number} missing datapoints were")
    }
}

fn treatment(missing: MissingData) -> &'static str {
    match missing {
        MissingData::Breaching => "Breaching",
        MissingData::NotBreaching => "NonBreaching",
        MissingData::Ignore => "Ignore",
        MissingData::Missing => "Missing",
    }
}

fn words(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::GreaterOrEqual => "greater than or equal to",
        Comparison::Greater => "greater than",
        Comparison::Less => "less than",
        Comparison::LessOrEqual => "less than or equal to",
        Comparison::OutsideBand => "outside",
        Comparison::BelowBand => "below",
        Comparison::AboveBand => "above",
    }
}

/// Returns when the periods began that a verdict rests on, with their numbers.
fn times(grounds: &Grounds, at: i64, period: i64) -> Vec<(i64, f64)> {
    let times = grounds.numbers.iter();
    times
        .map(|(back, number)| {
            let back = i64::try_from(*back).unwrap_or_default();
            (at - (back + 1) * period, *number)
        })
        .collect()
}
