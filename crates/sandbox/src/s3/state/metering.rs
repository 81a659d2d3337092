//! What is known of replication, rule by rule, for its metrics (UG:metrics-dimensions): since when a rule measures, what waits and
//! until when, and what became of it. Nothing grows with time alone.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::replication::{Configuration, Rule};
use crate::metering::{MINUTE, Run, Statistics};

/// How many groups of waiting operations and how many minutes with outcomes are kept of a rule; the oldest go first.
const KEPT: usize = 20_000;

/// How many times a rule may have been switched on.
const SPANS: usize = 100;

/// A rule of a bucket, as the dimensions of its metrics name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RuleKey {
    pub(crate) bucket: String,
    pub(crate) destination: String,
    pub(crate) rule: String,
}

/// What is measured of all rules that have metrics.
#[derive(Debug, Default)]
pub(crate) struct Metering {
    rules: BTreeMap<RuleKey, Measured>,
}

/// What is measured of one rule.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// When its metrics were on: full minutes, the last of which may go on.
    spans: Vec<(i64, Option<i64>)>,
    /// What waited in the same minutes, from the first to the last.
    waiting: BTreeMap<(i64, i64), Waiting>,
    /// By minute.
    outcomes: BTreeMap<i64, Outcomes>,
}

/// Operations that waited in the same minutes.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    operations: u64,
    bytes: u64,
    /// When the first of them came and when the last was due, in seconds since 1970.
    came: f64,
    due: f64,
}

/// What became of operations in a minute.
#[derive(Debug, Clone, Copy, Default)]
struct Outcomes {
    operations: u64,
    failed: u64,
}

/// The metrics of a rule (UG:metrics-dimensions, "S3 Replication metrics").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Latency,
    PendingBytes,
    PendingOperations,
    /// The only one that is published in the source's Region, and only when something happens (UG26:repl-metrics).
    FailedOperations,
}

impl Kind {
    pub(crate) const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Latency, "ReplicationLatency", "Seconds"),
        (Self::PendingBytes, "BytesPendingReplication", "Bytes"),
        (
            Self::PendingOperations,
            "OperationsPendingReplication",
            "Count",
        ),
        (
            Self::FailedOperations,
            "OperationsFailedReplication",
            "Count",
        ),
    ];
}

/// An operation that is queued: when it came, when it is due, and how many bytes it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) came: SystemTime,
    pub(crate) due: SystemTime,
    pub(crate) bytes: u64,
}

impl Metering {
    /// Takes in that a bucket has this configuration from now on.
    pub(crate) fn configure(
        &mut self,
        bucket: &str,
        configuration: Option<&Configuration>,
        now: SystemTime,
    ) {
        let minute = minute(seconds(now));
        let rules = configuration.into_iter().flat_map(|of| &of.rules);
        let on: Vec<RuleKey> = rules
            .filter(|rule| measures(rule))
            .map(|rule| key(bucket, rule))
            .collect();
        for (key, measured) in self
            .rules
            .iter_mut()
            .filter(|(key, _)| key.bucket == bucket)
        {
            if !on.contains(key) {
                measured.switch_off(minute);
            }
        }
        for key in on {
            self.rules.entry(key).or_default().switch_on(minute);
        }
    }

    /// Takes in that an operation is queued under a rule.
    pub(crate) fn queued(&mut self, bucket: &str, rule: &Rule, operation: Operation) {
        let Some(measured) = self.rules.get_mut(&key(bucket, rule)) else {
            return;
        };
        let (came, due) = (seconds(operation.came), seconds(operation.due));
        // What waits for nothing is nowhere seen waiting.
        if due <= came {
            return;
        }
        let waiting = measured
            .waiting
            .entry((minute(came), minute(due)))
            .or_insert(Waiting {
                operations: 0,
                bytes: 0,
                came,
                due,
            });
        waiting.operations += 1;
        waiting.bytes += operation.bytes;
        waiting.came = waiting.came.min(came);
        waiting.due = waiting.due.max(due);
        if measured.waiting.len() > KEPT {
            measured.waiting.pop_first();
        }
    }

    /// Takes in what became of an operation that was due.
    pub(crate) fn finished(&mut self, bucket: &str, rule: &Rule, due: SystemTime, failed: bool) {
        let Some(measured) = self.rules.get_mut(&key(bucket, rule)) else {
            return;
        };
        let outcomes = measured.outcomes.entry(minute(seconds(due))).or_default();
        outcomes.operations += 1;
        outcomes.failed += u64::from(failed);
        if measured.outcomes.len() > KEPT {
            measured.outcomes.pop_first();
        }
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = (&RuleKey, &Measured)> {
        self.rules.iter()
    }

    pub(crate) fn rule(&self, key: &RuleKey) -> Option<&Measured> {
        self.rules.get(key)
    }
}

/// A rule measures whose metrics are on; one with Replication Time Control must have them on, too (BC:s3 ReplicationTime).
fn measures(rule: &Rule) -> bool {
    rule.enabled
        && rule
            .destination
            .metrics
            .is_some_and(|metrics| metrics.enabled)
}

fn key(bucket: &str, rule: &Rule) -> RuleKey {
    RuleKey {
        bucket: bucket.to_owned(),
        destination: rule.destination_bucket().to_owned(),
        rule: rule.id.clone().unwrap_or_default(),
    }
}

impl Measured {
    fn switch_on(&mut self, minute: i64) {
        match self.spans.last() {
            Some((_, None)) => {}
            Some(_) | None => self.spans.push((minute, None)),
        }
        if self.spans.len() > SPANS {
            self.spans.remove(0);
        }
    }

    fn switch_off(&mut self, minute: i64) {
        if let Some((_, end @ None)) = self.spans.last_mut() {
            *end = Some(minute + MINUTE);
        }
    }

    /// Returns the last minute that a metric has something of.
    pub(crate) fn last(&self, kind: Kind, now: i64) -> Option<i64> {
        match kind {
            Kind::FailedOperations => self.outcomes.last_key_value().map(|(at, _)| *at),
            Kind::Latency | Kind::PendingBytes | Kind::PendingOperations => {
                let (start, end) = self.spans.last()?;
                let last = end.map_or(now - MINUTE, |end| end - MINUTE);
                (last >= *start).then_some(last)
            }
        }
    }

    /// Returns what a metric has between two moments.
    pub(crate) fn runs(&self, kind: Kind, (from, to): (i64, i64)) -> Vec<Run> {
        match kind {
            Kind::FailedOperations => {
                let outcomes = self.outcomes.range(from..to.max(from));
                outcomes.map(|(at, of)| of.run(*at)).collect()
            }
            Kind::Latency | Kind::PendingBytes | Kind::PendingOperations => {
                let spans = self.spans.iter();
                let spans =
                    spans.map(|(start, end)| (from.max(*start), end.map_or(to, |end| to.min(end))));
                spans
                    .filter(|(start, end)| start < end)
                    .flat_map(|span| self.waits(kind, span))
                    .collect()
            }
        }
    }

    /// Cuts a stretch of time where something begins or ends to wait: in between nothing changes, but for how long the oldest has
    /// waited.
    fn waits(&self, kind: Kind, (from, to): (i64, i64)) -> Vec<Run> {
        let (from, to) = (minute_after(from), minute_after(to));
        let inside: Vec<(i64, i64, Waiting)> = self
            .waiting
            .iter()
            .filter(|((first, last), _)| *first < to && *last >= from)
            .map(|((first, last), waiting)| (*first, *last, *waiting))
            .collect();
        let mut cuts = vec![from, to];
        for (first, last, _) in &inside {
            cuts.extend([*first, *last, *last + MINUTE]);
        }
        cuts.retain(|cut| (from..=to).contains(cut));
        cuts.sort_unstable();
        cuts.dedup();
        let pieces = cuts.windows(2);
        pieces
            .map(|piece| piece_of(kind, &inside, piece[0], piece[1]))
            .collect()
    }
}

/// Returns the run of a stretch in which the same operations wait.
fn piece_of(kind: Kind, all: &[(i64, i64, Waiting)], start: i64, end: i64) -> Run {
    let here = all
        .iter()
        .filter(|(first, last, _)| *first <= start && start <= *last);
    let (mut value, mut step) = (0.0_f64, 0.0);
    for (_, last, waiting) in here {
        match kind {
            Kind::PendingBytes => value += waiting.bytes as f64,
            Kind::PendingOperations => value += waiting.operations as f64,
            Kind::Latency | Kind::FailedOperations => {
                let seen = waiting.due.min((start + MINUTE) as f64);
                value = value.max(seen - waiting.came);
                if start < *last {
                    step = MINUTE as f64;
                }
            }
        }
    }
    Run {
        start,
        end,
        first: Statistics::of(value, 1.0),
        step,
    }
}

impl Outcomes {
    /// "Sum (to capture the number of failed operations), Average (to capture the failure rate), Sample Count (to capture the total
    /// number of replication operations)" (UG:metrics-dimensions).
    fn run(self, at: i64) -> Run {
        let Self { operations, failed } = self;
        Run {
            start: at,
            end: at + MINUTE,
            first: Statistics {
                count: operations as f64,
                sum: failed as f64,
                minimum: if failed == operations { 1.0 } else { 0.0 },
                maximum: if failed == 0 { 0.0 } else { 1.0 },
            },
            step: 0.0,
        }
    }
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

/// Returns the full minute that a moment is in.
fn minute(seconds: f64) -> i64 {
    let seconds = seconds.floor() as i64;
    seconds - seconds.rem_euclid(MINUTE)
}

/// Returns the first full minute that is not before a moment.
fn minute_after(seconds: i64) -> i64 {
    (seconds + MINUTE - 1).div_euclid(MINUTE) * MINUTE
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::s3::xml;

    fn configuration(metrics: &str) -> Configuration {
        let text = format!(
            "<ReplicationConfiguration><Role>r</Role><Rule><ID>all</ID><Status>Enabled</Status><Priority>1</Priority><Filter/>\
             <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>\
             <Destination><Bucket>arn:aws:s3:::to</Bucket>{metrics}</Destination></Rule></ReplicationConfiguration>"
        );
        Configuration::parse(&xml::parse(text.as_bytes()).unwrap()).unwrap()
    }

    const ON: &str = "<Metrics><Status>Enabled</Status></Metrics>";

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    struct Lab {
        metering: Metering,
        configuration: Configuration,
    }

    impl Lab {
        fn new(metrics: &str) -> Self {
            let configuration = configuration(metrics);
            let mut metering = Metering::default();
            metering.configure("from", Some(&configuration), at(610));
            Self {
                metering,
                configuration,
            }
        }

        fn queued(&mut self, came: u64, due: u64, bytes: u64) {
            let operation = Operation {
                came: at(came),
                due: at(due),
                bytes,
            };
            let rule = &self.configuration.rules[0];
            self.metering.queued("from", rule, operation);
        }

        fn measured(&self) -> Option<&Measured> {
            self.metering
                .rule(&key("from", &self.configuration.rules[0]))
        }

        /// The maxima of the minutes from the tenth on.
        fn maxima(&self, kind: Kind, minutes: i64) -> Vec<f64> {
            let runs = self.measured().unwrap().runs(kind, (0, 600 + minutes * 60));
            let of = |minute: i64| {
                let (from, to) = (600 + minute * 60, 660 + minute * 60);
                let mut found = runs.iter().filter_map(|run| run.between(from, to));
                let value = found.next().unwrap().maximum;
                assert_eq!(found.next(), None, "runs overlap");
                value
            };
            (0..minutes).map(of).collect()
        }
    }

    #[test]
    fn what_waits_is_seen_in_every_minute_and_latency_grows() {
        let mut lab = Lab::new(ON);
        lab.queued(670, 850, 10);
        lab.queued(730, 910, 5);
        lab.queued(730, 730, 99);
        assert_eq!(
            lab.maxima(Kind::PendingOperations, 7),
            [0.0, 1.0, 2.0, 2.0, 2.0, 1.0, 0.0]
        );
        assert_eq!(
            lab.maxima(Kind::PendingBytes, 7),
            [0.0, 10.0, 15.0, 15.0, 15.0, 5.0, 0.0]
        );
        assert_eq!(
            lab.maxima(Kind::Latency, 7),
            [0.0, 50.0, 110.0, 170.0, 180.0, 180.0, 0.0]
        );
    }

    #[test]
    fn an_idle_rule_of_a_hundred_years_is_one_run() {
        let lab = Lab::new(ON);
        let century = 100 * 365 * 24 * 3600;
        let runs = lab
            .measured()
            .unwrap()
            .runs(Kind::PendingOperations, (0, century));
        assert_eq!(runs.len(), 1);
        let all = runs[0].between(0, century).unwrap();
        assert_eq!(
            (all.count, all.maximum),
            ((century as f64 - 600.0) / 60.0, 0.0)
        );
    }

    #[test]
    fn rules_measure_from_when_they_are_told_to_until_they_are_not() {
        assert!(Lab::new("").measured().is_none());
        let mut lab = Lab::new(ON);
        lab.metering.configure("from", None, at(700));
        lab.metering
            .configure("from", Some(&lab.configuration), at(1000));
        let measured = lab.measured().unwrap();
        let runs = measured.runs(Kind::Latency, (0, 1200));
        let spans: Vec<_> = runs.iter().map(|run| (run.start, run.end)).collect();
        assert_eq!(spans, [(600, 720), (960, 1200)]);
        assert_eq!(measured.last(Kind::Latency, 1200), Some(1140));
        assert_eq!(measured.last(Kind::FailedOperations, 1200), None);
    }

    #[test]
    fn outcomes_are_counted_by_the_minute() {
        let mut lab = Lab::new(ON);
        let rule = lab.configuration.rules[0].clone();
        for (due, failed) in [(660, true), (661, false), (719, false), (720, true)] {
            lab.metering.finished("from", &rule, at(due), failed);
        }
        let runs = lab
            .measured()
            .unwrap()
            .runs(Kind::FailedOperations, (0, 10_000));
        let told: Vec<_> = runs
            .iter()
            .map(|run| (run.start, run.first.count, run.first.sum, run.first.maximum))
            .collect();
        assert_eq!(told, [(660, 3.0, 1.0, 1.0), (720, 1.0, 1.0, 1.0)]);
    }
}
