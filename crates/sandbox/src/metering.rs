//! What a metric is, the numbers that are made of what was measured, and how a service of the sandbox measures itself.

use crate::place::Place;

/// A metric: a name in a namespace, with its dimensions, each set of which is a metric of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MetricId {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Names and values, sorted.
    pub(crate) dimensions: Vec<(String, String)>,
}

/// The four numbers that CloudWatch makes of what was measured in a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
}

impl Statistics {
    /// A value that was measured so many times.
    pub(crate) fn of(value: f64, count: f64) -> Self {
        Self {
            count,
            sum: value * count,
            minimum: value,
            maximum: value,
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }
}

/// A measurement that is repeated once a minute: at every full minute from `start` on, before `end`, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// What the first minute has.
    pub(crate) first: Statistics,
    /// How much more the value is each minute later.
    pub(crate) step: f64,
}

/// The distance of what a service measures.
pub(crate) const MINUTE: i64 = 60;

impl Run {
    /// Returns what lies between two moments, the second of which is not meant.
    pub(crate) fn between(&self, from: i64, to: i64) -> Option<Statistics> {
        let Self {
            start,
            end,
            first,
            step,
        } = *self;
        // The number of the first minute that is meant, and of the one after the last.
        let minutes = |seconds: i64| (seconds.max(0) + MINUTE - 1) / MINUTE;
        let begin = minutes(from - start);
        let stop = minutes(to.min(end) - start);
        if stop <= begin {
            return None;
        }
        // Minutes of a hundred years are far below what a float counts exactly.
        let (count, one, last) = ((stop - begin) as f64, begin as f64, (stop - 1) as f64);
        let (low, high) = (one * step, last * step);
        Some(Statistics {
            count: first.count * count,
            sum: first.sum * count + first.count * (low + high) / 2.0 * count,
            minimum: first.minimum + low.min(high),
            maximum: first.maximum + low.max(high),
        })
    }
}

/// What a service measures of itself. CloudWatch asks when it is asked, so that nothing is kept for what nobody reads.
pub(crate) trait Meter: Send + Sync {
    /// Does what is due by now, so that what is measured is complete.
    fn catch_up(&self);

    /// Returns the metrics of an account in a Region, and when each last had data, in seconds since 1970.
    fn metrics(&self, place: &Place) -> Vec<(MetricId, i64)>;

    /// Returns what was measured of a metric, in the order of time and without overlaps, as far as it lies between two moments,
    /// and its unit.
    fn runs(
        &self,
        place: &Place,
        metric: &MetricId,
        between: (i64, i64),
    ) -> (&'static str, Vec<Run>);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_cut_and_summed() {
        let run = Run {
            start: 600,
            end: 900,
            first: Statistics::of(10.0, 1.0),
            step: 2.0,
        };
        let all = run.between(0, 10_000).unwrap();
        let expected = Statistics {
            count: 5.0,
            sum: 10.0 + 12.0 + 14.0 + 16.0 + 18.0,
            minimum: 10.0,
            maximum: 18.0,
        };
        assert_eq!(all, expected);
        let some = run.between(601, 721).unwrap();
        assert_eq!((some.count, some.minimum, some.maximum), (2.0, 12.0, 14.0));
        assert_eq!(run.between(601, 660), None);
        assert_eq!(run.between(900, 2000), None);
        assert_eq!(run.between(0, 600), None);
    }
}
