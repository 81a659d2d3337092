//! What every adapter of the ports must keep: memory, sandbox and moto alike.
//!
//! The suite makes two buckets and a role, works on them and removes them. It collects every violation, so that one run
//! tells all. Eventual consistency is allowed for: what is not read as expected is read again for some seconds.

mod trails;

use std::collections::BTreeMap;
use std::fmt;

use std::time::Duration;

use s3ferry_core::ids::AlarmName;
use s3ferry_core::model::kinds::AlarmNames;
use s3ferry_core::model::kinds::VersioningStatus;
use s3ferry_core::model::{
    BucketPart, BucketRef, Document, KeyPart, KeyRef, RegionPart, RegionRef, RolePart, RoleRef,
    Target, same,
};
use s3ferry_core::plan::PutEncryption;
use s3ferry_engine::ports::{NewObject, Objects, Onto, PortError, Read, Write, WriteChange};

use crate::build;

pub use trails::trails;

/// What the suite works on; none of it may exist beforehand.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// A bucket to make in the source account.
    pub source: BucketRef,
    /// A bucket to make in the destination account.
    pub destination: BucketRef,
    /// A role to make in the source account.
    pub role: RoleRef,
    /// A key that is there, and that the caller administers; none where the world has no keys.
    pub key: Option<KeyRef>,
}

impl Default for Fixture {
    fn default() -> Self {
        Self {
            source: build::source(),
            destination: build::destination(),
            role: build::role("s3ferry-contract"),
            key: None,
        }
    }
}

/// A promise of the ports that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// On what.
    pub on: String,
    /// What was promised, and what happened.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.on, self.what)
    }
}

/// How often a document that is not as expected is read again, 250 ms apart.
const READS: u32 = 20;

/// Runs the suite; an empty list is a pass.
pub async fn run<W: Write + Objects>(world: &W, fixture: &Fixture) -> Vec<Violation> {
    let mut suite = Suite {
        world,
        violations: Vec::new(),
    };
    suite.buckets(fixture).await;
    suite.settings(&fixture.destination).await;
    suite.role(&fixture.role, &fixture.source).await;
    suite.replication(fixture).await;
    if let Some(key) = &fixture.key {
        suite.key(key, &fixture.role).await;
    }
    suite.objects(&fixture.destination).await;
    suite.removal(fixture).await;
    suite.violations
}

/// Runs what is promised of alarms, in a place that has none; an empty list is a pass.
pub async fn alarms<W: Write + Objects>(world: &W, place: &RegionRef) -> Vec<Violation> {
    let mut suite = Suite {
        world,
        violations: Vec::new(),
    };
    suite.alarms(place).await;
    suite.violations
}

struct Suite<'a, W> {
    world: &'a W,
    violations: Vec<Violation>,
}

impl<W: Write + Objects> Suite<'_, W> {
    fn violated(&mut self, on: impl ToString, what: impl Into<String>) {
        self.violations.push(Violation {
            on: on.to_string(),
            what: what.into(),
        });
    }

    async fn buckets(&mut self, fixture: &Fixture) {
        for bucket in [&fixture.source, &fixture.destination] {
            let target = Target::Bucket(bucket.clone(), BucketPart::Itself);
            self.expect(&target, None, "is not there before the suite")
                .await;
            self.write_twice(&target, &build::made(bucket, &[("made-by", "contract")]))
                .await;
            let tags = Document::Tags(build::tags(&[("made-by", "contract")]));
            let target = Target::Bucket(bucket.clone(), BucketPart::Tags);
            self.expect(
                &target,
                Some(&tags),
                "a bucket carries the tags it is made with",
            )
            .await;
            let target = Target::Bucket(bucket.clone(), BucketPart::Versioning);
            let never = build::versioning(VersioningStatus::Never);
            self.expect(&target, Some(&never), "a new bucket was never versioned")
                .await;
            self.write_twice(&target, &build::versioned()).await;
        }
    }

    async fn settings(&mut self, bucket: &BucketRef) {
        let of = |part: fn(BucketRef) -> Target| part(bucket.clone());
        let tags = Document::Tags(build::tags(&[("a", "1"), ("b", "2")]));
        self.write_twice(&of(|of| Target::Bucket(of, BucketPart::Tags)), &tags)
            .await;
        self.write_twice(
            &of(|of| Target::Bucket(of, BucketPart::Encryption)),
            &build::sse_s3(),
        )
        .await;
        self.write_twice(
            &of(|of| Target::Bucket(of, BucketPart::Ownership)),
            &build::owner_enforced(),
        )
        .await;
        self.write_twice(
            &of(|of| Target::Bucket(of, BucketPart::PublicAccess)),
            &build::private(),
        )
        .await;
        let policy = of(|of| Target::Bucket(of, BucketPart::Policy));
        self.write_twice(&policy, &build::bucket_policy(bucket, "One"))
            .await;
        self.write_twice(&policy, &build::bucket_policy(bucket, "Other"))
            .await;
        self.remove_twice(&policy).await;
    }

    async fn role(&mut self, role: &RoleRef, bucket: &BucketRef) {
        let target = Target::Role(role.clone(), RolePart::Itself);
        self.expect(&target, None, "is not there before the suite")
            .await;
        self.write_twice(&target, &build::replication_role(&[("a", "1"), ("b", "1")]))
            .await;
        self.write_twice(&target, &build::replication_role(&[("b", "2"), ("c", "1")]))
            .await;
        let policy = Target::Role(role.clone(), RolePart::Policy);
        self.expect(&policy, None, "a new role has no policy").await;
        self.write_twice(&policy, &build::role_policy(bucket)).await;
        self.together(role).await;
    }

    /// A key always has a policy, which is replaced whole; one that nobody made is not there, and has none.
    async fn key(&mut self, key: &KeyRef, role: &RoleRef) {
        let itself = Target::Key(key.clone(), KeyPart::Itself);
        self.expect(
            &itself,
            Some(&build::customer_key()),
            "a key says what it is",
        )
        .await;
        let policy = Target::Key(key.clone(), KeyPart::Policy);
        let administered = build::key_policy(key, None);
        self.write_twice(&policy, &administered).await;
        self.write_twice(&policy, &build::key_policy(key, Some(role)))
            .await;
        self.write_twice(&policy, &administered).await;
        let nobodys = KeyRef {
            id: "00000000-0000-4000-8000-00000000dead".to_owned(),
            ..key.clone()
        };
        for part in KeyPart::ALL {
            let target = Target::Key(nobodys.clone(), part);
            self.expect(&target, None, "a key that nobody made is not there")
                .await;
        }
    }

    /// Whatever a world answers of many targets at once, it answers as it does of each.
    async fn together(&mut self, role: &RoleRef) {
        let some = (0..20).map(|number| build::role(&format!("s3ferry-contract-{number}")));
        let roles = some.chain([role.clone()]);
        let parts = [RolePart::Itself, RolePart::Policy, RolePart::Policies];
        let of = |role: RoleRef| parts.map(|part| Target::Role(role.clone(), part));
        let targets: Vec<Target> = roles.flat_map(of).collect();
        let asked: Vec<&Target> = targets.iter().collect();
        for (target, document) in self.world.read_together(&asked).await {
            self.expect(&target, document.as_ref(), "read together is read")
                .await;
        }
    }

    async fn replication(&mut self, fixture: &Fixture) {
        let Fixture {
            source,
            destination,
            role,
            key: _, // It has a part of the suite to itself.
        } = fixture;
        let target = Target::Bucket(source.clone(), BucketPart::Replication);
        self.expect(&target, None, "a new bucket does not replicate")
            .await;
        let rule = |id, priority, prefix| build::rule(id, priority, prefix, destination);
        let one = build::replication(role, [rule("one", 1, "one/")]);
        let two = build::replication(role, [rule("one", 1, "one/"), rule("two", 2, "two/")]);
        self.write_twice(&target, &one).await;
        self.write_twice(&target, &two).await;
        self.write_twice(&target, &one).await;
        self.remove_twice(&target).await;
    }

    async fn alarms(&mut self, place: &RegionRef) {
        let named = |name: &str| Target::Alarm(place.alarm(&AlarmName::new(name).expect("a name")));
        let names = [
            "s3ferry/contract/a/all/latency",
            "s3ferry/contract/b c/ü/latency",
        ];
        let others = ["Theirs", "s3ferry"];
        let list = |names: &[&str]| {
            let names = names
                .iter()
                .map(|name| AlarmName::new(*name).expect("a name"));
            Document::AlarmNames(AlarmNames::of(names.collect()))
        };
        let listed = Target::Region(place.clone(), RegionPart::Alarms);
        let none = list(&[]);
        self.expect(&listed, Some(&none), "there are none before the suite")
            .await;
        for name in names.iter().chain(&others) {
            let target = named(name);
            self.expect(&target, None, "is not there before the suite")
                .await;
            self.write_twice(&target, &build::alarm("contract", 900))
                .await;
            self.write_twice(&target, &build::alarm("contract", 0))
                .await;
        }
        let mut all = AlarmNames::default();
        for name in names.iter().chain(&others) {
            if let Document::Alarm(alarm) = build::alarm("contract", 0) {
                all.add(AlarmName::new(*name).expect("a name"), alarm.sight());
            }
        }
        assert_eq!(all.others.len(), 2, "the others look at replication");
        let all = Document::AlarmNames(all);
        self.expect(
            &listed,
            Some(&all),
            "the list has what may be ours, and what others look at",
        )
        .await;
        let absent = (0..120).map(|number| format!("s3ferry/contract/absent/{number}/latency"));
        let targets: Vec<Target> = absent
            .map(|name| named(&name))
            .chain(names.map(named))
            .collect();
        let asked: Vec<&Target> = targets.iter().collect();
        for (target, document) in self.world.read_together(&asked).await {
            self.expect(&target, document.as_ref(), "read together is read")
                .await;
        }
        for name in names.iter().chain(&others) {
            self.remove_twice(&named(name)).await;
        }
        self.expect(&listed, Some(&none), "the list has what there is")
            .await;
    }

    async fn objects(&mut self, bucket: &BucketRef) {
        if let Err(error) = self.object(bucket).await {
            self.violated("objects", error.to_string());
        }
    }

    async fn object(&mut self, bucket: &BucketRef) -> Result<(), PortError> {
        let key = "contract/with space+plus";
        let object = NewObject {
            bucket: bucket.clone(),
            key: key.to_owned(),
            body: b"contract".to_vec(),
            tags: build::tags(&[("class", "hot & cold")]),
            metadata: BTreeMap::from([("mark".to_owned(), "contract/suite".to_owned())]),
            encryption: PutEncryption::BucketDefault,
            onto: Onto::Anything,
        };
        let neighbour = NewObject {
            key: format!("{key}-neighbour"),
            ..object.clone()
        };
        let first = self.world.put(&object).await?;
        let second = self.world.put(&object).await?;
        let other = self.world.put(&neighbour).await?;
        let unasked = NewObject {
            onto: Onto::Nothing,
            ..object.clone()
        };
        match self.world.put(&unasked).await {
            Err(error) if error.code == "PreconditionFailed" => {}
            answer => self.violated(
                key,
                format!("a put that goes over nothing is refused where an object is: {answer:?}"),
            ),
        }
        if first == second {
            self.violated(key, "each put makes a version of its own");
        }
        match self.world.head(bucket, key, &first).await? {
            Some(head) if head.metadata == object.metadata && head.size == 8 => {}
            found => self.violated(
                key,
                format!("a version keeps its metadata and size: {found:?}"),
            ),
        }
        if self.world.tags(bucket, key, &first).await? != object.tags {
            self.violated(key, "a version keeps its tags");
        }
        let marker = self.world.put_delete_marker(bucket, key).await?;
        let listed = self.world.versions(bucket, key).await?;
        let markers = listed.iter().filter(|listed| listed.is_delete_marker);
        if !markers.map(|listed| &listed.version).eq([&marker]) {
            self.violated(key, format!("a delete marker is listed as one: {listed:?}"));
        }
        self.world.delete(bucket, key, &marker).await?;
        let listed = self.world.versions(bucket, key).await?.into_iter();
        let mut versions: Vec<String> = listed.map(|listed| listed.version).collect();
        versions.sort();
        let mut expected = vec![first.clone(), second.clone()];
        expected.sort();
        if versions != expected {
            self.violated(
                key,
                format!("versions are those of exactly this key: {versions:?}"),
            );
        }
        for version in [&first, &first, &second] {
            self.world.delete(bucket, key, version).await?;
        }
        self.world.delete(bucket, &neighbour.key, &other).await?;
        if self.world.head(bucket, key, &first).await?.is_some() {
            self.violated(key, "a removed version is gone");
        }
        if !self.world.versions(bucket, key).await?.is_empty() {
            self.violated(key, "removing every version leaves none");
        }
        let anew = self.world.put(&unasked).await?;
        self.world.delete(bucket, key, &anew).await?;
        Ok(())
    }

    async fn removal(&mut self, fixture: &Fixture) {
        self.remove_twice(&Target::Role(fixture.role.clone(), RolePart::Policy))
            .await;
        self.remove_twice(&Target::Role(fixture.role.clone(), RolePart::Itself))
            .await;
        self.remove_twice(&Target::Bucket(fixture.source.clone(), BucketPart::Itself))
            .await;
        self.remove_twice(&Target::Bucket(
            fixture.destination.clone(),
            BucketPart::Itself,
        ))
        .await;
    }

    /// Writes a document over what is there, and once more; both times it must read back with the same meaning.
    async fn write_twice(&mut self, target: &Target, document: &Document) {
        for promise in ["a write reads back", "writing twice is writing once"] {
            if self.write(target, Some(document)).await {
                self.expect(target, Some(document), promise).await;
            }
        }
    }

    async fn remove_twice(&mut self, target: &Target) {
        for promise in ["what is removed is gone", "removing nothing succeeds"] {
            if self.write(target, None).await {
                self.expect(target, None, promise).await;
            }
        }
    }

    /// Writes over what is there; whether it succeeded.
    async fn write(&mut self, target: &Target, after: Option<&Document>) -> bool {
        let written = match self.world.read(target).await {
            Ok(before) => {
                let before = before.as_ref();
                self.world
                    .write(target, WriteChange { before, after })
                    .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &written {
            self.violated(target, format!("a write succeeds: {error}"));
        }
        written.is_ok()
    }

    async fn expect(&mut self, target: &Target, expected: Option<&Document>, promise: &str) {
        match read_until(self.world, target, expected).await {
            Ok(found) if same(found.as_ref(), expected) => {}
            Ok(found) => self.violated(
                target,
                format!("{promise}: found {found:?}, expected {expected:?}"),
            ),
            Err(error) => self.violated(target, format!("{promise}: {error}")),
        }
    }
}

async fn read_until<W: Read>(
    world: &W,
    target: &Target,
    expected: Option<&Document>,
) -> Result<Option<Document>, PortError> {
    let mut found = world.read(target).await?;
    for _ in 1..READS {
        if same(found.as_ref(), expected) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        found = world.read(target).await?;
    }
    Ok(found)
}
