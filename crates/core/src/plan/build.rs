//! Building a plan: everything that the pure core decides, in one pass.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{Teller, proof_address};
use super::order;
use super::steps::{CanaryGoal, Proofs, Step, StepId, Work, WriteStep};
use super::writes::{Writes, steps, writes};
use crate::format::{
    Action, Change, Edge, Estimate, Finding, FindingLevel, Gate, GateState, Kept, MigrationInfo,
    PermissionInfo, Summary, Wait,
};
use crate::goals::{Future, canaries};
use crate::ids::MigrationName;
use crate::lint::{self, Subject};
use crate::model::{
    AccountPart, BucketPart, Document, Kind, Observed, RolePart, RoleRef, Target, fingerprint,
};
use crate::names::Names;
use crate::ownership::Markers;
use crate::permissions::{self, Verb};
use crate::scope::Scope;
use crate::spec::{Canary, Migration, Phase, Spec};

/// Everything that a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The spec.
    pub spec: &'a Spec,
    /// Everything that [`crate::reads`] names, read.
    pub observed: &'a Observed,
    /// What receipts prove.
    pub proofs: &'a Proofs,
    /// Which migrations the plan is for.
    pub scope: &'a Scope,
}

/// A plan: the steps that an apply takes, and all that a reviewer reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What an apply does.
    pub steps: Vec<Step>,
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
pub fn plan(input: Input<'_>) -> Plan {
    let Input {
        spec,
        observed,
        proofs,
        scope,
    } = input;
    let markers = Markers::of(&spec.name);
    let names = Names::of(spec);
    let writes = writes(spec, observed, &markers, &names, scope);
    let goals = goals(spec, observed, &markers, scope, &writes);
    let unproven: Vec<&CanaryGoal> = goals
        .iter()
        .filter(|goal| !proofs.contains(&goal.subject))
        .collect();

    let mut steps = steps(&writes, observed, &names, &markers);
    steps.extend(unproven.iter().map(|goal| Step {
        id: StepId(proof_address(goal)),
        work: Work::Prove(Box::new((*goal).clone())),
        needs: BTreeSet::new(),
    }));
    let edges = order::arrange(&mut steps);

    let teller = Teller {
        spec,
        observed,
        markers: &markers,
        names: &names,
    };
    let (mut changes, kept) = teller.tell(&writes);
    changes.extend(unproven.iter().map(|goal| teller.proof(goal)));

    let findings = findings(spec, observed, &markers, &names, scope, &writes, &changes);
    let summary = summary(&changes, &kept, &findings);
    let gates = Gates {
        proofs,
        goals: &goals,
        findings: &findings,
        names: &names,
    };
    Plan {
        migrations: gates.migrations(spec, scope),
        waits: waits(&steps),
        fingerprints: observed
            .iter()
            .filter(|(target, document)| rests_on(spec, &markers, target, *document))
            .map(|(target, document)| (names.address(target), fingerprint(document)))
            .collect(),
        permissions: needed(spec, observed, &names, &steps),
        estimate: estimate(observed, &steps),
        order: edges,
        steps,
        changes,
        kept,
        findings,
        summary,
    }
}

/// Whether the plan rests on a document. The list of roles, and the roles of other specs that it leads to, only serve to
/// find what left this spec; another spec's apply must not make this plan stale.
fn rests_on(spec: &Spec, markers: &Markers, target: &Target, document: Option<&Document>) -> bool {
    let ours = |role: &RoleRef| spec.migrations.values().any(|m| spec.role(m) == *role);
    match (target, document) {
        (Target::Account(_, AccountPart::Roles), _) => false,
        (Target::Role(of, RolePart::Itself), Some(Document::Role(role))) => {
            markers.owns_tags(&role.tags) || ours(of)
        }
        (_, _) => true,
    }
}

/// The canaries that the phases ask for, of the world as it will be.
fn goals(
    spec: &Spec,
    observed: &Observed,
    markers: &Markers,
    scope: &Scope,
    writes: &Writes,
) -> Vec<CanaryGoal> {
    let mut future: Future<'_> = observed.iter().collect();
    future.extend(
        writes
            .after
            .iter()
            .map(|(target, after)| (target, after.document.as_ref())),
    );
    let in_scope = spec
        .migrations
        .iter()
        .filter(|(name, _)| scope.covers(name));
    in_scope
        .flat_map(|(name, migration)| canaries(spec, markers, name, migration, &future))
        .collect()
}

fn findings(
    spec: &Spec,
    observed: &Observed,
    markers: &Markers,
    names: &Names,
    scope: &Scope,
    writes: &Writes,
    changes: &[Change],
) -> Vec<Finding> {
    let after = |target: &Target| -> Option<&Document> {
        match writes.after.get(target) {
            Some(planned) => planned.document.as_ref(),
            None => observed.document(target),
        }
    };
    let subject = Subject {
        spec,
        markers,
        names,
        observed,
        after: &after,
    };
    let mut findings: Vec<Finding> = writes.conflicts.iter().map(lint::of_conflict).collect();
    for (name, migration) in spec
        .migrations
        .iter()
        .filter(|(name, _)| scope.covers(name))
    {
        findings.extend(lint::of_migration(&subject, name, migration));
    }
    findings.extend(deletions(spec, scope, changes));
    findings.sort_by(|one, other| {
        (one.level, &one.code, &one.address).cmp(&(other.level, &other.code, &other.address))
    });
    findings.dedup();
    findings
}

/// `guards.max_deletes`: the most that `defaults` or any migration in the plan allows is what the whole plan may delete.
fn deletions(spec: &Spec, scope: &Scope, changes: &[Change]) -> Option<Finding> {
    let deleted: Vec<&Change> = changes.iter().filter(|change| is_guarded(change)).collect();
    let in_scope = spec
        .migrations
        .iter()
        .filter(|(name, _)| scope.covers(name));
    let of_migrations = in_scope.map(|(_, migration)| migration.guards.max_deletes);
    let allowed = of_migrations
        .max()
        .unwrap_or(0)
        .max(spec.guards.max_deletes);
    (deleted.len() > allowed as usize).then(|| {
        let addresses: Vec<&str> = deleted
            .iter()
            .map(|change| change.address.as_str())
            .collect();
        Finding {
            code: "max-deletes".to_owned(),
            level: FindingLevel::Blocked,
            address: addresses.join(", "),
            message: format!(
                "the plan deletes {} and guards.max_deletes allows {allowed}",
                if deleted.len() == 1 {
                    "1 item".to_owned()
                } else {
                    format!("{} items", deleted.len())
                }
            ),
            help: format!(
                "if this is meant, add to the spec: guards: {{ max_deletes: {} }}",
                deleted.len()
            ),
        }
    })
}

/// Rules and roles are guarded. Statements in policies of ours go along with them, and only take grants away.
fn is_guarded(change: &Change) -> bool {
    change.actions.contains(&Action::Delete)
        && matches!(change.kind.as_str(), "replication rule" | "IAM role")
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

/// What the gates of a migration are told by.
struct Gates<'a> {
    proofs: &'a Proofs,
    goals: &'a [CanaryGoal],
    findings: &'a [Finding],
    names: &'a Names,
}

impl Gates<'_> {
    fn migrations(&self, spec: &Spec, scope: &Scope) -> Vec<MigrationInfo> {
        let info = |(name, migration): (&MigrationName, &Migration)| MigrationInfo {
            name: name.to_string(),
            phase: migration.phase.as_str().to_owned(),
            source: self.names.bucket(&spec.source(migration)),
            destination: self.names.bucket(&spec.destination(migration)),
            gates: self.gates(name, migration),
            not_carried: if migration.phase == Phase::Prepare {
                vec!["Anything: in phase prepare there are no rules yet.".to_owned()]
            } else {
                lint::not_carried(migration)
            },
        };
        let covered = spec
            .migrations
            .iter()
            .filter(|(name, _)| scope.covers(name));
        covered.map(info).collect()
    }

    fn gates(&self, name: &MigrationName, migration: &Migration) -> Vec<Gate> {
        let goals = self.goals.iter().filter(|goal| goal.migration == *name);
        let mut gates: Vec<Gate> = goals.map(|goal| self.canary(goal)).collect();
        if let (Canary::Skip { reason }, Phase::Replicate) = (&migration.canary, migration.phase) {
            gates.push(Gate {
                name: "canary".to_owned(),
                state: GateState::Met,
                why: format!("skipped by decision: {reason}"),
            });
        }
        gates
    }

    fn canary(&self, goal: &CanaryGoal) -> Gate {
        let blocked = self
            .findings
            .iter()
            .any(|finding| finding.level == FindingLevel::Blocked);
        let (state, why) = if self.proofs.contains(&goal.subject) {
            (
                GateState::Met,
                "an object arrived under exactly this configuration",
            )
        } else if blocked {
            (
                GateState::Blocked,
                "an apply is refused as things are; see the findings",
            )
        } else {
            (
                GateState::Pending,
                "an apply sends an object and waits for its replica",
            )
        };
        Gate {
            name: format!("canary {}", goal.rule),
            state,
            why: why.to_owned(),
        }
    }
}

/// Seconds after which a wait for propagation is given up: two minutes, as real tools found enough for IAM and S3
/// (TF internal/service/iam/consts.go, internal/service/s3/bucket.go).
const PROPAGATION_SECONDS: u64 = 120;
/// Seconds after which a wait for a canary is given up for this run: S3 replicates most objects within 15 minutes
/// (UG26:replication-requirements).
const CANARY_SECONDS: u64 = 900;

fn waits(steps: &[Step]) -> Vec<Wait> {
    let wait = |step: &Step| {
        let (what, bound_seconds) = match &step.work {
            Work::Prove(_) => ("the canary's replica", CANARY_SECONDS),
            Work::Write(write) => match write.target.kind() {
                Kind::Bucket(BucketPart::Replication) => (
                    "S3 to answer the new configuration twice in a row",
                    PROPAGATION_SECONDS,
                ),
                Kind::Bucket(BucketPart::Policy) => (
                    "S3 to accept the principal and to answer the new policy",
                    PROPAGATION_SECONDS,
                ),
                Kind::Bucket(BucketPart::Versioning) => {
                    ("S3 to answer Enabled", PROPAGATION_SECONDS)
                }
                Kind::Role(RolePart::Itself) | Kind::Role(RolePart::Policy) => {
                    ("IAM to answer what was written", PROPAGATION_SECONDS)
                }
                _ => return None,
            },
        };
        Some(Wait {
            address: step.id.to_string(),
            what: what.to_owned(),
            bound_seconds,
        })
    };
    steps.iter().filter_map(wait).collect()
}

fn needed(spec: &Spec, observed: &Observed, names: &Names, steps: &[Step]) -> Vec<PermissionInfo> {
    let mut accounts: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    let name = |target: &Target| {
        names.account(
            target.account(),
            target.bucket().map(|bucket| &bucket.region),
        )
    };
    for account in spec.accounts.keys() {
        accounts.entry(account.to_string()).or_default();
    }
    for (target, _) in observed.iter() {
        let actions = accounts.entry(name(target)).or_default();
        actions.extend(permissions::to_read(target.kind()));
    }
    for step in steps {
        match &step.work {
            Work::Write(write) => {
                let actions = accounts.entry(name(&write.target)).or_default();
                actions.extend(permissions::to_write(write.target.kind(), verb(write)));
            }
            Work::Prove(goal) => {
                let side = |bucket: &crate::model::BucketRef| {
                    name(&Target::Bucket(bucket.clone(), BucketPart::Itself))
                };
                let source = accounts.entry(side(&goal.source)).or_default();
                source.extend(permissions::CANARY_SOURCE);
                if goal.kms_key.is_some() {
                    source.extend(permissions::CANARY_KMS);
                }
                let destination = accounts.entry(side(&goal.destination)).or_default();
                destination.extend(permissions::CANARY_DESTINATION);
            }
        }
    }
    accounts
        .into_iter()
        .map(|(account, actions)| PermissionInfo {
            account,
            actions: actions.into_iter().map(ToOwned::to_owned).collect(),
        })
        .collect()
}

fn verb(write: &WriteStep) -> Verb {
    match (&write.before, &write.after) {
        (None, Some(_)) => Verb::Create,
        (_, None) => Verb::Delete,
        (Some(_), Some(_)) => Verb::Update,
    }
}

/// Calls of a write step: read again, write, read back.
const CALLS_PER_WRITE: u64 = 3;
/// Calls of a canary that arrives at once: put, head at both sides, list and delete at both sides.
const CALLS_PER_CANARY: u64 = 7;
/// Calls a second that a single account makes without being throttled, for an estimate; AWS publishes no limits for
/// S3 configuration calls and IAM (unverified: observed practice is some tens a second).
const CALLS_PER_SECOND: u64 = 20;

fn estimate(observed: &Observed, steps: &[Step]) -> Estimate {
    let canaries = steps
        .iter()
        .filter(|step| matches!(step.work, Work::Prove(_)))
        .count() as u64;
    let writes = steps.len() as u64 - canaries;
    let calls = writes * CALLS_PER_WRITE + canaries * CALLS_PER_CANARY;
    Estimate {
        reads: observed.len() as u64,
        writes,
        calls,
        throttle_seconds: calls.div_ceil(CALLS_PER_SECOND),
    }
}
