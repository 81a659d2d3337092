//! Jobs of S3 Batch Operations at work, on the sandbox's clock.
//!
//! ```text
//! New -> Preparing -> (Suspended ->) Ready -> Active <-> Pausing, Paused      (UG:batch-ops-job-status)
//!            |  manifest -> generated, supplied    | task -> replicate, checksum
//!            `-> Failing -> Failed                 `-> Completing -> Complete     each end: report
//! ```
//!
//! Every status lasts as long as the switch says, which is no time at first: then a job is done when somebody looks. Jobs act as
//! their role, which is assumed for every step ([`worker`]).

mod checksum;
mod generated;
mod manifest;
mod paper;
mod replicate;
mod report;
mod supplied;
mod task;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use crate::s3::state::batch::job::{Failure, Job, Status};
use crate::s3::state::batch::jobs::Step;
use crate::s3::state::world::Store;

/// How often it is looked whether something is due. The sandbox's clock can be moved, so nobody can sleep until then.
const TICK: Duration = Duration::from_millis(20);

/// How many tasks a job does before its progress is seen and others are looked after.
const AT_ONCE: usize = 100;

/// "A job fails once at least 1,000 tasks ran and more than half of them failed" (UG:batch-ops-job-status, "Tracking job
/// failure").
const JUDGED_AFTER: usize = 1000;

/// Starts who works on the jobs of a store; it ends when the store is dropped.
pub(crate) fn start(store: &Arc<Store>) {
    let store = Arc::downgrade(store);
    tokio::spawn(async move {
        while let Some(store) = store.upgrade() {
            let worked = step(&store);
            drop(store);
            if worked {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(TICK).await;
            }
        }
    });
}

/// Does what is due.
pub(crate) fn catch_up(store: &Store) {
    while step(store) {}
}

/// Waits until no job goes on by itself.
pub(crate) async fn settle(store: &Store) {
    loop {
        catch_up(store);
        if !store.jobs.are_moving() {
            return;
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Does one step, if one is due.
fn step(store: &Store) -> bool {
    let _alone = store.jobs.work();
    let lasts = Duration::from_millis(store.environment.switches.delays().batch_status_ms);
    let next = store.jobs.next(store.environment.clock.now(), lasts);
    match next {
        Some(step) => {
            advance(store, &step);
            true
        }
        None => false,
    }
}

fn advance(store: &Store, step: &Step) {
    match step.job.status {
        Status::New => enter(store, step, Status::Preparing),
        Status::Preparing => prepare(store, step),
        Status::Ready | Status::Paused => enter(store, step, Status::Active),
        Status::Active if step.waits => pause(store, step),
        Status::Active => work(store, step),
        Status::Pausing => enter(store, step, Status::Paused),
        Status::Completing => finish(store, step, Status::Complete),
        Status::Cancelling => finish(store, step, Status::Cancelled),
        Status::Failing => finish(store, step, Status::Failed),
        Status::Suspended | Status::Complete | Status::Cancelled | Status::Failed => {}
    }
}

/// Gives the job a status, unless a caller gave it another one meanwhile.
fn enter(store: &Store, step: &Step, status: Status) {
    change(store, step, |job| job.enter(status, step.at));
}

fn change(store: &Store, step: &Step, change: impl FnOnce(&mut Job)) {
    store.jobs.change(&step.job.id, |job| {
        if job.status == step.job.status {
            change(job);
        }
    });
}

fn prepare(store: &Store, step: &Step) {
    let prepared = manifest::prepare(store, &step.job, step.at);
    change(store, step, |job| match prepared {
        Ok(prepared) => {
            job.tasks = Some(prepared.tasks.into());
            job.generated = prepared.generated;
            let next = if job.request.confirmation {
                Status::Suspended
            } else {
                Status::Ready
            };
            job.enter(next, step.at);
        }
        Err(failure) => {
            job.failures.push(failure);
            job.enter(Status::Failing, step.at);
        }
    });
}

fn pause(store: &Store, step: &Step) {
    change(store, step, |job| {
        count_time(job, step);
        job.enter(Status::Pausing, step.at);
    });
}

fn count_time(job: &mut Job, step: &Step) {
    job.active += step.at.duration_since(job.since).unwrap_or_default();
}

/// Does the next tasks. What was done counts, also where the job was cancelled meanwhile.
fn work(store: &Store, step: &Step) {
    let job = &step.job;
    let tasks = job.tasks.as_deref().unwrap_or_default();
    let left = tasks.iter().skip(job.ran);
    let outcomes: Vec<_> = left
        .take(AT_ONCE)
        .map(|one| task::run(store, job, one))
        .collect();
    store.jobs.add_outcomes(&job.id, outcomes);
    change(store, step, |job| {
        count_time(job, step);
        let next = if job.ran >= JUDGED_AFTER && job.failed * 2 > job.ran {
            job.failures.push(Failure {
                code: "JobFailureRateExceeded",
                reason: "More than 50% of the tasks failed.".to_owned(),
            });
            Status::Failing
        } else if job.ran >= job.tasks.as_ref().map_or(0, |tasks| tasks.len()) {
            Status::Completing
        } else {
            Status::Active
        };
        job.enter(next, step.at);
    });
}

/// Delivers the report, without which a job that would be complete is failed (UG26:replication-troubleshoot).
fn finish(store: &Store, step: &Step, end: Status) {
    let delivered = report::deliver(store, &step.job, step.at);
    change(store, step, |job| {
        let end = match delivered {
            Ok(()) => end,
            Err(failure) => {
                job.failures.push(failure);
                if end == Status::Complete {
                    Status::Failed
                } else {
                    end
                }
            }
        };
        job.enter(end, step.at);
    });
}
