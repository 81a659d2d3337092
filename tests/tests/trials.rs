//! What trials of the first version found, through the program: false proofs, silent failures, advice that did harm. Each
//! test says what is right; what was seen instead stands in `docs/changelog.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use s3ferry_tests::signed::{Client, Request};
use s3ferry_tests::world::{ACCOUNTS, DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const PLAN: [&str; 3] = ["plan", "--detailed-exitcode", "spec.yaml"];
const APPLY: [&str; 5] = ["apply", "--yes", "--wait", "30s", "spec.yaml"];

/// A bucket with versioning, as everybody's are here.
fn bucket((account, region): (&str, &str), name: &str) -> Value {
    json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" })
}

/// A world with a spec of one migration from `orders-prod` to `orders-archive`, both there before.
fn world(migration: &str) -> World {
    world_with(migration, &[])
}

fn world_with(migration: &str, more: &[Value]) -> World {
    let mut buckets = vec![
        bucket(SOURCE, "orders-prod"),
        bucket(DESTINATION, "orders-archive"),
    ];
    buckets.extend(more.iter().cloned());
    let keys = json!([
        { "arn": KEY_A }, { "arn": KEY_B }, { "arn": REPLICA, "users": ["111111111111"] },
    ]);
    World::new(migration).with(&json!({ "keys": keys, "buckets": buckets }))
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

/// A role made by hand that may replicate from one bucket to others, and its ARN.
fn role_by_hand(source: &Client, name: &str, from: &str, to: &[&str]) -> String {
    let made = source.iam(&[
        ("Action", "CreateRole"),
        ("RoleName", name),
        ("Path", "/service-role/"),
        ("AssumeRolePolicyDocument", TRUST),
    ]);
    let arn = made.expect_ok().element("Arn");
    let to: Vec<String> = to.iter().map(|to| format!("arn:aws:s3:::{to}/*")).collect();
    let grants = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"], "Resource": format!("arn:aws:s3:::{from}") },
        { "Effect": "Allow", "Action": ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"], "Resource": format!("arn:aws:s3:::{from}/*") },
        { "Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], "Resource": to },
    ] });
    let put = source.iam(&[
        ("Action", "PutRolePolicy"),
        ("RoleName", name),
        ("PolicyName", "hand"),
        ("PolicyDocument", &grants.to_string()),
    ]);
    put.expect_ok();
    arn
}

/// Puts one rule by hand.
fn put_rule(source: &Client, role: &str, rule: &str) {
    let body = format!(
        "<ReplicationConfiguration><Role>{role}</Role><Rule>{rule}</Rule></ReplicationConfiguration>"
    );
    source.put("orders-prod", "replication", &body);
}

/// Puts the policy of a bucket: these statements.
fn put_policy(client: &Client, bucket: &str, statements: &[Value]) {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    client.put(bucket, "policy", &policy.to_string());
}

/// What S3 says of the replication of a new object.
fn written(world: &World, bucket: &str, key: &str) -> Option<String> {
    world.source().put_object(bucket, key, &[]);
    world.settle();
    let newest = format!(
        "/{bucket}/objects/{}/0/replication_status",
        key.replace('/', "~1")
    );
    world.buckets(&newest).as_str().map(ToOwned::to_owned)
}

fn says(ran: &Ran, words: &[&str]) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = flat(&format!("{} {}", ran.out, ran.err));
    for word in words {
        assert!(said.contains(word), "no {word:?} in\n{}", ran.said());
    }
}

fn refused(world: &World, words: &[&str]) {
    let before = world.sandbox().snapshot();
    let plan = world.s3ferry(&PLAN);
    says(&plan, words);
    let ran = world.expect(4, &APPLY);
    says(&ran, words);
    assert_eq!(world.sandbox().snapshot(), before, "nothing was written");
}

#[test]
fn two_specs_share_the_role_of_a_source_bucket() {
    let world = world_with(&migration(ALL), &[bucket(DESTINATION, "science")]);
    world.converge();
    let clicks = "  clicks:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: science }
    monitoring: { none: a test }
    rules: [ { id: clicks, prefix: clicks/, delete_markers: mirror } ]
    guards: { adopt: [ prod/role/s3ferry-orders-prod ] }
";
    let science = ACCOUNTS.replace("name: test", "name: science\nledger: ./its-ledger");
    let path = world.folder().join("science.yaml");
    fs::write(&path, format!("{science}{clicks}")).expect("a spec");
    world.expect(0, &["apply", "--yes", "science.yaml"]);
    assert_eq!(
        written(&world, "orders-prod", "orders/1").as_deref(),
        Some("COMPLETED")
    );
    assert_eq!(
        written(&world, "orders-prod", "clicks/1").as_deref(),
        Some("COMPLETED")
    );
    world.must_be_settled();
    world.expect(0, &["plan", "--detailed-exitcode", "science.yaml"]);

    // The one that made the role leaves; the other one goes on, and leaves in its turn.
    let gone = |name: &str| {
        let accounts = if name == "test" {
            ACCOUNTS
        } else {
            science.as_str()
        };
        let accounts = accounts.replace("migrations:\n", "migrations: {}\n");
        format!("{accounts}defaults: {{ guards: {{ max_deletes: 9 }} }}\n")
    };
    fs::write(world.folder().join("spec.yaml"), gone("test")).expect("a spec");
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_eq!(
        written(&world, "orders-prod", "clicks/2").as_deref(),
        Some("COMPLETED")
    );
    // Tags that led to the first one's buckets go with the next plan of the one that is left.
    let left = world.expect(2, &["plan", "--detailed-exitcode", "science.yaml"]);
    says(&left, &["0 to add, 1 to change, 0 to destroy."]);
    // Nobody but a spec that shares the role was there, and its own apply is nobody's drift.
    world.expect(0, &["plan", "--drift", "science.yaml"]);
    fs::write(&path, gone("science")).expect("a spec");
    world.expect(0, &["apply", "--yes", "science.yaml"]);
    let role = world
        .source()
        .iam(&[("Action", "GetRole"), ("RoleName", "s3ferry-orders-prod")]);
    assert_eq!(role.status, 404, "the last one takes the role along");
}

#[test]
fn a_rule_that_another_one_outranks_is_never_proven() {
    let rest = "    roles: { replication: { name: crr } }
    rules: [ { id: all, prefix: orders/, delete_markers: mirror, storage_class: STANDARD_IA } ]
    guards: { adopt: [ prod/role/crr ] }
";
    let world = world(&migration(rest));
    let source = world.source();
    let role = role_by_hand(&source, "crr", "orders-prod", &["orders-archive"]);
    put_rule(
        &source,
        &role,
        "<ID>everything</ID><Priority>100</Priority><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::orders-archive</Bucket><StorageClass>DEEP_ARCHIVE</StorageClass></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>",
    );
    refused(
        &world,
        &["rule-never-acts", "(priority 100)", "(priority 10)"],
    );
    // The first advice: the rule is taken out of the spec. The second: what it carries is written there, and it is adopted.
    let all = migration(
        "    roles: { replication: { name: crr } }
    rules: [ { id: all, prefix: orders/, delete_markers: mirror, storage_class: STANDARD_IA }, { id: rest, delete_markers: keep, storage_class: DEEP_ARCHIVE } ]
    guards: { max_deletes: 1, adopt: [ prod/role/crr, \"prod/bucket/orders-prod/replication/rule/everything\" ] }
",
    );
    world.spec(&all);
    world.converge();
    assert_eq!(
        written(&world, "orders-prod", "other/1").as_deref(),
        Some("COMPLETED")
    );
}

#[test]
fn a_proof_is_void_when_a_rule_of_others_comes_to_outrank_the_rule() {
    let world = world(&migration(ALL));
    world.converge();
    let live = world
        .source()
        .get("orders-prod", "replication")
        .expect_ok()
        .body;
    let theirs = "<Rule><ID>theirs</ID><Priority>500</Priority><Filter><Prefix>orders/eu/</Prefix></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::orders-archive</Bucket></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule>";
    let body = live.replace("<Rule>", &format!("{theirs}<Rule>"));
    world.source().put(
        "orders-prod",
        "replication",
        &body[body.find("<Repl").unwrap_or(0)..],
    );
    let plan = world.expect(2, &PLAN);
    says(
        &plan,
        &[
            "1 to prove",
            "foreign-rule-overlaps",
            "theirs (priority 500)",
            "prefix orders/eu/",
        ],
    );
}

const KEY_A: &str = "arn:aws:kms:eu-west-1:111111111111:key/aaaaaaaa-0000-0000-0000-000000000001";
const KEY_B: &str = "arn:aws:kms:eu-west-1:111111111111:key/bbbbbbbb-0000-0000-0000-000000000002";
const REPLICA: &str =
    "arn:aws:kms:eu-central-1:222222222222:key/cccccccc-0000-0000-0000-000000000003";

fn encrypt_by_default(world: &World, key: &str) {
    world.source().put("orders-prod", "encryption", &format!("<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>{key}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"));
}

#[test]
fn the_key_that_a_source_encrypts_with_by_default_must_be_among_the_rules_keys() {
    let rule = |keys: &str| {
        migration(&format!(
            "    rules: [ {{ id: all, delete_markers: keep, source_kms: {{ keys: [{keys}], replica_key: \"{REPLICA}\" }} }} ]\n"
        ))
    };
    let world = world(&rule(&format!("\"{KEY_A}\"")));
    encrypt_by_default(&world, KEY_B);
    refused(
        &world,
        &[
            "source-default-key",
            KEY_B,
            "in rule all: source_kms: { keys: [",
        ],
    );
    world.spec(&migration(
        "    rules: [ { id: all, delete_markers: keep } ]\n",
    ));
    refused(
        &world,
        &["source-default-key", "selects no SSE-KMS objects"],
    );
    world.spec(&rule(&format!("\"{KEY_A}\", \"{KEY_B}\"")));
    let ran = world.expect(0, &APPLY);
    says(&ran, &["2 proven"]);
    assert_eq!(
        written(&world, "orders-prod", "a").as_deref(),
        Some("COMPLETED")
    );
    // A canary for each key: without the grant of one of them that one's canary fails, whatever the other does.
    encrypt_by_default(&world, KEY_A);
    let plan = world.expect(2, &PLAN);
    says(&plan, &["2 to prove"]);
}

#[test]
fn a_role_that_is_made_again_is_proven_again() {
    let rule = format!(
        "    rules: [ {{ id: all, delete_markers: keep, source_kms: {{ keys: [\"{KEY_A}\"], replica_key: \"{REPLICA}\" }} }} ]\n"
    );
    let world = world(&migration(&rule));
    world.converge();
    let receipts = || -> BTreeSet<PathBuf> {
        let folder = fs::read_dir(world.folder().join("ledger/receipts")).expect("receipts");
        folder
            .map(|entry| entry.expect("an entry").path())
            .collect()
    };
    let of_the_old_role = receipts();
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
    says(&world.expect(2, &PLAN), &["2 to prove"]);
    says(&world.expect(0, &APPLY), &["2 proven"]);
    world.must_be_settled();
    // What was proven for the old one says nothing of the new one, although everything else is as it was.
    for path in receipts().difference(&of_the_old_role) {
        fs::remove_file(path).expect("it goes");
    }
    says(&world.expect(2, &PLAN), &["2 to prove"]);
}

#[test]
fn a_tag_of_others_on_the_role_voids_no_proof() {
    let world = world(&migration(ALL));
    world.converge();
    let tag = [
        ("Action", "TagRole"),
        ("RoleName", "s3ferry-orders-prod"),
        ("Tags.member.1.Key", "cost-center"),
        ("Tags.member.1.Value", "42"),
    ];
    world.source().iam(&tag).expect_ok();
    world.must_be_settled();
}

#[test]
fn a_deny_that_comes_after_the_proof_voids_it() {
    let world = world(&migration(ALL));
    world.converge();
    let live = world
        .destination()
        .get("orders-archive", "policy")
        .expect_ok()
        .body;
    let mut policy: Value = serde_json::from_str(&live).expect("a policy");
    let deny = json!({ "Sid": "OnlyFromTheVpc", "Effect": "Deny", "Principal": "*", "Action": "s3:Replicate*",
        "Resource": "arn:aws:s3:::orders-archive/*", "Condition": { "StringNotEquals": { "aws:SourceVpce": "vpce-1a2b3c4d" } } });
    policy["Statement"]
        .as_array_mut()
        .expect("statements")
        .push(deny);
    world
        .destination()
        .put("orders-archive", "policy", &policy.to_string());
    says(
        &world.expect(2, &PLAN),
        &["1 to prove", "policy-denies-replication"],
    );
    let ran = world.expect(1, &["apply", "--yes", "--wait", "5s", "spec.yaml"]);
    says(&ran, &["FAILED"]);
}

#[test]
fn policies_that_rules_of_others_need_are_left() {
    let rest = "    roles: { replication: { name: crr } }
    rules: [ { id: all, prefix: orders/, delete_markers: mirror } ]
    guards: { adopt: [ prod/role/crr ] }
";
    let world = world_with(&migration(rest), &[bucket(SOURCE, "dr-prod")]);
    let source = world.source();
    let role = role_by_hand(&source, "crr", "orders-prod", &["dr-prod"]);
    put_rule(
        &source,
        &role,
        "<ID>dr</ID><Priority>1</Priority><Filter></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dr-prod</Bucket></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>",
    );
    let plan = world.expect(2, &PLAN);
    says(
        &plan,
        &["role-extra-policies", "rule/dr", "leave them as they are"],
    );
    assert!(!plan.out.contains("remove them"), "{}", plan.said());
    world.converge();
    assert_eq!(
        written(&world, "orders-prod", "other/1").as_deref(),
        Some("COMPLETED")
    );

    // What left the spec is found although the role is not under s3ferry's path; the role is left to whom it belonged.
    let accounts = ACCOUNTS.replace("migrations:\n", "migrations: {}\n");
    let gone = format!("{accounts}defaults: {{ guards: {{ max_deletes: 9 }} }}\n");
    fs::write(world.folder().join("spec.yaml"), gone).expect("a spec");
    says(
        &world.expect(2, &PLAN),
        &["rule/s3ferry/test/orders/all", "left the spec"],
    );
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    world.must_be_settled();
    assert_eq!(
        written(&world, "orders-prod", "other/2").as_deref(),
        Some("COMPLETED")
    );
    let names = source
        .iam(&[("Action", "ListRolePolicies"), ("RoleName", "crr")])
        .expect_ok();
    assert!(
        names.body.contains("hand") && !names.body.contains("s3ferry"),
        "{}",
        names.body
    );
}

#[test]
fn a_canary_is_put_as_the_buckets_policy_asks_or_refused_before_anything_is_written() {
    let deny = |condition: Value| {
        json!({ "Sid": "DenyPuts", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::orders-prod/*", "Condition": condition })
    };
    let header = "s3:x-amz-server-side-encryption";
    let asked = [
        json!({ "Null": { header: "true" } }),
        json!({ "StringNotEquals": { header: "AES256" } }),
    ];
    for condition in asked {
        let world = world(&migration(ALL));
        put_policy(&world.source(), "orders-prod", &[deny(condition)]);
        world.converge();
    }
    let world = world(&migration(ALL));
    let tagged = json!({ "Null": { "s3:RequestObjectTag/class": "true" } });
    put_policy(&world.source(), "orders-prod", &[deny(tagged)]);
    refused(
        &world,
        &["canary-put-denied", "statement/DenyPuts", "canary: { skip:"],
    );
    // The advice, followed literally.
    let skip = "    canary: { skip: \"the bucket's policy refuses the canary\" }\n";
    world.spec(&migration(&format!("{skip}{ALL}")));
    world.converge();
}

#[test]
fn a_rule_that_the_same_plan_replaces_overlaps_with_nothing() {
    let rest = "    rules: [ { id: all, delete_markers: mirror } ]
    guards: { max_deletes: 1, adopt: [ prod/bucket/orders-prod/replication/rule/old ] }
";
    let world = world(&migration(rest));
    let source = world.source();
    let role = role_by_hand(&source, "old", "orders-prod", &["orders-archive"]);
    put_rule(
        &source,
        &role,
        "<ID>old</ID><Prefix></Prefix><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::orders-archive</Bucket></Destination>",
    );
    let plan = world.expect(2, &PLAN);
    assert!(
        !plan.out.contains("foreign-rule-overlaps"),
        "{}",
        plan.said()
    );
    world.converge();
}

#[test]
fn an_old_public_statement_is_found_before_anything_is_written() {
    let world = world(&migration(ALL));
    let destination = world.destination();
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    let open = json!({ "Sid": "Website", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders-archive/*" });
    destination.put(
        "orders-archive",
        "publicAccessBlock",
        &block.replace("true", "false"),
    );
    put_policy(&destination, "orders-archive", std::slice::from_ref(&open));
    destination.put("orders-archive", "publicAccessBlock", block);
    refused(
        &world,
        &["policy-public", "statement/Website", "BlockPublicPolicy"],
    );
    // The advice, followed literally.
    let mut narrow = open;
    narrow["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } });
    put_policy(&destination, "orders-archive", &[narrow]);
    world.converge();
}

#[test]
fn what_the_account_blocks_is_found_before_anything_is_written() {
    let block = |policy: bool, buckets: bool| {
        format!(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>{policy}</BlockPublicPolicy><RestrictPublicBuckets>{buckets}</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
        )
    };
    let world = world(&migration(ALL));
    let destination = world.destination();
    let of_account = |body: &str| {
        let request = Request {
            method: "PUT",
            path: "/v20180820/configuration/publicAccessBlock",
            query: "",
            headers: &[("x-amz-account-id", DESTINATION.0)],
            body,
        };
        destination.s3(request).expect_ok();
    };
    destination.put("orders-archive", "publicAccessBlock", &block(false, false));
    let open = json!({ "Sid": "Website", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders-archive/*" });
    put_policy(&destination, "orders-archive", std::slice::from_ref(&open));

    of_account(&block(false, true));
    let closed = "RestrictPublicBuckets of the bucket's account";
    refused(&world, &["policy-public", "statement/Website", closed]);
    of_account(&block(true, false));
    let unwritable = "BlockPublicPolicy of the bucket's account";
    refused(&world, &["policy-public", "statement/Website", unwritable]);
    destination.put("orders-archive", "publicAccessBlock", &block(true, false));
    refused(
        &world,
        &["BlockPublicPolicy of the bucket and of its account"],
    );

    // The advice, followed literally.
    let mut narrow = open;
    narrow["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } });
    put_policy(&destination, "orders-archive", &[narrow]);
    world.converge();
}

#[test]
fn a_public_policy_that_nothing_blocks_is_left() {
    let world = world(&migration(ALL));
    let destination = world.destination();
    let off = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    destination.put("orders-archive", "publicAccessBlock", off);
    let open = json!({ "Sid": "Website", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders-archive/*" });
    put_policy(&destination, "orders-archive", &[open]);
    // The account never set a block, which its answer calls an error.
    world.converge();
}

#[test]
fn an_element_that_s3_no_longer_takes_is_found_before_anything_is_written() {
    let rest = "    roles: { replication: { name: crr } }
    rules: [ { id: all, prefix: orders/, delete_markers: mirror } ]
    guards: { adopt: [ prod/role/crr ] }
";
    let xml = |element: &str| {
        format!(
            "<ReplicationConfiguration><Role>arn:aws:iam::111111111111:role/service-role/crr</Role><Rule><ID>from-2020</ID><Priority>1</Priority><Filter><Prefix>old/</Prefix></Filter><Status>Enabled</Status>{element}<Destination><Bucket>arn:aws:s3:::dr-prod</Bucket></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule></ReplicationConfiguration>"
        )
    };
    let world = World::new(&migration(rest));
    let mut source = bucket(SOURCE, "orders-prod");
    let dead = "<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication>";
    source["configuration"] = json!({ "replication": xml(dead) });
    let others = [
        bucket(DESTINATION, "orders-archive"),
        bucket(SOURCE, "dr-prod"),
    ];
    let world = world.with(&json!({ "buckets": [source, others[0], others[1]] }));
    role_by_hand(&world.source(), "crr", "orders-prod", &["dr-prod"]);
    refused(&world, &["replication-existing-objects", "from-2020"]);
    // The advice, followed literally: the rule is written anew without the element.
    world.source().put("orders-prod", "replication", &xml(""));
    world.converge();
    assert_eq!(
        written(&world, "orders-prod", "old/1").as_deref(),
        Some("COMPLETED")
    );
}

#[test]
fn canaries_that_cannot_be_removed_are_said_to_stay() {
    let world = world(&migration(ALL));
    let lock = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    world
        .destination()
        .put("orders-archive", "object-lock", lock);
    let plan = world.expect(2, &PLAN);
    says(
        &plan,
        &[
            "canary-stays",
            "default retention",
            "It stays in orders-archive",
        ],
    );
    assert!(
        !plan.out.contains("removed by version on both sides"),
        "{}",
        plan.said()
    );
    world.converge();
}

#[test]
fn a_bucket_of_the_accounts_own_namespace_is_made() {
    let name = "orders-222222222222-eu-central-1-an";
    let own = migration(ALL).replace(
        "bucket: orders-archive }",
        &format!("bucket: {name}, create: true }}"),
    );
    let world = world(&own);
    world.converge();
    world.spec(&own.replace("222222222222-eu-central-1", "333333333333-eu-central-1"));
    let refused = world.expect(65, &PLAN);
    says(
        &refused,
        &["bucket-namespace", "-222222222222-eu-central-1-an"],
    );
}

#[test]
fn a_key_of_the_destination_bucket_says_nothing_of_what_comes_under_sse_s3() {
    let keyed = migration(ALL).replace(
        "bucket: orders-archive }",
        &format!("bucket: orders-new, create: true, encryption: {{ kms_key: \"{REPLICA}\" }} }}"),
    );
    let world = world(&keyed);
    let admin = json!({ "Effect": "Allow", "Principal": { "AWS": DESTINATION.0 }, "Action": "kms:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [admin] });
    let input = json!({ "KeyId": REPLICA, "PolicyName": "default", "Policy": policy.to_string() });
    let put = world.destination().kms("PutKeyPolicy", &input.to_string());
    put.expect_ok();
    says(
        &world.expect(2, &PLAN),
        &[
            "warning [key-grants-nothing]",
            "replicas-not-under-key",
            "SSE-S3 objects stay SSE-S3",
            "from before 2023",
        ],
    );
    world.converge();
    written(&world, "orders-prod", "orders/1");
    let encryption = world.buckets("/orders-new/objects/orders~11/0/encryption");
    assert_eq!(encryption, "AES256");
}

#[test]
fn what_was_taken_over_and_is_left_again_may_still_be_named() {
    let under = |role: &str, rules: &str| {
        migration(&format!(
            "{role}    rules: [ {rules} ]\n    guards: {{ max_deletes: 9, adopt: [ prod/role/crr ] }}\n"
        ))
    };
    let all = "{ id: all, prefix: orders/, delete_markers: keep }";
    let world = world(&under("    roles: { replication: { name: crr } }\n", all));
    role_by_hand(&world.source(), "crr", "orders-prod", &["orders-archive"]);
    world.converge();
    world.spec(&under("", all));
    world.converge();
    // Something else changes, and the role is nowhere any more that the spec leads to.
    let more = format!("{all}, {{ id: more, prefix: more/, delete_markers: keep }}");
    world.spec(&under("", &more));
    says(
        &world.expect(2, &PLAN),
        &["adopt-leftover", "prod/role/crr"],
    );
    fs::remove_dir_all(world.folder().join("ledger/runs")).expect("it goes");
    says(&world.expect(4, &PLAN), &["adopt-unknown", "prod/role/crr"]);
}
