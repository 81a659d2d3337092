//! Canaries: proof, patience, waiting, and what is removed.

use std::collections::BTreeSet;
use std::time::Duration;

use s3ferry_core::ids::BucketName;
use s3ferry_core::model::{BucketPart, BucketRef, RolePart, Target};
use s3ferry_core::plan::{Carrier, Goal, PlacedCanary, PutEncryption, Reach, Replica, Step, Work};
use s3ferry_engine::events::CanaryProgress;
use s3ferry_engine::execute::{CANARY_MARK, CANARY_SUBJECT};
use s3ferry_engine::ledger::{CanaryReceipt, DocumentId, LedgerError, ReceiptId, ReceiptStore};
use s3ferry_engine::outcome::How as Done;
use s3ferry_engine::ports::{Class, NewObject, Objects as _, Onto};
use s3ferry_engine::problem::ProblemKind;
use s3ferry_engine::{StepResult, Verdict, canceller};
use s3ferry_testkit::{
    Fate, Fault, Faulty, MemoryReceipts, MemoryWorld, Operation, Recording, build,
};

use crate::support::{How, Told, how, run, run_with};

/// What the keys of canaries begin with.
const STEM: &str = ".s3ferry-canary/default/orders/everything";
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
        assert_eq!(world.stored(&bucket), [], "{}", bucket.bucket);
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
    assert_eq!(world.stored(&build::source()).len(), 1, "it stays");
    assert!(told.of(&step()).may_have_written(), "and is told to");

    let again = run_with(&[going_on(&receipts)], &world, how(&receipts)).await;
    assert_eq!(again.of(&step()), &PROVEN);
    assert_eq!(puts(&again), 0, "{:?}", again.canary());
    assert_no_canary_left(&world);
}

/// The step, going on with what the ledger says.
fn going_on(receipts: &MemoryReceipts) -> Step {
    asking(|goal| goal.earlier = receipts.placed())
}

/// An object under the key that the first canary of a run gets.
fn object(bucket: &BucketRef, run: &str, metadata: &[(&str, &str)]) -> NewObject {
    NewObject {
        bucket: bucket.clone(),
        key: format!("{STEM}/{run}-1"),
        body: b"theirs".to_vec(),
        tags: build::tags(&[]),
        metadata: build::tags(metadata),
        encryption: PutEncryption::BucketDefault,
        onto: Onto::Anything,
    }
}

/// A canary that an earlier run left, with its object.
async fn left_by_a_run(world: &MemoryWorld, receipts: &MemoryReceipts) -> PlacedCanary {
    let goal = step();
    let Work::Prove(goal) = &goal.work else {
        panic!("it proves");
    };
    let Goal::Canary(goal) = goal.as_ref() else {
        panic!("it proves a rule");
    };
    let placed = goal.placed("earlier", 1);
    let marks = [
        (CANARY_MARK, placed.mark()),
        (CANARY_SUBJECT, "subject-1".to_owned()),
    ];
    let marks: Vec<(&str, &str)> = marks.iter().map(|(key, value)| (*key, &**value)).collect();
    let object = object(&build::source(), "earlier", &marks);
    world.put(&object).await.unwrap();
    receipts.place(&placed).await.unwrap();
    placed
}

#[tokio::test(start_paused = true)]
async fn the_ledger_has_a_canary_before_it_is_put_and_until_it_is_gone() {
    let hang = Fault::HangBefore;
    let receipts = MemoryReceipts::default();
    let world = Faulty::new(world()).on(Operation::Put, "", 1, hang);
    let steps = [step()];
    tokio::select! {
        _ = run_with(&steps, &world, how(&receipts)) => panic!("it hangs"),
        () = world.hung() => {}
    }
    assert_eq!(
        receipts.placed().len(),
        1,
        "a run may be killed while it puts"
    );
    let world = world.inner();
    let told = run_with(&[going_on(&receipts)], world, how(&receipts)).await;
    assert_eq!(told.of(&step()), &PROVEN);
    assert_eq!(receipts.placed(), []);
    assert_no_canary_left(world);
}

#[tokio::test(start_paused = true)]
async fn without_a_ledger_no_canary_is_put() {
    let world = world();
    let told = run_with(&[step()], &world, how(&FullDisk { places: false })).await;
    assert_eq!((problem(&told).0, puts(&told)), (ProblemKind::Ledger, 0));
    assert_eq!(told.outcome.verdict(), Verdict::Error);
    assert_no_canary_left(&world);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_an_earlier_run_left_is_swept_from_every_side() {
    let (world, receipts) = (world(), MemoryReceipts::default());
    let placed = left_by_a_run(&world, &receipts).await;
    let sweep = build::sweep(placed.clone());
    let told = run_with(std::slice::from_ref(&sweep), &world, how(&receipts)).await;
    assert_eq!(told.of(&sweep), &StepResult::Done(Done::Removed));
    assert_no_canary_left(&world);
    assert_eq!(receipts.placed(), []);
    // What was noted and never put is forgotten.
    receipts.place(&placed).await.unwrap();
    let told = run_with(std::slice::from_ref(&sweep), &world, how(&receipts)).await;
    assert_eq!(told.of(&sweep), &StepResult::Done(Done::Already));
    assert_eq!(receipts.placed(), []);
}

#[tokio::test(start_paused = true)]
async fn a_swept_canary_is_waited_for_while_its_replica_may_arrive() {
    let (world, receipts) = (world(), MemoryReceipts::default());
    world.set_lag(Duration::from_secs(100));
    let sweep = build::sweep(left_by_a_run(&world, &receipts).await);
    let told = run_with(std::slice::from_ref(&sweep), &world, how(&receipts)).await;
    assert_eq!(told.of(&sweep), &StepResult::Done(Done::Removed));
    assert!(told.took >= Duration::from_secs(100), "{:?}", told.took);
    assert_no_canary_left(&world);

    world.set_lag(Duration::from_secs(2_000));
    let sweep = build::sweep(left_by_a_run(&world, &receipts).await);
    let told = run_with(std::slice::from_ref(&sweep), &world, how(&receipts)).await;
    assert_eq!(
        told.outcome.verdict(),
        Verdict::Waiting,
        "{:?}",
        told.outcome
    );
    assert_eq!(receipts.placed().len(), 1, "it is looked for once more");
    let told = run_with(std::slice::from_ref(&sweep), &world, how(&receipts)).await;
    assert_eq!(told.of(&sweep), &StepResult::Done(Done::Already));
    assert_eq!(receipts.placed(), []);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_cannot_be_swept_stays_in_the_ledger_with_the_reason() {
    let receipts = MemoryReceipts::default();
    let inner = world();
    let placed = left_by_a_run(&inner, &receipts).await;
    let denied = Fault::Before(Class::Denied);
    let world = Faulty::new(inner).on(Operation::Delete, "orders-archive", 1, denied);
    let sweep = build::sweep(placed);
    let told = run_with(std::slice::from_ref(&sweep), &world, how(&receipts)).await;
    assert_eq!(told.of(&sweep), &StepResult::Done(Done::Removed));
    let [placed] = &receipts.placed()[..] else {
        panic!("{:?}", receipts.placed());
    };
    assert!(placed.stays.is_some());
    run_with(&[build::sweep(placed.clone())], &world, how(&receipts)).await;
    assert_eq!(receipts.placed(), []);
    assert_no_canary_left(world.inner());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_touches_nothing_without_the_mark() {
    let (world, receipts) = (world(), MemoryReceipts::default());
    let placed = left_by_a_run(&world, &receipts).await;
    let other = [(CANARY_MARK, "default/orders/other")];
    let mut theirs = Vec::new();
    for marks in [&[][..], &other[..]] {
        let object = object(&build::source(), "earlier", marks);
        theirs.push((placed.key.clone(), world.put(&object).await.unwrap()));
    }
    let marker = world.put_delete_marker(&build::source(), &placed.key);
    theirs.push((placed.key.clone(), marker));
    let sweep = build::sweep(placed);
    let told = run_with(std::slice::from_ref(&sweep), &world, how(&receipts)).await;
    assert_eq!(world.stored(&build::source()), theirs);
    let Some(CanaryProgress::Removed { left, .. }) = told.canary().last() else {
        panic!("{:?}", told.canary());
    };
    let named: BTreeSet<&String> = left.iter().map(|left| &left.version).collect();
    assert!(theirs.iter().all(|(_, version)| named.contains(version)));
    assert_eq!(receipts.placed(), [], "nothing of ours is left");
}

#[tokio::test(start_paused = true)]
async fn a_canary_goes_over_nobodys_object() {
    let (world, receipts) = (world(), MemoryReceipts::default());
    let how = How {
        id: "mine".to_owned(),
        ..how(&receipts)
    };
    let theirs = object(&build::source(), "mine", &[]);
    let version = world.put(&theirs).await.unwrap();
    let told = run_with(&[step()], &world, how).await;
    assert!(
        problem(&told).1.contains("PreconditionFailed"),
        "{:?}",
        problem(&told)
    );
    assert_eq!(told.outcome.verdict(), Verdict::Error);
    assert_eq!(world.stored(&build::source()), [(theirs.key, version)]);
    assert_eq!(receipts.placed(), []);
}

#[tokio::test(start_paused = true)]
async fn no_canary_is_put_where_a_rule_that_the_plan_did_not_know_carries_it() {
    let other = BucketRef {
        bucket: BucketName::new("theirs").unwrap(),
        ..build::destination()
    };
    let ours = build::rule("everything", 1, "", &build::destination());
    let elsewhere = build::rule("theirs", 2, ".s3f", &other);
    let instead = build::rule("theirs", 2, ".s3f", &build::destination());
    for (theirs, word) in [(elsewhere, "to theirs, too"), (instead, "instead")] {
        let world = world().with_bucket(&other);
        world.set(
            &Target::Bucket(build::source(), BucketPart::Replication),
            Some(build::replication(
                &build::role("r"),
                [ours.clone(), theirs],
            )),
        );
        let told = run(&[step()], &world).await;
        assert!(problem(&told).1.contains(word), "{:?}", problem(&told));
        assert_eq!((puts(&told), told.outcome.verdict()), (0, Verdict::Error));
    }
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_removed_from_wherever_other_rules_carry_it() {
    let other = BucketRef {
        bucket: BucketName::new("theirs").unwrap(),
        ..build::destination()
    };
    for fails in [false, true] {
        let (world, receipts) = (world().with_bucket(&other), MemoryReceipts::default());
        let mirroring = |id, to: &BucketRef| {
            let mut rule = build::rule(id, 1, "", to);
            rule.delete_markers = Some(Some(
                s3ferry_core::model::kinds::replication::Status::Enabled,
            ));
            rule
        };
        let rules = [
            mirroring("everything", &build::destination()),
            mirroring("theirs", &other),
        ];
        world.set(
            &Target::Bucket(build::source(), BucketPart::Replication),
            Some(build::replication(&build::role("r"), rules)),
        );
        world.set_fates([if fails {
            Fate::ArrivesTorn
        } else {
            Fate::ByRules
        }]);
        let step = asking(|goal| {
            goal.mirrors = true;
            goal.elsewhere = vec![Carrier {
                rule: "theirs".to_owned(),
                bucket: other.bucket.clone(),
                to: Reach::Found(other.clone()),
                mirrors: true,
            }];
        });
        let told = run_with(std::slice::from_ref(&step), &world, how(&receipts)).await;
        assert_eq!(told.of(&step) == &PROVEN, !fails, "{:?}", told.of(&step));
        assert_no_canary_left(&world);
        assert_eq!(world.stored(&other), []);
        assert_eq!(receipts.placed(), []);
    }
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
    let (world, receipts) = (world(), MemoryReceipts::default());
    let placed = left_by_a_run(&world, &receipts).await;
    let versions = world.versions(&build::destination(), &placed.key).await;
    for listed in versions.unwrap() {
        let destination = build::destination();
        let delete = world.delete(&destination, &placed.key, &listed.version);
        delete.await.unwrap();
    }
    let told = run_with(&[going_on(&receipts)], &world, how(&receipts)).await;
    assert_eq!((told.of(&step()), puts(&told)), (&PROVEN, 1));
    assert!(told.took < Duration::from_secs(10), "{:?}", told.took);
    assert_no_canary_left(&world);
    assert_eq!(receipts.placed(), []);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_somebody_removes_is_replaced() {
    let world = world();
    world.set_fates([Fate::Vanishes]);
    assert_eq!(run(&[step()], &world).await.of(&step()), &PROVEN);
}

#[tokio::test(start_paused = true)]
async fn a_canary_whose_reply_was_lost_is_found_and_not_written_twice() {
    let world = Faulty::new(world()).on(Operation::Put, "", 1, Fault::After(Class::Transient));
    let told = run(&[step()], &world).await;
    assert_eq!((told.of(&step()), puts(&told)), (&PROVEN, 1));
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
    let receipts = MemoryReceipts::default();
    let told = run_with(&[step()], &world, how(&receipts)).await;
    assert_eq!(told.of(&step()), &PROVEN);
    let Some(CanaryProgress::Removed { versions: 1, left }) = told.canary().last() else {
        panic!("{:?}", told.canary());
    };
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].bucket, "orders-archive");
    let placed = receipts.placed();
    assert!(placed.iter().all(|placed| placed.stays.is_some()));
    assert_eq!(placed.len(), 1, "the ledger has it until it is gone");
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

pub(crate) struct FullDisk {
    /// Whether there is room for where canaries lie.
    pub(crate) places: bool,
}

impl FullDisk {
    fn full() -> LedgerError {
        LedgerError::Io {
            doing: "write",
            path: "ledger".into(),
            source: std::io::Error::from(std::io::ErrorKind::StorageFull),
        }
    }
}

impl ReceiptStore for FullDisk {
    async fn keep(&self, _: &CanaryReceipt) -> Result<ReceiptId, LedgerError> {
        Err(Self::full())
    }

    async fn keep_backfill(
        &self,
        _: &s3ferry_engine::ledger::BackfillReceipt,
    ) -> Result<ReceiptId, LedgerError> {
        Err(Self::full())
    }

    async fn keep_checksums(
        &self,
        _: &s3ferry_engine::ledger::ChecksumsReceipt,
    ) -> Result<ReceiptId, LedgerError> {
        Err(Self::full())
    }

    async fn proven_at(
        &self,
        _: &[s3ferry_core::plan::Proof],
    ) -> Result<Option<String>, LedgerError> {
        Ok(None)
    }

    async fn place(&self, _: &PlacedCanary) -> Result<(), LedgerError> {
        self.places.then_some(()).ok_or_else(Self::full)
    }

    async fn forget(&self, _: &PlacedCanary) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn keep_document(&self, _: &DocumentId, _: Vec<u8>) -> Result<(), LedgerError> {
        Err(Self::full())
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_is_not_kept_is_no_proof() {
    let world = world();
    let told = run_with(&[step()], &world, how(&FullDisk { places: true })).await;
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
    if let Work::Prove(goal) = &mut step.work
        && let Goal::Canary(goal) = goal.as_mut()
    {
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
        let theirs = object(&bucket, "mine", &[]);
        let version = world.put(&theirs).await.unwrap();
        let mut expected = vec![(theirs.key.clone(), version)];
        if bucket == build::source() {
            // What was deleted may be put over, and comes to no light.
            let marker = world.put_delete_marker(&bucket, &theirs.key);
            expected.push((theirs.key, marker));
        }
        let step = asking(|goal| goal.mirrors = true);
        let receipts = MemoryReceipts::default();
        let how = How {
            id: "mine".to_owned(),
            ..how(&receipts)
        };
        let told = run_with(std::slice::from_ref(&step), &world, how).await;
        let StepResult::Failed { problem, .. } = told.of(&step) else {
            panic!("{:?}", told.of(&step));
        };
        assert!(
            problem.message.contains("somebody else's object"),
            "{}",
            problem.message
        );
        assert_eq!(world.stored(&bucket), expected, "and nothing of ours");
    }
}
