//! Which documents are asked for, and which of them can come back.

use std::collections::BTreeMap;

use s3ferry_core::model::{Document, Observed, Target, same};
use s3ferry_core::names::Names;
use s3ferry_core::plan::restore::Places;
use s3ferry_core::plan::{GivenBack, done_again};
use s3ferry_engine::ledger::Held;
use s3ferry_engine::restore::{Kept, Seen, kept};

use super::{Now, Of, Work, out_of_reach};
use crate::args::Restore;
use crate::exit::Exit;
use crate::overwritten::command;
use crate::shown::shown;

/// What is to be given back of a document.
pub(super) struct Chosen<'a> {
    pub(super) address: &'a str,
    pub(super) of: &'a Of,
    pub(super) target: &'a Target,
    /// What was seen in passing; nothing where it is what the run found first.
    pub(super) seen: Option<&'a Seen>,
    /// Whether it was asked for by its address.
    pub(super) named: bool,
}

/// What is given back.
#[derive(Default)]
pub(super) struct Picked {
    pub(super) documents: Vec<GivenBack>,
    /// Whether something was left because it was changed since.
    pub(super) skipped: bool,
}

/// What becomes of a document that was asked for.
enum Weighed {
    /// It comes back.
    Comes(Box<GivenBack>),
    /// It is left although it could come back.
    Left,
    /// It was named and cannot come back: then nothing does.
    Refused(Exit),
    /// It is there already, or can never come back.
    Stays,
}

impl Work<'_> {
    /// What is asked for, each once.
    pub(super) fn chosen(&self, args: &Restore) -> Result<Vec<Chosen<'_>>, Exit> {
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
    pub(super) fn pick(
        &self,
        chosen: &[Chosen<'_>],
        observed: &Observed,
        found: &BTreeMap<Target, Option<Document>>,
    ) -> Result<Picked, Exit> {
        let places = Places::of(&self.loaded.spec, observed, found);
        let mut picked = Picked::default();
        let mut refused = None;
        for one in chosen {
            match self.weigh(one, chosen, observed, &places)? {
                Weighed::Comes(of) => picked.documents.push(*of),
                Weighed::Left => picked.skipped = true,
                Weighed::Refused(exit) => refused = refused.or(Some(exit)),
                Weighed::Stays => {}
            }
        }
        match refused {
            Some(exit) => {
                self.printer.message("Nothing was changed.");
                Err(exit)
            }
            None => Ok(picked),
        }
    }

    /// Whether one document comes back; where not, it is said why.
    fn weigh(
        &self,
        one: &Chosen<'_>,
        chosen: &[Chosen<'_>],
        observed: &Observed,
        places: &Places,
    ) -> Result<Weighed, Exit> {
        let live = observed.document(one.target);
        if let Some(code) = out_of_reach(observed, one.target) {
            let text = format!("{} cannot be reached: {code}", one.address);
            let hint = "its bucket is in another Region, or somebody else's by now: what is there is not what the run wrote";
            self.printer.error(&text, Some(hint));
            return Ok(Weighed::Refused(Exit::Error));
        }
        let before = self.kept_for(one, one.of.kept.before.as_ref())?;
        let now = self.now(one.of, before.as_ref(), live);
        if !one.named && now == Now::Moved {
            let text = format!("{} was changed since the run, and is left", one.address);
            let hint = format!(
                "look at it, and name it if it shall be written over: {}",
                command(self.run, &self.paths(), &[one.address])
            );
            self.printer.error(&text, Some(&hint));
            return Ok(Weighed::Left);
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
            return Ok(Weighed::Stays);
        }
        if !places.are_written(&of) {
            let text = format!(
                "{} is left: the spec {} does not name the place, and nothing there carries its mark",
                one.address, self.loaded.spec.name
            );
            let hint = "if it left the spec, put it back there and run this again; if no spec of this name ever had it, somebody changed the journal";
            self.printer.error(&text, Some(hint));
            return Ok(if one.named {
                Weighed::Refused(Exit::Refused)
            } else {
                Weighed::Left
            });
        }
        let has_whole = has_whole(one.target, chosen, observed);
        let Some(mut obstacle) = of.obstacle(has_whole) else {
            return Ok(Weighed::Comes(Box::new(of)));
        };
        if !has_whole && let Some(way_out) = self.with_its_whole(one) {
            obstacle.way_out = way_out;
        }
        let text = format!("{} does not come back: {}", one.address, obstacle.why);
        if one.named {
            self.printer.error(&text, Some(&obstacle.way_out));
            return Ok(Weighed::Refused(Exit::Refused));
        }
        self.printer
            .warning(&format!("{text}; {}", obstacle.way_out));
        Ok(Weighed::Stays)
    }

    /// How a document comes back with what it is a part of: by this run where it kept that, or after it by the last run that did.
    fn with_its_whole(&self, one: &Chosen<'_>) -> Option<String> {
        let whole = one.target.whole().filter(comes_back)?;
        let names = Names::of(&self.loaded.spec);
        let address = names.address(&whole);
        let back = |run: &str, all: &[&str]| command(run, &self.paths(), all);
        let is_kept = |kept: &Kept| matches!(kept.before, Some(Held::Document(_)));
        if self
            .documents
            .get(&address)
            .is_some_and(|of| is_kept(&of.kept))
        {
            let both = back(self.run, &[&address, one.address]);
            return Some(format!("give {address} back with it: {both}"));
        }
        let runs = self.ledger.runs().ok()?.into_iter().rev();
        let keeps = |run: &String| {
            let journal = self.ledger.journal_of(run).ok();
            let all = journal.map(|journal| kept(&journal)).unwrap_or_default();
            all.get(&address).is_some_and(is_kept)
        };
        let run = runs.into_iter().find(keeps)?;
        Some(format!(
            "give {address} back first: {}",
            back(&run, &[&address])
        ))
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
}

/// Whether a name, which may be cut short, is that of a document.
fn is_called(held: &Held, name: &str) -> bool {
    /// Fewer digits may be those of another one.
    const FEWEST: usize = "sha256:".len() + 12;
    let whole = held.to_string();
    whole == name || (name.len() >= FEWEST && whole.starts_with(name))
}

/// Whether what a document is a part of is there, or is given back with it.
fn has_whole(target: &Target, chosen: &[Chosen<'_>], observed: &Observed) -> bool {
    let Some(whole) = target.whole().filter(|whole| whole != target) else {
        return true;
    };
    let is_given = |of: &Chosen<'_>| *of.target == whole && of.of.kept.before.is_some();
    let comes = comes_back(&whole) && chosen.iter().any(is_given);
    observed.document(&whole).is_some() || comes
}

/// Whether a thing that is gone can be made again by a restore.
const fn comes_back(whole: &Target) -> bool {
    matches!(whole, Target::Role(_, _) | Target::Trail(_, _))
}
