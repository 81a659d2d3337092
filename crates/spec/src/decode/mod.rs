//! From checked trees to the types of `s3ferry_core::spec`, with the checks that a table of fields cannot hold.
//!
//! `None` means, all over these files, that a diagnostic was given for the thing, so nobody else complains
//! about it. Start at [`whole`].

mod accounts;
mod backfill;
mod between;
mod ends;
mod keys;
mod logging;
mod migration;
mod monitoring;
mod overlap;
mod role;
mod rule;
mod verify;
mod view;

pub(crate) use migration::CANARY;

use std::collections::BTreeMap;

use s3ferry_core::ids::{MigrationName, SpecName};
use s3ferry_core::spec::{Guards, Ledger, Spec};

use crate::check::check;
use crate::decode::accounts::Accounts;
use crate::decode::view::View;
use crate::report::{Report, Span};
use crate::table::Shape;
use crate::table::contract::{FILE, MIGRATION};
use crate::yaml::{Entry, Kind, Node};

/// What all files say together.
#[derive(Debug, Default)]
struct Files<'n> {
    once: BTreeMap<&'static str, &'n Entry>,
    accounts: BTreeMap<&'n str, &'n Entry>,
    migrations: BTreeMap<&'n str, &'n Entry>,
    /// Whether `accounts` or `migrations` of some file could not be read.
    gaps: bool,
}

/// A spec, and the file that names its ledger.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) spec: Option<Spec>,
    pub(crate) ledger_file: Option<u32>,
}

/// Checks every tree against the table of fields.
pub(crate) fn fields(report: &mut Report<'_>, root: &mut Node) {
    let at = Span {
        width: 1,
        ..root.at
    };
    if !matches!(root.kind, Kind::Map(_)) {
        let message = format!("a spec file is a mapping, and this is {}", root.what());
        report.error(
            "wrong-type",
            root.at,
            message,
            "begin the file with `version: 1`",
        );
        root.kind = Kind::Bad;
        return;
    }
    check(report, root, &Shape::Record(&FILE), "the file", at);
    let _ = View::alone(root, &FILE, at).require(report, "version");
}

/// Makes the spec of all trees; `complete` says whether every file could be read.
pub(crate) fn whole(report: &mut Report<'_>, roots: &[Node], complete: bool) -> Whole {
    let files = together(report, roots);
    let ledger_file = files.once.get("ledger").map(|entry| entry.key_at.file);
    if !complete {
        return Whole {
            spec: None,
            ledger_file,
        };
    }
    let accounts = accounts::accounts(report, &files.accounts, files.gaps);
    let migrations = migrations(report, &files, &accounts);
    between::between(report, &migrations);
    logging::between(report, &migrations);
    monitoring::between(report, &migrations);
    if !report.has_errors() {
        // Until the errors are gone, what else two migrations do to each other is not settled.
        overlap::overlaps(report, &migrations);
    }
    if migrations.is_empty() && !files.gaps && !report.has_errors() {
        no_migrations(report, roots);
    }
    // Migrations have told what is wrong with the guards that they inherit.
    let guards = if report.has_errors() {
        None
    } else {
        guards(report, &files)
    };
    Whole {
        spec: guards.and_then(|guards| spec(&files, accounts, migrations, guards)),
        ledger_file,
    }
}

fn together<'n>(report: &mut Report<'_>, roots: &'n [Node]) -> Files<'n> {
    let mut files = Files::default();
    for root in roots {
        files.gaps |= matches!(root.kind, Kind::Bad);
        for name in ["name", "ledger", "defaults"] {
            if let Some(entry) = root.get(name) {
                once(report, &mut files.once, name, entry);
            }
        }
        for (name, what) in [("accounts", "account"), ("migrations", "migration")] {
            let Some(entry) = root.get(name) else {
                continue;
            };
            files.gaps |= matches!(entry.value.kind, Kind::Bad);
            let all = if name == "accounts" {
                &mut files.accounts
            } else {
                &mut files.migrations
            };
            entry
                .value
                .entries()
                .iter()
                .for_each(|entry| unique(report, all, what, entry));
        }
    }
    files
}

fn once<'n>(
    report: &mut Report<'_>,
    all: &mut BTreeMap<&'static str, &'n Entry>,
    name: &'static str,
    entry: &'n Entry,
) {
    if let Some(first) = all.get(name) {
        let first = report.name(first.key_at);
        let message = format!("`{name}` is given in two files; the first is at {first}");
        report.error(
            "given-twice",
            entry.key_at,
            message,
            "it holds for all files: keep one of the two",
        );
    } else {
        all.insert(name, entry);
    }
}

fn unique<'n>(
    report: &mut Report<'_>,
    all: &mut BTreeMap<&'n str, &'n Entry>,
    what: &str,
    entry: &'n Entry,
) {
    if let Some(first) = all.get(entry.key.as_str()) {
        let first = report.name(first.key_at);
        let message = format!(
            "the {what} `{}` is declared twice; the first is at {first}",
            entry.key
        );
        let help =
            format!("names of {what}s are unique over all files: rename or remove one of the two");
        report.error("given-twice", entry.key_at, message, help);
    } else {
        all.insert(&entry.key, entry);
    }
}

fn migrations(
    report: &mut Report<'_>,
    files: &Files<'_>,
    accounts: &Accounts,
) -> Vec<migration::Placed> {
    let defaults = files.once.get("defaults").map(|entry| &entry.value);
    let decode = |entry: &&Entry| {
        let name = MigrationName::new(entry.key.as_str()).ok()?;
        let view = View::over(&entry.value, defaults, &MIGRATION, entry.key_at);
        migration::migration(report, accounts, &view, name)
    };
    // In the order of the files, so that of two that contradict each other the later one is told.
    let mut entries: Vec<&Entry> = files.migrations.values().copied().collect();
    entries.sort_by_key(|entry| entry.key_at);
    entries.iter().filter_map(decode).collect()
}

fn no_migrations(report: &mut Report<'_>, roots: &[Node]) {
    if let Some(root) = roots.first() {
        let at = root.entries().first().map_or(root.at, |entry| entry.key_at);
        report.warning(
            "no-migrations",
            at,
            "the spec declares no migration",
            "a plan of it removes whatever this spec's migrations made; `s3ferry init` shows how one is written",
        );
    }
}

/// The guards of `defaults` by themselves.
fn guards(report: &mut Report<'_>, files: &Files<'_>) -> Option<Guards> {
    let Some(entry) = files.once.get("defaults") else {
        return Some(Guards::default());
    };
    let view = View::alone(&entry.value, &MIGRATION, entry.key_at);
    migration::guards(report, &view)
}

fn spec(
    files: &Files<'_>,
    accounts: Accounts,
    migrations: Vec<migration::Placed>,
    guards: Guards,
) -> Option<Spec> {
    let name = files
        .once
        .get("name")
        .map_or(Some("default"), |entry| entry.value.text())?;
    let folder = files
        .once
        .get("ledger")
        .map_or(Some("./ledger"), |entry| entry.value.text())?;
    Some(Spec {
        name: SpecName::new(name).ok()?,
        accounts: accounts.all()?,
        ledger: Ledger::Folder(folder.to_owned()),
        migrations: migrations
            .into_iter()
            .map(|placed| (placed.name, placed.migration))
            .collect(),
        guards,
    })
}
