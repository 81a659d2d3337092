//! Attacks on plan and apply through files, answers and names: what must not be believed, followed, printed or waited for.

#![cfg(unix)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use s3ferry_sandbox::{Fault, FaultKind};
use s3ferry_tests::program;
use s3ferry_tests::world::{Ran, SOURCE, World, command};
use serde_json::{Value, json};

const ORDERS: &str = "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    monitoring: { none: \"a test\" }
    rules:
      - { id: all, prefix: x/, delete_markers: mirror }
";

const SAVE: [&str; 4] = ["plan", "--out", "a.plan", "spec.yaml"];
const APPLY: [&str; 3] = ["apply", "--yes", "spec.yaml"];

fn world(migrations: &str) -> World {
    let source = json!({ "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1 });
    World::new(migrations).with(&json!({ "buckets": [source] }))
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo is there").success());
}

/// Runs the program, which must end by itself in time.
fn in_time(world: &World, arguments: &[&str]) -> Ran {
    let began = Instant::now();
    let mut child = world
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    while child.try_wait().expect("it can be asked").is_none() {
        if began.elapsed() > Duration::from_secs(20) {
            let _ = child.kill();
            panic!("s3ferry {} does not end", arguments.join(" "));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ran::from(child.wait_with_output().expect("it has ended"))
}

// Files that are written.

#[test]
fn a_link_in_the_ledger_is_not_written_through() {
    let world = world(ORDERS);
    let ledger = world.folder().join("ledger");
    fs::create_dir(&ledger).expect("it can be done");
    let victim = world.folder().join("victim");
    fs::write(&victim, "precious").expect("it can be done");
    symlink(&victim, ledger.join("lock")).expect("it can be done");
    let refused = world.expect(1, &APPLY);
    assert!(refused.err.contains("symbolic link"), "{}", refused.said());
    assert_eq!(
        fs::read_to_string(&victim).expect("it can be done"),
        "precious"
    );

    fs::remove_file(ledger.join("lock")).expect("it can be done");
    pipe(&ledger.join("lock"));
    let refused = in_time(&world, &APPLY);
    assert_eq!(refused.code, Some(1), "{}", refused.said());
    fs::remove_file(ledger.join("lock")).expect("it can be done");

    // A folder of the ledger that leads elsewhere.
    let elsewhere = world.folder().join("elsewhere");
    fs::create_dir(&elsewhere).expect("it can be done");
    symlink(&elsewhere, ledger.join("runs")).expect("it can be done");
    world.expect(1, &APPLY);
    assert_eq!(fs::read_dir(&elsewhere).expect("it can be done").count(), 0);
    fs::remove_file(ledger.join("runs")).expect("it can be done");

    world.converge();
    for file in files(&ledger) {
        let mode = fs::metadata(&file)
            .expect("it can be done")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be done") {
        let path = entry.expect("it can be done").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

// Files that are read.

#[test]
fn an_entry_that_could_be_a_spec_file_is_read_or_an_error() {
    let world = world(ORDERS);
    let specs = world.folder().join("specs");
    fs::create_dir(&specs).expect("it can be done");
    fs::rename(world.folder().join("spec.yaml"), specs.join("spec.yaml")).expect("it can be done");
    // What no one means as a spec file.
    for name in ["notes.txt", "spec.yaml~", "spec.yaml.bak", "yaml"] {
        fs::write(specs.join(name), "x").expect("it can be done");
    }
    fs::create_dir(specs.join("old")).expect("it can be done");
    let checked = world.expect(0, &["validate", "specs"]);
    assert!(checked.said().contains("in 1 file."), "{}", checked.said());
    world.expect(0, &["plan", "specs", "--out", "a.plan"]);
    let two = specs.join("two.yaml");
    let refused = |why: &str| {
        for arguments in [&["validate", "specs"][..], &["apply", "specs", "--yes"]] {
            let ran = in_time(&world, arguments);
            assert_eq!(ran.code, Some(65), "{why}: {}", ran.said());
            assert!(ran.err.contains("two."), "{why}: {}", ran.said());
        }
        let stale = in_time(&world, &["apply", "a.plan"]);
        assert_eq!(stale.code, Some(3), "{why}: {}", stale.said());
    };
    symlink("nowhere.yaml", &two).expect("it can be done");
    refused("a dangling link");
    fs::remove_file(&two).expect("it can be done");
    symlink("two.yaml", &two).expect("it can be done");
    refused("a link to itself");
    fs::remove_file(&two).expect("it can be done");
    pipe(&two);
    refused("a pipe");
    fs::remove_file(&two).expect("it can be done");
    fs::create_dir(&two).expect("it can be done");
    refused("a folder");
    fs::remove_dir(&two).expect("it can be done");
    for name in ["two.YAML", "two.Yml", "two.YML"] {
        fs::write(specs.join(name), "version: 1\n").expect("it can be done");
        refused(name);
        fs::remove_file(specs.join(name)).expect("it can be done");
    }
    world.expect(0, &["apply", "a.plan"]);
}

#[test]
fn what_never_ends_is_not_read() {
    let world = world(ORDERS);
    let at = |name: &str| world.folder().join(name);
    pipe(&at("pipe.yaml"));
    pipe(&at("pipe"));
    // Eight gigabytes that take no room.
    let big = fs::File::create(at("big.yaml")).expect("it can be done");
    big.set_len(8 << 30).expect("it can be done");
    let big = fs::File::create(at("big.plan")).expect("it can be done");
    big.set_len(8 << 30).expect("it can be done");
    for arguments in [
        &["validate", "/dev/zero"][..],
        &["validate", "pipe.yaml"],
        &["validate", "big.yaml"],
        &["show", "/dev/zero"],
        &["show", "pipe"],
        &["show", "big.plan"],
        &["apply", "--yes", "/dev/zero"],
        &["apply", "--yes", "pipe"],
        &["sandbox", "--listen", "127.0.0.1:0", "--seed", "/dev/zero"],
        &["sandbox", "--listen", "127.0.0.1:0", "--seed", "pipe"],
    ] {
        let ran = in_time(&world, arguments);
        assert_eq!(ran.code, Some(64), "{arguments:?}: {}", ran.said());
        assert!(
            ran.err.starts_with("error: "),
            "{arguments:?}: {}",
            ran.said()
        );
    }
}

#[test]
fn what_is_no_receipt_proves_nothing_and_stops_nothing() {
    let world = world(ORDERS);
    world.converge();
    let receipts = world.folder().join("ledger/receipts");
    let at = |name: &str| receipts.join(name);
    symlink("/dev/zero", at("zero.json")).expect("it can be done");
    symlink("nowhere", at("dangling.json")).expect("it can be done");
    pipe(&at("pipe.json"));
    fs::create_dir(at("folder.json")).expect("it can be done");
    fs::write(at("deep.json"), "[".repeat(60_000)).expect("it can be done");
    let big = fs::File::create(at("big.json")).expect("it can be done");
    big.set_len(8 << 30).expect("it can be done");
    let plan = in_time(&world, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert_eq!(plan.code, Some(0), "{}", plan.said());
    assert_eq!(
        plan.err.matches("proves nothing").count(),
        6,
        "{}",
        plan.said()
    );
}

// Saved plans.

/// A change of a plan file.
type Tamper = fn(&mut Value);

#[test]
fn what_a_plan_file_says_is_what_planning_again_says() {
    let world = world(ORDERS);
    world.destination();
    world.expect(0, &SAVE);
    let path = world.folder().join("a.plan");
    let good: Value = serde_json::from_str(&fs::read_to_string(&path).expect("it can be done"))
        .expect("it can be done");
    let tampers: [(&str, Tamper); 16] = [
        ("findings", |plan| plan["findings"] = json!([])),
        (
            "kept",
            |plan| plan["kept"] = json!([{"target": "t", "address": "a", "kind": "k", "why": "w"}]),
        ),
        ("permissions", |plan| plan["permissions"] = json!([])),
        ("waits", |plan| plan["waits"] = json!([])),
        ("estimate", |plan| plan["estimate"]["reads"] = json!(0)),
        ("summary", |plan| plan["summary"]["create"] = json!(0)),
        ("migrations", |plan| {
            plan["migrations"][0]["destination"] = json!("elsewhere");
        }),
        ("spec.name", |plan| plan["spec"]["name"] = json!("harmless")),
        ("spec.digest", |plan| {
            plan["spec"]["digest"] = json!("0".repeat(64));
        }),
        ("spec.digest", |plan| {
            let text = plan["spec"]["files"][0]["text"]
                .as_str()
                .expect("it can be done")
                .to_owned();
            plan["spec"]["files"][0]["text"] = json!(text + " ");
        }),
        ("accounts", |plan| {
            plan["accounts"][0]["region"] = json!("us-east-1");
        }),
        ("accounts", |plan| {
            plan["accounts"][0]["id"] = json!("333333333333");
        }),
        ("format", |plan| plan["format"] = json!("1.9")),
        ("changes", |plan| plan["changes"] = json!([])),
        ("changes", |plan| {
            plan["changes"][0]["risk"]["notes"] = json!(["nothing to see"]);
        }),
        ("order", |plan| plan["order"] = json!([])),
    ];
    let before = world.sandbox().snapshot();
    for (part, tamper) in tampers {
        let mut plan = good.clone();
        tamper(&mut plan);
        assert_ne!(plan, good, "{part}");
        fs::write(&path, plan.to_string()).expect("it can be done");
        let refused = world.s3ferry(&["apply", "a.plan"]);
        let shape = refused.code == Some(64) && part == "kept";
        assert!(
            refused.code == Some(3) || shape,
            "{part}: {}",
            refused.said()
        );
        assert!(
            shape || refused.err.contains(&format!("  {part}: ")),
            "{part}: {}",
            refused.said()
        );
        assert_eq!(world.sandbox().snapshot(), before, "{part}");
    }
    // The time and the caller are of the moment.
    let mut plan = good;
    plan["created"] = json!("2020-01-01T00:00:00Z");
    plan["accounts"][0]["caller"] = json!("arn:aws:iam::111111111111:role/planner");
    fs::write(&path, plan.to_string()).expect("it can be done");
    world.expect(0, &["apply", "a.plan"]);
}

// Words.

/// What ends a line, moves a cursor, turns or hides what follows, wherever it comes from.
const EVIL: &str = "theirs).\nFORGED apply complete\r\nFORGED\u{2028}FORGED\u{85}FORGED\u{202e}x\u{200b}\u{1b}[2J\u{7}";

/// No line begins with a forged word, and nothing of the table stands there as it is.
fn clean(what: &str, text: &str) {
    for raw in [
        '\u{1b}', '\u{7}', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{202e}', '\u{200b}',
    ] {
        assert!(!text.contains(raw), "{what}: {raw:?} in {text}");
    }
    for line in text.lines() {
        let words = line.trim_start_matches([' ', '|', '+', '-']);
        assert!(!words.starts_with("FORGED"), "{what}: {text}");
    }
}

/// A world in which somebody has written a rule whose names hold what XML lets through of the table.
fn world_of_names() -> World {
    let more = ["orders-theirs"].map(|name| json!({ "name": name, "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled" }));
    let world = world(ORDERS).with(&json!({ "buckets": more }));
    let source = world.source();
    let trust = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = [
        ("Action", "CreateRole"),
        ("RoleName", "theirs"),
        ("AssumeRolePolicyDocument", trust),
    ];
    source.iam(&role).expect_ok();
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    source.put("orders-prod", "versioning", enabled);
    let name = EVIL.replace(['\u{1b}', '\u{7}', '\r'], "");
    // S3 takes IDs in ASCII alone.
    let id = name.replace(|letter: char| !letter.is_ascii(), "");
    let rules = format!(
        "<ReplicationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Role>arn:aws:iam::111111111111:role/theirs</Role><Rule><ID>{id}</ID><Priority>9</Priority>\
         <Status>Enabled</Status><Filter><Prefix>x/{name}</Prefix></Filter>\
         <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>\
         <Destination><Bucket>arn:aws:s3:::orders-theirs</Bucket></Destination></Rule></ReplicationConfiguration>"
    );
    source.put("orders-prod", "replication", &rules);
    world
}

#[test]
fn a_line_end_in_somebody_s_rule_forges_no_line() {
    let world = world_of_names();
    for format in ["text", "markdown", "json"] {
        let plan = world.expect(4, &["plan", "--full", "--format", format, "spec.yaml"]);
        assert!(plan.out.contains("FORGED"), "{}", plan.said());
        clean(format, &plan.out);
        clean(format, &plan.err);
    }
    for log in ["text", "json"] {
        let refused = world.expect(4, &["apply", "--yes", "--log-format", log, "spec.yaml"]);
        assert!(refused.err.contains("FORGED"), "{}", refused.said());
        clean(log, &refused.err);
    }
}

#[test]
fn a_line_end_in_an_argument_forges_no_line() {
    let world = world(ORDERS);
    let long = format!("{EVIL}{}", "x".repeat(4_000));
    let flag = format!("--{long}");
    let arguments: [&[&str]; 6] = [
        &[long.as_str()],
        &["plan", flag.as_str()],
        &["plan", "--target", long.as_str(), long.as_str()],
        &["apply", "--wait", long.as_str(), "spec.yaml"],
        &["plan", "--format", long.as_str(), "spec.yaml"],
        &["init", "--name", long.as_str()],
    ];
    for arguments in arguments {
        for log in ["text", "json"] {
            let mut all = vec!["--log-format", log];
            all.extend(arguments);
            let ran = world.s3ferry(&all);
            assert_ne!(ran.code, Some(0), "{}", ran.said());
            clean(log, &ran.err);
            assert!(ran.err.len() < 5_000, "{} bytes", ran.err.len());
        }
    }
}

#[test]
fn a_line_end_in_a_key_is_told_and_no_panic() {
    let world = world(ORDERS);
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIA\n"),
        ("AWS_SESSION_TOKEN", "to\nken"),
        ("AWS_ACCESS_KEY_ID", "AKIA\u{7f}"),
    ] {
        let mut command = world.command(&["plan", "--log-format", "json", "spec.yaml"]);
        let ran = Ran::from(
            command
                .env(name, value)
                .output()
                .expect("the program starts"),
        );
        assert_eq!(ran.code, Some(7), "{}", ran.said());
        assert!(
            ran.err.contains(name) && !ran.err.contains("panicked"),
            "{}",
            ran.said()
        );
        all_json(&ran.err);
    }
}

#[test]
fn a_line_end_in_a_message_forges_no_line() {
    let world = world(ORDERS);
    let arm = |operation: &str, nth: u32| {
        world.sandbox().switches().fail(Fault {
            service: String::new(),
            operation: operation.to_owned(),
            nth,
            kind: FaultKind::ErrorBefore {
                status: 409,
                code: "OperationAborted".to_owned(),
                message: EVIL.to_owned(),
            },
        });
    };
    for log in ["text", "json"] {
        for operation in ["GetBucketVersioning", "AssumeRole"] {
            arm(operation, 0);
            let ran = world.s3ferry(&["plan", "-v", "--log-format", log, "spec.yaml"]);
            assert_eq!(ran.code, Some(1), "{}", ran.said());
            clean(operation, &ran.err);
            world.sandbox().switches().clear_faults();
        }
    }
    for (log, operation) in [
        ("text", "PutBucketPolicy"),
        ("json", "PutBucketReplication"),
    ] {
        arm(operation, 1);
        let ran = world.s3ferry(&["apply", "-v", "--log-format", log, "--yes", "spec.yaml"]);
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        assert!(
            ran.err.contains("FORGED"),
            "{operation} was not met: {}",
            ran.said()
        );
        clean(operation, &ran.err);
        if log == "json" {
            all_json(&ran.err);
        }
        world.spec(&ORDERS.replace("x/", "y/"));
    }
}

#[test]
fn a_path_in_a_plan_file_forges_no_line() {
    let world = world(ORDERS);
    world.expect(0, &SAVE);
    let path = world.folder().join("a.plan");
    let mut plan: Value = serde_json::from_str(&fs::read_to_string(&path).expect("it can be done"))
        .expect("it can be done");
    let files = plan["spec"]["files"]
        .as_array_mut()
        .expect("it can be done");
    files.push(json!({ "path": EVIL, "text": "" }));
    plan["accounts"][0]["caller"] = json!(EVIL);
    plan["migrations"][0]["source"] = json!(EVIL);
    plan["findings"][0]["message"] = json!(EVIL);
    plan["findings"][0]["address"] = json!(EVIL);
    plan["changes"][0]["address"] = json!(EVIL);
    fs::write(&path, plan.to_string()).expect("it can be done");
    for format in ["text", "markdown", "json"] {
        let shown = world.expect(0, &["show", "--format", format, "a.plan"]);
        clean(format, &shown.out);
    }
    let stale = world.s3ferry(&["apply", "a.plan"]);
    assert_ne!(stale.code, Some(0));
    clean("apply", &stale.err);
}

fn all_json(text: &str) {
    // Readers of logs end lines at these, too.
    for line in text.split([
        '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}',
    ]) {
        let is_json = line.is_empty() || serde_json::from_str::<Value>(line).is_ok();
        assert!(is_json, "{line:?}");
    }
}

#[test]
fn every_line_of_a_log_for_programs_is_json() {
    let world = world(ORDERS);
    let json = ["--log-format", "json"];
    let run = |arguments: &[&str]| {
        let ran = world.s3ferry(&[&json[..], arguments].concat());
        all_json(&ran.err);
        ran
    };
    run(&["plan", "--no-such-flag"]);
    run(&["plan", "absent.yaml"]);
    run(&["apply", "spec.yaml"]);
    run(&["plan", "spec.yaml", "--out", "a.plan", "-v"]);
    run(&["apply", "a.plan", "-v"]);
    run(&["apply", "a.plan"]);
    let hostile = world.folder().join("hostile.yaml");
    fs::write(
        &hostile,
        format!("version: 1\n\"{}\": 1\n", EVIL.escape_default()),
    )
    .expect("it can be done");
    run(&["validate", "hostile.yaml"]);
}

#[test]
fn a_diagnostic_does_not_repeat_a_value_of_a_megabyte() {
    let world = world(ORDERS);
    let long = "x".repeat(900_000);
    for text in [
        format!("version: 1\nname: {long}\n"),
        format!("version: 1\n{long}: 1\n"),
        format!("version: 1\naccounts: {{ a: {{ id: {long}, region: {long} }} }}\n"),
        format!("version: {long}\n"),
    ] {
        fs::write(world.folder().join("long.yaml"), text).expect("it can be done");
        for log in ["text", "json"] {
            let ran = world.expect(65, &["validate", "--log-format", log, "long.yaml"]);
            assert!(ran.err.len() < 40_000, "{} bytes", ran.err.len());
        }
    }
}

// Secrets.

const PLANTED: [&str; 6] = [
    "planted-secret-key",
    "planted-session-token",
    "planted-oidc-token",
    "planted-url-password",
    "planted-stderr-of-a-process",
    "planted-external-id",
];

/// Nothing printed and no file that was written holds one of them.
fn no_secrets(world: &World, what: &str, ran: &Ran) {
    for secret in PLANTED {
        for text in [&ran.out, &ran.err] {
            assert!(!text.contains(secret), "{what}: {secret} in {}", ran.said());
        }
        for file in files(world.folder()) {
            let name = file
                .file_name()
                .expect("it can be done")
                .to_string_lossy()
                .into_owned();
            if ["spec.yaml", "token", "config"].contains(&name.as_str()) {
                continue;
            }
            let content = fs::read(&file).expect("it can be done");
            let text = String::from_utf8_lossy(&content);
            assert!(
                !text.contains(secret),
                "{what}: {secret} in {}",
                file.display()
            );
        }
    }
}

#[test]
fn no_secret_is_printed_or_kept() {
    let world = world(ORDERS);
    let spec = fs::read_to_string(world.folder().join("spec.yaml")).expect("it can be done");
    let with_id = spec.replacen(
        "role/sandbox\" }",
        "role/sandbox\", external_id: planted-external-id }",
        1,
    );
    assert_ne!(with_id, spec);
    fs::write(world.folder().join("spec.yaml"), &with_id).expect("it can be done");
    for arguments in [
        &["plan", "-v", "--out", "a.plan", "--full", "spec.yaml"][..],
        &["show", "--format", "json", "a.plan"],
        &["apply", "-v", "a.plan"],
        &["plan", "--format", "json", "spec.yaml"],
    ] {
        let ran = world.expect(0, arguments);
        no_secrets(&world, &arguments.join(" "), &ran);
    }
    // AWS repeats a secret in its refusal.
    world.sandbox().switches().fail(Fault {
        service: "s3".to_owned(),
        operation: "GetBucketVersioning".to_owned(),
        nth: 0,
        kind: FaultKind::ErrorBefore {
            status: 403,
            code: "AccessDenied".to_owned(),
            message: "planted-external-id is not allowed".to_owned(),
        },
    });
    let ran = world.s3ferry(&["plan", "-v", "spec.yaml"]);
    assert!(
        ran.err.contains("(secret) is not allowed"),
        "{}",
        ran.said()
    );
    no_secrets(&world, "a refusal", &ran);
    world.sandbox().switches().clear_faults();

    let token = world.folder().join("token");
    fs::write(&token, "planted-oidc-token\n").expect("it can be done");
    let config = world.folder().join("config");
    let process =
        "/bin/sh -c \"echo planted-stderr-of-a-process >&2; echo planted-secret-key; exit 3\"";
    fs::write(
        &config,
        format!("[profile p]\ncredential_process = {process}\n"),
    )
    .expect("it can be done");
    let run = |variables: &[(&str, &str)]| {
        let none: Vec<(String, String)> = Vec::new();
        let mut command = command(world.folder(), none, &["plan", "-v", "spec.yaml"]);
        command.envs(variables.iter().copied());
        let ran = Ran::from(command.output().expect("the program starts"));
        assert_ne!(ran.code, Some(0), "{}", ran.said());
        no_secrets(&world, &format!("{variables:?}"), &ran);
    };
    let (token, config) = (
        token.to_str().expect("it can be done"),
        config.to_str().expect("it can be done"),
    );
    let web = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token),
        ("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/ci"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "planted-secret-key"),
        ("AWS_SESSION_TOKEN", "planted-session-token"),
    ];
    for url in [
        "http://",
        "localhost:4599",
        "http://user:planted-url-password@",
        "user:planted-url-password@host",
        "http://[::1",
        "https://sts.example com",
        "http://user:planted-url-password@[::1",
    ] {
        for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"] {
            run(&[&web[..], &[(variable, url)]].concat());
            run(&[&keys[..], &[(variable, url)]].concat());
        }
    }
    let refused = "http://user:planted-url-password@127.0.0.1:1/";
    run(&[&keys[..], &[("AWS_ENDPOINT_URL", refused)]].concat());
    let of_profile = spec.replacen(
        "assume_role: { arn: \"arn:aws:iam::111111111111:role/sandbox\" }",
        "profile: p",
        1,
    );
    assert_ne!(of_profile, spec);
    fs::write(world.folder().join("spec.yaml"), of_profile).expect("it can be done");
    run(&[
        ("AWS_CONFIG_FILE", config),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ]);
}

// The sandbox as a server.

struct Served {
    child: std::process::Child,
    environment: Vec<(String, String)>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        use std::io::BufRead as _;
        let mut child = Command::new(program::path())
            .args(["sandbox", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_remove("S3FERRY_SANDBOX_CONTROL")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let lines = std::io::BufReader::new(child.stdout.take().expect("it can be done")).lines();
        let exports = lines.map_while(Result::ok);
        let pairs = exports.filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        // The last of them is printed with the others, at once.
        let mut environment = Vec::new();
        for pair in pairs {
            let last = pair.0 == "S3FERRY_SANDBOX_TOKEN"
                || arguments.contains(&"open") && pair.0 == "AWS_DEFAULT_REGION";
            environment.push(pair);
            if last {
                break;
            }
        }
        Self { child, environment }
    }

    fn variable(&self, name: &str) -> &str {
        let found = self.environment.iter().find(|(of, _)| of == name);
        found.map_or("", |(_, value)| value)
    }

    /// Sends a request and gives its status and text.
    fn ask(&self, request: &str, headers: &[&str], body: &str) -> (u16, String) {
        let address = self
            .variable("AWS_ENDPOINT_URL")
            .strip_prefix("http://")
            .expect("it can be done");
        let mut stream = TcpStream::connect(address).expect("it can be done");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("it can be done");
        let host = if headers.iter().any(|header| header.starts_with("Host:")) {
            String::new()
        } else {
            format!("Host: {address}\r\n")
        };
        let headers: String = headers
            .iter()
            .map(|header| format!("{header}\r\n"))
            .collect();
        let text = format!(
            "{request} HTTP/1.1\r\n{host}{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).expect("it can be done");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("it can be done");
        let status = reply
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        (status.unwrap_or(0), reply)
    }
}

#[test]
fn a_page_of_a_browser_cannot_drive_the_sandbox() {
    let served = Served::start(&[]);
    let authorization = format!(
        "Authorization: Bearer {}",
        served.variable("S3FERRY_SANDBOX_TOKEN")
    );
    let (token, json) = (authorization.as_str(), "Content-Type: application/json");
    let origin = "Origin: https://evil.example";
    let clock = "{\"advance_ms\":1}";
    let post = |headers: &[&str]| served.ask("POST /_sandbox/clock", headers, clock).0;
    assert_eq!(post(&[token, json]), 200);
    assert_eq!(post(&[json]), 401);
    assert_eq!(post(&[origin, "Content-Type: text/plain"]), 403);
    assert_eq!(post(&[origin, token, json]), 403);
    assert_eq!(post(&[token, "Content-Type: text/plain"]), 415);
    assert_eq!(post(&[token, json, "Host: evil.example:4777"]), 403);
    for what in ["environment", "snapshot", "calls", "switches"] {
        let request = format!("GET /_sandbox/{what}");
        assert_eq!(served.ask(&request, &[], "").0, 401, "{what}");
        assert_eq!(served.ask(&request, &[token], "").0, 200, "{what}");
        let (status, text) = served.ask(&request, &[token, "Host: evil.example"], "");
        assert_eq!(status, 403, "{what}");
        assert!(
            !text.contains(served.variable("AWS_SECRET_ACCESS_KEY")),
            "{text}"
        );
    }
    assert_eq!(served.ask("GET /", &["Host: evil.example"], "").0, 403);
    let (status, text) = served.ask(
        "OPTIONS /_sandbox/switches",
        &[origin, "Access-Control-Request-Method: PUT"],
        "",
    );
    assert!(
        status >= 400 && !text.to_lowercase().contains("access-control-allow"),
        "{text}"
    );
}

#[test]
fn an_open_control_endpoint_is_still_closed_to_pages() {
    let served = Served::start(&["--control", "open"]);
    let clock = "{\"advance_ms\":1}";
    assert_eq!(served.ask("POST /_sandbox/clock", &[], clock).0, 200);
    let origin = "Origin: https://evil.example";
    assert_eq!(served.ask("POST /_sandbox/clock", &[origin], clock).0, 403);
    assert_eq!(
        served
            .ask("GET /_sandbox/snapshot", &["Host: evil.example"], "")
            .0,
        403
    );
}

#[test]
fn the_sandbox_survives_huge_clocks_and_delays() {
    let world = world(ORDERS);
    let served = Served::start(&["--control", "open"]);
    let most = u64::MAX;
    for _ in 0..2 {
        let clock = format!("{{\"advance_ms\":{most}}}");
        assert_eq!(served.ask("POST /_sandbox/clock", &[], &clock).0, 200);
    }
    let delays = format!(
        "{{\"propagation_delay_ms\":{most},\"replication_delay_ms\":{most},\"stale_reads_ms\":{most}}}"
    );
    assert_eq!(served.ask("PUT /_sandbox/switches", &[], &delays).0, 200);
    // Every service still answers, whatever it says.
    let arguments = ["plan", "spec.yaml"];
    let ran = Ran::from(
        command(world.folder(), served.environment.clone(), &arguments)
            .output()
            .expect("it can be done"),
    );
    assert_eq!(ran.code, Some(4), "{}", ran.said());
    assert_eq!(served.ask("PUT /_sandbox/switches", &[], "{}").0, 200);
    let (status, snapshot) = served.ask("GET /_sandbox/snapshot", &[], "");
    assert!(status == 200 && snapshot.contains("\"s3\""), "{snapshot}");
}

#[test]
fn another_address_is_warned_of_and_a_bad_seed_opens_no_port() {
    let world = world(ORDERS);
    fs::write(world.folder().join("seed.json"), "{").expect("it can be done");
    // Nobody listens there before the seed is in, so that whoever finds the port open finds what was asked for.
    let bad = world.expect(
        64,
        &["sandbox", "--listen", "0.0.0.0:0", "--seed", "seed.json"],
    );
    assert!(!bad.out.contains("export"), "{}", bad.said());
    let mut child = world
        .command(&["sandbox", "--listen", "0.0.0.0:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be done");
    let mut said = String::new();
    {
        use std::io::BufRead as _;
        let mut lines = std::io::BufReader::new(child.stderr.take().expect("it can be done"));
        lines.read_line(&mut said).expect("it can be done");
    }
    let _gone = child.kill();
    let _gone = child.wait();
    assert!(
        said.starts_with("warning: the sandbox listens on 0.0.0.0:0"),
        "{said}"
    );
}
