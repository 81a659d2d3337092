//! When alarms are evaluated: at every full minute that has passed since the last time, before a call is served.
//!
//! "The window advances each time the alarm is evaluated, forming a rolling time window" of the alarm's periods
//! (CWUG:alarm-evaluation-window); how often: [`Settings::every`]. Of a time that is long only the stretches are looked at in which
//! something changes: where the window moves over the same numbers the state stays what it is.
//!
//! [`Settings::every`]: super::alarms::alarm::Settings::every

use super::CloudWatch;
use super::alarms::alarm::{Alarm, Measured, MissingData};
use super::alarms::transition::{Wanted, change};
use super::evaluation::{Rule, Verdict, judge, looked_at};
use super::metrics::data::Data;
use super::reason;
use super::state::State;
use crate::clock::seconds;
use crate::metering::{MINUTE, MetricId, Run};
use crate::place::Place;

/// How many evaluations in a row are all done; of more only those around changes are.
const ALL: i64 = 200;

/// How far into numbers that grow from minute to minute each is looked at, and around where they cross the threshold.
const GROWING: i64 = 1000 * MINUTE;

/// One evaluation after another of an alarm.
#[derive(Debug, Clone, Copy)]
struct Pace {
    period: i64,
    /// How far back data are looked at.
    window: i64,
    every: i64,
}

impl Pace {
    fn of(alarm: &Alarm, measured: &Measured) -> Option<Self> {
        Some(Self {
            period: measured.period,
            window: measured.period * looked_at(alarm.settings.evaluation_periods),
            every: alarm.settings.every()?,
        })
    }

    /// Returns the last time of evaluation that is not after a moment.
    fn before(self, moment: i64) -> i64 {
        moment - moment.rem_euclid(self.every)
    }
}

/// When an alarm that is set at a moment is evaluated for the first time after: at the next full minute.
pub(super) fn evaluated_at_birth(now: f64) -> i64 {
    let now = now.floor() as i64;
    now - now.rem_euclid(MINUTE)
}

impl CloudWatch {
    /// Brings all alarms to what the clock says.
    pub(crate) fn catch_up(&self) {
        let now = seconds(self.now()) as i64;
        if !self.state().is_due(now) {
            return;
        }
        self.meter().catch_up();
        let mut state = self.state();
        let all: Vec<(Place, String)> = state.alarm_names().collect();
        for (place, name) in all {
            self.evaluate(&mut state, &place, &name, now);
        }
        state.look_again();
    }

    fn evaluate(&self, state: &mut State, place: &Place, name: &str, now: i64) {
        let Some(alarm) = state.alarm(place, name) else {
            return;
        };
        let Some((measured, rule)) = watched(alarm) else {
            return;
        };
        let Some(pace) = Pace::of(alarm, &measured) else {
            return;
        };
        let since = alarm.evaluated;
        let last = pace.before(now);
        if last <= since {
            return;
        }
        let of = (&measured.metric, measured.unit);
        let data = self.data(state, place, of, (since - pace.window, last));
        for at in moments(&data, pace, rule.threshold, (since, last)) {
            let periods = periods(&data, &measured, &rule, pace, at);
            let Verdict::State(value, grounds) = judge(&rule, &periods) else {
                continue;
            };
            let store = state.store_mut(place);
            let old = store.alarms.get(name).map(|alarm| alarm.state.value);
            if old == Some(value) {
                continue;
            }
            let told = reason::Told {
                rule: &rule,
                measured: &measured,
                grounds: &grounds,
                at,
            };
            let wanted = Wanted {
                value,
                reason: told.reason(value, old),
                reason_data: Some(told.data()),
                at: at as f64,
            };
            change(self, place, store, (name, wanted));
        }
        if let Some(alarm) = state.store_mut(place).alarms.get_mut(name) {
            alarm.evaluated = last;
        }
    }

    /// Returns what is known of a metric in a stretch of time: what clients put, and what services measure.
    pub(super) fn data(
        &self,
        state: &State,
        place: &Place,
        (metric, unit): (&MetricId, Option<&str>),
        between: (i64, i64),
    ) -> Data {
        let store = state.store(place);
        let series = store.and_then(|store| store.metrics.get(metric));
        let stored =
            series.map_or_else(Data::default, |series| Data::stored(series, unit, between));
        let (own_unit, runs) = self.meter().runs(place, metric, between);
        if unit.is_none_or(|unit| unit == own_unit) {
            stored.with(own_unit, runs)
        } else {
            stored
        }
    }
}

/// Returns what an alarm watches and how, where it is one metric and a threshold.
fn watched(alarm: &Alarm) -> Option<(Measured, Rule)> {
    let settings = &alarm.settings;
    let measured = settings.measured()?;
    let periods = usize::try_from(settings.evaluation_periods).ok()?;
    let to_alarm = settings
        .datapoints_to_alarm
        .unwrap_or(settings.evaluation_periods);
    // "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data" (BC:cloudwatch TreatMissingData).
    let missing = if measured.metric.namespace == "AWS/DynamoDB" {
        MissingData::Ignore
    } else {
        settings.missing.unwrap_or(MissingData::Missing)
    };
    let rule = Rule {
        periods,
        to_alarm: usize::try_from(to_alarm).ok()?,
        comparison: settings.comparison,
        threshold: settings.threshold?,
        missing,
    };
    Some((measured.clone(), rule))
}

/// Returns what each period has that is looked at, newest first.
fn periods(data: &Data, measured: &Measured, rule: &Rule, pace: Pace, at: i64) -> Vec<Option<f64>> {
    let count = looked_at(i64::try_from(rule.periods).unwrap_or(i64::MAX - 2));
    let number = |back: i64| {
        let end = at - back * pace.period;
        let aggregate = data.between((end - pace.period, end), None)?;
        aggregate.number(&measured.statistic)
    };
    (0..count).map(number).collect()
}

/// Returns the times of evaluation at which the state may change, in order.
fn moments(data: &Data, pace: Pace, threshold: f64, (since, last): (i64, i64)) -> Vec<i64> {
    let every = pace.every;
    let all = |from: i64, to: i64| {
        let first = from.div_euclid(every) + 1;
        let end = to.div_euclid(every);
        (first..=end).map(move |number| number * every)
    };
    if (last - since) / every <= ALL {
        return all(since, last).collect();
    }
    let mut moments: Vec<i64> = vec![last];
    for (from, to) in stretches(data, pace, threshold) {
        // From the change on until the window is beyond it.
        let (from, to) = (from.max(since), (to + pace.window + every).min(last));
        moments.extend(all(from, to));
    }
    moments.extend(all(since, (since + every).min(last)));
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// Returns the stretches of time in which the numbers change, joined where windows over them meet.
fn stretches(data: &Data, pace: Pace, threshold: f64) -> Vec<(i64, i64)> {
    let mut found: Vec<(i64, i64)> = data.moments().map(|at| (at - 1, at)).collect();
    for run in data.runs() {
        found.push((run.start - 1, run.start));
        found.push((run.end - 1, run.end));
        if run.step != 0.0 {
            found.push((run.start, run.end.min(run.start + GROWING)));
            found.extend(crossings(run, pace, threshold));
        }
    }
    found.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in found {
        match joined.last_mut() {
            Some((_, end)) if from <= *end + pace.window => *end = to.max(*end),
            Some(_) | None => joined.push((from, to)),
        }
    }
    joined
}

/// Returns where numbers that grow may cross the threshold: as they are, or summed over a period.
fn crossings(run: &Run, pace: Pace, threshold: f64) -> impl Iterator<Item = (i64, i64)> {
    let in_period = (pace.period / MINUTE).max(1) as f64;
    let (run, around) = (*run, pace.window + pace.period);
    [threshold, threshold / in_period]
        .into_iter()
        .filter_map(move |threshold| {
            let minutes = (threshold - run.first.maximum) / run.step;
            let at = run.start + (minutes.clamp(0.0, 1e9) as i64) * MINUTE;
            (at < run.end).then_some((at - around, at + around))
        })
}
