//! S3 computes checksums at both sides of a pair in the sandbox, and a comparison by them finds what no hash that S3 keeps tells.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use s3ferry_sandbox::{Fault, FaultKind};
use s3ferry_tests::signed::{Client, Request};
use s3ferry_tests::world::{DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const FROM: &str = "orders-prod";
const TO: &str = "orders-archive";

fn migration(phase: &str, more: &str) -> String {
    format!(
        "  orders:
    phase: {phase}
    source: {{ account: prod, bucket: {FROM} }}
    destination: {{ account: archive, bucket: {TO}, create: true }}
    monitoring: {{ none: \"a test\" }}
    rules: [ {{ id: all, prefix: in/, delete_markers: keep }} ]
    verify: {{ depth: computed, reports: {{ source: {{ bucket: prod-reports, prefix: s3/ }}, destination: {{ bucket: archive-reports }} }}{more} }}
"
    )
}

/// A pair that replicates, with keys that must be encoded, of two versions each; then in phase verify.
fn pair(more: &str) -> World {
    let world = World::new(&migration("replicate", more)).with(&json!({ "buckets": [
        { "name": FROM, "account": SOURCE.0, "region": SOURCE.1 },
        { "name": "prod-reports", "account": SOURCE.0, "region": SOURCE.1 },
        { "name": "archive-reports", "account": DESTINATION.0, "region": DESTINATION.1 },
    ] }));
    world.converge();
    for at in 0..6 {
        world.source().put_object(FROM, &encoded(at), &[]);
        world.source().put_object(FROM, &encoded(at), &[]);
    }
    world.source().put_object(FROM, "outside", &[]);
    world.settle();
    world.spec(&migration("verify", more));
    world
}

fn encoded(at: usize) -> String {
    format!("in/a%20b%2B{at}")
}

fn key(at: usize) -> String {
    format!("in/a b+{at}")
}

/// Has both jobs made, confirmed and concluded.
fn computed(world: &World) {
    world.expect(8, &["apply", "--yes", "--wait", "60s", "spec.yaml"]);
    world.expect(8, &["apply", "--yes", "--wait", "60s", "spec.yaml"]);
}

/// What is found of each key, and how the command ended.
fn found(world: &World, more: &[&str]) -> (Ran, BTreeMap<String, String>) {
    let verify = [
        "verify",
        "spec.yaml",
        "--settle",
        "0s",
        "--differences",
        "differences.jsonl",
    ];
    let ran = world.s3ferry(&[&verify[..], more].concat());
    let lines = fs::read_to_string(world.folder().join("differences.jsonl")).unwrap_or_default();
    let told = lines.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        (text("key"), text("found"))
    });
    (ran, told.collect())
}

fn said(ran: &Ran) -> String {
    ran.said().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How often an operation was called.
fn calls(world: &World, operation: &str) -> usize {
    let calls = world.sandbox().calls();
    calls
        .iter()
        .filter(|call| call.operation == operation)
        .count()
}

fn files(world: &World, folder: &str) -> Vec<PathBuf> {
    let found = fs::read_dir(world.folder().join("ledger").join(folder))
        .into_iter()
        .flatten();
    found.map(|file| file.expect("a file").path()).collect()
}

fn read(path: &PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).expect("it is read")).expect("a receipt is JSON")
}

/// The receipt of the job of a side.
fn receipt(world: &World, side: &str) -> Value {
    let mut receipts = files(world, "checksums")
        .iter()
        .map(read)
        .collect::<Vec<_>>();
    receipts.retain(|of| of["side"] == side);
    receipts.pop().expect("the side has a receipt")
}

fn gate(world: &World) -> (String, String) {
    let plan = world.s3ferry(&["plan", "--format", "json", "spec.yaml"]);
    let plan: Value = serde_json::from_str(&plan.out).expect("a plan is JSON");
    let gates = plan["migrations"][0]["gates"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let gate = gates.into_iter().find(|gate| gate["name"] == "verified");
    let gate = gate.expect("the migration has the gate");
    let text = |name: &str| gate[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("why"))
}

/// The newest version of a key.
fn newest(client: &Client, bucket: &str, key: &str) -> String {
    let path = format!("/{bucket}");
    let query = format!(
        "prefix={}&versions=",
        key.replace(' ', "%20")
            .replace('/', "%2F")
            .replace('+', "%2B")
    );
    let request = Request {
        method: "GET",
        path: &path,
        query: &query,
        ..Request::default()
    };
    let body = client.s3(request).expect_ok().body;
    let id = body
        .split("<VersionId>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    id.expect("the key has a version").to_owned()
}

fn flip_a_byte(world: &World, bucket: &str, key: &str, version: &str) {
    let environment: BTreeMap<String, String> = world.sandbox().environment().into_iter().collect();
    let address = environment["AWS_ENDPOINT_URL"].trim_start_matches("http://");
    let body = json!({ "bucket": bucket, "key": key, "version_id": version, "kind": "flip-byte" })
        .to_string();
    let request = format!(
        "POST /_sandbox/damage HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        environment["S3FERRY_SANDBOX_TOKEN"],
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("the sandbox listens");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("it is answered");
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

#[test]
fn damage_that_keeps_size_etag_and_checksum_is_found_by_what_s3_computes() {
    let world = pair("");
    let version = newest(&world.destination(), TO, &key(2));
    flip_a_byte(&world, TO, &key(2), &version);
    computed(&world);
    let (blind, told) = found(&world, &["--depth", "checksum"]);
    assert_eq!((blind.code, told), (Some(0), BTreeMap::new()));
    assert_eq!(
        gate(&world).0,
        "waiting",
        "a stored checksum is not what the spec asks for"
    );
    world.sandbox().reset_calls();
    let (ran, told) = found(&world, &[]);
    assert_eq!(
        told,
        BTreeMap::from([(key(2), "content".to_owned())]),
        "{}",
        ran.said()
    );
    assert_eq!(ran.code, Some(6));
    assert!(
        said(&ran).contains("by computed checksum"),
        "{}",
        ran.said()
    );
    assert_eq!(calls(&world, "HeadObject"), 0, "no version is looked at");
    assert_eq!(gate(&world).0, "waiting");
}

#[test]
fn both_jobs_are_shown_with_their_cost_confirmed_and_met_by_a_comparison() {
    let world = pair("");
    let plan = world.s3ferry(&["plan", "spec.yaml"]);
    for told in [
        "computes checksums",
        "pricing page",
        "s3ferry-batch-orders-archive",
    ] {
        let text = said(&plan)
            .replace("have S3 compute", "computes")
            .replace("has S3 compute", "computes");
        assert!(text.contains(told), "{told}: {}", plan.said());
    }
    let nothing = world.s3ferry(&["verify", "spec.yaml"]);
    assert_eq!(nothing.code, Some(1));
    assert!(
        said(&nothing).contains("no report of computed checksums of the source is known"),
        "{}",
        nothing.said()
    );
    world.expect(8, &["apply", "--yes", "--wait", "60s", "spec.yaml"]);
    let plan = world.s3ferry(&["plan", "spec.yaml"]);
    for told in ["confirms the job", "tasks: 12", "about 0.26 USD"] {
        assert!(said(&plan).contains(told), "{told}: {}", plan.said());
    }
    world.expect(8, &["apply", "--yes", "--wait", "60s", "spec.yaml"]);
    assert_eq!(
        (calls(&world, "CreateJob"), calls(&world, "UpdateJobStatus")),
        (2, 2)
    );
    assert_eq!(receipt(&world, "destination")["tasks"], json!(12));
    let (ran, told) = found(&world, &[]);
    assert_eq!(
        (ran.code, told),
        (Some(0), BTreeMap::new()),
        "{}",
        ran.said()
    );
    let (state, why) = gate(&world);
    assert_eq!(state, "met", "{why}");
    let found = files(&world, "verifications")
        .iter()
        .map(read)
        .next()
        .expect("a receipt");
    assert_eq!(found["depth"], "computed");
    let made = receipt(&world, "source");
    assert_eq!(found["source"]["checksums"]["job"], made["job"]);
    assert_eq!(
        found["source"]["checksums"]["sha256"],
        made["report"]["sha256"]
    );
    // What a comparison has shown is not paid for once more.
    world.must_be_settled();
    assert_eq!(calls(&world, "CreateJob"), 2);
}

#[test]
fn a_lost_answer_makes_no_second_job() {
    let world = pair("");
    for kind in [FaultKind::DropAfter, FaultKind::ErrorAfter] {
        world.sandbox().switches().fail(Fault {
            service: "s3control".to_owned(),
            operation: "CreateJob".to_owned(),
            nth: 1,
            kind,
        });
        world.expect(8, &["apply", "--yes", "--wait", "60s", "spec.yaml"]);
    }
    let [source, destination] = [
        (world.source(), SOURCE.0),
        (world.destination(), DESTINATION.0),
    ];
    for (client, account) in [source, destination] {
        let reply = client.s3(Request {
            method: "GET",
            path: "/v20180820/jobs",
            headers: &[("x-amz-account-id", account)],
            ..Request::default()
        });
        assert_eq!(reply.expect_ok().body.matches("<JobId>").count(), 1);
    }
}

#[test]
fn what_a_report_does_not_tell_of_is_not_known() {
    let world = pair("");
    // It is at the source when the jobs list their objects, and comes to the destination only then.
    let hour = std::time::Duration::from_secs(3_600);
    world.sandbox().switches().replication_delay(hour);
    world.source().put_object(FROM, "in/slow", &[]);
    computed(&world);
    world.sandbox().clock().advance(2 * hour);
    world.settle();
    let (ran, told) = found(&world, &[]);
    let unknown = BTreeMap::from([("in/slow".to_owned(), "not-computed".to_owned())]);
    assert_eq!(told, unknown, "{}", ran.said());
    assert_eq!(ran.code, Some(6));
    assert_eq!(gate(&world).0, "waiting");
}

#[test]
fn what_came_after_the_jobs_is_told_as_such() {
    let world = pair("");
    computed(&world);
    // One that came after the jobs, and one that the destination got only then.
    world
        .sandbox()
        .clock()
        .advance(std::time::Duration::from_secs(60));
    world.source().put_object(FROM, "in/later", &[]);
    world.settle();
    let (ran, told) = found(&world, &[]);
    assert_eq!(
        (ran.code, told),
        (Some(0), BTreeMap::new()),
        "{}",
        ran.said()
    );
    assert!(
        said(&ran).contains("written after the checksums were computed"),
        "{}",
        ran.said()
    );
}

#[test]
fn a_task_that_failed_leaves_its_version_not_known() {
    let world = pair(", confirm: false");
    let minute = std::time::Duration::from_secs(60);
    world.sandbox().switches().batch_status(minute);
    world.expect(8, &["apply", "--yes", "spec.yaml"]);
    // While the jobs are at work somebody denies the role one key: that task fails, and the others do not.
    let resource = format!("arn:aws:s3:::{FROM}/{}", key(1));
    let deny = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "NotThis", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObjectVersion", "Resource": resource,
        "Condition": { "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/s3ferry/s3ferry-batch-*" } } }] });
    let path = format!("/{FROM}");
    let policy = |method: &'static str, body: &str| {
        let request = Request {
            method,
            path: &path,
            query: "policy=",
            body,
            headers: &[],
        };
        world.source().s3(request).expect_ok();
    };
    policy("PUT", &deny.to_string());
    world.sandbox().clock().advance(60 * minute);
    world.settle();
    policy("DELETE", "");
    world.s3ferry(&["apply", "--yes", "spec.yaml"]);
    assert_eq!(receipt(&world, "source")["failed"], json!(2));
    let (ran, told) = found(&world, &[]);
    let unknown = BTreeMap::from([(key(1), "compute-failed".to_owned())]);
    assert_eq!(told, unknown, "{}", ran.said());
    assert_eq!(ran.code, Some(6));
    assert!(
        said(&ran).contains("S3 could not compute"),
        "{}",
        ran.said()
    );
    assert_eq!(gate(&world).0, "waiting");
}

#[test]
fn a_report_that_is_not_what_it_was_proves_nothing() {
    let world = pair("");
    computed(&world);
    let of = receipt(&world, "destination");
    let manifest = of["report"]["key"].as_str().expect("a key").to_owned();
    let client = world.destination();
    let get = |key: &str| {
        let path = format!("/archive-reports/{key}");
        client
            .s3(Request {
                method: "GET",
                path: &path,
                ..Request::default()
            })
            .expect_ok()
            .body
    };
    let put = |key: &str, body: &str| {
        let path = format!("/archive-reports/{key}");
        client
            .s3(Request {
                method: "PUT",
                path: &path,
                body,
                ..Request::default()
            })
            .expect_ok();
    };
    let whole = get(&manifest);
    let parsed: Value = serde_json::from_str(&whole).expect("a manifest is JSON");
    let file = parsed["Results"][0]["Key"]
        .as_str()
        .expect("a key")
        .to_owned();
    let rows = get(&file);
    let must_fail = |why: &str| {
        let (ran, _) = found(&world, &[]);
        assert_eq!(ran.code, Some(1), "{why}: {}", ran.said());
        assert!(said(&ran).contains(why), "{why}: {}", ran.said());
    };
    // A row less, and a row that says another thing: the file is another one.
    let fewer: String = rows.lines().skip(1).map(|row| format!("{row}\n")).collect();
    put(&file, &fewer);
    must_fail("its MD5 is another");
    put(&file, &rows.replacen("succeeded", "failed", 1));
    must_fail("its MD5 is another");
    put(&file, &rows);
    // Another manifest, be it well made.
    put(
        &manifest,
        &whole.replace("Report_CSV_20180820\",", "Report_CSV_20180820\", "),
    );
    must_fail("not the one that the receipt tells of");
    put(&manifest, &whole);
    // The receipt of one side names the report of the other job.
    let other = receipt(&world, "source");
    let path = files(&world, "checksums")
        .into_iter()
        .find(|path| read(path)["side"] == "destination");
    let path = path.expect("there is one");
    let changed = |name: &str, value: &Value| {
        let mut changed = of.clone();
        changed[name] = value.clone();
        changed
    };
    let path = rewritten(&path, &changed("report", &other["report"]));
    let (ran, _) = found(&world, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    // The job had one object more than its report tells of.
    let path = rewritten(&path, &changed("tasks", &json!(13)));
    must_fail("tells of 12 objects, and the job had 13");
    // A receipt that somebody wrote over is none.
    fs::write(&path, changed("tasks", &json!(12)).to_string()).expect("it is written");
    must_fail("no report of computed checksums of the destination is known");
    fs::remove_file(&path).expect("it is removed");
    must_fail("no report of computed checksums of the destination is known");
}

#[test]
fn a_job_that_is_too_old_is_followed_by_another_and_counts_for_nothing() {
    let world = pair(", confirm: false, max_age: 1h");
    world.s3ferry(&["apply", "--yes", "--wait", "60s", "spec.yaml"]);
    assert_eq!(files(&world, "checksums").len(), 2);
    // Receipts of two hours ago.
    for path in files(&world, "checksums") {
        let mut of = read(&path);
        of["made"] = json!("2020-01-01T00:00:00Z");
        rewritten(&path, &of);
    }
    let (ran, _) = found(&world, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    let (state, why) = gate(&world);
    assert_eq!(state, "waiting", "{why}");
    assert!(why.contains("older than verify.max_age"), "{why}");
    world.s3ferry(&["apply", "--yes", "--wait", "60s", "spec.yaml"]);
    assert_eq!(calls(&world, "CreateJob"), 4);
}

/// Another receipt in the place of one; its file is named after its content.
fn rewritten(path: &PathBuf, receipt: &Value) -> PathBuf {
    fs::remove_file(path).expect("it is removed");
    let text = receipt.to_string();
    let hash = Sha256::digest(text.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = path.with_file_name(format!("sha256-{hex}.json"));
    fs::write(&path, text).expect("it is written");
    path
}
