//! The world in memory keeps the contract of the ports, and a broken one does not.

use s3ferry_core::ids::BucketName;
use s3ferry_core::model::{
    BucketPart, BucketRef, KeyPart, RegionRef, RolePart, Target, TrailPart, fingerprint, same,
};
use s3ferry_engine::ports::{Class, Read as _, Write as _, WriteChange};
use s3ferry_testkit::contract::{self, Fixture};
use s3ferry_testkit::{Fault, Faulty, MemoryWorld, Operation, Stale, build, strategies};

use proptest::prelude::*;

#[tokio::test(start_paused = true)]
async fn the_world_in_memory_keeps_the_contract() {
    let key = build::key(build::DESTINATION_ACCOUNT, "eu-central-1", "1");
    let world = MemoryWorld::new()
        .with(
            &Target::Key(key.clone(), KeyPart::Itself),
            build::customer_key(),
        )
        .with(
            &Target::Key(key.clone(), KeyPart::Policy),
            build::key_policy(&key, None),
        );
    let before = world.documents();
    let fixture = Fixture {
        key: Some(key),
        ..Fixture::default()
    };
    assert_eq!(contract::run(&world, &fixture).await, []);
    assert_eq!(world.documents(), before, "the suite removes what it made");
}

#[tokio::test(start_paused = true)]
async fn the_world_in_memory_keeps_what_is_promised_of_trails() {
    let world = MemoryWorld::new();
    assert_eq!(contract::trails(&world, &build::source()).await, []);
    let left = world.documents().into_keys();
    let trails = left.filter(|target| matches!(target, Target::Trail(..)));
    assert_eq!(trails.count(), 0, "the suite removes what it made");
}

#[tokio::test(start_paused = true)]
async fn the_world_in_memory_keeps_what_is_promised_of_alarms() {
    let world = MemoryWorld::new();
    let place = RegionRef {
        account: build::source().account,
        region: build::destination().region,
    };
    assert_eq!(contract::alarms(&world, &place).await, []);
    assert!(
        world.documents().is_empty(),
        "the suite removes what it made"
    );
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_old_for_a_while_keep_the_contract() {
    let world = Stale::new(MemoryWorld::new(), [1, 1, 0, 1, 0]);
    assert_eq!(contract::run(&world, &Fixture::default()).await, []);
}

#[tokio::test(start_paused = true)]
async fn the_suite_names_what_a_broken_adapter_breaks() {
    let refused = Fault::Before(Class::Rejected);
    let world = Faulty::new(MemoryWorld::new()).on(Operation::Write, "/replication", 1, refused);
    let violations = contract::run(&world, &Fixture::default()).await;
    let replication = Target::Bucket(build::source(), BucketPart::Replication).to_string();
    assert!(!violations.is_empty());
    assert!(
        violations.iter().all(|found| found.on == replication),
        "{violations:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_suite_sees_writes_that_are_lost() {
    let lost = Stale::new(MemoryWorld::new(), [1; 100]);
    assert!(!contract::run(&lost, &Fixture::default()).await.is_empty());
}

#[tokio::test]
async fn parts_need_their_whole() {
    let world = MemoryWorld::new();
    let policy = build::bucket_policy(&build::source(), "One");
    let change = WriteChange {
        before: None,
        after: Some(&policy),
    };
    let target = Target::Bucket(build::source(), BucketPart::Policy);
    let refused = world.write(&target, change).await.unwrap_err();
    assert_eq!(refused.class, Class::Propagation);
}

/// Another bucket of the destination's account and Region.
fn beside(name: &str) -> BucketRef {
    BucketRef {
        bucket: BucketName::new(name).expect("a valid name"),
        ..build::destination()
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back((target, document) in strategies::target_and_document()) {
        // A role that exists keeps its path, a bucket that exists its Region, and a trail asks the policy of its bucket.
        let is_whole = matches!(
            target,
            Target::Bucket(_, BucketPart::Itself) | Target::Role(_, RolePart::Itself) | Target::Trail(_, TrailPart::Itself)
        );
        prop_assume!(target.kind().facts().write.is_some() && !is_whole);
        let role = Target::Role(build::role("s3ferry-orders-prod"), RolePart::Itself);
        let world = MemoryWorld::new()
            .with_bucket(&build::source())
            .with_bucket(&build::destination())
            .with_bucket(&beside("archive-logs"))
            .with_bucket(&beside("theirs"))
            .with(&role, build::replication_role(&[]));
        let key = build::key(build::DESTINATION_ACCOUNT, "eu-central-1", "1");
        let world = world.with(&Target::Key(key, KeyPart::Itself), build::customer_key());
        let world = world.with(&build::trail_target(), build::trail());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let change = WriteChange { before: None, after: Some(&document) };
        let read = runtime.block_on(async {
            world.write(&target, change).await.unwrap();
            world.read(&target).await.unwrap()
        });
        prop_assert!(same(read.as_ref(), Some(&document)));
    }

    #[test]
    fn a_document_is_of_its_kind_and_means_what_it_means((target, document) in strategies::target_and_document()) {
        prop_assert_eq!(document.kind(), target.kind());
        prop_assert_eq!(fingerprint(Some(&document)), fingerprint(Some(&document.clone())));
    }
}
