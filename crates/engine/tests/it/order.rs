//! Many steps: order, bounds, what a failure stops and what it does not, and stopping.

use std::time::Duration;

use s3ferry_core::model::{RolePart, Target};
use s3ferry_core::plan::{Step, StepId};
use s3ferry_engine::events::RunEvent;
use s3ferry_engine::execute::InvalidSteps;
use s3ferry_engine::outcome::How as Done;
use s3ferry_engine::ports::Class;
use s3ferry_engine::{CancelToken, Limits, Run, StepResult, Verdict, canceller, execute};
use s3ferry_testkit::{
    Fault, Faulty, MemoryReceipts, MemoryWorld, Operation, Recording, Slow, build,
};

use crate::support::{How, how, now, run, run_with};

fn role_step(name: &str, needs: &[&Step]) -> Step {
    let target = Target::Role(build::role(name), RolePart::Itself);
    build::step(&target, None, Some(build::replication_role(&[])), needs)
}

/// Two branches: `a` then `b` then `c`, and `x` then `y`.
fn branches() -> [Step; 5] {
    let a = role_step("a", &[]);
    let b = role_step("b", &[&a]);
    let c = role_step("c", &[&b]);
    let x = role_step("x", &[]);
    let y = role_step("y", &[&x]);
    [a, b, c, x, y]
}

#[tokio::test(start_paused = true)]
async fn dependents_of_a_failure_are_skipped_and_independent_branches_go_on() {
    let steps = branches();
    let world = Faulty::new(MemoryWorld::new()).on(
        Operation::Write,
        "role/a",
        u32::MAX,
        Fault::Before(Class::Rejected),
    );
    let told = run(&steps, &world).await;
    let skipped = StepResult::Skipped {
        because: steps[0].id.clone(),
    };
    assert!(matches!(told.of(&steps[0]), StepResult::Failed { .. }));
    assert_eq!(told.of(&steps[1]), &skipped);
    assert_eq!(
        told.of(&steps[2]),
        &skipped,
        "the reason is the step that failed, not the one in between"
    );
    assert_eq!(told.of(&steps[4]), &StepResult::Done(Done::Written));
    assert_eq!(told.outcome.verdict(), Verdict::Partial);
    assert_eq!(
        world
            .inner()
            .document(&Target::Role(build::role("b"), RolePart::Itself)),
        None
    );
}

#[tokio::test(start_paused = true)]
async fn a_step_starts_when_all_that_it_needs_is_settled() {
    let steps = branches();
    let told = run(&steps, &MemoryWorld::new()).await;
    let place = |fits: &dyn Fn(&RunEvent) -> bool| told.events.iter().position(fits).unwrap();
    for (first, then) in [(0, 1), (1, 2), (3, 4)] {
        let done = place(
            &|event| matches!(event, RunEvent::Done { step, .. } if *step == steps[first].id.0),
        );
        let begun = place(
            &|event| matches!(event, RunEvent::StepStarted { step, .. } if *step == steps[then].id.0),
        );
        assert!(
            done < begun,
            "{} before {}",
            steps[first].id,
            steps[then].id
        );
    }
    assert!(matches!(
        told.events.last(),
        Some(RunEvent::Finished {
            verdict: Verdict::Done,
            ..
        })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_step_waits_for_the_slowest_of_what_it_needs() {
    let quick = role_step("quick", &[]);
    let slow = role_step("slow", &[]);
    let both = role_step("both", &[&quick, &slow]);
    let propagating = Fault::Before(Class::Propagation);
    let world = Faulty::new(MemoryWorld::new()).on(Operation::Write, "slow", 6, propagating);
    let told = run(&[quick, slow.clone(), both.clone()], &world).await;
    let place = |fits: &dyn Fn(&RunEvent) -> bool| told.events.iter().position(fits).unwrap();
    let done = place(&|event| matches!(event, RunEvent::Done { step, .. } if *step == slow.id.0));
    let begun =
        place(&|event| matches!(event, RunEvent::StepStarted { step, .. } if *step == both.id.0));
    assert!(done < begun, "{:#?}", told.events);
}

#[tokio::test(start_paused = true)]
async fn steps_run_at_once_up_to_the_bound() {
    let steps: Vec<Step> = (0..12)
        .map(|index| role_step(&format!("r{index}"), &[]))
        .collect();
    for parallelism in [0, 1, 3] {
        let world = Slow::new(MemoryWorld::new(), Duration::from_secs(1));
        let receipts = MemoryReceipts::default();
        let limits = Limits {
            parallelism,
            ..crate::support::limits()
        };
        let told = run_with(
            &steps,
            &world,
            How {
                limits,
                ..how(&receipts)
            },
        )
        .await;
        assert_eq!(told.outcome.counts().written, 12);
        assert_eq!(world.most_at_once(), parallelism.max(1));
    }
}

#[tokio::test(start_paused = true)]
async fn steps_on_one_target_never_run_at_once() {
    let target = Target::Role(build::role("r"), RolePart::Itself);
    let document = |tag| Some(build::replication_role(&[("tag", tag)]));
    let first = build::step(&target, None, document("1"), &[]);
    // No edge between the two: the order of the plan decides.
    let second = Step {
        id: StepId("second".to_owned()),
        ..build::step(&target, document("1"), document("2"), &[])
    };
    let world = Slow::new(MemoryWorld::new(), Duration::from_secs(1));
    let told = run(&[first, second], &world).await;
    assert_eq!(told.outcome.counts().written, 2, "{:#?}", told.outcome);
    assert_eq!(world.most_at_once_on_one_target(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_asked_to_stop_before_it_begins_does_nothing() {
    let (canceller, cancel) = canceller();
    canceller.cancel();
    let world = Recording::new(MemoryWorld::new());
    let receipts = MemoryReceipts::default();
    let told = run_with(
        &branches(),
        &world,
        How {
            cancel,
            ..how(&receipts)
        },
    )
    .await;
    assert_eq!(world.calls(), []);
    assert!(
        told.results()
            .values()
            .all(|result| *result == StepResult::NotStarted)
    );
    assert_eq!(told.outcome.verdict(), Verdict::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn asked_to_stop_no_write_starts_and_those_under_way_finish() {
    let steps = branches();
    let world = Recording::new(Slow::new(MemoryWorld::new(), Duration::from_secs(1)));
    let (canceller, cancel) = canceller();
    let receipts = MemoryReceipts::default();
    let run = run_with(
        &steps,
        &world,
        How {
            cancel,
            ..how(&receipts)
        },
    );
    // Looks take until 1 s, writes until 2 s, settling until 3 s.
    let stop = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        canceller.cancel();
        world.written()
    };
    let (told, written_at_stop) = tokio::join!(run, stop);
    assert_eq!(
        world.written(),
        written_at_stop,
        "no write starts after the stop"
    );
    for index in [0, 3] {
        assert_eq!(told.of(&steps[index]), &StepResult::Done(Done::Written));
    }
    for index in [1, 2, 4] {
        assert_eq!(told.of(&steps[index]), &StepResult::NotStarted);
    }
    let stopping = RunEvent::Stopping {
        running: 2,
        not_started: 3,
    };
    assert_eq!(told.count(|event| *event == stopping), 1);
    assert_eq!(told.outcome.verdict(), Verdict::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn asked_to_stop_during_the_looks_nothing_is_written() {
    let world = Recording::new(Slow::new(MemoryWorld::new(), Duration::from_secs(1)));
    let (canceller, cancel) = canceller();
    let receipts = MemoryReceipts::default();
    let steps = branches();
    let run = run_with(
        &steps,
        &world,
        How {
            cancel,
            ..how(&receipts)
        },
    );
    let stop = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        canceller.cancel();
    };
    let (told, ()) = tokio::join!(run, stop);
    assert_eq!(world.written(), Vec::<String>::new());
    assert!(matches!(
        told.of(&steps[0]),
        StepResult::Interrupted {
            may_have_written: false
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_plan_without_steps_is_done() {
    let told = run(&[], &MemoryWorld::new()).await;
    assert_eq!(told.outcome.verdict(), Verdict::Done);
    assert_eq!(told.events.len(), 2, "started and finished");
}

async fn refusal(steps: &[Step]) -> InvalidSteps {
    let world = Recording::new(MemoryWorld::new());
    let run = Run {
        id: "run",
        world: &world,
        receipts: &MemoryReceipts::default(),
        clock: &now,
        limits: &Limits::default(),
        read_at: tokio::time::Instant::now(),
        cancel: CancelToken::never(),
    };
    let refused = execute(steps, &run, &mut |_: &RunEvent| {})
        .await
        .unwrap_err();
    assert_eq!(world.calls(), [], "nothing is tried");
    refused
}

#[tokio::test(start_paused = true)]
async fn steps_that_cannot_be_followed_are_refused() {
    let [mut a, b, c, ..] = branches();
    assert_eq!(
        refusal(&[a.clone(), a.clone()]).await,
        InvalidSteps::Duplicate(a.id.clone())
    );
    let unknown = InvalidSteps::Unknown {
        step: b.id.clone(),
        needs: a.id.clone(),
    };
    assert_eq!(refusal(&[b.clone(), c.clone()]).await, unknown);
    a.needs.insert(b.id.clone());
    let cycle = vec![a.id.clone(), b.id.clone(), c.id.clone()];
    assert_eq!(refusal(&[a, b, c]).await, InvalidSteps::Cycle(cycle));
}
