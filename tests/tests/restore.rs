//! What an apply wrote over is given back by the command that it, or a list, says.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3ferry_sandbox::{FaultKind, Hook};
use s3ferry_tests::world::{ACCOUNTS, DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const ORDERS: &str = "  orders:
    phase: prepare
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: lake }
    rules: [ { id: all, prefix: \"\", delete_markers: keep } ]
    monitoring: { none: a test }
    guards: { max_deletes: 9 }
";
const NOTHING: &str = "  {}\ndefaults: { guards: { max_deletes: 9 } }\n";
const POLICY: &str = "archive/bucket/lake/policy";

fn statement(sid: &str) -> Value {
    json!({ "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::lake" })
}

fn policy(sids: &[&str]) -> String {
    let statements: Vec<Value> = sids.iter().map(|sid| statement(sid)).collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// A source and a bucket of others that share it, with a statement of theirs.
fn world() -> World {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" });
    let buckets = [bucket("orders-prod", SOURCE), bucket("lake", DESTINATION)];
    let world = World::new(ORDERS).with(&json!({ "buckets": buckets }));
    put(&world, &["Base"]);
    world.sandbox().clock().advance(Duration::from_secs(60));
    world
}

fn put(world: &World, sids: &[&str]) {
    world.destination().put("lake", "policy", &policy(sids));
}

/// The statements of the bucket's policy, by Sid.
fn live(world: &World) -> Vec<(String, Value)> {
    let text = world.buckets("/lake/configuration/policy");
    let policy: Value = serde_json::from_str(text.as_str().unwrap_or("{}")).unwrap_or_default();
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    let named = |of: Value| (of["Sid"].as_str().unwrap_or_default().to_owned(), of);
    statements.into_iter().map(named).collect()
}

fn sids(world: &World) -> Vec<String> {
    live(world).into_iter().map(|(sid, _)| sid).collect()
}

fn has_ours(world: &World) -> bool {
    sids(world).iter().any(|sid| sid.starts_with("S3Ferry"))
}

/// The runs of the ledger, oldest first; those of one second are told apart by when their journals were written.
fn runs(world: &World) -> Vec<String> {
    let runs = fs::read_dir(world.folder().join("ledger/runs")).expect("there are runs");
    let mut paths: Vec<PathBuf> = runs.map(|run| run.expect("it is listed").path()).collect();
    paths.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    let name = |path: PathBuf| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    paths.into_iter().filter_map(name).collect()
}

fn last_run(world: &World) -> String {
    runs(world).pop().expect("there is a run")
}

fn restore(world: &World, code: i32, arguments: &[&str]) -> Ran {
    let run = last_run(world);
    let all = [&["restore", run.as_str(), "spec.yaml"], arguments].concat();
    world.expect(code, &all)
}

/// Runs the command at the end of a line that has these words, as it stands there, without its question.
fn follow(world: &World, said: &str, words: &str) -> Ran {
    let line = said.lines().find(|line| line.contains(words));
    let line = line.unwrap_or_else(|| panic!("{words:?} is not said:\n{said}"));
    let (_, command) = line.split_once("s3ferry ").expect("it says a command");
    let mut arguments: Vec<&str> = command.split_whitespace().collect();
    if arguments.contains(&"--document") {
        let asked = world.s3ferry(&arguments);
        assert_eq!(asked.code, Some(64), "nobody can answer: {}", asked.said());
        arguments.push("--yes");
    }
    world.expect(0, &arguments)
}

/// Has somebody write the policy right before our write of it is done, and their text answered right after.
fn edit_in_the_window(world: &World, theirs: &'static [&'static str]) {
    let switches = world.sandbox().switches();
    switches.stale_reads(Duration::from_secs(8));
    let (client, clock) = (
        Arc::new(world.destination()),
        world.sandbox().clock().clone(),
    );
    let (writes, reads) = (AtomicU32::new(0), AtomicU32::new(0));
    switches.on_call(move |call| match call.operation.as_str() {
        "PutBucketPolicy" if writes.fetch_add(1, Ordering::SeqCst) == 0 => {
            let (client, clock) = (Arc::clone(&client), clock.clone());
            Hook::First(Box::pin(async move {
                let edit = move || client.put("lake", "policy", &policy(theirs));
                tokio::task::spawn_blocking(edit).await.expect("it is done");
                clock.advance(Duration::from_secs(10));
            }))
        }
        // Of two reads in a row one is of an age that shows theirs.
        "GetBucketPolicy" if writes.load(Ordering::SeqCst) > 0 => {
            if reads.fetch_add(1, Ordering::SeqCst) == 2 {
                clock.advance(Duration::from_secs(60));
            }
            Hook::Continue
        }
        _ => Hook::Continue,
    });
}

fn calm(world: &World) {
    world.sandbox().switches().clear_faults();
    world.sandbox().switches().stale_reads(Duration::ZERO);
}

#[test]
fn an_edit_in_the_window_is_given_back_by_what_the_apply_says() {
    let world = world();
    edit_in_the_window(&world, &["Base", "Theirs"]);
    let ran = world.expect(0, &["apply", "--yes", "spec.yaml"]);
    calm(&world);
    assert!(
        !sids(&world).contains(&"Theirs".to_owned()),
        "it is lost: {}",
        ran.said()
    );

    follow(&world, &ran.err, "an edit of somebody else");
    let live = live(&world);
    for sid in ["Base", "Theirs"] {
        assert!(
            live.contains(&(sid.to_owned(), statement(sid))),
            "{live:#?}"
        );
    }
    // Ours stands beside it: nothing stops replicating because somebody's words are given back.
    assert!(has_ours(&world));
    world.must_be_settled();
}

#[test]
fn a_statement_that_somebody_took_away_in_the_window_goes_again() {
    let world = world();
    put(&world, &["Base", "Old"]);
    world.sandbox().clock().advance(Duration::from_secs(60));
    edit_in_the_window(&world, &["Base"]);
    let ran = world.expect(0, &["apply", "--yes", "spec.yaml"]);
    calm(&world);
    assert!(
        sids(&world).contains(&"Old".to_owned()),
        "it is back: {}",
        ran.said()
    );
    follow(&world, &ran.err, "an edit of somebody else");
    assert!(!sids(&world).contains(&"Old".to_owned()));
    assert!(has_ours(&world));
}

#[test]
fn what_was_there_before_is_listed_and_given_back_and_that_can_be_taken_back() {
    let world = world();
    world.converge();
    let after = live(&world);
    let listed = restore(&world, 0, &[]);
    for said in [
        POLICY,
        "as the run left it",
        "bucket policy of 1 item",
        "sha256:",
    ] {
        assert!(listed.out.contains(said), "{said}: {}", listed.said());
    }
    assert_eq!(sids(&world).len(), 2, "a list changes nothing");

    let give = format!("--document {POLICY}");
    let ran = follow(&world, &listed.out, &give);
    assert!(ran.out.contains("found it so"), "{}", ran.said());
    assert_eq!(live(&world), [("Base".to_owned(), statement("Base"))]);

    // A restore is a run.
    let listed = restore(&world, 0, &[]);
    follow(&world, &listed.out, &give);
    assert_eq!(live(&world), after);
    world.must_be_settled();
}

#[test]
fn what_was_changed_since_is_left_unless_it_is_named() {
    let world = world();
    world.converge();
    put(&world, &["Later"]);
    let listed = restore(&world, 0, &[]);
    assert!(
        listed.out.contains("changed since the run"),
        "{}",
        listed.said()
    );

    let ran = restore(&world, 5, &["--all", "--yes"]);
    assert!(
        ran.err.contains(&format!("{POLICY} was changed since")),
        "{}",
        ran.said()
    );
    assert_eq!(sids(&world), ["Later"]);
    let first = runs(&world).remove(0);
    let all = ["restore", &first, "spec.yaml", "--all", "--yes"];
    // What is left to do is nothing but that.
    world.expect(3, &all);
    assert_eq!(sids(&world), ["Later"]);
    world.expect(
        0,
        &[
            "restore",
            &first,
            "spec.yaml",
            "--document",
            POLICY,
            "--yes",
        ],
    );
    assert_eq!(sids(&world), ["Base"]);
    // And what that went over is kept in its turn.
    let ran = restore(&world, 0, &["--document", POLICY, "--yes"]);
    assert_eq!(sids(&world), ["Later"], "{}", ran.said());
}

#[test]
fn a_removal_is_taken_back_whole_in_the_order_of_a_plan() {
    let world = world();
    world.spec(
        &ORDERS
            .replace("prepare", "replicate")
            .replace("monitoring", "canary: { skip: a test }\n    monitoring"),
    );
    world.converge();
    // As S3 answers it: what is stored names the role by its unique ID, and it is another one afterwards.
    let answered = || {
        let policy = world.destination().get("lake", "policy");
        let rules = world.source().get("orders-prod", "replication");
        (policy.expect_ok().body, rules.expect_ok().body)
    };
    let before = answered();
    world.spec(NOTHING);
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert!(!has_ours(&world));
    let ran = restore(&world, 0, &["--all", "--yes"]);
    assert!(ran.err.contains("another principal"), "{}", ran.said());
    assert_eq!(answered(), before);
    world.spec(
        &ORDERS
            .replace("prepare", "replicate")
            .replace("monitoring", "canary: { skip: a test }\n    monitoring"),
    );
    world.must_be_settled();
}

#[test]
fn what_can_never_come_back_says_what_can_be_done() {
    let world = world();
    world.spec(&ORDERS.replace("bucket: lake", "bucket: made, create: true"));
    world.converge();
    for (document, way_out) in [
        ("archive/bucket/made", "aws s3api delete-bucket"),
        ("archive/bucket/made/versioning", "leave it"),
    ] {
        let ran = restore(&world, 4, &["--document", document, "--yes"]);
        assert!(ran.err.contains(way_out), "{}", ran.said());
    }
    assert_eq!(runs(&world).len(), 1, "nothing was run");
}

#[test]
fn a_run_that_was_killed_before_it_wrote_left_what_was_there() {
    let world = world();
    let program: Arc<Mutex<Option<Child>>> = Arc::default();
    let victim = Arc::clone(&program);
    world.sandbox().switches().on_call(move |call| {
        if call.operation != "PutBucketPolicy" {
            return Hook::Continue;
        }
        if let Some(child) = victim.lock().expect("nobody panics").as_mut() {
            let _may_be_dead_already = child.kill();
        }
        Hook::Fail(FaultKind::DropBefore)
    });
    {
        let mut slot = program.lock().expect("nobody panics");
        let mut command = world.command(&["apply", "--yes", "spec.yaml"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        *slot = Some(command.spawn().expect("the program starts"));
    }
    loop {
        let mut slot = program.lock().expect("nobody panics");
        let child = slot.as_mut().expect("it was started");
        if child.try_wait().expect("it can be waited for").is_some() {
            break;
        }
        drop(slot);
        std::thread::sleep(Duration::from_millis(5));
    }
    calm(&world);
    let listed = restore(&world, 0, &[]);
    assert!(
        listed.out.contains("as before the run"),
        "{}",
        listed.said()
    );
    let ran = restore(&world, 0, &["--document", POLICY, "--yes"]);
    assert!(ran.err.contains("it is there already"), "{}", ran.said());
    assert_eq!(sids(&world), ["Base"]);
    world.converge();
}

/// The files of kept documents.
fn documents(world: &World) -> Vec<PathBuf> {
    let files = fs::read_dir(world.folder().join("ledger/documents")).expect("there are some");
    let files = files.map(|file| file.expect("it is listed").path());
    files.filter(|path| path.extension().is_some()).collect()
}

#[test]
fn documents_that_were_changed_or_lead_elsewhere_are_refused() {
    let world = world();
    world.converge();
    let whole: Vec<(PathBuf, String)> = documents(&world)
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).expect("it is text")))
        .collect();
    let (path, text) = whole
        .iter()
        .find(|(_, text)| text.contains("Base"))
        .expect("it is kept");
    let before = live(&world);
    let refused = |why: &str| {
        let ran = restore(&world, 1, &["--document", POLICY, "--yes"]);
        assert!(ran.err.contains(why), "{}", ran.said());
        let listed = restore(&world, 0, &[]);
        assert!(listed.out.contains("cannot be had"), "{}", listed.said());
        assert_eq!(live(&world), before);
    };
    fs::write(path, text.replace("DeleteBucket", "GetBucketPolicy")).expect("it is written");
    refused("does not match its name");
    let theirs = world.folder().join("theirs.json");
    fs::write(&theirs, text).expect("it is written");
    fs::remove_file(path).expect("it is removed");
    symlink(&theirs, path).expect("it is linked");
    refused("symbolic link");
    fs::remove_file(path).expect("it is removed");
    refused("cannot be read");
    assert_eq!(runs(&world).len(), 1, "nothing was run");
}

#[test]
fn a_ledger_whose_documents_lead_elsewhere_is_not_written_to_and_nothing_is_written_over() {
    let world = world();
    let elsewhere = world.folder().join("elsewhere");
    fs::create_dir_all(world.folder().join("ledger")).expect("it is made");
    fs::create_dir_all(&elsewhere).expect("it is made");
    symlink(&elsewhere, world.folder().join("ledger/documents")).expect("it is linked");
    let ran = world.s3ferry(&["apply", "--yes", "spec.yaml"]);
    assert_eq!(ran.code, Some(5), "{}", ran.said());
    assert!(ran.err.contains("not written over"), "{}", ran.said());
    assert_eq!(sids(&world), ["Base"]);
    assert_eq!(fs::read_dir(&elsewhere).expect("it is there").count(), 0);
}

#[test]
fn runs_and_documents_that_are_not_there_are_told_with_those_that_are() {
    let world = world();
    world.converge();
    let run = last_run(&world);
    for wrong in ["20200101T000000Z-1", "../runs/x", ""] {
        let ran = world.expect(64, &["restore", wrong, "spec.yaml"]);
        assert!(ran.err.contains(&run), "{}", ran.said());
    }
    for wrong in [
        "archive/bucket/other/policy",
        "x",
        &format!("{POLICY}@sha256:0000000000000"),
    ] {
        let ran = restore(&world, 64, &["--document", wrong, "--yes"]);
        assert!(
            ran.err.contains(&format!("s3ferry restore {run}")),
            "{}",
            ran.said()
        );
    }
    restore(&world, 64, &["--yes"]);
    restore(&world, 64, &["--all"]);
}

#[test]
fn a_document_of_an_account_that_the_specs_do_not_have_is_out_of_reach() {
    let world = world();
    world.converge();
    let accounts: String = ACCOUNTS
        .lines()
        .filter(|line| !line.contains("archive:"))
        .map(|line| format!("{line}\n"))
        .collect();
    // The name is another account's here: a name alone leads nowhere.
    let accounts = accounts.replace("migrations:", "  archive: { id: \"111111111111\", region: eu-central-1, assume_role: { arn: \"arn:aws:iam::111111111111:role/sandbox\" } }\nmigrations:");
    fs::write(
        world.folder().join("other.yaml"),
        format!("{accounts}{NOTHING}"),
    )
    .expect("it is written");
    let run = last_run(&world);
    let arguments = ["restore", &run, "other.yaml", "--document", POLICY, "--yes"];
    let ran = world.expect(64, &arguments);
    assert!(ran.err.contains("account 222222222222"), "{}", ran.said());
    let listed = world.expect(0, &["restore", &run, "other.yaml"]);
    assert!(listed.out.contains("not reached"), "{}", listed.said());
    assert!(has_ours(&world));
}

#[test]
fn a_journal_of_an_earlier_version_says_that_it_kept_nothing() {
    let world = world();
    world.converge();
    let path = world
        .folder()
        .join(format!("ledger/runs/{}.jsonl", last_run(&world)));
    let text = fs::read_to_string(&path).expect("it is text");
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).expect("it is JSON");
        if let Some(header) = line.as_object_mut().filter(|of| of.contains_key("format")) {
            header.insert("format".to_owned(), json!("1.2"));
            header.remove("accounts");
        }
        if let Some(what) = line["what"].as_object_mut() {
            what.remove("before");
        }
        format!("{line}\n")
    });
    let old: String = lines.collect();
    fs::write(&path, old).expect("it is written");
    let ran = restore(&world, 1, &[]);
    assert!(ran.err.contains("format 1.2"), "{}", ran.said());
    world.must_be_settled();
}

const REPLICATION: &str = "prod/bucket/orders-prod/replication";

/// A migration at work, with a rule for each prefix.
fn replicating(prefixes: &[&str]) -> String {
    let rule = |of: &&str| format!("{{ id: {of}, prefix: {of}/, delete_markers: keep }}");
    let rules: Vec<String> = prefixes.iter().map(rule).collect();
    ORDERS
        .replace("prepare", "replicate")
        .replace("monitoring", "canary: { skip: a test }\n    monitoring")
        .replace(
            r#"{ id: all, prefix: "", delete_markers: keep }"#,
            &rules.join(", "),
        )
}

/// The rules as S3 answers them; nothing where there are none.
fn rules(world: &World) -> String {
    world.source().get("orders-prod", "replication").body
}

fn roles(world: &World) -> Value {
    world.sandbox().snapshot()["iam"].clone()
}

/// Somebody puts a rule of theirs beside ours, which writes its replicas on what ours are granted.
fn put_their_rule(world: &World) {
    let theirs = "<Rule><ID>theirs</ID><Priority>500</Priority><Filter><Prefix>x/logs/</Prefix></Filter><Status>Enabled</Status>\
         <Destination><Bucket>arn:aws:s3:::lake</Bucket><StorageClass>STANDARD_IA</StorageClass></Destination>\
         <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule></ReplicationConfiguration>";
    let with = rules(world).replace("</ReplicationConfiguration>", theirs);
    world.source().put("orders-prod", "replication", &with);
}

#[test]
fn nothing_is_taken_from_under_rules_that_stay() {
    let world = world();
    world.spec(&replicating(&["x"]));
    world.converge();
    put_their_rule(&world);
    let before = (live(&world), rules(&world), roles(&world));
    let same = || assert_eq!((live(&world), rules(&world), roles(&world)), before);

    let ran = restore(&world, 3, &["--all", "--yes"]);
    assert!(
        ran.err
            .contains("which stays, would lose the role that it runs under"),
        "{}",
        ran.said()
    );
    same();
    let ran = restore(&world, 4, &["--document", POLICY, "--yes"]);
    same();
    let both = format!("--document {POLICY} --document {REPLICATION}");
    assert!(
        ran.err.contains(&both)
            || ran
                .err
                .contains(&format!("--document {REPLICATION} --document {POLICY}")),
        "{}",
        ran.said()
    );
    let ran = follow(&world, &ran.err, "name it as well");
    assert!(
        !has_ours(&world) && !rules(&world).contains("theirs"),
        "{}",
        ran.said()
    );
}

#[test]
fn a_later_runs_rules_keep_what_an_earlier_run_made_for_them() {
    let world = world();
    world.spec(&replicating(&["x"]));
    world.converge();
    let first = last_run(&world);
    world.spec(&replicating(&["x", "y"]));
    world.converge();
    let before = (live(&world), rules(&world), roles(&world));
    let ran = world.expect(3, &["restore", &first, "spec.yaml", "--all", "--yes"]);
    assert!(
        ran.err
            .contains("role/s3ferry-orders-prod is left: the rule"),
        "{}",
        ran.said()
    );
    assert_eq!((live(&world), rules(&world), roles(&world)), before);
}

#[test]
fn rules_do_not_come_back_where_their_grants_are_left() {
    let world = world();
    world.spec(&replicating(&["x"]));
    world.converge();
    world.spec(NOTHING);
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    put(&world, &["Base", "Since"]);
    let ran = restore(&world, 5, &["--all", "--yes"]);
    assert!(
        ran.err
            .contains(&format!("{REPLICATION} is left: the rule")),
        "{}",
        ran.said()
    );
    assert!(!rules(&world).contains("<Rule>"), "{}", rules(&world));
    assert_eq!(sids(&world), ["Base", "Since"]);
}

#[test]
fn a_rule_comes_back_with_its_grants_or_not_at_all() {
    let world = world();
    world.spec(&replicating(&["x", "y"]));
    world.converge();
    let whole = (live(&world), rules(&world));
    world.spec(&replicating(&["x"]));
    world.converge();
    let run = last_run(&world);
    let ran = restore(&world, 4, &["--document", REPLICATION, "--yes"]);
    assert_eq!(last_run(&world), run, "nothing was run");
    follow(&world, &ran.err, "name it as well");
    assert_eq!((live(&world), rules(&world)), whole);
}

#[test]
fn an_edit_that_the_last_read_showed_beside_ours_is_not_the_runs() {
    let world = world();
    let client = Arc::new(world.destination());
    let (wrote, edited) = (AtomicU32::new(0), AtomicU32::new(0));
    world.sandbox().switches().on_call(move |call| {
        if call.operation == "PutBucketPolicy" {
            wrote.fetch_add(1, Ordering::SeqCst);
        }
        let is_next = call.operation == "GetBucketPolicy" && wrote.load(Ordering::SeqCst) > 0;
        if !is_next || edited.fetch_add(1, Ordering::SeqCst) > 0 {
            return Hook::Continue;
        }
        let client = Arc::clone(&client);
        Hook::First(Box::pin(async move {
            let edit = move || {
                let live = client.get("lake", "policy").expect_ok().body;
                let mut live: Value = serde_json::from_str(&live).expect("it is JSON");
                let statements = live["Statement"].as_array_mut().expect("there are some");
                statements.push(statement("Theirs"));
                client.put("lake", "policy", &live.to_string());
            };
            tokio::task::spawn_blocking(edit).await.expect("it is done");
        }))
    });
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    calm(&world);
    let with = sids(&world);
    assert!(with.contains(&"Theirs".to_owned()), "{with:?}");
    let listed = restore(&world, 0, &[]);
    assert!(
        listed
            .out
            .contains("changed since the run began: bucket policy of 3 items"),
        "{}",
        listed.said()
    );
    let ran = restore(&world, 5, &["--all", "--yes"]);
    assert_eq!(sids(&world), with, "{}", ran.said());
    // Nor does the role go that the policy names.
    let role = "prod/role/s3ferry-orders-prod is left";
    assert!(ran.err.contains(role), "{}", ran.said());
    assert!(roles(&world).to_string().contains("s3ferry-orders-prod"));
}

fn journal_of(world: &World, run: &str) -> PathBuf {
    world.folder().join(format!("ledger/runs/{run}.jsonl"))
}

#[test]
fn a_journal_that_does_not_tell_all_is_not_given_back_as_whole() {
    let world = world();
    world.converge();
    let text = fs::read_to_string(journal_of(&world, &last_run(&world))).expect("it is text");
    let place = text
        .find(r#"{"step":"archive/bucket/lake/policy""#)
        .or_else(|| text.find("archive/bucket/lake/policy"));
    let torn = &text[..place.expect("it was written")];
    let newer: String = text
        .replace(r#""format":"1.5""#, r#""format":"1.9""#)
        .lines()
        .map(
            |line| match line.contains("writing") && line.contains("lake/policy") {
                true => line.replace("writing", "scribbling") + "\n",
                false => line.to_owned() + "\n",
            },
        )
        .collect();
    for (run, text, said) in [
        ("torn", torn, "ends within a line"),
        ("newer", newer.as_str(), "1 line of a newer version"),
    ] {
        fs::write(journal_of(&world, run), text).expect("it is written");
        let listed = world.expect(0, &["restore", run, "spec.yaml"]);
        assert!(listed.err.contains(said), "{}", listed.said());
        let ran = world.s3ferry(&["restore", run, "spec.yaml", "--all", "--yes"]);
        assert!(ran.err.contains(said), "{}", ran.said());
        assert!(matches!(ran.code, Some(3 | 5)), "{}", ran.said());
        assert!(has_ours(&world));
    }
}

#[test]
fn a_forged_journal_reaches_nothing_that_is_not_the_specs() {
    let world = world();
    world.converge();
    let theirs = policy(&["Theirs"]).replace(":::lake", ":::orders-prod");
    world.source().put("orders-prod", "policy", &theirs);
    let before = (
        roles(&world),
        world.source().get("orders-prod", "policy").body,
    );
    let text = fs::read_to_string(journal_of(&world, &last_run(&world))).expect("it is text");
    let mut lines = text.lines();
    let header = lines.next().expect("there is a header");
    let writing = lines
        .find(|line| line.contains("\"writing\""))
        .expect("it wrote");
    let other = documents(&world).into_iter().find(|path| {
        let text = fs::read_to_string(path).expect("it is text");
        text.contains("Base")
    });
    let other = other.and_then(|path| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    });
    let forged = |step: &str, kept: &str| {
        let mut line: Value = serde_json::from_str(writing).expect("it is JSON");
        line["what"]["step"] = json!(step);
        line["what"]["before"] = json!(kept);
        fs::write(journal_of(&world, "forged"), format!("{header}\n{line}\n"))
            .expect("it is written");
        let ran = world.s3ferry(&[
            "restore",
            "forged",
            "spec.yaml",
            "--document",
            step,
            "--yes",
        ]);
        assert_eq!(
            (
                roles(&world),
                world.source().get("orders-prod", "policy").body
            ),
            before
        );
        ran
    };
    for step in ["prod/role/sandbox", "prod/bucket/orders-prod/policy"] {
        let ran = forged(step, "absent");
        assert_eq!(ran.code, Some(4), "{}", ran.said());
        assert!(
            ran.err.contains("nothing there carries its mark"),
            "{}",
            ran.said()
        );
    }
    let other = other.expect("the policy is kept");
    let ran = forged("prod/role/s3ferry-orders-prod", &format!("sha256:{other}"));
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(ran.err.contains("which cannot be there"), "{}", ran.said());
}

/// A migration with a trail of its own at its source.
fn recorded() -> (World, String) {
    let trail = "    logging: { cloudtrail: { source: { trail: s3-data, bucket: prod-trail, prefix: ct } } }\n";
    let migration = format!("{ORDERS}{trail}");
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" });
    let buckets = [
        bucket("orders-prod", SOURCE),
        bucket("lake", DESTINATION),
        bucket("prod-trail", SOURCE),
    ];
    let world = World::new(&migration).with(&json!({ "buckets": buckets }));
    world.converge();
    (world, migration)
}

/// A trail as CloudTrail has it, without what it met.
fn trail(world: &World) -> Value {
    let arn = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/s3-data";
    let mut trail = world.sandbox().snapshot()["cloudtrail"][arn].clone();
    if let Some(fields) = trail.as_object_mut() {
        fields.retain(|name, _| !name.contains("since") && !name.contains("deliver"));
    }
    trail
}

const TRAIL: &str = "prod/trail/eu-west-1/s3-data";

#[test]
fn a_trail_that_a_run_deleted_comes_back_with_what_it_recorded() {
    let (world, migration) = recorded();
    let before = trail(&world);
    for left in [ORDERS, NOTHING] {
        world.spec(left);
        world.expect(0, &["apply", "--yes", "spec.yaml"]);
        assert_eq!(trail(&world), Value::Null);
        let ran = restore(&world, 0, &["--all", "--yes"]);
        assert_eq!(trail(&world), before, "{}", ran.said());
        // As it says, the next apply of this spec would take it away again.
        assert!(
            ran.err.contains("unless what asked for it is put back"),
            "{}",
            ran.said()
        );
        world.spec(&migration);
        world.must_be_settled();
    }
}

/// Follows the command at the end of the help until it does something; how many there were.
fn follow_to_the_end(world: &World, first: Ran) -> usize {
    let (mut ran, mut helps) = (first, Vec::new());
    while ran.code != Some(0) {
        let lines = ran.err.lines();
        let help = lines
            .filter(|line| line.contains("help: "))
            .find(|line| line.contains("s3ferry restore"));
        let help = help.unwrap_or_else(|| panic!("{}", ran.said())).to_owned();
        let (_, command) = help.split_once("s3ferry ").expect("a command");
        let arguments: Vec<&str> = command.split_whitespace().chain(["--yes"]).collect();
        ran = world.s3ferry(&arguments);
        helps.push(help);
        assert!(helps.len() < 5, "it leads round: {helps:#?}");
    }
    helps.len()
}

#[test]
fn what_a_trail_that_is_gone_recorded_comes_back_by_what_the_help_says() {
    let (world, migration) = recorded();
    let both = trail(&world);
    world.spec(&migration.replace("cloudtrail: {", "cloudtrail: { write_only: true,"));
    world.converge();
    let (before, changed) = (trail(&world), last_run(&world));
    assert_ne!(before, both);
    world.spec(NOTHING);
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    let selectors = format!("{TRAIL}/selectors");
    // With the trail, and with what lets it deliver.
    let first = restore(&world, 4, &["--document", &selectors, "--yes"]);
    assert_eq!(follow_to_the_end(&world, first), 2);
    assert_eq!(trail(&world), before);

    // A run that did not keep the trail names the one that did; then what it kept can be given back.
    restore(&world, 0, &["--all", "--yes"]);
    assert_eq!(trail(&world), Value::Null);
    let earlier = [
        "restore",
        changed.as_str(),
        "spec.yaml",
        "--yes",
        "--document",
        &selectors,
    ];
    let first = world.expect(4, &earlier);
    assert_eq!(follow_to_the_end(&world, first), 3);
    assert_eq!(trail(&world), before);
    world.expect(0, &earlier);
    assert_eq!(trail(&world), both);
}

#[test]
fn what_left_the_spec_and_carries_no_mark_comes_back_when_the_spec_has_it_again() {
    let (world, migration) = recorded();
    let made = last_run(&world);
    world.spec(NOTHING);
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    let selectors = format!("{TRAIL}/selectors");
    let restore = [
        "restore",
        made.as_str(),
        "spec.yaml",
        "--yes",
        "--document",
        &selectors,
    ];
    let ran = world.expect(4, &restore);
    assert!(
        ran.err.contains("put it back there and run this again"),
        "{}",
        ran.said()
    );
    world.spec(&migration);
    world.converge();
    world.expect(0, &restore);
}
