//! The program against the sandbox: exit codes, streams, saved plans, interruptions.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use s3ferry_tests::world::{Ran, SOURCE, World};
use serde_json::{Value, json};

const ORDERS: &str = "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    monitoring: { none: \"a test\" }
    rules:
      - { id: all, delete_markers: mirror }
";

const INVOICES: &str = "  invoices:
    phase: prepare
    source: { account: prod, bucket: invoices-prod }
    destination: { account: archive, bucket: invoices-archive, create: true }
    monitoring: { none: \"a test\" }
    rules:
      - { id: paid, prefix: paid/, delete_markers: keep }
";

/// A replication configuration with one rule of somebody else, as S3 stores it.
const FOREIGN_RULES: &str = "<ReplicationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
    <Role>arn:aws:iam::111111111111:role/theirs</Role><Rule><ID>theirs</ID><Priority>1</Priority>\
    <Status>Enabled</Status><Filter><Prefix>x/</Prefix></Filter>\
    <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>\
    <Destination><Bucket>arn:aws:s3:::theirs</Bucket></Destination></Rule></ReplicationConfiguration>";

fn bucket(name: &str) -> Value {
    json!({ "name": name, "account": SOURCE.0, "region": SOURCE.1 })
}

fn world(migrations: &str) -> World {
    let buckets = [bucket("orders-prod"), bucket("invoices-prod")];
    World::new(migrations).with(&json!({ "buckets": buckets }))
}

const PLAN: [&str; 2] = ["plan", "spec.yaml"];
const PENDING: [&str; 3] = ["plan", "--detailed-exitcode", "spec.yaml"];
const SAVE: [&str; 4] = ["plan", "--out", "a.plan", "spec.yaml"];
const APPLY: [&str; 3] = ["apply", "--yes", "spec.yaml"];

#[test]
fn a_saved_plan_is_applied_and_the_second_plan_is_empty() {
    let world = world(ORDERS);
    let plan = world.expect(0, &SAVE);
    assert!(
        plan.err.contains("a.plan") && plan.out.contains("orders-archive"),
        "{}",
        plan.said()
    );
    world.expect(2, &PENDING);
    let applied = world.expect(0, &["apply", "a.plan"]);
    assert!(applied.err.contains("Apply complete"), "{}", applied.said());
    world.must_be_settled();
    world.source().put_object("orders-prod", "after", &[]);
    world.settle();
    let replica = world.buckets("/orders-archive/objects/after/0/replication_status");
    assert_eq!(replica, "REPLICA");
    let stale = world.expect(3, &["apply", "a.plan"]);
    assert!(stale.err.contains("orders-archive"), "{}", stale.said());
}

#[test]
fn a_plan_is_refused_by_name_when_the_world_moved() {
    let world = world(ORDERS);
    world.expect(0, &SAVE);
    world.source().put(
        "orders-prod",
        "tagging",
        "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    );
    world.source().put(
        "orders-prod",
        "versioning",
        "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
    );
    let before = world.sandbox().snapshot();
    let stale = world.expect(3, &["apply", "a.plan"]);
    assert!(
        stale.err.contains("orders-prod") && stale.err.contains("versioning"),
        "{}",
        stale.said()
    );
    assert!(
        !stale.err.contains("orders-archive"),
        "what did not move is named: {}",
        stale.said()
    );
    assert_eq!(world.sandbox().snapshot(), before, "nothing may be written");
}

#[test]
fn an_edited_spec_makes_a_saved_plan_stale() {
    let world = world(ORDERS);
    world.expect(0, &SAVE);
    world.spec(&ORDERS.replace("mirror", "keep"));
    let stale = world.expect(3, &["apply", "a.plan"]);
    assert!(stale.err.contains("spec.yaml"), "{}", stale.said());
}

#[test]
fn plans_go_to_standard_output_and_all_else_to_standard_error() {
    let world = world(ORDERS);
    let json = world.expect(0, &["plan", "--format", "json", "spec.yaml"]);
    let plan: Value = serde_json::from_str(&json.out).expect("standard output is the plan alone");
    assert_eq!(plan["format"], "1.1");
    let verbose = world.expect(0, &["plan", "-v", "--format", "json", "spec.yaml"]);
    assert!(verbose.err.contains("signed in"), "{}", verbose.said());
    assert!(
        serde_json::from_str::<Value>(&verbose.out).is_ok(),
        "{}",
        verbose.said()
    );
    let applied = world.expect(0, &APPLY);
    assert!(
        applied.err.contains("[1/") && !applied.out.contains("[1/"),
        "{}",
        applied.said()
    );
    let lines = world.expect(0, &["--log-format", "json", "apply", "--yes", "spec.yaml"]);
    let all_json = lines
        .err
        .lines()
        .all(|line| serde_json::from_str::<Value>(line).is_ok());
    assert!(all_json, "{}", lines.said());
}

/// A plan without the one line that says when it was made.
fn undated(ran: &Ran) -> Vec<&str> {
    let dated = ["made 20", "planned <code>20", "\"created\": \"20"];
    let lines: Vec<&str> = ran.out.lines().collect();
    let kept = lines
        .iter()
        .filter(|line| !dated.iter().any(|word| line.contains(word)));
    let kept: Vec<&str> = kept.copied().collect();
    assert_eq!(kept.len() + 1, lines.len(), "{}", ran.said());
    kept
}

#[test]
fn the_same_world_gives_the_same_bytes() {
    let world = world(&format!("{ORDERS}{INVOICES}"));
    let [first, second] =
        [(); 2].map(|()| world.expect(0, &["plan", "--format", "json", "spec.yaml"]));
    assert_eq!(undated(&first), undated(&second));
    for format in ["text", "markdown"] {
        let [first, second] =
            [(); 2].map(|()| world.expect(0, &["plan", "--format", format, "spec.yaml"]));
        assert_eq!(undated(&first), undated(&second), "{format}");
    }
}

#[test]
fn colour_is_for_terminals_and_can_be_forbidden() {
    let world = world(ORDERS);
    let piped = world.expect(0, &PLAN);
    assert!(!piped.out.contains('\u{1b}') && !piped.err.contains('\u{1b}'));
    let always = world.expect(0, &["--color", "always", "plan", "spec.yaml"]);
    assert!(always.out.contains('\u{1b}'));
    let never = world
        .command(&PLAN)
        .env("NO_COLOR", "1")
        .output()
        .map(Ran::from);
    assert!(!never.expect("the program starts").out.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = world(ORDERS);
    let mut child = world
        .command(&PLAN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut said)
        .expect("text");
    assert_eq!(
        (
            child.wait().expect("it ends").code(),
            said.contains("panic")
        ),
        (Some(0), false),
        "{said}"
    );
}

#[test]
fn nobody_to_ask_is_wrong_usage_and_changes_nothing() {
    let world = world(ORDERS);
    let before = world.sandbox().snapshot();
    let refused = world.expect(64, &["apply", "spec.yaml"]);
    assert!(refused.err.contains("--yes"), "{}", refused.said());
    assert_eq!(world.sandbox().snapshot(), before);
}

#[test]
fn usage_and_specs_have_their_codes() {
    let world = world(ORDERS);
    for wrong in [
        &["plan"][..],
        &["plan", "--nonsense", "spec.yaml"],
        &["plan", "absent.yaml"],
        &["apply", "absent.plan"],
        &["plan", "--target", "nobody", "spec.yaml"],
        &["--parallelism", "0", "plan", "spec.yaml"],
    ] {
        let ran = world.expect(64, wrong);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{}", ran.said());
    }
    world.spec(&ORDERS.replace("phase: replicate", "phase: replicat"));
    for command in [&["validate", "spec.yaml"][..], &PLAN, &APPLY] {
        let ran = world.expect(65, command);
        assert!(ran.err.contains("spec.yaml:8:12"), "{}", ran.said());
    }
    assert_eq!(world.expect(0, &["--version"]).err, "");
}

#[test]
fn what_others_configured_in_a_way_we_cannot_merge_is_refused() {
    let world = world(ORDERS);
    let source = world.source();
    source.put(
        "orders-prod",
        "versioning",
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    );
    let theirs = json!({ "name": "theirs", "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled" });
    world
        .sandbox()
        .load_seed(&json!({ "buckets": [theirs] }).to_string())
        .expect("a good seed");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = [
        ("Action", "CreateRole"),
        ("RoleName", "theirs"),
        ("AssumeRolePolicyDocument", trust),
    ];
    source.iam(&role).expect_ok();
    source.put("orders-prod", "replication", FOREIGN_RULES);
    let before = world.sandbox().snapshot();
    for plan in [&PLAN[..], &PENDING] {
        let blocked = world.expect(4, plan);
        assert!(blocked.out.contains("BLOCKED"), "{}", blocked.said());
    }
    let refused = world.expect(4, &APPLY);
    assert!(refused.err.contains("replication"), "{}", refused.said());
    assert_eq!(world.sandbox().snapshot(), before);
}

#[test]
fn a_guard_refuses_deletes_that_the_spec_did_not_allow() {
    let world = world(ORDERS);
    world.converge();
    world.spec(&ORDERS.replace("phase: replicate", "phase: prepare"));
    let refused = world.expect(4, &APPLY);
    assert!(
        refused.err.contains("max-deletes") || refused.err.contains("max_deletes"),
        "{}",
        refused.said()
    );
    let allowed = ORDERS.replace(
        "phase: replicate",
        "phase: prepare\n    guards: { max_deletes: 9 }",
    );
    world.spec(&allowed);
    world.converge();
    assert_eq!(
        world.buckets("/orders-prod/configuration/replication"),
        Value::Null
    );
}

#[test]
fn missing_access_has_a_code_and_names_the_account() {
    let world = world(ORDERS);
    let with = |name: &str, value: &str| {
        Ran::from(
            world
                .command(&PLAN)
                .env(name, value)
                .output()
                .expect("it starts"),
        )
    };
    let wrong = with("AWS_SECRET_ACCESS_KEY", "wrong");
    assert_eq!(wrong.code, Some(7), "{}", wrong.said());
    assert!(wrong.err.contains("prod"), "{}", wrong.said());
    let spec = fs::read_to_string(world.folder().join("spec.yaml")).expect("a spec");
    let other = spec.replace(
        "arn:aws:iam::222222222222:role/sandbox",
        "arn:aws:iam::111111111111:role/sandbox",
    );
    fs::write(world.folder().join("spec.yaml"), other).expect("a spec");
    let ran = world.s3ferry(&PLAN);
    assert!(matches!(ran.code, Some(7 | 65)), "{}", ran.said());
    assert!(
        ran.err.contains("archive") && ran.err.contains("222222222222"),
        "{}",
        ran.said()
    );
}

#[test]
fn a_denied_read_names_the_document_and_plans_nothing() {
    let world = world(ORDERS);
    world.deny("s3", "GetBucketVersioning");
    let ran = world.expect(7, &PLAN);
    assert!(
        ran.err.contains("orders-prod") && ran.out.is_empty(),
        "{}",
        ran.said()
    );
}

#[test]
fn a_denied_write_is_told_and_the_next_apply_goes_on() {
    let world = world(ORDERS);
    world.deny("s3", "PutBucketPolicy");
    let ran = world.expect(5, &APPLY);
    assert!(
        ran.err.contains("policy") && ran.err.contains("skipped"),
        "{}",
        ran.said()
    );
    world.sandbox().switches().clear_faults();
    world.converge();
}

#[test]
fn a_target_leaves_the_other_migrations_alone() {
    let world = world(&format!("{ORDERS}{INVOICES}"));
    let only = [
        "plan",
        "--target",
        "invoices",
        "--format",
        "json",
        "spec.yaml",
    ];
    let plan = world.expect(0, &only);
    let plan: Value = serde_json::from_str(&plan.out).expect("a plan");
    let changes = plan["changes"].to_string();
    assert!(
        changes.contains("invoices") && !changes.contains("orders"),
        "{changes}"
    );
    world.expect(0, &["apply", "--yes", "--target", "invoices", "spec.yaml"]);
    assert_eq!(world.buckets("/orders-archive"), Value::Null);
    assert_ne!(world.buckets("/invoices-archive"), Value::Null);
    world.expect(2, &PENDING);
    world.converge();
}

#[test]
fn an_object_that_never_arrives_is_waited_for_and_the_next_run_goes_on() {
    let world = world(ORDERS);
    world
        .sandbox()
        .switches()
        .replication_delay(Duration::from_secs(3_600));
    let waiting = world.expect(8, &["apply", "--yes", "--wait", "2s", "spec.yaml"]);
    assert!(waiting.err.contains("waiting"), "{}", waiting.said());
    world.sandbox().clock().advance(Duration::from_secs(3_600));
    world
        .sandbox()
        .switches()
        .replication_delay(Duration::from_millis(20));
    world.converge();
    no_canary_is_left(&world);
}

/// Canaries go, on both sides and with all their versions.
fn no_canary_is_left(world: &World) {
    for bucket in ["orders-prod", "orders-archive"] {
        let objects = world.buckets(&format!("/{bucket}/objects"));
        let left = objects
            .as_object()
            .is_some_and(|objects| objects.keys().any(|key| key.contains("canary")));
        assert!(!left, "{bucket}: {objects}");
    }
}

#[test]
fn ctrl_c_ends_a_run_in_order_and_the_next_one_goes_on() {
    let world = world(ORDERS);
    world
        .sandbox()
        .switches()
        .latency(Duration::from_millis(30));
    let mut child = start(&world, &APPLY);
    wait_for_line(&world, 12, &mut child);
    signal(&child, "INT");
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, Some(130), "{}", ran.said());
    assert!(
        ran.err.contains("Stopping") && ran.err.contains("Interrupted"),
        "{}",
        ran.said()
    );
    world.sandbox().switches().latency(Duration::ZERO);
    world.converge();
    no_canary_is_left(&world);
}

/// SIGKILL as soon as the n-th line of the journal is there, for every n until a run ends by itself.
#[test]
fn a_run_killed_at_any_line_of_its_journal_is_taken_up_by_the_next() {
    const AT_ONCE: usize = 6;
    let last = (1..).step_by(AT_ONCE).find(|first| {
        let ended: Vec<bool> = std::thread::scope(|scope| {
            let runs: Vec<_> = (*first..first + AT_ONCE)
                .map(|n| scope.spawn(move || killed_at(n)))
                .collect();
            runs.into_iter()
                .map(|run| run.join().expect("no test thread panics"))
                .collect()
        });
        ended.into_iter().all(|ended| ended)
    });
    assert!(
        last.is_some_and(|last| last > 30),
        "the journal was too short: {last:?}"
    );
}

/// Whether the run ended before its journal had n lines.
fn killed_at(n: usize) -> bool {
    let world = world(ORDERS);
    let theirs = json!({
        "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket",
        "Resource": "arn:aws:s3:::orders-prod",
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [theirs] }).to_string();
    world.source().put("orders-prod", "policy", &policy);
    let mut child = start(&world, &APPLY);
    let ended = wait_for_line(&world, n, &mut child);
    signal(&child, "KILL");
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    assert!(
        ended || ran.code.is_none() || ran.code == Some(0),
        "line {n}: {}",
        ran.said()
    );
    let again = world.s3ferry(&APPLY);
    assert_eq!(
        again.code,
        Some(0),
        "after a kill at line {n}: {}",
        again.said()
    );
    world.must_be_settled();
    no_canary_is_left(&world);
    assert_eq!(
        world.buckets("/orders-prod/configuration/policy"),
        policy,
        "line {n}"
    );
    ended
}

fn start(world: &World, arguments: &[&str]) -> Child {
    let mut command = world.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Waits until the journal has n lines; returns whether the program ended before.
fn wait_for_line(world: &World, n: usize, child: &mut Child) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(120) {
        if lines(world) >= n {
            return false;
        }
        if child.try_wait().expect("the program is ours").is_some() {
            return lines(world) < n;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the journal did not reach line {n}");
}

/// Lines of the only journal.
fn lines(world: &World) -> usize {
    let runs = fs::read_dir(world.folder().join("ledger/runs"))
        .into_iter()
        .flatten()
        .flatten();
    let journals = runs.filter_map(|run| fs::File::open(run.path()).ok());
    journals
        .map(|journal| BufReader::new(journal).lines().count())
        .sum()
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", name, &id])
        .status();
    let _ended_already = sent.expect("kill is there");
}
