//! The roles of the jobs that compute checksums at both sides, and whatever stands in their way; the jobs are a goal, see
//! `goals::checksums`.

use std::collections::BTreeSet;

use super::batch::Site;
use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::goals::common_prefix;
use crate::ids::Arn;
use crate::model::{RegionPart, RegionRef, Target};
use crate::policy::generate::{JobAccess, JobActions};
use crate::route::{Computed, Route};
use crate::scene::Scene;
use crate::wanted::Items;

/// The roles, the jobs that there are at each side, and what may keep reports away.
pub(super) fn reads(route: &Route<'_>) -> Vec<Target> {
    let computed = route.computed();
    computed.iter().flat_map(|of| site(of).reads()).collect()
}

pub(super) fn wants(case: &Case<'_>) -> Items {
    let computed = case.route.computed();
    computed.iter().flat_map(|of| site(of).wants()).collect()
}

/// What a job asks of its role.
pub(super) fn access(route: &Route<'_>, of: &Computed<'_>) -> JobAccess {
    let keys: BTreeSet<Arn> = route.keys(of.side).into_iter().cloned().collect();
    let (bucket, prefix) = &of.report;
    JobAccess {
        bucket: of.of.clone(),
        prefix: common_prefix(route.migration),
        report: (bucket.clone(), (*prefix).to_owned()),
        work: JobActions::Checksum { keys },
    }
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let computed = case.route.computed();
    let found = computed.iter().flat_map(|of| {
        let unread = unread(scene, of).into_iter();
        unread.chain(site(of).warns(scene, future))
    });
    found.collect()
}

fn site<'a>(of: &'a Computed<'_>) -> Site<'a> {
    Site {
        role: of.role,
        of: of.of,
        places: [of.report.0.clone()].into(),
        locked,
        denied,
    }
}

fn locked(address: String) -> Finding {
    finding(
        "checksums-report-locked",
        FindingLevel::Blocked,
        address,
        "the job that computes checksums reports to a bucket with a default retention: S3 does not deliver there, and the job fails at its end".to_owned(),
        "take the default retention off this bucket\nor name another bucket in verify.reports",
    )
}

fn denied(level: FindingLevel, address: String, when: &str) -> Finding {
    finding(
        "policy-denies-checksums",
        level,
        address,
        format!(
            "this statement denies the role of the job what it needs{when}: the job, or each of its tasks, would fail"
        ),
        "exempt the role, e.g. with a condition ArnNotEquals on aws:PrincipalArn",
    )
}

/// Without the list of jobs nobody knows of one that is there.
fn unread(scene: &Scene<'_>, of: &Computed<'_>) -> Option<Finding> {
    let jobs = Target::Region(RegionRef::of(of.of), RegionPart::Jobs);
    scene.observed.out_of_reach().get(&jobs)?;
    Some(finding(
        "checksums-jobs-unread",
        FindingLevel::Blocked,
        scene.names.address(&jobs),
        "the caller may not list jobs: a job that is there already would not be found".to_owned(),
        "let the caller do what s3ferry permissions prints: s3:ListJobs, which takes no resource",
    ))
}
