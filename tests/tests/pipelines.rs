//! What pipelines rely on: exit codes of plans, saved plans that are applied again, output that is not lost, and messages
//! that a program can read.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::time::Duration;

use s3ferry_tests::world::{DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const ORDERS: &str = "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    monitoring: { none: \"a test\" }
    rules:
      - { id: all, delete_markers: mirror }
";

const PLAN: [&str; 2] = ["plan", "spec.yaml"];
const SAVE: [&str; 4] = ["plan", "--out", "a.plan", "spec.yaml"];
const APPLY: [&str; 3] = ["apply", "--yes", "spec.yaml"];

fn world() -> World {
    let bucket = json!({ "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1 });
    World::new(ORDERS).with(&json!({ "buckets": [bucket] }))
}

#[test]
fn a_blocked_plan_exits_4_and_promises_no_apply() {
    let world = world();
    world.converge();
    world.spec(&ORDERS.replace("phase: replicate", "phase: prepare"));
    world.expect(4, &PLAN);
    world.expect(4, &["plan", "--detailed-exitcode", "spec.yaml"]);
    let saved = world.expect(4, &SAVE);
    assert!(
        !saved.err.contains("s3ferry apply")
            && saved.err.contains("in the way: max-deletes at prod/"),
        "{}",
        saved.said()
    );
    let shown = world.expect(0, &["show", "a.plan"]);
    assert!(shown.out.contains("BLOCKED"), "{}", shown.said());
    let refused = world.expect(4, &["apply", "a.plan"]);
    let (_, line) = refused
        .err
        .split_once("add to the spec: ")
        .unwrap_or_else(|| panic!("{}", refused.said()));
    let line = line.lines().next().unwrap_or_default();
    let spec = world.folder().join("spec.yaml");
    let text = fs::read_to_string(&spec).expect("a spec");
    fs::write(&spec, format!("{text}{line}\n")).expect("a spec");
    world.expect(0, &["validate", "spec.yaml"]);
    world.expect(0, &APPLY);
}

#[test]
fn what_is_said_of_a_saved_plan_is_what_can_be_done_with_it() {
    let world = world();
    let yaml = world.expect(64, &["plan", "--out", "move.yaml", "spec.yaml"]);
    assert!(
        yaml.err.contains("as a spec") && !world.folder().join("move.yaml").exists(),
        "{}",
        yaml.said()
    );
    let saved = world.expect(0, &["plan", "--out", "my move.plan", "spec.yaml"]);
    assert!(
        saved
            .err
            .contains("To apply it: s3ferry apply 'my move.plan'"),
        "{}",
        saved.said()
    );
    world.expect(0, &["apply", "my move.plan"]);
    let empty = world.expect(0, &SAVE);
    assert!(
        empty.err.contains("There is nothing to apply") && !empty.err.contains("s3ferry apply"),
        "{}",
        empty.said()
    );
}

const RETRY: [&str; 2] = ["apply", "a.plan"];

/// A saved plan of which a run wrote all that does not need this operation.
fn applied_in_part(world: &World, service: &str, operation: &str) {
    world.expect(0, &SAVE);
    world.deny(service, operation);
    let ran = world.expect(5, &RETRY);
    assert!(ran.err.contains("run again"), "{operation}: {}", ran.said());
    world.sandbox().switches().clear_faults();
}

#[test]
fn a_plan_that_was_applied_in_part_goes_on_when_it_is_applied_again() {
    let operations = [
        ("s3", "PutBucketVersioning"),
        ("s3", "PutBucketPolicy"),
        ("s3", "PutBucketReplication"),
        ("s3", "PutObject"),
        ("iam", "CreateRole"),
    ];
    for (service, operation) in operations {
        let world = world();
        applied_in_part(&world, service, operation);
        let again = world.expect(0, &RETRY);
        assert!(
            again
                .err
                .contains("Going on where an earlier run of this plan stopped"),
            "{operation}: {}",
            again.said()
        );
        world.must_be_settled();
    }
}

#[test]
fn a_plan_that_was_applied_to_its_end_is_spent() {
    let world = world();
    world.expect(0, &SAVE);
    world.expect(0, &RETRY);
    let spent = world.expect(3, &RETRY);
    assert!(
        spent.err.contains("applied this plan to its end"),
        "{}",
        spent.said()
    );
}

#[test]
fn a_plan_goes_on_between_the_growth_and_the_shrinking_of_a_policy() {
    let world = world();
    world.converge();
    world.spec(&ORDERS.replace(
        "{ id: all, delete_markers: mirror }",
        "{ id: all, prefix: a/, delete_markers: keep }",
    ));
    applied_in_part(&world, "s3", "PutBucketReplication");
    world.expect(0, &RETRY);
    world.must_be_settled();
}

#[test]
fn a_plan_that_waits_for_its_canary_goes_on_when_it_is_applied_again() {
    let world = world();
    world.expect(0, &SAVE);
    let switches = world.sandbox().switches();
    switches.replication_delay(Duration::from_secs(3_600));
    world.expect(8, &["apply", "a.plan", "--wait", "2s"]);
    world.sandbox().clock().advance(Duration::from_secs(3_600));
    switches.replication_delay(Duration::from_millis(20));
    world.expect(0, &RETRY);
    world.must_be_settled();
}

#[test]
fn what_somebody_else_changed_since_is_still_stale() {
    let suspended = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
    let tags =
        "<Tagging><TagSet><Tag><Key>team</Key><Value>theirs</Value></Tag></TagSet></Tagging>";
    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::orders-archive"}]}"#;
    let policy = "archive/bucket/orders-archive/policy";
    let edits = [
        // A document that the run wrote, one of a bucket that it made, and one that it did not come to.
        (
            "orders-archive",
            "versioning",
            suspended,
            "PutBucketReplication",
            "archive/bucket/orders-archive/versioning",
        ),
        (
            "orders-archive",
            "tagging",
            tags,
            "PutBucketReplication",
            "archive/bucket/orders-archive/tags",
        ),
        (
            "orders-archive",
            "policy",
            theirs,
            "PutBucketReplication",
            policy,
        ),
        (
            "orders-archive",
            "policy",
            theirs,
            "PutBucketPolicy",
            policy,
        ),
    ];
    for (bucket, part, text, operation, address) in edits {
        let world = world();
        applied_in_part(&world, "s3", operation);
        world.destination().put(bucket, part, text);
        let before = world.sandbox().snapshot();
        let stale = world.expect(3, &RETRY);
        assert!(
            stale.err.contains(&format!("  {address}: ")) && stale.err.contains("1 thing moved"),
            "{address} after {operation}: {}",
            stale.said()
        );
        assert_eq!(world.sandbox().snapshot(), before, "nothing may be written");
    }
}

#[test]
fn the_writes_of_another_plan_are_somebody_elses() {
    let world = world();
    world.expect(0, &SAVE);
    world.deny("s3", "PutBucketReplication");
    // Two plans of one second that say the same are one plan; this one says for whom it is.
    world.expect(5, &["apply", "--yes", "--target", "orders", "spec.yaml"]);
    world.sandbox().switches().clear_faults();
    let stale = world.expect(3, &RETRY);
    assert!(stale.err.contains("orders-archive"), "{}", stale.said());
}

/// Runs the program with its standard output on a device that is full.
fn onto_a_full_disk(world: &World, arguments: &[&str]) -> Ran {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let output = world
        .command(arguments)
        .stdout(full.expect("the system has /dev/full"))
        .output();
    Ran::from(output.expect("the program starts"))
}

#[test]
fn without_room_for_the_journal_nothing_is_written() {
    let world = world();
    let before = world.sandbox().snapshot();
    let apply = world.command(&["apply", "--yes", "spec.yaml"]);
    // Files of half a kilobyte: the journal's first line and no more.
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]);
    limited.arg(apply.get_program()).args(apply.get_args());
    limited.current_dir(world.folder()).env_clear();
    let environment = apply
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    limited.envs(environment).stdin(std::process::Stdio::null());
    let ran = Ran::from(limited.output().expect("there is a shell"));
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    for part in [
        "the journal ",
        "cannot be written",
        "no write was started after that",
    ] {
        assert!(ran.err.contains(part), "{}", ran.said());
    }
    assert_eq!(world.sandbox().snapshot(), before, "nothing may be written");
    world.converge();
}

#[test]
fn output_that_is_lost_is_an_error() {
    let world = world();
    world.expect(0, &SAVE);
    let before = world.sandbox().snapshot();
    for command in [
        &["plan", "spec.yaml"][..],
        &["plan", "--detailed-exitcode", "spec.yaml"],
        &["plan", "--format", "json", "spec.yaml"],
        &["plan", "--out", "-", "spec.yaml"],
        &["apply", "--yes", "spec.yaml"],
        &["show", "a.plan"],
        &["schema"],
        &["completions", "bash"],
        &["sandbox", "--listen", "127.0.0.1:0"],
        &["--help"],
        &["--version"],
    ] {
        let ran = onto_a_full_disk(&world, command);
        assert_eq!(ran.code, Some(1), "{command:?}: {}", ran.said());
        assert!(
            ran.err
                .contains("cannot write to standard output: No space left"),
            "{command:?}: {}",
            ran.said()
        );
    }
    assert_eq!(world.sandbox().snapshot(), before, "nothing may be written");
}

fn is_a_plan(text: &str) -> bool {
    let plan = serde_json::from_str::<Value>(text);
    plan.is_ok_and(|plan| plan["format"] == "1.1")
}

#[test]
fn a_plan_is_written_through_a_link_and_into_a_pipe() {
    let world = world();
    let [link, kept, pipe] =
        ["link.plan", "kept.plan", "pipe"].map(|name| world.folder().join(name));
    symlink("kept.plan", &link).expect("a link");
    world.expect(0, &["plan", "--out", "link.plan", "spec.yaml"]);
    let text = fs::read_to_string(&kept).expect("the link leads to the plan");
    assert!(link.is_symlink() && is_a_plan(&text));

    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    let read = std::thread::scope(|scope| {
        let reader = scope.spawn(|| fs::read_to_string(&pipe).expect("the plan"));
        let saved = world.expect(0, &["plan", "--out", "pipe", "spec.yaml"]);
        assert!(!saved.err.contains("s3ferry apply"), "{}", saved.said());
        reader.join().expect("no panic")
    });
    let kind = fs::metadata(&pipe).expect("it is there").file_type();
    assert!(kind.is_fifo() && is_a_plan(&read));
}

#[test]
fn a_plan_can_be_saved_to_standard_output() {
    let world = world();
    let ran = world.expect(0, &["plan", "--out", "-", "spec.yaml"]);
    assert!(
        is_a_plan(&ran.out) && ran.err.contains("Plan: ") && !world.folder().join("-").exists(),
        "{}",
        ran.said()
    );
    fs::write(world.folder().join("a.plan"), &ran.out).expect("a plan");
    world.expect(0, &RETRY);
    let both = ["plan", "--out", "-", "--format", "markdown", "spec.yaml"];
    assert!(world.expect(64, &both).out.is_empty());
}

#[test]
fn init_names_the_spec_after_its_folder_or_as_it_is_told() {
    let world = world();
    let folder = world.folder().join("Order Archive");
    fs::create_dir(&folder).expect("a folder");
    world.expect(0, &["init", "Order Archive/s3ferry.yaml"]);
    let text = fs::read_to_string(folder.join("s3ferry.yaml")).expect("a spec");
    assert!(text.contains("\nname: \"order-archive\"\n"), "{text}");
    world.expect(0, &["validate", "Order Archive/s3ferry.yaml"]);
    let told = world.expect(0, &["init", "--name", "orders", "told.yaml"]);
    assert!(told.err.contains("name orders"), "{}", told.said());
    let text = fs::read_to_string(world.folder().join("told.yaml")).expect("a spec");
    assert!(text.contains("\nname: \"orders\"\n"), "{text}");
    world.expect(64, &["init", "--name", "No Name", "other.yaml"]);
}

#[test]
fn two_specs_of_one_name_are_told_where_it_can_be_seen() {
    let world = world();
    world.converge();
    let spec = world.folder().join("spec.yaml");
    let text = fs::read_to_string(&spec).expect("a spec");
    let other = text
        .replace("  orders:", "  others:")
        .replace("orders-", "others-");
    fs::write(&spec, other).expect("a spec");
    world
        .sandbox()
        .load_seed(&json!({ "buckets": [{ "name": "others-prod", "account": SOURCE.0, "region": SOURCE.1 }] }).to_string())
        .expect("a good seed");
    let blocked = world.expect(4, &["plan", "--format", "json", "spec.yaml"]);
    assert!(
        blocked.out.contains("has the name test, too"),
        "{}",
        blocked.said()
    );
    fs::write(&spec, text.replace("name: test\n", "")).expect("a spec");
    let valid = world.expect(0, &["validate", "spec.yaml"]);
    assert!(valid.err.contains("`default`"), "{}", valid.said());
    fs::write(&spec, text).expect("a spec");
    let named = world.expect(0, &["validate", "spec.yaml"]);
    assert!(!named.err.contains("`default`"), "{}", named.said());
}

#[test]
fn an_empty_ledger_beside_live_rules_is_said_with_the_ways_out() {
    let world = world();
    let first = world.expect(0, &PLAN);
    assert!(!first.out.contains("ledger-empty"), "{}", first.said());
    world.converge();
    let [ledger, kept] = ["ledger", "kept"].map(|name| world.folder().join(name));
    let ignored = fs::read_to_string(ledger.join(".gitignore")).expect("it is written");
    assert_eq!(ignored, "/lock\n/runs/\n");
    fs::rename(&ledger, &kept).expect("it is moved");
    let lost = world.expect(0, &PLAN);
    assert!(lost.out.contains("ledger-empty"), "{}", lost.said());
    fs::create_dir(&ledger).expect("a folder");
    fs::rename(kept.join("receipts"), ledger.join("receipts")).expect("they are moved");
    world.must_be_settled();
    fs::remove_dir_all(&ledger).expect("it is there");
    world.converge();
}

/// The lines of standard error, each a JSON object that says when it was written.
fn json_lines(ran: &Ran) -> Vec<Value> {
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error}: {line}\n{}", ran.said()));
        let at = value["at"].as_str().unwrap_or_default();
        let digits: String = at
            .chars()
            .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
            .collect();
        assert_eq!(digits, "0000-00-00T00:00:00.000Z", "{line}");
        value
    };
    ran.err.lines().map(line).collect()
}

#[test]
fn in_json_every_command_says_what_it_says_in_lines_with_a_time() {
    let world = world();
    fs::write(world.folder().join("broken.yaml"), "version: 1\nnmae: x\n").expect("a spec");
    let calls: [(i32, &[&str]); 11] = [
        (0, &["validate", "spec.yaml"]),
        (65, &["validate", "broken.yaml"]),
        (0, &["init", "new.yaml"]),
        (0, &SAVE),
        (0, &["plan", "-v", "spec.yaml"]),
        (64, &["show", "absent.plan"]),
        (64, &["apply", "spec.yaml"]),
        (0, &["apply", "a.plan"]),
        (3, &["apply", "a.plan"]),
        (64, &["plan", "--nonsense"]),
        (64, &["plan", "absent.yaml"]),
    ];
    for (code, arguments) in calls {
        let mut all = vec!["--log-format", "json"];
        all.extend(arguments);
        let lines = json_lines(&world.expect(code, &all));
        assert!(!lines.is_empty(), "{arguments:?}");
        let problem = lines.iter().find(|line| line["code"] == "unknown-field");
        assert_eq!(
            problem.map(|line| (&line["file"], line["line"].as_u64())),
            (code == 65).then_some((&json!("broken.yaml"), Some(2))),
            "{lines:?}"
        );
    }
}

#[test]
fn a_bucket_that_is_elsewhere_is_one_message() {
    let elsewhere = json!({ "name": "orders-prod", "account": SOURCE.0, "region": "us-east-1" });
    let theirs = json!({ "name": "orders-prod", "account": DESTINATION.0, "region": SOURCE.1 });
    for (bucket, word) in [(elsewhere, "us-east-1"), (theirs, "orders-prod")] {
        let world = World::new(ORDERS).with(&json!({ "buckets": [bucket] }));
        let ran = world.s3ferry(&PLAN);
        let errors = ran.err.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{}", ran.said());
        assert!(ran.err.contains(word), "{}", ran.said());
    }
}

#[test]
fn the_comments_of_two_specs_have_two_markers() {
    let world = world();
    let markdown = ["plan", "--format", "markdown", "spec.yaml"];
    let ran = world.expect(0, &markdown);
    assert!(
        ran.out.starts_with("<!-- s3ferry plan test -->\n"),
        "{}",
        ran.said()
    );
}

#[test]
fn what_files_say_makes_a_plan_stale_and_not_how_they_say_it() {
    let world = world();
    let specs = world.folder().join("specs");
    fs::create_dir(&specs).expect("a folder");
    let spec = specs.join("spec.yaml");
    fs::rename(world.folder().join("spec.yaml"), &spec).expect("it is moved");
    world.expect(0, &["plan", "--out", "a.plan", "specs"]);
    let text = fs::read_to_string(&spec).expect("a spec");

    let more = specs.join("more.yaml");
    fs::write(&more, "version: 1\n").expect("a spec");
    let stale = world.expect(3, &RETRY);
    assert!(
        stale.err.contains("specs/more.yaml: was added"),
        "{}",
        stale.said()
    );
    fs::remove_file(&more).expect("it is there");

    fs::write(&spec, text.replace("mirror", "keep")).expect("a spec");
    let stale = world.expect(3, &RETRY);
    assert!(
        stale.err.contains("specs/spec.yaml: was changed"),
        "{}",
        stale.said()
    );

    fs::remove_file(&spec).expect("it is there");
    let stale = world.expect(3, &RETRY);
    assert!(
        stale.err.contains("specs/spec.yaml: No such file"),
        "{}",
        stale.said()
    );

    fs::write(
        &spec,
        format!(
            "# A word on it.\n\n{}",
            text.replace("mirror", "\"mirror\"")
        ),
    )
    .expect("a spec");
    world.expect(0, &RETRY);
}

#[test]
fn the_schema_that_a_spec_names_in_its_first_line_is_there() {
    let world = world();
    let names_its_schema = |spec: &std::path::Path| {
        let text = fs::read_to_string(spec).expect("a spec");
        let line = text.lines().next().unwrap_or_default().to_owned();
        let (_, schema) = line.split_once("$schema=").expect("a modeline");
        let schema = spec.parent().expect("a folder").join(schema);
        let schema = fs::read_to_string(&schema).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(serde_json::from_str::<Value>(&schema).is_ok(), "{line}");
    };
    fs::create_dir(world.folder().join("new")).expect("a folder");
    world.expect(0, &["init", "new/s3ferry.yaml"]);
    names_its_schema(&world.folder().join("new/s3ferry.yaml"));
    world.expect(0, &["demo", "--keep"]);
    for name in ["accounts", "invoices", "orders"] {
        let spec = format!("s3ferry-demo/specs/{name}.yaml");
        names_its_schema(&world.folder().join(spec));
    }
}
