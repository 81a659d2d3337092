//! What the plan has read of a migration and does not show: the jobs of its backfill, and the state of its alarms.

use std::collections::BTreeMap;

use super::seen::Seen;
use crate::format::status::{AlarmInfo, JobInfo};
use crate::ids::{JobId, MigrationName};
use crate::model::kinds::{Document, Job, StateValue};
use crate::model::{RegionPart, Target};
use crate::ownership::{JobWork, Markers};
use crate::route::Route;

/// The jobs that have not ended, and the last one that has.
pub(super) fn jobs(seen: &Seen<'_>, route: &Route<'_>) -> Vec<JobInfo> {
    let list = Target::Region(route.jobs_in(), RegionPart::Jobs);
    let Some(Document::Jobs(jobs)) = seen.observed.document(&list) else {
        return Vec::new();
    };
    let markers = Markers::of(&seen.spec.name);
    let is_ours = |job: &&Job| {
        let mark = markers.job(&job.description);
        mark.is_some_and(|mark| mark.migration == *route.name && mark.work == JobWork::Copy)
    };
    let ours = jobs.0.iter().filter(|(_, job)| is_ours(job));
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
