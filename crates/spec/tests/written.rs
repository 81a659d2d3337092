//! A spec that is written is read as the same spec.

use proptest::prelude::*;
use s3ferry_core::import::{Place, Remark, Says};
use s3ferry_core::spec::Spec;
use s3ferry_spec::{SourceFile, read, write};

fn read_back(text: &str) -> Option<Spec> {
    let file = SourceFile {
        path: "spec.yaml".to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    read(&[file]).spec
}

/// A spec with every field that this version acts on.
const WHOLE: &str = r#"version: 1
name: whole
accounts:
  prod: { id: "111111111111", region: eu-west-1, assume_role: { arn: "arn:aws:iam::111111111111:role/s3ferry", external_id: move-42 } }
  archive: { id: "222222222222", region: eu-central-1, profile: archive }
ledger: ../ledger
defaults: { guards: { max_deletes: 2, adopt: [ prod/role/x, "prod/bucket/a/replication/rule/a \"b\" #c" ], forget: [ "333333333333" ] } }
migrations:
  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true, encryption: { kms_key: "arn:aws:kms:eu-central-1:222222222222:key/a", bucket_key: false }, kms: { write_policy: true } }
    roles: { replication: { name: mover } }
    rules:
      - { id: "1", prefix: "a: b #\\", tags: { "yes": "no", "a b": "" }, delete_markers: keep, storage_class: GLACIER, time_control: true, replica_modifications: true, enabled: false }
      - { id: kms, delete_markers: mirror, source_kms: { keys: [ "arn:aws:kms:eu-west-1:111111111111:key/b", "arn:aws:kms:eu-west-1:111111111111:key/c" ], replica_key: "arn:aws:kms:eu-central-1:222222222222:key/d" } }
      - { id: same, prefix: x, delete_markers: mirror, source_kms: { keys: [ "arn:aws:kms:eu-west-1:111111111111:key/b" ] } }
    canary: { name: mine }
    monitoring: { account: archive, notify: { source: [ "arn:aws:sns:eu-west-1:111111111111:a" ] }, failed_operations: { above: 7, missing_data: breaching }, latency: 90s, pending_operations: 1, pending_bytes: 1025B, missing_data: missing, prove: true }
    logging:
      access: { source: { bucket: prod-logs, prefix: "s3/" }, destination: { bucket: archive-logs }, key_format: event-time }
      inventory: { source: { bucket: prod-lists, encryption: { kms_key: "arn:aws:kms:eu-west-1:111111111111:key/b" } }, format: orc, schedule: weekly }
  plain:
    phase: prepare
    source: { account: prod, bucket: plain-prod }
    destination: { account: archive, bucket: plain-archive, create: true }
    rules: [ { id: all, delete_markers: mirror } ]
    owner: source
    canary: { skip: "no: reason" }
    monitoring: { none: "nobody #1" }
    guards: { max_deletes: 9 }
  watched:
    phase: replicate
    source: { account: prod, bucket: watched-prod }
    destination: { account: archive, bucket: watched-archive }
    rules: [ { id: all, delete_markers: mirror } ]
    monitoring: {}
"#;

#[test]
fn a_spec_with_every_field_is_read_as_it_was_written() {
    let spec = read_back(WHOLE).unwrap();
    let text = write(&spec, "Written by a test.", &[]);
    assert_eq!(read_back(&text).as_ref(), Some(&spec), "{text}");
    assert_eq!(
        write(&read_back(&text).unwrap(), "Written by a test.", &[]),
        text
    );
    // The order is the reference's, and what holds anyway is not said.
    let places: Vec<usize> = [
        "version:",
        "name:",
        "accounts:",
        "ledger:",
        "defaults:",
        "migrations:",
    ]
    .map(|key| text.find(key).unwrap())
    .into();
    assert!(places.is_sorted(), "{text}");
    for unsaid in [
        "prefix: \"\"",
        "enabled: true",
        "bucket_key: true",
        "owner: destination",
    ] {
        assert!(!text.contains(unsaid), "{unsaid} in {text}");
    }
}

proptest! {
    #[test]
    fn no_remark_is_more_than_a_comment(remarks in proptest::collection::vec((0..4_usize, any::<String>()), 0..6)) {
        let spec = read_back(WHOLE).unwrap();
        let name = spec.migrations.keys().next().unwrap().clone();
        let rule = spec.migrations[&name].rules[1].name.clone();
        let places = [Place::Guards, Place::Migrations, Place::Migration(name.clone()), Place::Rule(name, rule)];
        let remarks: Vec<Remark> = remarks
            .into_iter()
            .map(|(at, text)| Remark { at: places[at].clone(), says: Says::Note, text })
            .collect();
        let text = write(&spec, "Head", &remarks);
        prop_assert_eq!(read_back(&text), Some(spec), "{}", text);
    }
}
