//! What was there before s3ferry and is handed over, through the program: it is found, shown, taken over and given back, and
//! the advice of a plan works as it is written.

use std::fs;
use std::time::Duration;

use s3ferry_tests::signed::Client;
use s3ferry_tests::world::{ACCOUNTS, DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const PLAN: [&str; 3] = ["plan", "--detailed-exitcode", "spec.yaml"];
/// What the help of a finding tells to add.
const ADD: &str = "add to the spec: ";

fn bucket((account, region): (&str, &str), name: &str) -> Value {
    json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" })
}

/// A world with a spec of one migration from `orders-prod` to `orders-archive`, both there before.
fn world(rest: &str) -> World {
    let buckets = [
        bucket(SOURCE, "orders-prod"),
        bucket(DESTINATION, "orders-archive"),
    ];
    World::new(&migration(rest)).with(&json!({ "buckets": buckets }))
}

fn migration(rest: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: orders-archive }}
    monitoring: {{ none: a test }}
{rest}"
    )
}

const ALL: &str = "    rules: [ { id: all, prefix: orders/, delete_markers: mirror } ]\n";

/// The rest of a migration whose role is `crr`, adopted with more.
fn adopting(guards: &str) -> String {
    format!(
        "    roles: {{ replication: {{ name: crr }} }}
    rules: [ {{ id: all, prefix: orders/, delete_markers: mirror }} ]
    guards: {{ {guards} }}
"
    )
}

/// The role `crr` made by hand, with an inline policy `hand`.
fn role_by_hand(source: &Client, policy: &Value) {
    let made = source.iam(&[
        ("Action", "CreateRole"),
        ("RoleName", "crr"),
        ("Path", "/service-role/"),
        ("Description", "Replicates orders. Ask team storage."),
        ("AssumeRolePolicyDocument", TRUST),
    ]);
    made.expect_ok();
    put_role_policy(source, policy);
}

fn put_role_policy(source: &Client, policy: &Value) {
    let put = source.iam(&[
        ("Action", "PutRolePolicy"),
        ("RoleName", "crr"),
        ("PolicyName", "hand"),
        ("PolicyDocument", &policy.to_string()),
    ]);
    put.expect_ok();
}

fn says(ran: &Ran, words: &[&str]) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = flat(&format!("{} {}", ran.out, ran.err));
    for word in words {
        assert!(said.contains(word), "no {word:?} in\n{}", ran.said());
    }
}

/// The findings of a plan, as the plan file has them.
fn findings(world: &World) -> Vec<Value> {
    let plan = world.s3ferry(&["plan", "--format", "json", "spec.yaml"]);
    let plan: Value = serde_json::from_str(&plan.out).expect("a plan");
    plan["findings"].as_array().expect("findings").clone()
}

/// The finding of a code.
fn finding(world: &World, code: &str) -> Value {
    let all = findings(world);
    let found = all.iter().find(|finding| finding["code"] == code);
    found
        .unwrap_or_else(|| panic!("no {code} in {all:#?}"))
        .clone()
}

/// Writes the spec with the line that the finding tells to add at its top, word for word.
fn follow(world: &World, migrations: &str, finding: &Value) {
    let help = finding["help"].as_str().expect("help");
    let line = help.split_once(ADD).expect("a line to add").1;
    let line = line.lines().next().expect("a line");
    let top = ACCOUNTS.replace("migrations:\n", &format!("{line}\nmigrations:\n"));
    let path = world.folder().join("spec.yaml");
    fs::write(path, format!("{top}{migrations}")).expect("a spec");
}

fn names_of_policies(source: &Client) -> String {
    let role = ("RoleName", "crr");
    let inline = source.iam(&[("Action", "ListRolePolicies"), role]);
    let attached = source.iam(&[("Action", "ListAttachedRolePolicies"), role]);
    format!("{} {}", inline.expect_ok().body, attached.expect_ok().body)
}

#[test]
fn policies_of_others_on_a_role_are_removed_where_they_are_handed_over() {
    let rest = adopting("adopt: [ prod/role/crr ]");
    let world = world(&rest);
    let source = world.source();
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "s3:ReplicateDelete", "Resource": "*" } ] });
    role_by_hand(&source, &deny);
    let arn = source
        .iam(&[
            ("Action", "CreatePolicy"),
            ("PolicyName", "managed"),
            ("PolicyDocument", &deny.to_string()),
        ])
        .expect_ok()
        .element("Arn");
    let attach = [
        ("Action", "AttachRolePolicy"),
        ("RoleName", "crr"),
        ("PolicyArn", &arn),
    ];
    source.iam(&attach).expect_ok();

    let extra = finding(&world, "role-extra-policies");
    follow(&world, &migration(&rest), &extra);
    let plan = world.expect(2, &PLAN);
    says(
        &plan,
        &[
            "prod/role/crr/policies/inline/hand",
            &format!("prod/role/crr/policies/attached/{arn}"),
            "2 to destroy",
            "its text goes with it",
            "the policy itself stays",
        ],
    );
    world.converge();
    let left = names_of_policies(&source);
    assert!(left.contains("s3ferry"), "{left}");
    assert!(
        !left.contains("hand") && !left.contains("managed"),
        "{left}"
    );
    let managed = source.iam(&[("Action", "GetPolicy"), ("PolicyArn", &arn)]);
    managed.expect_ok();

    // The guard counts them.
    put_role_policy(&source, &deny);
    let few = fs::read_to_string(world.folder().join("spec.yaml")).expect("the spec");
    let few = few.replace("max_deletes: 2", "max_deletes: 0");
    fs::write(world.folder().join("spec.yaml"), few).expect("the spec");
    says(
        &world.expect(4, &PLAN),
        &["max-deletes", "policies/inline/hand"],
    );
}

/// The spec without a migration.
fn without_migrations(world: &World) {
    let accounts = ACCOUNTS.replace("migrations:\n", "migrations: {}\n");
    let gone = format!("{accounts}defaults: {{ guards: {{ max_deletes: 9 }} }}\n");
    fs::write(world.folder().join("spec.yaml"), gone).expect("a spec");
}

fn delete_our_role(source: &Client) {
    let name = ("RoleName", "s3ferry-orders-prod");
    let policy = [
        ("Action", "DeleteRolePolicy"),
        name,
        ("PolicyName", "s3ferry"),
    ];
    source.iam(&policy).expect_ok();
    source.iam(&[("Action", "DeleteRole"), name]).expect_ok();
}

#[test]
fn rules_whose_role_is_gone_are_found_when_the_spec_is_emptied() {
    for canary in ["", "    canary: { skip: a test }\n"] {
        let world = world(&format!("{ALL}{canary}"));
        world.converge();
        let source = world.source();
        delete_our_role(&source);
        without_migrations(&world);
        if canary.is_empty() {
            // Receipts alone, as where they came from a repository; without a canary there are journals alone.
            fs::remove_dir_all(world.folder().join("ledger/runs")).expect("it goes");
        }
        let plan = world.expect(2, &PLAN);
        says(
            &plan,
            &[
                "prod/bucket/orders-prod/replication/rule/s3ferry/test/orders/all",
                "left the spec",
                "archive/bucket/orders-archive/policy/statement/",
            ],
        );
        world.expect(0, &["apply", "--yes", "spec.yaml"]);
        assert_eq!(source.get("orders-prod", "replication").status, 404);
        says(&world.expect(0, &PLAN), &["left-elsewhere"]);
    }
}

#[test]
fn what_the_ledger_names_and_cannot_be_read_is_said() {
    let world = world(ALL);
    world.converge();
    let source = world.source();
    delete_our_role(&source);
    without_migrations(&world);
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Closed", "Effect": "Deny", "Principal": "*",
        "Action": "s3:GetReplicationConfiguration", "Resource": "arn:aws:s3:::orders-prod" }] });
    source.put("orders-prod", "policy", &deny.to_string());
    let plan = world.expect(2, &PLAN);
    says(
        &plan,
        &[
            "left-unseen",
            "prod/bucket/orders-prod/replication",
            "could not be read",
        ],
    );
    // Without a ledger nothing leads anywhere, and the plan says so instead of nothing.
    fs::remove_dir_all(world.folder().join("ledger")).expect("it goes");
    says(
        &world.expect(0, &PLAN),
        &["left-elsewhere", "plan again with --search"],
    );
}

#[test]
fn what_tags_lead_to_must_be_read_although_the_ledger_names_it_too() {
    let world = world(ALL);
    world.converge();
    let source = world.source();
    without_migrations(&world);
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Closed", "Effect": "Deny", "Principal": "*",
        "Action": "s3:GetReplicationConfiguration", "Resource": "arn:aws:s3:::orders-prod" }] });
    source.put("orders-prod", "policy", &deny.to_string());
    // The role would go, and with it the way to its rules.
    let plan = world.expect(7, &PLAN);
    assert!(
        plan.err
            .contains("bucket/orders-prod/replication: AccessDenied"),
        "{}",
        plan.said()
    );
    let open = deny
        .to_string()
        .replace("orders-prod\"", "orders-prod/nothing\"");
    let open = open.replace("s3:GetReplicationConfiguration", "s3:GetObjectAcl");
    source.put("orders-prod", "policy", &open);
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(source.get("orders-prod", "replication").status, 404);
}

fn description(source: &Client) -> String {
    let role = source.iam(&[("Action", "GetRole"), ("RoleName", "crr")]);
    role.expect_ok().element("Description")
}

#[test]
fn the_description_of_an_adopted_role_keeps_its_words_and_is_given_back() {
    let world = world(&adopting("adopt: [ prod/role/crr ]"));
    let source = world.source();
    let nothing = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*" } ] });
    role_by_hand(&source, &nothing);
    let theirs = description(&source);
    let plan = world.expect(2, &PLAN);
    let with_ours = format!("{theirs} s3ferry spec: test.");
    says(&plan, &["description", &with_ours]);
    world.converge();
    assert_eq!(description(&source), with_ours);

    without_migrations(&world);
    says(&world.expect(2, &PLAN), &["description", &theirs]);
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(description(&source), theirs);
    world.must_be_settled();
}

#[test]
fn a_half_applied_plan_names_what_somebody_changed_and_nothing_of_its_own() {
    let world = world(ALL);
    world.expect(0, &["plan", "--out", "a.plan", "spec.yaml"]);
    let switches = world.sandbox().switches();
    switches.replication_delay(Duration::from_secs(3_600));
    let quiet = ["apply", "a.plan", "--wait", "2s", "--no-progress"];
    let waiting = world.expect(8, &quiet);
    says(&waiting, &["waiting for", "orders/canary/all"]);

    let tag = [
        ("Action", "TagRole"),
        ("RoleName", "s3ferry-orders-prod"),
        ("Tags.member.1.Key", "cost-center"),
        ("Tags.member.1.Value", "42"),
    ];
    world.source().iam(&tag).expect_ok();
    let stale = world.expect(3, &["apply", "a.plan", "--wait", "2s"]);
    says(&stale, &["1 thing moved", "prod/role/s3ferry-orders-prod"]);
    assert!(
        !stale.err.contains("s3ferry-orders-prod/polic"),
        "{}",
        stale.said()
    );
}
