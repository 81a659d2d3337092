//! Every API call of a full apply goes wrong once, and the next apply finishes the work.
//!
//! A clean apply is counted; then, for each of its calls, a new world is made in which that call fails before it is
//! done, is done without an answer, or is the last thing that the program did before it was killed. Applied again, the
//! world must converge, with everything foreign and every object as it was.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3ferry_sandbox::{FaultKind, Hook};
use s3ferry_tests::world::{DESTINATION, SOURCE, World};
use serde_json::{Value, json};

/// Worlds at once. Most of the time of each is spent waiting.
const AT_ONCE: usize = 4;

/// One call at a time, so that the k-th call is the same one in every run.
const APPLY: [&str; 5] = ["apply", "--yes", "--parallelism", "1", "spec.yaml"];

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    /// It is refused by an internal error.
    Error,
    /// It is done; the connection closes without an answer.
    ReplyLost,
    /// It is done and answered; the program is killed before it does anything else.
    Killed,
}

const MISHAPS: [Mishap; 3] = [Mishap::Error, Mishap::ReplyLost, Mishap::Killed];

/// A spec and the world that it finds.
struct Case {
    migration: &'static str,
    seed: Value,
}

/// What must be after every apply as it was before.
#[derive(Debug, PartialEq, Eq)]
struct Foreign {
    /// Every version of every object, by bucket; canaries are gone.
    objects: Value,
    tags: Value,
    /// Leaves of the rule of somebody else.
    rule: BTreeSet<String>,
    /// Whether the statement of somebody else is in the destination's policy to the letter.
    statement: bool,
    /// What somebody else's trail records that is not ours, and where it writes.
    trail: Value,
}

#[test]
fn a_move_into_a_bucket_that_exists_survives_every_call() {
    every_call(&Case {
        migration: "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive }
    rules:
      - { id: open, prefix: open/, delete_markers: mirror }
",
        seed: json!({ "buckets": [
            bucket("orders-prod", SOURCE, json!({
                "versioning": "Enabled", "objects": objects(),
                "configuration": { "replication": foreign_rule(), "tagging": TAGS },
            })),
            bucket("theirs", SOURCE, json!({ "versioning": "Enabled", "objects": objects() })),
            bucket("orders-archive", DESTINATION, json!({
                "objects": objects(),
                "configuration": {
                    "policy": format!(r#"{{"Version":"2012-10-17","Statement":[{ODD_STATEMENT}]}}"#),
                    "tagging": TAGS,
                },
            })),
        ] }),
    });
}

#[test]
fn a_move_into_a_bucket_that_is_made_survives_every_call() {
    every_call(&Case {
        migration: "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    rules:
      - { id: open, prefix: open/, delete_markers: keep }
",
        seed: json!({ "buckets": [
            bucket("orders-prod", SOURCE, json!({ "objects": objects(), "configuration": { "tagging": TAGS } })),
        ] }),
    });
}

#[test]
fn a_move_under_keys_whose_policies_are_written_survives_every_call() {
    let key = |arn: &str| {
        let account = arn.split(':').nth(4).expect("an ARN");
        let admin = json!({ "Sid": "Admin", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{account}:role/sandbox") },
            "Action": "kms:*", "Resource": "*" });
        json!({ "arn": arn, "policy": { "Version": "2012-10-17", "Statement": [admin] } })
    };
    every_call(&Case {
        migration: "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, kms: { write_policy: true } }
    rules:
      - id: open
        prefix: open/
        delete_markers: keep
        source_kms:
          keys: [\"arn:aws:kms:eu-west-1:111111111111:key/aaaaaaaa-1111-2222-3333-444444444444\"]
          replica_key: \"arn:aws:kms:eu-central-1:222222222222:key/bbbbbbbb-1111-2222-3333-444444444444\"
",
        seed: json!({
            "keys": [
                key("arn:aws:kms:eu-west-1:111111111111:key/aaaaaaaa-1111-2222-3333-444444444444"),
                key("arn:aws:kms:eu-central-1:222222222222:key/bbbbbbbb-1111-2222-3333-444444444444"),
            ],
            "buckets": [
                bucket("orders-prod", SOURCE, json!({ "versioning": "Enabled", "objects": objects() })),
                bucket("orders-archive", DESTINATION, json!({ "versioning": "Enabled" })),
            ],
        }),
    });
}

#[test]
fn trails_of_ours_and_of_somebody_elses_survive_every_call() {
    every_call(&Case {
        migration: "  orders:
    phase: prepare
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive }
    logging:
      cloudtrail:
        source: { trail: s3-data, bucket: prod-trail }
        destination: { trail: audit }
    rules:
      - { id: open, prefix: open/, delete_markers: keep }
",
        seed: json!({
            "buckets": [
                bucket("orders-prod", SOURCE, json!({ "versioning": "Enabled", "objects": objects() })),
                bucket("orders-archive", DESTINATION, json!({ "versioning": "Enabled" })),
                bucket("prod-trail", SOURCE, json!({})),
                bucket("archive-trail", DESTINATION, json!({})),
            ],
            "trails": [{
                "name": "audit", "account": DESTINATION.0, "region": DESTINATION.1, "bucket": "archive-trail",
                "tags": { "team": "security" }, "event_selectors": THEIRS.map(|of| serde_json::from_str::<Value>(of).expect("JSON")),
            }],
        }),
    });
}

/// What somebody else's trail records.
const THEIRS: [&str; 2] = [
    r#"{ "ReadWriteType": "WriteOnly", "IncludeManagementEvents": true, "DataResources": [],
         "ExcludeManagementEventSources": ["kms.amazonaws.com"] }"#,
    r#"{ "ReadWriteType": "All", "IncludeManagementEvents": false, "ExcludeManagementEventSources": [],
         "DataResources": [{ "Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::theirs/"] }] }"#,
];

/// A statement as a person may have laid it out.
const ODD_STATEMENT: &str = r#"{ "Resource" : ["arn:aws:s3:::orders-archive"],
   "Action":"s3:ListBucket" ,  "Effect":"Allow",
      "Sid":"Auditors", "Principal":{"AWS":["arn:aws:iam::222222222222:root"]}}"#;

const TAGS: &str = "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>\
                    <Tag><Key>team</Key><Value>orders</Value></Tag></TagSet></Tagging>";

/// A rule of somebody else under the role that the spec uses: S3 has one role for all rules of a bucket.
fn foreign_rule() -> String {
    "<ReplicationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
     <Role>arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod</Role>\
     <Rule><ID>theirs</ID><Priority>7</Priority><Status>Enabled</Status>\
     <Filter><And><Prefix>x/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter>\
     <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>\
     <Destination><Bucket>arn:aws:s3:::theirs</Bucket><StorageClass>GLACIER_IR</StorageClass></Destination>\
     </Rule></ReplicationConfiguration>"
        .to_owned()
}

fn bucket(name: &str, (account, region): (&str, &str), mut more: Value) -> Value {
    more["name"] = json!(name);
    more["account"] = json!(account);
    more["region"] = json!(region);
    more
}

fn objects() -> Value {
    json!([
        { "key": "open/{}", "count": 3, "versions": 2, "tags": { "class": "hot" } },
        { "key": "closed", "body": "content", "deleted": true },
    ])
}

fn every_call(case: &Case) {
    let calls = case.count();
    let work: Vec<_> = MISHAPS
        .iter()
        .flat_map(|mishap| (1..=calls).map(move |call| (*mishap, call)))
        .collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some((mishap, call)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(why) = case.survives(*mishap, *call) {
                let told = format!("call {call} of {calls}, {mishap:?}: {why}");
                failed.lock().expect("no worker panics here").push(told);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(worker);
        }
    });
    let failed = failed.into_inner().expect("no worker panics here");
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        work.len(),
        failed.join("\n")
    );
}

impl Case {
    fn world(&self) -> World {
        World::new(self.migration).with(&self.seed)
    }

    /// Counts the calls of an apply to which nothing happens.
    fn count(&self) -> u64 {
        let world = self.world();
        let before = Foreign::read(&world);
        world.expect(0, &APPLY);
        let calls = world.sandbox().calls().len();
        // Signing in, a plan of one migration, its writes read back, and a canary: fewer would mean that something is left out.
        assert!(calls > 35, "a full apply made only {calls} calls");
        assert_eq!(Foreign::read(&world), before);
        world.must_be_settled();
        calls as u64
    }

    fn survives(&self, mishap: Mishap, call: u64) -> Result<(), String> {
        let world = self.world();
        let before = Foreign::read(&world);
        let first = mishap.befall(&world, call);
        world.sandbox().switches().clear_faults();
        first.map_err(|why| format!("the first apply {why}"))?;

        let second = world.s3ferry(&APPLY);
        if second.code != Some(0) {
            return Err(format!("the second apply: {}", second.said()));
        }
        let plan = world.s3ferry(&["plan", "--detailed-exitcode", "spec.yaml"]);
        if plan.code != Some(0) {
            return Err(format!("the plan after it: {}", plan.said()));
        }
        world.settle();
        let after = Foreign::read(&world);
        if after != before {
            return Err(format!("was {before:#?}\nis {after:#?}"));
        }
        Ok(())
    }
}

impl Mishap {
    /// Applies while this happens to a call. How the apply ends is the program's choice, but it must choose.
    fn befall(self, world: &World, call: u64) -> Result<(), String> {
        let switches = world.sandbox().switches();
        let kind = match self {
            Self::Error => FaultKind::ErrorBefore {
                status: 500,
                code: "InternalError".to_owned(),
                message: "We encountered an internal error. Please try again.".to_owned(),
            },
            Self::ReplyLost => FaultKind::DropAfter,
            Self::Killed => return killed_after(world, call),
        };
        switches.fail_call(call, kind);
        let ran = world.s3ferry(&APPLY);
        // Done, an error, in part, or waiting.
        match ran.code {
            Some(0 | 1 | 5 | 8) => Ok(()),
            _ => Err(ran.said()),
        }
    }
}

/// Kills the program when it makes any call after this one; that call is not done.
fn killed_after(world: &World, last: u64) -> Result<(), String> {
    let program: Arc<Mutex<Option<Child>>> = Arc::default();
    let victim = Arc::clone(&program);
    world.sandbox().switches().on_call(move |call| {
        if call.seq <= last {
            return Hook::Continue;
        }
        // The lock is held while the program is started, so it is there.
        if let Some(child) = victim.lock().expect("nobody panics").as_mut() {
            let _may_be_dead_already = child.kill();
        }
        Hook::Fail(FaultKind::DropBefore)
    });
    let output = File::create(world.folder().join("output")).map_err(|error| error.to_string())?;
    {
        let mut slot = program.lock().expect("nobody panics");
        let mut command = world.command(&APPLY);
        let errors = output.try_clone().map_err(|error| error.to_string())?;
        let started = command.stdout(output).stderr(errors).spawn();
        *slot = Some(started.map_err(|error| error.to_string())?);
    }
    let status = ended(&program)?;
    // After the last call there is none at which it could be killed.
    if status.code().is_none() || status.success() {
        return Ok(());
    }
    Err(format!("ended with {status} and was not killed"))
}

/// Waits without holding the lock.
fn ended(program: &Mutex<Option<Child>>) -> Result<ExitStatus, String> {
    loop {
        let state = program
            .lock()
            .expect("nobody panics")
            .as_mut()
            .map(Child::try_wait);
        match state {
            Some(Ok(Some(status))) => return Ok(status),
            Some(Ok(None)) => std::thread::sleep(Duration::from_millis(5)),
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("was not started".to_owned()),
        }
    }
}

/// Somebody else's trail, without the selector that is for our bucket.
fn their_trail(world: &World) -> Value {
    let snapshot = world.sandbox().snapshot();
    let trails = snapshot["cloudtrail"].as_object().into_iter().flatten();
    let mut theirs = trails.filter(|(arn, _)| arn.ends_with("/audit"));
    let mut trail = theirs
        .next()
        .map_or(Value::Null, |(_, trail)| trail.clone());
    if let Some(all) = trail["EventSelectors"].as_array_mut() {
        all.retain(|of| !of.to_string().contains("arn:aws:s3:::orders-archive/"));
    }
    trail["delivery_error"] = Value::Null;
    trail
}

impl Foreign {
    fn read(world: &World) -> Self {
        let buckets = world.buckets("");
        let buckets = buckets.as_object().into_iter().flatten();
        let mut objects = json!({});
        // Files of trails come when they are due.
        let buckets = buckets.filter(|(name, _)| !name.ends_with("-trail"));
        for (name, bucket) in buckets.filter(|(_, bucket)| bucket["objects"] != json!({})) {
            objects[name] = bucket["objects"].clone();
        }
        let tags = ["orders-prod", "theirs"]
            .map(|bucket| world.buckets(&format!("/{bucket}/configuration/tagging")));
        let text = |pointer| {
            let value = world.buckets(pointer);
            value.as_str().unwrap_or_default().to_owned()
        };
        let rules = text("/orders-prod/configuration/replication");
        let rule = rules
            .split("<Rule>")
            .find(|rule| rule.contains("<ID>theirs</ID>"));
        Self {
            objects,
            tags: json!(tags),
            rule: rule.map(leaves).unwrap_or_default(),
            statement: text("/orders-archive/configuration/policy").contains(ODD_STATEMENT),
            trail: their_trail(world),
        }
    }
}

/// The elements of a rule that hold text, whatever their order.
fn leaves(rule: &str) -> BTreeSet<String> {
    let rule = rule.split("</Rule>").next().unwrap_or_default();
    let elements = rule.split('<').filter(|element| !element.ends_with('>'));
    elements.map(str::to_owned).collect()
}
