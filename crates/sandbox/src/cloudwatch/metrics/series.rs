//! What was put of one metric.

use std::collections::BTreeMap;

use crate::metering::Statistics;

/// How many moments of a metric are kept: a minute each for a good month. Older ones go first.
const KEPT: usize = 50_000;

/// How many different values of a moment are kept for percentiles.
const VALUES: usize = 10_000;

/// What was put of one metric, by the moment it is of, in seconds since 1970: the start of a minute, or a second where the
/// metric has high resolution.
#[derive(Debug, Default)]
pub(in crate::cloudwatch) struct Series {
    moments: BTreeMap<i64, Vec<Datum>>,
}

/// What is of one moment in one unit.
#[derive(Debug, Clone)]
pub(in crate::cloudwatch) struct Datum {
    pub(in crate::cloudwatch) unit: &'static str,
    pub(in crate::cloudwatch) statistics: Statistics,
    /// Values and how often each occurred, for percentiles; none where a client put statistics.
    pub(in crate::cloudwatch) values: Option<Vec<(f64, f64)>>,
}

impl Series {
    /// Adds what was measured in a moment.
    pub(in crate::cloudwatch) fn add(&mut self, at: i64, datum: Datum) {
        let moment = self.moments.entry(at).or_default();
        match moment.iter_mut().find(|known| known.unit == datum.unit) {
            Some(known) => known.add(datum),
            None => moment.push(datum),
        }
        if self.moments.len() > KEPT {
            self.moments.pop_first();
        }
    }

    /// Returns the last moment that has something.
    pub(in crate::cloudwatch) fn last(&self) -> Option<i64> {
        self.moments.last_key_value().map(|(at, _)| *at)
    }

    /// Returns what is of a stretch of time, which ends before `to`.
    pub(in crate::cloudwatch) fn between(
        &self,
        from: i64,
        to: i64,
    ) -> impl Iterator<Item = (i64, &Datum)> {
        let range = from..to.max(from);
        let moments = self.moments.range(range);
        moments.flat_map(|(at, data)| data.iter().map(|datum| (*at, datum)))
    }
}

impl Datum {
    fn add(&mut self, other: Self) {
        self.statistics = self.statistics.and(other.statistics);
        match (&mut self.values, other.values) {
            (Some(values), Some(more)) if values.len() + more.len() <= VALUES => {
                values.extend(more);
            }
            (values, _) => *values = None,
        }
    }
}
