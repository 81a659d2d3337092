//! Random worlds, plans of them, and runs in which calls fail, answers get lost, reads are old, the run is killed, and
//! other people edit at any call: the next clean run converges or says why not, and what is foreign stays.
//!
//! `PROPTEST_CASES` raises the number of cases. A failure prints the smallest case that was found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use s3ferry_core::model::kinds::{BucketEncryption, VersioningStatus};
use s3ferry_core::model::{BucketPart, BucketRef, Document, RolePart, Target, TrailPart, same};
use s3ferry_core::plan::{Comparisons, Plan, Proofs, Work, WriteStep};
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::Spec;
use s3ferry_engine::ports::{
    Class, ListedVersion, NewObject, ObjectHead, Objects, PortError, Read, Write, WriteChange,
};
use s3ferry_engine::{
    CancelToken, Limits, Outcome, Run, RunEvent, StepResult, Survey, Verdict, execute, survey,
};
use s3ferry_testkit::random::edits::{Edit, start};
use s3ferry_testkit::random::{Change, Foreign, Shape, change, edit, foreign, oracle, shape};
use s3ferry_testkit::{Fault, Faulty, MemoryReceipts, MemoryWorld, Stale, build};

/// A world that has converged once, and then a run that goes wrong.
#[derive(Debug, Clone)]
struct Case {
    shape: Shape,
    before: Vec<Edit>,
    changes: Vec<Change>,
    edits: Vec<Edit>,
    runs: Vec<Bad>,
    parallelism: usize,
}

/// What goes wrong in a run, by the number of the call.
#[derive(Debug, Clone)]
struct Bad {
    faults: Vec<(u64, Fault)>,
    edits: Vec<(u64, Edit)>,
    /// How many writes old the reads after a write are.
    ages: Vec<usize>,
}

const FAULTS: [Fault; 9] = [
    Fault::Before(Class::Transient),
    Fault::After(Class::Transient),
    Fault::Before(Class::Throttled),
    Fault::Before(Class::Denied),
    Fault::Before(Class::Propagation),
    Fault::Before(Class::Busy),
    Fault::After(Class::Unexpected),
    Fault::HangBefore,
    Fault::HangAfter,
];

fn case(bad: impl Strategy<Value = Bad>) -> impl Strategy<Value = Case> {
    (
        shape(),
        vec(edit(), 0..5),
        vec(change(), 0..4),
        vec(edit(), 0..3),
        vec(bad, 1..3),
        1..5_usize,
    )
        .prop_map(|(shape, before, changes, edits, runs, parallelism)| Case {
            shape,
            before,
            changes,
            edits,
            runs,
            parallelism,
        })
}

fn faults() -> impl Strategy<Value = Vec<(u64, Fault)>> {
    vec((1..60_u64, select(&FAULTS[..])), 0..5)
}

/// Faults and old reads.
fn faulty() -> impl Strategy<Value = Bad> {
    (faults(), vec(0..3_usize, 0..6)).prop_map(|(faults, ages)| Bad {
        faults,
        edits: Vec::new(),
        ages,
    })
}

/// Faults and edits. Reads are fresh: nothing could tell an old answer from a world that nobody edited.
fn crowded() -> impl Strategy<Value = Bad> {
    (faults(), vec((1..40_u64, edit()), 1..4)).prop_map(|(faults, edits)| Bad {
        faults,
        edits,
        ages: Vec::new(),
    })
}

/// As many cases as given, always the same, so that a change is judged by what it does; or as many new ones as
/// `PROPTEST_CASES` says, to look for more.
fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 3_000,
        ..ProptestConfig::default()
    };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default,
        None => ProptestConfig {
            cases: count,
            rng_seed: RngSeed::Fixed(1),
            ..default
        },
    }
}

type Checked<T = ()> = Result<T, String>;

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn after_faults_kills_and_old_reads_a_clean_run_converges(case in case(faulty())) {
        in_paused_time(play(&case)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn what_other_people_do_during_a_run_survives_it(case in case(crowded())) {
        in_paused_time(play(&case)).map_err(TestCaseError::fail)?;
    }
}

fn in_paused_time<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

/// Everything that a case lives in.
struct Stage {
    world: MemoryWorld,
    receipts: MemoryReceipts,
    spec: Spec,
    parallelism: usize,
    runs: AtomicU64,
}

async fn play(case: &Case) -> Checked {
    let mut shape = case.shape.clone();
    let mut stage = Stage {
        world: start(),
        receipts: MemoryReceipts::default(),
        spec: shape.spec(),
        parallelism: case.parallelism,
        runs: AtomicU64::new(0),
    };
    case.before.iter().for_each(|edit| edit.make(&stage.world));
    stage.clean_run().await?;
    case.changes.iter().for_each(|change| shape.change(change));
    stage.spec = shape.spec();
    case.edits.iter().for_each(|edit| edit.make(&stage.world));
    for bad in &case.runs {
        stage.bad_run(bad).await?;
    }
    stage.clean_run().await
}

impl Stage {
    async fn plan(&self) -> Plan {
        let receipts = self.receipts.kept();
        let proofs: Proofs = receipts.iter().map(|receipt| receipt.proves()).collect();
        let canaries = self.receipts.placed();
        let of = Survey {
            spec: &self.spec,
            scope: &Scope::All,
            proofs: &proofs,
            remembered: &s3ferry_core::remembered::Remembered::default(),
            search: false,
            canaries: &canaries,
            ended: &[],
            comparisons: &Comparisons::default(),
        };
        survey(&self.world, of, self.parallelism)
            .await
            .expect("the world in memory answers")
            .plan
    }

    /// A run in which nothing goes wrong: done, and a second plan is empty. Nothing where the plan is blocked.
    async fn clean_run(&self) -> Checked {
        let plan = self.plan().await;
        if plan.is_blocked() {
            return Ok(());
        }
        let before = foreign(&self.world);
        let outcome = self.execute(&plan, &self.world).await;
        ensure(outcome.verdict() == Verdict::Done, || {
            format!("a clean run ends with {outcome:#?}")
        })?;
        if let Some(difference) = difference(&before, &self.world, &BTreeSet::new()) {
            return Err(difference);
        }
        let again = self.plan().await;
        ensure(again.steps.is_empty() && again.changes.is_empty(), || {
            format!("a second plan has {:#?}", again.steps)
        })
    }

    async fn execute<W: Write + Objects + s3ferry_engine::ports::Jobs>(
        &self,
        plan: &Plan,
        world: &W,
    ) -> Outcome {
        let limits = Limits {
            parallelism: self.parallelism,
            agree: std::time::Duration::ZERO,
            ..Limits::default()
        };
        let id = format!("run{}", self.runs.fetch_add(1, Ordering::Relaxed));
        let run = Run {
            id: &id,
            world,
            receipts: &self.receipts,
            clock: &|| "2026-11-23T12:00:00Z".to_owned(),
            limits: &limits,
            read_at: tokio::time::Instant::now(),
            cancel: CancelToken::never(),
        };
        let mut sink = |_: &RunEvent| {};
        execute(&plan.steps, &run, &mut sink)
            .await
            .expect("the steps are sound")
    }

    /// A run in which things go wrong, and which is dropped where a call hangs.
    async fn bad_run(&self, bad: &Bad) -> Checked {
        let plan = self.plan().await;
        if plan.is_blocked() {
            return Ok(());
        }
        let stale = Stale::new(self.world.clone(), bad.ages.clone());
        let faulty = bad
            .faults
            .iter()
            .fold(Faulty::new(stale), |world, &(k, fault)| {
                world.at_call(k, fault)
            });
        let watched = Watched::new(&self.world, &faulty, &plan, &bad.edits);
        let outcome = tokio::select! {
            outcome = self.execute(&plan, &watched) => Some(outcome),
            () = faulty.hung() => None,
        };
        if let Some(outcome) = outcome {
            is_honest(&self.world, &plan, &outcome, &watched.log().edited)?;
        }
        watched.verdict()
    }
}

/// What nobody but s3ferry writes on a bucket or a role that it has just made.
fn is_ours_alone(target: &Target) -> bool {
    matches!(
        target,
        Target::Bucket(_, BucketPart::Versioning) | Target::Role(_, RolePart::Policy)
    )
}

/// What a run calls done is so, unless a later step or somebody else has changed it; and the verdict says as much.
fn is_honest(
    world: &MemoryWorld,
    plan: &Plan,
    outcome: &Outcome,
    edited: &BTreeSet<Target>,
) -> Checked {
    let all_done = outcome.steps.values().all(StepResult::is_done);
    ensure((outcome.verdict() == Verdict::Done) == all_done, || {
        format!("{outcome:#?}")
    })?;
    ensure(outcome.steps.len() == plan.steps.len(), || {
        "a step has no result".to_owned()
    })?;
    // A target that is written twice is written last by the step that needs the other.
    let mut last: BTreeMap<&Target, Option<&Document>> = BTreeMap::new();
    let mut in_doubt = BTreeSet::new();
    for step in &plan.steps {
        let Work::Write(write) = &step.work else {
            continue;
        };
        let is_last = step.id.0.ends_with("#shrink") || !last.contains_key(&write.target);
        let result = &outcome.steps[&step.id];
        if !result.is_done() && result.may_have_written() {
            in_doubt.insert(&write.target);
        } else if is_last && result.is_done() && !edited.contains(&write.target) {
            last.insert(&write.target, write.after.as_ref());
        }
    }
    last.retain(|target, _| !in_doubt.contains(target));
    last.into_iter().try_for_each(|(target, after)| {
        let live = world.document(target);
        ensure(is_as(live.as_ref(), after), || {
            format!("{target} is said to be done and holds {live:?}")
        })
    })
}

/// Whether a target holds a document, but for what AWS blocks on a new bucket, which no plan can know (T16).
fn is_as(live: Option<&Document>, after: Option<&Document>) -> bool {
    let unblocked = |document: Option<&Document>| match document.cloned() {
        Some(Document::Encryption(it)) => Some(Document::Encryption(BucketEncryption {
            blocked: BTreeSet::new(),
            ..it
        })),
        other => other,
    };
    same(unblocked(live).as_ref(), unblocked(after).as_ref())
}

/// What keeps each live rule from working.
type Rules = BTreeMap<(usize, String), Option<String>>;

/// A world whose calls are watched, and in which other people edit at certain calls.
struct Watched<'a, W> {
    /// The world as it is.
    truth: &'a MemoryWorld,
    /// The world as a run sees it.
    inner: &'a W,
    plan: &'a Plan,
    edits: &'a [(u64, Edit)],
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    calls: u64,
    /// What the run read of each target last.
    seen: BTreeMap<Target, Option<Document>>,
    /// Targets that somebody edited since the run read them.
    edited_since: BTreeSet<Target>,
    /// Targets that somebody edited at any time of the run.
    edited: BTreeSet<Target>,
    /// Targets that were written over an edit that no read could have told of: the window that is not closed.
    in_window: BTreeSet<Target>,
    /// Buckets and roles that the run made.
    made: BTreeSet<Target>,
    /// What is foreign, as other people left it.
    expected: Foreign,
    problems: Vec<String>,
}

impl<'a, W> Watched<'a, W> {
    fn new(truth: &'a MemoryWorld, inner: &'a W, plan: &'a Plan, edits: &'a [(u64, Edit)]) -> Self {
        let log = Log {
            expected: foreign(truth),
            ..Log::default()
        };
        Self {
            truth,
            inner,
            plan,
            edits,
            log: Mutex::new(log),
        }
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().expect("no test panics while it logs")
    }

    /// Counts a call; other people edit just before it.
    fn call(&self) {
        let mut log = self.log();
        log.calls += 1;
        let due = self.edits.iter().filter(|(k, _)| *k == log.calls);
        let due: Vec<&Edit> = due.map(|(_, edit)| edit).collect();
        for edit in due {
            let before = self.truth.documents();
            // What was lost before this edit must not be forgotten with it.
            let lost = difference(&log.expected, self.truth, &log.in_window);
            edit.make(self.truth);
            let (after, is) = (self.truth.documents(), foreign(self.truth));
            let targets = before.keys().chain(after.keys());
            let changed: BTreeSet<Target> = targets
                .filter(|target| before.get(*target) != after.get(*target))
                .cloned()
                .collect();
            log.problems.extend(lost);
            log.edited.extend(changed.iter().cloned());
            log.edited_since.extend(changed);
            log.expected = is;
        }
    }

    /// A run writes only over what it has seen to be as planned, or to be otherwise by items with another spec's mark, or what
    /// it has made itself a moment ago and holds nothing of other people's under that name; and it switches versioning on
    /// where the plan found that it was never set.
    fn before_write(&self, target: &Target) {
        let mut log = self.log();
        if log.edited_since.contains(target) {
            log.in_window.insert(target.clone());
        }
        let Some(seen) = log.seen.get(target).cloned() else {
            if is_ours_alone(target) && target.whole().is_some_and(|of| log.made.contains(&of)) {
                return;
            }
            if self.is_switched_on(target) {
                return;
            }
            log.problems
                .push(format!("{target} is written and was not read"));
            return;
        };
        let planned = self.writes().any(|step| {
            step.target == *target
                && (same(seen.as_ref(), step.before.as_ref())
                    || step.differs_by_other_specs(seen.as_ref())
                    || self.is_born(step))
        });
        if !planned {
            log.problems
                .push(format!("{target} is written over {seen:?}"));
        }
    }

    /// Rules that worked go on working, and rules that come work at once, where nobody else edits.
    fn after_write(&self, target: &Target, before: &Rules) {
        let mut log = self.log();
        if !log.edited.is_empty() {
            return;
        }
        for (rule, problem) in oracle::rules(self.truth) {
            let worked = before.get(&rule).is_none_or(Option::is_none);
            if let (true, Some(problem)) = (worked, problem) {
                let text = format!("after {target} rule {} stops: {problem}", rule.1);
                log.problems.push(text);
            }
        }
    }

    fn writes(&self) -> impl Iterator<Item = &WriteStep> {
        self.plan.steps.iter().filter_map(|step| match &step.work {
            Work::Write(write) => Some(&**write),
            Work::Prove(_) | Work::Sweep(_) => None,
        })
    }

    /// Whether the plan found versioning never set here and switches it on.
    fn is_switched_on(&self, target: &Target) -> bool {
        let never = build::versioning(VersioningStatus::Never);
        let on = build::versioned();
        self.writes().any(|step| {
            step.target == *target
                && same(step.before.as_ref(), Some(&never))
                && same(step.after.as_ref(), Some(&on))
        })
    }

    /// Whether a step is about a setting that AWS gives a bucket or a trail which this plan makes.
    fn is_born(&self, step: &WriteStep) -> bool {
        let setting = matches!(
            step.target,
            Target::Bucket(_, BucketPart::Tags)
                | Target::Bucket(_, BucketPart::Versioning)
                | Target::Bucket(_, BucketPart::Encryption)
                | Target::Bucket(_, BucketPart::Ownership)
                | Target::Bucket(_, BucketPart::PublicAccess)
                | Target::Trail(_, TrailPart::Selectors)
        );
        let whole = step.target.whole();
        let made = |write: &WriteStep| Some(&write.target) == whole.as_ref();
        setting && step.before.is_none() && self.writes().any(made)
    }

    fn verdict(self) -> Checked {
        let log = self.log.into_inner().expect("no test panics while it logs");
        let mut problems = log.problems;
        problems.extend(difference(&log.expected, self.truth, &log.in_window));
        ensure(problems.is_empty(), || problems.join("\n"))
    }
}

/// What of other people is not as expected, apart from these targets and from roles of ours that came or went.
fn difference(
    expected: &Foreign,
    world: &MemoryWorld,
    apart_from: &BTreeSet<Target>,
) -> Option<String> {
    let is = foreign(world).without_roles_not_in(expected);
    let expected = expected.clone().without_roles_gone_in(world);
    let (expected, is) = (without(&expected, apart_from), without(&is, apart_from));
    (expected != is).then(|| format!("foreign: {is:#?}\nand should be {expected:#?}"))
}

fn without(foreign: &Foreign, targets: &BTreeSet<Target>) -> Foreign {
    let mut left = foreign.clone();
    for target in targets {
        left.rules.remove(target);
        left.statements.remove(target);
        left.tags.remove(target);
        left.roles.remove(target);
        left.rest.remove(target);
    }
    left
}

impl<W: Read> Read for Watched<'_, W> {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        self.call();
        let answer = self.inner.read(target).await;
        if let Ok(document) = &answer {
            let mut log = self.log();
            log.seen.insert(target.clone(), document.clone());
            log.edited_since.remove(target);
        }
        answer
    }
}

impl<W: Write> Write for Watched<'_, W> {
    async fn write(&self, target: &Target, change: WriteChange<'_>) -> Result<(), PortError> {
        self.call();
        self.before_write(target);
        let before = oracle::rules(self.truth);
        let answer = self.inner.write(target, change).await;
        if answer.is_ok() && change.before.is_none() && target.whole().as_ref() == Some(target) {
            self.log().made.insert(target.clone());
        }
        self.after_write(target, &before);
        answer
    }
}

impl<W: Objects> s3ferry_engine::ports::Pieces for Watched<'_, W> {}
impl<W: Objects> s3ferry_engine::ports::Jobs for Watched<'_, W> {}

impl<W: Objects> Objects for Watched<'_, W> {
    async fn put(&self, object: &NewObject) -> Result<String, PortError> {
        self.call();
        self.inner.put(object).await
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        self.call();
        self.inner.head(bucket, key, version).await
    }

    async fn versions(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> Result<Vec<ListedVersion>, PortError> {
        self.call();
        self.inner.versions(bucket, key).await
    }

    async fn tags(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<BTreeMap<String, String>, PortError> {
        self.call();
        self.inner.tags(bucket, key, version).await
    }

    async fn put_delete_marker(&self, bucket: &BucketRef, key: &str) -> Result<String, PortError> {
        self.call();
        self.inner.put_delete_marker(bucket, key).await
    }

    async fn delete(&self, bucket: &BucketRef, key: &str, version: &str) -> Result<(), PortError> {
        self.call();
        self.inner.delete(bucket, key, version).await
    }
}
