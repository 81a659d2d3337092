//! What the plan has read of a migration and does not show: the jobs of its backfill and of its checksums, and the state of its alarms.

use std::collections::{BTreeMap, BTreeSet};

use super::seen::Seen;
use crate::format::status::{AlarmInfo, JobInfo};
use crate::goals::jobs_in;
use crate::ids::{JobId, MigrationName};
use crate::model::kinds::{Document, Job, StateValue};
use crate::model::{RegionRef, Target};
use crate::ownership::Markers;
use crate::route::Route;

/// The jobs that have not ended, and the last one that has.
pub(super) fn jobs(seen: &Seen<'_>, route: &Route<'_>) -> Vec<JobInfo> {
    let markers = Markers::of(&seen.spec.name);
    let places: BTreeSet<RegionRef> = [&route.source, &route.destination]
        .map(RegionRef::of)
        .into();
    let jobs = places
        .into_iter()
        .flat_map(|at| jobs_in(seen.observed, &markers, at));
    let ours = jobs.filter(|(mark, _, _)| mark.migration == *route.name);
    let ours = ours.map(|(_, id, job)| (id, job));
    let (mut ended, mut open): (Vec<_>, Vec<_>) = ours.partition(|(_, job)| job.status.is_final());
    ended.sort_by_key(|(_, job)| &job.created);
    open.extend(ended.pop());
    open.into_iter().map(info).collect()
}

fn info((id, job): (&JobId, &Job)) -> JobInfo {
    JobInfo {
        id: id.to_string(),
        state: job.status.as_str().to_owned(),
        tasks: job.tasks,
        succeeded: job.succeeded,
        failed: job.failed,
    }
}

/// The alarms of a migration's rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarms {
    /// How many there are.
    pub(super) count: u64,
    /// Those that are not OK.
    pub(super) raised: Vec<AlarmInfo>,
}

/// The alarms of rules of the spec, by migration.
pub(super) fn alarms(seen: &Seen<'_>) -> BTreeMap<MigrationName, Alarms> {
    let markers = Markers::of(&seen.spec.name);
    let mut all: BTreeMap<MigrationName, Alarms> = BTreeMap::new();
    for (target, document) in seen.observed.iter() {
        let (Target::Alarm(at), Some(Document::Alarm(alarm))) = (target, document) else {
            continue;
        };
        let Some((migration, _)) = markers.alarm(&at.name) else {
            continue;
        };
        let of = all.entry(migration).or_default();
        of.count += 1;
        let state = alarm.state.as_ref().map(|state| &state.value);
        if let Some(state) = state.filter(|state| **state != StateValue::Fine) {
            of.raised.push(AlarmInfo {
                name: at.name.to_string(),
                metric: alarm.metric.clone(),
                state: state.as_str().to_owned(),
            });
        }
    }
    all
}
