//! How much attention a migration needs, why, and what to do next: the worst of what is known decides.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::seen::Seen;
use super::shell;
use crate::format::status::{Attention, JobInfo, MigrationStatus, ReceiptInfo, ReceiptKind};
use crate::format::{Finding, FindingLevel, Gate, GateState};
use crate::goals::VERIFIED;
use crate::ids::MigrationName;
use crate::model::kinds::{JobStatus, StateValue};
use crate::model::{BucketPart, RolePart, Target};
use crate::names::Names;
use crate::route::Route;
use crate::spec::{BackfillScope, Phase};

/// How a migration stands.
pub(super) struct Stand {
    pub(super) attention: Attention,
    pub(super) why: Vec<String>,
    pub(super) next: String,
}

/// Where a migration stands among the others: what needs attention first, and of what fails the most.
pub(super) fn place(of: &MigrationStatus) -> (Attention, Reverse<u64>, &str) {
    (of.attention, Reverse(of.failed.count), &of.name)
}

/// The findings that block an apply, each with the migrations that it is about.
pub(super) struct Blocks<'a>(Vec<(&'a Finding, BTreeSet<MigrationName>)>);

impl<'a> Blocks<'a> {
    pub(super) fn of(seen: &Seen<'a>) -> Self {
        let names = Names::of(seen.spec);
        let routes: Vec<_> = seen.spec.routes().collect();
        let with_migrations = |finding: &'a Finding| {
            let about = routes.iter();
            let about = about.filter(|route| is_about(seen, &names, route, &finding.address));
            (finding, about.map(|route| route.name.clone()).collect())
        };
        let findings = seen.plan.findings.iter();
        let blocking = findings.filter(|finding| finding.level == FindingLevel::Blocked);
        Self(blocking.map(with_migrations).collect())
    }

    fn on(&self, migration: &MigrationName) -> impl Iterator<Item = &'a Finding> {
        let on = self.0.iter().filter(|(_, about)| about.contains(migration));
        on.map(|(finding, _)| *finding)
    }

    /// Those that are about no migration.
    pub(super) fn of_nobody(&self) -> Vec<String> {
        let of_nobody = self.0.iter().filter(|(_, about)| about.is_empty());
        of_nobody.map(|(finding, _)| told(finding)).collect()
    }
}

/// Whether an address is of a migration: its name, one of its goals, or something of its buckets and roles.
fn is_about(seen: &Seen<'_>, names: &Names, route: &Route<'_>, address: &str) -> bool {
    let name = route.name.as_str();
    // An account may be called like a migration, and its addresses begin so.
    let mut accounts = seen.spec.accounts.keys();
    if accounts.all(|account| account.as_str() != name) && is_within(address, name) {
        return true;
    }
    let buckets = [&route.source, &route.destination];
    let buckets = buckets.map(|of| Target::Bucket(of.clone(), BucketPart::Itself));
    let roles = [
        &route.role,
        &route.batch_role,
        &route.destination_batch_role,
    ];
    let roles = roles.map(|of| Target::Role(of.clone(), RolePart::Itself));
    let mut wholes = buckets.into_iter().chain(roles);
    address == name || wholes.any(|whole| is_within(address, &names.address(&whole)))
}

fn is_within(address: &str, whole: &str) -> bool {
    let rest = address.strip_prefix(whole);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn told(finding: &Finding) -> String {
    format!("{} at {}", finding.code, finding.address)
}

/// How a migration stands; `status` holds everything else of it.
pub(super) fn of(
    seen: &Seen<'_>,
    blocks: &Blocks<'_>,
    route: &Route<'_>,
    status: &MigrationStatus,
) -> Stand {
    let of_migration = |command: &str| {
        let name = &status.name;
        format!("s3ferry {command} {} --target {name}", seen.paths)
    };
    let stand = |attention, why: Vec<String>, next: String| Stand {
        attention,
        why,
        next,
    };
    let failing = failing(seen, status);
    if !failing.is_empty() {
        return stand(Attention::Failing, failing, doctor(&of_migration, status));
    }
    let blocked = blocked(seen, blocks, route, status);
    if !blocked.is_empty() {
        return stand(Attention::Blocked, blocked, of_migration("plan"));
    }
    if !status.unread.is_empty() {
        let next = format!("{} --for status", of_migration("permissions"));
        let unread = status.unread.iter().map(|of| format!("not known: {of}"));
        return stand(Attention::Unknown, unread.collect(), next);
    }
    if status.changes > at_work(status) {
        let why = match status.changes {
            1 => "1 change to apply".to_owned(),
            changes => format!("{changes} changes to apply"),
        };
        return stand(Attention::ToDo, vec![why], of_migration("apply"));
    }
    if let Some(why) = uncompared(status) {
        return stand(Attention::ToDo, vec![why], of_migration("verify"));
    }
    if let Some(differs) = differs(status) {
        let why = format!("{}, {}", differs.says, differs.at);
        return stand(Attention::ToDo, vec![why], of_migration("verify"));
    }
    let waiting = waiting(status);
    if !waiting.is_empty() {
        let next = format!("wait, then {}", of_migration("apply"));
        return stand(Attention::Waiting, waiting, next);
    }
    let next = move_on(route, status);
    stand(Attention::Fine, Vec::new(), next)
}

fn failing(seen: &Seen<'_>, status: &MigrationStatus) -> Vec<String> {
    let failed = &status.failed;
    let mut why = Vec::new();
    if let Some(count) = failed.by_metric.filter(|count| *count > 0) {
        let operations = if count == 1 {
            "operation"
        } else {
            "operations"
        };
        why.push(format!("{count} {operations} failed within 24 hours"));
    }
    if let (Some(count), Some(looks)) = (failed.looked_at, &status.backlog.looks)
        && count > 0
    {
        let versions = looks.versions;
        why.push(format!("{count} of {versions} looked at FAILED"));
    }
    let raised = status.raised.iter();
    let raised = raised.filter(|alarm| alarm.state == StateValue::Raised.as_str());
    // Which spec and which migration are known to who reads this.
    let known = format!("s3ferry/{}/{}/", seen.spec.name, status.name);
    why.extend(raised.map(|alarm| {
        let name = alarm.name.strip_prefix(&known).unwrap_or(&alarm.name);
        format!("alarm {name} is raised")
    }));
    why
}

/// What says why: of a key that failed, where its name can be typed.
fn doctor(of_migration: &dyn Fn(&str) -> String, status: &MigrationStatus) -> String {
    let command = of_migration("doctor");
    let mut keys = status.failed.keys.iter();
    let key = keys.find(|key| !key.chars().any(char::is_control));
    match key {
        // A key that begins like a flag would be taken for one.
        Some(key) if key.starts_with('-') => format!("{command} --object={}", shell::word(key)),
        Some(key) => format!("{command} --object {}", shell::word(key)),
        None => command,
    }
}

fn blocked(
    seen: &Seen<'_>,
    blocks: &Blocks<'_>,
    route: &Route<'_>,
    status: &MigrationStatus,
) -> Vec<String> {
    let own: Vec<String> = blocks.on(route.name).map(told).collect();
    // Gates of every migration are blocked where any finding blocks; without one a gate is blocked for its own reason.
    if !own.is_empty() || seen.plan.summary.blocked > 0 {
        return own;
    }
    let gates = status.gates.iter();
    let gates = gates.filter(|gate| gate.state == GateState::Blocked);
    gates.map(gate).collect()
}

fn gate(of: &Gate) -> String {
    format!("{}: {}", of.name, of.why)
}

/// How many changes are nothing but to wait for a job: one of its own as long as it has not ended, or another backfill's on the same
/// bucket.
fn at_work(status: &MigrationStatus) -> u64 {
    let waiting = status.gates.iter().filter(|gate| waits_for_aws(gate));
    let waiting = waiting.count() as u64;
    if status.jobs.is_empty() {
        return waiting;
    }
    let open = status.jobs.iter().filter(|job| !is_final(job));
    waiting.min(open.count() as u64)
}

/// Whether a gate waits for what goes on by itself.
fn waits_for_aws(gate: &Gate) -> bool {
    gate.state == GateState::Waiting && gate.name != VERIFIED
}

/// What the gate of a comparison waits for.
fn uncompared(status: &MigrationStatus) -> Option<String> {
    let mut gates = status.gates.iter();
    let open = gates.find(|gate| gate.name == VERIFIED && gate.state == GateState::Waiting);
    open.map(|gate| gate.why.clone())
}

fn is_final(job: &JobInfo) -> bool {
    JobStatus::of(&job.state).is_final()
}

/// The last comparison, where it found differences after all was copied.
fn differs(status: &MigrationStatus) -> Option<&ReceiptInfo> {
    let last = |kind| {
        let of_kind = status.receipts.iter().filter(move |of| of.kind == kind);
        of_kind.max_by(|one, other| one.at.cmp(&other.at))
    };
    let compared = last(ReceiptKind::Verification)?;
    let copied = last(ReceiptKind::Backfill);
    let is_after = copied.is_none_or(|copied| compared.at >= copied.at);
    (!compared.good && is_after).then_some(compared)
}

fn waiting(status: &MigrationStatus) -> Vec<String> {
    let gates = status.gates.iter();
    let gates = gates.filter(|gate| waits_for_aws(gate));
    let jobs = status.jobs.iter().filter(|job| !is_final(job));
    let jobs = jobs.map(|job| {
        let JobInfo {
            id,
            state,
            tasks,
            succeeded,
            failed,
        } = job;
        format!("job {id} is {state}: {succeeded} of {tasks} copied, {failed} failed")
    });
    let jobs: Vec<String> = jobs.collect();
    if jobs.is_empty() {
        gates.map(gate).collect()
    } else {
        jobs
    }
}

/// What moves a migration on that has nothing to do in its phase.
fn move_on(route: &Route<'_>, status: &MigrationStatus) -> String {
    let phase = |phase: Phase| format!("set phase: {} in the spec", phase.as_str());
    let compared = |of: &&ReceiptInfo| of.kind == ReceiptKind::Verification;
    match route.migration.phase {
        Phase::Prepare => phase(Phase::Replicate),
        Phase::Replicate if route.migration.backfill.scope != BackfillScope::None => {
            phase(Phase::Backfill)
        }
        Phase::Replicate | Phase::Backfill => phase(Phase::Verify),
        // Specs cannot ask for the phases after it yet.
        Phase::Verify | Phase::Cutover | Phase::Retire => {
            let receipt = status.receipts.iter().find(compared);
            receipt.map_or_else(
                || "nothing".to_owned(),
                |receipt| format!("nothing: {}, {}", receipt.says, receipt.at),
            )
        }
    }
}
