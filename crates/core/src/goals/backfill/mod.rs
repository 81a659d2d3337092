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

mod cost;
mod told;

pub use told::explained;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::canary;
use crate::digest::digest;
use crate::failures::failure_code;
use crate::future::Future;
use crate::ids::{Arn, JobId, MigrationName, SpecName};
use crate::model::kinds::{Call, Job, JobStatus, Need};
use crate::model::{
    BucketPart, BucketRef, Document, RegionPart, RegionRef, RolePart, RoleRef, Target,
};
use crate::ownership::{JobMark, Markers};
use crate::proof::{EndedJob, JobEnd, Proof, ProofSubject};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{BackfillScope, Migration};

/// Existing objects of a migration, to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillGoal {
    /// The spec.
    pub spec: SpecName,
    /// The migration.
    pub migration: MigrationName,
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
    /// What is copied: from where to where, what the rules select, and which statuses. What else changes makes no object want
    /// to be copied once more.
    pub subject: ProofSubject,
    /// Who must be asked for, and what must be proven, for the list to be whole: the canaries of the rules.
    pub canaries: Vec<(Target, ProofSubject)>,
    /// The prefixes of the rules that are on.
    pub prefixes: BTreeSet<String>,
    /// Where the report goes: the bucket, and the prefix without a slash at its end.
    pub report: (BucketRef, String),
    /// Where the list is kept, likewise.
    pub manifest: Option<(BucketRef, String)>,
    /// Whether a job waits to be confirmed.
    pub confirm: bool,
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

/// The replication status of an object, as far as a backfill asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectStatus {
    /// It has none.
    Never,
    /// Its replication failed.
    Failed,
}

impl ObjectStatus {
    /// The status as the filter of a job spells it (BC:s3control ReplicationStatus).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "NONE",
            Self::Failed => "FAILED",
        }
    }

    fn of(scope: BackfillScope) -> BTreeSet<Self> {
        let statuses: &[Self] = match scope {
            BackfillScope::NeverReplicated => &[Self::Never],
            BackfillScope::Failed => &[Self::Failed],
            BackfillScope::Both => &[Self::Never, Self::Failed],
            BackfillScope::None => &[],
        };
        statuses.iter().copied().collect()
    }
}

/// A job as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Where it works.
    pub at: RegionRef,
    /// What makes two requests one job: the same for every try of an attempt.
    pub token: String,
    /// What it says of itself.
    pub description: String,
    /// Likewise, as tags.
    pub tags: BTreeMap<String, String>,
    /// The role that it acts as.
    pub role: Arn,
    /// Its priority.
    pub priority: u32,
    /// Whether it waits to be confirmed.
    pub confirm: bool,
    /// The bucket whose objects it lists.
    pub source: BucketRef,
    /// The replication statuses of the objects.
    pub statuses: BTreeSet<ObjectStatus>,
    /// What all their keys begin with; may be empty.
    pub prefix: String,
    /// Objects from before the end of this second alone, RFC 3339.
    pub created_before: Option<String>,
    /// Where the report goes.
    pub report: (BucketRef, String),
    /// Where the list is kept.
    pub manifest: Option<(BucketRef, String)>,
}

/// What a backfill needs in the account of the source.
const ON_JOBS: &[Call] = &[
    Call::of(
        "CreateJob",
        &[
            Need::account("s3:CreateJob"),
            Need::job("s3:PutJobTagging"),
            Need::passed_to_batch("iam:PassRole"),
        ],
    ),
    Call::of("ListJobs", &[Need::account("s3:ListJobs")]),
    Call::of("DescribeJob", &[Need::job("s3:DescribeJob")]),
    Call::of("GetJobTagging", &[Need::job("s3:GetJobTagging")]),
    // Where a job found no objects, it is looked why.
    Call::of(
        "ListObjectVersions",
        &[Need::place("s3:ListBucketVersions")],
    ),
];

/// What it needs where jobs wait to be confirmed.
const TO_CONFIRM: Call = Call::of("UpdateJobStatus", &[Need::job("s3:UpdateJobStatus")]);

/// What it needs on the bucket that reports go to.
const ON_REPORTS: &[Call] = &[Call::of("GetObject", &[Need::objects("s3:GetObject")])];

/// Every call of a backfill.
pub(super) fn all_calls() -> impl Iterator<Item = Call> {
    ON_JOBS
        .iter()
        .chain([&TO_CONFIRM])
        .chain(ON_REPORTS)
        .copied()
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
    let subject = subject(route);
    let canaries = canary::goals(scene, route, future);
    let canaries = canaries
        .into_iter()
        .map(|goal| (goal.proven_by(), goal.subject));
    Some(BackfillGoal {
        spec: scene.spec.name.clone(),
        migration: route.name.clone(),
        source: route.source.clone(),
        destination: route.destination.clone(),
        role: route.role.clone(),
        batch_role: route.batch_role.clone(),
        batch_arn: scene.live.role_arn(&route.batch_role),
        canaries: canaries.collect(),
        prefixes: prefixes(route.migration).map(str::to_owned).collect(),
        report: place(route.job_report()?),
        manifest: route.job_manifest().map(place),
        confirm: backfill.confirm,
        priority: backfill.priority,
        only_failed: backfill.scope == BackfillScope::Failed,
        tries_again: tries_again(backfill.scope),
        todo: todo(scene, route, &subject),
        subject,
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

/// The jobs of a spec where a migration's are, each with its mark.
pub(crate) fn jobs_of<'a>(
    scene: &Scene<'a>,
    route: &Route<'_>,
) -> impl Iterator<Item = (JobMark, &'a JobId, &'a Job)> {
    let list = Target::Region(route.jobs_in(), RegionPart::Jobs);
    let jobs = match scene.observed.document(&list) {
        Some(Document::Jobs(jobs)) => Some(&jobs.0),
        _ => None,
    };
    let jobs = jobs.into_iter().flatten();
    jobs.filter_map(|(id, job)| Some((scene.markers.job(&job.description)?, id, job)))
}

/// What is to be done, as the jobs that are there and the receipts of those that ended say.
fn todo(scene: &Scene<'_>, route: &Route<'_>, subject: &ProofSubject) -> Todo {
    let is_of_this = |mark: &JobMark| *mark == JobMark::of(route.name, subject, mark.attempt);
    let last = jobs_of(scene, route)
        .filter(|(mark, _, _)| is_of_this(mark))
        .max_by_key(|(mark, _, _)| mark.attempt);
    let ended = ended(scene, subject);
    let concluded = ended.map_or(0, |ended| ended.attempt);
    if let Some((mark, id, job)) = last.filter(|(mark, _, _)| mark.attempt > concluded) {
        let (attempt, id) = (mark.attempt, id.clone());
        return match job.status {
            JobStatus::Suspended => Todo::Confirm {
                attempt,
                job: id,
                tasks: job.tasks,
            },
            JobStatus::Moving(_)
            | JobStatus::Complete
            | JobStatus::Failed
            | JobStatus::Cancelled => Todo::Follow { attempt, job: id },
        };
    }
    let scope = route.migration.backfill.scope;
    let statuses = match ended {
        // What it was to copy is known to have been tried; what failed is left.
        Some(ended) if ended.end == JobEnd::Complete && tries_again(scope) => {
            BTreeSet::from([ObjectStatus::Failed])
        }
        Some(ended) if ended.end == JobEnd::Complete => return Todo::Explain(ended.clone()),
        Some(_) | None => ObjectStatus::of(scope),
    };
    if let Some((job, migration)) = beside(scene, route) {
        return Todo::Hold { job, migration };
    }
    Todo::Make(Attempt {
        number: concluded.saturating_add(1),
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

/// The last job of a backfill that a receipt tells of.
pub(crate) fn ended<'a>(scene: &Scene<'a>, subject: &ProofSubject) -> Option<&'a EndedJob> {
    let ended = scene.ended.iter().filter(|of| of.subject == *subject);
    ended.max_by_key(|of| of.attempt)
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
        ended(scene, &self.subject).is_some_and(is_whole)
    }

    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/backfill", self.migration)
    }

    /// Where its jobs are listed.
    #[must_use]
    pub fn listed_in(&self) -> Target {
        Target::Region(self.at(), RegionPart::Jobs)
    }

    /// Where its jobs work: in the account and the Region of the source (UG:s3-batch-replication-batch).
    #[must_use]
    pub fn at(&self) -> RegionRef {
        RegionRef {
            account: self.source.account.clone(),
            region: self.source.region.clone(),
        }
    }

    /// What a receipt of one of its canaries proves; `live` is what was read of it.
    #[must_use]
    pub fn proof(subject: &ProofSubject, live: Option<&Document>) -> Option<Proof> {
        canary::proof_of(subject, live)
    }

    /// What the job of an attempt says of itself.
    #[must_use]
    pub fn mark(&self, attempt: u32) -> JobMark {
        JobMark::of(&self.migration, &self.subject, attempt)
    }

    /// The tags that prove that a job is the one of an attempt.
    #[must_use]
    pub fn tags(&self, attempt: u32) -> BTreeMap<String, String> {
        Markers::of(&self.spec).job_tags(&self.mark(attempt))
    }

    /// The job of an attempt among those of a list.
    #[must_use]
    pub fn found<'a>(&self, listed: Option<&'a Document>, attempt: u32) -> Option<&'a JobId> {
        let Some(Document::Jobs(jobs)) = listed else {
            return None;
        };
        let (markers, mark) = (Markers::of(&self.spec), self.mark(attempt));
        let is_it = |job: &Job| markers.job(&job.description).as_ref() == Some(&mark);
        let mut jobs = jobs.0.iter();
        jobs.find(|(_, job)| is_it(job)).map(|(id, _)| id)
    }

    /// The job of an attempt as it is asked for; `effective` is when the last of the canaries was proven: what was written later
    /// has been replicated. Where failed objects are asked for, they are of any time.
    #[must_use]
    pub fn request(&self, attempt: &Attempt, effective: Option<String>) -> NewJob {
        let markers = Markers::of(&self.spec);
        let mark = markers.job_mark(&self.mark(attempt.number));
        let only_never = attempt.statuses.iter().eq([&ObjectStatus::Never]);
        NewJob {
            at: self.at(),
            token: digest(&json!([
                mark,
                self.at().account.as_str(),
                self.at().region.as_str()
            ])),
            description: format!("{mark}: copies existing objects of {}", self.source.bucket),
            tags: self.tags(attempt.number),
            role: self.batch_arn.clone(),
            priority: self.priority,
            confirm: self.confirm,
            source: self.source.clone(),
            statuses: attempt.statuses.clone(),
            prefix: common(self.prefixes.iter().map(String::as_str)).to_owned(),
            created_before: effective.filter(|_| only_never),
            report: self.report.clone(),
            manifest: self.manifest.clone(),
        }
    }

    /// The calls that it takes, by the bucket whose account they are made in.
    pub(crate) fn calls_on(&self) -> Vec<(&BucketRef, Vec<Call>)> {
        let mut on_jobs = ON_JOBS.to_vec();
        let confirms = self.confirm || matches!(self.todo, Todo::Confirm { .. });
        on_jobs.extend(confirms.then_some(TO_CONFIRM));
        vec![
            (&self.source, on_jobs),
            (&self.report.0, ON_REPORTS.to_vec()),
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
            let statuses = ObjectStatus::of(scope);
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
