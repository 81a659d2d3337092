//! Canaries in people's buckets, through the program: where they go, that none is left, and what is said of those that are.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use s3ferry_tests::signed::{Client, Request};
use s3ferry_tests::world::{ACCOUNTS, DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const PLAN: [&str; 3] = ["plan", "--detailed-exitcode", "spec.yaml"];
const APPLY: [&str; 5] = ["apply", "--yes", "--wait", "30s", "spec.yaml"];
const WAITS: [&str; 5] = ["apply", "--yes", "--wait", "1s", "spec.yaml"];
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn bucket((account, region): (&str, &str), name: &str) -> Value {
    json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" })
}

/// A migration of this name from `orders-prod` to a bucket of the other account.
fn migration(name: &str, to: &str, rest: &str) -> String {
    format!(
        "  {name}:
    phase: replicate
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: {to} }}
    monitoring: {{ none: a test }}
{rest}"
    )
}

fn orders(rest: &str) -> String {
    migration("orders", "orders-archive", rest)
}

const ALL: &str = "    rules: [ { id: all, prefix: orders/, delete_markers: mirror } ]\n";

fn world(migrations: &str) -> World {
    let buckets = [
        bucket(SOURCE, "orders-prod"),
        bucket(DESTINATION, "orders-archive"),
        bucket(DESTINATION, "others"),
    ];
    World::new(migrations).with(&json!({ "buckets": buckets }))
}

/// Every version and delete marker of a key with this in its name, in every bucket: `bucket/key`.
fn stored(world: &World, part: &str) -> Vec<String> {
    world.settle();
    let buckets = world.buckets("");
    let mut found = Vec::new();
    for (bucket, state) in buckets.as_object().into_iter().flatten() {
        for (key, versions) in state["objects"].as_object().into_iter().flatten() {
            let count = versions.as_array().map_or(0, Vec::len);
            if key.contains(part) && count > 0 {
                found.push(format!("{bucket}/{key}"));
            }
        }
    }
    found
}

fn none_is_left(world: &World, context: &str) {
    assert_eq!(stored(world, "canary"), Vec::<String>::new(), "{context}");
    assert_eq!(noted(world), 0, "{context}: the ledger has one");
}

/// How many canaries the ledger has.
fn noted(world: &World) -> usize {
    let folder = fs::read_dir(world.folder().join("ledger/canaries"));
    folder.map_or(0, Iterator::count)
}

fn says(ran: &Ran, words: &[&str]) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = flat(&format!("{} {}", ran.out, ran.err));
    for word in words {
        assert!(said.contains(word), "no {word:?} in\n{}", ran.said());
    }
}

fn says_not(ran: &Ran, word: &str) {
    assert!(
        !format!("{}{}", ran.out, ran.err).contains(word),
        "{}",
        ran.said()
    );
}

/// A rule made by hand, of a role made by hand that may do everything.
fn rule_by_hand(source: &Client, priority: u32, prefix: &str, to: &str) {
    let made = source.iam(&[
        ("Action", "CreateRole"),
        ("RoleName", "crr"),
        ("Path", "/hand/"),
        ("AssumeRolePolicyDocument", TRUST),
    ]);
    let role = made.expect_ok().element("Arn");
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
    source
        .iam(&[
            ("Action", "PutRolePolicy"),
            ("RoleName", "crr"),
            ("PolicyName", "hand"),
            ("PolicyDocument", &all.to_string()),
        ])
        .expect_ok();
    let rule = format!(
        "<Rule><ID>theirs</ID><Priority>{priority}</Priority><Filter><Prefix>{prefix}</Prefix></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::{to}</Bucket></Destination><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication></Rule>"
    );
    let body =
        format!("<ReplicationConfiguration><Role>{role}</Role>{rule}</ReplicationConfiguration>");
    source.put("orders-prod", "replication", &body);
}

/// Lets the role made by hand write to a bucket.
fn open_to_the_role(world: &World, bucket: &str) {
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111111111111:role/hand/crr" },
        "Action": "s3:Replicate*", "Resource": format!("arn:aws:s3:::{bucket}/*"),
    }] });
    world
        .destination()
        .put(bucket, "policy", &policy.to_string());
}

const BY_HAND: &str = "    roles: { replication: { name: crr } }
    guards: { adopt: [ prod/role/crr ] }
";

#[test]
fn a_canary_leaves_nothing_where_other_migrations_of_its_source_carry_it() {
    let everything =
        "    rules: [ { id: everything, delete_markers: keep, storage_class: DEEP_ARCHIVE } ]\n";
    let clicks = "    rules: [ { id: clicks, prefix: clicks/, delete_markers: mirror } ]\n";
    let both = orders(everything) + &migration("science", "others", clicks);
    let world = world(&both);
    let plan = world.expect(2, &PLAN);
    says(&plan, &["on both sides and in orders-archive"]);
    world.converge();
    none_is_left(&world, "two migrations");
}

#[test]
fn a_canary_is_removed_where_a_rule_of_others_carries_it_and_the_plan_says_so() {
    let world = world(&orders(&format!("{BY_HAND}{ALL}")));
    rule_by_hand(&world.source(), 500, "", "others");
    open_to_the_role(&world, "others");
    let plan = world.expect(2, &PLAN);
    says(
        &plan,
        &["canary-elsewhere", "to archive/others (eu-central-1), too"],
    );
    world.converge();
    none_is_left(&world, "a rule of others");
    // It carries what it carried before.
    world.source().put_object("orders-prod", "orders/1", &[]);
    assert_eq!(stored(&world, "orders/1").len(), 3);
}

#[test]
fn a_canary_that_would_stay_in_an_account_of_others_is_not_put() {
    let world = world("");
    let source = ACCOUNTS
        .find("  archive:")
        .map_or(ACCOUNTS, |end| &ACCOUNTS[..end]);
    let within = r#"  second: { id: "111111111111", region: eu-west-1, assume_role: { arn: "arn:aws:iam::111111111111:role/sandbox" } }
migrations:
"#;
    let migration = |canary: &str| {
        let rest = format!("    owner: source\n{canary}{BY_HAND}{ALL}");
        let migration = orders(&rest).replace(
            "account: archive, bucket: orders-archive",
            "account: second, bucket: orders-copy",
        );
        let text = format!("{source}{within}{migration}");
        fs::write(world.folder().join("spec.yaml"), text).expect("a spec");
    };
    world
        .sandbox()
        .load_seed(&json!({ "buckets": [bucket(SOURCE, "orders-copy")] }).to_string())
        .expect("a bucket");
    rule_by_hand(&world.source(), 500, "", "others");
    migration("");
    let before = world.sandbox().snapshot();
    let plan = world.expect(4, &PLAN);
    says(
        &plan,
        &[
            "canary-out-of-reach",
            "to others, too",
            "it would stay there",
        ],
    );
    world.expect(4, &APPLY);
    assert_eq!(world.sandbox().snapshot(), before, "nothing was written");
    // The advice, followed literally.
    migration("    canary: { skip: \"canaries would stay in another account\" }\n");
    world.converge();
}

#[test]
fn a_canary_that_another_rule_takes_proves_nothing_and_is_not_put() {
    let world = world(&orders(&format!("{BY_HAND}{ALL}")));
    rule_by_hand(&world.source(), 500, "orders/.s3f", "orders-archive");
    let plan = world.expect(4, &PLAN);
    says(&plan, &["canary-taken", "rule/theirs", "canary: { name:"]);
    // The advice, followed literally.
    let named = format!("    canary: {{ name: canary }}\n{BY_HAND}{ALL}");
    world.spec(&orders(&named));
    world.converge();
    none_is_left(&world, "another name");
}

#[test]
fn an_object_of_the_canarys_name_is_never_hidden() {
    let named = format!("    canary: {{ name: index.html }}\n{ALL}");
    let world = world(&orders(&named));
    world
        .source()
        .put_object("orders-prod", "orders/index.html", &[]);
    world
        .destination()
        .put_object("orders-archive", "orders/index.html", &[]);
    let before = [
        world.buckets("/orders-prod/objects/orders~1index.html"),
        world.buckets("/orders-archive/objects/orders~1index.html"),
    ];
    world
        .sandbox()
        .switches()
        .replication_delay(Duration::from_secs(3_600));
    world.expect(8, &WAITS);
    let same = || {
        let now = [
            world.buckets("/orders-prod/objects/orders~1index.html"),
            world.buckets("/orders-archive/objects/orders~1index.html"),
        ];
        assert_eq!(now, before);
    };
    same();
    world.sandbox().clock().advance(Duration::from_secs(3_600));
    world
        .sandbox()
        .switches()
        .replication_delay(Duration::from_millis(20));
    world.converge();
    same();
    assert_eq!(
        stored(&world, "index.html").len(),
        2,
        "and nothing else is there"
    );
}

#[test]
fn a_canary_that_waits_is_removed_whatever_the_spec_says_meanwhile() {
    let gone = "  {}\ndefaults: { guards: { max_deletes: 9 } }\n";
    let guarded = |text: String| format!("{text}defaults: {{ guards: {{ max_deletes: 9 }} }}\n");
    let edits = [
        ("prefix", guarded(orders(&ALL.replace("orders/", "new/")))),
        (
            "rule",
            guarded(orders(&ALL.replace("id: all", "id: every"))),
        ),
        (
            "skipped",
            guarded(orders(&format!("    canary: {{ skip: a test }}\n{ALL}"))),
        ),
        (
            "phase",
            guarded(orders(ALL).replace("replicate\n", "prepare\n")),
        ),
        (
            "migration",
            guarded(migration("other", "orders-archive", ALL)),
        ),
        ("destination", guarded(migration("orders", "others", ALL))),
        ("emptied", gone.to_owned()),
    ];
    for (edit, spec) in edits {
        let world = world(&orders(ALL));
        let switches = world.sandbox().switches();
        switches.replication_delay(Duration::from_secs(3_600));
        let ran = world.expect(8, &WAITS);
        says(&ran, &["a canary may lie in orders-prod, orders-archive"]);
        assert_eq!(noted(&world), 1);
        world.sandbox().clock().advance(Duration::from_secs(3_600));
        switches.replication_delay(Duration::from_millis(20));
        assert_eq!(stored(&world, "canary").len(), 2, "{edit}");
        world.spec(&spec);
        let plan = world.expect(2, &PLAN);
        says(&plan, &["canary-left", "an earlier run left it there"]);
        let ran = world.expect(0, &APPLY);
        says(&ran, &["1 removed"]);
        none_is_left(&world, edit);
        let plan = world.expect(0, &PLAN);
        says_not(&plan, "canary-left");
    }
}

#[test]
fn a_canary_that_waits_is_gone_on_with_under_its_old_name() {
    let world = world(&orders(ALL));
    let switches = world.sandbox().switches();
    switches.replication_delay(Duration::from_secs(3_600));
    world.expect(8, &WAITS);
    world.sandbox().clock().advance(Duration::from_secs(3_600));
    switches.replication_delay(Duration::from_millis(20));
    world.spec(&orders(&format!("    canary: {{ name: .other }}\n{ALL}")));
    world.expect(0, &APPLY);
    none_is_left(&world, "another name");
    world.must_be_settled();
}

#[test]
fn a_canary_whose_replica_may_still_arrive_is_looked_for_until_it_cannot() {
    let world = world(&orders(ALL));
    let switches = world.sandbox().switches();
    switches.replication_delay(Duration::from_secs(3_600));
    world.expect(8, &WAITS);
    world.spec(&orders(&format!("    canary: {{ skip: a test }}\n{ALL}")));
    let ran = world.expect(8, &WAITS);
    says(&ran, &["still waiting for S3 to be done with a canary"]);
    assert_eq!(noted(&world), 1);
    world.sandbox().clock().advance(Duration::from_secs(3_600));
    world.expect(0, &APPLY);
    none_is_left(&world, "late");
    world.must_be_settled();
}

#[test]
fn a_run_that_is_stopped_while_its_canary_lies_there_leaves_it_to_the_next() {
    for (signal, code) in [("INT", Some(130)), ("KILL", None)] {
        let world = world(&orders(ALL));
        let switches = world.sandbox().switches();
        switches.replication_delay(Duration::from_secs(3_600));
        let mut command = world.command(&APPLY);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        wait_until(|| !stored_now(&world).is_empty());
        send(&child, signal);
        let ran = Ran::from(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.code, code, "{}", ran.said());
        if signal == "INT" {
            says(
                &ran,
                &[
                    "it may have been written",
                    "a canary may lie in orders-prod",
                ],
            );
        }
        says_not(&ran, "was not written");
        world.sandbox().clock().advance(Duration::from_secs(3_600));
        switches.replication_delay(Duration::from_millis(20));
        assert_eq!(stored(&world, "canary").len(), 2);
        world.spec("  {}\ndefaults: { guards: { max_deletes: 9 } }\n");
        world.expect(0, &APPLY);
        none_is_left(&world, signal);
    }
}

/// Keys of canaries in the source, without waiting for replicas.
fn stored_now(world: &World) -> Vec<String> {
    let objects = world.buckets("/orders-prod/objects");
    let keys = objects.as_object().into_iter().flatten();
    let keys = keys.map(|(key, _)| key.clone());
    keys.filter(|key| key.contains("canary")).collect()
}

fn wait_until(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never holds");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn send(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", signal, &id])
        .status();
    assert!(sent.expect("kill is there").success());
}

#[test]
fn the_words_and_the_code_of_a_run_are_those_of_what_lies_in_the_buckets() {
    let world = world(&orders(ALL));
    world.converge();
    fs::remove_dir_all(world.folder().join("ledger/receipts"))
        .expect("only the proof is left to do");
    world.sandbox().switches().replication_delay(Duration::ZERO);
    // Nothing can be looked at: S3 said which version it is, so it is removed all the same.
    world.deny("s3", "HeadObject");
    let ran = world.expect(7, &APPLY);
    says(&ran, &["Nothing was changed"]);
    none_is_left(&world, "it is true");
    // Nothing can be removed either.
    world.deny("s3", "DeleteObject");
    let ran = world.expect(5, &APPLY);
    says(
        &ran,
        &[
            "Applied in part",
            "a canary may lie in orders-prod, orders-archive",
        ],
    );
    says_not(&ran, "Nothing was changed");
    assert_eq!(stored(&world, "canary").len(), 2);
    let plan = world.expect(2, &PLAN);
    says(&plan, &["1 to prove"]);
    world.sandbox().switches().clear_faults();
    world.converge();
    none_is_left(&world, "once it may");
}

#[test]
fn what_cannot_be_removed_is_told_by_every_plan_and_apply_until_it_is() {
    let world = world(&orders(ALL));
    let locked = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObjectVersion",
        "Resource": "arn:aws:s3:::orders-archive/*",
    }] });
    world
        .destination()
        .put("orders-archive", "policy", &locked.to_string());
    says(&world.expect(2, &PLAN), &["canary-stays"]);
    let told = [
        "a canary may lie in orders-prod, orders-archive",
        "AccessDenied",
    ];
    says(&world.expect(0, &APPLY), &told);
    for _ in 0..2 {
        let plan = world.expect(0, &PLAN);
        says(
            &plan,
            &["canary-left", "it could not be removed", "AccessDenied"],
        );
        says(&world.expect(0, &APPLY), &told);
    }
    // Also where nothing of the migration is left in the spec.
    let mut live: Value = world.buckets("/orders-archive/configuration/policy");
    live = serde_json::from_str(live.as_str().unwrap_or_default()).expect("a policy");
    let statements = live["Statement"].as_array_mut().expect("statements");
    statements.retain(|statement| statement["Sid"] != "Keep");
    world
        .destination()
        .put("orders-archive", "policy", &live.to_string());
    world.spec("  {}\ndefaults: { guards: { max_deletes: 9 } }\n");
    world.expect(0, &APPLY);
    none_is_left(&world, "it may be removed");
    says_not(&world.expect(0, &PLAN), "canary-left");
}

#[test]
fn a_note_that_was_tampered_with_removes_nothing_of_anybody() {
    let world = world(&orders(ALL));
    world.converge();
    world
        .source()
        .put_object("orders-prod", "orders/index.html", &[]);
    world.settle();
    let place = |bucket: &str, (account, region): (&str, &str)| json!({ "account": account, "region": region, "bucket": bucket });
    let note = |key: &str| {
        json!({
            "format": "1.0", "s3ferry": "0.1.0", "spec": "test", "migration": "orders", "name": "all",
            "source": place("orders-prod", SOURCE), "key": key, "subject": "none",
            "carried_to": [place("orders-archive", DESTINATION)],
        })
    };
    let folder = world.folder().join("ledger/canaries");
    let before = world.buckets("");
    fs::write(folder.join("a.json"), note("orders/index.html").to_string()).expect("a note");
    let ran = world.expect(0, &APPLY);
    says(&ran, &["its key is not a canary's"]);
    // Under a canary's key, what is not a canary stays.
    let key = "orders/.s3ferry-canary/test/orders/all/run-1";
    fs::write(folder.join("a.json"), note(key).to_string()).expect("a note");
    world.source().put_object("orders-prod", key, &[]);
    world.settle();
    world.expect(0, &APPLY);
    assert_eq!(stored(&world, "canary").len(), 2);
    assert_eq!(
        world.buckets("/orders-prod/objects/orders~1index.html"),
        before["orders-prod"]["objects"]["orders/index.html"]
    );
}

#[test]
fn a_canary_is_put_as_a_policy_that_demands_conditional_writes_asks() {
    let world = world(&orders(ALL));
    let demands = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "OnlyNew", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::orders-prod/*", "Condition": { "Null": { "s3:if-none-match": "true" } },
    }] });
    let source = world.source();
    source.put("orders-prod", "policy", &demands.to_string());
    let put = |headers: &[(&str, &str)]| {
        let request = Request {
            method: "PUT",
            path: "/orders-prod/other/1",
            headers,
            body: "content",
            ..Request::default()
        };
        source.s3(request).status
    };
    assert_eq!(put(&[]), 403);
    assert_eq!(put(&[("if-none-match", "*")]), 200);
    assert_eq!(put(&[("if-none-match", "*")]), 412, "it is there");
    world.converge();
    none_is_left(&world, "conditional");
}
