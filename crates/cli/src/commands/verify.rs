//! `s3ferry verify`: both sides of migrations compared, and a receipt of what was found.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use s3ferry_aws::Cloud;
use s3ferry_core::format::verification::{Verification, VerifiedVersion};
use s3ferry_core::goals::compared;
use s3ferry_core::phase::Part;
use s3ferry_core::route::Route;
use s3ferry_core::spec::{Compared, Depth, Share};
use s3ferry_engine::ledger::{Checkpoint, FolderLedger, ReceiptId};
use s3ferry_engine::verify::{
    Comparison, Ended, Failure, Lists, Matching, PIECE, Progress, Remark, Since, Stretch, Told,
    Watch, compare, compare_lists, compare_since, newest, place, verification, version,
};
use s3ferry_engine::{CancelToken, canceller};
use s3ferry_verify::{Asked, Count, Reach, Tally};
use serde_json::{Value, json};

use super::{Ended as Exited, listen};
use crate::args::{self, Matched, Verify, VerifyFormat};
use crate::build_info::VERSION;
use crate::causes::messages;
use crate::exit::Exit;
use crate::planning::{now, sign_in};
use crate::printer::Printer;
use crate::specs::{Loaded, load};

/// How often it is noted how far a comparison is.
const NOTE: Duration = Duration::from_secs(5);

/// Stretches compared at once: each has a call under way at both sides.
const HANDS: usize = 16;

pub(crate) async fn run(printer: &Printer, args: &Verify, parallelism: usize) -> Exited {
    since_what_is_listed(printer, args)?;
    let loaded = load(printer, &args.paths.paths, &args.target)?;
    let mut differences = Differences::open(printer, args.differences.as_deref())?;
    let (cloud, _) = sign_in(printer, &loaded, parallelism, None).await?;
    let ledger = FolderLedger::new(&loaded.ledger);
    let (canceller, cancel) = canceller();
    let listener = listen(canceller);
    let mut all = Vec::new();
    let mut failed = Vec::new();
    for route in loaded.spec.routes() {
        if !loaded.scope.covers(route.name) {
            continue;
        }
        let one = One {
            printer,
            args,
            loaded: &loaded,
            ledger: &ledger,
            cancel: &cancel,
            route: &route,
            hands: HANDS.min(parallelism),
        };
        let verified = match one.verify(&cloud).await {
            Ok(verified) => verified,
            Err(Exit::Interrupted) => {
                failed.push(Exit::Interrupted);
                break;
            }
            // The others are compared all the same: all that is wrong is told at once.
            Err(exit) => {
                failed.push(exit);
                continue;
            }
        };
        differences.add(printer, &verified.versions)?;
        if args.format == VerifyFormat::Text {
            tell(printer, &verified)?;
        }
        all.push(verified);
    }
    listener.abort();
    match args.format {
        VerifyFormat::Text => {}
        VerifyFormat::Json => {
            let all: Vec<Value> = all.iter().map(as_json).collect();
            let text = format!("{:#}\n", Value::Array(all));
            printer.data(&s3ferry_render::sanitize_json(&text))?;
        }
        VerifyFormat::Junit => {
            let found = all.iter().map(|one| (&one.found, &*one.versions));
            printer.data(&s3ferry_render::verification_junit(found))?;
        }
    }
    Ok(end(&all, &failed))
}

/// What an earlier comparison tells is of versions, and of when they were listed.
fn since_what_is_listed(printer: &Printer, args: &Verify) -> Result<(), Exit> {
    let is_listed = args.from == args::Told::Listing && args.matched == Matched::Versions;
    if args.since.is_none() || is_listed {
        return Ok(());
    }
    let help = "leave --from inventory or --match current out, or --since";
    let text = "--since goes on from listings of all versions";
    printer.error(text, Some(help));
    Err(Exit::Usage)
}

/// What was not compared comes before what was found: it may be worse.
fn end(all: &[Verified], failed: &[Exit]) -> Exit {
    let first = [Exit::Interrupted, Exit::Denied, Exit::Error];
    let failed = first.into_iter().find(|exit| failed.contains(exit));
    let is_clean = all.iter().all(|one| one.found.clean);
    failed.unwrap_or(if is_clean { Exit::Done } else { Exit::Differs })
}

/// What was found of one migration.
struct Verified {
    found: Verification,
    /// What is different or not known, one by one.
    versions: Vec<VerifiedVersion>,
    receipt: ReceiptId,
}

fn as_json(one: &Verified) -> Value {
    let Verified {
        found,
        versions,
        receipt,
    } = one;
    json!({ "receipt": receipt.to_string(), "found": found, "versions": versions })
}

fn tell(printer: &Printer, one: &Verified) -> Result<(), Exit> {
    let Verified {
        found,
        versions,
        receipt,
    } = one;
    let text = s3ferry_render::verification_text(found, versions, printer.style, printer.width);
    let summary = s3ferry_render::verification_summary(found);
    printer.data(&format!("{text}{summary}\nReceipt: {receipt}\n\n"))
}

/// The comparison that one goes on from.
struct Earlier {
    receipt: ReceiptId,
    since: Since,
}

/// The comparison of one migration.
struct One<'a> {
    printer: &'a Printer,
    args: &'a Verify,
    loaded: &'a Loaded,
    ledger: &'a FolderLedger,
    cancel: &'a CancelToken,
    route: &'a Route<'a>,
    hands: usize,
}

impl One<'_> {
    async fn verify(&self, cloud: &Cloud) -> Result<Verified, Exit> {
        match self.args.from {
            args::Told::Listing => self.by_listings(cloud).await,
            args::Told::Inventory => self.by_inventories(cloud).await,
        }
    }

    async fn by_listings(&self, cloud: &Cloud) -> Result<Verified, Exit> {
        let since = self.since()?;
        let mut noted = self.checkpoint(since.as_ref());
        let of = self.comparison(&noted.settled);
        let from = progress(&noted);
        if of.asked.content > Share::NONE && from == Progress::default() {
            self.tell_cost(cloud, &of, since.as_ref()).await?;
        }
        let mut watching = self.watching(&mut noted, &from.tally);
        let (cloud, own, cancel) = (cloud.clone(), of.clone(), self.cancel);
        let ended = match &since {
            None => compare(cloud, own, from, &mut watching, cancel).await,
            Some(Earlier { since, .. }) => {
                compare_since(cloud, own, since, from, &mut watching, cancel).await
            }
        };
        self.printer.clear_status();
        let tally = match ended {
            Ok(Ended::Whole(tally)) => tally,
            Ok(Ended::Stopped(progress)) => return Err(self.stopped(&mut noted, progress)),
            Err(failure) => return Err(self.failed(&noted, &failure)),
        };
        let since = since.map(|of| of.receipt);
        let verified = self.keep_receipt(&of, &tally, noted, None, since)?;
        let forgotten = self.ledger.forget_checkpoint(&self.name());
        forgotten.map_err(|error| self.unkept(&error.to_string()))?;
        Ok(verified)
    }

    /// Says what reading content will take, from the listings of both sides, before anything is read.
    async fn tell_cost(
        &self,
        cloud: &Cloud,
        of: &Comparison,
        since: Option<&Earlier>,
    ) -> Result<(), Exit> {
        let listed = Comparison {
            asked: Asked::default(),
            reach: since.map_or(Reach::All, |of| Reach::Since(of.since.before.clone())),
            looks: 0,
            told: 0,
            ..of.clone()
        };
        let mut noted = self.begun(since);
        let from = Progress::default();
        let ended = compare(cloud.clone(), listed, from, &mut Unwatched, self.cancel).await;
        let tally = match ended {
            Ok(Ended::Whole(tally)) => tally,
            Ok(Ended::Stopped(progress)) => return Err(self.stopped(&mut noted, progress)),
            Err(failure) => return Err(self.failed(&noted, &failure)),
        };
        let passed = since.map_or_else(Count::default, |of| of.since.covered(&tally));
        let versions = tally.source.objects.saturating_sub(passed.versions);
        let bytes = tally.source.bytes.saturating_sub(passed.bytes);
        let text = s3ferry_render::content_ahead(versions, bytes, of.asked.content, PIECE);
        self.printer
            .message(&format!("{}: {text}", self.route.name));
        Ok(())
    }

    async fn by_inventories(&self, cloud: &Cloud) -> Result<Verified, Exit> {
        let mut noted = self.begun(None);
        let mut of = self.comparison(&noted.settled);
        let lists = self.lists(cloud).await;
        let lists = lists.map_err(|failure| self.failed(&noted, &failure))?;
        of.covered = of.covered.min(lists.settled());
        let folder = tempfile::tempdir().map_err(|error| {
            let text = format!("cannot make a folder for the lists: {error}");
            self.printer.error(&text, None);
            Exit::Error
        })?;
        let (cloud, own) = (cloud.clone(), of.clone());
        let mut watching = self.watching(&mut noted, &Tally::default());
        let path = folder.path();
        let ended = compare_lists(cloud, own, &lists, path, &mut watching, self.cancel).await;
        self.printer.clear_status();
        let tally = match ended {
            Ok(Ended::Whole(tally)) => tally,
            Ok(Ended::Stopped(_)) => {
                self.printer
                    .message("Stopped. The same command begins anew.");
                return Err(Exit::Interrupted);
            }
            Err(failure) => return Err(self.failed(&noted, &failure)),
        };
        self.keep_receipt(&of, &tally, noted, Some(lists), None)
    }

    /// The newest lists of both sides, told.
    async fn lists(&self, cloud: &Cloud) -> Result<Lists, Failure> {
        let Route {
            name,
            source,
            destination,
            ..
        } = self.route;
        let (spec, matching) = (&self.loaded.spec.name, self.matching());
        let place = |of| place(cloud, self.route, spec, of, matching);
        let (one, two) = (place(source).await?, place(destination).await?);
        let lists = newest(cloud, &one, &two, matching == Matching::Versions).await?;
        for passed in &lists.passed {
            self.printer
                .message(&format!("{name}: passed over: {passed}"));
        }
        self.printer.message(&format!(
            "{name}: from the inventories of {} (source) and {} (destination)",
            lists.source.created(),
            lists.destination.created()
        ));
        Ok(lists)
    }

    fn watching<'a>(&'a self, noted: &'a mut Checkpoint, counted: &Tally) -> Watching<'a> {
        Watching {
            one: self,
            noted,
            began: Instant::now(),
            counted: counted.source.objects + counted.destination.objects,
            written: Instant::now(),
        }
    }

    fn keep_receipt(
        &self,
        of: &Comparison,
        tally: &Tally,
        mut noted: Checkpoint,
        lists: Option<Lists>,
        since: Option<ReceiptId>,
    ) -> Result<Verified, Exit> {
        let told = Told {
            s3ferry: VERSION.to_owned(),
            spec: self.loaded.info.name.clone(),
            spec_digest: self.loaded.info.digest.clone(),
            migration: self.route.name.to_string(),
            subject: compared(self.route),
            started: noted.started.clone(),
            ended: now(),
            lists,
            since: since.map(|of| of.to_string()),
        };
        let found = verification(of, tally, told);
        let kept = self.ledger.keep_verification(&found);
        let receipt = kept.map_err(|error| self.unkept(&error.to_string()))?;
        noted.versions.sort_by(|one, other| {
            (&one.key, &one.source_version).cmp(&(&other.key, &other.source_version))
        });
        Ok(Verified {
            found,
            versions: noted.versions,
            receipt,
        })
    }

    fn asked(&self) -> Asked {
        // What a gate asks for is what is done unless something else is said.
        let migration = &self.route.migration;
        let of_gate = Part::VerifiedGoal.is_in(migration.phase);
        let of_gate = of_gate.then_some(&migration.verify);
        let depth = self.args.depth.map(Depth::from);
        let unsaid = of_gate.map_or((Depth::Listing, Share::NONE), |of| (of.depth, of.content));
        let (depth, content) = match depth {
            None => unsaid,
            Some(Depth::Content) => (Depth::Content, Share::ALL),
            Some(depth) => (depth, Share::NONE),
        };
        let mut all: BTreeSet<Compared> = of_gate.map(|of| of.compare.clone()).unwrap_or_default();
        all.extend(self.args.compare.iter().map(|what| Compared::from(*what)));
        Asked {
            checksums: match depth {
                Depth::Listing => false,
                Depth::Checksum | Depth::Content => true,
            },
            content: self.args.sample.unwrap_or(content),
            class: all.contains(&Compared::Class),
            metadata: all.contains(&Compared::Metadata),
            tags: all.contains(&Compared::Tags),
        }
    }

    /// The comparison that this one goes on from, where one is asked for.
    fn since(&self) -> Result<Option<Earlier>, Exit> {
        let Some(asked) = &self.args.since else {
            return Ok(None);
        };
        let name = self.route.name;
        let fail = |text: &str| {
            let help =
                "without --since every version is compared, and the receipt is one to go on from";
            self.printer.error(&format!("{name}: {text}"), Some(help));
            Exit::Error
        };
        let kept = self.ledger.verifications();
        let mut kept = kept.map_err(|error| fail(&error.to_string()))?;
        kept.found.retain(|(id, of)| match asked {
            args::Since::Last => of.migration == name.as_str(),
            args::Since::Receipt(asked) => id.to_string() == *asked,
        });
        // The newest first.
        kept.found
            .sort_by(|(_, one), (_, other)| other.started.cmp(&one.started));
        let subject = compared(self.route);
        let mut why = None;
        for (receipt, of) in kept.found {
            match Since::of(&of, &subject, self.asked()) {
                Ok(since) => {
                    self.printer.message(&format!(
                        "{name}: going on from the comparison of {} ({receipt})",
                        of.as_of()
                    ));
                    return Ok(Some(Earlier { receipt, since }));
                }
                Err(error) => drop(why.get_or_insert_with(|| {
                    format!("cannot go on from {receipt} of {}: {error}", of.as_of())
                })),
            }
        }
        Err(fail(&why.unwrap_or_else(|| {
            format!("the ledger has no such receipt of a comparison: {asked}")
        })))
    }

    fn matching(&self) -> Matching {
        match self.args.matched {
            Matched::Versions => Matching::Versions,
            Matched::Current => Matching::Current,
        }
    }

    fn comparison(&self, settled: &str) -> Comparison {
        let asked = self.asked();
        let looks_as_needed = asked.looks_at_all() || asked.content > Share::NONE;
        Comparison {
            migration: self.route.migration.clone(),
            source: self.route.source.clone(),
            destination: self.route.destination.clone(),
            matching: self.matching(),
            asked,
            reach: Reach::All,
            settled: settled.to_owned(),
            covered: settled.to_owned(),
            hands: self.hands,
            looks: if looks_as_needed {
                u64::MAX
            } else {
                self.args.max_looks
            },
            told: self.args.max_differences as u64,
        }
    }

    /// What is compared, so that another comparison does not go on from where this one is.
    fn identity(&self, since: Option<&Earlier>) -> String {
        let Route {
            source,
            destination,
            migration,
            ..
        } = self.route;
        let since = since.map(|of| of.receipt.to_string());
        format!(
            "{source:?} {destination:?} {:?} {:?} {:?} {since:?}",
            migration.rules,
            self.asked(),
            self.matching()
        )
    }

    fn name(&self) -> String {
        let Route {
            name,
            source,
            destination,
            ..
        } = self.route;
        let of = format!("{name} {source:?} {destination:?}");
        format!(
            "{name}-{}",
            &ReceiptId::of(of.as_bytes()).to_string()["sha256:".len()..][..16]
        )
    }

    /// Where an earlier run of this comparison was stopped, or the beginning.
    fn checkpoint(&self, since: Option<&Earlier>) -> Checkpoint {
        let found = self.ledger.checkpoint(&self.name(), &self.identity(since));
        if let Some(found) = found.filter(|_| !self.args.fresh) {
            let counted = found.tally.source.objects + found.tally.destination.objects;
            self.printer.message(&format!(
                "{}: going on from {} that a run begun at {} has compared; --fresh begins anew",
                self.route.name,
                s3ferry_render::plural(counted, "version"),
                found.started
            ));
            return found;
        }
        self.begun(since)
    }

    /// The beginning.
    fn begun(&self, since: Option<&Earlier>) -> Checkpoint {
        let began = Timestamp::now();
        let settle = jiff::SignedDuration::try_from(self.args.settle).unwrap_or_default();
        Checkpoint {
            of: self.identity(since),
            started: now(),
            settled: began.saturating_sub(settle).map_or_else(
                |_| now(),
                |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            ),
            tally: Tally::default(),
            left: Vec::new(),
            versions: Vec::new(),
        }
    }

    fn stopped(&self, noted: &mut Checkpoint, progress: Progress) -> Exit {
        note(noted, progress);
        self.keep(noted, "Stopped. The same command goes on from here.");
        Exit::Interrupted
    }

    fn failed(&self, noted: &Checkpoint, failure: &Failure) -> Exit {
        let exit = match failure {
            Failure::Port(error) if error.code == "NoSuchBucket" => {
                let text = format!("{}: {error}", self.route.name);
                let help = "apply the spec, which makes what it shall make, or correct the name";
                self.printer.error(&text, Some(help));
                Exit::Error
            }
            Failure::Port(error) => {
                for (text, hint) in messages(std::slice::from_ref(error)) {
                    self.printer.error(&text, hint);
                }
                Exit::of_errors(std::iter::once(error))
            }
            Failure::Inventory { .. } => {
                let text = format!("{}: {failure}", self.route.name);
                let help = "--from listing compares the live buckets; where inventories shall go stands in the spec: logging.inventory";
                self.printer.error(&text, Some(help));
                Exit::Error
            }
            Failure::Listing { .. } | Failure::Stopped(_) => {
                self.printer.error(&failure.to_string(), None);
                Exit::Error
            }
        };
        self.keep(
            noted,
            "The same command goes on from what was compared by then.",
        );
        exit
    }

    /// Notes how far it came, where that is anywhere, and says so.
    fn keep(&self, noted: &Checkpoint, said: &str) {
        let Tally {
            source,
            destination,
            ..
        } = &noted.tally;
        let counted = source.objects + source.markers + destination.objects + destination.markers;
        let is_listed = self.args.from == args::Told::Listing;
        if counted == 0 || (noted.left.is_empty() && !is_listed) {
            return;
        }
        match self.ledger.keep_checkpoint(&self.name(), noted) {
            Ok(()) => self.printer.message(said),
            Err(error) => drop(self.unkept(&error.to_string())),
        }
    }

    fn unkept(&self, why: &str) -> Exit {
        self.printer
            .error(&format!("cannot keep what was compared: {why}"), None);
        Exit::Error
    }
}

fn progress(noted: &Checkpoint) -> Progress {
    let stretch = |(after, before): &(Option<String>, Option<String>)| Stretch {
        after: after.clone().map(String::into_bytes),
        before: before.clone().map(String::into_bytes),
    };
    Progress {
        tally: noted.tally.clone(),
        left: noted.left.iter().map(stretch).collect(),
    }
}

fn note(noted: &mut Checkpoint, progress: Progress) {
    let text = |key: Vec<u8>| String::from_utf8_lossy(&key).into_owned();
    noted.tally = progress.tally;
    let left = progress.left.into_iter();
    noted.left = left
        .map(|of| (of.after.map(text), of.before.map(text)))
        .collect();
}

/// A comparison of which nothing is shown.
struct Unwatched;

impl Watch for Unwatched {
    fn progress(&mut self, _: &Progress) {}

    fn remark(&mut self, _: &Remark) {}
}

/// Shows how far a comparison is, and notes it.
struct Watching<'a> {
    one: &'a One<'a>,
    noted: &'a mut Checkpoint,
    began: Instant,
    /// Versions of both sides that an earlier run counted.
    counted: u64,
    written: Instant,
}

impl Watch for Watching<'_> {
    fn progress(&mut self, progress: &Progress) {
        let tally = &progress.tally;
        let versions = tally.source.objects + tally.destination.objects;
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let rate = (versions.saturating_sub(self.counted)) as f64 / seconds;
        let different = match tally.different() {
            0 => String::new(),
            different => format!(", {} different", s3ferry_render::number(different)),
        };
        self.one.printer.status(&format!(
            "{}: {} of both sides, {} a second{different} ({} s)",
            self.one.route.name,
            s3ferry_render::plural(versions, "version"),
            s3ferry_render::number(rate as u64),
            seconds as u64
        ));
        note(self.noted, progress.clone());
        if self.written.elapsed() >= NOTE && !progress.left.is_empty() {
            self.written = Instant::now();
            // A note that cannot be written is missed by who goes on, and the receipt's own failure is told.
            let _ = self
                .one
                .ledger
                .keep_checkpoint(&self.one.name(), self.noted);
        }
    }

    fn remark(&mut self, remark: &Remark) {
        if self.noted.versions.len() >= self.one.args.max_differences {
            return;
        }
        let migration = self.one.route.name.to_string();
        self.noted.versions.push(version(&migration, remark));
    }
}

/// Where differences are written, a JSON object a line.
struct Differences(Option<BufWriter<File>>);

impl Differences {
    fn open(printer: &Printer, path: Option<&Path>) -> Result<Self, Exit> {
        let file = path.map(|path| {
            File::create(path).map_err(|error| {
                let text = format!("cannot write {}: {error}", path.display());
                printer.error(&text, None);
                Exit::Error
            })
        });
        Ok(Self(file.transpose()?.map(BufWriter::new)))
    }

    fn add(&mut self, printer: &Printer, versions: &[VerifiedVersion]) -> Result<(), Exit> {
        let Some(file) = &mut self.0 else {
            return Ok(());
        };
        let mut write = || {
            for version in versions {
                serde_json::to_writer(&mut *file, version)?;
                file.write_all(b"\n")?;
            }
            file.flush()
        };
        write().map_err(|error| {
            printer.error(&format!("cannot write the differences: {error}"), None);
            Exit::Error
        })
    }
}
