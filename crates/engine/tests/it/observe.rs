//! Observation reads everything once, at once, and reports everything that fails.

use std::collections::BTreeSet;
use std::time::Duration;

use s3ferry_core::model::kinds::VersioningStatus;
use s3ferry_core::model::{BucketPart, Document, Observed, OutOfReach, RolePart, RoleRef, Target};
use s3ferry_engine::observe;
use s3ferry_engine::ports::{Class, PortError, Read};
use s3ferry_testkit::{Fault, Faulty, MemoryWorld, Operation, Recording, Slow, build};

fn buckets(count: usize) -> BTreeSet<Target> {
    let target = |index| {
        Target::Bucket(
            build::bucket(build::SOURCE_ACCOUNT, &format!("bucket-{index}")),
            BucketPart::Itself,
        )
    };
    (0..count).map(target).collect()
}

/// What a plan cannot do without is everything.
fn without_nothing(_: &Target, _: &PortError) -> Option<OutOfReach> {
    None
}

fn nothing_more(_: &Observed) -> BTreeSet<Target> {
    BTreeSet::new()
}

#[tokio::test(start_paused = true)]
async fn reads_run_at_once_up_to_the_bound() {
    let world = Slow::new(MemoryWorld::new(), Duration::from_secs(1));
    let begun = tokio::time::Instant::now();
    let observed = observe(&world, buckets(10), nothing_more, without_nothing, 5)
        .await
        .unwrap();
    assert_eq!(observed.len(), 10);
    assert_eq!(world.most_at_once(), 5);
    assert_eq!(
        begun.elapsed(),
        Duration::from_secs(2),
        "two rounds of five"
    );
}

#[tokio::test(start_paused = true)]
async fn accounts_and_services_wait_for_nothing_but_themselves() {
    let account = |number: usize| format!("{number}{number}{number}").repeat(4);
    let of = |number: usize| {
        let id = account(number);
        let bucket = |index| {
            Target::Bucket(
                build::bucket(&id, &format!("bucket-{index}")),
                BucketPart::Itself,
            )
        };
        let role = |index| {
            Target::Role(
                RoleRef {
                    account: build::account(&id),
                    ..build::role(&format!("role-{index}"))
                },
                RolePart::Itself,
            )
        };
        let buckets: Vec<Target> = (0..10).map(bucket).collect();
        let roles: Vec<Target> = (0..4).map(role).collect();
        [buckets, roles].concat()
    };
    let targets: BTreeSet<Target> = (1..=3).flat_map(of).collect();
    let world = Slow::new(MemoryWorld::new(), Duration::from_secs(1));
    let begun = tokio::time::Instant::now();
    let observed = observe(&world, targets, nothing_more, without_nothing, 2)
        .await
        .unwrap();
    assert_eq!(observed.len(), 42);
    assert_eq!(world.most_at_once(), 12, "two in each of six");
    assert_eq!(
        begun.elapsed(),
        Duration::from_secs(5),
        "no longer than ten buckets by two"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_read_names_what_to_read_next_and_nothing_is_read_twice() {
    let world = Recording::new(MemoryWorld::new().with_bucket(&build::source()));
    let first = BTreeSet::from([Target::Bucket(build::source(), BucketPart::Itself)]);
    let follow = |observed: &Observed| {
        let mut next = BTreeSet::from([Target::Bucket(build::source(), BucketPart::Itself)]);
        if observed
            .document(&Target::Bucket(build::source(), BucketPart::Itself))
            .is_some()
        {
            next.insert(Target::Bucket(build::source(), BucketPart::Versioning));
        }
        if observed
            .document(&Target::Bucket(build::source(), BucketPart::Versioning))
            .is_some()
        {
            next.insert(Target::Bucket(build::source(), BucketPart::Replication));
        }
        next
    };
    let observed = observe(&world, first, follow, without_nothing, 8)
        .await
        .unwrap();
    assert_eq!(observed.len(), 3);
    assert_eq!(
        observed.get(&Target::Bucket(build::source(), BucketPart::Replication)),
        Some(None)
    );
    let read: Vec<String> = world.calls().into_iter().map(|call| call.on).collect();
    let once: BTreeSet<&String> = read.iter().collect();
    assert_eq!(read.len(), once.len(), "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn every_failure_is_reported_in_the_order_of_the_targets_also_behind_others() {
    let denied = Fault::Before(Class::Denied);
    let world = Faulty::new(MemoryWorld::new().with_bucket(&build::source()))
        .on(Operation::Read, "bucket-1", 1, denied)
        .on(Operation::Read, "bucket-3", 1, denied)
        .on(Operation::Read, "versioning", 1, denied);
    let follow =
        |_: &Observed| BTreeSet::from([Target::Bucket(build::source(), BucketPart::Versioning)]);
    let failures = observe(&world, buckets(5), follow, without_nothing, 3)
        .await
        .unwrap_err();
    let on: Vec<&str> = failures
        .iter()
        .map(|failure| failure.target.as_str())
        .collect();
    assert_eq!(
        on,
        [
            "111111111111/bucket/bucket-1",
            "111111111111/bucket/bucket-3",
            "111111111111/bucket/orders-prod/versioning",
        ]
    );
    assert_eq!(world.calls(), 6, "a failed target is not read again");
}

/// A world that answers for roles together, except for one.
struct Listing(Recording<MemoryWorld>);

impl Read for Listing {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        self.0.read(target).await
    }

    async fn read_together(&self, targets: &[&Target]) -> Vec<(Target, Option<Document>)> {
        let roles = targets.iter().filter(|target| target.role().is_some());
        let answered = roles.filter(|target| !target.to_string().ends_with("role-0"));
        answered.map(|target| ((*target).clone(), None)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_read_together_is_not_read_again_and_the_rest_is() {
    let world = Listing(Recording::new(MemoryWorld::new()));
    let roles = (0..5).map(|number| build::role(&format!("role-{number}")));
    let mut targets = buckets(2);
    targets.extend(roles.map(|role| Target::Role(role, RolePart::Itself)));
    let observed = observe(&world, targets, nothing_more, without_nothing, 3)
        .await
        .unwrap();
    assert_eq!(observed.len(), 7);
    let read: Vec<String> = world.0.calls().into_iter().map(|call| call.on).collect();
    assert_eq!(read.len(), 3, "{read:?}");
    assert!(
        read.iter()
            .all(|on| on.contains("bucket-") || on.ends_with("role-0"))
    );
}

#[tokio::test(start_paused = true)]
async fn no_parallelism_at_all_still_reads() {
    let observed = observe(
        &MemoryWorld::new(),
        buckets(2),
        nothing_more,
        without_nothing,
        0,
    )
    .await
    .unwrap();
    assert_eq!(observed.len(), 2);
}

fn of_destination(part: BucketPart) -> Target {
    Target::Bucket(build::destination(), part)
}

fn of_role(part: RolePart) -> Target {
    Target::Role(build::role("r"), part)
}

/// Parts of a bucket and of a role, all of one round.
fn parts() -> BTreeSet<Target> {
    BTreeSet::from([
        of_destination(BucketPart::Tags),
        of_destination(BucketPart::Versioning),
        of_destination(BucketPart::Policy),
        of_role(RolePart::Itself),
        of_role(RolePart::Policy),
        of_role(RolePart::Policies),
    ])
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_asked_for_once_and_its_parts_are_known_to_be_absent() {
    let world = Recording::new(MemoryWorld::new());
    let observed = observe(&world, parts(), nothing_more, without_nothing, 8)
        .await
        .unwrap();
    let read: BTreeSet<String> = world.calls().into_iter().map(|call| call.on).collect();
    let asked = [of_destination(BucketPart::Tags), of_role(RolePart::Itself)];
    assert_eq!(read, asked.iter().map(ToString::to_string).collect());
    for target in parts() {
        assert_eq!(observed.get(&target), Some(None), "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_what_is_there_are_all_read() {
    let world = MemoryWorld::new()
        .with_bucket(&build::destination())
        .with(&of_role(RolePart::Itself), build::replication_role(&[]));
    let world = Recording::new(world);
    observe(&world, parts(), nothing_more, without_nothing, 8)
        .await
        .unwrap();
    assert_eq!(world.calls().len(), parts().len());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_for_leaves_its_parts_to_be_read_so_that_all_that_is_denied_is_told() {
    let denied = Fault::Before(Class::Denied);
    let world = Faulty::new(MemoryWorld::new()).on(Operation::Read, "", u32::MAX, denied);
    let failures = observe(&world, parts(), nothing_more, without_nothing, 8)
        .await
        .unwrap_err();
    let on: Vec<String> = failures.into_iter().map(|failure| failure.target).collect();
    let all: Vec<String> = parts().iter().map(ToString::to_string).collect();
    assert_eq!(on, all, "in the order of the targets");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_versioning_is_not_asked_for_its_lock() {
    let versioning = |status| {
        let world = MemoryWorld::new().with_bucket(&build::destination()).with(
            &of_destination(BucketPart::Versioning),
            build::versioning(status),
        );
        Recording::new(world)
    };
    let targets = BTreeSet::from([
        of_destination(BucketPart::Versioning),
        of_destination(BucketPart::ObjectLock),
    ]);
    for (status, calls) in [
        (VersioningStatus::Never, 1),
        (VersioningStatus::Suspended, 1),
        (VersioningStatus::Enabled, 2),
    ] {
        let world = versioning(status);
        let observed = observe(&world, targets.clone(), nothing_more, without_nothing, 8).await;
        let lock = of_destination(BucketPart::ObjectLock);
        assert_eq!(observed.unwrap().get(&lock), Some(None));
        assert_eq!(world.calls().len(), calls, "{status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_one_account_do_not_wait_for_another_account() {
    let parts = |account: &str, count: usize| {
        let of = move |index| build::bucket(account, &format!("bucket-{index}"));
        let both = move |index| {
            [BucketPart::Tags, BucketPart::Policy].map(|part| Target::Bucket(of(index), part))
        };
        (0..count).flat_map(both).collect::<Vec<Target>>()
    };
    let targets = [
        parts(build::SOURCE_ACCOUNT, 10),
        parts(build::DESTINATION_ACCOUNT, 2),
    ];
    let targets: Vec<Target> = targets.concat();
    let buckets = targets.iter().filter_map(Target::bucket);
    let world = buckets.fold(MemoryWorld::new(), |world, bucket| {
        world.with_bucket(bucket)
    });
    let world = Recording::new(Slow::new(world, Duration::from_secs(1)));
    let targets: BTreeSet<Target> = targets.into_iter().collect();
    observe(&world, targets, nothing_more, without_nothing, 2)
        .await
        .unwrap();
    let read: Vec<String> = world.calls().into_iter().map(|call| call.on).collect();
    let last = read
        .iter()
        .rposition(|target| target.contains(build::DESTINATION_ACCOUNT));
    assert!(
        last.unwrap() < 10,
        "the smaller account is done first: {read:#?}"
    );
}
