//! What data make of an alarm: pure, from what each period has to a state (CWUG:AlarmThatSendsEmail, "How alarm state is evaluated
//! when data is missing"; its tables are the tests).

use super::alarms::alarm::{Comparison, MissingData, StateValue};

/// How many periods more than the alarm's are looked at where data are missing: in the guide's example two ("CloudWatch attempts to
/// retrieve a higher number of data points"; that it is always two is unverified).
const MORE: i64 = 2;

/// Returns how many periods are looked at.
pub(super) fn looked_at(evaluation_periods: i64) -> i64 {
    evaluation_periods + MORE
}

/// What is asked of the data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) periods: usize,
    pub(super) to_alarm: usize,
    pub(super) comparison: Comparison,
    pub(super) threshold: f64,
    pub(super) missing: MissingData,
}

/// What becomes of the alarm.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    Retained,
    State(StateValue, Grounds),
}

/// What the verdict rests on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grounds {
    /// The numbers that were looked at, newest first, with the number of their period, which counts from 0 for the newest.
    pub(super) numbers: Vec<(usize, f64)>,
    pub(super) breaching: usize,
    /// How many periods had to be filled.
    pub(super) filled: usize,
}

/// Says whether a number breaches the threshold. What is compared with a band is not known here.
pub(super) fn breaches(comparison: Comparison, number: f64, threshold: f64) -> bool {
    match comparison {
        Comparison::GreaterOrEqual => number >= threshold,
        Comparison::Greater => number > threshold,
        Comparison::Less => number < threshold,
        Comparison::LessOrEqual => number <= threshold,
        Comparison::OutsideBand | Comparison::BelowBand | Comparison::AboveBand => false,
    }
}

/// Judges what the periods have, newest first.
pub(super) fn judge(rule: &Rule, periods: &[Option<f64>]) -> Verdict {
    let known = periods.iter().enumerate();
    let known = known.filter_map(|(at, number)| Some((at, (*number)?)));
    let numbers: Vec<(usize, f64)> = known.take(rule.periods).collect();
    let is_breach = |number: f64| breaches(rule.comparison, number, rule.threshold);
    let breaching = numbers.iter().filter(|(_, number)| is_breach(*number));
    let breaching = breaching.count();
    let filled = rule.periods - numbers.len();
    let all_breach = breaching == numbers.len();
    let oldest = numbers.last().map(|(at, _)| at + 1);
    let state = match rule.missing {
        _ if filled == 0 => by_count(rule, breaching),
        MissingData::Breaching => by_count(rule, breaching + filled),
        MissingData::NotBreaching => by_count(rule, breaching),
        // There are enough of them whatever the others would be, or one that is fine.
        MissingData::Missing | MissingData::Ignore if breaching >= rule.to_alarm || !all_breach => {
            by_count(rule, breaching)
        }
        MissingData::Ignore => return Verdict::Retained,
        // "The alarm goes to ALARM state even if missing data is treated as missing, because the oldest evaluated data point is
        // breaching and there aren't any non-breaching data points", where it is old enough.
        MissingData::Missing if oldest.is_some_and(|oldest| oldest >= rule.to_alarm) => {
            StateValue::Alarm
        }
        MissingData::Missing => StateValue::InsufficientData,
    };
    let grounds = Grounds {
        numbers,
        breaching,
        filled,
    };
    Verdict::State(state, grounds)
}

fn by_count(rule: &Rule, breaching: usize) -> StateValue {
    if breaching >= rule.to_alarm {
        StateValue::Alarm
    } else {
        StateValue::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges a row of the guide's tables, oldest first, under each treatment of missing data.
    fn row(to_alarm: usize, points: &str) -> [&'static str; 4] {
        let periods: Vec<Option<f64>> = points
            .split(' ')
            .rev()
            .map(|point| match point {
                "X" => Some(1.0),
                "0" => Some(0.0),
                _ => None,
            })
            .collect();
        let treatments = [
            MissingData::Missing,
            MissingData::Ignore,
            MissingData::Breaching,
            MissingData::NotBreaching,
        ];
        treatments.map(|missing| {
            let rule = Rule {
                periods: 3,
                to_alarm,
                comparison: Comparison::Greater,
                threshold: 0.5,
                missing,
            };
            match judge(&rule, &periods) {
                Verdict::Retained => "retained",
                Verdict::State(state, _) => state.as_str(),
            }
        })
    }

    #[test]
    fn three_of_three_as_the_guide_has_it() {
        assert_eq!(row(3, "0 - X - X"), ["OK", "OK", "OK", "OK"]);
        assert_eq!(row(3, "0 - - - -"), ["OK", "OK", "OK", "OK"]);
        let nothing = ["INSUFFICIENT_DATA", "retained", "ALARM", "OK"];
        assert_eq!(row(3, "- - - - -"), nothing);
        assert_eq!(row(3, "0 X X - X"), ["ALARM"; 4]);
        assert_eq!(row(3, "- - - - X"), nothing);
        assert_eq!(row(3, "X - - - -"), ["ALARM", "retained", "ALARM", "OK"]);
        assert_eq!(row(3, "- - X - -"), ["ALARM", "retained", "ALARM", "OK"]);
    }

    #[test]
    fn two_of_three_as_the_guide_has_it() {
        assert_eq!(row(2, "0 - X - X"), ["ALARM"; 4]);
        assert_eq!(row(2, "0 0 X 0 X"), ["ALARM"; 4]);
        assert_eq!(row(2, "0 - X - -"), ["OK", "OK", "ALARM", "OK"]);
        assert_eq!(row(2, "- - - - 0"), ["OK", "OK", "ALARM", "OK"]);
        let one = ["INSUFFICIENT_DATA", "retained", "ALARM", "OK"];
        assert_eq!(row(2, "- - - - X"), one);
        assert_eq!(row(2, "- - - X -"), ["ALARM", "retained", "ALARM", "OK"]);
    }

    #[test]
    fn every_comparison_has_its_edge() {
        let edge = |comparison| [0.9, 1.0, 1.1].map(|number| breaches(comparison, number, 1.0));
        assert_eq!(edge(Comparison::Greater), [false, false, true]);
        assert_eq!(edge(Comparison::GreaterOrEqual), [false, true, true]);
        assert_eq!(edge(Comparison::Less), [true, false, false]);
        assert_eq!(edge(Comparison::LessOrEqual), [true, true, false]);
    }
}
