//! The jobs of every account, and which of them has something to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::job::{Job, Outcome, Status};
use super::request::JobRequest;
use crate::ids::Ids;

/// How long a job that has ended is known (BC:s3control ListJobs; UG:troubleshooting-batch-operations).
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// An account in a Region.
pub(crate) type Home<'a> = (&'a str, &'a str);

/// The jobs of a store.
pub(crate) struct Jobs {
    ids: Ids,
    state: Mutex<State>,
    /// Held by who works on jobs: one at a time does.
    work: Mutex<()>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<String, Job>,
    /// What became of the first tasks of a job; apart from it, because jobs are looked at often and these are many.
    outcomes: BTreeMap<String, Vec<Outcome>>,
    count: u64,
    /// When the last step was done, so that a clock which leaps sees steps in their order.
    last: Option<SystemTime>,
}

/// What is to be done next: of a job as it is, at an instant.
pub(crate) struct Step {
    pub(crate) job: Job,
    pub(crate) at: SystemTime,
    /// Another goes first.
    pub(crate) waits: bool,
}

/// Why a job is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OtherRequest;

impl Jobs {
    /// Starts without jobs.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            ids: Ids::new(seed, "s3-jobs"),
            state: Mutex::default(),
            work: Mutex::default(),
        }
    }

    /// Makes a job, or finds the one that was made with the same token.
    pub(crate) fn create(
        &self,
        (account, region): Home<'_>,
        request: JobRequest,
        now: SystemTime,
    ) -> Result<String, OtherRequest> {
        let mut state = self.state();
        let same = |job: &&Job| {
            job.is_at((account, region)) && job.request.token == request.token && job.is_known(now)
        };
        if let Some(job) = state.jobs.values().find(same) {
            return if job.request.sent == request.sent {
                Ok(job.id.clone())
            } else {
                Err(OtherRequest)
            };
        }
        state.count += 1;
        let id = self.ids.uuid();
        let job = Job {
            id: id.clone(),
            number: state.count,
            account: account.to_owned(),
            region: region.to_owned(),
            created: now,
            priority: request.priority,
            tags: request.tags.clone(),
            request: Arc::new(request),
            status: Status::New,
            since: now,
            suspended: None,
            ended: None,
            update_reason: None,
            failures: Vec::new(),
            tasks: None,
            ran: 0,
            failed: 0,
            active: Duration::ZERO,
            generated: None,
        };
        state.jobs.insert(id.clone(), job);
        Ok(id)
    }

    /// Returns a job of an account in a Region.
    pub(crate) fn find(&self, home: Home<'_>, id: &str, now: SystemTime) -> Option<Job> {
        let state = self.state();
        let job = state.jobs.get(id);
        job.filter(|job| job.is_at(home) && job.is_known(now))
            .cloned()
    }

    /// Returns the jobs of an account in a Region, the newest first.
    pub(crate) fn of(&self, home: Home<'_>, now: SystemTime) -> Vec<Job> {
        let state = self.state();
        let jobs = state.jobs.values();
        let mut jobs: Vec<Job> = jobs
            .filter(|job| job.is_at(home) && job.is_known(now))
            .cloned()
            .collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.number));
        jobs
    }

    /// Returns every job, in the order in which they were made.
    pub(crate) fn all(&self) -> Vec<Job> {
        let mut jobs: Vec<Job> = self.state().jobs.values().cloned().collect();
        jobs.sort_by_key(|job| job.number);
        jobs
    }

    /// Changes a job, if it is there.
    pub(crate) fn change<T>(&self, id: &str, change: impl FnOnce(&mut Job) -> T) -> Option<T> {
        self.state().jobs.get_mut(id).map(change)
    }

    /// Takes in what became of the next tasks of a job.
    pub(crate) fn add_outcomes(&self, id: &str, outcomes: Vec<Outcome>) {
        let mut state = self.state();
        if let Some(job) = state.jobs.get_mut(id) {
            job.ran += outcomes.len();
            job.failed += outcomes.iter().filter(|one| one.error.is_some()).count();
        }
        state
            .outcomes
            .entry(id.to_owned())
            .or_default()
            .extend(outcomes);
    }

    /// Returns what became of the tasks of a job that ran.
    pub(crate) fn outcomes(&self, id: &str) -> Vec<Outcome> {
        self.state().outcomes.get(id).cloned().unwrap_or_default()
    }

    /// Says whether a job goes on by itself.
    pub(crate) fn are_moving(&self) -> bool {
        let state = self.state();
        state.jobs.values().any(|job| job.status.moves())
    }

    /// Waits until nobody works on jobs, and keeps others from it.
    pub(crate) fn work(&self) -> MutexGuard<'_, ()> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the step that is due first where every status lasts so long; the higher priority goes first.
    pub(crate) fn next(&self, now: SystemTime, lasts: Duration) -> Option<Step> {
        let mut state = self.state();
        let last = state.last.unwrap_or(SystemTime::UNIX_EPOCH);
        let waits = |job: &Job| state.jobs.values().any(|other| job.waits_for(other));
        let stays = |job: &Job| matches!(job.status, Status::Ready | Status::Paused) && waits(job);
        let due = |job: &Job| (job.since + lasts).max(last);
        let first = state
            .jobs
            .values()
            .filter(|job| job.status.moves() && due(job) <= now && !stays(job))
            .min_by_key(|job| (due(job), -job.priority, job.number))?;
        let step = Step {
            at: due(first),
            waits: waits(first),
            job: first.clone(),
        };
        state.last = Some(step.at);
        Some(step)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn is_at(&self, (account, region): Home<'_>) -> bool {
        (self.account.as_str(), self.region.as_str()) == (account, region)
    }

    fn is_known(&self, now: SystemTime) -> bool {
        self.ended.is_none_or(|ended| now < ended + KEPT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::xml;

    const HOME: Home<'_> = ("111111111111", "eu-west-1");
    const STEP: Duration = Duration::from_secs(60);

    fn request(token: &str, priority: i64) -> JobRequest {
        let text = format!(
            "<CreateJobRequest><Operation><S3ReplicateObject/></Operation><Report><Enabled>false</Enabled></Report>\
             <ClientRequestToken>{token}</ClientRequestToken><Priority>{priority}</Priority><RoleArn>r</RoleArn>\
             <ManifestGenerator><S3JobManifestGenerator><SourceBucket>arn:aws:s3:::b</SourceBucket>\
             <EnableManifestOutput>false</EnableManifestOutput></S3JobManifestGenerator></ManifestGenerator>\
             </CreateJobRequest>"
        );
        JobRequest::parse(xml::parse(text.as_bytes()).unwrap()).unwrap()
    }

    fn at(steps: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + STEP * steps
    }

    #[test]
    fn a_token_makes_one_job_in_its_account_and_region() {
        let jobs = Jobs::new(1);
        let first = jobs.create(HOME, request("t", 1), at(0)).unwrap();
        assert_eq!(jobs.create(HOME, request("t", 1), at(9)), Ok(first.clone()));
        assert_eq!(jobs.create(HOME, request("t", 2), at(9)), Err(OtherRequest));
        let away = ("111111111111", "eu-west-2");
        assert_ne!(jobs.create(away, request("t", 1), at(0)), Ok(first.clone()));
        assert!(jobs.find(away, &first, at(0)).is_none());
        jobs.change(&first, |job| job.enter(Status::Complete, at(0)));
        let later = SystemTime::UNIX_EPOCH + KEPT;
        assert_ne!(jobs.create(HOME, request("t", 1), later), Ok(first));
    }

    #[test]
    fn steps_come_in_the_order_of_time_and_then_of_priority() {
        let jobs = Jobs::new(1);
        let low = jobs.create(HOME, request("low", 1), at(0)).unwrap();
        let high = jobs.create(HOME, request("high", 2), at(1)).unwrap();
        assert!(jobs.next(at(0), STEP).is_none());
        let step = jobs.next(at(9), STEP).unwrap();
        assert_eq!((step.job.id, step.at), (low.clone(), at(1)));
        jobs.change(&low, |job| job.enter(Status::Preparing, at(1)));
        let step = jobs.next(at(9), STEP).unwrap();
        assert_eq!((step.job.id, step.at), (high.clone(), at(2)));
        // A job that is ready waits for one of higher priority, and one at work is told that it does.
        jobs.change(&high, |job| job.enter(Status::Active, at(2)));
        jobs.change(&low, |job| job.enter(Status::Ready, at(2)));
        assert_eq!(jobs.next(at(9), STEP).unwrap().job.id, high);
        jobs.change(&low, |job| job.enter(Status::Active, at(2)));
        jobs.change(&high, |job| job.enter(Status::Active, at(5)));
        let step = jobs.next(at(9), STEP).unwrap();
        assert_eq!((step.job.id, step.waits), (low, true));
        jobs.change(&high, |job| job.enter(Status::Suspended, at(2)));
        assert!(!jobs.next(at(9), STEP).unwrap().waits);
    }
}
