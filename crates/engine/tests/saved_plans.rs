//! A saved plan goes on: whatever call of its run fails or is the last one, the same plan applied again ends as a run that nothing
//! happened to; and what somebody else did in between is still refused.
//!
//! The plans are those of the examples under `plans/`, of what leaves them again, and of what changes in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::slice::from_ref;

use s3ferry_core::format::{Finding, FindingLevel, PlanFile, SpecInfo};
use s3ferry_core::ids::{BucketName, RoleName, RuleName, SpecName};
use s3ferry_core::model::kinds::{BucketEncryption, ObjectLock};
use s3ferry_core::model::{BucketPart, Document, Observed, Target, fingerprint, same};
use s3ferry_core::names::Names;
use s3ferry_core::plan::file::Head;
use s3ferry_core::plan::{Comparisons, Proofs, Step};
use s3ferry_core::remembered::Remembered;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::{DeleteMarkers, Logging, Migration, Monitoring, Spec, Trails};
use s3ferry_engine::journal::{Entry, FORMAT, Header, JournalFile};
use s3ferry_engine::ports::{Class, Objects, Write};
use s3ferry_engine::{
    CancelToken, Limits, OwnWrites, Run, RunEvent, Survey, Surveyed, Verdict, execute, survey,
};
use s3ferry_spec::{SourceFile, read};
use s3ferry_testkit::{
    Call, Fault, Faulty, MemoryReceipts, MemoryWorld, Operation, Recording, granted,
};

/// What happens to a call: it is refused, and the run goes on with the rest; or it is done, and the run is killed before it hears so.
const MISHAPS: [Fault; 2] = [Fault::Before(Class::Denied), Fault::HangAfter];

#[test]
fn what_an_example_makes_goes_on_after_whatever_call() {
    let failed = EXAMPLES.map(|name| every_call(&Stage::of(name), "it is made"));
    none_of(&failed);
}

#[test]
fn what_leaves_a_spec_goes_on_after_whatever_call() {
    let failed = EXAMPLES.map(|name| leaves(&Stage::of(name).converged()));
    none_of(&failed);
}

#[test]
fn what_changes_in_a_spec_goes_on_after_whatever_call() {
    let failed = ["logging", "shared-source"].map(|name| changes(&Stage::of(name).converged()));
    none_of(&failed);
}

/// The role of a source bucket is that of another spec, too: its tags lead to both, and its policy is of both.
#[test]
fn a_spec_beside_another_one_goes_on_after_whatever_call() {
    let start = Stage::of("shared-source");
    let other = start.with_spec(|spec| {
        spec.name = SpecName::new("other").expect("a valid name");
        for migration in spec.migrations.values_mut() {
            renamed(&mut migration.destination.bucket);
            migration
                .rules
                .iter_mut()
                .for_each(|rule| rule.prefix.insert_str(0, "other/"));
        }
    });
    let ours = other.converged().with_spec(|spec| {
        *spec = start.spec.clone();
        for migration in spec.migrations.values_mut() {
            let role = format!("{}/role/{}", migration.source.account, migration.role);
            migration.guards.adopt.push(role);
            migration
                .rules
                .iter_mut()
                .for_each(|rule| rule.prefix.insert_str(0, "ours/"));
        }
    });
    none_of(&[every_call(&ours, "it joins"), leaves(&ours.converged())]);
}

/// Whatever of the plan's documents somebody takes away between two runs of it, the second is refused; but for what is then as it was
/// when the plan was made, and for what new buckets hold anyway.
#[test]
fn what_somebody_else_takes_away_in_between_is_refused() {
    let start = Stage::of("logging");
    let left = start.converged().with_spec(|spec| spec.migrations.clear());
    let mut refused = 0;
    for stage in [start, left] {
        let saved = stage.plan();
        let calls = stage.calls().len() as u64;
        for k in [calls / 3, calls / 2, calls * 2 / 3] {
            let stopped = stage.copy();
            let first = stopped.stopped(&saved, k, Fault::HangAfter);
            let there = stopped.plan().observed;
            for (target, before) in there.iter().filter(|(_, document)| document.is_some()) {
                let edited = stopped.copy();
                let took = edited.world.change(target, None);
                let after = edited.world.document(target);
                let address = Names::of(&edited.spec).address(target);
                let is_as_planned =
                    saved.file.fingerprints.get(&address) == Some(&fingerprint(after.as_ref()));
                let is_born = target.kind().is_born_with(after.as_ref(), &BTreeMap::new());
                if took.is_err() || same(before, after.as_ref()) || is_as_planned || is_born {
                    continue;
                }
                let moved = edited.moved(&saved, &edited.plan(), from_ref(&first.journal));
                assert!(!moved.is_empty(), "{address} after call {k} of {calls}");
                refused += 1;
            }
        }
    }
    assert!(refused > 15, "only {refused} were taken away");
}

/// What a run left is told from what somebody put in its place: another key on a new bucket, and Object Lock where versioning was
/// switched on.
#[test]
fn what_somebody_else_puts_in_between_is_refused() {
    let edits: [(&str, BucketPart, Document); 2] = [
        (
            "everything",
            BucketPart::Encryption,
            Document::Encryption(BucketEncryption {
                algorithm: "aws:kms".to_owned(),
                key: Some("arn:aws:kms:eu-central-1:222222222222:key/theirs".to_owned()),
                bucket_key: false,
                blocked: BTreeSet::new(),
            }),
        ),
        (
            "existing-destination",
            BucketPart::ObjectLock,
            Document::ObjectLock(ObjectLock {
                default_retention: true,
            }),
        ),
    ];
    for (example, part, document) in edits {
        let stage = Stage::of(example);
        let saved = stage.plan();
        let name = stage.spec.routes().next().expect("a migration").destination;
        let versioning = Target::Bucket(name.clone(), BucketPart::Versioning).to_string();
        let is_versioned =
            |call: &Call| call.operation == Operation::Write && call.on == versioning;
        let at = stage
            .calls()
            .iter()
            .position(is_versioned)
            .expect("it is switched on");
        let first = stage.stopped(&saved, at as u64 + 1, Fault::HangAfter);
        let target = Target::Bucket(name, part);
        let address = Names::of(&stage.spec).address(&target);
        stage.world.set(&target, Some(document));
        let moved = stage.moved(&saved, &stage.plan(), &[first.journal]);
        let is_named = moved
            .iter()
            .any(|moved| moved.starts_with(&format!("{address}: was")));
        assert!(is_named, "{address}: {moved:#?}");
    }
}

/// The examples that have most of what there is: keys, logs, trails, alarms, a role of several migrations, a destination that exists.
const EXAMPLES: [&str; 4] = [
    "everything",
    "existing-destination",
    "logging",
    "shared-source",
];

/// What of a spec leaves it.
fn leaves(stage: &Stage) -> Vec<String> {
    let mut failed = Vec::new();
    for (what, change) in LEAVE {
        let after = stage.with_spec(|spec| spec.migrations.values_mut().for_each(change));
        failed.extend(every_call(&after, &format!("{what} leaves")));
    }
    let after = stage.with_spec(|spec| drop(spec.migrations.pop_last()));
    failed.extend(every_call(&after, "the last migration leaves"));
    let after = stage.with_spec(|spec| spec.migrations.clear());
    failed.extend(every_call(&after, "everything leaves"));
    failed
}

/// What of a spec changes.
fn changes(stage: &Stage) -> Vec<String> {
    let after = |change| stage.with_spec(|spec| spec.migrations.values_mut().for_each(change));
    let failed = CHANGES.map(|(what, change)| every_call(&after(change), &format!("other {what}")));
    failed.concat()
}

fn none_of(failed: &[Vec<String>]) {
    let failed = failed.concat();
    assert!(failed.is_empty(), "{}\n{}", failed.len(), failed.join("\n"));
}

/// Gives a bucket another name.
fn renamed(bucket: &mut BucketName) {
    *bucket = BucketName::new(format!("{bucket}-2")).expect("a valid name");
}

/// A change of a migration.
type Edit = fn(&mut Migration);

/// What of a migration may leave its spec.
const LEAVE: [(&str, Edit); 4] = [
    ("monitoring", |migration| {
        let reason = "a test".to_owned();
        migration.monitoring = Monitoring::None { reason };
    }),
    ("logging", |migration| {
        migration.logging = Logging::default();
    }),
    ("events", |migration| {
        if let Monitoring::Alarms(alarms) = &mut migration.monitoring {
            alarms.events = None;
        }
    }),
    ("trail", |migration| {
        migration.logging.cloudtrail = Trails::default();
    }),
];

/// What of a migration may change so that roles and policies both gain and lose.
const CHANGES: [(&str, Edit); 5] = [
    ("prefixes", |migration| {
        let rules = migration.rules.iter_mut();
        rules.for_each(|rule| rule.prefix.push_str("new/"));
    }),
    ("destinations", |migration| {
        renamed(&mut migration.destination.bucket);
    }),
    ("rules", |migration| {
        migration.rules.truncate(1);
        let rule = &mut migration.rules[0];
        rule.name = RuleName::new("other").expect("a valid name");
        rule.tags = BTreeMap::from([("other".to_owned(), "tag".to_owned())]);
        rule.delete_markers = DeleteMarkers::Keep;
    }),
    ("roles", |migration| {
        let name = format!("{}-2", migration.role);
        migration.role = RoleName::new(&name).expect("a valid name");
    }),
    ("logs", |migration| {
        let Logging {
            access,
            cloudtrail,
            inventory,
        } = &mut migration.logging;
        let logs = [&mut access.to.source, &mut access.to.destination];
        let logs = logs.into_iter().flatten().map(|to| &mut to.bucket);
        let lists = [&mut inventory.to.source, &mut inventory.to.destination];
        let lists = lists.into_iter().flatten().map(|to| &mut to.place.bucket);
        let trails = [&mut cloudtrail.to.source, &mut cloudtrail.to.destination];
        let trails = trails.into_iter().flatten().filter_map(|to| to.to.as_mut());
        let trails = trails.map(|to| &mut to.bucket);
        logs.chain(lists).chain(trails).for_each(renamed);
    }),
];

/// The spec of an example. Alarms are not proven: nothing raises them here.
fn spec_of(example: &str) -> Spec {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../plans")
        .join(example);
    let path = folder.join("spec.yaml");
    let bytes = fs::read(&path).expect("the example is there");
    let path = path.display().to_string();
    let mut spec = read(&[SourceFile { path, bytes }])
        .spec
        .expect("an example is valid");
    spec.guards.max_deletes = 99;
    for migration in spec.migrations.values_mut() {
        if let Monitoring::Alarms(alarms) = &mut migration.monitoring {
            alarms.prove = false;
        }
    }
    spec
}

/// A spec, the world that it finds, and the ledger.
struct Stage {
    spec: Spec,
    world: MemoryWorld,
    receipts: MemoryReceipts,
}

/// A plan with its file and what it was made from.
struct Planned {
    steps: Vec<Step>,
    file: PlanFile,
    observed: Observed,
}

/// How a run ended; nothing where it was killed.
struct Ran {
    verdict: Option<Verdict>,
    journal: JournalFile,
}

/// Applies a plan once for each call that may do something and each mishap, and then again; what does not go on.
fn every_call(start: &Stage, what: &str) -> Vec<String> {
    let calls = start.calls();
    let saved = start.plan();
    let mut failed = Vec::new();
    // Whatever is read between two of them, the world is the same, and so is what the journal says of it.
    let is_done = |(_, call): &(usize, &Call)| {
        let looks = [
            Operation::Read,
            Operation::Head,
            Operation::Versions,
            Operation::Tags,
        ];
        !looks.contains(&call.operation)
    };
    for (at, call) in calls.iter().enumerate().filter(is_done) {
        for mishap in MISHAPS {
            let ended = start.copy().goes_on(&saved, at as u64 + 1, mishap);
            failed.extend(ended.err().map(|why| {
                let (on, operation) = (&call.on, call.operation.as_str());
                let name = &start.spec.name;
                format!("{name}, {what}, {mishap:?} at {operation} {on}: {why}")
            }));
        }
    }
    failed
}

impl Stage {
    fn of(example: &str) -> Self {
        let spec = spec_of(example);
        let world = MemoryWorld::new();
        for (target, document) in granted(&spec) {
            world.set(&target, Some(document));
        }
        Self {
            spec,
            world,
            receipts: MemoryReceipts::default(),
        }
    }

    fn copy(&self) -> Self {
        let receipts = MemoryReceipts::default();
        in_paused_time(async {
            for receipt in self.receipts.kept() {
                use s3ferry_engine::ledger::ReceiptStore as _;
                receipts.keep(&receipt).await.expect("it is kept");
            }
        });
        Self {
            spec: self.spec.clone(),
            world: self.world.copy(),
            receipts,
        }
    }

    /// This stage when its spec was applied.
    fn converged(&self) -> Self {
        let stage = self.copy();
        let planned = stage.plan();
        let ran = stage.run(&planned, &stage.world);
        assert_eq!(ran.verdict, Some(Verdict::Done));
        stage
    }

    /// This stage with another spec, and whatever that takes for granted.
    fn with_spec(&self, change: impl Fn(&mut Spec)) -> Self {
        let mut stage = self.copy();
        change(&mut stage.spec);
        let there = stage.world.documents();
        for (target, document) in granted(&stage.spec) {
            if !there.contains_key(&target) {
                stage.world.set(&target, Some(document));
            }
        }
        stage
    }

    /// The calls of a run to which nothing happens.
    fn calls(&self) -> Vec<Call> {
        let stage = self.copy();
        let world = Recording::new(stage.world.clone());
        let planned = stage.plan();
        assert!(planned.blocked().is_empty(), "{:#?}", planned.blocked());
        let ran = stage.run(&planned, &world);
        assert_eq!(ran.verdict, Some(Verdict::Done));
        world.calls()
    }

    fn plan(&self) -> Planned {
        let receipts = self.receipts.kept();
        let proofs: Proofs = receipts.iter().map(|receipt| receipt.proves()).collect();
        let of = Survey {
            spec: &self.spec,
            scope: &Scope::All,
            proofs: &proofs,
            remembered: &Remembered::default(),
            search: false,
            canaries: &self.receipts.placed(),
            ended: &self.receipts.ended(),
            comparisons: &Comparisons::default(),
        };
        let surveyed = in_paused_time(survey(&self.world, of, 1));
        let Surveyed { plan, observed } = surveyed.expect("the world in memory answers");
        let (steps, file) = plan.into_file(Head {
            s3ferry: "0.0.0".to_owned(),
            created: "2026-01-01T00:00:00Z".to_owned(),
            spec: SpecInfo {
                name: self.spec.name.to_string(),
                digest: "a".repeat(64),
                files: Vec::new(),
                search: false,
                targets: Vec::new(),
            },
            accounts: Vec::new(),
        });
        Planned {
            steps,
            file,
            observed,
        }
    }

    /// A run of one call at a time, which is dropped where a call hangs.
    fn run<W: Write + Objects + s3ferry_engine::ports::Jobs>(
        &self,
        planned: &Planned,
        world: &W,
    ) -> Ran {
        self.run_until(planned, world, std::future::pending())
    }

    fn run_until<W: Write + Objects + s3ferry_engine::ports::Jobs>(
        &self,
        planned: &Planned,
        world: &W,
        killed: impl Future<Output = ()>,
    ) -> Ran {
        let limits = Limits {
            parallelism: 1,
            agree: std::time::Duration::ZERO,
            ..Limits::default()
        };
        let clock = || "2026-11-23T12:00:00Z".to_owned();
        let mut entries = Vec::new();
        let verdict = in_paused_time(async {
            let run = Run {
                id: "run",
                world,
                receipts: &self.receipts,
                clock: &clock,
                limits: &limits,
                read_at: tokio::time::Instant::now(),
                cancel: CancelToken::never(),
            };
            let mut sink = |event: &RunEvent| {
                entries.push(Entry {
                    at: clock(),
                    what: event.clone(),
                });
            };
            tokio::select! {
                outcome = execute(&planned.steps, &run, &mut sink) => {
                    Some(outcome.expect("the steps are sound").verdict())
                }
                () = killed => None,
            }
        });
        let header = Header {
            format: FORMAT.to_owned(),
            s3ferry: "0.0.0".to_owned(),
            run: "run".to_owned(),
            started: clock(),
            plan: planned.file.digest(),
            spec: "a".repeat(64),
            accounts: BTreeMap::new(),
        };
        let journal = JournalFile {
            header,
            entries,
            torn: false,
            newer: None,
        };
        Ran { verdict, journal }
    }

    /// Applies, with this mishap at the `k`th call.
    fn stopped(&self, saved: &Planned, k: u64, mishap: Fault) -> Ran {
        let faulty = Faulty::new(self.world.clone()).at_call(k, mishap);
        self.run_until(saved, &faulty, faulty.hung())
    }

    /// What moved since a plan was made, apart from what these runs of it wrote.
    fn moved(&self, saved: &Planned, now: &Planned, journals: &[JournalFile]) -> Vec<String> {
        let names = Names::of(&self.spec);
        OwnWrites::of(journals).moved(&saved.file, &now.file, &names, &now.observed)
    }

    /// The same saved plan after a mishap: nothing moved, it ends, and the next plan is empty. That a killed run converges when it is
    /// repeated is known from others; here it is about the plan.
    fn goes_on(&self, saved: &Planned, k: u64, mishap: Fault) -> Result<(), String> {
        let first = self.stopped(saved, k, mishap);
        if first.verdict == Some(Verdict::Done) {
            return Ok(());
        }
        let now = self.plan();
        let moved = self.moved(saved, &now, &[first.journal]);
        ensure(moved.is_empty(), || moved.join(", "))?;
        if first.verdict.is_none() {
            return Ok(());
        }
        ensure(now.blocked().is_empty(), || {
            format!("the rest is blocked: {:#?}", now.blocked())
        })?;
        let second = self.run(&now, &self.world);
        ensure(second.verdict == Some(Verdict::Done), || {
            format!("the second run ends with {:?}", second.verdict)
        })?;
        let third = self.plan();
        ensure(third.steps.is_empty(), || {
            format!("the third plan has {:#?}", third.steps)
        })
    }
}

impl Planned {
    fn blocked(&self) -> Vec<&Finding> {
        let is_in_the_way = |finding: &&Finding| finding.level == FindingLevel::Blocked;
        self.file.findings.iter().filter(is_in_the_way).collect()
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn in_paused_time<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}
