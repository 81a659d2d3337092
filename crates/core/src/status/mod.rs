//! Status: where each migration stands and what to do next, from what a plan says and what a plan does not read.
//!
//! ```text
//! plan, world --reads--> metrics to ask for --(CloudWatch)--> silent rules --(S3)--> newest versions
//!                 \                    \                              /
//!                  +--status-----------> backlog, failed, jobs, alarms --attention--> level, why, next
//! ```
//!
//! Pure: facts in, the wire form out. Gates and changes are the plan's, and are not derived anew.

mod attention;
mod backlog;
mod facts;
pub mod reads;
mod seen;
mod shell;
mod time;

use std::collections::BTreeMap;

pub use reads::{Asked, Looked, LookedVersion, Measured, Measures, ToLook, calls};
pub use seen::{LastReceipt, Seen};
pub use shell::word as shell_word;

use crate::format::status::{
    Attention, MigrationStatus, ReceiptInfo, ReceiptKind, STATUS_FORMAT, StatusFile,
};
use crate::format::{MigrationInfo, PlanFile};
use crate::route::Route;
use attention::{Blocks, Stand};
use facts::Alarms;

/// Where the migrations of a plan stand.
#[must_use]
pub fn status(seen: &Seen<'_>) -> StatusFile {
    let plan = seen.plan;
    let blocks = Blocks::of(seen);
    let routes: BTreeMap<String, Route<'_>> = seen
        .spec
        .routes()
        .map(|route| (route.name.to_string(), route))
        .collect();
    let changes = changes(plan);
    let mut alarms = facts::alarms(seen);
    let of = |info: &MigrationInfo| {
        let route = routes.get(&info.name)?;
        let planned = changes.get(info.name.as_str()).copied().unwrap_or_default();
        let alarms = alarms.remove(route.name).unwrap_or_default();
        Some(of_migration(seen, &blocks, route, info, (planned, alarms)))
    };
    let mut migrations: Vec<MigrationStatus> = plan.migrations.iter().filter_map(of).collect();
    migrations.sort_by(|one, other| attention::place(one).cmp(&attention::place(other)));
    let mut counts = BTreeMap::new();
    for migration in &migrations {
        *counts.entry(migration.attention).or_default() += 1;
    }
    let beside = plan.changes.iter();
    let beside = beside.filter(|change| change.migrations.is_empty()).count();
    StatusFile {
        format: STATUS_FORMAT.to_owned(),
        s3ferry: plan.s3ferry.clone(),
        created: plan.created.clone(),
        spec: plan.spec.name.clone(),
        targets: plan.spec.targets.clone(),
        accounts: plan.accounts.clone(),
        migrations,
        blocked: blocks.of_nobody(),
        beside: beside as u64,
        counts,
    }
}

fn of_migration(
    seen: &Seen<'_>,
    blocks: &Blocks<'_>,
    route: &Route<'_>,
    info: &MigrationInfo,
    (changes, Alarms { count, raised }): (u64, Alarms),
) -> MigrationStatus {
    let (backlog, failed, unread) = backlog::of(seen, route);
    let receipts = receipts(seen, route);
    let proofs = receipts.iter();
    let proofs = proofs.filter(|receipt| receipt.kind == ReceiptKind::Canary);
    let mut status = MigrationStatus {
        name: info.name.clone(),
        phase: info.phase.clone(),
        source: info.source.clone(),
        destination: info.destination.clone(),
        attention: Attention::Fine,
        why: Vec::new(),
        next: String::new(),
        gates: info.gates.clone(),
        changes,
        backlog,
        failed,
        unread,
        jobs: facts::jobs(seen, route),
        alarms: count,
        raised,
        canary_age_seconds: proofs.filter_map(|of| of.age_seconds).max(),
        receipts,
    };
    let Stand {
        attention,
        why,
        next,
    } = attention::of(seen, blocks, route, &status);
    (status.attention, status.why, status.next) = (attention, why, next);
    status
}

/// The receipts of a migration, with their age; of canaries those of rules that it has.
fn receipts(seen: &Seen<'_>, route: &Route<'_>) -> Vec<ReceiptInfo> {
    let now = time::seconds(&seen.plan.created);
    let rules = &route.migration.rules;
    let has_rule = |of: Option<&String>| {
        let mut rules = rules.iter();
        of.is_some_and(|of| rules.any(|rule| rule.name.as_str() == of))
    };
    let told = seen.receipts.iter().filter(|receipt| {
        let is_told = receipt.kind != ReceiptKind::Canary || has_rule(receipt.of.as_ref());
        receipt.migration == route.name.as_str() && is_told
    });
    let mut told: Vec<ReceiptInfo> = told
        .map(|receipt| ReceiptInfo {
            kind: receipt.kind,
            of: receipt.of.clone(),
            at: receipt.at.clone(),
            age_seconds: time::between(time::seconds(&receipt.at), now),
            good: receipt.good,
            says: receipt.says.clone(),
        })
        .collect();
    told.sort_by(|one, other| (one.kind, &one.of).cmp(&(other.kind, &other.of)));
    told
}

/// How many changes there are of each migration.
fn changes(plan: &PlanFile) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    for name in plan.changes.iter().flat_map(|change| &change.migrations) {
        *counts.entry(name.as_str()).or_default() += 1;
    }
    counts
}
