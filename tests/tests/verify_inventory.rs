//! `s3ferry verify --from inventory`: what listings find is found by the lists of S3 Inventory too, and what is not so any more is not believed.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use s3ferry_tests::signed::{Client, Request};
use s3ferry_tests::world::{DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const FROM: &str = "orders-prod";
const TO: &str = "orders-archive";
const FROM_LISTS: &str = "prod-lists";
const TO_LISTS: &str = "archive-lists";

const VERIFY: [&str; 4] = ["verify", "spec.yaml", "--settle", "0s"];
const BY_LISTS: [&str; 2] = ["--from", "inventory"];
const DAY: Duration = Duration::from_secs(24 * 60 * 60 + 60);

fn migration(logging: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: {FROM} }}
    destination: {{ account: archive, bucket: {TO}, create: true }}
    monitoring: {{ none: a test }}
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
        bucket(FROM, SOURCE), bucket(FROM_LISTS, SOURCE), bucket(TO_LISTS, DESTINATION) ] }));
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
    for moment in ["started", "ended", "settled", "from"] {
        found[moment].take();
    }
    for side in ["source", "destination"] {
        found[side]["inventory"].take();
    }
    found["covers"]["before"].take();
    found
}

/// Damages the destination in every way that a listing tells of.
fn plant(world: &World) -> BTreeMap<String, String> {
    let (source, destination) = (world.source(), world.destination());
    let version = |at: usize, nth: usize| versions(&destination, TO, &key(at))[nth].clone();
    call(&destination, "DELETE", TO, &key(0), &version(0, 0), "");
    call(&destination, "DELETE", TO, &key(1), &version(1, 1), "");
    call(&destination, "PUT", TO, "data/mine", "", "x");
    call(&destination, "DELETE", TO, &key(2), "", "");
    call(&source, "DELETE", FROM, &key(3), "", "");
    world.settle();
    call(&destination, "DELETE", TO, &key(3), &version(3, 0), "");
    let found = [
        (key(0), "missing"),
        (key(1), "missing"),
        (key(2), "marker-extra"),
        (key(3), "marker-missing"),
        ("data/mine".to_owned(), "extra"),
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
    let fields = ["Size", "ETag", "LastModifiedDate"];
    let fields = fields
        .map(|field| format!("<Field>{field}</Field>"))
        .concat();
    let body = format!(
        "<InventoryConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Destination><S3BucketDestination><Format>CSV</Format><Bucket>arn:aws:s3:::{lists}</Bucket></S3BucketDestination></Destination>\
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
