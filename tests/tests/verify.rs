//! `s3ferry verify`: what was changed on either side is found and called by its name, and nothing else is.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use s3ferry_sandbox::{Fault, FaultKind};
use s3ferry_tests::signed::{Client, Request};
use s3ferry_tests::world::{DESTINATION, SOURCE, World};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const FROM: &str = "orders-prod";
const TO: &str = "orders-archive";

/// Nothing counts as on its way: what is not there is missing.
const VERIFY: [&str; 4] = ["verify", "spec.yaml", "--settle", "0s"];

fn migration(rules: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: {FROM} }}
    destination: {{ account: archive, bucket: {TO}, create: true }}
    rules: [ {rules} ]
"
    )
}

/// A pair that replicates everything, deletes among it, with so many objects of two versions each.
fn pair(objects: usize) -> World {
    let world = World::new(&migration("{ id: all, delete_markers: mirror }"))
        .with(&json!({ "buckets": [
        { "name": FROM, "account": SOURCE.0, "region": SOURCE.1 } ] }));
    world.converge();
    let source = world.source();
    for at in 0..objects {
        for _ in 0..2 {
            source.put_object(FROM, &key(at), &[]);
        }
    }
    world.settle();
    world
}

fn key(at: usize) -> String {
    format!("data/{at:03}")
}

/// The versions of a key, newest first.
fn versions(client: &Client, bucket: &str, key: &str) -> Vec<String> {
    let path = format!("/{bucket}");
    let query = format!("prefix={}&versions=", key.replace('/', "%2F"));
    let reply = client.s3(Request {
        method: "GET",
        path: &path,
        query: &query,
        ..Request::default()
    });
    let ids = reply.expect_ok().body;
    let ids = ids.split("<VersionId>").skip(1);
    ids.map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
        .collect()
}

fn call(client: &Client, method: &str, bucket: &str, key: &str, query: &str, body: &str) {
    let path = format!("/{bucket}/{key}");
    let request = Request {
        method,
        path: &path,
        query,
        body,
        headers: &[],
    };
    client.s3(request).expect_ok();
}

/// What is found of each key, and the exit code.
fn found(world: &World, more: &[&str]) -> (Option<i32>, BTreeMap<String, String>) {
    let file = world.folder().join("differences.jsonl");
    let arguments = [&VERIFY[..], &["--differences", "differences.jsonl"], more].concat();
    let ran = world.s3ferry(&arguments);
    let lines = fs::read_to_string(file).unwrap_or_default();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let of = |line: Value| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        (text("key"), text("found"))
    };
    (ran.code, lines.map(of).collect())
}

#[test]
fn what_was_changed_is_found_at_the_depth_that_claims_it() {
    let world = pair(14);
    let (source, destination) = (world.source(), world.destination());
    assert_eq!(found(&world, &[]), (Some(0), BTreeMap::new()));
    assert_eq!(
        found(
            &world,
            &["--depth", "checksum", "--compare", "tags,metadata,class"]
        ),
        (Some(0), BTreeMap::new())
    );
    let version =
        |at: usize, nth: usize| format!("versionId={}", versions(&destination, TO, &key(at))[nth]);
    call(&destination, "DELETE", TO, &key(0), &version(0, 0), "");
    call(&destination, "DELETE", TO, &key(1), &version(1, 1), "");
    call(&destination, "PUT", TO, "data/mine", "", "x");
    call(&destination, "DELETE", TO, &key(2), "", "");
    call(&source, "DELETE", FROM, &key(3), "", "");
    world.settle();
    let marker = &versions(&destination, TO, &key(3))[0];
    call(
        &destination,
        "DELETE",
        TO,
        &key(3),
        &format!("versionId={marker}"),
        "",
    );
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    call(
        &destination,
        "PUT",
        TO,
        &key(4),
        &format!("tagging=&{}", version(4, 0)),
        tags,
    );
    let expected = |more: &[(&str, &str)]| {
        let all = [
            ("data/000", "missing"),
            ("data/001", "missing"),
            ("data/002", "marker-extra"),
            ("data/003", "marker-missing"),
            ("data/mine", "extra"),
        ];
        let all = all.iter().chain(more);
        all.map(|(key, found)| ((*key).to_owned(), (*found).to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    for depth in ["listing", "checksum"] {
        assert_eq!(
            found(&world, &["--depth", depth]),
            (Some(6), expected(&[])),
            "{depth}"
        );
    }
    assert_eq!(
        found(&world, &["--compare", "tags"]),
        (Some(6), expected(&[("data/004", "tags")]))
    );
}

#[test]
fn what_is_expected_is_counted_and_no_difference() {
    let world = World::new(&migration("{ id: hot, prefix: hot/, delete_markers: keep }, { id: tagged, prefix: cold/, tags: { move: \"yes\" }, delete_markers: keep }")).with(
        &json!({ "buckets": [ { "name": FROM, "account": SOURCE.0, "region": SOURCE.1 } ] }),
    );
    world.converge();
    let source = world.source();
    for (key, headers) in [
        ("hot/a", &[][..]),
        ("hot/b", &[]),
        ("cold/tagged", &[("x-amz-tagging", "move=yes")]),
        ("cold/plain", &[]),
        ("elsewhere", &[]),
    ] {
        source.put_object(FROM, key, headers);
    }
    source.delete_object(FROM, "hot/b");
    world.settle();
    // A replica whose version goes at the source stays: S3 does not replicate that.
    let gone = versions(&source, FROM, "hot/a").remove(0);
    call(
        &source,
        "DELETE",
        FROM,
        "hot/a",
        &format!("versionId={gone}"),
        "",
    );
    let ran = world.expect(0, &[&VERIFY[..], &["--format", "json"]].concat());
    let out: Value = serde_json::from_str(&ran.out).expect("it is JSON");
    let counts = out[0]["found"]["counts"]
        .as_array()
        .expect("there are counts");
    let counts: BTreeMap<&str, u64> = counts
        .iter()
        .map(|count| {
            (
                count["found"].as_str().unwrap_or_default(),
                count["versions"].as_u64().unwrap_or_default(),
            )
        })
        .collect();
    let expected = [
        ("deleted-at-source", 1),
        ("equal-etag", 2),
        ("marker-kept", 1),
        ("outside", 2),
    ];
    assert_eq!(counts, BTreeMap::from(expected), "{}", ran.out);
    assert_eq!(out[0]["found"]["clean"], true);
    let receipt = out[0]["receipt"]
        .as_str()
        .expect("there is a receipt")
        .replace(':', "-");
    let kept = world
        .folder()
        .join(format!("ledger/verifications/{receipt}.json"));
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(kept).expect("it is kept")).expect("it is JSON");
    assert_eq!(kept, out[0]["found"]);
}

/// Whether it is noted how far a comparison is.
fn is_noted(world: &World) -> bool {
    let files = fs::read_dir(world.folder().join("ledger/runs"));
    let is_note =
        |file: std::fs::DirEntry| file.file_name().to_string_lossy().starts_with("verify-");
    files.is_ok_and(|mut files| files.any(|file| file.is_ok_and(is_note)))
}

/// Kills a comparison when it has noted how far it is.
fn kill(world: &World, arguments: &[&str]) {
    let sandbox = world.sandbox();
    // Three hundred looks at each side, four at once: well above the five seconds between two notes.
    sandbox.switches().latency(Duration::from_millis(200));
    let arguments = [arguments, &["--parallelism", "4"]].concat();
    let mut child = world.command(&arguments).spawn().expect("it starts");
    let began = Instant::now();
    while !is_noted(world) && began.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(50));
        let ended = child.try_wait().expect("it can be asked");
        assert!(ended.is_none(), "it ended before it noted anything");
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    sandbox.switches().latency(Duration::ZERO);
}

#[test]
fn a_verification_that_is_killed_goes_on_to_the_same_receipt() {
    let world = pair(150);
    let file = |ran: &str| {
        let out: Value = serde_json::from_str(ran).expect("it is JSON");
        let mut found = out[0]["found"].clone();
        for moment in ["started", "ended", "settled"] {
            found[moment].take();
        }
        found["covers"]["before"].take();
        found
    };
    let arguments = [&VERIFY[..], &["--depth", "checksum", "--format", "json"]].concat();
    let straight = file(&world.expect(0, &arguments).out);
    kill(&world, &arguments);
    let ran = world.expect(0, &arguments);
    assert!(ran.err.contains("going on from"), "{}", ran.err);
    assert_eq!(file(&ran.out), straight);
    assert!(!is_noted(&world), "what was noted is forgotten");
    // Another comparison has nothing to go on from.
    kill(&world, &arguments);
    let others = [&arguments[..], &["--match", "current"]].concat();
    let ran = world.expect(0, &others);
    assert!(!ran.err.contains("going on from"), "{}", ran.err);
}

#[test]
fn who_may_not_list_is_told_and_who_may_not_look_is_not_believed() {
    let world = pair(3);
    let destination = world.destination();
    let gone = versions(&destination, TO, &key(0)).remove(0);
    call(
        &destination,
        "DELETE",
        TO,
        &key(0),
        &format!("versionId={gone}"),
        "",
    );
    world.deny("s3", "HeadObject");
    let (code, denied) = found(&world, &[]);
    assert_eq!(
        (code, denied),
        (Some(6), BTreeMap::from([(key(0), "denied".to_owned())]))
    );
    world.deny("s3", "ListObjectVersions");
    let ran = world.expect(7, &VERIFY);
    assert!(
        ran.err.contains("ListObjectVersions") && ran.err.contains("s3:ListBucketVersions"),
        "{}",
        ran.err
    );
}

#[test]
fn a_page_that_is_refused_or_lost_is_asked_for_again() {
    let world = pair(3);
    for kind in [
        FaultKind::Throttle,
        FaultKind::DropBefore,
        FaultKind::DropAfter,
    ] {
        for nth in 1..4 {
            world.sandbox().switches().fail(Fault {
                service: "s3".to_owned(),
                operation: "ListObjectVersions".to_owned(),
                nth,
                kind: kind.clone(),
            });
        }
        assert_eq!(found(&world, &[]), (Some(0), BTreeMap::new()), "{kind:?}");
    }
}

/// What something else than replication copied has IDs of its own.
#[test]
fn current_objects_are_compared_by_their_keys() {
    let world = World::new(&migration("{ id: all, delete_markers: keep }")).with(&json!({ "buckets": [
        { "name": FROM, "account": SOURCE.0, "region": SOURCE.1 }, { "name": TO, "account": DESTINATION.0, "region": DESTINATION.1 } ] }));
    let (source, destination) = (world.source(), world.destination());
    for at in 0..5 {
        source.put_object(FROM, &key(at), &[]);
        destination.put_object(TO, &key(at), &[]);
    }
    let current = ["--match", "current"];
    assert_eq!(found(&world, &current), (Some(0), BTreeMap::new()));
    call(&destination, "PUT", TO, &key(1), "", "CONTENT");
    call(&destination, "DELETE", TO, &key(2), "", "");
    call(&destination, "PUT", TO, "more", "", "x");
    let expected = [
        (key(1), "content".to_owned()),
        (key(2), "missing".to_owned()),
        ("more".to_owned(), "extra".to_owned()),
    ];
    assert_eq!(found(&world, &current), (Some(6), BTreeMap::from(expected)));
}

/// One that cannot be compared does not keep the others from it, and is not forgotten over them.
#[test]
fn every_migration_is_compared_whatever_becomes_of_another() {
    let world = pair(1);
    let accounts = fs::read_to_string(world.folder().join("spec.yaml")).expect("it is there");
    let more = accounts.replace("  orders:", "  absent:\n    phase: replicate\n    source: { account: prod, bucket: nowhere-prod }\n    destination: { account: archive, bucket: nowhere-archive }\n    rules: [ { id: all, delete_markers: keep } ]\n  orders:");
    fs::write(world.folder().join("spec.yaml"), more).expect("it is written");
    let ran = world.expect(1, &VERIFY);
    assert!(
        ran.err.contains("absent: s3:ListObjectVersions"),
        "{}",
        ran.err
    );
    assert!(
        ran.out.contains("Verified by listing: 2 versions equal"),
        "{}",
        ran.out
    );
    assert!(!ran.err.contains("goes on from"), "{}", ran.err);
}

/// In phase verify, asking for so much.
fn gated(verify: &str) -> String {
    let migration = migration("{ id: all, delete_markers: mirror }");
    migration.replace("replicate", &format!("verify\n    verify: {{ {verify} }}"))
}

/// The gates of the migration, as `plan` gives them.
fn gate(world: &World) -> (String, String) {
    let ran = world.expect(0, &["plan", "spec.yaml", "--format", "json"]);
    let plan: Value = serde_json::from_str(&ran.out).expect("a plan is JSON");
    let gate = &plan["migrations"][0]["gates"][0];
    assert_eq!(gate["name"], "verified", "{plan:#}");
    let text = |name: &str| gate[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("why"))
}

/// Phase `verify` waits for a comparison that is as close as the spec asks, of the rules as they are, and is taken back by a later one
/// that finds something. What an apply prints to be done is done, as it stands.
#[test]
fn phase_verify_waits_for_a_comparison() {
    let apply = ["apply", "spec.yaml", "--yes"];
    let waits = |world: &World, why: &str| {
        let (state, found) = gate(world);
        assert!(
            state == "waiting" && found.contains(why),
            "{state}: {found}"
        );
        found
    };
    let world = pair(3);
    world.spec(&gated("max_age: 1h"));
    let why = waits(&world, "were not compared yet");
    let ran = world.expect(8, &apply);
    assert!(
        ran.err.contains(&format!("Waiting: orders: {why}")),
        "{}",
        ran.err
    );
    let (_, command) = ran
        .err
        .split_once("To compare both sides: s3ferry ")
        .expect("a command");
    let words: Vec<&str> = command.trim().split(' ').collect();
    world.expect(0, &[&VERIFY[..], &["--depth", "listing"]].concat());
    waits(&world, "did not look as closely");
    world.expect(0, &[&words[..], &["--settle", "0s"]].concat());
    let (state, why) = gate(&world);
    assert!(state == "met" && why.contains("6 versions equal"), "{why}");
    world.expect(0, &apply);
    world.must_be_settled();

    // The rules are others now: the comparison is of what is not asked any more.
    world.spec(&gated("max_age: 1h").replace("mirror", "keep"));
    world.expect(8, &apply);
    waits(&world, "were not compared yet");
    world.spec(&gated("max_age: 1h, compare: [tags]"));
    world.expect(8, &apply);
    waits(&world, "with tags");
    world.expect(0, &VERIFY);
    assert_eq!(gate(&world).0, "met");

    world.spec(&gated("max_age: 1s"));
    sleep(Duration::from_secs(3));
    waits(&world, "is older than verify.max_age");
    world.spec(&gated("max_age: 1h"));
    assert_eq!(gate(&world).0, "met");
    call(&world.destination(), "PUT", TO, "mine", "", "x");
    world.expect(6, &[&VERIFY[..], &["--depth", "listing"]].concat());
    waits(&world, "1 version different");

    // What is not what its name says proves nothing, and is told.
    let folder = world.folder().join("ledger/verifications");
    for entry in fs::read_dir(&folder).expect("there are receipts") {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("a receipt");
        fs::write(&path, text.replace("\"clean\": false", "\"clean\": true"))
            .expect("it is written");
    }
    let (state, why) = gate(&world);
    assert!(
        state == "waiting" && why.contains("cannot be read"),
        "{why}"
    );
}

/// A receipt with a word of a later version may be of a comparison that found something.
#[test]
fn a_word_of_a_later_version_is_no_word_for_equal() {
    let world = pair(1);
    world.spec(&gated("depth: listing"));
    world.expect(0, &VERIFY);
    assert_eq!(gate(&world).0, "met");
    let folder = world.folder().join("ledger/verifications");
    let [file] = &fs::read_dir(&folder)
        .expect("there is one")
        .flatten()
        .collect::<Vec<_>>()[..]
    else {
        panic!("there is one receipt");
    };
    for (word, other) in [
        ("\"depth\": \"listing\"", "\"depth\": \"deep\""),
        ("\"matched\": \"versions\"", "\"matched\": \"some\""),
    ] {
        let text = fs::read_to_string(file.path())
            .expect("it is text")
            .replace(word, other);
        let later = folder.join(format!(
            "sha256-{}.json",
            hex::encode(Sha256::digest(&text))
        ));
        fs::write(&later, text).expect("there is room");
        let (state, why) = gate(&world);
        assert!(
            state == "waiting" && why.contains("cannot be read"),
            "{why}"
        );
        fs::remove_file(later).expect("it is there");
    }
}

/// What keeps its size, ETag and stored checksum is found by reading it, and by nothing else; the gate asks for it where the spec does.
#[test]
fn content_is_compared_where_it_is_asked_for() {
    let world = pair(4);
    world.spec(&gated("depth: content"));
    let id = &versions(&world.destination(), TO, &key(2))[1];
    world.damage(TO, &key(2), id, "flip-byte");
    let expected = BTreeMap::from([(key(2), "content".to_owned())]);
    for blind in [&["--depth", "checksum"], &["--sample", "0%"]] {
        assert_eq!(found(&world, blind), (Some(0), BTreeMap::new()));
        assert_eq!(gate(&world).0, "waiting");
    }
    let ran = world.expect(6, &VERIFY);
    assert!(
        ran.err.contains("orders: the content of all 8 versions is read, 56 B at each side: about 16 GetObject, less than 0.01 USD"),
        "{}",
        ran.err
    );
    assert_eq!(found(&world, &["--depth", "content"]), (Some(6), expected));
    call(
        &world.source(),
        "DELETE",
        FROM,
        &key(2),
        &format!("versionId={id}"),
        "",
    );
    call(
        &world.destination(),
        "DELETE",
        TO,
        &key(2),
        &format!("versionId={id}"),
        "",
    );
    // Receipts tell seconds.
    sleep(Duration::from_millis(1_100));
    assert_eq!(found(&world, &[]), (Some(0), BTreeMap::new()));
    let (state, why) = gate(&world);
    assert!(state == "met" && why.contains("7 versions equal"), "{why}");
    let ran = world.expect(0, &[&VERIFY[..], &["--sample", "50%"]].concat());
    assert!(
        ran.err.contains("some 4 of 7 versions is read"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("damage of one version is found with a probability of 50.0%"),
        "{}",
        ran.err
    );
}

/// How many calls of an operation the sandbox has answered.
fn calls(world: &World, operation: &str) -> usize {
    let all = world.sandbox().calls();
    all.iter()
        .filter(|call| call.operation == operation)
        .count()
}

/// What was compared is not read again; what came since is, and what came with an old time.
#[test]
fn a_comparison_goes_on_from_an_earlier_one() {
    let world = pair(6);
    let content = ["--depth", "content"];
    let none = BTreeMap::new();
    // One is missing, and its replica comes later: with the time of its source.
    let missing = &versions(&world.destination(), TO, &key(5))[0];
    call(
        &world.destination(),
        "DELETE",
        TO,
        &key(5),
        &format!("versionId={missing}"),
        "",
    );
    let ran = world.expect(6, &[&VERIFY[..], &content].concat());
    let receipt = ran
        .out
        .lines()
        .find_map(|line| line.strip_prefix("Receipt: "))
        .expect("it is told");
    let going_on = [&content[..], &["--since", receipt]].concat();
    let read = calls(&world, "GetObject");
    assert_eq!(
        found(&world, &going_on).1,
        BTreeMap::from([(key(5), "missing".to_owned())])
    );
    assert_eq!(calls(&world, "GetObject"), read);

    world.source().put_object(FROM, "data/new", &[]);
    world.settle();
    let new = &versions(&world.destination(), TO, "data/new")[0];
    world.damage(TO, "data/new", new, "flip-byte");
    let differs = BTreeMap::from([
        (key(5), "missing".to_owned()),
        ("data/new".to_owned(), "content".to_owned()),
    ]);
    assert_eq!(found(&world, &going_on), (Some(6), differs));
    assert_eq!(calls(&world, "GetObject"), read + 2);
    let ran = world.expect(6, &[&VERIFY[..], &content, &["--since", "last"]].concat());
    assert!(
        ran.out.contains("by the comparison it goes on from"),
        "{}",
        ran.out
    );

    for key in [key(5), "data/new".to_owned()] {
        for (client, bucket) in [(world.source(), FROM), (world.destination(), TO)] {
            for id in versions(&client, bucket, &key) {
                call(
                    &client,
                    "DELETE",
                    bucket,
                    &key,
                    &format!("versionId={id}"),
                    "",
                );
            }
        }
    }
    assert_eq!(found(&world, &going_on), (Some(0), none));
    refused_receipts(&world, receipt);
}

/// What does not say what is asked for is no comparison to go on from.
fn refused_receipts(world: &World, receipt: &str) {
    let refused = |code, more: &[&str], why: &str| {
        let ran = world.expect(code, &[&VERIFY[..], more].concat());
        assert!(ran.err.contains(why), "{}", ran.err);
    };
    refused(64, &["--since", "yesterday"], "write last, or the name");
    let usage = "--since goes on from listings of all versions";
    refused(64, &["--since", "last", "--from", "inventory"], usage);
    refused(64, &["--since", "last", "--match", "current"], usage);
    let none = format!("sha256:{}", "0".repeat(64));
    refused(1, &["--since", &none], "the ledger has no such receipt");
    refused(
        1,
        &["--since", receipt, "--compare", "tags"],
        "tags change without a new version",
    );
    refused(
        1,
        &["--since", receipt, "--compare", "metadata"],
        "it did not compare metadata",
    );
    world.expect(0, &[&VERIFY[..], &["--depth", "listing"]].concat());
    let shallow = "it did not look as closely as this comparison shall: depth listing";
    world.expect(
        0,
        &[&VERIFY[..], &["--depth", "checksum", "--since", "last"]].concat(),
    );
    let folder = world.folder().join("ledger/verifications");
    for file in fs::read_dir(&folder).expect("there are receipts") {
        let path = file.expect("it is there").path();
        if !fs::read_to_string(&path)
            .expect("it is text")
            .contains("\"depth\": \"listing\"")
        {
            fs::remove_file(path).expect("it can be removed");
        }
    }
    refused(1, &["--depth", "checksum", "--since", "last"], shallow);
    world.spec(&migration("{ id: all, delete_markers: keep }"));
    refused(1, &["--since", "last"], "of rules that were changed since");
}

/// What is listed to say what reading will take is no comparison: whoever is stopped then begins anew.
#[test]
fn what_is_listed_for_its_price_does_not_count_as_compared() {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region });
    let spec = migration("{ id: all, delete_markers: mirror }").replace(", create: true", "");
    let world = World::new(&spec).with(&json!({ "pairs": [{
        "source": bucket(FROM, SOURCE), "destination": bucket(TO, DESTINATION), "keys": 4_500, "key": "data/{}", "size": [1, 9] }] }));
    world.converge();
    let latency = |time| world.sandbox().switches().latency(time);
    latency(Duration::from_millis(300));
    let pages = || calls(&world, "ListObjectVersions");
    let before = pages();
    let mut child = world
        .command(&[&VERIFY[..], &["--sample", "100%"]].concat())
        .spawn()
        .expect("it starts");
    while pages() < before + 6 {
        sleep(Duration::from_millis(10));
    }
    let asked_to_stop = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(asked_to_stop.is_ok_and(|status| status.success()));
    let ended = child.wait().expect("it ends");
    assert_eq!((ended.code(), calls(&world, "GetObject")), (Some(130), 0));
    latency(Duration::ZERO);
    assert!(!is_noted(&world), "what was noted would count as read");
}
