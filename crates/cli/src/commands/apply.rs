//! `s3ferry apply`: the changes of a saved plan, or of specs after asking.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use s3ferry_aws::{Cloud, Endpoint};
use s3ferry_core::format::{FindingLevel, GateState, PlanFile, SpecInfo};
use s3ferry_core::goals::VERIFIED;
use s3ferry_core::names::Names;
use s3ferry_core::plan::Step;
use s3ferry_core::spec::Spec;
use s3ferry_engine::journal::{FORMAT, Header};
use s3ferry_engine::ledger::FolderLedger;
use s3ferry_engine::{Clock, Limits, OwnWrites, Run, Verdict, execute};
use s3ferry_render::plural;

use super::{Ended, listen, plan, show};
use crate::args::{Apply, Format};
use crate::build_info::VERSION;
use crate::chain::chain;
use crate::exit::Exit;
use crate::files::start;
use crate::planning::{self, Planned, now};
use crate::preflight;
use crate::printer::Printer;
use crate::progress::{Doing, Progress, summary};
use crate::shell;
use crate::specs::{Loaded, check, is_yaml, live_files, load, moved_files, saved_files};

pub(crate) async fn run(printer: &Printer, args: &Apply, parallelism: usize) -> Ended {
    let how = How {
        parallelism,
        wait: args.wait,
        agree_for: args.agree_for,
        endpoint: None,
    };
    match saved_plan(&args.paths) {
        Some(path) => apply_saved(printer, args, path, how).await,
        None => apply_paths(printer, args, how).await,
    }
}

/// How a run goes about it.
#[derive(Debug)]
pub(crate) struct How {
    pub(crate) parallelism: usize,
    pub(crate) wait: Option<std::time::Duration>,
    pub(crate) agree_for: std::time::Duration,
    pub(crate) endpoint: Option<Endpoint>,
}

/// As much of a file as tells whether it is a plan.
const START_OF_A_PLAN: u64 = 1024;

/// The one path that is a saved plan: a file that is no YAML by its name and begins like a JSON object.
fn saved_plan(paths: &[PathBuf]) -> Option<&Path> {
    let [path] = paths else { return None };
    let json =
        start(path, START_OF_A_PLAN).is_ok_and(|bytes| bytes.trim_ascii_start().starts_with(b"{"));
    (!is_yaml(path) && json).then_some(path)
}

async fn apply_paths(printer: &Printer, args: &Apply, how: How) -> Ended {
    let mut loaded = load(printer, &args.paths, &args.target)?;
    loaded.info.search = args.search;
    let interactive = std::io::stdin().is_terminal();
    if !args.yes && !interactive {
        let hint = "review a saved plan and apply that, or add --yes";
        printer.error(
            "apply asks before it changes anything, and nobody can answer here",
            Some(hint),
        );
        return Err(Exit::Usage);
    }
    let make = || planning::make(printer, &loaded, how.parallelism, how.endpoint.clone());
    let mut planned = make().await?;
    plan::print(printer, &planned.file, Format::Text, false)?;
    refuse_blocked(printer, &planned.file)?;
    if planned.steps.is_empty() {
        return Ok(told_open(
            printer,
            &uncompared(&planned.file),
            &loaded.info,
            Verdict::Done,
        ));
    }
    // What is no change asks for no consent: the removal of s3ferry's own canaries that could not be removed before.
    if !args.yes && !planned.file.summary.no_changes() {
        if !confirmed(printer) {
            printer.message("Nothing was changed.");
            return Ok(Exit::Interrupted);
        }
        // Minutes may have gone by: what was said yes to must still be what there is.
        let again = make().await?;
        let moved = world(&planned.file, &again, &loaded, &OwnWrites::default());
        if !moved.is_empty() {
            return Err(stale(printer, &moved));
        }
        // What is as it was then has been so since.
        planned = Planned {
            read_at: planned.read_at,
            ..again
        };
    }
    let digest = planned.file.digest();
    execute_plan(printer, planned, digest, &how, &loaded).await
}

pub(crate) fn confirmed(printer: &Printer) -> bool {
    printer.question("Make these changes? Only \"yes\" is taken as such:");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

async fn apply_saved(printer: &Printer, args: &Apply, path: &Path, how: How) -> Ended {
    let own = [
        (!args.target.is_empty(), "targets", "--target"),
        (args.search, "search", "--search"),
    ];
    if let Some((_, what, option)) = own.into_iter().find(|(is_given, _, _)| *is_given) {
        printer.error(
            &format!("a saved plan has its own {what}"),
            Some(&format!("leave {option} out, or plan again with it")),
        );
        return Err(Exit::Usage);
    }
    let saved = show::read(printer, path)?;
    let mut moved = tool_and_spec(&saved);
    if !moved.is_empty() {
        return Err(stale(printer, &moved));
    }
    let loaded = reviewed(printer, &saved.spec)?;
    let planned = planning::make(printer, &loaded, how.parallelism, how.endpoint.clone()).await?;
    let digest = saved.digest();
    let own = own_writes(printer, &planned, &digest)?;
    moved.extend(world(&saved, &planned, &loaded, &own));
    if !moved.is_empty() {
        return Err(stale(printer, &moved));
    }
    refuse_blocked(printer, &planned.file)?;
    if planned.steps.is_empty() {
        printer.message("Nothing to do: both accounts match the spec.");
        still_there(printer, &planned.ledger)?;
        return Ok(told_open(
            printer,
            &uncompared(&planned.file),
            &loaded.info,
            Verdict::Done,
        ));
    }
    if !own.is_empty() {
        let steps = plural(planned.steps.len() as u64, "step");
        printer.message(&format!(
            "Going on where an earlier run of this plan stopped: {steps} left."
        ));
    }
    execute_plan(printer, planned, digest, &how, &loaded).await
}

/// The spec that a plan was made from, with what a plan does not keep: it is taken from the files, which say the same otherwise.
fn reviewed(printer: &Printer, saved: &SpecInfo) -> Result<Loaded, Exit> {
    let (live, _moved) = live_files(saved);
    let mut loaded = check(printer, &live, &saved.targets)?;
    loaded.info.digest = s3ferry_spec::digest(&saved_files(saved));
    loaded.info.files.clone_from(&saved.files);
    loaded.info.search = saved.search;
    Ok(loaded)
}

/// What earlier runs of a plan wrote, as their journals in the ledger tell.
fn own_writes(printer: &Printer, planned: &Planned, digest: &str) -> Result<OwnWrites, Exit> {
    let journals = planned.ledger.journals_of(digest).map_err(|error| {
        printer.error(&chain(&error), None);
        Exit::Error
    })?;
    let own = OwnWrites::of(&journals);
    if let Some(run) = &own.finished_by {
        printer.message(&format!("Run {run} applied this plan to its end."));
    }
    Ok(own)
}

/// What moved on this side since the plan was made.
fn tool_and_spec(saved: &PlanFile) -> Vec<String> {
    let mut moved = Vec::new();
    if saved.s3ferry != VERSION {
        moved.push(format!(
            "s3ferry: the plan was made by {} and this is {VERSION}",
            saved.s3ferry
        ));
    }
    moved.extend(moved_files(&saved.spec));
    moved
}

/// What moved in the accounts since the plan was made.
fn world(saved: &PlanFile, planned: &Planned, loaded: &Loaded, own: &OwnWrites) -> Vec<String> {
    let live = &planned.file;
    let names = Names::of(&loaded.spec);
    let mut moved = own.moved(saved, live, &names, &planned.observed);
    moved.extend(same_whatever_moves(saved, live));
    // What moved in the world, or was done by a run of this plan, makes another plan of the rest, too.
    if moved.is_empty() && own.is_empty() {
        moved.extend(same_in_the_same_world(saved, live));
    }
    moved
}

/// Names the parts of a plan file that say something else than the same spec gives now, whatever the world holds.
fn same_whatever_moves(saved: &PlanFile, live: &PlanFile) -> Vec<String> {
    // Who asks may be another caller of the same account: plans are made by one role and applied by another.
    let of_accounts = |plan: &PlanFile| -> Vec<[String; 3]> {
        let accounts = plan.accounts.iter();
        accounts
            .map(|of| [of.name.clone(), of.id.clone(), of.region.clone()])
            .collect()
    };
    let parts = [
        ("format", saved.format == live.format),
        ("accounts", of_accounts(saved) == of_accounts(live)),
        ("spec.name", saved.spec.name == live.spec.name),
        ("spec.digest", saved.spec.digest == live.spec.digest),
        (
            "spec.files",
            saved.spec.files.iter().all(|file| {
                // A folder has no text of its own.
                !file.path.ends_with('/') || file.text.is_empty()
            }),
        ),
        ("spec.targets", saved.spec.targets == live.spec.targets),
        ("spec.search", saved.spec.search == live.spec.search),
    ];
    differing(
        &parts,
        "the spec in the plan gives something else; the file was changed",
    )
}

/// Names the parts that say something else than planning again gives, although nothing moved that the plan was made from: the file was
/// changed, or the ledger's receipts are others. `created` and the callers are of the moment.
fn same_in_the_same_world(saved: &PlanFile, live: &PlanFile) -> Vec<String> {
    let PlanFile {
        format: _,
        s3ferry: _,
        created: _,
        spec: _,
        accounts: _,
        migrations,
        changes,
        kept,
        waits,
        order,
        fingerprints,
        permissions,
        estimate,
        findings,
        summary,
    } = saved;
    let parts = [
        ("migrations", *migrations == live.migrations),
        ("changes", *changes == live.changes),
        ("kept", *kept == live.kept),
        ("waits", *waits == live.waits),
        ("order", *order == live.order),
        ("fingerprints", *fingerprints == live.fingerprints),
        ("permissions", *permissions == live.permissions),
        ("estimate", *estimate == live.estimate),
        ("findings", *findings == live.findings),
        ("summary", *summary == live.summary),
    ];
    differing(
        &parts,
        "planning again gives something else: the file was changed, or the ledger's receipts are not those that the plan was made with, or one of them has become too old",
    )
}

fn differing(parts: &[(&str, bool)], why: &str) -> Vec<String> {
    let differ = parts.iter().filter(|(_, same)| !same);
    differ.map(|(part, _)| format!("{part}: {why}")).collect()
}

fn stale(printer: &Printer, moved: &[String]) -> Exit {
    printer.error(
        &format!(
            "the plan is stale: {} moved since it was made",
            plural(moved.len() as u64, "thing")
        ),
        Some("plan again, review it and apply that"),
    );
    for what in moved {
        printer.message(&format!("  {what}"));
    }
    Exit::Stale
}

fn refuse_blocked(printer: &Printer, plan: &PlanFile) -> Result<(), Exit> {
    let blocked = plan
        .findings
        .iter()
        .filter(|finding| finding.level == FindingLevel::Blocked);
    let mut refused = false;
    for finding in blocked {
        refused = true;
        let text = format!(
            "{} [{}]: {}",
            finding.address, finding.code, finding.message
        );
        printer.error(&text, Some(&finding.help));
    }
    if refused {
        printer.message("Nothing was changed.");
        return Err(Exit::Refused);
    }
    Ok(())
}

/// Follows the steps of a plan that may be applied.
async fn execute_plan(
    printer: &Printer,
    planned: Planned,
    digest: String,
    how: &How,
    loaded: &Loaded,
) -> Ended {
    let Planned {
        steps,
        file,
        cloud,
        ledger,
        observed,
        read_at,
        remembered: _, // It has served the plan.
    } = planned;
    preflight::refuse(printer, &loaded.spec, &cloud, &file, &observed, &steps).await?;
    let paths = spec_paths(&loaded.info);
    let open = uncompared(&file);
    // What a reviewer reads is several times what a run needs, and is read.
    drop((file, observed));
    let job = Job {
        steps,
        cloud,
        ledger: ledger.clone(),
        plan: digest,
        spec: loaded.info.digest.clone(),
        accounts: account_ids(&loaded.spec),
        read_at,
        doing: Doing::Apply,
        paths,
    };
    let ended = follow(printer, job, how).await?;
    still_there(printer, &ledger)?;
    ended.journal?;
    Ok(told_open(printer, &open, &loaded.info, ended.verdict))
}

/// The migrations whose gates wait for what no apply makes true, each with the reason.
fn uncompared(plan: &PlanFile) -> Vec<(String, String)> {
    let gates = plan.migrations.iter();
    let gates = gates.flat_map(|of| of.gates.iter().map(move |gate| (of, gate)));
    let open = gates.filter(|(_, gate)| gate.name == VERIFIED && gate.state != GateState::Met);
    open.map(|(of, gate)| (of.name.clone(), gate.why.clone()))
        .collect()
}

/// How a run ends that has done what it could, when gates are open that it cannot pass: it says what passes them.
fn told_open(
    printer: &Printer,
    open: &[(String, String)],
    info: &SpecInfo,
    verdict: Verdict,
) -> Exit {
    if open.is_empty() {
        return Exit::Run(verdict);
    }
    for (migration, why) in open {
        printer.message(&format!("Waiting: {migration}: {why}"));
    }
    let words = ["s3ferry", "verify"].map(str::to_owned).into_iter();
    let paths = spec_paths(info).into_iter().map(|path| shell::path(&path));
    let targets = open.iter().map(|(migration, _)| migration.clone());
    let targets = targets.flat_map(|target| ["--target".to_owned(), target]);
    let command = shell::line(words.chain(paths).chain(targets));
    printer.message(&format!("To compare both sides: {command}"));
    Exit::Run(match verdict {
        Verdict::Done => Verdict::Waiting,
        verdict => verdict,
    })
}

/// What a run is to do.
pub(crate) struct Job {
    pub(crate) steps: Vec<Step>,
    pub(crate) cloud: Cloud,
    pub(crate) ledger: FolderLedger,
    /// The digest of its plan.
    pub(crate) plan: String,
    /// The digest of its spec.
    pub(crate) spec: String,
    /// The account IDs behind the names of the spec.
    pub(crate) accounts: BTreeMap<String, String>,
    /// When the world had been read.
    pub(crate) read_at: tokio::time::Instant,
    pub(crate) doing: Doing,
    /// The spec's paths, for a command that works with it.
    pub(crate) paths: Vec<String>,
}

/// How a run ended.
pub(crate) struct Followed {
    pub(crate) verdict: Verdict,
    /// Whether the journal was written to its end; where not, it was said.
    pub(crate) journal: Result<(), Exit>,
}

/// Follows steps, with the ledger's lock and a journal.
pub(crate) async fn follow(printer: &Printer, job: Job, how: &How) -> Result<Followed, Exit> {
    let run = run_id();
    let Job {
        steps,
        cloud,
        ledger,
        plan,
        spec,
        accounts,
        read_at,
        doing,
        paths,
    } = job;
    let header = Header {
        format: FORMAT.to_owned(),
        s3ferry: VERSION.to_owned(),
        run: run.clone(),
        started: now(),
        plan,
        spec,
        accounts,
    };
    let failed = |error: &dyn std::error::Error| {
        printer.error(&chain(error), None);
        Exit::Error
    };
    let _lock = ledger.lock(&run).map_err(|error| failed(&error))?;
    let journal = ledger.journal(&header).map_err(|error| failed(&error))?;
    let clock: Arc<dyn Clock> = Arc::new(now);
    let (canceller, cancel) = s3ferry_engine::cancel::canceller();
    let journal = journal.listen(Arc::clone(&clock), canceller.clone());
    let mut sink = Progress::new(printer, steps.len(), journal);
    let mut limits = Limits {
        parallelism: how.parallelism,
        agree: how.agree_for,
        ..Limits::default()
    };
    limits.canary_wait = how.wait.unwrap_or(limits.canary_wait);
    limits.job_wait = how.wait.unwrap_or(limits.job_wait);
    let listener = listen(canceller);
    let work = Run {
        id: &run,
        world: &cloud,
        receipts: &ledger,
        clock: &*clock,
        limits: &limits,
        read_at,
        cancel,
    };
    let outcome = execute(&steps, &work, &mut sink).await;
    listener.abort();
    let outcome = outcome.map_err(|error| failed(&error))?;
    let (journal, overwritten) = sink.finish();
    let journal = journal.map_err(|error| {
        let path = journal_path(&ledger, &run);
        let text = format!(
            "the journal {path} cannot be written: {error}; no write was started after that"
        );
        printer.error(
            &text,
            Some("make room, or the ledger writable, and run again"),
        );
        Exit::Error
    });
    summary(printer, &outcome, doing, &journal_path(&ledger, &run));
    overwritten.say(printer, &run, &paths);
    Ok(Followed {
        verdict: outcome.verdict(),
        journal,
    })
}

/// The paths that make up a spec: its folders, and the files that are in none of them.
pub(crate) fn spec_paths(info: &SpecInfo) -> Vec<String> {
    let is_folder = |path: &&String| path.ends_with('/');
    let all = || info.files.iter().map(|file| &file.path);
    let folders: Vec<&String> = all().filter(is_folder).collect();
    let alone = |path: &&String| {
        let within = folders
            .iter()
            .any(|folder| path.starts_with(folder.as_str()));
        !within || is_folder(path)
    };
    all().filter(alone).cloned().collect()
}

/// The account IDs behind the names of a spec.
pub(crate) fn account_ids(spec: &Spec) -> BTreeMap<String, String> {
    let accounts = spec.accounts.iter();
    accounts
        .map(|(name, account)| (name.to_string(), account.id.to_string()))
        .collect()
}

/// Names the canaries that lie in buckets after all: whatever else a run says, these are there until a run says no more of them.
fn still_there(printer: &Printer, ledger: &FolderLedger) -> Result<(), Exit> {
    for canary in planning::canaries(printer, ledger)? {
        let sides: Vec<&str> = canary.sides().map(|of| of.bucket.as_str()).collect();
        let why = canary.stays.as_ref();
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        printer.warning(&format!(
            "a canary may lie in {} until an apply has removed it ({}){why}",
            sides.join(", "),
            canary.key
        ));
    }
    Ok(())
}

fn journal_path(ledger: &FolderLedger, run: &str) -> String {
    ledger
        .root()
        .join("runs")
        .join(format!("{run}.jsonl"))
        .display()
        .to_string()
}

/// Sorts by time; the process makes two runs of one second different.
fn run_id() -> String {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!("{time}-{}", std::process::id())
}
