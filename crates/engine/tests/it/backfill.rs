//! Jobs of backfills: one for an attempt whatever is lost, confirmed as shown, and believed by their reports.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use s3ferry_core::ids::{Arn, BucketName, JobId, MigrationName, SpecName};
use s3ferry_core::model::{BucketRef, RegionRef};
use s3ferry_core::ownership::JobWork;
use s3ferry_core::plan::{
    Attempt, BackfillGoal, Goal, ObjectStatus, OwnJobs, ProofSubject, Step, StepId, Todo, Work,
};
use s3ferry_engine::events::{JobProgress, RunEvent};
use s3ferry_engine::outcome::How as Ended;
use s3ferry_engine::ports::{Class, Sample};
use s3ferry_engine::problem::ProblemKind;
use s3ferry_engine::{Limits, StepResult};
use s3ferry_testkit::{Fault, Faulty, JobFate, MemoryReceipts, MemoryWorld, Operation, build};

use crate::support::{How, Told, how, limits, run_with};

fn goal(todo: Todo, confirm: bool) -> BackfillGoal {
    let role = build::role("s3ferry-batch-orders-prod");
    BackfillGoal {
        jobs: OwnJobs {
            spec: SpecName::new("default").unwrap(),
            migration: MigrationName::new("orders").unwrap(),
            work: JobWork::Copy,
            subject: ProofSubject("0123456789abcdef0123".to_owned()),
            at: RegionRef {
                account: build::source().account,
                region: build::source().region,
            },
            report: (
                BucketRef {
                    bucket: BucketName::new("prod-reports").unwrap(),
                    ..build::source()
                },
                "s3".to_owned(),
            ),
            confirm,
        },
        source: build::source(),
        destination: build::destination(),
        role: build::role("s3ferry-orders-prod"),
        batch_arn: Arn::new(role.arn("/s3ferry/").to_string()).unwrap(),
        batch_role: role,
        canaries: Vec::new(),
        prefixes: BTreeSet::from([String::new()]),
        manifest: None,
        priority: 10,
        only_failed: false,
        tries_again: true,
        todo,
    }
}

fn step(todo: Todo, confirm: bool) -> Step {
    Step {
        id: StepId("orders/backfill".to_owned()),
        work: Work::Prove(Box::new(Goal::Backfill(Box::new(goal(todo, confirm))))),
        needs: BTreeSet::new(),
    }
}

fn make() -> Todo {
    Todo::Make(Attempt {
        number: 1,
        statuses: BTreeSet::from([ObjectStatus::Never]),
        after: None,
    })
}

fn first_job() -> JobId {
    JobId::new("job-00000001").unwrap()
}

/// A run that follows a job to its end.
fn patient(receipts: &MemoryReceipts) -> How<'_, MemoryReceipts> {
    let limits = Limits {
        job_wait: Duration::from_secs(3_600),
        ..limits()
    };
    How {
        limits,
        ..how(receipts)
    }
}

fn problem<'a>(told: &'a Told, step: &Step) -> &'a str {
    match told.of(step) {
        StepResult::Failed { problem, .. } => {
            assert_eq!(problem.kind, ProblemKind::Backfill);
            &problem.message
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_is_made_followed_and_kept() {
    let (world, receipts) = (MemoryWorld::new(), MemoryReceipts::default());
    let step = step(make(), false);
    let told = run_with(std::slice::from_ref(&step), &world, patient(&receipts)).await;
    assert_eq!(told.of(&step), &StepResult::Done(Ended::Proven));
    let [receipt] = receipts.backfills().try_into().unwrap();
    assert_eq!((receipt.tasks, receipt.failed, receipt.attempt), (3, 0, 1));
    assert_eq!(
        receipt.report.unwrap().key,
        "s3/job-job-00000001/manifest.json"
    );
    let is_progress = |event: &RunEvent| {
        matches!(
            event,
            RunEvent::Job {
                progress: JobProgress::AtWork { .. },
                ..
            }
        )
    };
    assert!(told.count(is_progress) > 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_wait_a_job_is_made_and_left_alone() {
    let (world, receipts) = (MemoryWorld::new(), MemoryReceipts::default());
    let step = step(make(), false);
    let told = run_with(std::slice::from_ref(&step), &world, how(&receipts)).await;
    let waits = matches!(
        told.of(&step),
        StepResult::Waiting {
            may_have_written: true,
            ..
        }
    );
    assert!(waits, "{:?}", told.of(&step));
    assert_eq!(told.took, Duration::ZERO);
    // The next run knows it by what it says of itself, and makes no other.
    let told = run_with(std::slice::from_ref(&step), &world, patient(&receipts)).await;
    assert_eq!(told.of(&step), &StepResult::Done(Ended::Proven));
    assert_eq!(world.jobs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_job() {
    for fault in [
        Fault::After(Class::Transient),
        Fault::Before(Class::Transient),
    ] {
        let inner = MemoryWorld::new();
        let world = Faulty::new(inner.clone()).on(Operation::CreateJob, "", 1, fault);
        let (receipts, step) = (MemoryReceipts::default(), step(make(), false));
        let told = run_with(std::slice::from_ref(&step), &world, patient(&receipts)).await;
        assert_eq!(
            told.of(&step),
            &StepResult::Done(Ended::Proven),
            "{fault:?}"
        );
        assert_eq!(inner.jobs().len(), 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_makes_a_job_does_not_confirm_it() {
    let (world, receipts) = (MemoryWorld::new(), MemoryReceipts::default());
    let made = step(make(), true);
    let told = run_with(std::slice::from_ref(&made), &world, patient(&receipts)).await;
    match told.of(&made) {
        StepResult::Waiting { what, .. } => assert!(what.contains("3 objects"), "{what}"),
        other => panic!("{other:?}"),
    }
    let confirm = |tasks| {
        let todo = Todo::Confirm {
            attempt: 1,
            job: first_job(),
            tasks,
        };
        step(todo, true)
    };
    let other = confirm(2);
    let told = run_with(std::slice::from_ref(&other), &world, patient(&receipts)).await;
    assert!(problem(&told, &other).contains("3 objects and was shown with 2"));
    let shown = confirm(3);
    let told = run_with(std::slice::from_ref(&shown), &world, patient(&receipts)).await;
    assert_eq!(told.of(&shown), &StepResult::Done(Ended::Proven));
}

#[tokio::test(start_paused = true)]
async fn a_job_of_somebody_elses_is_not_believed() {
    let (world, receipts) = (MemoryWorld::new(), MemoryReceipts::default());
    let made = step(make(), false);
    run_with(std::slice::from_ref(&made), &world, how(&receipts)).await;
    // Of another attempt than its tags say.
    let follow = step(
        Todo::Follow {
            attempt: 2,
            job: first_job(),
        },
        false,
    );
    let told = run_with(std::slice::from_ref(&follow), &world, patient(&receipts)).await;
    assert!(problem(&told, &follow).contains("its tags do not"));
    assert!(receipts.backfills().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_counted_by_code_and_kept() {
    let (world, receipts) = (MemoryWorld::new(), MemoryReceipts::default());
    let codes = [("DstPutObjectNotPermitted", 20), ("SrcVersionNotFound", 1)];
    let codes = codes.map(|(code, count)| (code.to_owned(), count));
    world.set_job_fate(JobFate {
        tasks: 30,
        codes: BTreeMap::from(codes.clone()),
        ..JobFate::default()
    });
    let step = step(make(), false);
    let told = run_with(std::slice::from_ref(&step), &world, patient(&receipts)).await;
    let message = problem(&told, &step);
    assert!(message.contains("20 objects of 30 failed"), "{message}");
    let [receipt] = receipts.backfills().try_into().unwrap();
    assert_eq!(receipt.codes, BTreeMap::from(codes));
}

#[tokio::test(start_paused = true)]
async fn complete_without_a_report_is_not_success() {
    let (world, receipts) = (MemoryWorld::new(), MemoryReceipts::default());
    world.set_job_fate(JobFate {
        reports: false,
        ..JobFate::default()
    });
    let step = step(make(), false);
    let told = run_with(std::slice::from_ref(&step), &world, patient(&receipts)).await;
    assert!(problem(&told, &step).contains("its report is not in prod-reports"));
    assert!(receipts.backfills().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_keys_matched_has_three_senses() {
    let sample = |versions, archived| Sample {
        versions,
        archived,
        is_whole: true,
    };
    for (under, others, is_done) in [
        (sample(0, 0), sample(0, 0), true),
        (sample(4, 1), sample(4, 1), true),
        (sample(4, 4), sample(9, 4), false),
        (sample(0, 0), sample(9, 0), false),
    ] {
        let (world, receipts) = (MemoryWorld::new(), MemoryReceipts::default());
        world.set_job_fate(JobFate {
            tasks: 0,
            reason: Some(
                "Manifest generation found no keys matching the filter criteria.".to_owned(),
            ),
            ..JobFate::default()
        });
        world.set_sample("in/", under);
        world.set_sample("", others);
        let mut step = step(make(), false);
        if let Work::Prove(goal) = &mut step.work
            && let Goal::Backfill(goal) = goal.as_mut()
        {
            goal.prefixes = BTreeSet::from(["in/".to_owned()]);
        }
        let told = run_with(std::slice::from_ref(&step), &world, patient(&receipts)).await;
        let done = told.of(&step) == &StepResult::Done(Ended::Proven);
        assert_eq!(done, is_done, "{under:?}: {:?}", told.of(&step));
        assert_eq!(receipts.backfills().len(), 1);
    }
}
