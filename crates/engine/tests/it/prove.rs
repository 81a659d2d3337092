//! Canaries: proof, patience, waiting, and what is removed.

use std::time::Duration;

use s3ferry_core::model::{BucketPart, RolePart, Target};
use s3ferry_core::plan::{Goal, PutEncryption, Replica, Step, Work};
use s3ferry_engine::events::{CanaryProgress, LeftVersion};
use s3ferry_engine::execute::{CANARY_MARK, CANARY_SUBJECT};
use s3ferry_engine::ledger::{CanaryReceipt, LedgerError, ReceiptId, ReceiptStore};
use s3ferry_engine::outcome::How as Done;
use s3ferry_engine::ports::{Class, NewObject, Objects as _};
use s3ferry_engine::problem::ProblemKind;
use s3ferry_engine::{StepResult, Verdict, canceller};
use s3ferry_testkit::{
    Fate, Fault, Faulty, MemoryReceipts, MemoryWorld, Operation, Recording, build,
};

use crate::support::{How, Told, how, run, run_with};

const KEY: &str = ".s3ferry-canary";
const PROVEN: StepResult = StepResult::Done(Done::Proven);

/// Two versioned buckets with a rule between them.
fn world() -> MemoryWorld {
    let rule = build::rule("everything", 1, "", &build::destination());
    MemoryWorld::new()
        .with_bucket(&build::source())
        .with_bucket(&build::destination())
        .with(
            &Target::Bucket(build::source(), BucketPart::Replication),
            build::replication(&build::role("r"), [rule]),
        )
        .with(
            &Target::Role(build::role("s3ferry-orders-prod"), RolePart::Itself),
            build::replication_role(&[]),
        )
}

fn step() -> Step {
    build::prove("", &[])
}

fn problem(told: &Told) -> (ProblemKind, String, String) {
    match told.of(&step()) {
        StepResult::Failed { problem, .. } => (
            problem.kind,
            problem.message.clone(),
            problem.hint.clone().unwrap_or_default(),
        ),
        other => panic!("{other:?}"),
    }
}

fn assert_no_canary_left(world: &MemoryWorld) {
    for bucket in [build::source(), build::destination()] {
        assert_eq!(
            world.versions_of(&bucket, KEY),
            Vec::<String>::new(),
            "{}",
            bucket.bucket
        );
    }
}

fn abandoned(told: &Told) -> usize {
    let fits = |progress: &&&CanaryProgress| matches!(progress, CanaryProgress::Abandoned { .. });
    told.canary().iter().filter(fits).count()
}

fn puts(told: &Told) -> usize {
    let fits = |progress: &&&CanaryProgress| matches!(progress, CanaryProgress::Put { .. });
    told.canary().iter().filter(fits).count()
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_replicates_is_proven_and_leaves_a_receipt_and_nothing_else() {
    let world = world();
    world.set_lag(Duration::from_secs(40));
    let receipts = MemoryReceipts::default();
    let told = run_with(&[step()], &world, how(&receipts)).await;
    assert_eq!(told.of(&step()), &PROVEN);
    assert!(
        told.took >= Duration::from_secs(40) && told.took < Duration::from_secs(52),
        "{:?}",
        told.took
    );
    assert_no_canary_left(&world);
    let [receipt] = &receipts.kept()[..] else {
        panic!("{:?}", receipts.kept());
    };
    assert_eq!(
        (receipt.subject.as_str(), receipt.role_id.as_str()),
        ("subject-1", "AROA1")
    );
    assert_eq!(
        (
            receipt.source.bucket.as_str(),
            receipt.destination.bucket.as_str()
        ),
        ("orders-prod", "orders-archive")
    );
    assert!(receipt.same_etag);
    assert_eq!(receipt.proven_at, "2026-11-23T12:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_failed_while_iam_propagates_is_replaced() {
    let world = world();
    world.set_fates([Fate::Fails, Fate::Fails]);
    let told = run(&[step()], &world).await;
    assert_eq!(told.of(&step()), &PROVEN);
    assert_eq!((puts(&told), abandoned(&told)), (3, 2));
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn canaries_that_keep_failing_fail_the_step_with_a_hint_and_are_removed() {
    let world = world();
    world.set_fates([Fate::Fails; 100]);
    let told = run(&[step()], &world).await;
    let (kind, message, hint) = problem(&told);
    assert_eq!(kind, ProblemKind::Canary);
    assert!(
        message.contains("FAILED") && hint.contains("bucket policy"),
        "{message}; {hint}"
    );
    assert!(
        told.took > Duration::from_secs(80) && told.took < Duration::from_secs(130),
        "{:?}",
        told.took
    );
    assert_no_canary_left(&world);
    assert_eq!(told.outcome.verdict(), Verdict::Error);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_fails_after_minutes_had_no_fair_chance_if_it_was_put_early() {
    let world = world();
    world.set_lag(Duration::from_secs(200));
    world.set_fates([Fate::Fails]);
    let told = run(&[step()], &world).await;
    assert_eq!((told.of(&step()), puts(&told)), (&PROVEN, 2));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_takes_effect_late_is_proven_by_a_fresh_canary() {
    let world = world();
    world.set_fates([Fate::Untaken, Fate::Untaken]);
    let told = run(&[step()], &world).await;
    assert_eq!(told.of(&step()), &PROVEN);
    assert_eq!(puts(&told), 3);
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_canary_without_a_status_for_seconds_is_not_given_up() {
    let world = world();
    world.set_lag(Duration::from_secs(5));
    world.set_fates([Fate::TakenLate]);
    let told = run(&[step()], &world).await;
    assert_eq!((told.of(&step()), puts(&told)), (&PROVEN, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_never_takes_a_canary_fails_after_minutes() {
    let world = world();
    world.set(
        &Target::Bucket(build::source(), BucketPart::Replication),
        None,
    );
    let told = run(&[step()], &world).await;
    let (kind, message, _) = problem(&told);
    assert_eq!(kind, ProblemKind::Canary);
    assert!(message.contains("no rule took"), "{message}");
    assert!(
        told.took > Duration::from_secs(240) && told.took < Duration::from_secs(330),
        "{:?}",
        told.took
    );
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_canary_on_its_way_waits_and_the_next_run_follows_the_same_one() {
    let world = world();
    world.set_lag(Duration::from_secs(1200));
    let receipts = MemoryReceipts::default();
    let told = run_with(&[step()], &world, how(&receipts)).await;
    assert!(
        matches!(told.of(&step()), StepResult::Waiting { .. }),
        "{:?}",
        told.of(&step())
    );
    assert_eq!(told.took, Duration::from_secs(900));
    assert_eq!(told.outcome.verdict(), Verdict::Waiting);
    assert_eq!(
        world.versions_of(&build::source(), KEY).len(),
        1,
        "it stays"
    );

    let again = run_with(&[step()], &world, how(&receipts)).await;
    assert_eq!(again.of(&step()), &PROVEN);
    assert_eq!(puts(&again), 0, "{:?}", again.canary());
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_canary_of_another_subject_proves_nothing_and_is_removed() {
    let world = world();
    let mark =
        |value: &str| build::tags(&[(CANARY_MARK, value), (CANARY_SUBJECT, "an older rule")]);
    let object = NewObject {
        bucket: build::source(),
        key: KEY.to_owned(),
        body: Vec::new(),
        tags: build::tags(&[]),
        metadata: mark("orders/everything"),
        encryption: PutEncryption::BucketDefault,
    };
    world.put(&object).await.unwrap();
    let told = run(&[step()], &world).await;
    assert_eq!(told.of(&step()), &PROVEN);
    assert_eq!(puts(&told), 1);
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_carry_the_mark_of_this_rule_stays_and_is_named() {
    let world = world();
    world.set_fates([Fate::Untaken, Fate::Untaken]);
    let mut objects = Vec::new();
    for metadata in [
        build::tags(&[]),
        build::tags(&[(CANARY_MARK, "orders/other")]),
    ] {
        let object = NewObject {
            bucket: build::source(),
            key: KEY.to_owned(),
            body: b"theirs".to_vec(),
            tags: build::tags(&[]),
            metadata,
            encryption: PutEncryption::BucketDefault,
        };
        objects.push(world.put(&object).await.unwrap());
    }
    objects.push(world.put_delete_marker(&build::source(), KEY));
    let told = run(&[step()], &world).await;
    assert_eq!(told.of(&step()), &PROVEN);
    assert_eq!(world.versions_of(&build::source(), KEY), objects);
    let Some(CanaryProgress::Removed { versions: 2, left }) = told.canary().last() else {
        panic!("{:?}", told.canary());
    };
    let named: Vec<&String> = left
        .iter()
        .map(|LeftVersion { version, .. }| version)
        .collect();
    assert_eq!(named, objects.iter().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_failure_at_another_destination_does_not_hide_that_ours_was_reached() {
    let world = world();
    world.set_fates([Fate::FailsElsewhere]);
    let told = run(&[step()], &world).await;
    assert_eq!((told.of(&step()), puts(&told)), (&PROVEN, 1));
}

#[tokio::test(start_paused = true)]
async fn completed_without_a_replica_in_our_destination_is_no_proof() {
    let world = world();
    world.set_fates([Fate::CompletesElsewhere; 100]);
    let receipts = MemoryReceipts::default();
    let told = run_with(&[step()], &world, how(&receipts)).await;
    assert!(
        problem(&told).1.contains("not in the destination"),
        "{:?}",
        problem(&told)
    );
    assert_eq!(receipts.kept(), []);
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_replica_of_another_size_is_no_proof() {
    let world = world();
    world.set_fates([Fate::ArrivesTorn]);
    let told = run(&[step()], &world).await;
    assert!(problem(&told).1.contains("bytes"), "{:?}", problem(&told));
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_version_of_the_same_id_that_is_no_replica_is_no_proof() {
    let world = world();
    world.set_fates([Fate::ArrivesAsOriginal; 100]);
    let receipts = MemoryReceipts::default();
    let told = run_with(&[step()], &world, how(&receipts)).await;
    assert_eq!(problem(&told).0, ProblemKind::Canary);
    assert_eq!(receipts.kept(), []);
}

#[tokio::test(start_paused = true)]
async fn a_leftover_whose_replica_is_gone_is_not_waited_for() {
    let world = world();
    let object = NewObject {
        bucket: build::source(),
        key: KEY.to_owned(),
        body: Vec::new(),
        tags: build::tags(&[]),
        metadata: build::tags(&[
            (CANARY_MARK, "orders/everything"),
            (CANARY_SUBJECT, "subject-1"),
        ]),
        encryption: PutEncryption::BucketDefault,
    };
    let version = world.put(&object).await.unwrap();
    world
        .delete(&build::destination(), KEY, &version)
        .await
        .unwrap();
    let told = run(&[step()], &world).await;
    assert_eq!((told.of(&step()), puts(&told)), (&PROVEN, 1));
    assert!(told.took < Duration::from_secs(10), "{:?}", told.took);
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_somebody_removes_is_replaced() {
    let world = world();
    world.set_fates([Fate::Vanishes]);
    assert_eq!(run(&[step()], &world).await.of(&step()), &PROVEN);
}

#[tokio::test(start_paused = true)]
async fn canaries_written_twice_because_a_reply_was_lost_are_both_removed() {
    let world = Faulty::new(world()).on(Operation::Put, "", 2, Fault::After(Class::Transient));
    assert_eq!(run(&[step()], &world).await.of(&step()), &PROVEN);
    assert_no_canary_left(world.inner());
}

#[tokio::test(start_paused = true)]
async fn looks_that_fail_for_a_while_do_not_end_the_wait() {
    let world = Faulty::new(world()).on(Operation::Head, "", 8, Fault::Before(Class::Throttled));
    let told = run(&[step()], &world).await;
    assert_eq!((told.of(&step()), puts(&told)), (&PROVEN, 1));
}

#[tokio::test(start_paused = true)]
async fn a_denied_look_at_the_destination_is_denied() {
    let denied = Fault::Before(Class::Denied);
    let world = Faulty::new(world()).on(Operation::Head, "orders-archive", 1, denied);
    let told = run(&[step()], &world).await;
    assert_eq!(told.outcome.verdict(), Verdict::Denied);
    assert_no_canary_left(world.inner());
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_cannot_be_removed_proves_all_the_same_and_is_named() {
    let denied = Fault::Before(Class::Denied);
    let world = Faulty::new(world()).on(Operation::Delete, "orders-archive", u32::MAX, denied);
    let told = run(&[step()], &world).await;
    assert_eq!(told.of(&step()), &PROVEN);
    let Some(CanaryProgress::Removed { versions: 1, left }) = told.canary().last() else {
        panic!("{:?}", told.canary());
    };
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].bucket, "orders-archive");
}

#[tokio::test(start_paused = true)]
async fn asked_to_stop_a_wait_for_a_replica_ends_at_once() {
    let world = world();
    world.set_lag(Duration::from_secs(600));
    let (canceller, cancel) = canceller();
    let receipts = MemoryReceipts::default();
    let steps = [step()];
    let run = run_with(
        &steps,
        &world,
        How {
            cancel,
            ..how(&receipts)
        },
    );
    let stop = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        canceller.cancel();
    };
    let (told, ()) = tokio::join!(run, stop);
    assert_eq!(told.took, Duration::from_secs(100));
    assert_eq!(told.outcome.verdict(), Verdict::Interrupted);
    assert_eq!(
        told.of(&steps[0]),
        &StepResult::Interrupted {
            may_have_written: true
        },
        "the canary lies in the bucket"
    );
}

#[tokio::test(start_paused = true)]
async fn dependents_of_a_waiting_step_are_skipped_and_the_run_is_waiting() {
    let world = world();
    world.set_fates([Fate::Pending]);
    let prove = step();
    let target = Target::Role(build::role("later"), RolePart::Itself);
    let later = build::step(&target, None, Some(build::replication_role(&[])), &[&prove]);
    let told = run(&[prove.clone(), later.clone()], &world).await;
    assert_eq!(told.of(&later), &StepResult::Skipped { because: prove.id });
    assert_eq!(told.outcome.verdict(), Verdict::Waiting);
}

struct FullDisk;

impl ReceiptStore for FullDisk {
    fn keep(&self, _: &CanaryReceipt) -> Result<ReceiptId, LedgerError> {
        Err(LedgerError::Io {
            doing: "write",
            path: "ledger".into(),
            source: std::io::Error::from(std::io::ErrorKind::StorageFull),
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_is_not_kept_is_no_proof() {
    let world = world();
    let told = run_with(&[step()], &world, how(&FullDisk)).await;
    assert_eq!(problem(&told).0, ProblemKind::Ledger);
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_proof_writes_no_target() {
    let world = Recording::new(world());
    run(&[step()], &world).await;
    assert_eq!(world.written(), Vec::<String>::new());
}

/// The step, asking for more of its canary.
fn asking(change: impl FnOnce(&mut s3ferry_core::plan::CanaryGoal)) -> Step {
    let mut step = step();
    if let Work::Prove(goal) = &mut step.work {
        let Goal::Canary(goal) = goal.as_mut();
        change(goal);
    }
    step
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_there_proves_nothing_and_nothing_is_written() {
    let world = world();
    let role = Target::Role(build::role("s3ferry-orders-prod"), RolePart::Itself);
    world.set(&role, None);
    let told = run(&[step()], &world).await;
    assert!(problem(&told).1.contains("is not there"));
    assert_eq!(puts(&told), 0);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_not_as_the_spec_says_proves_nothing() {
    let key = "arn:aws:kms:eu-central-1:222222222222:key/r";
    let key = || s3ferry_core::ids::Arn::new(key).unwrap();
    let owned = Replica {
        owned_by_destination: true,
        ..Replica::default()
    };
    let keyed = Replica {
        kms_key: Some(key()),
        ..Replica::default()
    };
    let classed = Replica {
        storage_class: Some(s3ferry_core::spec::StorageClass::GlacierIr),
        ..Replica::default()
    };
    let tagged = build::tags(&[("class", "hot")]);
    let cases = [
        (Fate::ArrivesUnowned, owned, build::tags(&[]), "owner"),
        (Fate::ArrivesUnderOtherKey, keyed, build::tags(&[]), "key/r"),
        (
            Fate::ArrivesInOtherClass,
            classed,
            build::tags(&[]),
            "GLACIER_IR",
        ),
        (Fate::ArrivesUntagged, Replica::default(), tagged, "tags"),
    ];
    for (fate, replica, tags, word) in cases {
        for arrives_well in [true, false] {
            let world = world();
            let mut rule = build::rule("everything", 1, "", &build::destination());
            let mut to = rule.destination.take().unwrap();
            to.storage_class = replica.storage_class.map(|class| class.as_str().to_owned());
            to.replica_key = replica.kms_key.as_ref().map(|key| Some(key.to_string()));
            rule.destination = Some(to);
            rule.source_selection =
                Some(s3ferry_core::model::kinds::replication::SourceSelection {
                    sse_kms: Some(s3ferry_core::model::kinds::replication::Status::Enabled),
                    replica_modifications: None,
                });
            world.set(
                &Target::Bucket(build::source(), BucketPart::Replication),
                Some(build::replication(&build::role("r"), [rule])),
            );
            world.set_fates([if arrives_well { Fate::ByRules } else { fate }]);
            let step = asking(|goal| {
                goal.replica = replica.clone();
                goal.tags = tags.clone();
                if replica.kms_key.is_some() {
                    goal.encryption = PutEncryption::SseKms(key());
                }
            });
            let told = run(std::slice::from_ref(&step), &world).await;
            if arrives_well {
                assert_eq!(told.of(&step), &PROVEN, "{word}");
            } else {
                let StepResult::Failed { problem, .. } = told.of(&step) else {
                    panic!("{word}: {:?}", told.of(&step));
                };
                assert!(problem.message.contains(word), "{}", problem.message);
            }
            assert_no_canary_left(&world);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_deletes_are_mirrored_a_delete_marker_must_arrive() {
    let step = asking(|goal| goal.mirrors = true);
    let told = run(std::slice::from_ref(&step), &world()).await;
    assert!(
        matches!(told.of(&step), StepResult::Waiting { what, .. } if what.contains("delete marker")),
        "the rule keeps deletes to itself: {:?}",
        told.of(&step)
    );
    let world = self::world();
    let mut rule = build::rule("everything", 1, "", &build::destination());
    rule.delete_markers = Some(Some(
        s3ferry_core::model::kinds::replication::Status::Enabled,
    ));
    world.set(
        &Target::Bucket(build::source(), BucketPart::Replication),
        Some(build::replication(&build::role("r"), [rule])),
    );
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &PROVEN);
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_listed_is_not_gone_because_a_look_finds_nothing() {
    let world = world();
    world.set_unseen(5);
    let told = run(&[step()], &world).await;
    assert_eq!((told.of(&step()), puts(&told)), (&PROVEN, 1));
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_failed_has_failed_however_short_the_wait_was() {
    let world = world();
    world.set_fates([Fate::Fails; 100]);
    let receipts = MemoryReceipts::default();
    let mut how = how(&receipts);
    how.limits.canary_wait = Duration::from_secs(5);
    let told = run_with(&[step()], &world, how).await;
    let (_, message, hint) = problem(&told);
    assert!(
        message.contains("FAILED") && hint.contains("--wait"),
        "{message}; {hint}"
    );
    assert!(
        !hint.contains("changes of this run"),
        "it changed nothing: {hint}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_delete_marker_hides_what_somebody_else_has_under_the_key() {
    for bucket in [build::source(), build::destination()] {
        let world = world();
        let mut rule = build::rule("everything", 1, "", &build::destination());
        rule.delete_markers = Some(Some(
            s3ferry_core::model::kinds::replication::Status::Enabled,
        ));
        world.set(
            &Target::Bucket(build::source(), BucketPart::Replication),
            Some(build::replication(&build::role("r"), [rule])),
        );
        world.set_fates([Fate::Untaken]);
        let theirs = NewObject {
            bucket: bucket.clone(),
            key: KEY.to_owned(),
            body: b"theirs".to_vec(),
            tags: build::tags(&[]),
            metadata: build::tags(&[]),
            encryption: PutEncryption::BucketDefault,
        };
        let version = world.put(&theirs).await.unwrap();
        let step = asking(|goal| goal.mirrors = true);
        let told = run(std::slice::from_ref(&step), &world).await;
        let StepResult::Failed { problem, .. } = told.of(&step) else {
            panic!("{:?}", told.of(&step));
        };
        assert!(
            problem.message.contains("somebody else's object"),
            "{}",
            problem.message
        );
        assert_eq!(
            world.versions_of(&bucket, KEY),
            [version],
            "it is the latest, and alone"
        );
    }
}
