//! Where a job of S3 Batch Operations works, whatever it does: its role, the buckets that it writes to, and who denies it that.

use std::collections::{BTreeMap, BTreeSet};

use super::access::role_targets;
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::MigrationName;
use crate::model::kinds::{Document, ObjectLock, Policy};
use crate::model::{BucketPart, BucketRef, RegionPart, RegionRef, RolePart, RoleRef, Target};
use crate::ownership::Leads;
use crate::policy::deny::{Certainty, denials};
use crate::policy::generate::{JobAccess, batch_role_policy, trust_for_batch};
use crate::refusals;
use crate::scene::Scene;
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Warning};

/// Where a job works.
pub(super) struct Site<'a> {
    /// The role that it acts as.
    pub(super) role: &'a RoleRef,
    /// The bucket whose objects it works on.
    pub(super) of: &'a BucketRef,
    /// The buckets that it writes to.
    pub(super) places: BTreeSet<BucketRef>,
    /// The finding that reports do not arrive at an address.
    pub(super) locked: fn(String) -> Finding,
    /// The finding that a statement at an address denies the role what it needs, and when.
    pub(super) denied: fn(FindingLevel, String, &str) -> Finding,
}

/// What a role of jobs is used for: by whom, and how.
pub(super) type Users<'a> = BTreeMap<&'a RoleRef, Vec<(&'a MigrationName, JobAccess)>>;

/// The roles of jobs and their policies, each with the migrations that use it: the smallest that all of them can work with.
pub(super) fn roles<'a>(
    scene: &Scene<'_>,
    users: Users<'a>,
) -> Vec<(Target, Wanted, Vec<&'a MigrationName>)> {
    let mut wanted = Vec::new();
    for (role, uses) in users {
        let mut names: Vec<&MigrationName> = uses.iter().map(|(name, _)| *name).collect();
        names.dedup();
        let jobs: Vec<JobAccess> = uses.into_iter().map(|(_, access)| access).collect();
        let policy = batch_role_policy(&jobs, scene.markers.role_sid_end());
        let tags = scene.markers.role_tags(&Leads::default());
        let of_part = [
            (
                RolePart::Itself,
                Wanted::Role(Policy::from(trust_for_batch()), tags),
            ),
            (RolePart::Policy, Wanted::RolePolicy(Policy::from(policy))),
            (RolePart::Policies, Wanted::OtherPolicies),
        ];
        let items = of_part.into_iter();
        wanted.extend(
            items.map(|(part, wanted)| (Target::Role(role.clone(), part), wanted, names.clone())),
        );
    }
    wanted
}

impl Site<'_> {
    /// The role, the jobs that there are, and what may keep reports away.
    pub(super) fn reads(&self) -> Vec<Target> {
        let mut targets = role_targets(self.role);
        targets.push(Target::Region(RegionRef::of(self.of), RegionPart::Jobs));
        for to in &self.places {
            let part = |part| Target::Bucket(to.clone(), part);
            targets.extend(
                [
                    BucketPart::Itself,
                    BucketPart::ObjectLock,
                    BucketPart::Policy,
                ]
                .map(part),
            );
        }
        targets
    }

    /// The buckets that a job writes to are somebody's, and must be there.
    pub(super) fn wants(self) -> Items {
        let itself = |of| Target::Bucket(of, BucketPart::Itself);
        let places = self.places.into_iter();
        places.map(|of| (itself(of), Wanted::Exists)).collect()
    }

    /// What would keep it from working.
    pub(super) fn warns(&self, scene: &Scene<'_>, future: &Future<'_>) -> Vec<Finding> {
        let locked = self.places.iter().filter_map(|of| self.locked(scene, of));
        locked.chain(self.denied(scene, future)).collect()
    }

    /// "Using Object Lock with a retention mode enabled on the destination bucket is not supported" (UG:troubleshooting-batch-operations).
    fn locked(&self, scene: &Scene<'_>, to: &BucketRef) -> Option<Finding> {
        let target = Target::Bucket(to.clone(), BucketPart::ObjectLock);
        let Some(Document::ObjectLock(ObjectLock {
            default_retention: true,
        })) = scene.observed.document(&target)
        else {
            return None;
        };
        Some((self.locked)(scene.names.address(&target)))
    }

    /// Statements in the policies of the source and of the buckets that a job writes to which deny its role what it needs, or may.
    fn denied(&self, scene: &Scene<'_>, future: &Future<'_>) -> Vec<Finding> {
        let policy = Target::Role(self.role.clone(), RolePart::Policy);
        let Some(Document::RolePolicy(granted)) = future.document(&policy) else {
            return Vec::new();
        };
        let arn = scene.live.role_arn(self.role);
        let mut buckets = self.places.clone();
        buckets.insert(self.of.clone());
        let mut findings = Vec::new();
        for bucket in buckets {
            let target = Target::Bucket(bucket, BucketPart::Policy);
            let live = scene.observed.document(&target);
            let Some(document) = live.and_then(Document::policy_document) else {
                continue;
            };
            let grants = granted.statements().iter();
            for hit in grants.flat_map(|grant| denials(document, &arn, grant)) {
                let name = refusals::statement(scene, &target, &hit);
                let (level, when) = match &hit.certainty {
                    Certainty::Always => (Blocked, String::new()),
                    Certainty::Partly(part) => (Blocked, format!(" where {part}")),
                    Certainty::Maybe(condition) => (Warning, format!(" if {condition}")),
                };
                let address = format!("{}/statement/{name}", scene.names.address(&target));
                findings.push((self.denied)(level, address, &when));
            }
        }
        findings.dedup();
        findings
    }
}
