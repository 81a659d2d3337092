//! The role of the jobs that copy existing objects, and whatever stands in their way; the jobs are a goal, see `goals::backfill`.

use std::collections::BTreeSet;

use super::batch::Site;
use super::{Case, Sight, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::goals::{BackfillGoal, Todo, common_prefix, jobs_of};
use crate::model::kinds::{Document, JobStatus, Lifecycle};
use crate::model::{BucketPart, BucketRef, RegionPart, RolePart, Target};
use crate::policy::generate::{JobAccess, JobActions};
use crate::route::Route;
use crate::scene::Scene;
use crate::wanted::Items;
use FindingLevel::{Blocked, Warning};

/// The role, the jobs that there are, what may keep reports away, and what may fight a job. Where the phase has no backfill, jobs
/// are looked at if the role is still there.
pub(super) fn reads(route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    let jobs = Target::Region(route.jobs_in(), RegionPart::Jobs);
    if !route.copies() {
        let role = Target::Role(route.batch_role.clone(), RolePart::Itself);
        let is_left = seen
            .so_far()
            .is_some_and(|seen| seen.document(&role).is_some());
        return is_left.then_some(jobs).into_iter().collect();
    }
    let mut targets = site(route).reads();
    let buckets = [&route.source, &route.destination];
    targets.extend(buckets.map(|of| Target::Bucket(of.clone(), BucketPart::Lifecycle)));
    targets
}

/// Where its job works, and what it is warned of as.
fn site<'a>(route: &'a Route<'_>) -> Site<'a> {
    Site {
        role: &route.batch_role,
        of: &route.source,
        places: places(route),
        locked,
        denied,
    }
}

/// The buckets that a job writes to.
fn places(route: &Route<'_>) -> BTreeSet<BucketRef> {
    let places = [route.job_report(), route.job_manifest()];
    places
        .into_iter()
        .flatten()
        .map(|(bucket, _)| bucket)
        .collect()
}

/// The buckets that a job writes to are somebody's, and must be there.
pub(super) fn wants(case: &Case<'_>) -> Items {
    if !case.route.copies() {
        return Items::new();
    }
    site(case.route).wants()
}

/// What a job asks of the role.
pub(super) fn access(route: &Route<'_>) -> Option<JobAccess> {
    let place = |(bucket, prefix): (BucketRef, &str)| (bucket, prefix.to_owned());
    Some(JobAccess {
        bucket: route.source.clone(),
        prefix: common_prefix(route.migration),
        report: place(route.job_report()?),
        work: JobActions::Copy {
            manifest: route.job_manifest().map(place),
        },
    })
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let route = case.route;
    let mut findings: Vec<Finding> = unread(scene, route).into_iter().collect();
    if route.copies() {
        findings.extend(site(route).warns(scene, future));
    } else {
        findings.extend(left_at_work(scene, route));
    }
    findings
}

fn locked(address: String) -> Finding {
    finding(
        "backfill-report-locked",
        Blocked,
        address,
        "jobs write their reports and lists to a bucket with a default retention: S3 does not deliver them there, and the job fails at its end".to_owned(),
        "take the default retention off this bucket\nor name another bucket in backfill.report and backfill.manifest",
    )
}

fn denied(level: FindingLevel, address: String, when: &str) -> Finding {
    finding(
        "policy-denies-backfill",
        level,
        address,
        format!(
            "this statement denies the role of the job what it needs{when}: the job, or each of its tasks, would fail"
        ),
        "exempt the role, e.g. with a condition ArnNotEquals on aws:PrincipalArn",
    )
}

/// Without the list of jobs nobody knows of one that is there.
fn unread(scene: &Scene<'_>, route: &Route<'_>) -> Option<Finding> {
    let jobs = Target::Region(route.jobs_in(), RegionPart::Jobs);
    scene.observed.out_of_reach().get(&jobs)?;
    let (level, what) = if route.copies() {
        (Blocked, "a job that is there already would not be found")
    } else {
        (
            Warning,
            "whether a job of this spec is still at work is not known",
        )
    };
    Some(finding(
        "backfill-jobs-unread",
        level,
        scene.names.address(&jobs),
        format!("the caller may not list jobs: {what}"),
        "let the caller do what s3ferry permissions prints: s3:ListJobs, which takes no resource",
    ))
}

/// Jobs of a migration whose phase, or whose scope, has no backfill: the role that they act as goes.
fn left_at_work(scene: &Scene<'_>, route: &Route<'_>) -> Vec<Finding> {
    let jobs = Target::Region(route.jobs_in(), RegionPart::Jobs);
    let address = scene.names.address(&jobs);
    let region = &route.source.region;
    let account = &route.source.account;
    let open = jobs_of(scene, route)
        .filter(|(mark, _, job)| mark.migration == *route.name && !job.status.is_final());
    let told = open.map(|(_, id, job)| {
        let cancel = format!(
            "aws s3control update-job-status --account-id {account} --region {region} --job-id {id} --requested-job-status Cancelled"
        );
        let address = format!("{address}/{id}");
        match job.status {
            JobStatus::Suspended => finding(
                "backfill-left",
                Warning,
                address,
                format!(
                    "job {id} of migration {} waits to be confirmed, which the spec does not ask for any more; it copies nothing and loses its role",
                    route.name
                ),
                &format!("cancel it: {cancel}"),
            ),
            JobStatus::Moving(_) | JobStatus::Complete | JobStatus::Failed | JobStatus::Cancelled => finding(
                "backfill-at-work",
                Blocked,
                address,
                format!(
                    "job {id} of migration {} is at work, and the spec has no backfill for it any more: without its role the rest of its objects would fail",
                    route.name
                ),
                &format!(
                    "let it end in phase backfill, which an apply then shows\nor cancel it: {cancel}"
                ),
            ),
        }
    });
    told.collect()
}

/// What fights a job that is yet to end (UG:s3-batch-replication-batch, "disable lifecycle rules"): a delete marker may arrive before
/// the versions below it, and what expires meanwhile is missed.
pub(super) fn of_goal(scene: &Scene<'_>, goal: &BackfillGoal) -> Vec<Finding> {
    if matches!(goal.todo, Todo::Explain(_)) {
        return Vec::new();
    }
    let buckets = [&goal.source, &goal.destination];
    let told = buckets.into_iter().filter_map(|bucket| {
        let target = Target::Bucket(bucket.clone(), BucketPart::Lifecycle);
        let Some(Document::Lifecycle(Lifecycle {
            expires_current,
            expires_noncurrent,
        })) = scene.observed.document(&target)
        else {
            return None;
        };
        (expires_current + expires_noncurrent > 0).then(|| {
            finding(
                "backfill-lifecycle",
                Warning,
                scene.names.address(&target),
                "lifecycle rules expire objects here while a job copies: it may copy a delete marker before the versions below it, and versions that expire meanwhile fail".to_owned(),
                "switch the rules off on both buckets until the backfill is complete",
            )
        })
    });
    told.collect()
}
