//! What CloudWatch lists of an account in a Region: the alarms that may be ours, and the replication metrics that there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::alarm::{AlarmSight, DESCRIBE};
use super::call::{Call, Need};
use super::kind::{Facts, Holding, Parts, in_a_value, nothing_linked, one_thing};
use crate::ids::AlarmName;
use crate::model::links::Link;
use crate::model::target::{Service, Target};
use crate::ownership::ALARM_PREFIX;

pub(super) const ALARMS: Facts =
    Facts::only_read("alarms", "alarms", Service::CloudWatch, DESCRIBE);

pub(super) const METRICS: Facts = Facts::only_read(
    "replication metrics",
    "replication-metrics",
    Service::CloudWatch,
    &[Call::of(
        "ListMetrics",
        &[Need::account("cloudwatch:ListMetrics")],
    )],
);

/// The alarms of an account in a Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmNames {
    /// Those whose names say that they may be s3ferry's.
    pub ours: BTreeSet<AlarmName>,
    /// What the others look at of replication, by their names. They may change between a plan and its apply, and are no part of
    /// what the list means.
    pub others: BTreeMap<AlarmName, BTreeSet<AlarmSight>>,
    /// Whether there are more of the others than are looked at.
    pub has_more: bool,
}

impl AlarmNames {
    /// The list of alarms that may be s3ferry's, beside no others.
    #[must_use]
    pub fn of(ours: BTreeSet<AlarmName>) -> Self {
        Self {
            ours,
            ..Self::default()
        }
    }

    /// Takes an alarm into the list, with what it looks at.
    pub fn add(&mut self, name: AlarmName, looks_at: impl IntoIterator<Item = AlarmSight>) {
        if name.as_str().starts_with(ALARM_PREFIX) {
            self.ours.insert(name);
            return;
        }
        let sights: BTreeSet<AlarmSight> = looks_at.into_iter().collect();
        if !sights.is_empty() {
            self.others.insert(name, sights);
        }
    }
}

impl Holding for AlarmNames {
    fn canonical(&self) -> Value {
        let Self {
            ours,
            others: _,
            has_more: _,
        } = self;
        let names = ours.iter().map(AlarmName::as_str);
        json!(names.collect::<Vec<_>>())
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

/// A metric of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleMetric {
    /// Its name.
    pub name: String,
    /// The source bucket.
    pub source: String,
    /// The destination bucket.
    pub destination: String,
    /// The rule's ID.
    pub rule: String,
}

/// The metrics of rules that had datapoints in the last two weeks (BC:cloudwatch ListMetrics), in one account and Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleMetrics(pub BTreeSet<RuleMetric>);

impl Holding for RuleMetrics {
    fn canonical(&self) -> Value {
        let metrics = self.0.iter().map(|metric| {
            let RuleMetric {
                name,
                source,
                destination,
                rule,
            } = metric;
            json!([name, source, destination, rule])
        });
        json!(metrics.collect::<Vec<_>>())
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}
