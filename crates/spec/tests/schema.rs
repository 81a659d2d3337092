//! The JSON Schema takes what `read` takes, and sees what an editor can see.
//!
//! The judge is a validator of the keywords that the schema uses, and of no others: a new keyword fails here.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot parse its documents has failed"
)]

use std::collections::BTreeSet;
use std::path::Path;

use s3ferry_core::ids::SpecName;
use s3ferry_spec::{SourceFile, json_schema, read, starter};
use serde_json::Value;

const WHOLE: &str = r#"version: 1
name: everything
accounts:
  prod: { id: "111111111111", region: eu-west-1 }
  archive:
    id: "222222222222"
    region: eu-central-1
    assume_role: { arn: "arn:aws:iam::222222222222:role/path/s3ferry", external_id: "move-42/x" }
  other: { id: "333333333333", region: eu-central-1, profile: other }
ledger: ../ledger
defaults:
  phase: prepare
  owner: destination
  destination: { account: archive }
migrations:
  a-1:
    source: { account: prod, bucket: a.b-1 }
    destination:
      bucket: b-1
      create: true
      encryption: { kms_key: "arn:aws:kms:eu-central-1:222222222222:key/mrk-1", bucket_key: false }
    roles: { replication: { name: "Some+Role=,.@_-1" } }
    rules:
      - id: A.b_c-1
        prefix: "é/ü "
        tags: { "a b": "", "é": "x+-=._:/@" }
        delete_markers: keep
        storage_class: DEEP_ARCHIVE
        time_control: true
        source_kms: { keys: ["arn:aws:kms:eu-west-1:111111111111:key/1"], replica_key: "arn:aws:kms:eu-central-1:222222222222:key/2" }
        replica_modifications: true
        enabled: false
      - { id: b, prefix: x, delete_markers: mirror, source_kms: false }
    canary: { skip: "why" }
    monitoring: { none: "nobody" }
    backfill: { scope: none }
    guards: { max_deletes: 4294967295, adopt: ["prod bucket b-1", x] }
  b:
    phase: replicate
    source: { account: prod, bucket: c-1 }
    destination: { account: other, bucket: d-1, create: true, encryption: sse-s3 }
    roles: { replication: "arn:aws:iam::111111111111:role/s3ferry/mine" }
    rules: [{ id: a, delete_markers: mirror }]
    owner: destination
    canary: { name: a/b }
"#;

/// Why a value is not valid, or nothing.
fn refused(schema: &Value, value: &Value, root: &Value) -> Option<String> {
    schema
        .as_object()
        .unwrap()
        .iter()
        .find_map(|(keyword, rule)| {
            let fails = match keyword.as_str() {
                "$schema"
                | "$defs"
                | "title"
                | "description"
                | "default"
                | "deprecated"
                | "x-not-yet-supported" => false,
                "not" => refused(rule, value, root).is_none(),
                "minProperties" => value.as_object().is_some_and(|map| map.len() < size(rule)),
                "maxProperties" => value.as_object().is_some_and(|map| map.len() > size(rule)),
                "uniqueItems" => value.as_array().is_some_and(|items| {
                    (1..items.len()).any(|index| items[..index].contains(&items[index]))
                }),
                "$ref" => {
                    let pointer = rule.as_str().unwrap().trim_start_matches('#');
                    return refused(root.pointer(pointer).unwrap(), value, root);
                }
                "type" => !is_of(value, rule.as_str().unwrap()),
                "const" => value != rule,
                "pattern" => value.as_str().is_some_and(|text| {
                    !regex_lite::Regex::new(rule.as_str().unwrap())
                        .unwrap()
                        .is_match(text)
                }),
                "minimum" => value
                    .as_f64()
                    .is_some_and(|number| number < rule.as_f64().unwrap()),
                "maximum" => value
                    .as_f64()
                    .is_some_and(|number| number > rule.as_f64().unwrap()),
                "minLength" => value
                    .as_str()
                    .is_some_and(|text| text.chars().count() < size(rule)),
                "maxLength" => value
                    .as_str()
                    .is_some_and(|text| text.chars().count() > size(rule)),
                "minItems" => value
                    .as_array()
                    .is_some_and(|items| items.len() < size(rule)),
                "oneOf" => {
                    rule.as_array()
                        .unwrap()
                        .iter()
                        .filter(|of| refused(of, value, root).is_none())
                        .count()
                        != 1
                }
                "anyOf" => rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|of| refused(of, value, root).is_some()),
                "items" => {
                    return value
                        .as_array()?
                        .iter()
                        .find_map(|item| refused(rule, item, root));
                }
                "properties" => {
                    return rule
                        .as_object()
                        .unwrap()
                        .iter()
                        .find_map(|(name, of)| refused(of, value.get(name)?, root));
                }
                "required" => rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|name| value.get(name.as_str().unwrap()).is_none()),
                "propertyNames" => {
                    return value
                        .as_object()?
                        .keys()
                        .find_map(|name| refused(rule, &Value::String(name.clone()), root));
                }
                "additionalProperties" if rule.is_object() => {
                    return value
                        .as_object()?
                        .values()
                        .find_map(|value| refused(rule, value, root));
                }
                "additionalProperties" => {
                    let known = schema["properties"].as_object().unwrap();
                    value
                        .as_object()
                        .is_some_and(|value| value.keys().any(|name| !known.contains_key(name)))
                }
                unknown => panic!("the schema uses {unknown}"),
            };
            fails.then(|| format!("{keyword} {rule} refuses {value}"))
        })
}

fn size(rule: &Value) -> usize {
    usize::try_from(rule.as_u64().unwrap()).unwrap()
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        unknown => panic!("the schema uses the type {unknown}"),
    }
}

fn judged(text: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let value: Value = serde_yaml::from_str(text).unwrap();
    refused(&schema, &value, &schema)
}

#[test]
fn what_is_read_is_valid() {
    let reading = read(&[SourceFile {
        path: "whole.yaml".to_owned(),
        bytes: WHOLE.into(),
    }]);
    let found: Vec<String> = reading
        .diagnostics
        .iter()
        .map(s3ferry_spec::Diagnostic::to_text)
        .collect();
    assert!(reading.spec.is_some(), "{}", found.concat());
    assert_eq!(judged(WHOLE), None);
    assert_eq!(judged(&starter(&SpecName::new("0x10").unwrap())), None);
}

#[test]
fn every_example_is_valid() {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plans");
    let mut judgements = 0;
    for folder in std::fs::read_dir(plans)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        for file in std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if file
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                assert_eq!(
                    judged(&std::fs::read_to_string(&file).unwrap()),
                    None,
                    "{}",
                    file.display()
                );
                judgements += 1;
            }
        }
    }
    assert!(judgements > 5);
}

#[test]
fn an_editor_sees_what_a_schema_can_say() {
    let edits = [
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("id: \"111111111111\", ", ""),
        ("\"111111111111\"", "111111111111"),
        ("create: true", "create: yes"),
        ("phase: prepare", "phase: preparing"),
        ("delete_markers: keep", "delete_marker: keep"),
        ("        delete_markers: keep\n", ""),
        ("storage_class: DEEP_ARCHIVE", "storage_class: deep"),
        ("source_kms: false", "source_kms: true"),
        (
            "keys: [\"arn:aws:kms:eu-west-1:111111111111:key/1\"]",
            "keys: []",
        ),
        ("bucket: a.b-1", "bucket: arn:aws:s3:::a"),
        ("max_deletes: 4294967295", "max_deletes: -1"),
        ("a-1:", "A_1:"),
        ("\"a b\": \"\"", "\"\": \"\""),
        ("delete_markers: keep", "delete_markers: mirror"),
        (
            "profile: other",
            "profile: other, assume_role: { arn: \"arn:aws:iam::333333333333:role/x\" }",
        ),
        ("canary: { name: a/b }", "canary: { name: a/b, skip: x }"),
        ("adopt: [\"prod bucket b-1\", x]", "adopt: [x, y, x]"),
        (
            "\"é\": \"x+-=._:/@\"",
            "a: 1a, b: 1a, c: 1a, d: 1a, e: 1a, f: 1a, g: 1a, h: 1a, i: 1a, j: 1a",
        ),
    ];
    for (from, to) in edits {
        assert!(WHOLE.contains(from), "{from}");
        assert!(judged(&WHOLE.replacen(from, to, 1)).is_some(), "{to}");
    }
}

#[test]
fn what_is_not_supported_yet_is_marked_and_refused() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let migration = &schema["$defs"]["migration"];
    let mut found = Vec::new();
    for (name, of) in migration["properties"].as_object().unwrap() {
        if of.get("x-not-yet-supported").is_some() {
            assert_eq!(of["deprecated"], true, "{name}");
            found.push(name.as_str());
        }
    }
    assert_eq!(found, ["cutover", "retire"]);
    let words = |of: &Value| -> Vec<String> {
        let words = of["oneOf"].as_array().unwrap().iter();
        let later = words.filter(|word| word.get("x-not-yet-supported").is_some());
        later
            .map(|word| word["const"].as_str().unwrap().to_owned())
            .collect()
    };
    let fields = &migration["properties"];
    assert_eq!(words(&fields["phase"]), ["cutover", "retire"]);
    for later in ["phase: cutover", "cutover: {}"] {
        let (field, _) = later.split_once(':').unwrap();
        let line = WHOLE
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{field}:")));
        let text = match line {
            Some(line) => WHOLE.replacen(line.trim_start(), later, 1),
            None => WHOLE.replacen("    canary:", &format!("    {later}\n    canary:"), 1),
        };
        let reading = read(&[SourceFile {
            path: "whole.yaml".to_owned(),
            bytes: text.into_bytes(),
        }]);
        assert!(
            reading
                .diagnostics
                .iter()
                .any(|of| of.code == "not-yet-supported"),
            "{later}"
        );
    }
}

/// Where the schema has the fields that this version takes, by pointer, that are not among `used`.
fn unused(schema: &Value, at: &str, used: &BTreeSet<String>, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match schema {
        Value::Object(map) => map.iter().map(|(key, of)| (key.clone(), of)).collect(),
        Value::Array(items) => (0..).map(|at: usize| at.to_string()).zip(items).collect(),
        _ => return,
    };
    for (key, child) in children {
        let pointer = format!("{at}/{key}");
        if key == "not" || child.get("x-not-yet-supported").is_some() {
            continue;
        }
        if at.ends_with("/properties") && !used.contains(&pointer) {
            found.push(pointer.clone());
        }
        unused(child, &pointer, used, found);
    }
}

/// Notes which fields of the schema a value has, by pointer.
fn uses(root: &Value, at: &str, value: &Value, used: &mut BTreeSet<String>) {
    let schema = root.pointer(at).unwrap();
    if let Some(reference) = schema.get("$ref") {
        let pointer = reference.as_str().unwrap().trim_start_matches('#');
        return uses(root, pointer, value, used);
    }
    for keyword in ["oneOf", "anyOf"] {
        let branches = schema.get(keyword).and_then(Value::as_array);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            if refused(branch, value, root).is_none() {
                uses(root, &format!("{at}/{keyword}/{index}"), value, used);
            }
        }
    }
    for item in value.as_array().into_iter().flatten() {
        uses(root, &format!("{at}/items"), item, used);
    }
    for (name, of) in value.as_object().into_iter().flatten() {
        let field = format!("{at}/properties/{name}");
        if root.pointer(&field).is_some() {
            used.insert(field.clone());
            uses(root, &field, of, used);
        } else if schema["additionalProperties"].is_object() {
            uses(root, &format!("{at}/additionalProperties"), of, used);
        }
    }
}

#[test]
fn the_example_of_everything_has_every_field_that_there_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plans/everything/spec.yaml");
    let example: Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let (mut used, mut found) = (BTreeSet::new(), Vec::new());
    uses(&schema, "", &example, &mut used);
    unused(&schema, "", &used, &mut found);
    assert!(found.is_empty(), "plans/everything lacks {found:#?}");
}
