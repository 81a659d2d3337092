//! Keys through the program: their policies are written and cleaned up, and what a plan advises to add is enough.

use std::collections::BTreeSet;
use std::time::Duration;

use s3ferry_tests::signed::Client;
use s3ferry_tests::world::{DESTINATION, SOURCE, World};
use serde_json::{Value, json};

const SOURCE_KEY: &str =
    "arn:aws:kms:eu-west-1:111111111111:key/aaaaaaaa-1111-2222-3333-444444444444";
const REPLICA_KEY: &str =
    "arn:aws:kms:eu-central-1:222222222222:key/bbbbbbbb-1111-2222-3333-444444444444";

const APPLY: [&str; 3] = ["apply", "--yes", "spec.yaml"];
const PLAN: [&str; 3] = ["plan", "--detailed-exitcode", "spec.yaml"];

/// Both keys are administered by whoever runs s3ferry in their accounts, and used by nobody else.
fn world(destination: &str) -> World {
    let key = |arn: &str, more: Value| {
        let account = arn.split(':').nth(4).expect("an ARN");
        let admin = json!({ "Sid": "Admin", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:role/sandbox") } });
        let mut key = json!({ "arn": arn, "policy": { "Version": "2012-10-17", "Id": "theirs", "Statement": [admin] } });
        for (name, value) in more.as_object().into_iter().flatten() {
            key[name] = value.clone();
        }
        key
    };
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" });
    World::new(&spec(destination)).with(&json!({
        "keys": [key(SOURCE_KEY, json!({})), key(REPLICA_KEY, json!({}))],
        "buckets": [bucket("orders-prod", SOURCE), bucket("orders-archive", DESTINATION)],
    }))
}

fn spec(destination: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: orders-archive{destination} }}
    monitoring: {{ none: a test }}
    rules:
      - id: all
        delete_markers: keep
        source_kms: {{ keys: [\"{SOURCE_KEY}\"], replica_key: \"{REPLICA_KEY}\" }}
"
    )
}

const WRITTEN: &str = ", kms: { write_policy: true }";

fn owner(world: &World, key: &str) -> Client {
    if key.contains(":111111111111:") {
        world.source()
    } else {
        world.destination()
    }
}

fn policy(world: &World, key: &str) -> Value {
    let input = json!({ "KeyId": key, "PolicyName": "default" });
    let reply = owner(world, key).kms("GetKeyPolicy", &input.to_string());
    let reply: Value = serde_json::from_str(&reply.expect_ok().body).expect("JSON");
    serde_json::from_str(reply["Policy"].as_str().expect("a policy")).expect("JSON")
}

fn put_policy(world: &World, key: &str, policy: &Value) {
    let input = json!({ "KeyId": key, "PolicyName": "default", "Policy": policy.to_string() });
    owner(world, key)
        .kms("PutKeyPolicy", &input.to_string())
        .expect_ok();
}

/// The statements that a plan advises under a code, with the addresses of the policies.
fn all_advised(world: &World, code: &str) -> Vec<(String, Value)> {
    let shown = world.s3ferry(&["plan", "--format", "json", "spec.yaml"]);
    let plan: Value = serde_json::from_str(&shown.out).expect("a plan is JSON");
    let findings = plan["findings"].as_array().expect("findings");
    let statement = |finding: &Value| {
        let line = finding["help"].as_str()?.lines().next()?;
        let address = finding["address"].as_str()?.to_owned();
        Some((address, serde_json::from_str(line).ok()?))
    };
    let found = findings.iter().filter(|of| of["code"] == code);
    found
        .map(|of| statement(of).unwrap_or_else(|| panic!("no statement in {of}")))
        .collect()
}

fn advised(world: &World, code: &str) -> Value {
    let all = all_advised(world, code);
    let [(_, statement)] = <[_; 1]>::try_from(all).expect("one statement");
    statement
}

/// Adds a statement to the policy of a key by hand.
fn add(world: &World, key: &str, statement: Value) {
    let mut policy = policy(world, key);
    let statements = policy["Statement"].as_array_mut().expect("statements");
    statements.push(statement);
    put_policy(world, key, &policy);
}

/// What becomes of a new object.
fn replicated(world: &World, name: &str) -> Value {
    let headers = [
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", SOURCE_KEY),
        ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
    ];
    world.source().put_object("orders-prod", name, &headers);
    world.settle();
    world.buckets(&format!("/orders-prod/objects/{name}/0/replication_status"))
}

#[test]
fn statements_are_added_proven_and_taken_away_again() {
    let world = world(WRITTEN);
    let before = [SOURCE_KEY, REPLICA_KEY].map(|key| policy(&world, key));
    let ran = world.expect(0, &APPLY);
    assert!(
        ran.out.contains("2 proven") || ran.err.contains("2 proven"),
        "{}",
        ran.said()
    );
    world.must_be_settled();
    assert_eq!(replicated(&world, "a"), "COMPLETED");
    for (key, before) in [SOURCE_KEY, REPLICA_KEY].iter().zip(&before) {
        let after = policy(&world, key);
        assert_eq!(after["Statement"][0], before["Statement"][0]);
        assert_eq!(
            after["Statement"].as_array().map(Vec::len),
            Some(2),
            "{after}"
        );
    }
    let text = "defaults: { guards: { max_deletes: 9 } }\n";
    let emptied = format!(
        "{}{text}",
        s3ferry_tests::world::ACCOUNTS.replace("migrations:\n", "")
    );
    std::fs::write(world.folder().join("spec.yaml"), emptied).expect("the spec is written");
    world.expect(0, &APPLY);
    for (key, before) in [SOURCE_KEY, REPLICA_KEY].iter().zip(&before) {
        assert_eq!(policy(&world, key), *before);
    }
}

#[test]
fn what_a_plan_says_is_missing_is_all_that_is() {
    let world = world("");
    world.expect(4, &PLAN);
    let statements = all_advised(&world, "key-grants-nothing");
    assert_eq!(statements.len(), 2, "{statements:?}");
    for (address, statement) in statements {
        let is_source = address.starts_with("prod/");
        let key = if is_source { SOURCE_KEY } else { REPLICA_KEY };
        // Before the role is there.
        add(&world, key, statement);
    }
    world.expect(0, &APPLY);
    world.must_be_settled();
    assert_eq!(replicated(&world, "a"), "COMPLETED");
}

/// Who follows the advice for one migration after the other adds one statement beside the other.
#[test]
fn statements_for_two_migrations_stand_beside_each_other_in_the_policies_of_keys() {
    let invoices = spec("").replace("orders", "invoices");
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" });
    let world = world("").with(&json!({ "buckets": [
        bucket("invoices-prod", SOURCE), bucket("invoices-archive", DESTINATION),
    ] }));
    world.spec(&(spec("") + &invoices));
    world.expect(4, &PLAN);
    let advised = all_advised(&world, "key-grants-nothing");
    assert_eq!(advised.len(), 4, "{advised:?}");
    for (address, statement) in advised {
        let is_source = address.starts_with("prod/");
        add(
            &world,
            if is_source { SOURCE_KEY } else { REPLICA_KEY },
            statement,
        );
    }
    for key in [SOURCE_KEY, REPLICA_KEY] {
        let policy = policy(&world, key);
        let statements = policy["Statement"].as_array().expect("statements");
        let sids: BTreeSet<&str> = statements
            .iter()
            .filter_map(|of| of["Sid"].as_str())
            .collect();
        assert_eq!(sids.len(), 3, "{policy}");
    }
    world.expect(0, &APPLY);
    world.must_be_settled();
}

#[test]
fn a_role_that_is_made_again_is_let_in_again() {
    let world = world(WRITTEN);
    world.converge();
    let name = ("RoleName", "s3ferry-orders-prod");
    let source = world.source();
    source
        .iam(&[
            ("Action", "DeleteRolePolicy"),
            name,
            ("PolicyName", "s3ferry"),
        ])
        .expect_ok();
    source.iam(&[("Action", "DeleteRole"), name]).expect_ok();
    let stale = policy(&world, REPLICA_KEY).to_string();
    assert!(stale.contains("\"AROA"), "{stale}");
    world.expect(0, &APPLY);
    world.must_be_settled();
    assert!(!policy(&world, REPLICA_KEY).to_string().contains("\"AROA"));
    assert_eq!(replicated(&world, "a"), "COMPLETED");
}

#[test]
fn a_key_that_cannot_be_used_is_refused_before_anything_is_written() {
    let world = world(WRITTEN);
    for (operation, input, code) in [
        (
            "DisableKey",
            json!({ "KeyId": REPLICA_KEY }),
            "key-disabled",
        ),
        (
            "ScheduleKeyDeletion",
            json!({ "KeyId": REPLICA_KEY, "PendingWindowInDays": 7 }),
            "key-pending-deletion",
        ),
    ] {
        world
            .destination()
            .kms(operation, &input.to_string())
            .expect_ok();
        let ran = world.expect(4, &APPLY);
        assert!(ran.said().contains(code), "{}", ran.said());
    }
    let gone = spec(WRITTEN).replace("bbbbbbbb-1111", "dddddddd-1111");
    world.spec(&gone);
    let ran = world.expect(4, &APPLY);
    assert!(ran.said().contains("key-missing"), "{}", ran.said());
}

#[test]
fn a_caller_who_may_not_read_keys_is_told_what_the_policies_need() {
    let world = world("");
    world.deny("kms", "GetKeyPolicy");
    let ran = world.expect(2, &PLAN);
    assert!(
        ran.said().contains("key-policy-unchecked"),
        "{}",
        ran.said()
    );
    world.spec(&spec(WRITTEN));
    let ran = world.expect(4, &PLAN);
    assert!(
        ran.said().contains("key-policy-unchecked"),
        "{}",
        ran.said()
    );
}

const ROLE: &str = "arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod";

/// Where a grant lets the role use a key, no statement is missing, and objects arrive.
#[test]
fn a_grant_is_as_good_as_a_statement() {
    let world = world(WRITTEN);
    let theirs = [SOURCE_KEY, REPLICA_KEY].map(|key| (key, policy(&world, key)));
    world.expect(0, &APPLY);
    world.spec(&spec(""));
    for (key, policy) in &theirs {
        put_policy(&world, key, policy);
    }
    let ran = world.expect(4, &APPLY);
    assert!(ran.said().contains("key-grants-nothing"), "{}", ran.said());
    for (key, _) in &theirs {
        let input = json!({ "KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt", "Encrypt", "GenerateDataKey"] });
        owner(&world, key)
            .kms("CreateGrant", &input.to_string())
            .expect_ok();
    }
    // The canaries arrive by the grants alone.
    let ran = world.expect(0, &APPLY);
    assert!(!ran.said().contains("key-grant"), "{}", ran.said());
    world.must_be_settled();
    assert_eq!(replicated(&world, "granted"), "COMPLETED");

    world.deny("kms", "ListGrants");
    let ran = world.s3ferry(&PLAN);
    let said = ran.said();
    assert!(
        said.contains("key-grants-nothing") && said.contains("kms:ListGrants"),
        "{said}"
    );
}

/// The key of lists is looked at before the inventory is set up, and the statement of the finding is enough for S3.
#[test]
fn what_a_plan_says_is_missing_lets_lists_be_delivered() {
    let world = world("").with(&json!({ "buckets": [
        { "name": "prod-lists", "account": SOURCE.0, "region": SOURCE.1 },
    ] }));
    let plain = spec("");
    let (head, _) = plain.split_once("        source_kms").expect("the key");
    world.spec(&format!(
        "{head}    logging: {{ inventory: {{ source: {{ bucket: prod-lists, encryption: {{ kms_key: \"{SOURCE_KEY}\" }} }} }} }}\n"
    ));
    let statement = advised(&world, "inventory-key-closed");
    world.expect(4, &APPLY);
    add(&world, SOURCE_KEY, statement);
    world.expect(0, &APPLY);
    world.must_be_settled();
    let lists = || {
        let objects = world.buckets("/prod-lists/objects");
        let keys = objects.as_object().into_iter().flatten();
        keys.filter(|(key, _)| key.starts_with("orders-prod/"))
            .count()
    };
    // Deliveries are made a moment after the clock was moved.
    for _ in 0..200 {
        if lists() > 0 {
            return;
        }
        world
            .sandbox()
            .clock()
            .advance(Duration::from_secs(12 * 3_600));
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no list came: {}", world.buckets("/prod-lists"));
}
