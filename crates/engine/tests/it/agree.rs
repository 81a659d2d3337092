//! What others write, too, is written over only after reads that have agreed for a while.

use std::time::Duration;

use s3ferry_core::ids::{MigrationName, SpecName};
use s3ferry_core::model::{BucketPart, Document, RolePart, Target};
use s3ferry_core::ownership::Markers;
use s3ferry_core::plan::{Led, Step, Work};
use s3ferry_engine::events::RunEvent;
use s3ferry_engine::outcome::How as Done;
use s3ferry_engine::problem::ProblemKind;
use s3ferry_engine::{Limits, StepResult, Verdict, canceller};
use s3ferry_testkit::{MemoryReceipts, MemoryWorld, Recording, build};
use tokio::time::Instant;

use crate::support::{How, given, how, policy, run, run_with, target};

const WRITTEN: StepResult = StepResult::Done(Done::Written);

fn patient(receipts: &MemoryReceipts) -> How<'_, MemoryReceipts> {
    How {
        limits: Limits::default(),
        ..how(receipts)
    }
}

fn waits(event: &RunEvent) -> bool {
    matches!(event, RunEvent::Agreeing { .. })
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_is_not_answered_for_seconds_is_seen_before_the_write() {
    let (world, step) = given();
    let receipts = MemoryReceipts::default();
    let steps = std::slice::from_ref(&step);
    // As far as any read tells, the edit that was there before the plan appears four seconds after it.
    let appears = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        world.set(&target(), Some(policy("Theirs")));
    };
    let (told, ()) = tokio::join!(run_with(steps, &world, patient(&receipts)), appears);
    assert_eq!(told.outcome.verdict(), Verdict::Stale);
    assert_eq!(world.document(&target()), Some(policy("Theirs")));
}

#[tokio::test(start_paused = true)]
async fn a_run_waits_once_for_all_and_does_what_is_its_own_meanwhile() {
    let shared = |name: &str| {
        let bucket = build::bucket("111111111111", name);
        let target = Target::Bucket(bucket.clone(), BucketPart::Policy);
        let after = build::bucket_policy(&bucket, "After");
        (bucket, build::step(&target, None, Some(after), &[]))
    };
    let (buckets, mut steps): (Vec<_>, Vec<_>) =
        ["one", "two", "three"].map(shared).into_iter().unzip();
    let world = buckets
        .iter()
        .fold(MemoryWorld::new(), |world, of| world.with_bucket(of));
    let new = Target::Role(build::role("r"), RolePart::Itself);
    steps.push(build::step(
        &new,
        None,
        Some(build::replication_role(&[])),
        &[],
    ));
    let receipts = MemoryReceipts::default();
    let limits = Limits {
        parallelism: 1,
        ..Limits::default()
    };
    let how = How {
        limits,
        ..how(&receipts)
    };
    let world = Recording::new(world);
    let told = run_with(&steps, &world, how).await;
    assert_eq!(told.outcome.counts().written, 4, "{:#?}", told.outcome);
    assert!(told.took >= Duration::from_secs(5), "{:?}", told.took);
    assert!(told.took < Duration::from_secs(7), "{:?}", told.took);
    assert_eq!(told.count(waits), 1);
    assert_eq!(world.written()[0], new.to_string(), "it waits for nobody");
}

#[tokio::test(start_paused = true)]
async fn what_was_read_long_ago_is_waited_for_no_longer() {
    let (world, step) = given();
    let receipts = MemoryReceipts::default();
    let read_at = Some(Instant::now());
    tokio::time::sleep(Duration::from_secs(6)).await;
    let how = How {
        read_at,
        ..patient(&receipts)
    };
    let told = run_with(std::slice::from_ref(&step), &world, how).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert_eq!(told.count(waits), 0);
    assert!(told.took < Duration::from_secs(1), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn asked_to_stop_while_reads_must_agree_a_run_ends_at_once() {
    let (world, step) = given();
    let world = Recording::new(world);
    let receipts = MemoryReceipts::default();
    let (canceller, cancel) = canceller();
    let how = How {
        cancel,
        ..patient(&receipts)
    };
    let stop = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        canceller.cancel();
    };
    let steps = std::slice::from_ref(&step);
    let (told, ()) = tokio::join!(run_with(steps, &world, how), stop);
    assert_eq!(told.outcome.verdict(), Verdict::Interrupted);
    assert_eq!(world.written(), Vec::<String>::new());
    assert!(told.took < Duration::from_secs(2), "{:?}", told.took);
}

fn role() -> Target {
    Target::Role(build::role("r"), RolePart::Itself)
}

/// A role that goes, and the policy that it leads to, with a statement of ours that the plan did not see.
fn going() -> (MemoryWorld, Step, Document) {
    let markers = Markers::of(&SpecName::new("demo").unwrap());
    let sid = markers.sid_prefix(&MigrationName::new("orders").unwrap());
    let held = build::replication_role(&[]);
    let mut step = build::step(&role(), Some(held.clone()), None, &[]);
    let Work::Write(write) = &mut step.work else {
        unreachable!("it is a write")
    };
    write.led = vec![Led::to(target(), &markers, None)];
    let world = MemoryWorld::new()
        .with_bucket(&build::source())
        .with(&role(), held);
    (world, step, policy(&sid))
}

#[tokio::test(start_paused = true)]
async fn what_leads_to_something_that_an_old_answer_hid_stays() {
    let (world, step, hidden) = going();
    let world = world.with(&target(), hidden);
    let told = run(std::slice::from_ref(&step), &world).await;
    let StepResult::Failed { problem, .. } = told.of(&step) else {
        panic!("{:?}", told.of(&step));
    };
    assert_eq!(problem.kind, ProblemKind::Hidden);
    assert!(world.document(&role()).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_goes_late_from_the_answers_holds_nothing_up_for_good() {
    let (world, step, hidden) = going();
    let world = world.with(&target(), hidden);
    let goes = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        world.set(&target(), None);
    };
    let steps = std::slice::from_ref(&step);
    let (told, ()) = tokio::join!(run(steps, &world), goes);
    assert_eq!(told.of(&step), &WRITTEN);
    assert_eq!(world.document(&role()), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_somebody_elses_holds_up_nothing() {
    let (world, step, _) = going();
    let world = world.with(&target(), policy("Theirs"));
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
}
