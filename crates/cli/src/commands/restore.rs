//! `s3ferry restore`: what an apply found where it wrote, listed, or given back.
//!
//! What is given back goes the way of every write: steps in the order of a plan, a look before each, a journal, so that a restore
//! can be taken back as any run can.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;

use s3ferry_aws::Cloud;
use s3ferry_core::ids::AccountId;
use s3ferry_core::model::{
    BucketPart, Document, Observed, OutOfReach, RolePart, Target, fingerprint, same,
};
use s3ferry_core::names::Names;
use s3ferry_core::plan::restore::Places;
use s3ferry_core::plan::{GivenBack, Hurt, done_again, give_back, hurts, linked};
use s3ferry_core::spec::Spec;
use s3ferry_engine::journal::JournalFile;
use s3ferry_engine::ledger::{FolderLedger, Held};
use s3ferry_engine::observe;
use s3ferry_engine::ports::{Class, PortError};
use s3ferry_engine::restore::{Kept, Seen, kept};
use s3ferry_render::{plural, sanitize};

use super::Ended;
use super::apply::{How, Job, account_ids, confirmed, follow, spec_paths};
use crate::args::Restore;
use crate::chain::chain;
use crate::exit::Exit;
use crate::overwritten::command;
use crate::planning;
use crate::printer::Printer;
use crate::progress::Doing;
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

/// What is to be given back of a document.
struct Chosen<'a> {
    address: &'a str,
    of: &'a Of,
    target: &'a Target,
    /// What was seen in passing; nothing where it is what the run found first.
    seen: Option<&'a Seen>,
    /// Whether it was asked for by its address.
    named: bool,
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
    let accounts = &journal.header.accounts;
    let all = kept(journal).into_iter();
    all.map(|(address, kept)| {
        let target = reach(spec, accounts, &address);
        (address, Of { kept, target })
    })
    .collect()
}

/// Where a document is, by its address and the account IDs of the run; or why that cannot be said.
fn reach(
    spec: &Spec,
    accounts: &BTreeMap<String, String>,
    address: &str,
) -> Result<Target, String> {
    let (name, path) = address.split_once('/').unwrap_or((address, ""));
    let id = accounts.get(name).map_or(name, String::as_str);
    let account = AccountId::new(id).map_err(|error| error.to_string())?;
    if !spec.accounts.values().any(|of| of.id == account) {
        return Err(format!(
            "it is in account {account}, which these specs do not name; give the specs that do"
        ));
    }
    let target = Names::target(spec, &account, path);
    target.ok_or_else(|| "it is not the address of a document".to_owned())
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

    /// As [`Self::look`], and what rests on the documents as they are, or would be.
    async fn look_around(
        &self,
        cloud: &Cloud,
        chosen: &[Chosen<'_>],
        found: &BTreeMap<Target, Option<Document>>,
    ) -> Result<Observed, Exit> {
        let follow = |observed: &Observed| {
            let kept = found.iter().map(|(of, kept)| (of, kept.as_ref()));
            let kept = kept.filter(|(of, _)| chosen.iter().any(|one| one.target == *of));
            let all: Vec<_> = observed.iter().chain(kept).collect();
            linked(&self.loaded.spec, &all)
        };
        let targets = chosen.iter().map(|of| of.target);
        let observed = self.read(cloud, targets, follow).await?;
        for (target, why) in observed.out_of_reach() {
            if let OutOfReach::Unread(code) = why {
                let address = Names::of(&self.loaded.spec).address(target);
                self.printer.warning(&format!(
                    "{address} could not be read ({code}): whether something rests on it is not known"
                ));
            }
        }
        Ok(observed)
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

    async fn list(&self, journal: &JournalFile) -> Ended {
        let cloud = self.sign_in().await?;
        let reached = self
            .documents
            .values()
            .filter_map(|of| of.target.as_ref().ok());
        let observed = self.look(&cloud, reached).await?;
        let count = plural(self.documents.len() as u64, "document");
        let mut lines = vec![format!(
            "Run {}, begun {}: {count}.",
            self.run, journal.header.started
        )];
        for (address, of) in &self.documents {
            lines.push(String::new());
            lines.extend(self.listed(address, of, &observed));
        }
        let text: Vec<String> = lines.iter().map(|line| sanitize(line) + "\n").collect();
        self.printer.data(&text.concat())?;
        Ok(Exit::Done)
    }

    fn listed(&self, address: &str, of: &Of, observed: &Observed) -> Vec<String> {
        let give = |document: &str| {
            format!(
                "           give back: {}",
                command(self.run, &self.paths(), &[document])
            )
        };
        let mut lines = vec![address.to_owned()];
        let found = of.kept.before.as_ref().map(|held| self.document(of, held));
        if let (Some(held), Some(document)) = (&of.kept.before, &found) {
            lines.push(format!("  before   {held}: {}", line(document.as_ref())));
            lines.push(give(address));
        }
        for seen in &of.kept.seen {
            let document = self.document(of, &seen.held);
            if self.is_own(of, document.as_ref()) {
                continue;
            }
            lines.push(format!(
                "  seen     {}: {}, which a read answered meanwhile",
                seen.held,
                line(document.as_ref())
            ));
            lines.push(give(&format!("{address}@{}", seen.held)));
        }
        if let Some(left) = &of.kept.left {
            lines.push(format!("  left     {}", short(left)));
        }
        lines.push(format!("  now      {}", self.told(of, found, observed)));
        lines
    }

    /// Whether a document is what the run wrote itself.
    fn is_own(&self, of: &Of, document: Result<&Option<Document>, &String>) -> bool {
        document.is_ok_and(|held| of.kept.own.contains(&fingerprint(held.as_ref())))
    }

    /// What a document holds now, in words.
    fn told(
        &self,
        of: &Of,
        found: Option<Result<Option<Document>, String>>,
        observed: &Observed,
    ) -> String {
        let target = match &of.target {
            Ok(target) => target,
            Err(why) => return format!("not reached: {why}"),
        };
        if let Some(code) = out_of_reach(observed, target) {
            return format!("not reached: {code}");
        }
        let live = observed.document(target);
        let found = found.and_then(Result::ok).flatten();
        let how = match self.now(of, found.as_ref(), live) {
            Now::AsLeft => "as the run left it",
            Now::AsFound => "as before the run",
            Now::Moved => "changed since the run began",
        };
        format!("{how}: {}", described(live))
    }

    async fn give_back(&self, args: &Restore) -> Ended {
        let chosen = self.chosen(args)?;
        let cloud = self.sign_in().await?;
        let found = self.found();
        let observed = self.look_around(&cloud, &chosen, &found).await?;
        let read_at = tokio::time::Instant::now();
        let mut picked = self.pick(&chosen, &observed, &found)?;
        self.leave_what_hurts(&mut picked, &chosen, &observed, &found)?;
        let Picked {
            documents,
            skipped: left,
        } = picked;
        let skipped = left || (args.all && !self.is_whole);
        let restoration = give_back(&self.loaded.spec, &documents);
        if restoration.steps.is_empty() {
            if left {
                return Err(Exit::Stale);
            }
            if skipped {
                self.printer
                    .message("Of what the journal tells, nothing is left to give back.");
                return Ok(Exit::Run(s3ferry_engine::Verdict::Partial));
            }
            self.printer
                .message("Nothing to give back: it is there already.");
            return Ok(Exit::Done);
        }
        let because = format!("run {} found it so", self.run);
        let printer = self.printer;
        printer.data(&s3ferry_render::changes(
            &restoration.changes,
            &because,
            printer.style,
            printer.width,
        ))?;
        for of in &documents {
            if let Some(caveat) = of.caveat() {
                let address = Names::of(&self.loaded.spec).address(&of.target);
                printer.warning(&format!("{address}: {caveat}"));
            }
        }
        if !args.yes {
            if !confirmed(printer) {
                printer.message("Nothing was changed.");
                return Ok(Exit::Interrupted);
            }
            self.must_be_as_shown(&cloud, &documents).await?;
        }
        let job = Job {
            steps: restoration.steps,
            cloud,
            ledger: self.ledger.clone(),
            plan: format!("restore of {}", self.run),
            spec: self.loaded.info.digest.clone(),
            accounts: account_ids(&self.loaded.spec),
            read_at,
            doing: Doing::Restore,
            paths: self.paths(),
        };
        let how = How {
            parallelism: self.parallelism,
            wait: None,
            agree_for: args.agree_for,
            endpoint: None,
        };
        let ended = follow(printer, job, &how).await?;
        ended.journal?;
        match Exit::Run(ended.verdict) {
            Exit::Run(s3ferry_engine::Verdict::Done) if skipped => {
                Ok(Exit::Run(s3ferry_engine::Verdict::Partial))
            }
            exit => Ok(exit),
        }
    }

    /// What the run found, of all that it wrote and that can be had.
    fn found(&self) -> BTreeMap<Target, Option<Document>> {
        let found = self.documents.values().filter_map(|of| {
            let target = of.target.as_ref().ok()?.clone();
            let kept = self.document(of, of.kept.before.as_ref()?).ok()?;
            Some((target, kept))
        });
        found.collect()
    }

    /// Leaves what would take from rules that stay what they rest on, or bring rules back without it; where it was named, nothing
    /// is given back.
    fn leave_what_hurts(
        &self,
        picked: &mut Picked,
        chosen: &[Chosen<'_>],
        observed: &Observed,
        found: &BTreeMap<Target, Option<Document>>,
    ) -> Result<(), Exit> {
        let named = chosen.iter().filter(|one| one.named);
        let named: BTreeSet<&Target> = named.map(|one| one.target).collect();
        let names = Names::of(&self.loaded.spec);
        let judged = loop {
            let judged = hurts(&self.loaded.spec, observed, &picked.documents, found);
            let others = judged.iter().filter(|hurt| !named.contains(&hurt.of));
            let mut left: BTreeMap<&Target, &Hurt> = BTreeMap::new();
            for hurt in others {
                left.entry(&hurt.of).or_insert(hurt);
            }
            if left.is_empty() {
                break judged;
            }
            for (target, hurt) in &left {
                let text = format!("{} is left: {}", names.address(target), hurt.why);
                let hint = self.together(&BTreeSet::from([&hurt.of]), &[hurt], found);
                self.printer.error(&text, Some(&hint));
            }
            picked.skipped = true;
            picked.documents.retain(|of| !left.contains_key(&of.target));
        };
        let (sure, unsure): (Vec<&Hurt>, Vec<&Hurt>) = judged.iter().partition(|of| of.is_sure);
        for hurt in unsure {
            let (address, why) = (names.address(&hurt.of), &hurt.why);
            let text = format!("{address}: {why}, unless another policy of the role grants it");
            self.printer.warning(&text);
        }
        for hurt in &sure {
            let text = format!(
                "{} does not come back: {}",
                names.address(&hurt.of),
                hurt.why
            );
            let hint = self.together(&named, &sure, found);
            self.printer.error(&text, Some(&hint));
        }
        if !sure.is_empty() {
            self.printer.message("Nothing was changed.");
            return Err(Exit::Refused);
        }
        Ok(())
    }

    /// What to do about documents that do harm when they come back without others.
    fn together(
        &self,
        these: &BTreeSet<&Target>,
        hurts: &[&Hurt],
        found: &BTreeMap<Target, Option<Document>>,
    ) -> String {
        let names = Names::of(&self.loaded.spec);
        let wanted = hurts.iter().map(|hurt| &hurt.wants);
        let (kept, other): (BTreeSet<&Target>, BTreeSet<&Target>) =
            wanted.partition(|of| found.contains_key(*of));
        let list = |targets: &BTreeSet<&Target>| {
            let addresses = targets.iter().map(|of| names.address(of));
            addresses.collect::<Vec<_>>()
        };
        if !other.is_empty() {
            let others = list(&other).join(", ");
            return format!(
                "this run kept nothing of {others}, which would have to change with it: see to that first, by an apply or by hand"
            );
        }
        let all = list(&these.union(&kept).copied().collect());
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let kept = list(&kept).join(", ");
        let all = command(self.run, &self.paths(), &all);
        format!("look at {kept}, and name it as well if it shall come back: {all}")
    }

    /// What is asked for, each once.
    fn chosen(&self, args: &Restore) -> Result<Vec<Chosen<'_>>, Exit> {
        let mut chosen: BTreeMap<&str, Chosen<'_>> = BTreeMap::new();
        let mut wrong = false;
        for asked in &args.document {
            match self.named(asked) {
                Ok(one) if !chosen.contains_key(one.address) => {
                    chosen.insert(one.address, one);
                }
                Ok(one) => {
                    wrong = true;
                    let text = format!("{} is named twice", one.address);
                    self.printer.error(&text, Some("name each document once"));
                }
                Err((text, hint)) => {
                    wrong = true;
                    self.printer.error(&text, Some(&hint));
                }
            }
        }
        if wrong {
            return Err(Exit::Usage);
        }
        if args.all {
            for (address, of) in &self.documents {
                match &of.target {
                    Ok(_) if of.kept.before.is_none() => {}
                    Ok(target) => {
                        chosen.entry(address).or_insert(Chosen {
                            address,
                            of,
                            target,
                            seen: None,
                            named: false,
                        });
                    }
                    Err(why) => self.printer.warning(&format!("{address} is left: {why}")),
                }
            }
        }
        Ok(chosen.into_values().collect())
    }

    /// The document that an address names, with `@` and the name of one of those that are kept of it.
    fn named(&self, asked: &str) -> Result<Chosen<'_>, (String, String)> {
        let (address, held) = match asked.rsplit_once('@') {
            Some((address, held)) if !self.documents.contains_key(asked) => (address, Some(held)),
            Some(_) | None => (asked, None),
        };
        let list = || {
            let how = command(self.run, &self.paths(), &[]);
            format!("see what it kept: {how}")
        };
        let Some((address, of)) = self.documents.get_key_value(address) else {
            let text = format!("run {} wrote nothing at \"{}\"", self.run, shown(address));
            return Err((text, list()));
        };
        let target = of.target.as_ref().map_err(|why| {
            let text = format!("{address} cannot be given back: {why}");
            (text, list())
        })?;
        let seen = match held {
            None if of.kept.before.is_some() => None,
            None => {
                let text = format!("run {} did not write {address}", self.run);
                return Err((text, list()));
            }
            Some(held)
                if of
                    .kept
                    .before
                    .as_ref()
                    .is_some_and(|of| is_called(of, held)) =>
            {
                None
            }
            Some(held) => {
                let found = of.kept.seen.iter().find(|seen| is_called(&seen.held, held));
                let found = found.ok_or_else(|| {
                    let text = format!("run {} kept no {} of {address}", self.run, shown(held));
                    (text, list())
                })?;
                Some(found)
            }
        };
        Ok(Chosen {
            address,
            of,
            target,
            seen,
            named: true,
        })
    }

    /// What is given back of all that was asked for: what can be, and what nobody changed since unless it was named.
    fn pick(
        &self,
        chosen: &[Chosen<'_>],
        observed: &Observed,
        found: &BTreeMap<Target, Option<Document>>,
    ) -> Result<Picked, Exit> {
        let mut picked = Picked::default();
        let mut refused = None;
        let places = Places::of(&self.loaded.spec, observed, found);
        for one in chosen {
            let live = observed.document(one.target);
            if let Some(code) = out_of_reach(observed, one.target) {
                let text = format!("{} cannot be reached: {code}", one.address);
                let hint = "its bucket is in another Region, or somebody else's by now: what is there is not what the run wrote";
                self.printer.error(&text, Some(hint));
                refused = refused.or(Some(Exit::Error));
                continue;
            }
            let before = self.kept_for(one, one.of.kept.before.as_ref())?;
            let now = self.now(one.of, before.as_ref(), live);
            if !one.named && now == Now::Moved {
                picked.skipped = true;
                let text = format!("{} was changed since the run, and is left", one.address);
                let hint = format!(
                    "look at it, and name it if it shall be written over: {}",
                    command(self.run, &self.paths(), &[one.address])
                );
                self.printer.error(&text, Some(&hint));
                continue;
            }
            let kept = match one.seen {
                None => before,
                Some(seen) => {
                    let was = self.kept_for(one, seen.was.as_ref())?;
                    let held = self.kept_for(one, Some(&seen.held))?;
                    done_again(one.target, [was.as_ref(), held.as_ref(), live])
                }
            };
            let of = GivenBack {
                target: one.target.clone(),
                live: live.cloned(),
                kept,
            };
            if same(of.live.as_ref(), of.kept.as_ref()) {
                continue;
            }
            if !places.are_written(&of) {
                let text = format!(
                    "{} is left: nothing there is of the spec {}, so no run of it wrote there",
                    one.address, self.loaded.spec.name
                );
                let hint =
                    "the journal says otherwise: whoever changed it wants something written there";
                self.printer.error(&text, Some(hint));
                picked.skipped = true;
                if one.named {
                    refused = refused.or(Some(Exit::Refused));
                }
                continue;
            }
            if let Some(obstacle) = of.obstacle(has_whole(one.target, chosen, observed)) {
                let text = format!("{} does not come back: {}", one.address, obstacle.why);
                if one.named {
                    self.printer.error(&text, Some(&obstacle.way_out));
                    refused = refused.or(Some(Exit::Refused));
                } else {
                    let text = format!("{text}; {}", obstacle.way_out);
                    self.printer.warning(&text);
                }
                continue;
            }
            picked.documents.push(of);
        }
        match refused {
            Some(exit) => {
                self.printer.message("Nothing was changed.");
                Err(exit)
            }
            None => Ok(picked),
        }
    }

    /// A document that is to be relied on.
    fn kept_for(
        &self,
        Chosen { address, of, .. }: &Chosen<'_>,
        held: Option<&Held>,
    ) -> Result<Option<Document>, Exit> {
        let Some(held) = held else {
            return Ok(None);
        };
        self.document(of, held).map_err(|why| {
            let text = format!("{address}: {held} is not what was kept: {why}");
            let hint = "nothing of it is written; take the ledger's documents from a copy that nobody changed";
            self.printer.error(&text, Some(hint));
            self.printer.message("Nothing was changed.");
            Exit::Error
        })
    }

    /// Minutes may have gone by at the question: what was said yes to must still be what there is.
    async fn must_be_as_shown(&self, cloud: &Cloud, documents: &[GivenBack]) -> Result<(), Exit> {
        let targets = documents.iter().map(|of| &of.target);
        let observed = self.look(cloud, targets).await?;
        let names = Names::of(&self.loaded.spec);
        let is_other = |of: &&GivenBack| !same(observed.document(&of.target), of.live.as_ref());
        let moved: Vec<&GivenBack> = documents.iter().filter(is_other).collect();
        if moved.is_empty() {
            return Ok(());
        }
        let count = plural(moved.len() as u64, "document");
        let text = format!("{count} changed while the question was open");
        self.printer
            .error(&text, Some("run it again and look at what it shows"));
        for of in moved {
            self.printer
                .message(&format!("  {}", names.address(&of.target)));
        }
        Err(Exit::Stale)
    }
}

/// What is given back.
#[derive(Default)]
struct Picked {
    documents: Vec<GivenBack>,
    /// Whether something was left because it was changed since.
    skipped: bool,
}

/// Whether a name, which may be cut short, is that of a document.
fn is_called(held: &Held, name: &str) -> bool {
    /// Fewer digits may be those of another one.
    const FEWEST: usize = "sha256:".len() + 12;
    let whole = held.to_string();
    whole == name || (name.len() >= FEWEST && whole.starts_with(name))
}

/// The code of the error that says that a target is elsewhere by now.
fn out_of_reach<'a>(observed: &'a Observed, target: &Target) -> Option<&'a str> {
    match observed.out_of_reach().get(target)? {
        OutOfReach::Elsewhere(code) | OutOfReach::Unread(code) => Some(code),
    }
}

/// Whether what a document is a part of is there, or is given back with it.
fn has_whole(target: &Target, chosen: &[Chosen<'_>], observed: &Observed) -> bool {
    let is_whole = matches!(
        target,
        Target::Bucket(_, BucketPart::Itself) | Target::Role(_, RolePart::Itself)
    );
    let Some(whole) = target.whole().filter(|_| !is_whole) else {
        return true;
    };
    let comes = chosen.iter().any(|of| {
        *of.target == whole && matches!(whole, Target::Role(_, _)) && of.of.kept.before.is_some()
    });
    observed.document(&whole).is_some() || comes
}

/// A kept document in a line.
fn line(document: Result<&Option<Document>, &String>) -> String {
    match document {
        Ok(document) => described(document.as_ref()),
        Err(why) => format!("cannot be had: {why}"),
    }
}

/// A document in a line.
fn described(document: Option<&Document>) -> String {
    let Some(document) = document else {
        return "nothing".to_owned();
    };
    let name = document.kind().facts().name;
    match document.items().as_slice() {
        [] => format!("{name} without items"),
        [one] if one.path.is_empty() => name.to_owned(),
        items => format!("{name} of {}", plural(items.len() as u64, "item")),
    }
}

/// As much of a fingerprint as tells it from others.
fn short(print: &str) -> &str {
    print.get(..16).unwrap_or(print)
}
