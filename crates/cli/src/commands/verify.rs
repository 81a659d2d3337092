//! `s3ferry verify`: both sides of migrations compared, and a receipt of what was found.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use s3ferry_aws::Cloud;
use s3ferry_core::format::verification::{Verification, VerifiedVersion};
use s3ferry_core::goals::compared;
use s3ferry_core::phase::Part;
use s3ferry_core::queries;
use s3ferry_core::route::{Route, Side};
use s3ferry_core::spec::{Compared, Depth, Share};
use s3ferry_engine::ledger::{Checkpoint, FolderLedger, ReceiptId};
use s3ferry_engine::verify::{
    ByQuery, Comparison, Computed, Ended, Failure, List, Lists, Matching, PIECE, Progress, Queried,
    Remark, Since, Stretch, Sums, Told, Watch, compare, compare_by_query, compare_lists,
    compare_since, computed, newest, place, read_reports, verification, version,
};
use s3ferry_engine::{CancelToken, canceller};
use s3ferry_verify::{Asked, Count, Reach, Tally};
use serde_json::{Value, json};

use super::{Ended as Exited, listen};
use crate::args::{self, Engine, Matched, Verify, VerifyFormat};
use crate::build_info::VERSION;
use crate::causes::messages;
use crate::exit::Exit;
use crate::planning::{checksums, now, sign_in};
use crate::printer::Printer;
use crate::specs::{Loaded, load};

/// How often it is noted how far a comparison is.
const NOTE: Duration = Duration::from_secs(5);

/// Stretches compared at once: each has a call under way at both sides.
const HANDS: usize = 16;

pub(crate) async fn run(printer: &Printer, args: &Verify, parallelism: usize) -> Exited {
    since_what_is_listed(printer, args)?;
    if (args.from, args.engine) == (args::Told::Listing, Engine::Athena) {
        let text = "Athena compares inventories: --engine athena goes with --from inventory";
        printer.error(text, None);
        return Err(Exit::Usage);
    }
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
    let first = [Exit::Interrupted, Exit::Denied, Exit::Error, Exit::Usage];
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

/// Computed checksums of both sides, and the jobs that they are of.
struct By {
    told: [Computed; 2],
    sums: Arc<Sums>,
}

impl By {
    /// The jobs by their IDs: by those of others it does not go on.
    fn jobs(&self) -> String {
        let [source, destination] = &self.told;
        format!("{} {}", source.job, destination.job)
    }

    /// What was written up to this is in both reports.
    fn made(&self) -> String {
        let [source, destination] = &self.told;
        source.made.clone().min(destination.made.clone())
    }
}

/// What a comparison rests on beside the listings.
#[derive(Default)]
struct RestsOn {
    lists: Option<Lists>,
    computed: Option<[Computed; 2]>,
    since: Option<ReceiptId>,
    engine: Option<&'static str>,
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
        match (self.args.from, self.args.engine) {
            _ if self.asked().computed => self.by_checksums(cloud).await,
            (args::Told::Listing, Engine::Local) => self.by_listings(cloud, None).await,
            (args::Told::Inventory, Engine::Local) => self.by_inventories(cloud).await,
            (_, Engine::Athena) => self.by_athena(cloud).await,
        }
    }

    /// By listings, with what the reports of computed checksums say.
    async fn by_checksums(&self, cloud: &Cloud) -> Result<Verified, Exit> {
        let is_live = self.args.from == args::Told::Listing;
        if !is_live || self.args.matched != Matched::Versions {
            let text = format!(
                "{}: depth computed compares the versions of live listings: there is no --from inventory and no --match current with it",
                self.route.name
            );
            self.printer
                .error(&text, Some("leave them out, or ask for another --depth"));
            return Err(Exit::Error);
        }
        let kept = checksums(self.printer, self.ledger)?;
        let told = computed(self.route, &kept).map_err(|side| self.uncomputed(side))?;
        let folder = self.folder("the reports")?;
        let [source, destination] = &told;
        self.printer.message(&format!(
            "{}: by the checksums that jobs computed which were made at {} (source) and {} (destination)",
            self.route.name, source.made, destination.made
        ));
        let read = read_reports(cloud, &told, folder.path()).await;
        let sums = read.map_err(|failure| self.failed(&self.begun(), &failure))?;
        let by = By {
            told,
            sums: Arc::new(sums),
        };
        self.by_listings(cloud, Some(by)).await
    }

    fn uncomputed(&self, side: Side) -> Exit {
        let name = self.route.name;
        let text = format!(
            "{name}: no report of computed checksums of the {} is known",
            side.as_str()
        );
        let help = format!(
            "in phase verify, with `verify: {{ depth: computed, reports: ... }}`, an apply of migration {name} has S3 compute them and keeps where the reports are"
        );
        self.printer.error(&text, Some(&help));
        Exit::Error
    }

    /// A folder that is gone at the end.
    fn folder(&self, what: &str) -> Result<tempfile::TempDir, Exit> {
        tempfile::tempdir().map_err(|error| {
            let text = format!("cannot make a folder for {what}: {error}");
            self.printer.error(&text, None);
            Exit::Error
        })
    }

    async fn by_listings(&self, cloud: &Cloud, by: Option<By>) -> Result<Verified, Exit> {
        let since = self.since()?;
        let jobs = by.as_ref().map(By::jobs).unwrap_or_default();
        let before = since.as_ref().map(|of| of.receipt.to_string());
        let mut noted = self.checkpoint(&[jobs, before.unwrap_or_default()].join(" "));
        let mut of = self.comparison(&noted.settled);
        if let Some(by) = &by {
            of.computed = Some(by.sums.clone());
            of.covered = of.covered.min(by.made());
        }
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
        let rests_on = RestsOn {
            computed: by.map(|by| by.told),
            since: since.map(|of| of.receipt),
            ..RestsOn::default()
        };
        let verified = self.keep_receipt(&of, &tally, noted, rests_on)?;
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
            computed: None,
            ..of.clone()
        };
        let noted = self.begun();
        let from = Progress::default();
        let ended = compare(cloud.clone(), listed, from, &mut Unwatched, self.cancel).await;
        let tally = match ended {
            Ok(Ended::Whole(tally)) => tally,
            // Nothing of this pass counts: it looked at nothing.
            Ok(Ended::Stopped(_)) => return Err(self.stopped_for_good()),
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
        let mut noted = self.begun();
        let mut of = self.comparison(&noted.settled);
        let lists = self.lists(cloud).await;
        let lists = lists.map_err(|failure| self.failed(&noted, &failure))?;
        of.covered = of.covered.min(lists.settled());
        let folder = self.folder("the lists")?;
        let (cloud, own) = (cloud.clone(), of.clone());
        let mut watching = self.watching(&mut noted, &Tally::default());
        let path = folder.path();
        let ended = compare_lists(cloud, own, &lists, path, &mut watching, self.cancel).await;
        self.printer.clear_status();
        let tally = match ended {
            Ok(Ended::Whole(tally)) => tally,
            Ok(Ended::Stopped(_)) => return Err(self.stopped_for_good()),
            Err(failure) => return Err(self.failed(&noted, &failure)),
        };
        let rests_on = RestsOn {
            lists: Some(lists),
            ..RestsOn::default()
        };
        self.keep_receipt(&of, &tally, noted, rests_on)
    }

    async fn by_athena(&self, cloud: &Cloud) -> Result<Verified, Exit> {
        let name = self.route.name;
        let Some(place) = queries::place(&self.loaded.spec, self.route.migration) else {
            let text = format!("{name}: the spec does not say where Athena compares");
            let help = "add it to the migration: `verify: { athena: { output: { bucket: NAME } } }`, or compare on this machine, without --engine";
            self.printer.error(&text, Some(help));
            return Err(Exit::Usage);
        };
        let mut noted = self.begun();
        let of = self.comparison(&noted.settled);
        let lists = self.lists(cloud).await;
        let lists = lists.map_err(|failure| self.failed(&noted, &failure))?;
        let listed = lists.source.manifest.bytes() + lists.destination.manifest.bytes();
        let ahead = s3ferry_render::athena_ahead(listed);
        self.printer.message(&format!("{name}: {ahead}"));
        let run = format!("{} {}", Timestamp::now(), std::process::id());
        let by = ByQuery {
            lists: &lists,
            place: &place,
            run: &run,
        };
        let mut watching = self.watching(&mut noted, &Tally::default());
        let own = of.clone();
        let (ended, queried) =
            compare_by_query(cloud.clone(), own, &by, &mut watching, self.cancel).await;
        self.printer.clear_status();
        self.tell_queried(&queried);
        let tally = match ended {
            Ok(Ended::Whole(tally)) => tally,
            Ok(Ended::Stopped(_)) => return Err(self.stopped_for_good()),
            Err(Failure::Query { reason }) if is_refusal(&reason) => {
                return Err(self.refused(&reason, &lists));
            }
            Err(failure) => return Err(self.failed(&noted, &failure)),
        };
        let rests_on = RestsOn {
            lists: Some(lists),
            engine: Some("athena"),
            ..RestsOn::default()
        };
        self.keep_receipt(&of, &tally, noted, rests_on)
    }

    fn tell_queried(&self, queried: &Queried) {
        let name = self.route.name;
        if queried.scanned > 0 {
            let scanned = s3ferry_render::athena_scanned(queried.scanned);
            self.printer.message(&format!("{name}: {scanned}"));
        }
        for table in &queried.left {
            let text = format!("{name}: a table is left, which nothing needs: {table}");
            self.printer.warning(&text);
        }
    }

    /// Tells what Athena's caller must be allowed.
    fn refused(&self, reason: &str, lists: &Lists) -> Exit {
        let failure = Failure::Query {
            reason: reason.to_owned(),
        };
        let text = format!("{}: {failure}", self.route.name);
        let folder = |of: &List| format!("s3://{}/{}", of.place.bucket.bucket, of.place.folder);
        let help = format!(
            "Athena reads in its caller's name: that caller needs s3:GetBucketLocation, s3:ListBucket and s3:GetObject on {} and {}, also by the policies of \
             buckets of another account, and kms:Decrypt on their keys; Glue's and the output's permissions are among those of `s3ferry permissions --for verify`",
            folder(&lists.source),
            folder(&lists.destination)
        );
        self.printer.error(&text, Some(&help));
        Exit::Denied
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
        RestsOn {
            lists,
            computed,
            since,
            engine,
        }: RestsOn,
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
            computed,
            since: since.map(|of| of.to_string()),
            engine,
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
                Depth::Listing | Depth::Computed => false,
                Depth::Checksum | Depth::Content => true,
            },
            computed: depth == Depth::Computed,
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
            computed: None,
        }
    }

    /// What is compared, so that another comparison does not go on from where this one is.
    fn identity(&self, on: &str) -> String {
        let Route {
            source,
            destination,
            migration,
            ..
        } = self.route;
        format!(
            "{source:?} {destination:?} {:?} {:?} {:?} {on}",
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
    fn checkpoint(&self, on: &str) -> Checkpoint {
        let of = self.identity(on);
        let found = self.ledger.checkpoint(&self.name(), &of);
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
        Checkpoint { of, ..self.begun() }
    }

    /// The beginning.
    fn begun(&self) -> Checkpoint {
        let began = Timestamp::now();
        let settle = jiff::SignedDuration::try_from(self.args.settle).unwrap_or_default();
        Checkpoint {
            of: self.identity(""),
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

    /// Nothing is noted of what was stopped.
    fn stopped_for_good(&self) -> Exit {
        self.printer
            .message("Stopped. The same command begins anew.");
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
            Failure::Report { .. } => {
                let text = format!("{}: {failure}", self.route.name);
                let help = "put the report back as S3 wrote it; or let another job be made: it is, when this one is older than verify.max_age";
                self.printer.error(&text, Some(help));
                Exit::Error
            }
            Failure::Query { .. } => {
                let text = format!("{}: {failure}", self.route.name);
                let help = "without --engine they are compared on this machine";
                self.printer.error(&text, Some(help));
                Exit::Error
            }
            Failure::Listing { .. } | Failure::Disk(_) | Failure::Stopped(_) => {
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

/// Whether Athena's reason is that its caller is not allowed. It has no code for that: these are the words of public reports
/// (GH:getredash/website#54, GH:mozilla/redash#938, GH:aws/context-ontology-accelerator#38).
fn is_refusal(reason: &str) -> bool {
    let words = [
        "access denied",
        "accessdenied",
        "insufficient permissions",
        "not authorized",
        "permission_denied",
    ];
    let reason = reason.to_ascii_lowercase();
    words.into_iter().any(|word| reason.contains(word))
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
