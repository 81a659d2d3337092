//! One write step: what is repeated, what is not, and what is never written over.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use s3ferry_core::model::{BucketPart, Document, RolePart, Target, same};
use s3ferry_core::plan::Step;
use s3ferry_engine::events::RunEvent;
use s3ferry_engine::outcome::How as Done;
use s3ferry_engine::ports::{Class, PortError, Read, Write, WriteChange};
use s3ferry_engine::problem::ProblemKind;
use s3ferry_engine::{StepResult, Verdict, canceller};
use s3ferry_testkit::{
    Fault, Faulty, MemoryReceipts, MemoryWorld, Operation, Recording, Slow, Stale, build,
};

use crate::support::{How, given, how, policy, run, run_with, target};

const WRITTEN: StepResult = StepResult::Done(Done::Written);

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_not_written_again() {
    let (world, step) = given();
    let lost = Fault::After(Class::Transient);
    let world = Faulty::new(Recording::new(world)).on(Operation::Write, "", 1, lost);
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert_eq!(world.inner().writes_to(&target()), [Some(policy("After"))]);
}

#[tokio::test(start_paused = true)]
async fn throttles_are_waited_out_and_told() {
    let (world, step) = given();
    let world = Faulty::new(world).on(Operation::Write, "", 5, Fault::Before(Class::Throttled));
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert_eq!(
        told.count(|event| matches!(event, RunEvent::Retrying { .. })),
        5
    );
    assert_eq!(
        told.count(|event| matches!(event, RunEvent::Writing { .. })),
        6
    );
}

#[tokio::test(start_paused = true)]
async fn propagation_is_waited_for_two_minutes_and_no_longer() {
    let (world, step) = given();
    let world = Faulty::new(world).on(
        Operation::Write,
        "",
        u32::MAX,
        Fault::Before(Class::Propagation),
    );
    let told = run(std::slice::from_ref(&step), &world).await;
    let StepResult::Failed {
        problem,
        may_have_written,
    } = told.of(&step)
    else {
        panic!("{:?}", told.of(&step));
    };
    assert_eq!(
        (problem.kind, *may_have_written),
        (ProblemKind::Call(Class::Propagation), false)
    );
    assert!(
        told.took > Duration::from_secs(100) && told.took <= Duration::from_secs(120),
        "{:?}",
        told.took
    );
}

#[tokio::test(start_paused = true)]
async fn each_passing_class_is_bounded() {
    for class in [Class::Throttled, Class::Transient, Class::Busy] {
        let (world, step) = given();
        let world = Faulty::new(world).on(Operation::Write, "", u32::MAX, Fault::Before(class));
        let told = run(std::slice::from_ref(&step), &world).await;
        assert!(
            matches!(told.of(&step), StepResult::Failed { .. }),
            "{class:?}"
        );
        assert!(
            told.took <= Duration::from_secs(180),
            "{class:?}: {:?}",
            told.took
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_aws_will_never_take_is_sent_once() {
    for class in [
        Class::Rejected,
        Class::Denied,
        Class::Credentials,
        Class::Misplaced,
    ] {
        let (world, step) = given();
        let world = Faulty::new(world).on(Operation::Write, "", u32::MAX, Fault::Before(class));
        let told = run(std::slice::from_ref(&step), &world).await;
        assert_eq!(
            told.count(|event| matches!(event, RunEvent::Writing { .. })),
            1,
            "{class:?}"
        );
        assert!(matches!(
            told.of(&step),
            StepResult::Failed {
                may_have_written: false,
                ..
            }
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_denied_write_is_denied_and_a_denied_read_too() {
    for operation in [Operation::Read, Operation::Write] {
        let (world, step) = given();
        let world = Faulty::new(world).on(operation, "", 1, Fault::Before(Class::Denied));
        let told = run(&[step], &world).await;
        assert_eq!(told.outcome.verdict(), Verdict::Denied, "{operation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_not_understood_may_have_written() {
    let (world, step) = given();
    let lost = Fault::Before(Class::Unexpected);
    let told = run(
        std::slice::from_ref(&step),
        &Faulty::new(world).on(Operation::Write, "", 1, lost),
    )
    .await;
    assert!(matches!(
        told.of(&step),
        StepResult::Failed {
            may_have_written: true,
            ..
        }
    ));
    assert_eq!(told.outcome.verdict(), Verdict::Partial);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_happened_is_not_called_a_failure_whatever_its_answer() {
    let (world, step) = given();
    let answered = Fault::After(Class::Unexpected);
    let world = Faulty::new(world).on(Operation::Write, "", 1, answered);
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
}

#[tokio::test(start_paused = true)]
async fn an_edit_between_plan_and_apply_is_stale_and_not_written_over() {
    let (world, step) = given();
    world.set(&target(), Some(policy("Theirs")));
    let world = Recording::new(world);
    let told = run(std::slice::from_ref(&step), &world).await;
    let StepResult::Stale {
        target: named,
        after_write,
        ..
    } = told.of(&step)
    else {
        panic!("{:?}", told.of(&step));
    };
    assert_eq!((named, *after_write), (&target().to_string(), false));
    assert_eq!(world.writes_to(&target()), []);
    assert_eq!(world.inner().document(&target()), Some(policy("Theirs")));
    assert_eq!(told.outcome.verdict(), Verdict::Stale);
    assert!(
        told.took > Duration::from_secs(4) && told.took <= Duration::from_secs(10),
        "{:?}",
        told.took
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_read_before_the_write_is_read_again() {
    let (world, step) = given();
    let first = build::step(
        &target(),
        Some(policy("Oldest")),
        Some(policy("Before")),
        &[],
    );
    world.set(&target(), Some(policy("Oldest")));
    // Settling the first write takes two fresh reads; the reads of the second step are then old.
    let world = Recording::new(Stale::new(world, [0, 0, 1, 1, 0, 1, 0]));
    assert_eq!(
        run(std::slice::from_ref(&first), &world).await.of(&first),
        &WRITTEN
    );
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert_eq!(
        told.count(|event| matches!(event, RunEvent::Doubted { .. })),
        2
    );
    assert_eq!(
        world.writes_to(&target()),
        [Some(policy("Before")), Some(policy("After"))]
    );
}

#[tokio::test(start_paused = true)]
async fn reads_that_go_backwards_cause_no_second_write_and_settle_when_two_agree() {
    let (world, step) = given();
    let world = Recording::new(Stale::new(world, [1, 0, 1, 0, 0]));
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert_eq!(world.writes_to(&target()).len(), 1);
    assert_eq!(
        told.count(|event| matches!(event, RunEvent::Settled { reads: 5, .. })),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_settles_at_the_first_read() {
    let target = Target::Role(build::role("r"), RolePart::Itself);
    let step = build::step(&target, None, Some(build::replication_role(&[])), &[]);
    let told = run(&[step], &MemoryWorld::new()).await;
    assert_eq!(
        told.count(|event| matches!(event, RunEvent::Settled { reads: 1, .. })),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn what_never_reads_back_is_unsettled_after_two_minutes() {
    let (world, step) = given();
    let told = run(std::slice::from_ref(&step), &Stale::new(world, [1; 1000])).await;
    let StepResult::Failed {
        problem,
        may_have_written,
    } = told.of(&step)
    else {
        panic!("{:?}", told.of(&step));
    };
    assert_eq!(
        (problem.kind, *may_have_written),
        (ProblemKind::Unsettled, true)
    );
    assert!(
        told.took >= Duration::from_secs(120) && told.took < Duration::from_secs(130),
        "{:?}",
        told.took
    );
}

#[tokio::test(start_paused = true)]
async fn read_errors_that_pass_do_not_end_settling() {
    let (world, step) = given();
    // The first read is the look; the next three settle.
    let faults = (3..6).fold(Faulty::new(world), |world, k| {
        world.at_call(k, Fault::Before(Class::Transient))
    });
    assert_eq!(
        run(std::slice::from_ref(&step), &faults).await.of(&step),
        &WRITTEN
    );
}

/// Somebody who changes a target at the moment of our first writes, in place of them or right after them.
struct Meddling {
    world: MemoryWorld,
    writes: AtomicU32,
    times: u32,
    ours_first: bool,
    theirs: Document,
    answer: Result<(), Class>,
}

impl Meddling {
    fn new(world: MemoryWorld, theirs: Document) -> Self {
        Self {
            world,
            writes: AtomicU32::new(0),
            times: 1,
            ours_first: false,
            theirs,
            answer: Err(Class::Throttled),
        }
    }
}

impl Read for Meddling {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        self.world.read(target).await
    }
}

impl Write for Meddling {
    async fn write(&self, target: &Target, change: WriteChange<'_>) -> Result<(), PortError> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        if number >= self.times {
            return self.world.write(target, change).await;
        }
        if self.ours_first {
            self.world.write(target, change).await?;
        }
        let theirs = match number {
            0 => self.theirs.clone(),
            more => policies(&["Base", &format!("{OTHERS}{more}")]),
        };
        self.world.set(target, Some(theirs));
        self.answer.map_err(|class| PortError {
            class,
            service: "test",
            operation: "Write",
            target: target.to_string(),
            code: "Meddled".to_owned(),
            message: String::new(),
            request_id: None,
            hint: None,
        })
    }
}

impl s3ferry_engine::ports::Pieces for Meddling {}
impl s3ferry_engine::ports::Jobs for Meddling {}

impl s3ferry_engine::ports::Objects for Meddling {
    async fn put(&self, object: &s3ferry_engine::ports::NewObject) -> Result<String, PortError> {
        self.world.put(object).await
    }

    async fn head(
        &self,
        bucket: &s3ferry_core::model::BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<s3ferry_engine::ports::ObjectHead>, PortError> {
        self.world.head(bucket, key, version).await
    }

    async fn versions(
        &self,
        bucket: &s3ferry_core::model::BucketRef,
        key: &str,
    ) -> Result<Vec<s3ferry_engine::ports::ListedVersion>, PortError> {
        self.world.versions(bucket, key).await
    }

    async fn tags(
        &self,
        bucket: &s3ferry_core::model::BucketRef,
        key: &str,
        version: &str,
    ) -> Result<std::collections::BTreeMap<String, String>, PortError> {
        self.world.tags(bucket, key, version).await
    }

    async fn put_delete_marker(
        &self,
        bucket: &s3ferry_core::model::BucketRef,
        key: &str,
    ) -> Result<String, PortError> {
        s3ferry_engine::ports::Objects::put_delete_marker(&self.world, bucket, key).await
    }

    async fn delete(
        &self,
        bucket: &s3ferry_core::model::BucketRef,
        key: &str,
        version: &str,
    ) -> Result<(), PortError> {
        self.world.delete(bucket, key, version).await
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_while_we_wait_to_write_again_is_not_written_over() {
    let (world, step) = given();
    let world = Meddling::new(world, policy("Theirs"));
    let told = run(std::slice::from_ref(&step), &world).await;
    assert!(matches!(
        told.of(&step),
        StepResult::Stale {
            after_write: false,
            ..
        }
    ));
    assert_eq!(world.world.document(&target()), Some(policy("Theirs")));
}

#[tokio::test(start_paused = true)]
async fn an_edit_right_after_our_write_is_named_and_left() {
    let (world, step) = given();
    let world = Meddling {
        ours_first: true,
        answer: Ok(()),
        ..Meddling::new(world, policy("Theirs"))
    };
    let told = run(std::slice::from_ref(&step), &world).await;
    assert!(matches!(
        told.of(&step),
        StepResult::Stale {
            after_write: true,
            ..
        }
    ));
    assert_eq!(world.world.document(&target()), Some(policy("Theirs")));
    assert_eq!(told.outcome.verdict(), Verdict::Partial);
}

/// A policy with a statement of each Sid.
fn policies(sids: &[&str]) -> Document {
    let statement = |sid: &&str| {
        format!(
            r#"{{"Sid":"{sid}","Effect":"Deny","Principal":"*","Action":"s3:Delete{sid}","Resource":"*"}}"#
        )
    };
    let statements: Vec<String> = sids.iter().map(statement).collect();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    Document::BucketPolicy(s3ferry_core::model::kinds::Policy::read(text))
}

/// Sids with the marks of two specs.
const OURS: &str = "S3FerrySpecaaaaaaaaaaaaaaaa1";
const OTHERS: &str = "S3FerrySpecbbbbbbbbbbbbbbbb1";

/// A policy with a statement of somebody's, and the step that puts ours beside it.
fn beside() -> (MemoryWorld, Step) {
    let world = MemoryWorld::new()
        .with_bucket(&build::source())
        .with(&target(), policies(&["Base"]));
    let [before, after] = [policies(&["Base"]), policies(&["Base", OURS])];
    (
        world,
        build::step(&target(), Some(before), Some(after), &[]),
    )
}

fn is_policy(world: &MemoryWorld, sids: &[&str]) -> bool {
    same(world.document(&target()).as_ref(), Some(&policies(sids)))
}

#[tokio::test(start_paused = true)]
async fn what_another_spec_writes_over_ours_is_kept_and_ours_put_beside_it() {
    let (world, step) = beside();
    let world = Meddling {
        ours_first: true,
        answer: Ok(()),
        ..Meddling::new(world, policies(&["Base", OTHERS]))
    };
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert!(is_policy(&world.world, &["Base", OTHERS, OURS]));
    assert_eq!(
        told.count(|event| matches!(event, RunEvent::Merged { .. })),
        1
    );
    assert!(told.took < Duration::from_secs(10), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn what_anybody_puts_beside_ours_is_no_loss() {
    for theirs in [OTHERS, "Theirs"] {
        let (world, step) = beside();
        let world = Meddling {
            ours_first: true,
            answer: Ok(()),
            ..Meddling::new(world, policies(&["Base", OURS, theirs]))
        };
        let told = run(std::slice::from_ref(&step), &world).await;
        assert_eq!(told.of(&step), &WRITTEN);
        assert!(is_policy(&world.world, &["Base", OURS, theirs]));
        assert_eq!(world.writes.load(Ordering::Relaxed), 1, "{theirs}");
        assert!(told.took < Duration::from_secs(2), "{:?}", told.took);
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_spec_wrote_since_the_plan_is_kept_and_ours_put_beside_it() {
    let (world, step) = beside();
    world.set(&target(), Some(policies(&["Base", OTHERS])));
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert!(is_policy(&world, &["Base", OTHERS, OURS]));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_wrote_otherwise_with_the_same_meaning_stays_as_they_wrote_it() {
    let (world, step) = beside();
    let spaced = |document: &Document| {
        document
            .policy_document()
            .unwrap()
            .to_json()
            .replace("\":", "\" :")
    };
    let theirs = s3ferry_core::model::kinds::Policy::read(spaced(&policies(&["Base"])));
    world.set(&target(), Some(Document::BucketPolicy(theirs.clone())));
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert!(is_policy(&world, &["Base", OURS]));
    let written = world
        .document(&target())
        .unwrap()
        .policy_document()
        .unwrap()
        .to_json();
    assert!(written.contains(r#""Sid" :"Base""#), "{written}");
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_with_what_another_spec_took_away_brings_nothing_back() {
    let (world, step) = beside();
    world.set(&target(), Some(policies(&["Base", OTHERS])));
    // The first look answers what was there before, and no second one in a row does.
    let world = Stale::new(world, [1, 0, 0, 0, 0]);
    let [with, without] = [policies(&["Base", OTHERS]), policies(&["Base"])];
    let change = WriteChange {
        before: Some(&with),
        after: Some(&without),
    };
    world.write(&target(), change).await.unwrap();
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert!(is_policy(world.inner(), &["Base", OURS]));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_lost_time_and_again_is_given_up() {
    let (world, step) = beside();
    let world = Meddling {
        times: 100,
        ours_first: true,
        answer: Ok(()),
        ..Meddling::new(world, policies(&["Base", OTHERS]))
    };
    let told = run(std::slice::from_ref(&step), &world).await;
    assert!(
        matches!(
            told.of(&step),
            StepResult::Stale {
                after_write: true,
                ..
            }
        ),
        "{:?}",
        told.of(&step)
    );
    assert_eq!(
        told.count(|event| matches!(event, RunEvent::Merged { .. })),
        5
    );
    assert!(is_policy(&world.world, &["Base", &format!("{OTHERS}5")]));
    assert!(told.took < Duration::from_secs(60), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn an_edit_over_ours_is_told_within_seconds() {
    let (world, step) = beside();
    let world = Meddling {
        ours_first: true,
        answer: Ok(()),
        ..Meddling::new(world, policies(&["Base", "Theirs"]))
    };
    let told = run(std::slice::from_ref(&step), &world).await;
    assert!(
        matches!(
            told.of(&step),
            StepResult::Stale {
                after_write: true,
                ..
            }
        ),
        "{:?}",
        told.of(&step)
    );
    assert!(is_policy(&world.world, &["Base", "Theirs"]));
    assert!(told.took < Duration::from_secs(20), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn half_a_write_of_ours_is_finished_and_not_taken_for_an_edit() {
    let target = Target::Role(build::role("r"), RolePart::Itself);
    let wanted = build::replication_role(&[("a", "1"), ("b", "1")]);
    let half = build::replication_role(&[("a", "1")]);
    let step = build::step(&target, None, Some(wanted.clone()), &[]);
    let world = Meddling::new(MemoryWorld::new(), half);
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    let live = world.world.document(&target);
    assert!(same(live.as_ref(), Some(&wanted)), "{live:?}");
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_looks_like_half_of_our_write_is_an_edit_where_we_wrote_nothing() {
    let target = Target::Role(build::role("r"), RolePart::Itself);
    let role = |tags| Some(build::replication_role(tags));
    let step = build::step(&target, role(&[]), role(&[("a", "1"), ("b", "1")]), &[]);
    let world = MemoryWorld::new().with(&target, build::replication_role(&[("a", "1")]));
    let told = run(std::slice::from_ref(&step), &world).await;
    assert!(matches!(told.of(&step), StepResult::Stale { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_somebody_made_meanwhile_is_not_born_with_its_settings() {
    let bucket = build::destination();
    let whole = Target::Bucket(bucket.clone(), BucketPart::Itself);
    let make = build::step(&whole, None, Some(build::made(&bucket, &[])), &[]);
    let encryption = Target::Bucket(bucket.clone(), BucketPart::Encryption);
    let encrypt = build::step(&encryption, None, Some(build::sse_s3()), &[&make]);
    let world = MemoryWorld::new().with_bucket(&bucket);
    let told = run(&[make.clone(), encrypt.clone()], &world).await;
    assert_eq!(told.of(&make), &StepResult::Done(Done::Already));
    assert!(matches!(told.of(&encrypt), StepResult::Stale { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_does_not_carry_the_tags_it_was_to_be_made_with_is_somebody_elses() {
    let bucket = build::destination();
    let whole = Target::Bucket(bucket.clone(), BucketPart::Itself);
    let ours = build::made(&bucket, &[("made-by", "s3ferry")]);
    let make = build::step(&whole, None, Some(ours), &[]);
    let policy = Target::Bucket(bucket.clone(), BucketPart::Policy);
    let open = build::bucket_policy(&bucket, "Ours");
    let open = build::step(&policy, None, Some(open), &[&make]);
    let steps = [make.clone(), open.clone()];

    let theirs = Recording::new(MemoryWorld::new().with_bucket(&bucket));
    let told = run(&steps, &theirs).await;
    assert!(matches!(told.of(&make), StepResult::Stale { .. }));
    assert!(matches!(told.of(&open), StepResult::Skipped { .. }));
    assert_eq!(theirs.written(), [""; 0]);

    let tags = Target::Bucket(bucket.clone(), BucketPart::Tags);
    let made = Document::Tags(build::tags(&[("made-by", "s3ferry"), ("cost", "1")]));
    let ours = MemoryWorld::new().with_bucket(&bucket).with(&tags, made);
    let told = run(&steps, &ours).await;
    assert_eq!(told.of(&make), &StepResult::Done(Done::Already));
    assert_eq!(told.of(&open), &WRITTEN);
}

#[tokio::test(start_paused = true)]
async fn half_a_write_that_is_given_up_may_have_written() {
    let target = Target::Role(build::role("r"), RolePart::Itself);
    let wanted = build::replication_role(&[("a", "1"), ("b", "1")]);
    let step = build::step(&target, None, Some(wanted), &[]);
    let world = Meddling {
        answer: Err(Class::Denied),
        ..Meddling::new(MemoryWorld::new(), build::replication_role(&[("a", "1")]))
    };
    let told = run(std::slice::from_ref(&step), &world).await;
    assert!(matches!(
        told.of(&step),
        StepResult::Failed {
            may_have_written: true,
            ..
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_this_run_is_born_with_settings_and_not_with_a_policy() {
    let bucket = build::destination();
    let make = build::step(
        &Target::Bucket(bucket.clone(), BucketPart::Itself),
        None,
        Some(build::made(&bucket, &[])),
        &[],
    );
    let part = |target: Target, document| build::step(&target, None, Some(document), &[&make]);
    let steps = [
        make.clone(),
        part(
            Target::Bucket(bucket.clone(), BucketPart::Versioning),
            build::versioned(),
        ),
        part(
            Target::Bucket(bucket.clone(), BucketPart::Encryption),
            build::sse_s3(),
        ),
    ];
    let told = run(&steps, &MemoryWorld::new()).await;
    let counts = told.outcome.counts();
    assert_eq!(
        (counts.written, counts.already),
        (2, 1),
        "{:#?}",
        told.outcome
    );

    let world = MemoryWorld::new().with(
        &Target::Bucket(bucket.clone(), BucketPart::Policy),
        policy("Theirs"),
    );
    let steps = [
        make.clone(),
        part(Target::Bucket(bucket, BucketPart::Policy), policy("Ours")),
    ];
    let told = run(&steps, &world).await;
    assert!(matches!(told.of(&steps[1]), StepResult::Stale { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_aws_blocks_on_a_new_bucket_stays_blocked() {
    let bucket = build::destination();
    let whole = Target::Bucket(bucket.clone(), BucketPart::Itself);
    let make = build::step(&whole, None, Some(build::made(&bucket, &[])), &[]);
    let encryption = Target::Bucket(bucket, BucketPart::Encryption);
    let encrypt = build::step(&encryption, None, Some(build::sse_s3()), &[&make]);
    let world = MemoryWorld::new();
    assert_eq!(
        run(&[make, encrypt], &world).await.outcome.verdict(),
        Verdict::Done
    );
    let Some(Document::Encryption(live)) = world.document(&encryption) else {
        panic!("the bucket is encrypted");
    };
    assert!(live.blocked.contains("SSE-C"), "{live:?}");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_is_redirected_while_a_name_propagates_is_tried_again() {
    let (world, step) = given();
    let redirected = Fault::Before(Class::Propagation);
    let world = Faulty::new(world).on(Operation::Read, "", 20, redirected);
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(told.of(&step), &WRITTEN);
    assert!(told.took > Duration::from_secs(60), "{:?}", told.took);

    let (world, step) = given();
    let world = Faulty::new(world).on(Operation::Read, "", u32::MAX, redirected);
    let told = run(std::slice::from_ref(&step), &world).await;
    assert!(matches!(
        told.of(&step),
        StepResult::Failed {
            may_have_written: false,
            ..
        }
    ));
    assert!(told.took <= Duration::from_secs(120), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn settings_of_a_bucket_that_was_there_before_are_not_taken_for_born() {
    let bucket = build::destination();
    let target = Target::Bucket(bucket.clone(), BucketPart::Versioning);
    let step = build::step(&target, None, Some(build::versioned()), &[]);
    let world = MemoryWorld::new().with_bucket(&bucket).with(
        &target,
        build::versioning(s3ferry_core::model::kinds::VersioningStatus::Never),
    );
    let told = run(std::slice::from_ref(&step), &world).await;
    assert!(matches!(told.of(&step), StepResult::Stale { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_step_asked_to_stop_while_it_waits_to_write_again_stops() {
    let (world, step) = given();
    let world = Faulty::new(world).on(
        Operation::Write,
        "",
        u32::MAX,
        Fault::Before(Class::Propagation),
    );
    let (canceller, cancel) = canceller();
    let receipts = MemoryReceipts::default();
    let steps = [step];
    let run = run_with(
        &steps,
        &world,
        How {
            cancel,
            ..how(&receipts)
        },
    );
    let stop = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        canceller.cancel();
    };
    let (told, ()) = tokio::join!(run, stop);
    assert!(told.took < Duration::from_secs(31), "{:?}", told.took);
    assert_eq!(told.outcome.verdict(), Verdict::Interrupted);
    assert_eq!(world.inner().document(&target()), Some(policy("Before")));
}

#[tokio::test(start_paused = true)]
async fn a_write_under_way_is_finished_and_settled_when_asked_to_stop() {
    let (world, step) = given();
    let world = Slow::new(Stale::new(world, [1, 1, 1, 0]), Duration::from_secs(1));
    let (canceller, cancel) = canceller();
    let receipts = MemoryReceipts::default();
    let steps = [step];
    let run = run_with(
        &steps,
        &world,
        How {
            cancel,
            ..how(&receipts)
        },
    );
    let stop = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        canceller.cancel();
    };
    let (told, ()) = tokio::join!(run, stop);
    assert_eq!(told.of(&steps[0]), &WRITTEN);
    assert_eq!(
        told.outcome.verdict(),
        Verdict::Done,
        "nothing was left to do"
    );
}

/// A bucket and a role that a run makes, and one step on a part of each.
fn new_places(of_bucket: (BucketPart, Document)) -> [Step; 4] {
    let bucket = build::destination();
    let part = |part| Target::Bucket(bucket.clone(), part);
    let role = |part| Target::Role(build::role("r"), part);
    let made = build::made(&bucket, &[("made-by", "s3ferry")]);
    let make = build::step(&part(BucketPart::Itself), None, Some(made), &[]);
    let (of, document) = of_bucket;
    let set = build::step(&part(of), None, Some(document), &[&make]);
    let written = build::replication_role(&[]);
    let make_role = build::step(&role(RolePart::Itself), None, Some(written), &[]);
    let policy = build::role_policy(&build::source());
    let grant = build::step(&role(RolePart::Policy), None, Some(policy), &[&make_role]);
    [make, set, make_role, grant]
}

/// The reads and the writes of a target.
fn calls_on(world: &Recording<impl Sized>, step: &Step) -> (usize, usize) {
    let calls = world.calls();
    let count = |operation| {
        let of =
            |call: &&s3ferry_testkit::Call| call.operation == operation && call.on == step.id.0;
        calls.iter().filter(of).count()
    };
    (count(Operation::Read), count(Operation::Write))
}

#[tokio::test(start_paused = true)]
async fn on_what_the_run_made_a_write_that_can_lose_nothing_takes_one_read() {
    let steps = new_places((BucketPart::Versioning, build::versioned()));
    let world = Recording::new(MemoryWorld::new());
    let told = run(&steps, &world).await;
    assert_eq!(told.outcome.counts().written, 4, "{:#?}", told.outcome);
    let [make, set, make_role, grant] = &steps;
    assert_eq!(
        calls_on(&world, make),
        (1, 1),
        "its tags show that it is there"
    );
    assert_eq!(calls_on(&world, set), (1, 1));
    assert_eq!(calls_on(&world, make_role), (2, 1));
    assert_eq!(calls_on(&world, grant), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_looked_for_also_on_a_bucket_that_the_run_made() {
    let steps = new_places((
        BucketPart::Policy,
        build::bucket_policy(&build::destination(), "Ours"),
    ));
    let world = Recording::new(MemoryWorld::new());
    run(&steps, &world).await;
    assert_eq!(calls_on(&world, &steps[1]), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn tags_that_a_bucket_was_seen_to_be_made_with_are_not_read_again() {
    let tags = Document::Tags(build::tags(&[("made-by", "s3ferry")]));
    let steps = new_places((BucketPart::Tags, tags));
    let world = Recording::new(MemoryWorld::new());
    let told = run(&steps, &world).await;
    assert_eq!(told.of(&steps[1]), &StepResult::Done(Done::Already));
    assert_eq!(
        calls_on(&world, &steps[1]),
        (1, 0),
        "by the step that made the bucket"
    );
}

#[tokio::test(start_paused = true)]
async fn tags_that_a_bucket_was_not_seen_to_be_made_with_are_written() {
    let tags = Document::Tags(build::tags(&[("made-by", "s3ferry"), ("more", "1")]));
    let steps = new_places((BucketPart::Tags, tags));
    let world = Recording::new(MemoryWorld::new());
    let told = run(&steps, &world).await;
    assert_eq!(told.of(&steps[1]), &WRITTEN);
    assert_eq!(calls_on(&world, &steps[1]), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn where_the_answer_to_making_it_was_lost_somebody_else_may_have_made_it_and_a_look_goes_first()
 {
    let steps = new_places((BucketPart::Versioning, build::versioned()));
    let lost = Fault::After(Class::Transient);
    let world = MemoryWorld::new();
    let world = Recording::new(Faulty::new(world).on(Operation::Write, "", 2, lost));
    let told = run(&steps, &world).await;
    assert_eq!(told.outcome.counts().written, 4, "{:#?}", told.outcome);
    assert_eq!(calls_on(&world, &steps[1]), (2, 1));
    assert_eq!(calls_on(&world, &steps[3]), (2, 1));
}
