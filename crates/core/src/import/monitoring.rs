//! The alarms of ours on the rules of a migration, and the events of ours on its source bucket, as its `monitoring`.

use std::collections::BTreeSet;

use super::group::Group;
use super::live::part;
use crate::ids::{AccountId, AccountName, Arn};
use crate::migration::Watched;
use crate::model::kinds::Alarm;
use crate::model::{AlarmRef, BucketPart, Document, Observed, Target};
use crate::ownership::Markers;
use crate::route::Side;
use crate::spec::{Above, AlarmSpec, MissingData, Monitoring};

/// The alarms of the spec that were read.
pub(super) fn alarms<'a>(
    observed: &'a Observed,
    markers: &'a Markers,
) -> impl Iterator<Item = (&'a AlarmRef, &'a Alarm)> {
    observed.iter().filter_map(|(target, document)| {
        let (Target::Alarm(at), Some(Document::Alarm(live))) = (target, document) else {
            return None;
        };
        let is_ours = markers.alarm(&at.name).is_some();
        (is_ours && markers.describes_alarm(live.description.as_deref())).then_some((at, &**live))
    })
}

/// What a migration's alarms say. Alarms of others stay, and are none of the spec.
pub(super) fn of(
    observed: &Observed,
    markers: &Markers,
    group: &Group<'_>,
    named: impl Fn(&AccountId) -> Option<AccountName>,
) -> Monitoring {
    let is_of_group = |at: &AlarmRef| {
        let of = markers.alarm(&at.name);
        of.is_some_and(|(migration, _)| migration == group.name)
    };
    let alarms: Vec<(&AlarmRef, &Alarm)> = alarms(observed, markers)
        .filter(|(at, _)| is_of_group(at))
        .collect();
    let Some((first, _)) = alarms.first() else {
        return Monitoring::Unset;
    };
    let is_of_a_proof = |at: &AlarmRef| {
        let of = markers.alarm(&at.name);
        of.is_some_and(|(_, rule)| rule.is_of_a_proof())
    };
    let of_metric = |watched: Watched| {
        let mut alarms = alarms.iter().filter(|(at, _)| !is_of_a_proof(at));
        let found = alarms.find(|(_, live)| live.metric == watched.metric());
        found.map(|(_, live)| *live)
    };
    let told = |side: Side| -> Vec<Arn> {
        let of_side = Watched::ALL.into_iter().filter(|of| of.side() == side);
        let topics = of_side
            .filter_map(of_metric)
            .flat_map(|live| &live.actions.alarm);
        let topics: BTreeSet<&String> = topics.collect();
        let arns = topics.into_iter().map(|topic| Arn::new(topic.clone()).ok());
        arns.flatten().collect()
    };
    let above = |watched| above(of_metric(watched), watched);
    Monitoring::Alarms(Box::new(AlarmSpec {
        account: (first.account != group.source.account)
            .then(|| named(&first.account))
            .flatten(),
        notify_source: told(Side::Source),
        notify_destination: told(Side::Destination),
        events: events(observed, markers, group),
        failed_operations: above(Watched::FailedOperations),
        latency: above(Watched::Latency),
        pending_operations: above(Watched::PendingOperations),
        pending_bytes: above(Watched::PendingBytes),
        // A proof that is under way; of one that was made nothing is left.
        prove: alarms.iter().any(|(at, _)| is_of_a_proof(at)),
    }))
}

/// Who hears of each object that failed.
fn events(observed: &Observed, markers: &Markers, group: &Group<'_>) -> Option<Arn> {
    match part(observed, group.source, BucketPart::Notifications)? {
        Document::Notifications(live) => {
            let ours = live.by_id.get(&markers.configuration_id())?;
            Arn::new(ours.target.clone()).ok()
        }
        _ => None,
    }
}

/// What an alarm is above; where there is none, what a spec says that names nothing.
fn above(live: Option<&Alarm>, watched: Watched) -> Above {
    let unsaid = match watched {
        Watched::FailedOperations => AlarmSpec::FAILED_ABOVE,
        Watched::Latency => AlarmSpec::LATENCY_SECONDS,
        Watched::PendingOperations => AlarmSpec::PENDING_OPERATIONS,
        Watched::PendingBytes => AlarmSpec::PENDING_BYTES,
    };
    let word = live.map(|live| live.missing_data.as_str());
    let mut words = MissingData::ALL.into_iter();
    Above {
        threshold: live
            .and_then(|live| live.threshold.parse().ok())
            .unwrap_or(unsaid),
        missing_data: words
            .find(|known| Some(known.as_str()) == word)
            .unwrap_or(MissingData::Ignore),
    }
}
