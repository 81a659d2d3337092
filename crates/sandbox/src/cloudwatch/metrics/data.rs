//! The numbers that are made of what was measured of one metric.

use super::series::{Datum, Series};
use crate::cloudwatch::alarms::alarm::Statistic;
use crate::metering::{Run, Statistics};

/// What was measured of one metric in a stretch of time.
#[derive(Debug, Default)]
pub(in crate::cloudwatch) struct Data {
    points: Vec<(i64, Datum)>,
    /// What a service measures, in its unit.
    runs: Vec<Run>,
    unit: &'static str,
}

/// What was measured in one period.
#[derive(Debug, Clone)]
pub(in crate::cloudwatch) struct Aggregate {
    pub(in crate::cloudwatch) statistics: Statistics,
    values: Option<Vec<(f64, f64)>>,
}

impl Data {
    /// Collects what was put in a unit, or in any.
    pub(in crate::cloudwatch) fn stored(
        series: &Series,
        unit: Option<&str>,
        (from, to): (i64, i64),
    ) -> Self {
        let points = series.between(from, to);
        let points = points
            .filter(|(_, datum)| unit.is_none_or(|unit| datum.unit == unit))
            .map(|(at, datum)| (at, datum.clone()));
        Self {
            points: points.collect(),
            ..Self::default()
        }
    }

    /// Adds what a service measures.
    pub(in crate::cloudwatch) fn with(mut self, unit: &'static str, runs: Vec<Run>) -> Self {
        (self.unit, self.runs) = (unit, runs);
        self
    }

    /// Returns the moments at which something was put.
    pub(in crate::cloudwatch) fn moments(&self) -> impl Iterator<Item = i64> {
        self.points.iter().map(|(at, _)| *at)
    }

    /// Returns what a service measures.
    pub(in crate::cloudwatch) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns the units that occur, each once.
    pub(in crate::cloudwatch) fn units(&self) -> Vec<&'static str> {
        let mut units: Vec<_> = self.points.iter().map(|(_, datum)| datum.unit).collect();
        if !self.runs.is_empty() {
            units.push(self.unit);
        }
        units.sort_unstable();
        units.dedup();
        units
    }

    /// Returns what lies between two moments, the second of which is not meant, in one unit or in any.
    pub(in crate::cloudwatch) fn between(
        &self,
        (from, to): (i64, i64),
        unit: Option<&str>,
    ) -> Option<Aggregate> {
        let first = self.points.partition_point(|(at, _)| *at < from);
        let points = self.points[first..].iter();
        let points = points
            .take_while(|(at, _)| *at < to)
            .filter(|(_, datum)| unit.is_none_or(|unit| datum.unit == unit));
        let put = points.map(|(_, datum)| Aggregate {
            statistics: datum.statistics,
            values: datum.values.clone(),
        });
        let first = self.runs.partition_point(|run| run.end <= from);
        let runs = self.runs[first..].iter();
        let runs = runs
            .take_while(|run| run.start < to && unit.is_none_or(|unit| unit == self.unit))
            .filter_map(|run| run.between(from, to));
        let measured = runs.map(|statistics| Aggregate {
            statistics,
            values: None,
        });
        put.chain(measured).reduce(Aggregate::and)
    }
}

impl Aggregate {
    fn and(self, other: Self) -> Self {
        let values = match (self.values, other.values) {
            (Some(mut values), Some(more)) => {
                values.extend(more);
                Some(values)
            }
            (Some(_) | None, _) => None,
        };
        Self {
            statistics: self.statistics.and(other.statistics),
            values,
        }
    }

    /// Returns the number that a statistic makes of it; none where it cannot be told.
    pub(in crate::cloudwatch) fn number(&self, statistic: &Statistic) -> Option<f64> {
        let Statistics {
            count,
            sum,
            minimum,
            maximum,
        } = self.statistics;
        match statistic {
            Statistic::SampleCount => Some(count),
            Statistic::Average => Some(sum / count),
            Statistic::Sum => Some(sum),
            Statistic::Minimum => Some(minimum),
            Statistic::Maximum => Some(maximum),
            Statistic::Extended(name) => self.percentile(name),
        }
    }

    /// Of what clients put as statistics a percentile is known only where all samples are alike (BC:cloudwatch GetMetricStatistics).
    /// The value at the rank is taken, which AWS does not say how it finds.
    fn percentile(&self, name: &str) -> Option<f64> {
        let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
        let Statistics {
            count,
            minimum,
            maximum,
            ..
        } = self.statistics;
        if minimum == maximum {
            return Some(minimum);
        }
        if minimum < 0.0 {
            return None;
        }
        let mut values = self.values.clone()?;
        values.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let rank = percent / 100.0 * count;
        let mut seen = 0.0;
        for (value, times) in &values {
            seen += times;
            if seen >= rank {
                return Some(*value);
            }
        }
        values.last().map(|(value, _)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(i64, f64)]) -> Series {
        let mut series = Series::default();
        for (at, value) in points {
            let datum = Datum {
                unit: "Count",
                statistics: Statistics::of(*value, 1.0),
                values: Some(vec![(*value, 1.0)]),
            };
            series.add(*at, datum);
        }
        series
    }

    fn numbers(data: &Data, range: (i64, i64), statistics: &[&str]) -> Vec<Option<f64>> {
        let aggregate = data.between(range, None);
        let number = |name: &&str| aggregate.as_ref()?.number(&Statistic::read(name));
        statistics.iter().map(number).collect()
    }

    #[test]
    fn statistics_are_made_of_what_lies_in_a_period() {
        let series = series(&[(0, 1.0), (60, 4.0), (60, 2.0), (120, 9.0)]);
        let data = Data::stored(&series, None, (0, 180));
        let all = [
            "SampleCount",
            "Average",
            "Sum",
            "Minimum",
            "Maximum",
            "p50",
            "p99",
        ];
        let some = numbers(&data, (0, 120), &all).into_iter().flatten();
        let expected = [3.0, 7.0 / 3.0, 7.0, 1.0, 4.0, 2.0, 4.0];
        assert_eq!(some.collect::<Vec<_>>(), expected);
        assert_eq!(numbers(&data, (121, 180), &["Sum"]), [None]);
        assert_eq!(numbers(&data, (120, 121), &["Sum"]), [Some(9.0)]);
        assert!(
            Data::stored(&series, Some("Bytes"), (0, 180))
                .units()
                .is_empty()
        );
    }

    #[test]
    fn a_percentile_of_statistics_is_not_known() {
        let mut series = Series::default();
        let datum = |minimum| Datum {
            unit: "None",
            statistics: Statistics {
                count: 2.0,
                sum: 3.0,
                minimum,
                maximum: 2.0,
            },
            values: None,
        };
        series.add(0, datum(1.0));
        let data = Data::stored(&series, None, (0, 60));
        assert_eq!(
            numbers(&data, (0, 60), &["p90", "Maximum"]),
            [None, Some(2.0)]
        );
    }
}
