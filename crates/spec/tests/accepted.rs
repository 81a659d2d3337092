//! What good specs mean: defaults, several files, and the freedoms of YAML.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot find its migration has failed"
)]

use s3ferry_core::data_events::DataEvents;
use s3ferry_core::ids::{AccountName, MigrationName};
use s3ferry_core::spec::{
    Above, Canary, Create, Encryption, KeyFormat, Ledger, ListEncryption, ListFormat, Logging,
    Migration, MissingData, Monitoring, ReplicaOwner, Schedule, Spec,
};
use s3ferry_spec::{Diagnostic, SourceFile, digest, read};

const ACCOUNTS: &str = r#"version: 1
accounts:
  prod: { id: "111111111111", region: eu-west-1, profile: prod }
  archive: { id: "222222222222", region: eu-central-1, profile: archive }
"#;

const ORDERS: &str = "
  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive }
    rules: [{ id: everything, delete_markers: mirror }]
";

fn file(path: &str, bytes: impl Into<Vec<u8>>) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        bytes: bytes.into(),
    }
}

fn spec_of(files: &[SourceFile]) -> Spec {
    let reading = read(files);
    let found: String = reading
        .diagnostics
        .iter()
        .map(Diagnostic::to_text)
        .collect();
    assert_eq!(found, "");
    reading.spec.unwrap()
}

fn spec(text: &str) -> Spec {
    spec_of(&[file("spec.yaml", text)])
}

/// The one migration of accounts, a top-level part, and fields under `orders`.
fn orders(top: &str, fields: &str) -> Migration {
    let spec = spec(&format!("{ACCOUNTS}{top}migrations:{ORDERS}    {fields}\n"));
    migration(&spec, "orders").clone()
}

fn migration<'s>(spec: &'s Spec, name: &str) -> &'s Migration {
    &spec.migrations[&MigrationName::new(name).unwrap()]
}

#[test]
fn what_is_left_out_has_the_value_of_the_reference_page() {
    let spec = spec(&format!("{ACCOUNTS}migrations:{ORDERS}"));
    assert_eq!(spec.name.as_str(), "default");
    assert_eq!(spec.ledger, Ledger::Folder("./ledger".to_owned()));
    let orders = migration(&spec, "orders");
    assert_eq!(orders.role.as_str(), "s3ferry-orders-prod");
    assert_eq!(orders.owner, ReplicaOwner::Destination);
    assert_eq!(
        orders.canary,
        Canary::Write {
            name: ".s3ferry-canary".to_owned()
        }
    );
    assert_eq!(orders.monitoring, Monitoring::Unset);
    assert_eq!(orders.logging, Logging::default());
    assert_eq!(orders.destination.create, Create::No);
    assert_eq!(
        (orders.guards.max_deletes, orders.guards.adopt.len()),
        (0, 0)
    );
    let [rule] = orders.rules.as_slice() else {
        panic!("{orders:?}")
    };
    assert!(rule.enabled && !rule.time_control && !rule.replica_modifications);
    assert_eq!(
        (rule.prefix.as_str(), rule.tags.len(), rule.storage_class),
        ("", 0, None)
    );
    assert_eq!(rule.kms, None);
}

#[test]
fn what_is_written_down_of_both_buckets_is_read() {
    let top = "defaults:
  logging:
    access: { key_format: event-time, source: { bucket: logs } }
    inventory: { format: parquet }
    cloudtrail: { write_only: true }
";
    let logging = "logging: { cloudtrail: { source: { trail: s3-data, bucket: prod-trail, prefix: ct/ }, \
        destination: { trail: audit, region: us-east-1 } }, access: { source: { prefix: s3/orders/ } }, \
        inventory: { schedule: weekly, source: { bucket: lists, prefix: orders/, encryption: sse-s3 }, destination: { bucket: archive-lists } } }";
    let Logging {
        access,
        cloudtrail,
        inventory,
    } = orders(top, logging).logging;
    assert_eq!(cloudtrail.events, DataEvents::Writes);
    let own = cloudtrail.to.source.unwrap();
    assert_eq!(own.to.unwrap().prefix, "ct", "CloudTrail puts the slash");
    let theirs = cloudtrail.to.destination.unwrap();
    assert_eq!(
        (theirs.home.unwrap().as_str(), theirs.to),
        ("us-east-1", None)
    );
    assert_eq!(access.key_format, KeyFormat::EventTime);
    let place = access.to.source.unwrap();
    assert_eq!(
        (place.bucket.as_str(), place.prefix.as_str()),
        ("logs", "s3/orders/")
    );
    assert_eq!(access.to.destination, None);
    assert_eq!(
        (inventory.format, inventory.schedule),
        (ListFormat::Parquet, Schedule::Weekly)
    );
    let source = inventory.to.source.unwrap();
    assert_eq!(source.place.prefix, "orders", "S3 puts the slash");
    assert_eq!(source.encryption, Some(ListEncryption::SseS3));
    let destination = inventory.to.destination.unwrap();
    assert_eq!(
        (destination.place.bucket.as_str(), destination.encryption),
        ("archive-lists", None)
    );
}

#[test]
fn a_migration_overrides_defaults_mapping_by_mapping() {
    let top = "defaults:
  destination: { create: true, encryption: sse-s3 }
  guards: { max_deletes: 3, adopt: [a] }
  owner: source
  roles: { replication: { name: shared } }
";
    let orders = orders(top, "guards: { adopt: [b] }");
    assert_eq!(orders.destination.create, Create::Yes(Encryption::SseS3));
    assert_eq!(orders.guards.max_deletes, 3);
    assert_eq!(orders.guards.adopt, ["b"]);
    assert_eq!(orders.owner, ReplicaOwner::Source);
    assert_eq!(orders.role.as_str(), "shared");
}

#[test]
fn alarms_have_the_thresholds_that_are_written_and_defaults_for_the_rest() {
    let alarms = |text: &str| match orders("", text).monitoring {
        Monitoring::Alarms(alarms) => *alarms,
        other => panic!("{other:?}"),
    };
    let above = |threshold, missing_data| Above {
        threshold,
        missing_data,
    };
    let plain = alarms("monitoring: {}");
    assert_eq!(plain.failed_operations, above(0, MissingData::Ignore));
    assert_eq!(plain.latency, above(900, MissingData::Ignore));
    assert_eq!(plain.pending_operations, above(10_000, MissingData::Ignore));
    assert_eq!(
        plain.pending_bytes,
        above(107_374_182_400, MissingData::Ignore)
    );
    assert!(
        !plain.prove
            && alarms("monitoring: { prove: true, failed_operations: { above: 19 } }").prove
    );
    assert!(plain.notify_source.is_empty() && plain.account.is_none() && plain.events.is_none());
    let topic = "arn:aws:sns:eu-west-1:333333333333:ops";
    let written = alarms(&format!(
        "monitoring: {{ account: archive, events: \"{topic}\", notify: {{ source: [\"{topic}\"] }}, failed_operations: {{ missing_data: notBreaching }}, latency: 2h, pending_bytes: 5KiB, missing_data: breaching }}"
    ));
    assert_eq!(written.account, Some(AccountName::new("archive").unwrap()));
    assert_eq!(written.notify_source[0].as_str(), topic);
    assert_eq!(written.events.unwrap().as_str(), topic);
    assert_eq!(
        written.failed_operations,
        above(0, MissingData::NotBreaching)
    );
    assert_eq!(written.latency, above(7_200, MissingData::Breaching));
    assert_eq!(written.pending_bytes, above(5_120, MissingData::Breaching));
}

#[test]
fn what_has_alternatives_is_replaced_whole() {
    let top = "defaults: { canary: { name: probe }, monitoring: { none: nobody } }\n";
    let skipped = orders(top, "canary: { skip: scanners }");
    assert_eq!(
        skipped.canary,
        Canary::Skip {
            reason: "scanners".to_owned()
        }
    );
    assert_eq!(
        skipped.monitoring,
        Monitoring::None {
            reason: "nobody".to_owned()
        }
    );
    let key = "arn:aws:kms:eu-central-1:222222222222:key/1";
    let top = format!(
        "defaults: {{ destination: {{ create: true, encryption: {{ kms_key: \"{key}\" }} }} }}\n"
    );
    let Create::Yes(Encryption::SseKms {
        key: found,
        bucket_key: true,
    }) = orders(&top, "").destination.create
    else {
        panic!("the key is lost");
    };
    assert_eq!(found.as_str(), key);
}

#[test]
fn a_whole_migration_can_come_from_defaults() {
    let defaults = ORDERS.replace("\n  orders:\n", "").replace("    ", "  ");
    let spec = spec(&format!(
        "{ACCOUNTS}defaults:\n{defaults}migrations: {{ orders: {{}} }}\n"
    ));
    assert_eq!(
        migration(&spec, "orders").source.bucket.as_str(),
        "orders-prod"
    );
}

#[test]
fn rules_of_defaults_give_way_to_a_migrations_own() {
    let orders = orders(
        "defaults: { rules: [{ id: a, delete_markers: keep }, { id: b, prefix: b/, delete_markers: keep }] }\n",
        "",
    );
    assert_eq!(orders.rules.len(), 1);
}

#[test]
fn the_replica_key_is_the_key_of_the_destination() {
    let key = "arn:aws:kms:eu-central-1:222222222222:key/1";
    let source = "arn:aws:kms:eu-west-1:111111111111:key/2";
    let text = format!("{ACCOUNTS}migrations:{ORDERS}")
        .replace(
            "bucket: orders-archive",
            &format!("bucket: orders-archive, create: true, encryption: {{ kms_key: \"{key}\" }}"),
        )
        .replace(
            "mirror",
            &format!("mirror, source_kms: {{ keys: [\"{source}\"] }}"),
        );
    let spec = spec(&text);
    let kms = migration(&spec, "orders").rules[0].kms.clone().unwrap();
    assert_eq!(kms.replica_key.as_str(), key);
    assert_eq!(kms.source_keys[0].as_str(), source);
}

#[test]
fn a_long_bucket_gives_a_role_of_64_characters_that_differs_by_bucket() {
    let role = |last: &str| {
        let bucket = format!("{}{last}", "b".repeat(62));
        let text = format!(
            "{ACCOUNTS}migrations:{}",
            ORDERS.replace("orders-prod", &bucket)
        );
        migration(&spec(&text), "orders").role.as_str().to_owned()
    };
    assert_eq!(role("x").len(), 64);
    assert_ne!(role("x"), role("y"));
    assert_eq!(role("x"), role("x"));
}

#[test]
fn the_arn_of_our_own_role_is_its_name() {
    for role in [
        "\"arn:aws:iam::111111111111:role/s3ferry/mine\"",
        "{ name: \"arn:aws:iam::111111111111:role/s3ferry/mine\" }",
        "{ name: mine }",
    ] {
        assert_eq!(
            orders("", &format!("roles: {{ replication: {role} }}"))
                .role
                .as_str(),
            "mine"
        );
    }
}

#[test]
fn files_make_one_spec_in_any_order() {
    let whole = spec(&format!("{ACCOUNTS}migrations:{ORDERS}"));
    let parts = [
        file("b.yaml", ACCOUNTS),
        file("a.yaml", format!("version: 1\nmigrations:{ORDERS}")),
    ];
    let [first, second] = parts.clone();
    assert_eq!(spec_of(&parts), whole);
    assert_eq!(spec_of(&[second, first]), whole);
}

#[test]
fn a_file_named_twice_is_one_file() {
    let file = file("a.yaml", format!("{ACCOUNTS}migrations:{ORDERS}"));
    let twice = [file.clone(), file.clone()];
    assert_eq!(spec_of(&twice), spec_of(&twice[..1]));
    assert_eq!(digest(&twice), digest(&[file]));
}

#[test]
fn the_file_that_names_the_ledger_is_told() {
    let files = [
        file("a/accounts.yaml", format!("{ACCOUNTS}ledger: ../ledger\n")),
        file("b.yaml", format!("version: 1\nmigrations:{ORDERS}")),
    ];
    assert_eq!(read(&files).ledger_file.as_deref(), Some("a/accounts.yaml"));
    assert_eq!(read(&files[1..]).ledger_file, None);
}

#[test]
fn a_byte_order_mark_windows_lines_and_anchors_change_nothing() {
    let text = format!("{ACCOUNTS}migrations:{ORDERS}");
    let plain = spec(&text);
    assert_eq!(spec(&format!("\u{feff}{text}")), plain);
    assert_eq!(spec(&text.replace('\n', "\r\n")), plain);
    assert_eq!(spec(&format!("%YAML 1.2\n---\n{text}...\n")), plain);
    let anchors = text
        .replace("account: prod", "account: &prod prod")
        .replace("id: everything", "id: &id everything");
    assert_eq!(spec(&anchors), plain);
    let alias = text
        .replace(
            "migrations:",
            "defaults: { source: &source { account: prod, bucket: orders-prod } }\nmigrations:",
        )
        .replace(
            "source: { account: prod, bucket: orders-prod }\n    destination",
            "source: *source\n    destination",
        );
    assert_eq!(spec(&alias), plain);
}

#[test]
fn places_count_from_the_first_character_after_a_byte_order_mark() {
    let reading = read(&[file("spec.yaml", "\u{feff}verison: 1\r\nname: x\r\n")]);
    let [found] = reading.diagnostics.as_slice() else {
        panic!("{:?}", reading.diagnostics)
    };
    assert_eq!(
        (found.place.line, found.place.column, found.place.width),
        (1, 1, 7)
    );
    assert_eq!(found.source_line, "verison: 1");
}

#[test]
fn carets_stand_under_wide_characters() {
    let reading = read(&[file(
        "spec.yaml",
        "version: 1\nname: \"\u{540d}\u{524d}\" # x\n",
    )]);
    let text = reading.diagnostics[0].to_text();
    let caret = text.lines().find(|line| line.contains('^')).unwrap();
    assert_eq!(caret, "  |       ^^^^^^");
}

#[test]
fn the_digest_depends_on_paths_and_bytes_and_not_on_their_order() {
    let (a, b) = (file("a", "1"), file("b", "2"));
    let one = digest(&[a.clone(), b.clone()]);
    assert_eq!(one.len(), 64);
    assert_eq!(one, digest(&[b.clone(), a.clone()]));
    assert_ne!(one, digest(&[file("a", "2"), file("b", "1")]));
    assert_ne!(one, digest(&[file("a", "12"), file("b", "")]));
    assert_ne!(one, digest(&[a]));
}
