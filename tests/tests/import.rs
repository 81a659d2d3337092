//! Import through the program: what s3ferry applied, what others made by hand, and what no spec can say.

use std::fs;
use std::path::PathBuf;

use s3ferry_tests::signed::Client;
use s3ferry_tests::world::{DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const ROLES: [&str; 4] = [
    "--assume-role",
    "111111111111=arn:aws:iam::111111111111:role/sandbox",
    "--assume-role",
    "222222222222=arn:aws:iam::222222222222:role/sandbox",
];
const ORDERS: [&str; 2] = ["--source", "111111111111:orders-prod"];
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn bucket((account, region): (&str, &str), name: &str) -> Value {
    json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" })
}

fn unenforced((account, region): (&str, &str), name: &str) -> Value {
    json!({ "name": name, "account": account, "region": region, "versioning": "Enabled", "ownership": "BucketOwnerPreferred" })
}

/// A world with these buckets and no migration.
fn world(buckets: &[Value]) -> World {
    World::new("  {}\n").with(&json!({ "buckets": buckets }))
}

/// Imports with ways into both accounts.
fn import(world: &World, code: i32, more: &[&str]) -> Ran {
    world.expect(code, &[&["import"], &ROLES[..], more].concat())
}

/// Writes what was imported where no ledger is, and says where.
fn keep(world: &World, yaml: &str) -> PathBuf {
    let folder = world.folder().join("imported");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("spec.yaml");
    fs::write(&path, yaml).expect("a spec");
    path
}

/// The plan of what was imported, without a ledger.
fn plan(world: &World, code: i32, yaml: &str) -> Value {
    let path = keep(world, yaml);
    let path = path.to_str().expect("text");
    let plan = world.expect(
        code,
        &["plan", "--detailed-exitcode", "--format", "json", path],
    );
    serde_json::from_str(&plan.out).expect("a plan")
}

fn addresses<'a>(plan: &'a Value, action: &str) -> Vec<&'a str> {
    let changes = plan["changes"].as_array().expect("changes").iter();
    let of_action = changes.filter(|change| change["actions"][0] == action);
    of_action
        .map(|change| change["address"].as_str().expect("an address"))
        .collect()
}

fn has(text: &str, parts: &[&str]) {
    let flat: Vec<&str> = text
        .split_whitespace()
        .filter(|word| *word != "#")
        .collect();
    let flat = flat.join(" ");
    for part in parts {
        assert!(flat.contains(part), "no {part:?} in\n{text}");
    }
}

/// The role `crr` made by hand, which may do everything, and the destination's policy that lets it.
fn role_by_hand(world: &World, destinations: &[&str]) {
    role_in(&world.source());
    for name in destinations {
        let statement = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Hand", "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::111111111111:role/service-role/crr" },
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"],
            "Resource": format!("arn:aws:s3:::{name}/*") }] });
        world
            .destination()
            .put(name, "policy", &statement.to_string());
    }
}

fn role_in(source: &Client) {
    let made = source.iam(&[
        ("Action", "CreateRole"),
        ("RoleName", "crr"),
        ("Path", "/service-role/"),
        ("AssumeRolePolicyDocument", TRUST),
    ]);
    made.expect_ok();
    let all = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*" } ] });
    let put = source.iam(&[
        ("Action", "PutRolePolicy"),
        ("RoleName", "crr"),
        ("PolicyName", "hand"),
        ("PolicyDocument", &all.to_string()),
    ]);
    put.expect_ok();
}

/// Puts a replication configuration of these rules under the role `crr`.
fn replicate(client: &Client, bucket: &str, rules: &[&str]) {
    replicate_in("111111111111", client, bucket, rules);
}

fn replicate_in(account: &str, client: &Client, bucket: &str, rules: &[&str]) {
    let rules: String = rules
        .iter()
        .map(|rule| format!("<Rule>{rule}</Rule>"))
        .collect();
    let xml = format!(
        "<ReplicationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Role>arn:aws:iam::{account}:role/service-role/crr</Role>{rules}</ReplicationConfiguration>"
    );
    client.put(bucket, "replication", &xml);
}

fn rule(id: &str, priority: u32, filter: &str, rest: &str, to: &str) -> String {
    format!(
        "<ID>{id}</ID><Priority>{priority}</Priority><Filter>{filter}</Filter><Status>Enabled</Status>\
         <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>{rest}\
         <Destination><Bucket>arn:aws:s3:::{to}</Bucket></Destination>"
    )
}

const OURS: &str = r#"  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination:
      account: archive
      bucket: orders-archive
      create: true
      encryption: { kms_key: "arn:aws:kms:eu-central-1:222222222222:key/replica", bucket_key: false }
      kms: { write_policy: true }
    rules:
      - { id: "1", prefix: "a \"b\": #c/", delete_markers: mirror, storage_class: STANDARD_IA }
      - id: sealed
        prefix: sealed/
        delete_markers: keep
        source_kms: { keys: ["arn:aws:kms:eu-west-1:111111111111:key/orders"] }
        time_control: true
      - { id: hot, tags: { class: hot, "a b": "yes" }, delete_markers: keep, replica_modifications: true, enabled: false }
    monitoring:
      failed_operations: { above: 3, missing_data: notBreaching }
      latency: 2h
    logging:
      access: { source: { bucket: prod-logs, prefix: s3/ }, key_format: delivery-time }
      inventory: { destination: { bucket: archive-logs, encryption: sse-s3 }, schedule: weekly }
  copies:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: copies }
    roles: { replication: { name: s3ferry-orders-prod } }
    rules: [ { id: all, delete_markers: keep } ]
    monitoring: { none: a test }
"#;

fn ours() -> World {
    let keys = json!({ "keys": [
        { "arn": "arn:aws:kms:eu-west-1:111111111111:key/orders", "users": ["111111111111"] },
        { "arn": "arn:aws:kms:eu-central-1:222222222222:key/replica", "users": ["111111111111"] } ] });
    let buckets = json!({ "buckets": [
        bucket(SOURCE, "orders-prod"), bucket(SOURCE, "prod-logs"), bucket(DESTINATION, "archive-logs"),
        unenforced(DESTINATION, "copies") ] });
    let world = World::new(OURS).with(&keys).with(&buckets);
    world.converge();
    world
}

#[test]
fn what_s3ferry_applied_is_written_as_the_spec_that_asked_for_it() {
    let world = ours();
    let imported = import(&world, 0, &ORDERS);
    has(
        &imported.err,
        &[
            "Imported 4 rules in 2 migrations.",
            "Planning this spec changes nothing.",
        ],
    );
    has(
        &imported.out,
        &[
            "name: test",
            "destination: { account: aws-222222222222, bucket: copies }",
            "create: true",
            "bucket_key: false",
            "kms: { write_policy: true }",
            "prefix: \"a \\\"b\\\": #c/\"",
            "latency: \"2h\"",
            "key_format: delivery-time",
            "tags: { \"a b\": \"yes\", class: hot }",
        ],
    );
    assert!(!imported.out.contains("adopt:"), "{}", imported.out);
    // With the ledger of the spec and without.
    fs::write(world.folder().join("again.yaml"), &imported.out).expect("a spec");
    world.expect(0, &["plan", "--detailed-exitcode", "again.yaml"]);
    plan(&world, 0, &imported.out);
    let again = import(&world, 0, &ORDERS);
    assert_eq!(again.out, imported.out, "the same world, other bytes");
}

#[test]
fn what_was_written_is_kept_unless_it_may_be_written_over() {
    let world = ours();
    let out = [&ORDERS[..], &["--out", "new.yaml"]].concat();
    let first = import(&world, 0, &out);
    assert!(first.out.is_empty(), "{}", first.said());
    has(&first.err, &["Wrote new.yaml", "s3ferry plan new.yaml"]);
    has(
        &import(&world, 64, &out).err,
        &["new.yaml exists", "--force"],
    );
    import(&world, 0, &[&out[..], &["--force"]].concat());
}

/// A pair as people make them, with most of what a rule can say.
fn by_hand() -> World {
    let keys = json!({ "keys": [
        { "arn": "arn:aws:kms:eu-west-1:111111111111:key/orders" },
        { "arn": "arn:aws:kms:eu-central-1:222222222222:key/replica", "users": ["111111111111"] } ] });
    let world = world(&[
        bucket(SOURCE, "orders-prod"),
        unenforced(DESTINATION, "orders-archive"),
    ])
    .with(&keys);
    role_by_hand(&world, &["orders-archive"]);
    world.source().put(
        "orders-prod",
        "encryption",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
         <KMSMasterKeyID>arn:aws:kms:eu-west-1:111111111111:key/orders</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule>\
         </ServerSideEncryptionConfiguration>",
    );
    let to = |rest: &str| {
        format!(
            "<Destination><Bucket>arn:aws:s3:::orders-archive</Bucket><Account>222222222222</Account>{rest}\
             <AccessControlTranslation><Owner>Destination</Owner></AccessControlTranslation>"
        )
    };
    let kms = "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>";
    let replica = "<EncryptionConfiguration><ReplicaKmsKeyID>arn:aws:kms:eu-central-1:222222222222:key/replica</ReplicaKmsKeyID></EncryptionConfiguration>";
    let head = |id: &str, priority: u32, filter: &str, status: &str, markers: &str| {
        format!(
            "<ID>{id}</ID><Priority>{priority}</Priority><Filter>{filter}</Filter><Status>{status}</Status>\
             <DeleteMarkerReplication><Status>{markers}</Status></DeleteMarkerReplication>"
        )
    };
    let hot = "<And><Prefix>hot/</Prefix><Tag><Key>class</Key><Value>hot</Value></Tag><Tag><Key>team</Key><Value>a</Value></Tag></And>";
    let rules = [
        format!(
            "{}{kms}{}{replica}</Destination>",
            head(
                "Everything &amp; more",
                1,
                "<Prefix></Prefix>",
                "Enabled",
                "Enabled"
            ),
            to("")
        ),
        format!(
            "{}{kms}{}{replica}<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime>\
             <Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics></Destination>",
            head("hot", 7, hot, "Enabled", "Disabled"),
            to("<StorageClass>STANDARD_IA</StorageClass>")
        ),
        format!(
            "{}{}</Destination>",
            head(
                "off",
                9,
                "<Tag><Key>a</Key><Value>b</Value></Tag>",
                "Disabled",
                "Disabled"
            ),
            to("")
        ),
    ];
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    replicate(&world.source(), "orders-prod", &rules);
    world
}

#[test]
fn a_pair_made_by_hand_is_taken_over_by_name_and_does_what_it_did() {
    let world = by_hand();
    let imported = import(&world, 0, &ORDERS);
    has(
        &imported.out,
        &[
            "name: crr",
            "takes the place of rule \"Everything & more\"",
            "id: Everything---more",
            "max_deletes: 3",
            "- aws-111111111111/role/crr",
            "time_control: true",
            "enabled: false",
            "CloudWatch bills as custom metrics",
            "alarms of others on the old IDs see nothing any more",
        ],
    );
    let order: Vec<usize> = ["id: \"off\"", "id: hot", "id: Everything---more"]
        .map(|id| imported.out.find(id).expect(id))
        .into();
    assert!(order.is_sorted(), "{}", imported.out);
    has(&imported.err, &["each by what guards.adopt takes over"]);
    assert!(!imported.err.contains("refused today"), "{}", imported.err);

    let planned = plan(&world, 2, &imported.out);
    let replication = "aws-111111111111/bucket/orders-prod/replication/rule";
    let gone = ["Everything & more", "hot", "off"].map(|id| format!("{replication}/{id}"));
    assert_eq!(addresses(&planned, "delete"), gone);
    assert_eq!(addresses(&planned, "update"), ["aws-111111111111/role/crr"]);
    let path = world.folder().join("imported/spec.yaml");
    let path = path.to_str().expect("text");
    // Objects replicate while it is applied and after it.
    world.source().put_object("orders-prod", "before", &[]);
    world.expect(0, &["apply", "--yes", path]);
    world.source().put_object("orders-prod", "after", &[]);
    world.settle();
    for key in ["before", "after"] {
        let at = format!("/orders-archive/objects/{key}");
        assert!(
            !world.buckets(&at).is_null(),
            "{key}: {:#}",
            world.buckets("/orders-archive")
        );
    }
    world.expect(0, &["plan", "--detailed-exitcode", path]);
    // What is ours now is imported as it is, and hands nothing over.
    let again = import(&world, 0, &ORDERS);
    assert!(!again.out.contains("adopt:"), "{}", again.out);
    plan(&world, 0, &again.out);
}

#[test]
fn a_configuration_of_the_first_schema_goes_on_replicating_delete_markers() {
    let world = world(&[
        bucket(SOURCE, "orders-prod"),
        bucket(DESTINATION, "orders-archive"),
    ]);
    role_by_hand(&world, &["orders-archive"]);
    let old = |id: &str, prefix: &str| {
        format!(
            "<ID>{id}</ID><Prefix>{prefix}</Prefix><Status>Enabled</Status>\
             <Destination><Bucket>arn:aws:s3:::orders-archive</Bucket></Destination>"
        )
    };
    let rules = [old("a", "a/"), old("b", "b/")];
    replicate(
        &world.source(),
        "orders-prod",
        &rules.each_ref().map(String::as_str),
    );
    let imported = import(&world, 0, &ORDERS);
    has(
        &imported.out,
        &[
            "S3's first schema (V1), which replicates every delete marker",
            "delete_markers: mirror",
        ],
    );
    assert!(
        !imported.out.contains("delete_markers: keep"),
        "{}",
        imported.out
    );
    plan(&world, 2, &imported.out);
    let path = world.folder().join("imported/spec.yaml");
    world.expect(0, &["apply", "--yes", path.to_str().expect("text")]);
    let live = world.source().get("orders-prod", "replication").body;
    assert_eq!(live.matches("<Filter>").count(), 2, "{live}");
    let markers = "<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>";
    assert_eq!(live.matches(markers).count(), 2, "{live}");
}

#[test]
fn several_destinations_are_several_migrations_and_what_cannot_be_entered_is_marked() {
    let inside = ("111111111111", "eu-central-1");
    let world = world(&[
        bucket(SOURCE, "orders-prod"),
        bucket(DESTINATION, "orders-archive"),
        unenforced(inside, "orders-copy"),
        bucket(("333333333333", "eu-west-1"), "elsewhere"),
    ]);
    role_by_hand(&world, &["orders-archive"]);
    let all = "<Prefix></Prefix>";
    let mut there = rule("there", 3, all, "", "elsewhere");
    there = there.replace("</Bucket>", "</Bucket><Account>333333333333</Account>");
    let rules = [
        rule("archive", 1, all, "", "orders-archive"),
        rule("copy", 2, all, "", "orders-copy"),
        there,
    ];
    replicate(
        &world.source(),
        "orders-prod",
        &rules.each_ref().map(String::as_str),
    );
    let imported = import(&world, 0, &ORDERS);
    has(
        &imported.out,
        &[
            "aws-111111111111-eu-central-1: id: \"111111111111\" region: eu-central-1",
            "orders-prod-to-orders-archive:",
            "orders-prod-to-orders-copy:",
            "owner: source",
            "rule \"there\" of orders-prod stays as it is and is not in this spec: its destination elsewhere is of account 333333333333, \
             which no way in was given for",
        ],
    );
    let planned = plan(&world, 2, &imported.out);
    let gone = addresses(&planned, "delete").join(" ");
    assert!(
        gone.contains("/archive") && gone.contains("/copy") && !gone.contains("/there"),
        "{gone}"
    );

    let one = import(
        &world,
        0,
        &[
            &ORDERS[..],
            &["--destination", "222222222222:orders-archive"],
        ]
        .concat(),
    );
    has(
        &one.out,
        &["rule \"copy\" of orders-prod stays", "was not asked for"],
    );
    assert_eq!(one.out.matches("- id:").count(), 1, "{}", one.out);
}

#[test]
fn a_rule_that_would_lose_objects_to_one_that_stays_is_left() {
    let world = world(&[
        bucket(SOURCE, "orders-prod"),
        bucket(DESTINATION, "orders-archive"),
    ]);
    role_by_hand(&world, &["orders-archive"]);
    let strange = rule("strange", 1, "<Prefix></Prefix>", "", "orders-archive");
    // A replica key without an ARN is none that a spec takes.
    let strange = strange.replace("</DeleteMarkerReplication>", "</DeleteMarkerReplication><SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>")
        .replace("</Bucket>", "</Bucket><EncryptionConfiguration><ReplicaKmsKeyID>alias/replica</ReplicaKmsKeyID></EncryptionConfiguration>");
    let rules = [
        strange,
        rule("wins", 5, "<Prefix>a/</Prefix>", "", "orders-archive"),
    ];
    replicate(
        &world.source(),
        "orders-prod",
        &rules.each_ref().map(String::as_str),
    );
    let nothing = import(&world, 1, &ORDERS);
    has(
        &nothing.err,
        &[
            "rule \"strange\" of orders-prod stays as it is",
            "is not the ARN of a key",
            "it shares objects with rule strange, and would lose them to it",
            "no rule can be written as a spec",
        ],
    );
    assert!(nothing.out.is_empty(), "{}", nothing.said());
}

#[test]
fn what_is_not_there_and_what_may_not_be_seen_is_said() {
    let world = world(&[
        bucket(SOURCE, "orders-prod"),
        bucket(DESTINATION, "orders-archive"),
    ]);
    let bare = import(&world, 1, &ORDERS);
    has(
        &bare.err,
        &["orders-prod of account 111111111111 has no replication configuration"],
    );
    let nobody = import(&world, 1, &["--source", "111111111111:nobody-knows"]);
    has(
        &nobody.err,
        &["account 111111111111 has no bucket nobody-knows"],
    );
    has(&world.expect(64, &["import"]).err, &["--source"]);

    role_by_hand(&world, &["orders-archive"]);
    let all = rule("all", 1, "<Prefix></Prefix>", "", "orders-archive");
    replicate(&world.source(), "orders-prod", &[&all]);
    world.deny("iam", "GetRole");
    let denied = import(&world, 7, &ORDERS);
    has(
        &denied.err,
        &["AccessDenied", "iam:GetRole", "Nothing was imported"],
    );
}

#[test]
fn rules_of_two_specs_need_a_name() {
    let world = ours();
    let live = world.source().get("orders-prod", "replication").body;
    let foreign = rule(
        "s3ferry/science/clicks/all",
        90,
        "<Prefix>clicks/</Prefix>",
        "",
        "orders-archive",
    );
    let with = live.replace(
        "</ReplicationConfiguration>",
        &format!("<Rule>{foreign}</Rule></ReplicationConfiguration>"),
    );
    world.source().put("orders-prod", "replication", &with);
    has(
        &import(&world, 64, &ORDERS).err,
        &["science, test", "--name"],
    );
    let named = import(&world, 0, &[&ORDERS[..], &["--name", "test"]].concat());
    has(&named.out, &["it is of the s3ferry spec science"]);
    plan(&world, 0, &named.out);
}

#[test]
fn everything_that_replicates_is_found_and_what_is_closed_is_said() {
    let world = world(&[
        bucket(SOURCE, "orders-prod"),
        bucket(("111111111111", "us-east-1"), "invoices-prod"),
        bucket(SOURCE, "nothing-here"),
        bucket(SOURCE, "closed"),
        bucket(DESTINATION, "orders-archive"),
        bucket(DESTINATION, "invoices-archive"),
    ]);
    role_by_hand(&world, &["orders-archive", "invoices-archive"]);
    role_in(&world.destination());
    let all = |id: &str, to: &str| rule(id, 1, "<Prefix></Prefix>", "", to);
    let there = all("there", "orders-archive");
    replicate(&world.source(), "orders-prod", &[&there]);
    let invoices = all("invoices", "invoices-archive");
    replicate(&world.source_in("us-east-1"), "invoices-prod", &[&invoices]);
    let back = all("back", "orders-prod");
    replicate_in(
        DESTINATION.0,
        &world.destination(),
        "orders-archive",
        &[&back],
    );
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*",
        "Action": "s3:GetReplicationConfiguration", "Resource": "arn:aws:s3:::closed" }] });
    world.source().put("closed", "policy", &deny.to_string());

    let accounts = ["--all", "--account", SOURCE.0, "--account", DESTINATION.0];
    let imported = import(&world, 0, &accounts);
    has(
        &imported.out,
        &[
            "invoices-prod: phase: replicate",
            "source: { account: aws-111111111111-us-east-1, bucket: invoices-prod }",
            "orders-prod: phase: replicate",
            "rule \"back\" of orders-archive stays as it is and is not in this spec: orders-prod replicates back to orders-archive",
            "aws-111111111111-eu-west-1/bucket/closed/replication could not be looked at (AccessDenied)",
        ],
    );
    assert_eq!(imported.out.matches("- id:").count(), 2, "{}", imported.out);
    has(&imported.err, &["Imported 2 rules in 2 migrations."]);
    plan(&world, 2, &imported.out);
    let again = import(&world, 0, &accounts);
    assert_eq!(again.out, imported.out, "the same world, other bytes");

    let lonely = ["--all", "--account", DESTINATION.0];
    let alone = import(
        &world,
        1,
        &[&lonely[..], &["--destination", "222222222222:nowhere"]].concat(),
    );
    has(&alone.err, &["no rule can be written as a spec"]);
    world.deny("s3", "ListBuckets");
    has(&import(&world, 7, &accounts).err, &["s3:ListAllMyBuckets"]);
    let stranger = world.expect(7, &["import", "--all", "--account", "333333333333"]);
    has(&stranger.err, &["--profile ACCOUNT_ID=NAME"]);
    has(&world.expect(64, &["import", "--all"]).err, &["--account"]);
}
