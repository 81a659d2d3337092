//! A whole apply with something going wrong at every single call: running again converges, and what is not ours stays.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use s3ferry_core::model::kinds::VersioningStatus;
use s3ferry_core::model::{BucketPart, Document, RolePart, Target, same};
use s3ferry_core::plan::{Goal, Step, StepId, Work};
use s3ferry_engine::events::CanaryProgress;
use s3ferry_engine::ports::Class;
use s3ferry_engine::{Limits, Verdict};
use s3ferry_testkit::{Fault, Faulty, MemoryReceipts, MemoryWorld, Recording, Stale, build};

use crate::support::{Told, how, run_with};

fn role() -> s3ferry_core::model::RoleRef {
    build::role("s3ferry-orders-prod")
}

/// A source that was never versioned, with a policy that must grow before and shrink after; and things of others.
fn world() -> MemoryWorld {
    MemoryWorld::new()
        .with_bucket(&build::source())
        .with(
            &Target::Bucket(build::source(), BucketPart::Versioning),
            build::versioning(VersioningStatus::Never),
        )
        .with(
            &Target::Bucket(build::source(), BucketPart::Policy),
            policy("Old"),
        )
        .with_bucket(&neighbour())
        .with(
            &Target::Bucket(neighbour(), BucketPart::Policy),
            policy("Theirs"),
        )
        .with(
            &Target::Role(build::role("theirs"), RolePart::Itself),
            build::replication_role(&[]),
        )
}

fn neighbour() -> s3ferry_core::model::BucketRef {
    build::bucket(build::SOURCE_ACCOUNT, "neighbour")
}

fn policy(sid: &str) -> Document {
    build::bucket_policy(&build::source(), sid)
}

/// Encryption with KMS; what AWS blocks on a new bucket stays blocked.
fn encryption() -> Document {
    Document::Encryption(s3ferry_core::model::kinds::BucketEncryption {
        algorithm: "aws:kms".to_owned(),
        key: Some("arn:aws:kms:eu-central-1:222222222222:key/1".to_owned()),
        bucket_key: true,
        blocked: BTreeSet::from(["SSE-C".to_owned()]),
    })
}

/// What must be true in the end.
fn wanted() -> BTreeMap<Target, Document> {
    let configuration = build::replication(
        &role(),
        [build::rule("everything", 1, "", &build::destination())],
    );
    BTreeMap::from([
        (
            Target::Bucket(build::destination(), BucketPart::Itself),
            build::made(&build::destination(), &[("made-by", "s3ferry")]),
        ),
        (
            Target::Bucket(build::destination(), BucketPart::Versioning),
            build::versioned(),
        ),
        (
            Target::Bucket(build::destination(), BucketPart::Encryption),
            encryption(),
        ),
        (
            Target::Bucket(build::source(), BucketPart::Versioning),
            build::versioned(),
        ),
        (
            Target::Role(role(), RolePart::Itself),
            build::replication_role(&[("made-by", "s3ferry")]),
        ),
        (
            Target::Role(role(), RolePart::Policy),
            build::role_policy(&build::source()),
        ),
        (
            Target::Bucket(build::destination(), BucketPart::Policy),
            build::bucket_policy(&build::destination(), "Replicate"),
        ),
        (
            Target::Bucket(build::source(), BucketPart::Policy),
            policy("New"),
        ),
        (
            Target::Bucket(build::source(), BucketPart::Replication),
            configuration,
        ),
    ])
}

/// Plans as the product does: what is as wanted needs no step; the policy of the source grows first and shrinks last.
fn plan(world: &MemoryWorld, receipts: &MemoryReceipts) -> Vec<Step> {
    let wanted = wanted();
    let step = |target: Target, needs: &[&Target]| {
        let after = wanted[&target].clone();
        let step = build::step(&target, world.document(&target), Some(after), &[]);
        let needs = needs.iter().map(|target| StepId(target.to_string()));
        Step {
            needs: needs.collect(),
            ..step
        }
    };
    let (from, to) = (build::source(), build::destination());
    let bucket = Target::Bucket(to.clone(), BucketPart::Itself);
    let parts = [
        Target::Bucket(to.clone(), BucketPart::Versioning),
        Target::Bucket(to.clone(), BucketPart::Encryption),
        Target::Bucket(to, BucketPart::Policy),
    ];
    let role_target = Target::Role(role(), RolePart::Itself);
    let role_policy = Target::Role(role(), RolePart::Policy);
    let source_versioning = Target::Bucket(from.clone(), BucketPart::Versioning);
    let replication = Target::Bucket(from.clone(), BucketPart::Replication);
    let mut steps = vec![
        step(bucket.clone(), &[]),
        step(source_versioning.clone(), &[]),
        step(role_target.clone(), &[]),
        step(role_policy.clone(), &[&role_target]),
    ];
    steps.extend(parts.iter().map(|part| step(part.clone(), &[&bucket])));
    let mut first = vec![&source_versioning, &role_policy];
    first.extend(&parts);
    let mut rules = step(replication.clone(), &first);
    rules.needs.insert(StepId("grow".to_owned()));
    steps.push(rules);
    steps.extend(two_stages(
        world,
        &Target::Bucket(from, BucketPart::Policy),
        &replication,
    ));
    steps.push(Step {
        needs: BTreeSet::from([StepId(replication.to_string())]),
        ..build::prove("", &[])
    });
    without_what_is_so(steps, receipts)
}

fn two_stages(world: &MemoryWorld, target: &Target, between: &Target) -> [Step; 2] {
    let live = world.document(target);
    let (grown, end) = (policy("OldAndNew"), policy("New"));
    let is_over = same(live.as_ref(), Some(&end));
    let grown = if is_over { end.clone() } else { grown };
    let grow = build::step(target, live, Some(grown.clone()), &[]);
    let shrink = build::step(target, Some(grown), Some(end), &[]);
    [
        Step {
            id: StepId("grow".to_owned()),
            ..grow
        },
        Step {
            id: StepId("shrink".to_owned()),
            needs: BTreeSet::from([StepId("grow".to_owned()), StepId(between.to_string())]),
            ..shrink
        },
    ]
}

fn without_what_is_so(steps: Vec<Step>, receipts: &MemoryReceipts) -> Vec<Step> {
    let proven: BTreeSet<String> = receipts
        .kept()
        .into_iter()
        .map(|kept| kept.subject)
        .collect();
    let is_open = |step: &Step| match &step.work {
        Work::Write(write) => !same(write.before.as_ref(), write.after.as_ref()),
        Work::Prove(goal) => !proven.contains(&goal.subject().0),
        Work::Sweep(_) => true,
    };
    let open: BTreeSet<StepId> = steps
        .iter()
        .filter(|step| is_open(step))
        .map(|step| step.id.clone())
        .collect();
    let mut steps: Vec<Step> = steps
        .into_iter()
        .filter(|step| open.contains(&step.id))
        .collect();
    for step in &mut steps {
        step.needs.retain(|need| open.contains(need));
    }
    with_what_lies(steps, receipts)
}

/// A rule that is to be proven goes on with the canaries that lie in buckets; where it is proven they are removed.
fn with_what_lies(mut steps: Vec<Step>, receipts: &MemoryReceipts) -> Vec<Step> {
    let mut proves = steps.iter_mut().filter_map(|step| match &mut step.work {
        Work::Prove(goal) => Some(goal.as_mut()),
        Work::Write(_) | Work::Sweep(_) => None,
    });
    match proves.next() {
        Some(Goal::Canary(goal)) => goal.earlier = receipts.placed(),
        Some(Goal::Alarm(goal)) => goal.canary.earlier = receipts.placed(),
        Some(Goal::Backfill(_) | Goal::Checksums(_)) => {}
        None => steps.extend(receipts.placed().into_iter().map(build::sweep)),
    }
    steps
}

/// Everything is as wanted, nothing is left over, and nothing else changed.
fn assert_converged(world: &MemoryWorld, receipts: &MemoryReceipts, context: &str) {
    let wanted = wanted();
    for (target, document) in &wanted {
        let live = world.document(target);
        assert!(
            same(live.as_ref(), Some(document)),
            "{context}: {target} holds {live:?}"
        );
    }
    for (target, document) in self::world().documents() {
        if !wanted.contains_key(&target) {
            assert_eq!(
                world.document(&target),
                Some(document),
                "{context}: {target}"
            );
        }
    }
    assert!(!receipts.kept().is_empty(), "{context}: the rule is proven");
    assert_eq!(
        plan(world, receipts),
        [],
        "{context}: a second plan is empty"
    );
}

fn limits(parallelism: usize) -> Limits {
    Limits {
        parallelism,
        ..crate::support::limits()
    }
}

/// A run that may be killed: `None` where it hung and was dropped.
async fn run_until_killed(
    world: &Faulty<MemoryWorld>,
    receipts: &MemoryReceipts,
    parallelism: usize,
) -> Option<Told> {
    let steps = plan(world.inner(), receipts);
    let how = crate::support::How {
        limits: limits(parallelism),
        ..how(receipts)
    };
    tokio::select! {
        told = run_with(&steps, world, how) => Some(told),
        () = world.hung() => None,
    }
}

async fn run_again(world: &MemoryWorld, receipts: &MemoryReceipts, context: &str) {
    let steps = plan(world, receipts);
    let told = run_with(&steps, world, how(receipts)).await;
    assert_eq!(
        told.outcome.verdict(),
        Verdict::Done,
        "{context}: {:#?}",
        told.outcome
    );
    assert_converged(world, receipts, context);
}

/// No canary is left but those that a run was not allowed to remove, which it named.
fn assert_no_canary_left(world: &MemoryWorld, told: Option<&Told>, context: &str) {
    let named = |bucket: &s3ferry_core::model::BucketRef| {
        let progress = told.map(Told::canary).unwrap_or_default();
        let left = progress.into_iter().flat_map(|progress| match progress {
            CanaryProgress::Removed { left, .. } => left.as_slice(),
            _ => &[],
        });
        left.into_iter()
            .any(|left| left.bucket == bucket.bucket.as_str())
    };
    for bucket in [build::source(), build::destination()] {
        let left = world.stored(&bucket);
        assert!(
            left.is_empty() || named(&bucket),
            "{context}: {left:?} in {}",
            bucket.bucket
        );
    }
}

async fn calls_of_a_quiet_run() -> u64 {
    let (world, receipts) = (Faulty::new(world()), MemoryReceipts::default());
    let told = run_until_killed(&world, &receipts, 4)
        .await
        .expect("nothing hangs");
    assert_eq!(told.outcome.verdict(), Verdict::Done, "{:#?}", told.outcome);
    assert_converged(world.inner(), &receipts, "quiet");
    world.calls()
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_at_whichever_call_running_again_converges() {
    let calls = calls_of_a_quiet_run().await;
    assert!(calls > 30, "{calls} calls are an apply");
    let faults = [
        Fault::Before(Class::Transient),
        Fault::After(Class::Transient),
        Fault::Before(Class::Denied),
        Fault::After(Class::Unexpected),
        Fault::HangBefore,
        Fault::HangAfter,
    ];
    for k in 1..=calls {
        for fault in faults {
            for parallelism in [1, 4] {
                let context = format!("{fault:?} at call {k} of {calls}, {parallelism} at once");
                let (world, receipts) = (
                    Faulty::new(world()).at_call(k, fault),
                    MemoryReceipts::default(),
                );
                let told = run_until_killed(&world, &receipts, parallelism).await;
                run_again(world.inner(), &receipts, &context).await;
                let denied = told
                    .as_ref()
                    .filter(|_| fault == Fault::Before(Class::Denied));
                assert_no_canary_left(world.inner(), denied, &context);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_fault_that_passes_costs_no_second_run_where_a_write_or_a_settling_read_had_it() {
    let calls = calls_of_a_quiet_run().await;
    let mut unfinished = 0;
    for k in 1..=calls {
        let fault = Fault::After(Class::Transient);
        let (world, receipts) = (
            Faulty::new(world()).at_call(k, fault),
            MemoryReceipts::default(),
        );
        let told = run_until_killed(&world, &receipts, 1)
            .await
            .expect("nothing hangs");
        unfinished += u64::from(told.outcome.verdict() != Verdict::Done);
    }
    // First looks and listings are reads that the adapter has retried: 10 steps look, one of them twice, one lists.
    assert!(
        unfinished <= 12,
        "{unfinished} of {calls} faults stopped the run"
    );
}

#[tokio::test(start_paused = true)]
async fn every_target_is_written_once_in_a_quiet_run_and_no_step_is_left_for_the_next() {
    let (world, receipts) = (Recording::new(world()), MemoryReceipts::default());
    let steps = plan(world.inner(), &receipts);
    let told = run_with(&steps, &world, how(&receipts)).await;
    assert_eq!(told.outcome.verdict(), Verdict::Done, "{:#?}", told.outcome);
    let mut written = world.written();
    written.sort();
    let mut targets: Vec<String> = wanted()
        .into_keys()
        .map(|target| target.to_string())
        .collect();
    targets.push(Target::Bucket(build::source(), BucketPart::Policy).to_string());
    targets.sort();
    assert_eq!(
        written, targets,
        "the policy of the source twice, the others once"
    );

    // Steps that are out of date: a plan is always made anew, and then nothing of this is in it.
    let again = run_with(&steps[..4], &world, how(&receipts)).await;
    assert_eq!(again.outcome.counts().already, 3, "{:#?}", again.outcome);
    let versioning = Target::Bucket(build::source(), BucketPart::Versioning).to_string();
    assert_eq!(
        world.written()[written.len()..],
        [versioning],
        "only what nobody had set is switched on without a look"
    );
    let anew = plan(world.inner(), &receipts);
    assert!(anew.is_empty(), "{anew:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn several_faults_in_several_runs_converge(
        runs in proptest::collection::vec(proptest::collection::vec((1..60_u64, 0..7_usize), 0..6), 1..4),
        ages in proptest::collection::vec(0..3_usize, 0..8),
        parallelism in 1..5_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (world, receipts) = (world(), MemoryReceipts::default());
            for script in &runs {
                let faults = [
                    Fault::Before(Class::Transient),
                    Fault::After(Class::Transient),
                    Fault::Before(Class::Throttled),
                    Fault::Before(Class::Propagation),
                    Fault::Before(Class::Busy),
                    Fault::After(Class::Unexpected),
                    Fault::HangAfter,
                ];
                let faulty = script.iter().fold(
                    Faulty::new(world.clone()),
                    |world, &(k, fault)| world.at_call(k, faults[fault]),
                );
                run_until_killed(&faulty, &receipts, parallelism).await;
            }
            let steps = plan(&world, &receipts);
            let stale = Stale::new(world.clone(), ages.clone());
            let told = run_with(&steps, &stale, how(&receipts)).await;
            assert_eq!(told.outcome.verdict(), Verdict::Done, "{:#?}", told.outcome);
            assert_converged(&world, &receipts, "after all");
            assert_no_canary_left(&world, None, "after all");
        });
    }
}
