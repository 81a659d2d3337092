//! `s3ferry restore`: what an apply found where it wrote, listed, or given back.
//!
//! What is given back goes the way of every write: steps in the order of a plan, a look before each, a journal, so that a restore
//! can be taken back as any run can.

mod choose;
mod give;
mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;

use s3ferry_aws::Cloud;
use s3ferry_core::model::{Document, Observed, OutOfReach, Target, fingerprint, same};
use s3ferry_core::spec::Spec;
use s3ferry_engine::journal::JournalFile;
use s3ferry_engine::ledger::{FolderLedger, Held};
use s3ferry_engine::observe;
use s3ferry_engine::ports::{Class, PortError};
use s3ferry_engine::restore::{Kept, Seen, kept};
use s3ferry_render::plural;

use super::Ended;
use super::apply::spec_paths;
use crate::args::Restore;
use crate::chain::chain;
use crate::exit::Exit;
use crate::planning;
use crate::printer::Printer;
use crate::shown::shown;
use crate::specs::{Loaded, load};

pub(crate) async fn run(printer: &Printer, args: &Restore, parallelism: usize) -> Ended {
    let loaded = load(printer, &args.paths, &[])?;
    let gives = args.all || !args.document.is_empty();
    if args.yes && !gives {
        let hint = "name it with --document ADDRESS, or say --all";
        printer.error("--yes needs something to give back", Some(hint));
        return Err(Exit::Usage);
    }
    if gives && !args.yes && !std::io::stdin().is_terminal() {
        printer.error(
            "restore asks before it changes anything, and nobody can answer here",
            Some("look at what it would change at a terminal, or add --yes"),
        );
        return Err(Exit::Usage);
    }
    let ledger = FolderLedger::new(&loaded.ledger);
    let journal = journal(printer, &ledger, &args.run)?;
    let lacks = lacks(&journal);
    if let Some(lacks) = &lacks {
        printer.warning(&format!("the journal of run {} {lacks}", args.run));
    }
    let work = Work {
        printer,
        loaded: &loaded,
        ledger,
        run: &args.run,
        documents: documents(&loaded.spec, &journal),
        is_whole: lacks.is_none(),
        parallelism,
    };
    if work.documents.is_empty() {
        return work.nothing_kept(&journal);
    }
    if !gives {
        return work.list(&journal).await;
    }
    work.give_back(args).await
}

/// A document of the run's journal, with where it is.
struct Of {
    kept: Kept,
    /// Where it is; or why it cannot be reached.
    target: Result<Target, String>,
}

/// What a restore works with.
struct Work<'a> {
    printer: &'a Printer,
    loaded: &'a Loaded,
    ledger: FolderLedger,
    run: &'a str,
    documents: BTreeMap<String, Of>,
    /// Whether the journal tells all that the run did.
    is_whole: bool,
    parallelism: usize,
}

/// What a document holds now, as against what the run found and left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    AsFound,
    AsLeft,
    Moved,
}

/// Reads the journal of a run, or names the runs that there are.
fn journal(printer: &Printer, ledger: &FolderLedger, run: &str) -> Result<JournalFile, Exit> {
    let failed = |error: &dyn std::error::Error| {
        printer.error(&chain(error), None);
        Exit::Error
    };
    let runs = ledger.runs().map_err(|error| failed(&error))?;
    if !runs.iter().any(|one| one == run) {
        /// Older ones are seldom meant.
        const SHOWN: usize = 10;
        let last: Vec<String> = runs
            .iter()
            .rev()
            .take(SHOWN)
            .map(|run| shown(run))
            .collect();
        let hint = match last.as_slice() {
            [] => format!("{} holds no journal of a run", ledger.root().display()),
            last => format!("the last runs of this ledger are {}", last.join(", ")),
        };
        printer.error(&format!("no run is called \"{}\"", shown(run)), Some(&hint));
        return Err(Exit::Usage);
    }
    ledger.journal_of(run).map_err(|error| failed(&error))
}

/// What a journal cannot tell.
fn lacks(journal: &JournalFile) -> Option<String> {
    if journal.torn {
        return Some(
            "ends within a line: the run was killed, or the file was cut, and what it wrote last may be missing here"
                .to_owned(),
        );
    }
    let newer = journal.newer.as_ref()?;
    let count = newer.left_out.len() as u64;
    (count > 0).then(|| {
        format!(
            "has {} of a newer version of s3ferry: what the run wrote may be missing here, or be told wrong; use that version",
            plural(count, "line")
        )
    })
}

fn documents(spec: &Spec, journal: &JournalFile) -> BTreeMap<String, Of> {
    let all = kept(journal).into_iter();
    all.map(|(address, kept)| {
        let target = journal.header.target(spec, &address);
        let target = target.map_err(|error| error.to_string());
        (address, Of { kept, target })
    })
    .collect()
}

impl Work<'_> {
    fn paths(&self) -> Vec<String> {
        spec_paths(&self.loaded.info)
    }

    /// A run that kept nothing, which is what an older version or an idle run did.
    fn nothing_kept(&self, journal: &JournalFile) -> Ended {
        let header = &journal.header;
        if header.accounts.is_empty() {
            let text = format!(
                "run {} kept nothing: its journal has format {}, of s3ferry {}",
                self.run, header.format, header.s3ferry
            );
            let hint = "documents are kept by runs with journals of format 1.3 and newer; what was there before stands in the plan that was reviewed";
            self.printer.error(&text, Some(hint));
            return Err(Exit::Error);
        }
        let text = format!("Run {} wrote over nothing.", self.run);
        self.printer.message(&text);
        Ok(Exit::Done)
    }

    async fn sign_in(&self) -> Result<Cloud, Exit> {
        let (cloud, _) =
            planning::sign_in(self.printer, self.loaded, self.parallelism, None).await?;
        Ok(cloud)
    }

    /// Reads what documents hold now, and whether what they are parts of is there.
    async fn look(
        &self,
        cloud: &Cloud,
        targets: impl Iterator<Item = &Target>,
    ) -> Result<Observed, Exit> {
        self.read(cloud, targets, |_| BTreeSet::new()).await
    }

    async fn read(
        &self,
        cloud: &Cloud,
        targets: impl Iterator<Item = &Target>,
        follow: impl Fn(&Observed) -> BTreeSet<Target> + Send + Sync,
    ) -> Result<Observed, Exit> {
        let mut all = BTreeSet::new();
        for target in targets {
            all.extend(target.whole());
            all.insert(target.clone());
        }
        let asked = all.clone();
        self.printer.status("reading what is there now");
        let can_do_without = |target: &Target, failure: &PortError| {
            let code = failure.code.clone();
            if failure.class == Class::Misplaced {
                return Some(OutOfReach::Elsewhere(code));
            }
            (!asked.contains(target)).then_some(OutOfReach::Unread(code))
        };
        let read = observe(cloud, all, follow, can_do_without, self.parallelism).await;
        self.printer.clear_status();
        read.map_err(|failures| {
            planning::unreadable(self.printer, &failures, "Nothing was changed")
        })
    }

    /// A document that is kept, of the kind that its place can hold.
    fn document(&self, of: &Of, held: &Held) -> Result<Option<Document>, String> {
        let Held::Document(id) = held else {
            return Ok(None);
        };
        let document = self.ledger.document(id).map_err(|error| chain(&error))?;
        match &of.target {
            Ok(target) if target.kind() != document.kind() => Err(format!(
                "it is a {}, which cannot be there",
                document.kind().facts().name
            )),
            Ok(_) | Err(_) => Ok(Some(document)),
        }
    }

    /// What a document holds now; `found` is what the run found first.
    fn now(&self, of: &Of, found: Option<&Document>, live: Option<&Document>) -> Now {
        let print = fingerprint(live);
        // What the run met of others' between its writes may be in what it left.
        let is_own = |seen: &Seen| self.is_own(of, self.document(of, &seen.held).as_ref());
        match &of.kept.left {
            Some(left) if *left == print && of.kept.seen.iter().all(is_own) => Now::AsLeft,
            _ if of.kept.before.is_some() && same(found, live) => Now::AsFound,
            Some(_) | None => Now::Moved,
        }
    }

    /// Whether a document is what the run wrote itself.
    fn is_own(&self, of: &Of, document: Result<&Option<Document>, &String>) -> bool {
        document.is_ok_and(|held| of.kept.own.contains(&fingerprint(held.as_ref())))
    }
}

/// The code of the error that says that a target is elsewhere by now.
fn out_of_reach<'a>(observed: &'a Observed, target: &Target) -> Option<&'a str> {
    match observed.out_of_reach().get(target)? {
        OutOfReach::Elsewhere(code) | OutOfReach::Unread(code) => Some(code),
    }
}
