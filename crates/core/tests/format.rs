//! The wire format of a plan between versions, on the plans under `plans/`: both directions, in every object of the file.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its files has failed"
)]

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use s3ferry_core::format::document::{decode, encode};
use s3ferry_core::format::reading::ReadError;
use s3ferry_core::format::{FORMAT, PlanFile};
use s3ferry_core::ids::{RoleName, SpecName};
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::replication::Status;
use s3ferry_testkit::strategies;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// A minor that this version does not write yet.
const NEWER: &str = "1.9";
const PLANS: [&str; 4] = [
    "demo/plan-replicate.json",
    "demo/plan-prepare.json",
    "kms/plan.json",
    "shared-source/plan.json",
];

fn plan(path: &str) -> Value {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plans");
    serde_json::from_slice(&std::fs::read(plans.join(path)).unwrap()).unwrap()
}

fn written_as(format: &str, plan: &Value) -> String {
    let mut plan = plan.clone();
    plan["format"] = json!(format);
    plan["s3ferry"] = json!("9.9.9");
    plan.to_string()
}

/// Whether what stands here is somebody's document or a map of addresses, of which any key is part.
fn is_open(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    matches!(last, "before" | "after" | "value" | "fingerprints")
}

/// Adds a key to every object of the format, and says where.
fn add_keys(value: &mut Value, path: &str, added: &mut BTreeSet<String>) {
    match value {
        Value::Object(keys) if !is_open(path) => {
            let name = |key: &str| format!("{path}.{key}").trim_start_matches('.').to_owned();
            for (key, value) in keys.iter_mut() {
                add_keys(value, &name(key), added);
            }
            added.insert(name("later"));
            keys.insert("later".to_owned(), json!({ "anything": [1] }));
        }
        Value::Array(items) if !is_open(path) => {
            for item in items {
                add_keys(item, &format!("{path}[]"), added);
            }
        }
        _ => {}
    }
}

fn with_keys(plan: &Value) -> (Value, BTreeSet<String>) {
    let (mut plan, mut added) = (plan.clone(), BTreeSet::new());
    add_keys(&mut plan, "", &mut added);
    (plan, added)
}

#[test]
fn a_plan_of_a_newer_minor_is_read_without_the_keys_it_adds_and_they_are_named() {
    for path in PLANS {
        let plan = plan(path);
        let (newer, added) = with_keys(&plan);
        assert!(added.len() >= 10, "{path}: {added:?}");
        let read = PlanFile::from_json(&written_as(NEWER, &newer)).unwrap();
        assert_eq!(read.newer.unwrap().ignored, added, "{path}");
        let known = PlanFile::from_json(&written_as(FORMAT, &plan)).unwrap();
        assert_eq!(known.newer, None);
        let read = PlanFile {
            format: FORMAT.to_owned(),
            ..read.value
        };
        assert_eq!(read, known.value, "{path}");
    }
}

#[test]
fn a_plan_of_our_minor_with_keys_it_does_not_have_is_refused() {
    for path in PLANS {
        let (forged, added) = with_keys(&plan(path));
        let error = PlanFile::from_json(&written_as(FORMAT, &forged)).unwrap_err();
        assert!(
            matches!(&error, ReadError::UnknownKeys { keys, .. } if *keys == added),
            "{path}: {error:?}"
        );
    }
}

#[test]
fn a_plan_without_one_of_its_keys_is_refused_whatever_its_minor() {
    let plan = plan(PLANS[0]);
    for key in plan.as_object().map(Map::keys).unwrap() {
        let mut lacking = plan.clone();
        lacking.as_object_mut().unwrap().remove(key);
        for format in [FORMAT, NEWER] {
            let mut lacking = lacking.clone();
            if key != "format" {
                lacking["format"] = json!(format);
            }
            let read = PlanFile::from_json(&lacking.to_string());
            assert!(read.is_err(), "without {key}");
        }
    }
}

#[test]
fn a_plan_with_a_word_of_a_newer_minor_is_refused_by_name() {
    let mut plan = plan(PLANS[0]);
    plan["changes"][0]["reason"] = json!("later");
    let error = PlanFile::from_json(&written_as(NEWER, &plan)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "format 1.9, written by s3ferry 9.9.9, holds what this version does not know"
    );
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.starts_with("unknown variant `later`"), "{source}");
    let error = PlanFile::from_json(&written_as(FORMAT, &plan)).unwrap_err();
    assert!(matches!(error, ReadError::Shape(_)), "{error:?}");
}

#[test]
fn a_plan_of_another_major_is_refused_and_says_which_is_read() {
    let error = PlanFile::from_json(&written_as("2.0", &plan(PLANS[0]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "format 2.0 cannot be read by this s3ferry, which reads 1.1"
    );
    let bare = PlanFile::from_json(r#"{ "format": "2.0" }"#).unwrap_err();
    assert!(matches!(bare, ReadError::Version { .. }), "{bare:?}");
}

#[test]
fn the_digest_is_that_of_the_saved_file() {
    let plan = PlanFile::from_json(&plan(PLANS[0]).to_string()).unwrap();
    let hash = Sha256::digest(plan.value.to_json());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(plan.value.digest(), hex);
}

/// The document with what generators leave out.
fn with_the_rest(document: Document, word: &str) -> Document {
    let mut document = document;
    match &mut document {
        Document::Role(role) => {
            role.id = Some(word.to_owned());
            role.description = Some(format!("{word} \u{0} and \u{2028} more"));
        }
        Document::Roles(roles) => {
            let says = BTreeSet::from([SpecName::new("orders").unwrap()]);
            roles.insert(RoleName::new("told").unwrap(), Some(says));
        }
        Document::Replication(held) => {
            held.unmodelled.push(word.to_owned());
            for rule in &mut held.rules {
                rule.status = Status::parse(word);
                if let Some(to) = &mut rule.destination {
                    to.replica_key = Some(None);
                }
                rule.delete_markers = Some(None);
            }
        }
        Document::Alarm(alarm) => alarm.unmodelled.push(word.to_owned()),
        Document::Bucket(_)
        | Document::Tags(_)
        | Document::Versioning(_)
        | Document::Encryption(_)
        | Document::Ownership(_)
        | Document::PublicAccess(_)
        | Document::BucketPolicy(_)
        | Document::ObjectLock(_)
        | Document::RequestPayment(_)
        | Document::Lifecycle(_)
        | Document::Logging(_)
        | Document::Inventories(_)
        | Document::Notifications(_)
        | Document::AccountPublicAccess(_)
        | Document::Buckets(_)
        | Document::RolePolicy(_)
        | Document::RolePolicies(_)
        | Document::RoleTexts(_)
        | Document::Key(_)
        | Document::KeyPolicy(_)
        | Document::Grants(_)
        | Document::AlarmNames(_)
        | Document::RuleMetrics(_)
        | Document::Topic(_)
        | Document::Trail(_)
        | Document::Selectors(_)
        | Document::Trails(_)
        | Document::Jobs(_) => {}
    }
    document
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_kept_document_is_read_back_as_it_was(document in strategies::document(), word in "[a-zA-Zä]{1,9}") {
        for document in [document.clone(), with_the_rest(document, &word)] {
            let content = encode(&document);
            let read = decode(&content).unwrap();
            prop_assert_eq!(&read, &document);
            prop_assert!(read.same_meaning(&document));
            prop_assert_eq!(encode(&read), content, "one document, one name");
        }
    }

    #[test]
    fn documents_that_differ_have_names_that_differ(one in strategies::document(), other in strategies::document()) {
        prop_assert_eq!(encode(&one) == encode(&other), one == other);
    }

    #[test]
    fn a_kept_document_that_was_cut_is_none(document in strategies::document(), at in any::<prop::sample::Index>()) {
        let content = encode(&document);
        let cut = &content[..at.index(content.len() - 1)];
        prop_assert!(decode(cut).is_err());
    }
}
