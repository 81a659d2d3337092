//! The adapter over the sandbox: an AWS that shares no type with it.

use std::collections::BTreeMap;
use std::time::Duration;

use s3ferry_aws::{Cloud, Endpoint, Options};
use s3ferry_core::ids::{AccountName, Arn};
use s3ferry_core::model::kinds::{RequestPayment, RolePolicies};
use s3ferry_core::model::target::ROLE_POLICY_NAME;
use s3ferry_core::model::{
    AccountPart, AccountRef, BucketPart, BucketRef, Document, RolePart, RoleRef, Target, same,
};
use s3ferry_core::plan::PutEncryption;
use s3ferry_core::spec::{Access, Account};
use s3ferry_engine::ports::{
    Class, NewObject, Objects, Onto, Read, Replication, Write, WriteChange,
};
use s3ferry_sandbox::{Fault, FaultKind, Sandbox};
use s3ferry_testkit::{build, contract};

/// A sandbox with the accounts of the two buckets, and the way in.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) cloud: Cloud,
}

impl World {
    pub(crate) async fn start() -> Self {
        let (source, destination) = (build::source(), build::destination());
        let sandbox = Sandbox::builder()
            .account(source.account.as_str(), source.region.as_str())
            .account(destination.account.as_str(), destination.region.as_str())
            .start()
            .await
            .unwrap();
        let cloud = Self::sign_in(&sandbox).await;
        Self { sandbox, cloud }
    }

    async fn sign_in(sandbox: &Sandbox) -> Cloud {
        let accounts = BTreeMap::from([
            entry("source", &build::source()),
            entry("destination", &build::destination()),
        ]);
        let (cloud, callers) = Cloud::connect(&accounts, options(sandbox)).await.unwrap();
        for (name, account) in &accounts {
            assert_eq!(callers[name].account, account.id);
            assert!(
                callers[name].arn.ends_with("assumed-role/sandbox/s3ferry"),
                "{callers:?}"
            );
        }
        cloud
    }

    async fn made(&self, bucket: &BucketRef) {
        self.set(
            &Target::Bucket(bucket.clone(), BucketPart::Itself),
            &build::made(bucket, &[("s3ferry", "test")]),
        )
        .await;
    }

    pub(crate) async fn set(&self, target: &Target, document: &Document) {
        let change = WriteChange {
            before: None,
            after: Some(document),
        };
        self.cloud.write(target, change).await.unwrap();
    }

    pub(crate) async fn found(&self, target: &Target) -> Option<Document> {
        self.cloud.read(target).await.unwrap()
    }

    /// A pair of versioned buckets, the role and the policies, and one rule for everything.
    async fn replicating(&self) -> RoleRef {
        let (source, destination) = (build::source(), build::destination());
        let role = build::role("s3ferry-test");
        for bucket in [&source, &destination] {
            self.made(bucket).await;
            self.set(
                &Target::Bucket(bucket.clone(), BucketPart::Versioning),
                &build::versioned(),
            )
            .await;
        }
        self.set(
            &Target::Role(role.clone(), RolePart::Itself),
            &build::replication_role(&[]),
        )
        .await;
        self.set(
            &Target::Role(role.clone(), RolePart::Policy),
            &source_policy(&source, &destination),
        )
        .await;
        self.set(
            &Target::Bucket(destination.clone(), BucketPart::Policy),
            &destination_policy(&destination, &role),
        )
        .await;
        let rule = build::rule("all", 1, "", &destination);
        self.set(
            &Target::Bucket(source, BucketPart::Replication),
            &build::replication(&role, [rule]),
        )
        .await;
        role
    }
}

fn options(sandbox: &Sandbox) -> Options {
    let key = (
        sandbox.root_access_key_id(),
        sandbox.root_secret_access_key(),
    );
    Options {
        endpoint: Some(Endpoint::new(sandbox.endpoint(), key.0, key.1)),
        longest_backoff: Duration::from_millis(20),
        ..Options::default()
    }
}

fn entry(name: &str, bucket: &BucketRef) -> (AccountName, Account) {
    let arn = format!("arn:aws:iam::{}:role/sandbox", bucket.account);
    let account = Account {
        id: bucket.account.clone(),
        region: bucket.region.clone(),
        access: Access::AssumeRole {
            arn: Arn::new(arn).unwrap(),
            external_id: None,
        },
    };
    (AccountName::new(name).unwrap(), account)
}

fn policy(text: String) -> s3ferry_core::model::kinds::Policy {
    s3ferry_core::model::kinds::Policy::read(text)
}

fn source_policy(source: &BucketRef, destination: &BucketRef) -> Document {
    let (source, destination) = (source.arn(), destination.arn());
    Document::RolePolicy(policy(format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Effect":"Allow","Action":["s3:GetReplicationConfiguration","s3:ListBucket"],"Resource":"{source}"}},
        {{"Effect":"Allow","Action":["s3:GetObjectVersionForReplication","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging"],"Resource":"{source}/*"}},
        {{"Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"{destination}/*"}}]}}"#
    )))
}

fn destination_policy(destination: &BucketRef, role: &RoleRef) -> Document {
    let (arn, principal) = (destination.arn(), build::role_arn(role));
    Document::BucketPolicy(policy(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},
        "Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"{arn}/*"}}]}}"#
    )))
}

#[tokio::test]
async fn the_contract_of_the_ports_holds() {
    let world = World::start().await;
    let id = "11111111-2222-3333-4444-555555555555";
    let key = build::key(build::DESTINATION_ACCOUNT, "eu-central-1", id);
    let seed = format!(r#"{{ "keys": [ {{ "arn": "{}" }} ] }}"#, key.arn());
    world.sandbox.load_seed(&seed).unwrap();
    let fixture = contract::Fixture {
        key: Some(key),
        ..contract::Fixture::default()
    };
    let violations = contract::run(&world.cloud, &fixture).await;
    // The suite ends with removing its two buckets, twice each; this version never removes a bucket.
    let (buckets, others): (Vec<_>, Vec<_>) = violations.into_iter().partition(|violation| {
        violation.what.contains("s3:DeleteBucket") && violation.what.contains("NotSupported")
    });
    assert_eq!(others, vec![]);
    assert_eq!(buckets.len(), 4);
}

#[tokio::test]
async fn every_fact_of_a_new_bucket_is_read() {
    let world = World::start().await;
    let bucket = build::source();
    world.made(&bucket).await;
    let found = async |part: fn(BucketRef) -> Target| world.found(&part(bucket.clone())).await;
    assert!(same(
        found(|of| Target::Bucket(of, BucketPart::Itself))
            .await
            .as_ref(),
        Some(&build::made(&bucket, &[]))
    ));
    assert_eq!(
        found(|of| Target::Bucket(of, BucketPart::Ownership)).await,
        Some(build::owner_enforced())
    );
    assert_eq!(
        found(|of| Target::Bucket(of, BucketPart::RequestPayment)).await,
        Some(Document::RequestPayment(RequestPayment::BucketOwner))
    );
    assert_eq!(
        found(|of| Target::Bucket(of, BucketPart::ObjectLock)).await,
        None
    );
    assert_eq!(
        found(|of| Target::Bucket(of, BucketPart::Lifecycle)).await,
        None
    );
    assert_eq!(
        found(|of| Target::Bucket(of, BucketPart::Policy)).await,
        None
    );
    assert_eq!(
        found(|of| Target::Bucket(of, BucketPart::Replication)).await,
        None
    );
    assert!(
        matches!(found(|of| Target::Bucket(of, BucketPart::Encryption)).await, Some(Document::Encryption(found)) if found.algorithm == "AES256")
    );
}

#[tokio::test]
async fn roles_are_found_by_their_path_and_policies_by_name() {
    let world = World::start().await;
    let role = build::role("s3ferry-listed");
    let target = Target::Role(role.clone(), RolePart::Policies);
    assert_eq!(world.found(&target).await, None);
    world
        .set(
            &Target::Role(role.clone(), RolePart::Itself),
            &build::replication_role(&[]),
        )
        .await;
    assert_eq!(
        world.found(&target).await,
        Some(Document::RolePolicies(RolePolicies::default()))
    );
    world
        .set(
            &Target::Role(role.clone(), RolePart::Policy),
            &build::role_policy(&build::source()),
        )
        .await;
    let inline = RolePolicies {
        inline: [ROLE_POLICY_NAME.to_owned()].into(),
        ..RolePolicies::default()
    };
    assert_eq!(
        world.found(&target).await,
        Some(Document::RolePolicies(inline))
    );
    let roles = Target::Account(
        AccountRef {
            account: role.account.clone(),
            partition: role.partition,
        },
        AccountPart::Roles,
    );
    assert_eq!(
        world.found(&roles).await,
        Some(Document::Roles([(role.name, None)].into()))
    );
}

#[tokio::test]
async fn a_bucket_of_another_account_is_misplaced_wherever_it_is_touched() {
    let world = World::start().await;
    let source = build::source();
    world.made(&source).await;
    let mut stolen = build::destination();
    stolen.bucket = source.bucket.clone();
    stolen.region = source.region.clone();
    let parts: [fn(BucketRef) -> Target; 5] = [
        |of| Target::Bucket(of, BucketPart::Itself),
        |of| Target::Bucket(of, BucketPart::Tags),
        |of| Target::Bucket(of, BucketPart::Policy),
        |of| Target::Bucket(of, BucketPart::Replication),
        |of| Target::Bucket(of, BucketPart::Lifecycle),
    ];
    for part in parts {
        let error = world.cloud.read(&part(stolen.clone())).await.unwrap_err();
        assert_eq!(error.class, Class::Misplaced, "{error}");
        assert_eq!(error.code, "WrongOwner");
    }
    let change = WriteChange {
        before: None,
        after: Some(&build::versioned()),
    };
    let error = world
        .cloud
        .write(
            &Target::Bucket(stolen.clone(), BucketPart::Versioning),
            change,
        )
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Misplaced, "{error}");
    let made = build::made(&stolen, &[]);
    let change = WriteChange {
        before: None,
        after: Some(&made),
    };
    let error = world
        .cloud
        .write(&Target::Bucket(stolen, BucketPart::Itself), change)
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Misplaced, "{error}");
}

#[tokio::test]
async fn a_bucket_of_another_region_is_misplaced_and_the_region_named() {
    let world = World::start().await;
    let source = build::source();
    world.made(&source).await;
    let mut moved = source.clone();
    moved.region = build::destination().region;
    for target in [
        Target::Bucket(moved.clone(), BucketPart::Itself),
        Target::Bucket(moved.clone(), BucketPart::Tags),
        Target::Bucket(moved, BucketPart::Replication),
    ] {
        let error = world.cloud.read(&target).await.unwrap_err();
        assert_eq!(error.class, Class::Misplaced, "{error}");
        assert!(
            error
                .hint
                .as_ref()
                .unwrap()
                .contains(source.region.as_str()),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_canary_reaches_its_replica() {
    let world = World::start().await;
    world.replicating().await;
    let (source, destination) = (build::source(), build::destination());
    let key = "a b/é+.s3ferry-canary";
    let object = NewObject {
        bucket: source.clone(),
        key: key.to_owned(),
        body: b"canary".to_vec(),
        tags: build::tags(&[("class", "hot & cold"), ("empty", "")]),
        metadata: BTreeMap::from([("s3ferry".to_owned(), "1".to_owned())]),
        encryption: PutEncryption::BucketDefault,
        onto: Onto::Nothing,
    };
    let version = world.cloud.put(&object).await.unwrap();
    world.sandbox.settle().await;
    let head = world
        .cloud
        .head(&source, key, &version)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.replication, Replication::Completed);
    let listed = world.cloud.versions(&destination, key).await.unwrap();
    let [listed] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert_eq!(
        (&listed.version, listed.is_delete_marker),
        (&version, false)
    );
    assert!(listed.owner.is_some());
    let replica = world
        .cloud
        .head(&destination, key, &version)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(replica.replication, Replication::Replica);
    assert_eq!(
        (replica.metadata, replica.etag, replica.size),
        (object.metadata, head.etag, 6)
    );
    for bucket in [&source, &destination] {
        for _ in 0..2 {
            world.cloud.delete(bucket, key, &version).await.unwrap();
        }
        assert_eq!(world.cloud.head(bucket, key, &version).await, Ok(None));
        assert_eq!(world.cloud.versions(bucket, key).await, Ok(vec![]));
    }
}

#[tokio::test]
async fn a_denied_canary_says_failed() {
    let world = World::start().await;
    let role = world.replicating().await;
    let source = build::source();
    let policy = Target::Role(role, RolePart::Policy);
    world.set(&policy, &build::role_policy(&source)).await;
    world
        .cloud
        .write(
            &Target::Bucket(build::destination(), BucketPart::Policy),
            WriteChange {
                before: None,
                after: None,
            },
        )
        .await
        .unwrap();
    let object = NewObject {
        bucket: source.clone(),
        key: "k".to_owned(),
        body: vec![],
        tags: BTreeMap::new(),
        metadata: BTreeMap::new(),
        encryption: PutEncryption::BucketDefault,
        onto: Onto::Nothing,
    };
    let version = world.cloud.put(&object).await.unwrap();
    world.sandbox.settle().await;
    let head = world
        .cloud
        .head(&source, "k", &version)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.replication, Replication::Failed);
}

#[tokio::test]
async fn what_aws_does_not_see_yet_is_propagation() {
    let world = World::start().await;
    let (source, destination) = (build::source(), build::destination());
    let role = build::role("s3ferry-not-yet");
    let configuration = build::replication(&role, [build::rule("all", 1, "", &destination)]);
    let target = Target::Bucket(source.clone(), BucketPart::Replication);
    let write = async |target: &Target, document: &Document| {
        let change = WriteChange {
            before: None,
            after: Some(document),
        };
        world.cloud.write(target, change).await.unwrap_err()
    };
    assert_eq!(
        write(&target, &configuration).await.class,
        Class::Propagation,
        "no source bucket"
    );
    world.made(&source).await;
    assert_eq!(
        write(&target, &configuration).await.class,
        Class::Propagation,
        "source not versioned"
    );
    world
        .set(
            &Target::Bucket(source, BucketPart::Versioning),
            &build::versioned(),
        )
        .await;
    assert_eq!(
        write(&target, &configuration).await.class,
        Class::Propagation,
        "no destination bucket"
    );
    world.made(&destination).await;
    assert_eq!(
        write(&target, &configuration).await.class,
        Class::Propagation,
        "destination not versioned"
    );
    let principal = destination_policy(&destination, &role);
    let error = write(&Target::Bucket(destination, BucketPart::Policy), &principal).await;
    assert_eq!(error.class, Class::Propagation, "{error}");
    let error = write(
        &Target::Role(role, RolePart::Policy),
        &build::role_policy(&build::source()),
    )
    .await;
    assert_eq!(error.class, Class::Propagation, "{error}");
}

#[tokio::test]
async fn a_lost_reply_is_one_call_and_writing_again_settles_it() {
    let world = World::start().await;
    let bucket = build::source();
    let role = build::role("s3ferry-lost");
    let writes = [
        (
            Target::Bucket(bucket.clone(), BucketPart::Itself),
            build::made(&bucket, &[("s3ferry", "test")]),
            "CreateBucket",
        ),
        (
            Target::Bucket(bucket.clone(), BucketPart::Versioning),
            build::versioned(),
            "PutBucketVersioning",
        ),
        (
            Target::Role(role.clone(), RolePart::Itself),
            build::replication_role(&[("a", "1")]),
            "CreateRole",
        ),
    ];
    for (target, document, operation) in writes {
        for kind in [FaultKind::DropAfter, FaultKind::ErrorAfter] {
            world.sandbox.reset_calls();
            let fault = Fault {
                service: String::new(),
                operation: operation.to_owned(),
                nth: 1,
                kind,
            };
            world.sandbox.switches().fail(fault);
            let change = WriteChange {
                before: None,
                after: Some(&document),
            };
            let error = world.cloud.write(&target, change).await.unwrap_err();
            assert_eq!(error.class, Class::Transient, "{error}");
            let sent = world
                .sandbox
                .calls()
                .iter()
                .filter(|call| call.operation == operation)
                .count();
            assert_eq!(sent, 1, "{operation}");
            world.cloud.write(&target, change).await.unwrap();
            assert!(
                same(world.found(&target).await.as_ref(), Some(&document)),
                "{operation}"
            );
        }
    }
}

#[tokio::test]
async fn throttled_reads_get_through() {
    let world = World::start().await;
    let bucket = build::source();
    world.made(&bucket).await;
    for nth in [1, 2] {
        let fault = Fault {
            service: "s3".to_owned(),
            operation: "GetBucketVersioning".to_owned(),
            nth,
            kind: FaultKind::Throttle,
        };
        world.sandbox.switches().fail(fault);
    }
    assert!(
        world
            .found(&Target::Bucket(bucket, BucketPart::Versioning))
            .await
            .is_some()
    );
}

#[tokio::test]
async fn quiet_writes_cost_no_call_and_changes_the_fewest() {
    let world = World::start().await;
    let role = build::role("s3ferry-cheap");
    let target = Target::Role(role, RolePart::Itself);
    let before = build::replication_role(&[("a", "1"), ("b", "1")]);
    world.set(&target, &before).await;
    let calls = async |after: &Document| {
        world.sandbox.reset_calls();
        let change = WriteChange {
            before: Some(&before),
            after: Some(after),
        };
        world.cloud.write(&target, change).await.unwrap();
        let calls = world.sandbox.calls();
        calls
            .into_iter()
            .map(|call| call.operation)
            .collect::<Vec<_>>()
    };
    assert_eq!(calls(&before).await, Vec::<String>::new());
    let after = build::replication_role(&[("b", "2"), ("c", "1")]);
    assert_eq!(calls(&after).await, ["TagRole", "UntagRole"]);
    assert!(same(world.found(&target).await.as_ref(), Some(&after)));
}
