//! Proofs of alarms: what must fail and be told, patience, waiting, and what is removed.

use std::time::Duration;

use s3ferry_core::model::kinds::{Alarm, AlarmState, StateValue};
use s3ferry_core::model::{BucketPart, Document, RolePart, Target};
use s3ferry_core::plan::{Goal, PlacedCanary, Step, Work};
use s3ferry_engine::events::{CanaryProgress, RunEvent};
use s3ferry_engine::outcome::How as Done;
use s3ferry_engine::{StepResult, Verdict};
use s3ferry_testkit::{Fate, Fault, Faulty, MemoryReceipts, MemoryWorld, build};
use tokio::time::sleep;

use crate::support::{Told, how, run_with};

const PROVEN: StepResult = StepResult::Done(Done::Proven);

fn target() -> Target {
    Target::Alarm(build::proof_alarm())
}

/// The alarm as the plan puts it up, in a state.
fn alarm(state: StateValue) -> Alarm {
    let Document::Alarm(alarm) = build::alarm("default", 0) else {
        panic!("an alarm");
    };
    let state = AlarmState {
        value: state,
        reason: "a test".to_owned(),
        lasts: false,
    };
    Alarm {
        state: Some(state),
        ..*alarm
    }
}

fn set(world: &MemoryWorld, alarm: Alarm) {
    world.set(&target(), Some(Document::Alarm(Box::new(alarm))));
}

/// Two buckets with a rule between them, and the alarm of the proof, of which nothing is known yet.
fn world(fates: impl IntoIterator<Item = Fate>) -> MemoryWorld {
    let rule = build::rule("everything", 1, "", &build::destination());
    let world = MemoryWorld::new()
        .with_bucket(&build::source())
        .with_bucket(&build::destination())
        .with(
            &Target::Bucket(build::source(), BucketPart::Replication),
            build::replication(&build::role("r"), [rule]),
        )
        .with(
            &Target::Role(build::role("s3ferry-orders-prod"), RolePart::Itself),
            build::replication_role(&[]),
        );
    world.set_fates(fates);
    set(&world, alarm(StateValue::NoData));
    world
}

/// The step, with what earlier runs left.
fn step(objects: u32, earlier: Vec<PlacedCanary>) -> Step {
    let mut step = build::prove_alarms(objects);
    if let Work::Prove(goal) = &mut step.work
        && let Goal::Alarm(goal) = goal.as_mut()
    {
        goal.canary.earlier = earlier;
    }
    step
}

/// Runs the step while the alarm goes to a state after a while.
async fn run_to(
    world: &MemoryWorld,
    receipts: &MemoryReceipts,
    objects: u32,
    (after, state): (u64, Alarm),
) -> Told {
    let steps = [step(objects, receipts.placed())];
    let later = async {
        sleep(Duration::from_secs(after)).await;
        set(world, state);
    };
    let (told, ()) = tokio::join!(run_with(&steps, world, how(receipts)), later);
    told
}

fn result(told: &Told) -> &StepResult {
    told.of(&build::prove_alarms(1))
}

fn said(told: &Told) -> String {
    match result(told) {
        StepResult::Failed { problem, .. } => {
            format!(
                "{} {}",
                problem.message,
                problem.hint.clone().unwrap_or_default()
            )
        }
        other => panic!("{other:?}"),
    }
}

fn stored(world: &MemoryWorld) -> usize {
    let sides = [build::source(), build::destination()];
    sides.iter().map(|side| world.stored(side).len()).sum()
}

#[tokio::test(start_paused = true)]
async fn objects_that_fail_and_are_told_prove_the_alarms_and_nothing_of_them_stays() {
    let (world, receipts) = (world([Fate::Fails; 3]), MemoryReceipts::default());
    let told = run_to(&world, &receipts, 3, (400, alarm(StateValue::Raised))).await;
    assert_eq!(result(&told), &PROVEN);
    assert!(told.took >= Duration::from_secs(400), "{:?}", told.took);
    let listens = |event: &RunEvent| matches!(event, RunEvent::Canary { progress: CanaryProgress::Listening { is, .. }, .. } if is == "INSUFFICIENT_DATA");
    assert_eq!(told.count(listens), 1, "said once what is waited for");
    assert_eq!((stored(&world), receipts.placed().len()), (0, 0));
    let kept = receipts.kept();
    let [receipt] = &kept[..] else {
        panic!("{kept:?}");
    };
    assert_eq!(receipt.alarm, Some(build::proof_alarm().name.to_string()));
    assert_eq!(
        (receipt.rule.as_str(), receipt.same_etag),
        ("s3ferry-prove-1", false)
    );
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_not_raised_in_time_is_waited_for_by_the_next_run_with_the_same_objects() {
    let (world, receipts) = (world([Fate::Fails]), MemoryReceipts::default());
    let told = run_to(&world, &receipts, 1, (5_000, alarm(StateValue::Raised))).await;
    assert!(
        matches!(result(&told), StepResult::Waiting { .. }),
        "{:?}",
        result(&told)
    );
    assert_eq!(told.outcome.verdict(), Verdict::Waiting);
    let left = world.stored(&build::source());
    assert_eq!(left.len(), 1);
    // It is raised by now.
    let told = run_to(&world, &receipts, 1, (0, alarm(StateValue::Raised))).await;
    assert_eq!(result(&told), &PROVEN);
    assert_eq!((stored(&world), receipts.placed().len()), (0, 0));
    assert_eq!(receipts.kept()[0].version, left[0].1, "the same object");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_stays_silent_for_two_runs_fails_the_proof_and_says_where_to_look() {
    let (world, receipts) = (world([Fate::Fails]), MemoryReceipts::default());
    let fine = || (5_000, alarm(StateValue::Fine));
    let first = run_to(&world, &receipts, 1, fine()).await;
    assert_eq!(first.outcome.verdict(), Verdict::Waiting);
    let second = run_to(&world, &receipts, 1, fine()).await;
    let said = said(&second);
    assert!(
        said.contains("it is OK") && said.contains("OperationsFailedReplication"),
        "{said}"
    );
    assert_eq!((stored(&world), receipts.placed().len()), (0, 0));
    assert!(receipts.kept().is_empty());
}

/// The step of a run that puts the alarm up: it was not there, or not as it must be.
fn fresh_alarm(earlier: Vec<PlacedCanary>) -> Step {
    let mut step = step(1, earlier);
    if let Work::Prove(goal) = &mut step.work
        && let Goal::Alarm(goal) = goal.as_mut()
    {
        goal.is_up = false;
    }
    step
}

#[tokio::test(start_paused = true)]
async fn what_failed_before_the_alarm_was_put_up_again_is_not_gone_on_with() {
    let (world, receipts) = (world([Fate::Fails; 2]), MemoryReceipts::default());
    let first = run_to(&world, &receipts, 1, (5_000, alarm(StateValue::NoData))).await;
    assert_eq!(first.outcome.verdict(), Verdict::Waiting);
    // Somebody switched its actions off, and this run's plan has put it up again: it never looks at what failed before.
    let steps = [fresh_alarm(receipts.placed())];
    let told = run_with(&steps, &world, how(&receipts)).await;
    let puts = |of: &&CanaryProgress| matches!(of, CanaryProgress::Put { .. });
    let put = told.canary().into_iter().filter(puts).count();
    assert_eq!(put, 1, "a fresh object");
    assert_eq!(
        told.outcome.verdict(),
        Verdict::Waiting,
        "it has not had the time of two runs"
    );
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_was_raised_when_it_was_put_up_proves_nothing() {
    let (world, receipts) = (world([Fate::Fails; 2]), MemoryReceipts::default());
    set(&world, alarm(StateValue::Raised));
    let told = run_with(&[fresh_alarm(Vec::new())], &world, how(&receipts)).await;
    let said = said(&told);
    assert!(
        said.contains("before an object had failed") && said.contains("delete the alarm"),
        "{said}"
    );
    assert_eq!((stored(&world), receipts.kept().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_replicates_while_the_deny_is_not_known_everywhere_is_replaced() {
    let fates = [Fate::ByRules, Fate::ByRules, Fate::Fails];
    let (world, receipts) = (world(fates), MemoryReceipts::default());
    let told = run_to(&world, &receipts, 1, (100, alarm(StateValue::Raised))).await;
    assert_eq!(result(&told), &PROVEN);
    assert_eq!((stored(&world), receipts.placed().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn objects_that_keep_replicating_prove_nothing_and_are_removed_on_both_sides() {
    let (world, receipts) = (world([]), MemoryReceipts::default());
    let told = run_to(&world, &receipts, 1, (0, alarm(StateValue::Raised))).await;
    let said = said(&told);
    assert!(
        said.contains("the object that was to fail was replicated"),
        "{said}"
    );
    assert_eq!((stored(&world), receipts.placed().len()), (0, 0));
    assert!(receipts.kept().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_tells_nobody_or_is_another_one_proves_nothing() {
    let silenced = Alarm {
        actions_enabled: false,
        ..alarm(StateValue::Raised)
    };
    let mut other = alarm(StateValue::Raised);
    other
        .dimensions
        .insert("RuleId".to_owned(), "theirs".to_owned());
    for (live, word) in [(silenced, "switched off"), (other, "not the one")] {
        let (world, receipts) = (world([Fate::Fails]), MemoryReceipts::default());
        let told = run_to(&world, &receipts, 1, (60, live)).await;
        let said = said(&told);
        assert!(said.contains(word), "{said}");
        assert!(receipts.kept().is_empty());
        assert_eq!(stored(&world), 0);
    }
    let (world, receipts) = (world([Fate::Fails]), MemoryReceipts::default());
    world.set(&target(), None);
    let told = run_with(&[step(1, Vec::new())], &world, how(&receipts)).await;
    assert!(said(&told).contains("not there"), "{}", said(&told));
}

#[tokio::test(start_paused = true)]
async fn fewer_objects_than_must_fail_together_are_not_gone_on_with() {
    let (world, receipts) = (world([Fate::Fails; 2]), MemoryReceipts::default());
    run_to(&world, &receipts, 2, (5_000, alarm(StateValue::Fine))).await;
    world.set_fates([Fate::Fails; 3]);
    let told = run_to(&world, &receipts, 3, (1, alarm(StateValue::Raised))).await;
    assert_eq!(result(&told), &PROVEN);
    let puts = |told: &Told| {
        let put = told.canary().into_iter();
        put.filter(|of| matches!(of, s3ferry_engine::events::CanaryProgress::Put { .. }))
            .count()
    };
    assert_eq!(puts(&told), 3);
    assert_eq!((stored(&world), receipts.placed().len()), (0, 0));
}

/// Whatever call of a run is its last, the next one makes the proof and leaves nothing.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_at_any_call_is_repeated_and_leaves_nothing() {
    let raised = || {
        let world = world([Fate::Fails; 40]);
        set(&world, alarm(StateValue::Raised));
        world
    };
    let quiet = Faulty::new(raised());
    let told = run_with(
        &[step(2, Vec::new())],
        &quiet,
        how(&MemoryReceipts::default()),
    )
    .await;
    assert_eq!(result(&told), &PROVEN);
    let calls = quiet.calls();
    assert!(calls > 10, "{calls} calls");
    for k in 1..=calls {
        for fault in [Fault::HangBefore, Fault::HangAfter] {
            let (world, receipts) = (Faulty::new(raised()), MemoryReceipts::default());
            let world = world.at_call(k, fault);
            let steps = [step(2, Vec::new())];
            tokio::select! {
                told = run_with(&steps, &world, how(&receipts)) => panic!("{told:?}"),
                () = world.hung() => {}
            }
            let steps = [step(2, receipts.placed())];
            let told = run_with(&steps, world.inner(), how(&receipts)).await;
            assert_eq!(result(&told), &PROVEN, "{fault:?} at {k}");
            let left = (stored(world.inner()), receipts.placed().len());
            assert_eq!(left, (0, 0), "{fault:?} at {k}");
        }
    }
}
