//! Building a plan: everything that the pure core decides, in one pass.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::{Step, StepId, Work};
use super::writes::{Writes, writes};
use super::{adopted, changes, costs, gates, guards, ledger, left, lent, order, stages, unseen};
use crate::format::{
    Action, Change, Edge, Estimate, Finding, FindingLevel, Kept, MigrationInfo, PermissionInfo,
    Summary, Wait,
};
use crate::future::Future;
use crate::goals::{Goal, goals};
use crate::ids::BucketName;
use crate::marked::{is_marked_role, marked};
use crate::merge::Conflict;
use crate::migration::{self, Case, mark};
use crate::model::kinds::Document;
use crate::model::{BucketPart, BucketRef, RolePart, Target, TrailPart, fingerprint};
use crate::route::Route;
use crate::scene::Scene;

/// A plan: the steps that an apply takes, and all that a reviewer reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What an apply does.
    pub steps: Vec<Step>,
    /// What must be read before an apply, because of what it is about to do: with an open question a plan is not whole.
    pub questions: BTreeSet<Target>,
    /// Buckets that must be found before an apply, likewise: only their names are known.
    pub unlocated: BTreeSet<BucketName>,
    /// The migrations that the plan is for, with their gates.
    pub migrations: Vec<MigrationInfo>,
    /// What would change.
    pub changes: Vec<Change>,
    /// What is kept.
    pub kept: Vec<Kept>,
    /// What will be waited for.
    pub waits: Vec<Wait>,
    /// The edges of the order.
    pub order: Vec<Edge>,
    /// The fingerprint of every document read.
    pub fingerprints: BTreeMap<String, String>,
    /// What an apply must be allowed.
    pub permissions: Vec<PermissionInfo>,
    /// What an apply takes.
    pub estimate: Estimate,
    /// What a reviewer should know.
    pub findings: Vec<Finding>,
    /// Counts.
    pub summary: Summary,
}

impl Plan {
    /// Whether `apply` refuses this plan (exit 4).
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.level == FindingLevel::Blocked)
    }
}

/// Makes the plan that brings the live world to what the spec says.
#[must_use]
pub fn plan(scene: &Scene<'_>) -> Plan {
    let cases = migration::cases(scene);
    let writes = writes(scene, &cases);
    let future = Future {
        observed: scene.observed,
        planned: &writes.planned,
    };
    let goals = goals(scene, &future);
    let unproven: Vec<&Goal> = goals.iter().filter(|goal| !goal.is_proven(scene)).collect();

    let left = left::canaries(scene, &unproven);
    let lent = lent::of(scene, &future, &unproven);
    let carried = lent::carried(&writes, &lent);
    let mut steps = stages::steps(scene, &writes, &carried);
    steps.extend(stages::for_proofs(scene, &lent));
    steps.extend(left::steps(scene, &left));
    steps.extend(unproven.iter().map(|goal| Step {
        id: StepId(goal.address()),
        work: Work::Prove(Box::new((*goal).clone())),
        needs: BTreeSet::new(),
    }));
    let edges = order::arrange(&mut steps);

    let told = changes::describe(scene, &writes, &carried);
    let mut findings = findings(scene, &cases, &writes, &future, &told.deleted);
    let of_goal = |goal: &&Goal| migration::goal_warnings(scene, goal, &future);
    findings.extend(unproven.iter().flat_map(of_goal));
    findings.extend(lent::too_large(scene, &lent));
    findings.extend(adopted::unknown(scene, !steps.is_empty()));
    findings.extend(left::findings(scene, &left));
    findings.extend(ledger::is_empty_beside_rules(scene, &unproven));
    findings.extend(unseen::nothing_named(scene, !steps.is_empty()));
    findings.sort_by(|one, other| by_weight(one).cmp(&by_weight(other)));
    findings.dedup();
    let (mut changes, kept) = (told.changes, told.kept);
    changes.extend(unproven.iter().map(|goal| goal.change(scene, &future)));
    changes.extend(left::changes(scene, &left));
    Plan {
        migrations: gates::migrations(scene, &goals, &findings),
        questions: questions(scene, &cases, &future, &steps),
        unlocated: unproven.iter().flat_map(|goal| goal.unlocated()).collect(),
        waits: costs::waits(&scene.names, &steps),
        fingerprints: fingerprints(scene),
        permissions: costs::permissions(scene, &steps),
        estimate: costs::estimate(scene.observed, &steps),
        order: edges,
        summary: summary(&changes, &kept, &findings),
        steps,
        changes,
        kept,
        findings,
    }
}

/// What is not known and what was read makes worth knowing: of the migrations that a step touches what only steps do, of all the
/// grants of keys whose policies do not let the role in.
fn questions(
    scene: &Scene<'_>,
    cases: &[Case<'_>],
    future: &Future<'_>,
    steps: &[Step],
) -> BTreeSet<Target> {
    let mut questions = of_steps(scene, steps);
    let covered = cases
        .iter()
        .filter(|case| scene.scope.covers(case.route.name));
    questions.extend(covered.flat_map(|case| migration::grants_of(scene, case, future)));
    questions.retain(|target| !scene.observed.knows(target) && !scene.observed.was_asked(target));
    questions
}

fn of_steps(scene: &Scene<'_>, steps: &[Step]) -> BTreeSet<Target> {
    let (mut buckets, mut roles, mut keys) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for step in steps {
        match &step.work {
            Work::Write(write) => {
                buckets.extend(write.target.bucket());
                roles.extend(write.target.role());
                keys.extend(write.target.key());
            }
            Work::Prove(goal) => {
                let (of, under) = goal.rests_on();
                buckets.extend(of);
                roles.extend(under);
            }
            Work::Sweep(_) => {} // What it needs to know the ledger says.
        }
    }
    let touched = |route: &&Route<'_>| {
        buckets.contains(&route.source)
            || buckets.contains(&route.destination)
            || roles.contains(&route.role)
            || migration::keys_of(scene, route).any(|key| keys.contains(&key))
    };
    let asked = scene.covered().filter(touched);
    asked
        .flat_map(|route| migration::asks(scene, route))
        .collect()
}

/// The fingerprint of every document that the plan rests on.
fn fingerprints(scene: &Scene<'_>) -> BTreeMap<String, String> {
    let of_spec: BTreeSet<BucketRef> = scene.routes.iter().flat_map(Route::buckets).collect();
    let used = migration::used_keys(scene);
    let is_left = |target: &Target| {
        target.bucket().is_some_and(|of| !of_spec.contains(of))
            || target.key().is_some_and(|of| !used.contains(of))
    };
    let read = scene.observed.iter();
    let rested_on = read.filter(|(target, document)| {
        rests_on(scene, target, *document)
            && (!is_left(target) || has_ours(scene, target, *document))
    });
    rested_on
        .map(|(target, document)| (scene.names.address(target), fingerprint(document)))
        .collect()
}

/// Whether a document of a place that the spec does not name holds anything of it; without, it was only looked at.
fn has_ours(scene: &Scene<'_>, target: &Target, document: Option<&Document>) -> bool {
    match document {
        Some(
            live @ (Document::Replication(_)
            | Document::BucketPolicy(_)
            | Document::KeyPolicy(_)
            | Document::RolePolicy(_)
            | Document::Inventories(_)
            | Document::Notifications(_)
            | Document::Selectors(_)),
        ) => !marked(live, &scene.markers).is_empty(),
        Some(Document::Logging(live)) => target
            .bucket()
            .is_some_and(|of| mark::is_ours(scene, of, live)),
        // Only the policy of a key can hold anything of a spec, and only those of a role.
        Some(Document::Key(_) | Document::Grants(_) | Document::RolePolicies(_)) | None => false,
        Some(_) => true,
    }
}

/// Whether the plan rests on a document. The list of roles, and the roles of other specs that it leads to, only serve to
/// find what left this spec; another spec's apply must not make this plan stale.
fn rests_on(scene: &Scene<'_>, target: &Target, document: Option<&Document>) -> bool {
    match (target, document) {
        // Another spec's apply, a datapoint or a subscription makes no plan stale.
        (Target::Account(_, _) | Target::Region(_, _) | Target::Topic(_), _) => false,
        (Target::Alarm(at), Some(Document::Alarm(alarm))) => {
            let is_ours = scene.markers.describes_alarm(alarm.description.as_deref());
            is_ours || scene.adopts(&scene.names.address(&Target::Alarm(at.clone())))
        }
        (Target::Role(of, RolePart::Itself), Some(Document::Role(role))) => {
            is_marked_role(of, role, scene.observed, &scene.markers) || scene.has_role(of)
        }
        (Target::Role(of, _), held) => {
            let itself = Target::Role(of.clone(), RolePart::Itself);
            let is_ours = match scene.observed.document(&itself) {
                Some(Document::Role(role)) => {
                    is_marked_role(of, role, scene.observed, &scene.markers)
                }
                Some(_) | None => false,
            };
            is_ours || scene.has_role(of) || has_ours(scene, target, held)
        }
        (Target::Trail(of, part), held) => {
            let is_ours = mark::owns_trail(scene, of) || scene.named_trails.contains(of);
            is_ours || (*part == TrailPart::Selectors && has_ours(scene, target, held))
        }
        (Target::Bucket(_, _) | Target::Key(_, _) | Target::Alarm(_), _) => true,
    }
}

fn findings(
    scene: &Scene<'_>,
    cases: &[Case<'_>],
    writes: &Writes,
    future: &Future<'_>,
    deleted: &[String],
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = writes.conflicts.iter().map(Conflict::finding).collect();
    let covered = cases
        .iter()
        .filter(|case| scene.scope.covers(case.route.name));
    findings.extend(covered.flat_map(|case| migration::warnings(scene, case, future)));
    findings.extend(left_policies(scene, writes, future));
    findings.extend(guards::deletions(scene, deleted));
    findings.extend(unseen::places(scene, future));
    findings
}

/// What keeps S3 from taking the policies of buckets that no migration of the spec names any more.
fn left_policies(scene: &Scene<'_>, writes: &Writes, future: &Future<'_>) -> Vec<Finding> {
    let of_spec: BTreeSet<BucketRef> = scene.covered().flat_map(Route::buckets).collect();
    let left = writes.planned.keys().filter_map(|target| match target {
        Target::Bucket(bucket, BucketPart::Policy) => Some(bucket),
        _ => None,
    });
    left.filter(|bucket| !of_spec.contains(*bucket))
        .filter_map(|bucket| migration::public_policy::of_left(scene, bucket, future))
        .collect()
}

fn by_weight(finding: &Finding) -> (FindingLevel, &str, &str) {
    (finding.level, &finding.code, &finding.address)
}

fn summary(changes: &[Change], kept: &[Kept], findings: &[Finding]) -> Summary {
    let mut summary = Summary {
        kept: kept.len() as u64,
        ..Summary::default()
    };
    for change in changes {
        match change.actions.as_slice() {
            [Action::Create] => summary.create += 1,
            [Action::Update] => summary.update += 1,
            [Action::Delete] => summary.delete += 1,
            [Action::Prove] => summary.prove += 1,
            _ => summary.replace += 1,
        }
    }
    let blocked = findings
        .iter()
        .filter(|finding| finding.level == FindingLevel::Blocked);
    summary.blocked = blocked.count() as u64;
    summary
}
