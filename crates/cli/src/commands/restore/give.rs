//! Giving documents back: what would hurt is left, what is shown is asked for, and the steps are followed.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_aws::Cloud;
use s3ferry_core::model::{Document, Observed, OutOfReach, Target, same};
use s3ferry_core::names::Names;
use s3ferry_core::plan::restore::left_the_spec;
use s3ferry_core::plan::{GivenBack, Hurt, give_back, hurts, linked};
use s3ferry_engine::Verdict;
use s3ferry_render::plural;

use super::Work;
use super::choose::{Chosen, Picked};
use crate::args::Restore;
use crate::commands::Ended;
use crate::commands::apply::{How, Job, account_ids, confirmed, follow};
use crate::exit::Exit;
use crate::overwritten::command;
use crate::progress::Doing;

impl Work<'_> {
    pub(super) async fn give_back(&self, args: &Restore) -> Ended {
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
                return Ok(Exit::Run(Verdict::Partial));
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
        self.warn_of_what_left(&documents);
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
            Exit::Run(Verdict::Done) if skipped => Ok(Exit::Run(Verdict::Partial)),
            exit => Ok(exit),
        }
    }

    /// Says what comes back against the spec.
    fn warn_of_what_left(&self, documents: &[GivenBack]) {
        let names = Names::of(&self.loaded.spec);
        let left = left_the_spec(&self.loaded.spec, documents).into_iter();
        let left: Vec<String> = left.map(|target| names.address(target)).collect();
        if !left.is_empty() {
            let text = format!(
                "the spec asks for nothing at {} any more: the next apply takes away again what is s3ferry's there, unless what asked for it is put back into the spec before",
                left.join(", ")
            );
            self.printer.warning(&text);
        }
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
