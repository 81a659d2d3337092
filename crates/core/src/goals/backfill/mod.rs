//! The backfill: objects from before the rules are copied by a job of S3 Batch Replication, and what became of each is known.
//!
//! ```text
//! no job ---> make ---> (Suspended ---> confirm --->) at work ---> ended ---> report read, receipt ---> met
//!              ^                                                                |
//!              +------------ a job for what failed, if the scope says so -------+---> otherwise: explained
//! ```
//! Each arrow is a step of one apply or another: none sleeps for hours. A job is found again by what it says of itself; that a
//! job is Complete says nothing of its tasks (T11), so a receipt of its report is what meets the goal. The list of a job is made
//! when canaries have shown that the rules are in force, and always by replication status (T12).

mod told;

pub use told::explained;

use std::collections::BTreeSet;

use serde_json::json;

use super::canary;
use super::jobs::{
    NewJob, NewWork, ON_JOBS, ON_REPORTS, ObjectStatus, OpenJob, OwnJobs, TO_CONFIRM, ended,
    jobs_in,
};
use crate::digest::digest;
use crate::failures::failure_code;
use crate::future::Future;
use crate::ids::{Arn, JobId, MigrationName};
use crate::model::kinds::{Call, Job, LIST_VERSIONS};
use crate::model::{BucketPart, BucketRef, Document, RolePart, RoleRef, Target};
use crate::ownership::{JobMark, JobWork};
use crate::proof::{EndedJob, JobEnd, Proof, ProofSubject};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{BackfillScope, Migration};

/// Existing objects of a migration, to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillGoal {
    /// Its jobs. Their subject is what is copied: from where to where, what the rules select, and which statuses. What else changes
    /// makes no object want to be copied once more.
    pub jobs: OwnJobs,
    /// The bucket whose objects are copied.
    pub source: BucketRef,
    /// The bucket that they are copied to.
    pub destination: BucketRef,
    /// The role that replicates.
    pub role: RoleRef,
    /// The role that jobs act as.
    pub batch_role: RoleRef,
    /// Its ARN.
    pub batch_arn: Arn,
    /// Who must be asked for, and what must be proven, for the list to be whole: the canaries of the rules.
    pub canaries: Vec<(Target, ProofSubject)>,
    /// The prefixes of the rules that are on.
    pub prefixes: BTreeSet<String>,
    /// Where the list is kept: the bucket, and the prefix without a slash at its end.
    pub manifest: Option<(BucketRef, String)>,
    /// The priority of jobs.
    pub priority: u32,
    /// Whether objects whose replication failed are all that is asked for.
    pub only_failed: bool,
    /// Whether what failed is tried again by another job.
    pub tries_again: bool,
    /// What an apply does.
    pub todo: Todo,
}

/// What is to be done for a backfill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Todo {
    /// A job is made.
    Make(Attempt),
    /// A job whose tasks are known is confirmed.
    Confirm {
        /// Which job it is.
        attempt: u32,
        /// Its ID.
        job: JobId,
        /// How many tasks a reviewer was shown.
        tasks: u64,
    },
    /// A job is looked at, and its report read when it has ended.
    Follow {
        /// Which job it is.
        attempt: u32,
        /// Its ID.
        job: JobId,
    },
    /// Another job of the spec on the same bucket is waited for: both would copy the same objects.
    Hold {
        /// Its ID.
        job: JobId,
        /// Its migration.
        migration: MigrationName,
    },
    /// Tasks failed, and the scope does not say that they are tried again.
    Explain(EndedJob),
}

/// A job to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which of the backfill's jobs it is, from 1.
    pub number: u32,
    /// The replication statuses of the objects; never empty, so that what has arrived is not copied once more (T12).
    pub statuses: BTreeSet<ObjectStatus>,
    /// The job before it.
    pub after: Option<EndedJob>,
}

/// The replication statuses of the objects that a scope asks for.
fn statuses_of(scope: BackfillScope) -> BTreeSet<ObjectStatus> {
    use ObjectStatus::{Failed, Never};
    let statuses: &[ObjectStatus] = match scope {
        BackfillScope::NeverReplicated => &[Never],
        BackfillScope::Failed => &[Failed],
        BackfillScope::Both => &[Never, Failed],
        BackfillScope::None => &[],
    };
    statuses.iter().copied().collect()
}

/// What it needs besides where a job found no objects: it is looked why.
const TO_EXPLAIN: Call = LIST_VERSIONS;

/// Every call of a backfill.
pub(super) fn all_calls() -> impl Iterator<Item = Call> {
    ON_JOBS
        .into_iter()
        .chain([TO_EXPLAIN, TO_CONFIRM])
        .chain(ON_REPORTS.iter().copied())
}

/// The backfill that a migration asks for.
pub(super) fn goal(
    scene: &Scene<'_>,
    route: &Route<'_>,
    future: &Future<'_>,
) -> Option<BackfillGoal> {
    if !route.copies() || !stands(scene, route, future) {
        return None;
    }
    let place = |(bucket, prefix): (BucketRef, &str)| (bucket, prefix.to_owned());
    let Migration { backfill, .. } = route.migration;
    let canaries = canary::goals(scene, route, future);
    let canaries = canaries
        .into_iter()
        .map(|goal| (goal.proven_by(), goal.subject));
    let jobs = OwnJobs {
        spec: scene.spec.name.clone(),
        migration: route.name.clone(),
        work: JobWork::Copy,
        subject: subject(route),
        at: route.jobs_in(),
        report: place(route.job_report()?),
        confirm: backfill.confirm,
    };
    Some(BackfillGoal {
        source: route.source.clone(),
        destination: route.destination.clone(),
        role: route.role.clone(),
        batch_role: route.batch_role.clone(),
        batch_arn: scene.live.role_arn(&route.batch_role),
        canaries: canaries.collect(),
        prefixes: prefixes(route.migration).map(str::to_owned).collect(),
        manifest: route.job_manifest().map(place),
        priority: backfill.priority,
        only_failed: backfill.scope == BackfillScope::Failed,
        tries_again: tries_again(backfill.scope),
        todo: todo(scene, route, &jobs),
        jobs,
    })
}

/// Whether what a job works with will be there: where it is in conflict with what somebody else has, the plan says so.
fn stands(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> bool {
    let rules = Target::Bucket(route.source.clone(), BucketPart::Replication);
    let role = |part| Target::Role(route.batch_role.clone(), part);
    let ours = |id: &str| {
        let named = scene.markers.rule(id);
        named.is_some_and(|(migration, _)| migration == *route.name)
    };
    let has_rules = match future.document(&rules) {
        Some(Document::Replication(held)) => {
            let mut ids = held.rules.iter().filter_map(|rule| rule.id.as_deref());
            ids.any(ours)
        }
        _ => false,
    };
    let has_role = [RolePart::Itself, RolePart::Policy]
        .into_iter()
        .all(|part| future.document(&role(part)).is_some());
    has_rules && has_role
}

fn subject(route: &Route<'_>) -> ProofSubject {
    let rules = route.migration.rules.iter().filter(|rule| rule.enabled);
    let rules = rules.map(|rule| {
        let encrypted = rule.kms.as_ref().map(|kms| {
            let keys: BTreeSet<&str> = kms.source_keys.iter().map(Arn::as_str).collect();
            keys
        });
        json!([rule.prefix, rule.tags, encrypted]).to_string()
    });
    let rules: BTreeSet<String> = rules.collect();
    ProofSubject(digest(&json!({
        "proves": "backfill",
        "source": route.source.arn().as_str(),
        "destination": route.destination.arn().as_str(),
        "rules": rules,
        "scope": route.migration.backfill.scope.as_str(),
    })))
}

fn prefixes(migration: &Migration) -> impl Iterator<Item = &str> {
    let rules = migration.rules.iter().filter(|rule| rule.enabled);
    rules.map(|rule| rule.prefix.as_str())
}

/// What the keys of all objects begin with that rules of a migration carry: a job can be told one prefix (BC:s3control
/// KeyNameConstraint), and without it lists what rules of others carry, too.
pub(crate) fn common_prefix(migration: &Migration) -> String {
    common(prefixes(migration)).to_owned()
}

fn common<'a>(mut prefixes: impl Iterator<Item = &'a str>) -> &'a str {
    let first = prefixes.next().unwrap_or_default();
    prefixes.fold(first, shared)
}

fn shared<'a>(one: &'a str, other: &'a str) -> &'a str {
    let pairs = one.char_indices().zip(other.chars());
    let end = pairs
        .take_while(|((_, mine), theirs)| mine == theirs)
        .last()
        .map_or(0, |((at, letter), _)| at + letter.len_utf8());
    &one[..end]
}

/// The jobs of a spec that copy, where a migration's are, each with its mark.
pub(crate) fn jobs_of<'a>(
    scene: &Scene<'a>,
    route: &Route<'_>,
) -> impl Iterator<Item = (JobMark, &'a JobId, &'a Job)> {
    let jobs = jobs_in(scene.observed, &scene.markers, route.jobs_in());
    jobs.filter(|(mark, _, _)| mark.work == JobWork::Copy)
}

/// What is to be done, as the jobs that are there and the receipts of those that ended say.
fn todo(scene: &Scene<'_>, route: &Route<'_>, jobs: &OwnJobs) -> Todo {
    match jobs.open(scene) {
        Some(OpenJob::Confirm {
            attempt,
            job,
            tasks,
        }) => {
            return Todo::Confirm {
                attempt,
                job,
                tasks,
            };
        }
        Some(OpenJob::Follow { attempt, job }) => return Todo::Follow { attempt, job },
        None => {}
    }
    let ended = ended(scene, &jobs.subject);
    let scope = route.migration.backfill.scope;
    let statuses = match ended {
        // What it was to copy is known to have been tried; what failed is left.
        Some(ended) if ended.end == JobEnd::Complete && tries_again(scope) => {
            BTreeSet::from([ObjectStatus::Failed])
        }
        Some(ended) if ended.end == JobEnd::Complete => return Todo::Explain(ended.clone()),
        Some(_) | None => statuses_of(scope),
    };
    if let Some((job, migration)) = beside(scene, route) {
        return Todo::Hold { job, migration };
    }
    Todo::Make(Attempt {
        number: ended.map_or(0, |ended| ended.attempt).saturating_add(1),
        statuses,
        after: ended.cloned(),
    })
}

/// Whether a scope has what failed tried again.
const fn tries_again(scope: BackfillScope) -> bool {
    match scope {
        BackfillScope::Failed | BackfillScope::Both => true,
        BackfillScope::NeverReplicated | BackfillScope::None => false,
    }
}

/// A job of the spec on the same bucket that has not ended.
fn beside(scene: &Scene<'_>, route: &Route<'_>) -> Option<(JobId, MigrationName)> {
    let is_beside = |mark: &JobMark| {
        let other = scene.route(&mark.migration);
        other.is_none_or(|other| other.source == route.source)
    };
    let mut open = jobs_of(scene, route).filter(|(_, _, job)| !job.status.is_final());
    let (mark, id, _) = open.find(|(mark, _, _)| is_beside(mark))?;
    Some((id.clone(), mark.migration))
}

/// Whether a job that ended so leaves nothing to be done.
#[must_use]
pub fn is_whole(ended: &EndedJob) -> bool {
    match ended.end {
        JobEnd::Complete => unexplained(ended) == 0,
        JobEnd::NothingToDo => true,
        JobEnd::NothingUnderRules | JobEnd::AllArchived | JobEnd::Failed(_) | JobEnd::Cancelled => {
            false
        }
    }
}

/// How many tasks failed of which something is missing.
fn unexplained(ended: &EndedJob) -> u64 {
    let is_harmless = |code: &str| failure_code(code).is_some_and(|of| of.is_harmless);
    let harmless = ended.codes.iter().filter(|(code, _)| is_harmless(code));
    let harmless: u64 = harmless.map(|(_, count)| count).sum();
    ended.failed.saturating_sub(harmless)
}

impl BackfillGoal {
    /// Whether a receipt says that nothing is left to be copied.
    pub(super) fn is_proven(&self, scene: &Scene<'_>) -> bool {
        ended(scene, &self.jobs.subject).is_some_and(is_whole)
    }

    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/backfill", self.jobs.migration)
    }

    /// What a receipt of one of its canaries proves; `live` is what was read of it.
    #[must_use]
    pub fn proof(subject: &ProofSubject, live: Option<&Document>) -> Option<Proof> {
        canary::proof_of(subject, live)
    }

    /// The job of an attempt as it is asked for; `effective` is when the last of the canaries was proven: what was written later
    /// has been replicated. Where failed objects are asked for, they are of any time.
    #[must_use]
    pub fn request(&self, attempt: &Attempt, effective: Option<String>) -> NewJob {
        let jobs = &self.jobs;
        let only_never = attempt.statuses.iter().eq([&ObjectStatus::Never]);
        let mark = jobs.description(attempt.number);
        NewJob {
            token: jobs.token(attempt.number),
            description: format!("{mark}: copies existing objects of {}", self.source.bucket),
            tags: jobs.tags(attempt.number),
            at: jobs.at.clone(),
            role: self.batch_arn.clone(),
            priority: self.priority,
            confirm: jobs.confirm,
            source: self.source.clone(),
            work: NewWork::Copy(attempt.statuses.clone()),
            prefix: common(self.prefixes.iter().map(String::as_str)).to_owned(),
            created_before: effective.filter(|_| only_never),
            report: jobs.report.clone(),
            manifest: self.manifest.clone(),
        }
    }

    /// The calls that it takes, by the bucket whose account they are made in.
    pub(crate) fn calls_on(&self) -> Vec<(&BucketRef, Vec<Call>)> {
        let mut on_jobs = ON_JOBS.to_vec();
        let confirms = self.jobs.confirm || matches!(self.todo, Todo::Confirm { .. });
        on_jobs.push(TO_EXPLAIN);
        on_jobs.extend(confirms.then_some(TO_CONFIRM));
        vec![
            (&self.source, on_jobs),
            (&self.jobs.report.0, ON_REPORTS.to_vec()),
        ]
    }

    /// How many calls it takes where all goes well and nothing is waited for: the roles, the list of jobs, the job made, confirmed or
    /// looked at; its tags and two files of its report, as one at work may have ended by then.
    pub(super) const fn calls(&self) -> u64 {
        match &self.todo {
            Todo::Make(_) | Todo::Confirm { .. } | Todo::Follow { .. } => 4,
            Todo::Hold { .. } | Todo::Explain(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_told_what_all_prefixes_share() {
        assert_eq!(shared("in/a", "in/b"), "in/");
        assert_eq!(shared("é1", "é2"), "é");
        assert_eq!(shared("a", "b"), "");
        assert_eq!(shared("", "b"), "");
    }

    #[test]
    fn no_scope_asks_for_what_has_arrived() {
        for scope in BackfillScope::ALL {
            let statuses = statuses_of(scope);
            assert_eq!(
                statuses.is_empty(),
                scope == BackfillScope::None,
                "{scope:?}"
            );
        }
    }

    #[test]
    fn a_version_that_is_gone_leaves_nothing_to_do() {
        let ended = |codes: &[(&str, u64)], failed| EndedJob {
            subject: ProofSubject(String::new()),
            attempt: 1,
            job: "job".to_owned(),
            end: JobEnd::Complete,
            tasks: 10,
            failed,
            codes: codes
                .iter()
                .map(|(code, count)| ((*code).to_owned(), *count))
                .collect(),
            age: None,
        };
        assert!(is_whole(&ended(&[], 0)));
        assert!(is_whole(&ended(&[("SrcVersionNotFound", 2)], 2)));
        assert!(
            !is_whole(&ended(&[("SrcVersionNotFound", 2)], 3)),
            "one that no row tells of"
        );
        assert!(!is_whole(&ended(&[("DstPutObjectNotPermitted", 1)], 1)));
        assert!(!is_whole(&ended(&[("SomethingNew", 1)], 1)));
    }
}
