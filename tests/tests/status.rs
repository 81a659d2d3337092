//! Where migrations stand, as the program sees it in the sandbox: what is on its way, what failed, jobs, alarms, and what is not known.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};
use s3ferry_tests::world::{SOURCE, World};
use serde_json::{Value, json};

const JSON: [&str; 4] = ["status", "spec.yaml", "--format", "json"];

fn migration(name: &str, more: &str) -> String {
    format!(
        "  {name}:
    phase: replicate
    source: {{ account: prod, bucket: {name}-prod }}
    destination: {{ account: archive, bucket: {name}-archive, create: true }}
    monitoring: {{ none: \"a test\" }}
    rules:
      - {{ id: everything, delete_markers: keep }}
{more}"
    )
}

fn source(name: &str) -> Value {
    json!({ "name": format!("{name}-prod"), "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled" })
}

/// Migrations whose rules are there and proven.
fn world(names: &[&str]) -> World {
    let migrations: String = names.iter().map(|name| migration(name, "")).collect();
    let sources: Vec<Value> = names.iter().map(|name| source(name)).collect();
    let world = World::new(&migrations).with(&json!({ "buckets": sources }));
    world.converge();
    world
}

fn minutes_pass(world: &World, minutes: u64) {
    let clock = world.sandbox().clock();
    clock.advance(Duration::from_secs(minutes * 60));
    world.settle();
}

/// What the program says, without what moves with the clock.
fn told(world: &World) -> Value {
    let ran = world.expect(0, &JSON);
    let mut told: Value = serde_json::from_str(&ran.out).expect("it is JSON");
    still(&mut told);
    told
}

fn still(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for moving in [
                "created",
                "age_seconds",
                "canary_age_seconds",
                "latency_seconds",
            ] {
                fields.remove(moving);
            }
            fields.values_mut().for_each(still);
        }
        Value::Array(values) => values.iter_mut().for_each(still),
        _ => {}
    }
}

fn of<'a>(told: &'a Value, name: &str) -> &'a Value {
    let migrations = told["migrations"].as_array().expect("a list");
    let found = migrations.iter().find(|of| of["name"] == name);
    found.expect("the migration is told of")
}

/// Somebody denies what replicas need.
fn deny_replicas(world: &World, bucket: &str) {
    let deny = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "s3:ReplicateObject",
        "Resource": format!("arn:aws:s3:::{bucket}/*"),
    }] });
    world.destination().put(bucket, "policy", &deny.to_string());
}

/// Somebody takes the metrics off the rules of a bucket.
fn take_metrics_off(world: &World, bucket: &str) {
    let live = world.source().get(bucket, "replication").expect_ok().body;
    let (before, rest) = live.split_once("<Metrics>").expect("the rule has metrics");
    let (_, after) = rest.split_once("</Metrics>").expect("they end");
    world
        .source()
        .put(bucket, "replication", &format!("{before}{after}"));
}

fn calls(world: &World, operation: &str) -> usize {
    let calls = world.sandbox().calls();
    let calls = calls.iter().filter(|call| call.operation == operation);
    calls.count()
}

#[test]
fn what_is_on_its_way_is_told_by_metrics_and_a_second_look_is_the_same() {
    let world = world(&["orders"]);
    let fine = told(&world);
    let hour = Duration::from_secs(3_600);
    world.sandbox().switches().replication_delay(hour);
    for key in ["a", "b", "c"] {
        world.source().put_object("orders-prod", key, &[]);
    }
    world.sandbox().clock().advance(Duration::from_secs(3 * 60));
    world.sandbox().reset_calls();
    let pending = told(&world);
    assert_eq!(calls(&world, "GetMetricData"), 2, "one a Region");
    assert_eq!(calls(&world, "HeadObject"), 0, "metrics tell");
    let orders = of(&pending, "orders");
    assert_eq!(orders["attention"], "fine", "{orders:#}");
    assert_eq!(orders["backlog"]["source"], "metrics");
    assert_eq!(orders["backlog"]["operations"], 3);
    assert_eq!(pending, told(&world), "nothing moved");
    assert_eq!(of(&fine, "orders")["receipts"][0]["kind"], "canary");
    let page = world.expect(0, &["status", "spec.yaml"]);
    let said = page.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "1 migration: 1 fine",
        "3 operations pending",
        "by metrics",
        "met canary everything",
        "next set phase: backfill in the spec",
    ] {
        assert!(said.contains(part), "{part}\n{}", page.out);
    }
}

/// With its metrics off, nothing but the objects tells that they fail; and what the page says to do next says why.
#[test]
fn objects_that_failed_are_found_where_metrics_are_silent() {
    let world = world(&["invoices", "orders"]);
    take_metrics_off(&world, "orders-prod");
    deny_replicas(&world, "orders-archive");
    world.source().put_object("orders-prod", "in/late.csv", &[]);
    world.settle();
    let told = told(&world);
    let orders = &told["migrations"][0];
    assert_eq!(orders["name"], "orders", "what fails stands first");
    assert_eq!(orders["attention"], "failing", "{orders:#}");
    assert_eq!(orders["backlog"]["source"], "looks");
    assert_eq!(orders["failed"]["keys"], json!(["in/late.csv"]));
    assert_eq!(orders["failed"]["count"], 1);
    assert_eq!(of(&told, "invoices")["attention"], "fine");
    let next = orders["next"].as_str().expect("a line");
    assert_eq!(
        next,
        "s3ferry doctor spec.yaml --target orders --object in/late.csv"
    );
    let words: Vec<&str> = next.split(' ').skip(1).collect();
    let why = world.expect(6, &words);
    assert!(
        why.out.contains("policy-denies-replication"),
        "{}",
        why.said()
    );
    let page = world.expect(0, &["status", "spec.yaml"]).out;
    assert!(
        page.starts_with("test  2 migrations: 1 failing, 1 fine"),
        "{page}"
    );
    assert!(
        page.contains("invoices is in phase replicate, all gates met"),
        "{page}"
    );
}

/// However much lies in a bucket, a page of it is listed and the newest of that are looked at; and that is said.
#[test]
fn looks_are_bounded_and_the_newest_count() {
    let mut bucket = source("orders");
    bucket["objects"] = json!([{ "key": "old/{}", "count": 1200, "size": 10 }]);
    let world = World::new(&migration("orders", "")).with(&json!({ "buckets": [bucket] }));
    world.converge();
    take_metrics_off(&world, "orders-prod");
    deny_replicas(&world, "orders-archive");
    world.source().put_object("orders-prod", "late", &[]);
    world.settle();
    world.sandbox().reset_calls();
    let told = told(&world);
    let looks = &of(&told, "orders")["backlog"]["looks"];
    assert_eq!(
        (&looks["versions"], &looks["whole"]),
        (&json!(100), &json!(false))
    );
    assert_eq!((&looks["failed"], &looks["none"]), (&json!(1), &json!(99)));
    assert_eq!(calls(&world, "ListObjectVersions"), 1);
    assert_eq!(calls(&world, "HeadObject"), 100);
}

/// Where metrics count failures, versions are looked at for their names alone.
#[test]
fn failures_that_metrics_count_are_named() {
    let world = world(&["orders"]);
    deny_replicas(&world, "orders-archive");
    world.source().put_object("orders-prod", "late", &[]);
    minutes_pass(&world, 3);
    let told = told(&world);
    let orders = of(&told, "orders");
    assert_eq!(orders["backlog"]["source"], "metrics", "{orders:#}");
    assert_eq!(orders["failed"]["by_metric"], 1);
    assert_eq!(orders["failed"]["keys"], json!(["late"]));
}

#[test]
fn a_job_at_work_is_waited_for_and_an_alarm_needs_attention() {
    let report = "    backfill: { report: { bucket: prod-reports }, confirm: false }\n";
    let topics = "monitoring: { notify: { source: [\"arn:aws:sns:eu-west-1:111111111111:ops\"], \
                  destination: [\"arn:aws:sns:eu-central-1:111111111111:ops\"] } }";
    let spec = migration("orders", report)
        .replace("phase: replicate", "phase: backfill")
        .replace("monitoring: { none: \"a test\" }", topics);
    let old = json!([{ "key": "old/{}", "count": 3, "size": 10 }]);
    let mut bucket = source("orders");
    bucket["objects"] = old;
    let world = World::new(&spec).with(&json!({ "buckets": [
        bucket, { "name": "prod-reports", "account": SOURCE.0, "region": SOURCE.1 },
    ] }));
    world.make_topics();
    let minute = Duration::from_secs(60);
    world.sandbox().switches().batch_status(minute);
    world.expect(8, &["apply", "--yes", "spec.yaml"]);
    let at_work = told(&world);
    let orders = of(&at_work, "orders");
    assert_eq!(orders["attention"], "waiting", "{orders:#}");
    assert_eq!(orders["jobs"].as_array().map(Vec::len), Some(1));
    assert_eq!(orders["alarms"], 4);
    minutes_pass(&world, 60);
    let ended = told(&world);
    let orders = of(&ended, "orders");
    assert_eq!(
        orders["attention"], "to_do",
        "its report is to be read: {orders:#}"
    );
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    let copied = told(&world);
    let orders = of(&copied, "orders");
    assert_eq!(orders["next"], "set phase: verify in the spec");
    world.spec(&spec.replace(
        "phase: backfill",
        "phase: verify\n    verify: { depth: listing }",
    ));
    world.expect(8, &["apply", "--yes", "spec.yaml"]);
    let open = told(&world);
    let orders = of(&open, "orders");
    assert_eq!(orders["attention"], "to_do", "{orders:#}");
    assert_eq!(orders["next"], "s3ferry verify spec.yaml --target orders");
    world.expect(0, &["verify", "spec.yaml", "--target", "orders"]);
    let compared = told(&world);
    let orders = of(&compared, "orders");
    assert_eq!(orders["attention"], "fine", "{orders:#}");
    let next = orders["next"].as_str().unwrap_or_default();
    assert!(
        next.starts_with("nothing: both sides are the same"),
        "{next}"
    );
    let raise = [
        ("Action", "SetAlarmState"),
        (
            "AlarmName",
            "s3ferry/test/orders/everything/failed-operations",
        ),
        ("StateValue", "ALARM"),
        ("StateReason", "by hand"),
    ];
    world.source().cloudwatch(&raise).expect_ok();
    let raised = told(&world);
    let orders = of(&raised, "orders");
    assert_eq!(orders["attention"], "failing", "{orders:#}");
    assert_eq!(
        orders["why"],
        json!(["alarm everything/failed-operations is raised"])
    );
}

#[test]
fn what_may_not_be_looked_at_is_unknown_and_never_fine() {
    let world = world(&["orders"]);
    world.deny("monitoring", "GetMetricData");
    let told_of = told(&world);
    let orders = of(&told_of, "orders");
    assert_eq!(orders["attention"], "unknown", "{orders:#}");
    assert_eq!(
        orders["backlog"]["source"], "looks",
        "versions tell all the same"
    );
    world.deny("s3", "ListObjectVersions");
    let told_of = told(&world);
    let orders = of(&told_of, "orders");
    assert_eq!(orders["backlog"]["source"], "unknown", "{orders:#}");
    assert_eq!(orders["backlog"]["operations"], Value::Null);
    let page = world.expect(0, &["status", "spec.yaml"]).out;
    let said = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("ListObjectVersions: AccessDenied"), "{page}");
    assert!(
        said.contains("permissions spec.yaml --target orders --for status"),
        "{page}"
    );
}

#[test]
fn another_account_ends_it_before_anything_is_read() {
    let world = World::new(&migration("orders", ""));
    let spec = world.folder().join("spec.yaml");
    let text = std::fs::read_to_string(&spec).expect("the spec is there");
    let wrong = text.replace("222222222222", "222222222223");
    std::fs::write(&spec, wrong).expect("it is written");
    let ran = world.expect(7, &["status", "spec.yaml"]);
    assert_eq!(ran.out, "", "{}", ran.said());
}

#[test]
fn a_page_that_is_redrawn_needs_a_terminal() {
    let world = World::new(&migration("orders", ""));
    let ran = world.expect(64, &["status", "spec.yaml", "--watch"]);
    assert!(ran.err.contains("leave --watch out"), "{}", ran.said());
    world.expect(64, &["status", "spec.yaml", "--watch=0"]);
    world.expect(64, &["status", "spec.yaml", "--watch", "--format", "json"]);
}

/// A terminal with a page on it.
struct Watched {
    program: Child,
    keyboard: File,
    screen: File,
    drawn: Receiver<Vec<u8>>,
    seen: String,
    before: Termios,
}

impl Watched {
    fn of(world: &World) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal opens");
        grantpt(&keyboard).expect("it is ours");
        unlockpt(&keyboard).expect("it is unlocked");
        let name = ptsname(&keyboard, Vec::new()).expect("it has a name");
        let name = name.to_str().expect("its name is a path").to_owned();
        let open = || OpenOptions::new().read(true).write(true).open(&name);
        let screen = open().expect("its other side opens");
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&screen, size).expect("it has a size");
        let before = tcgetattr(&screen).expect("it has settings");
        let program = world
            .command(&["status", "spec.yaml", "--watch=1"])
            .env("TERM", "xterm-256color")
            .stdin(Stdio::from(open().expect("it opens")))
            .stdout(Stdio::from(open().expect("it opens")))
            .stderr(Stdio::from(open().expect("it opens")))
            .spawn()
            .expect("the program starts");
        let keyboard: File = keyboard.into();
        let mut reader = keyboard.try_clone().expect("it is read, too");
        let (send, drawn) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            program,
            keyboard,
            screen,
            drawn,
            seen: String::new(),
            before,
        }
    }

    /// Waits until something was drawn since this was asked last.
    fn until(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while !self.seen.contains(text) {
            let left = end.saturating_duration_since(Instant::now());
            let drawn = self.drawn.recv_timeout(left);
            let drawn = drawn.unwrap_or_else(|_| panic!("{text:?} is not drawn:\n{:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&drawn));
        }
    }

    fn forget(&mut self) {
        self.seen.clear();
    }

    fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).expect("keys are pressed");
    }

    /// How it ended; the terminal must be as it was.
    fn ended(mut self) -> Option<i32> {
        self.until("\u{1b}[?1049l");
        let code = self.program.wait().expect("it ends").code();
        let after = tcgetattr(&self.screen).expect("it has settings");
        assert_eq!(after.local_modes, self.before.local_modes);
        assert_eq!(after.input_modes, self.before.input_modes);
        assert_eq!(after.output_modes, self.before.output_modes);
        assert!(self.seen.contains("\u{1b}[?25h"), "the cursor is back");
        assert!(self.seen.contains("\u{1b}[?7h"), "lines wrap again");
        code
    }
}

#[test]
fn a_page_is_redrawn_in_place_and_the_terminal_given_back() {
    let world = world(&["orders"]);
    let mut watched = Watched::of(&world);
    watched.until("canary everything");
    watched.until("q quits");
    assert!(watched.seen.contains("\u{1b}[?1049h"), "another screen");
    assert!(watched.seen.contains("\u{1b}[?2026h"), "one update");
    assert!(
        !watched.seen.contains("\u{1b}[2J"),
        "nothing is cleared whole"
    );
    // The last good page stays where a reading fails, with what was said.
    world.deny("s3", "GetBucketVersioning");
    watched.forget();
    watched.until("could not be read");
    watched.until("GetBucketVersioning");
    assert!(
        watched.seen.contains("canary everything"),
        "{}",
        watched.seen
    );
    watched.press(b"q");
    assert_eq!(watched.ended(), Some(0));
}

#[test]
fn the_keys_of_terminals_end_it() {
    let world = world(&["orders"]);
    for (keys, code) in [(&b"\x03"[..], 130), (b"\x1b", 0)] {
        let mut watched = Watched::of(&world);
        watched.until("canary everything");
        watched.press(keys);
        assert_eq!(watched.ended(), Some(code), "{keys:?}");
    }
    let mut watched = Watched::of(&world);
    watched.until("q quits");
    let program = watched.program.id().to_string();
    let told = Command::new("kill").arg(program).status();
    assert!(told.expect("it is told").success());
    assert_eq!(watched.ended(), Some(130));
}
