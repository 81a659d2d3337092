//! `s3ferry verify --from inventory`: what listings find is found by the lists of S3 Inventory too, on this machine and by Athena, and what is not so any
//! more is not believed.
//!
//! The sandbox's Athena is executed by DuckDB (`tests/clients/athena_world.py`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use s3ferry_sandbox::{CallRecord, Fault, FaultKind};
use s3ferry_tests::athena::Executor;
use s3ferry_tests::python;
use s3ferry_tests::signed::{Client, Request};
use s3ferry_tests::world::{DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const FROM: &str = "orders-prod";
const TO: &str = "orders-archive";
const FROM_LISTS: &str = "prod-lists";
const TO_LISTS: &str = "archive-lists";
const OUTPUT: &str = "athena-results";

const VERIFY: [&str; 4] = ["verify", "spec.yaml", "--settle", "0s"];
const BY_LISTS: [&str; 2] = ["--from", "inventory"];
const BY_ATHENA: [&str; 4] = ["--from", "inventory", "--engine", "athena"];
const DAY: Duration = Duration::from_secs(24 * 60 * 60 + 60);

fn migration(logging: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: {FROM} }}
    destination: {{ account: archive, bucket: {TO}, create: true }}
    monitoring: {{ none: a test }}
    verify: {{ athena: {{ output: {{ bucket: {OUTPUT}, prefix: answers/ }} }} }}
{logging}    rules: [ {{ id: all, delete_markers: mirror }} ]
"
    )
}

fn listed(format: &str) -> String {
    migration(&format!(
        "    logging:
      inventory:
        source: {{ bucket: {FROM_LISTS}, prefix: lists }}
        destination: {{ bucket: {TO_LISTS} }}
        format: {format}
"
    ))
}

/// A pair that replicates everything, with so many objects of two versions each.
fn pair(migration: &str, objects: usize) -> World {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region });
    let world = World::new(migration).with(&json!({ "buckets": [
        bucket(FROM, SOURCE), bucket(FROM_LISTS, SOURCE), bucket(TO_LISTS, DESTINATION), bucket(OUTPUT, SOURCE) ] }));
    world.converge();
    let source = world.source();
    for at in 0..objects {
        for _ in 0..2 {
            source.put_object(FROM, &path(&key(at)), &[]);
        }
    }
    world.settle();
    world
}

/// Lets the next inventories come: the sandbox counts a day from when it sees a configuration first, and looks once a minute of its clock.
fn list(world: &World) {
    pass(world, Duration::from_secs(120));
    pass(world, DAY);
}

fn key(at: usize) -> String {
    format!("data/{at:03} é+")
}

fn path(key: &str) -> String {
    key.replace(' ', "%20")
        .replace('é', "%C3%A9")
        .replace('+', "%2B")
        .replace('\'', "%27")
        .replace('"', "%22")
        .replace(';', "%3B")
}

fn pass(world: &World, time: Duration) {
    world.settle();
    world.sandbox().clock().advance(time);
    world.settle();
}

fn call(client: &Client, method: &str, bucket: &str, key: &str, query: &str, body: &str) {
    let path = format!("/{bucket}/{}", path(key));
    let request = Request {
        method,
        path: &path,
        query,
        body,
        headers: &[],
    };
    client.s3(request).expect_ok();
}

/// The versions of a key, newest first, as a query names them.
fn versions(client: &Client, bucket: &str, key: &str) -> Vec<String> {
    let query = format!("prefix={}&versions=", path(key).replace('/', "%2F"));
    let path = format!("/{bucket}");
    let request = Request {
        method: "GET",
        path: &path,
        query: &query,
        ..Request::default()
    };
    let ids = client.s3(request).expect_ok().body;
    let ids = ids.split("<VersionId>").skip(1);
    ids.map(|rest| format!("versionId={}", rest.split('<').next().unwrap_or_default()))
        .collect()
}

/// The keys of a bucket that end like this, oldest first.
fn keys(world: &World, bucket: &str, end: &str) -> Vec<String> {
    let objects = world.buckets(&format!("/{bucket}/objects"));
    let keys = objects.as_object().into_iter().flat_map(|keys| keys.keys());
    keys.filter(|key| key.ends_with(end)).cloned().collect()
}

/// What is found of each key, and how it was counted, but for when.
fn found(world: &World, more: &[&str]) -> (Ran, BTreeMap<String, String>, Value) {
    let arguments = [&VERIFY[..], &["--format", "json"], more].concat();
    let ran = world.s3ferry(&arguments);
    let out: Value = serde_json::from_str(&ran.out).unwrap_or_default();
    let versions = out[0]["versions"].as_array().cloned().unwrap_or_default();
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let found = versions
        .iter()
        .map(|of| (text(of, "key"), text(of, "found")));
    (ran, found.collect(), out[0]["found"].clone())
}

/// A receipt without the times of the comparison and the inventories.
fn timeless(mut found: Value) -> Value {
    for moment in ["started", "ended", "settled", "from", "engine"] {
        found[moment].take();
    }
    for side in ["source", "destination"] {
        found[side]["inventory"].take();
    }
    if !found["covers"].is_null() {
        found["covers"]["before"].take();
    }
    found
}

/// A receipt as another engine has it: fingerprints are its own, but say likewise whether both sides are the same.
fn of_any_engine(mut found: Value) -> Value {
    let [one, two] = ["source", "destination"].map(|side| found[side]["fingerprint"].take());
    found["are_the_same"] = json!(one == two);
    // Athena sums nothing that a later comparison could go by.
    found["covers"].take();
    timeless(found)
}

/// A key that ends every text that is not quoted.
const MINE: &str = "data/mine'\"; DROP TABLE x -- é+ ";

/// Damages the destination in every way that a listing tells of.
fn plant(world: &World) -> BTreeMap<String, String> {
    let (source, destination) = (world.source(), world.destination());
    let version = |at: usize, nth: usize| versions(&destination, TO, &key(at))[nth].clone();
    call(&destination, "DELETE", TO, &key(0), &version(0, 0), "");
    call(&destination, "DELETE", TO, &key(1), &version(1, 1), "");
    call(&destination, "PUT", TO, MINE, "", "x");
    call(&destination, "DELETE", TO, &key(2), "", "");
    call(&source, "DELETE", FROM, &key(3), "", "");
    world.settle();
    call(&destination, "DELETE", TO, &key(3), &version(3, 0), "");
    let found = [
        (key(0), "missing"),
        (key(1), "missing"),
        (key(2), "marker-extra"),
        (key(3), "marker-missing"),
        (MINE.to_owned(), "extra"),
    ];
    let found = found.into_iter();
    found.map(|(key, found)| (key, found.to_owned())).collect()
}

fn both_ways_agree(format: &str) {
    let world = pair(&listed(format), 8);
    // Before the clock is moved: the program's own is not, and what was written after it began is on its way.
    let expected = plant(&world);
    list(&world);
    let (ran, by_listing, of_listing) = found(&world, &[]);
    assert_eq!(
        (ran.code, &by_listing),
        (Some(6), &expected),
        "{}",
        ran.said()
    );
    let (ran, by_lists, of_lists) = found(&world, &BY_LISTS);
    assert_eq!(
        (ran.code, &by_lists),
        (Some(6), &expected),
        "{}",
        ran.said()
    );
    assert_eq!(timeless(of_lists), timeless(of_listing));
    let more = ["--depth", "checksum", "--compare", "tags,metadata,class"];
    let (_, by_listing, of_listing) = found(&world, &more);
    let (ran, by_lists, of_lists) = found(&world, &[&BY_LISTS[..], &more].concat());
    assert_eq!(by_lists, by_listing, "{}", ran.said());
    assert_eq!(timeless(of_lists), timeless(of_listing));
    let Some(executor) = Executor::start(world.sandbox(), world.folder()) else {
        return;
    };
    let_in(&world);
    for more in [&[][..], &more[..2], &more[2..], &["--match", "current"]] {
        agree(&world, more);
    }
    let asked = executor.asked();
    for (what, times) in [
        ("CREATE EXTERNAL TABLE", 8),
        ("WITH listed", 4),
        ("DROP TABLE", 8),
    ] {
        let done = asked.iter().filter(|query| query.starts_with(what)).count();
        assert_eq!(done, times, "{what}: {asked:#?}");
    }
    let creates: BTreeSet<&String> = asked
        .iter()
        .filter(|query| query.starts_with("CREATE"))
        .collect();
    assert_eq!(creates.len(), 8, "two runs share no table");
}

/// Lets the source's account read the destination's lists, as Athena does in its name.
fn let_in(world: &World) {
    let (account, lists) = (SOURCE.0, format!("arn:aws:s3:::{TO_LISTS}"));
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject"], "Resource": [lists, format!("{lists}/*")] }] });
    world
        .destination()
        .put(TO_LISTS, "policy", &policy.to_string());
}

/// Both engines say the same of the same lists.
fn agree(world: &World, more: &[&str]) -> Value {
    let (here, found_here, on_this_machine) = found(world, &[&BY_LISTS[..], more].concat());
    let (there, found_there, by_athena) = found(world, &[&BY_ATHENA[..], more].concat());
    assert_eq!(
        (there.code, &found_there),
        (here.code, &found_here),
        "{}",
        there.said()
    );
    assert_eq!(by_athena["engine"], json!("athena"), "{}", there.said());
    assert_eq!(
        of_any_engine(by_athena),
        of_any_engine(on_this_machine.clone()),
        "{}",
        there.said()
    );
    assert!(
        there.err.contains("Athena reads both lists, at most"),
        "{}",
        there.err
    );
    assert!(there.err.contains("Athena has read"), "{}", there.err);
    on_this_machine
}

#[test]
fn lists_in_csv_tell_what_listings_tell() {
    both_ways_agree("csv");
}

#[test]
fn lists_in_orc_tell_what_listings_tell() {
    both_ways_agree("orc");
}

#[test]
fn lists_in_parquet_tell_what_listings_tell() {
    both_ways_agree("parquet");
}

/// Lists are hours old when they come: what they tell of is looked at before it is believed.
#[test]
fn what_was_mended_since_it_was_listed_is_no_difference() {
    let world = pair(&listed("csv"), 4);
    let destination = world.destination();
    call(&destination, "PUT", TO, "data/mine", "", "x");
    call(&destination, "DELETE", TO, &key(2), "", "");
    call(&destination, "PUT", TO, &key(3), "", "x");
    list(&world);
    let destination = world.destination();
    let (ran, found_there, _) = found(&world, &BY_LISTS);
    assert_eq!(
        (ran.code, found_there.len()),
        (Some(6), 3),
        "{}",
        ran.said()
    );
    for key in ["data/mine".to_owned(), key(2), key(3)] {
        let newest = versions(&destination, TO, &key).remove(0);
        call(&destination, "DELETE", TO, &key, &newest, "");
    }
    let (ran, found_there, receipt) = found(&world, &BY_LISTS);
    assert_eq!(
        (ran.code, found_there),
        (Some(0), BTreeMap::new()),
        "{}",
        ran.said()
    );
    let counts = receipt["counts"].as_array().expect("there are counts");
    let counts = counts.iter().map(|of| (&of["found"], &of["versions"]));
    let expected = [
        (json!("equal-etag"), json!(8)),
        (json!("meanwhile"), json!(3)),
    ];
    assert!(
        counts.eq(expected.iter().map(|(found, count)| (found, count))),
        "{receipt:#}"
    );
    // Whoever may look at none of them is told so.
    let (ran, found_there, _) = found(&world, &[&BY_LISTS[..], &["--max-looks", "0"]].concat());
    assert_eq!(ran.code, Some(6), "{}", ran.said());
    assert!(
        found_there.values().all(|found| found == "not-looked-at"),
        "{found_there:?}"
    );
}

#[test]
fn the_newest_two_that_are_whole_are_compared() {
    let world = pair(&listed("csv"), 2);
    let ran = world.expect(1, &[&VERIFY[..], &BY_LISTS].concat());
    assert!(ran.err.contains("orders: s3://orders-prod: no complete list is in s3://prod-lists/lists/orders-prod/s3ferry-test/"), "{}", ran.err);
    list(&world);
    let (ran, _, first) = found(&world, &BY_LISTS);
    assert_eq!(
        (ran.code, &first["from"]),
        (Some(0), &json!("inventory")),
        "{}",
        ran.said()
    );
    pass(&world, DAY);
    let (ran, _, second) = found(&world, &BY_LISTS);
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    let lists = |receipt: &Value| {
        ["source", "destination"].map(|side| receipt[side]["inventory"]["manifest"].clone())
    };
    assert_ne!(lists(&second), lists(&first));
    // Of the side that is ahead, the list nearest to the other's is taken.
    pass(&world, DAY);
    let third = |lists: &str| keys(&world, lists, "/manifest.checksum").remove(2);
    call(
        &world.destination(),
        "DELETE",
        TO_LISTS,
        &third(TO_LISTS),
        "",
        "",
    );
    let (ran, _, receipt) = found(&world, &BY_LISTS);
    assert_eq!(lists(&receipt), lists(&second), "{}", ran.said());
    call(
        &world.source(),
        "DELETE",
        FROM_LISTS,
        &third(FROM_LISTS),
        "",
        "",
    );
    // A manifest that is not what its checksum says is passed over, and so is one without a checksum: both sides go back a day.
    let source = world.source();
    let manifest = keys(&world, FROM_LISTS, "/manifest.json").remove(1);
    let checksum = keys(&world, FROM_LISTS, "/manifest.checksum").remove(1);
    call(&source, "PUT", FROM_LISTS, &checksum, "", "00");
    for passed in [
        "it is not what its manifest.checksum says",
        "there is no manifest.checksum",
    ] {
        let (ran, _, receipt) = found(&world, &BY_LISTS);
        assert_eq!(
            (ran.code, lists(&receipt)),
            (Some(0), lists(&first)),
            "{}",
            ran.said()
        );
        let told = format!("orders: passed over: s3://{FROM_LISTS}/{manifest}: {passed}");
        assert!(ran.err.contains(&told), "{}", ran.err);
        call(&source, "DELETE", FROM_LISTS, &checksum, "", "");
    }
    let created = &first["source"]["inventory"]["created"];
    let told = format!(
        "from the inventories of {}",
        created.as_str().expect("it is a text")
    );
    let (ran, ..) = found(&world, &BY_LISTS);
    assert!(ran.err.contains(&told), "{}", ran.err);
    // What is in a whole manifest and not as it says is no list to go on from, and nothing of it is left behind.
    let temporary = world.folder().join("temporary");
    fs::create_dir(&temporary).expect("it is made");
    let arguments = [&VERIFY[..], &BY_LISTS].concat();
    let by_lists = || {
        let ran = world.command(&arguments).env("TMPDIR", &temporary).output();
        let ran = ran.expect("it starts");
        let left = fs::read_dir(&temporary).expect("it is there").count();
        let said = [ran.stdout, ran.stderr].concat();
        (
            ran.status.code(),
            left,
            String::from_utf8_lossy(&said).into_owned(),
        )
    };
    let (code, left, said) = by_lists();
    assert_eq!((code, left), (Some(0), 0), "{said}");
    assert!(said.contains("by its inventory of"), "{said}");
    let files = keys(&world, FROM_LISTS, ".csv.gz");
    for (body, why) in [
        ("x", "shorter than its manifest says"),
        (&"x".repeat(9_999), "its MD5 is another"),
    ] {
        for file in &files {
            call(&source, "PUT", FROM_LISTS, file, "", body);
        }
        let (code, left, said) = by_lists();
        assert_eq!((code, left), (Some(1), 0), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

/// Gives a bucket an inventory that is nobody's of ours.
fn configure(client: &Client, bucket: &str, lists: &str, id: &str, versions: &str, more: &str) {
    configure_in("CSV", client, (bucket, lists, id), (versions, more));
}

fn configure_in(
    format: &str,
    client: &Client,
    (bucket, lists, id): (&str, &str, &str),
    (versions, more): (&str, &str),
) {
    let fields = ["Size", "ETag", "LastModifiedDate"];
    let fields = fields
        .map(|field| format!("<Field>{field}</Field>"))
        .concat();
    let body = format!(
        "<InventoryConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Destination><S3BucketDestination><Format>{format}</Format><Bucket>arn:aws:s3:::{lists}</Bucket></S3BucketDestination></Destination>\
         <IsEnabled>true</IsEnabled>{more}<Id>{id}</Id><IncludedObjectVersions>{versions}</IncludedObjectVersions>\
         <OptionalFields>{fields}</OptionalFields><Schedule><Frequency>Daily</Frequency></Schedule></InventoryConfiguration>"
    );
    let path = format!("/{bucket}");
    let query = format!("id={id}&inventory=");
    let request = Request {
        method: "PUT",
        path: &path,
        query: &query,
        body: &body,
        headers: &[],
    };
    client.s3(request).expect_ok();
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "s3:PutObject", "Resource": format!("arn:aws:s3:::{lists}/*") }] });
    client.put(lists, "policy", &policy.to_string());
}

#[test]
fn inventories_that_the_spec_does_not_declare_are_found_where_they_serve() {
    let world = pair(&migration(""), 2);
    let (source, destination) = (world.source(), world.destination());
    let by_lists = [&VERIFY[..], &BY_LISTS].concat();
    let ran = world.expect(1, &by_lists);
    assert!(
        ran.err.contains("the spec declares no inventory of it"),
        "{}",
        ran.err
    );
    configure(&source, FROM, FROM_LISTS, "current", "Current", "");
    let filter = "<Filter><Prefix>data/</Prefix></Filter>";
    configure(&source, FROM, FROM_LISTS, "part", "All", filter);
    configure(&destination, TO, TO_LISTS, "current", "Current", "");
    let ran = world.expect(1, &by_lists);
    assert!(ran.err.contains("(found: current, part)"), "{}", ran.err);
    configure(&source, FROM, FROM_LISTS, "theirs", "All", "");
    configure(&destination, TO, TO_LISTS, "theirs", "All", "");
    call(&destination, "PUT", TO, "data/mine", "", "x");
    call(&source, "DELETE", FROM, &key(1), "", "");
    list(&world);
    let (source, destination) = (world.source(), world.destination());
    let expected = BTreeMap::from([("data/mine".to_owned(), "extra".to_owned())]);
    let (ran, found_there, receipt) = found(&world, &BY_LISTS);
    assert_eq!(
        (ran.code, &found_there),
        (Some(6), &expected),
        "{}",
        ran.said()
    );
    let manifest = receipt["source"]["inventory"]["manifest"]
        .as_str()
        .unwrap_or_default();
    assert!(
        manifest.starts_with("prod-lists/orders-prod/theirs/"),
        "{manifest}"
    );
    // Current objects are in lists of either kind.
    for gone in ["current", "theirs"] {
        let current = ["--match", "current"];
        let (ran, _, of_listing) = found(&world, &current);
        assert_eq!(ran.code, Some(6), "{}", ran.said());
        let (ran, found_there, of_lists) = found(&world, &[&BY_LISTS[..], &current].concat());
        assert_eq!(
            (ran.code, &found_there),
            (Some(6), &expected),
            "{}",
            ran.said()
        );
        assert_eq!(timeless(of_lists), timeless(of_listing));
        let query = format!("id={gone}&inventory=");
        for (client, bucket) in [(&source, FROM), (&destination, TO)] {
            call(client, "DELETE", bucket, "", &query, "");
        }
    }
}

/// What a seed of a pair can plant, and the word that it is found by.
const SEEDED: [(&str, &str); 8] = [
    ("missing", "missing"),
    ("extra", "deleted-at-source"),
    ("size", "size"),
    ("etag", "content"),
    ("marker-missing", "marker-missing"),
    ("old-version-missing", "missing"),
    ("current-swapped", "current"),
    ("class", "class"),
];

/// What is damaged behind S3's back, and the word that it is found by at the depth of content.
const DAMAGED: [(&str, &str); 4] = [
    ("flip-byte", "content"),
    ("truncate", "size"),
    ("metadata", "metadata"),
    ("tags", "tags"),
];

/// Plantings of each kind: a hundred of all, and with `S3FERRY_NIGHTLY` a thousand, which take two minutes.
fn each() -> usize {
    match std::env::var_os("S3FERRY_NIGHTLY") {
        None => 9,
        Some(_) => 84,
    }
}

/// Every planting is found at the depth that claims it, and nothing is invented, by listing and by inventory.
#[test]
fn plantings_of_every_kind_are_found_both_ways_and_nothing_else() {
    let each = each();
    let kinds = SEEDED.len() + DAMAGED.len();
    let keys = each * (kinds + 1);
    // Each kind at every so many-th key, so that they lie between each other; the last place of each round is left as it is.
    let at = |kind: usize| (0..each).map(move |round| round * (kinds + 1) + kind);
    let differences = SEEDED
        .iter()
        .enumerate()
        .map(|(kind, (name, _))| json!({ "kind": name, "at": at(kind).collect::<Vec<_>>() }));
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region });
    let spec = listed("csv").replace("create: true", "create: false");
    let world = World::new(&spec).with(&json!({
        "buckets": [bucket(FROM_LISTS, SOURCE), bucket(TO_LISTS, DESTINATION)],
        "pairs": [{
            "source": bucket(FROM, SOURCE), "destination": bucket(TO, DESTINATION), "keys": keys, "key": "data/{}", "size": [20, 90],
            "versions": 2, "versions_every": 1, "differences": differences.collect::<Vec<_>>() }] }));
    world.converge();
    let digits = (keys - 1).to_string().len();
    let name = |at: usize| format!("data/{at:0digits$}");
    for (kind, (damage, _)) in DAMAGED.iter().enumerate() {
        for at in at(SEEDED.len() + kind) {
            let first = versions(&world.destination(), TO, &name(at))[0].replace("versionId=", "");
            let first = &first;
            world.damage(TO, &name(at), first, damage);
        }
    }
    let words = SEEDED.iter().chain(&DAMAGED).map(|(_, word)| *word);
    let planted = words
        .enumerate()
        .flat_map(|(kind, word)| at(kind).map(move |at| (name(at), word.to_owned())));
    // What is expected is counted, and not told one by one.
    let planted: BTreeMap<_, _> = planted
        .filter(|(_, word)| word != "deleted-at-source")
        .collect();
    let closely = ["--depth", "content", "--compare", "tags,metadata,class"];
    let (ran, listed, by_listing) = found(&world, &closely);
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert_eq!(listed, planted);
    list(&world);
    let (_, listed, by_lists) = found(&world, &[&closely[..], &BY_LISTS].concat());
    assert_eq!(listed, planted);
    assert_eq!(by_lists["counts"], by_listing["counts"]);
}

/// Two buckets that are the same but for what is planted at random, and their inventories in two formats.
fn random_pair(seed: u64, keys: u64, formats: [&str; 2]) -> World {
    let side = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region });
    let kinds = [
        "missing",
        "extra",
        "size",
        "etag",
        "marker-missing",
        "old-version-missing",
        "current-swapped",
        "class",
    ];
    let differences = kinds.iter().zip(0..);
    let differences: Vec<Value> = differences
        .map(|(kind, at)| json!({ "kind": kind, "count": (seed + at) % 4, "seed": seed * 10 + at }))
        .collect();
    let declared = migration("").replace(", create: true", "");
    let world = World::new(&declared).with(&json!({
        "buckets": [side(FROM_LISTS, SOURCE), side(TO_LISTS, DESTINATION), side(OUTPUT, SOURCE)],
        "pairs": [{
            "source": side(FROM, SOURCE), "destination": side(TO, DESTINATION),
            "keys": keys, "key": "dä+ta/ {}'.json", "folders": [1], "size": [0, 900],
            "versions": 3, "versions_every": 4, "markers_every": 9, "differences": differences,
        }],
    }));
    let sides = [
        (world.source(), FROM, FROM_LISTS),
        (world.destination(), TO, TO_LISTS),
    ];
    for ((client, bucket, lists), format) in sides.iter().zip(formats) {
        configure_in(format, client, (bucket, lists, "theirs"), ("All", ""));
    }
    list(&world);
    world
}

#[test]
fn athena_says_of_random_pairs_what_this_machine_says() {
    for (seed, formats) in [
        (1, ["CSV", "Parquet"]),
        (2, ["ORC", "CSV"]),
        (3, ["Parquet", "ORC"]),
        (4, ["CSV", "CSV"]),
    ] {
        // Of the last one, more versions are told than a page has lines.
        let keys = if seed == 4 { 1_100 } else { 300 };
        let world = random_pair(seed, keys, formats);
        let Some(_executor) = Executor::start(world.sandbox(), world.folder()) else {
            return;
        };
        let_in(&world);
        let found = agree(&world, &[]);
        let different = found["counts"].as_array().into_iter().flatten();
        let different = different.filter(|of| of["answer"] == json!("different"));
        assert!(different.count() > 2, "{found:#}");
        agree(&world, &["--max-looks", "3"]);
        if seed == 4 {
            agree(&world, &["--compare", "class"]);
            let pages = |call: &&CallRecord| call.operation == "GetQueryResults";
            let calls = world.sandbox().calls();
            assert!(calls.iter().filter(pages).count() > 3);
        }
    }
}

/// Versions from before versioning are `null` in listings and nothing in inventories.
#[test]
fn athena_joins_versions_from_before_versioning() {
    let side = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region });
    let declared = listed("parquet").replace(", create: true", "");
    let world = World::new(&declared).with(&json!({ "buckets": [
        side(FROM, SOURCE), side(TO, DESTINATION), side(FROM_LISTS, SOURCE), side(TO_LISTS, DESTINATION), side(OUTPUT, SOURCE) ] }));
    let (source, destination) = (world.source(), world.destination());
    for (key, here, there) in [
        ("same", "x", "x"),
        ("other", "x", "y"),
        ("larger", "x", "xx"),
    ] {
        call(&source, "PUT", FROM, key, "", here);
        call(&destination, "PUT", TO, key, "", there);
    }
    call(&source, "PUT", FROM, "alone", "", "x");
    // Their ETags are no hashes, and differ.
    let secret = [("x-amz-server-side-encryption", "aws:kms")];
    source.put_object(FROM, "secret", &secret);
    destination.put_object(TO, "secret", &secret);
    world.converge();
    list(&world);
    let Some(_executor) = Executor::start(world.sandbox(), world.folder()) else {
        return;
    };
    let_in(&world);
    let found = agree(&world, &[]);
    assert_eq!(found["source"]["objects"], json!(5), "{found:#}");
    let by_size = |of: &Value| of["found"] == json!("equal-size");
    assert!(
        found["counts"]
            .as_array()
            .into_iter()
            .flatten()
            .any(by_size),
        "{found:#}"
    );
}

fn statements(world: &World) -> usize {
    let calls = world.sandbox().calls();
    let begun = calls
        .iter()
        .filter(|call| call.operation == "StartQueryExecution");
    begun.count()
}

#[test]
fn what_athena_cannot_be_asked_is_said_before_it_is() {
    let world = pair(&migration(""), 2);
    let ran = world.expect(64, &["verify", "spec.yaml", "--engine", "athena"]);
    assert!(
        ran.err.contains("goes with --from inventory"),
        "{}",
        ran.err
    );
    // A place that would end a text in a statement.
    for (bucket, client, lists) in [
        (FROM, world.source(), FROM_LISTS),
        (TO, world.destination(), TO_LISTS),
    ] {
        configure(&client, bucket, lists, "theirs", "All", "");
    }
    list(&world);
    let source = world.source();
    let link = keys(&world, FROM_LISTS, "/symlink.txt").remove(0);
    call(&source, "PUT", FROM_LISTS, &link, "", "s3://another/file\n");
    let by_athena = [&VERIFY[..], &BY_ATHENA].concat();
    let ran = world.expect(1, &by_athena);
    let told = format!("s3://{FROM_LISTS}/{link} does not name the files that its manifest names");
    assert!(ran.err.contains(&told), "{}", ran.err);
    let declared = migration("");
    let start = declared.find("    verify:").expect("it is there");
    let end = start + declared[start..].find('\n').expect("it ends") + 1;
    world.spec(&(declared[..start].to_owned() + &declared[end..]));
    let ran = world.expect(64, &by_athena);
    assert!(
        ran.err.contains("does not say where Athena compares"),
        "{}",
        ran.err
    );
    world.spec(&listed("csv").replace("prefix: lists", "prefix: \"it's `mine` ü\""));
    world.converge();
    list(&world);
    let ran = world.expect(0, &[&VERIFY[..], &BY_LISTS].concat());
    assert!(ran.err.contains("from the inventories"), "{}", ran.err);
    let ran = world.expect(1, &by_athena);
    assert!(
        ran.err
            .contains("Athena is asked only of places of letters"),
        "{}",
        ran.err
    );
    assert_eq!(statements(&world), 0);
}

#[test]
fn athena_may_read_what_its_caller_may() {
    let world = pair(&listed("csv"), 2);
    list(&world);
    let Some(executor) = Executor::start(world.sandbox(), world.folder()) else {
        return;
    };
    let by_athena = [&VERIFY[..], &BY_ATHENA].concat();
    let ran = world.expect(7, &by_athena);
    assert!(ran.err.contains("Access Denied"), "{}", ran.err);
    assert!(ran.err.contains("s3:GetObject on s3://prod-lists/lists/orders-prod/s3ferry-test/ and s3://archive-lists/"), "{}", ran.err);
    let dropped = executor.asked();
    let dropped = dropped.iter().filter(|query| query.starts_with("DROP"));
    assert_eq!(dropped.count(), 2);
    let_in(&world);
    let ran = world.expect(0, &by_athena);
    assert!(ran.err.contains("Athena has read"), "{}", ran.err);
    // An answer that is lost, and one that is refused for now, make no second table.
    let before = executor.asked().len();
    for kind in [FaultKind::DropAfter, FaultKind::Throttle] {
        world.sandbox().switches().fail(Fault {
            service: "athena".to_owned(),
            operation: "StartQueryExecution".to_owned(),
            nth: 1,
            kind,
        });
    }
    world.expect(0, &by_athena);
    assert_eq!(
        executor.asked().len() - before,
        5,
        "{:#?}",
        executor.asked()
    );
    // What is no list to Athena is told in its words, and no terminal obeys them.
    let file = keys(&world, FROM_LISTS, ".csv.gz").remove(0);
    call(&world.source(), "PUT", FROM_LISTS, &file, "", "x");
    let ran = world.expect(1, &by_athena);
    assert!(
        ran.err.contains("Athena did not compare the lists: "),
        "{}",
        ran.err
    );
}

#[test]
fn a_query_that_is_stopped_leaves_nothing() {
    let world = pair(&listed("csv"), 2);
    list(&world);
    if python::programs("the executor of Athena's queries").is_none() {
        return;
    }
    // Nobody executes it, so that it waits.
    let mut child = world
        .command(&[&VERIFY[..], &BY_ATHENA].concat())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let began = Instant::now();
    while statements(&world) == 0 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "nothing was asked"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let asked_to_stop = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(asked_to_stop.is_ok_and(|status| status.success()));
    let executor = Executor::start(world.sandbox(), world.folder());
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(130));
    let calls = world.sandbox().calls();
    assert!(
        calls
            .iter()
            .any(|call| call.operation == "StopQueryExecution")
    );
    let asked = executor.map(|of| of.asked()).unwrap_or_default();
    assert!(
        asked.iter().all(|query| query.starts_with("DROP TABLE")),
        "{asked:?}"
    );
    assert_eq!(asked.len(), 1);
}
