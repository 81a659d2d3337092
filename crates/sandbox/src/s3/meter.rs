//! The metrics of replication as CloudWatch asks for them: namespace `AWS/S3`, in the account of the source bucket (unverified where
//! the destination is another account's: UG26 shows them in the source bucket's tab), failed operations in its Region, the others in
//! that of the destination (UG26:repl-metrics).

use std::collections::BTreeMap;

use super::S3;
use super::state::metering::{Kind, RuleKey};
use crate::metering::{MINUTE, Meter, MetricId, Run};
use crate::place::Place;

const NAMESPACE: &str = "AWS/S3";

impl S3 {
    /// Returns owner and Region of each bucket that rules name; metrics end where either bucket is gone.
    fn places(&self) -> BTreeMap<String, Place> {
        let world = self.store.world();
        let places = world.buckets.iter();
        places
            .map(|(name, bucket)| (name.clone(), Place::new(&bucket.owner, &bucket.region)))
            .collect()
    }

    fn now_seconds(&self) -> i64 {
        let now = self
            .store
            .now()
            .duration_since(std::time::SystemTime::UNIX_EPOCH);
        i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
    }
}

/// Returns where a metric of a rule is published.
fn published(places: &BTreeMap<String, Place>, key: &RuleKey, kind: Kind) -> Option<Place> {
    let (source, destination) = (places.get(&key.bucket)?, places.get(&key.destination)?);
    let region = match kind {
        Kind::FailedOperations => &source.region,
        Kind::Latency | Kind::PendingBytes | Kind::PendingOperations => &destination.region,
    };
    Some(Place::new(&source.account, region))
}

fn metric(key: &RuleKey, name: &str) -> MetricId {
    let RuleKey {
        bucket,
        destination,
        rule,
    } = key;
    let dimensions = [
        ("DestinationBucket", destination),
        ("RuleId", rule),
        ("SourceBucket", bucket),
    ];
    let dimensions = dimensions.map(|(name, value)| (name.to_owned(), value.clone()));
    MetricId {
        namespace: NAMESPACE.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions.into(),
    }
}

/// Returns the rule and the metric that a name means.
fn named(metric: &MetricId) -> Option<(RuleKey, Kind, &'static str)> {
    let [(destination, to), (id, rule), (source, from)] = metric.dimensions.as_slice() else {
        return None;
    };
    let names = [destination.as_str(), id.as_str(), source.as_str()];
    if metric.namespace != NAMESPACE || names != ["DestinationBucket", "RuleId", "SourceBucket"] {
        return None;
    }
    let mut all = Kind::ALL.into_iter();
    let (kind, _, unit) = all.find(|(_, name, _)| *name == metric.name)?;
    let key = RuleKey {
        bucket: from.clone(),
        destination: to.clone(),
        rule: rule.clone(),
    };
    Some((key, kind, unit))
}

impl Meter for S3 {
    fn catch_up(&self) {
        super::replication::catch_up(&self.store);
    }

    fn metrics(&self, place: &Place) -> Vec<(MetricId, i64)> {
        let (places, now) = (self.places(), self.now_seconds());
        let metering = self.store.metering();
        let mut found = Vec::new();
        for (key, measured) in metering.rules() {
            for (kind, name, _) in Kind::ALL {
                let is_here = published(&places, key, kind).is_some_and(|at| at == *place);
                if let (true, Some(last)) = (is_here, measured.last(kind, now)) {
                    found.push((metric(key, name), last));
                }
            }
        }
        found
    }

    fn runs(
        &self,
        place: &Place,
        metric: &MetricId,
        between: (i64, i64),
    ) -> (&'static str, Vec<Run>) {
        let Some((key, kind, unit)) = named(metric) else {
            return ("None", Vec::new());
        };
        if published(&self.places(), &key, kind).is_none_or(|at| at != *place) {
            return (unit, Vec::new());
        }
        // Of a minute that is not over nothing is published.
        let now = self.now_seconds();
        let (from, to) = (between.0, between.1.min(now - now.rem_euclid(MINUTE)));
        let metering = self.store.metering();
        let measured = metering.rule(&key);
        (
            unit,
            measured.map_or_else(Vec::new, |of| of.runs(kind, (from, to))),
        )
    }
}
