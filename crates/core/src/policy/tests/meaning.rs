//! One table for each rule of comparison, and properties over all spellings of a meaning.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::style::{ModelDocument, ModelStatement, Style};
use super::{document, statement};
use crate::policy::{PolicyDocument, same_meaning};

#[track_caller]
fn same(a: &str, b: &str) {
    let (a, b) = (document(a), document(b));
    assert!(
        same_meaning(&a, &b),
        "{} / {}",
        a.canonical_json(),
        b.canonical_json()
    );
    assert_eq!(a.canonical_json(), b.canonical_json());
}

#[track_caller]
fn different(a: &str, b: &str) {
    let (a, b) = (document(a), document(b));
    assert!(!same_meaning(&a, &b), "{}", a.canonical_json());
    assert_ne!(a.canonical_json(), b.canonical_json());
}

#[test]
fn one_value_is_an_array_of_one_everywhere() {
    same(
        r#""Principal":{"AWS":"arn:aws:iam::1:role/r"},"Action":"a","Resource":"r","Condition":{"Bool":{"k":"v"}}"#,
        r#""Principal":{"AWS":["arn:aws:iam::1:role/r"]},"Action":["a"],"Resource":["r"],"Condition":{"Bool":{"k":["v"]}}"#,
    );
    same(
        r#""NotPrincipal":{"AWS":"x"},"NotAction":"a","NotResource":"r""#,
        r#""NotPrincipal":{"AWS":["x"]},"NotAction":["a"],"NotResource":["r"]"#,
    );
    let one = r#"{"Statement":{"Effect":"Allow","Action":"a"}}"#;
    let many = r#"{"Statement":[{"Effect":"Allow","Action":"a"}]}"#;
    let parse = |text| PolicyDocument::parse(text).unwrap();
    assert!(same_meaning(&parse(one), &parse(many)));
}

#[test]
fn order_and_repetition_do_not_count() {
    same(
        r#""Action":["a","b"],"Resource":["r","s"],"Condition":{"Bool":{"k":["1","2"]}}"#,
        r#""Condition":{"Bool":{"k":["2","1","2"]}},"Resource":["s","r"],"Action":["b","a","b"]"#,
    );
    let of = |names: [&str; 3]| {
        let statements = names.map(|name| format!(r#"{{"Effect":"Allow","Action":"{name}"}}"#));
        PolicyDocument::parse(&format!(r#"{{"Statement":[{}]}}"#, statements.join(","))).unwrap()
    };
    assert!(same_meaning(&of(["a", "a", "b"]), &of(["b", "a", "b"])));
    assert!(!same_meaning(&of(["a", "a", "b"]), &of(["a", "a", "a"])));
}

#[test]
fn actions_have_no_case_and_resources_do() {
    same(r#""Action":"s3:GetObject""#, r#""Action":"S3:getobject""#);
    different(
        r#""Action":"a","Resource":"r""#,
        r#""Action":"a","Resource":"R""#,
    );
}

#[test]
fn condition_operators_and_keys_have_no_case_and_values_do() {
    same(
        r#""Action":"a","Condition":{"StringEquals":{"aws:SourceArn":"x"}}"#,
        r#""Action":"a","Condition":{"stringequals":{"AWS:sourcearn":"x"}}"#,
    );
    different(
        r#""Action":"a","Condition":{"StringEquals":{"k":"x"}}"#,
        r#""Action":"a","Condition":{"StringEquals":{"k":"X"}}"#,
    );
    different(
        r#""Action":"a","Condition":{"StringEquals":{"s3:ExistingObjectTag/Team":"x"}}"#,
        r#""Action":"a","Condition":{"StringEquals":{"s3:ExistingObjectTag/team":"x"}}"#,
    );
}

#[test]
fn conditions_that_differ_by_case_only_are_both_required() {
    let both = document(
        r#""Action":"a","Condition":{"StringEquals":{"aws:k":"x"},"stringEquals":{"aws:k":"y"}}"#,
    );
    let one = document(r#""Action":"a","Condition":{"StringEquals":{"aws:k":["x","y"]}}"#);
    assert!(!both.statements()[0].is_modelled());
    assert!(!same_meaning(&both, &one));
}

#[test]
fn an_empty_condition_is_none() {
    same(r#""Action":"a""#, r#""Action":"a","Condition":{}"#);
    same(r#""Action":"a""#, r#""Action":"a","Condition":{"Bool":{}}"#);
    different(
        r#""Action":"a""#,
        r#""Action":"a","Condition":{"Bool":{"k":[]}}"#,
    );
}

#[test]
fn booleans_and_numbers_are_their_strings() {
    same(
        r#""Action":"a","Condition":{"Bool":{"k":true},"NumericEquals":{"n":[10,"2"]}}"#,
        r#""Action":"a","Condition":{"Bool":{"k":"true"},"NumericEquals":{"n":["10",2]}}"#,
    );
    different(
        r#""Action":"a","Condition":{"NumericEquals":{"n":12345678901234567890123}}"#,
        r#""Action":"a","Condition":{"NumericEquals":{"n":12345678901234567890124}}"#,
    );
}

#[test]
fn everyone_has_two_spellings() {
    same(
        r#""Principal":"*","Action":"a""#,
        r#""Principal":{"AWS":"*"},"Action":"a""#,
    );
    same(
        r#""Principal":{"AWS":["*"]},"Action":"a""#,
        r#""Principal":"*","Action":"a""#,
    );
    different(
        r#""Principal":"*","Action":"a""#,
        r#""NotPrincipal":"*","Action":"a""#,
    );
    different(
        r#""Principal":"*","Action":"a""#,
        r#""Principal":{"Service":"*"},"Action":"a""#,
    );
}

#[test]
fn an_account_id_is_its_root_arn_in_its_partition() {
    same(
        r#""Principal":{"AWS":"123456789012"},"Action":"a","Resource":"arn:aws:s3:::b""#,
        r#""Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"a","Resource":"arn:aws:s3:::b""#,
    );
    same(
        r#""Principal":{"AWS":"123456789012"},"Action":"a","Resource":"arn:aws-cn:s3:::b""#,
        r#""Principal":{"AWS":"arn:aws-cn:iam::123456789012:root"},"Action":"a","Resource":"arn:aws-cn:s3:::b""#,
    );
    different(
        r#""Principal":{"AWS":"123456789012"},"Action":"a","Resource":"arn:aws-cn:s3:::b""#,
        r#""Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"a","Resource":"arn:aws-cn:s3:::b""#,
    );
    different(
        r#""Principal":{"AWS":"123456789012"},"Action":"a""#,
        r#""Principal":{"AWS":"arn:aws:iam::123456789013:root"},"Action":"a""#,
    );
    different(
        r#""Principal":{"Federated":"123456789012"},"Action":"a""#,
        r#""Principal":{"Federated":"arn:aws:iam::123456789012:root"},"Action":"a""#,
    );
}

#[test]
fn a_missing_version_is_the_old_one() {
    let parse = |version: &str| {
        PolicyDocument::parse(&format!(
            r#"{{{version}"Statement":[{{"Effect":"Allow","Action":"a"}}]}}"#
        ))
        .unwrap()
    };
    assert!(same_meaning(
        &parse(""),
        &parse(r#""Version":"2008-10-17","#)
    ));
    assert!(!same_meaning(
        &parse(""),
        &parse(r#""Version":"2012-10-17","#)
    ));
    assert!(same_meaning(&parse(""), &parse(r#""Id":"","#)));
    assert!(!same_meaning(&parse(""), &parse(r#""Id":"x","#)));
}

#[test]
fn an_empty_sid_is_none_and_a_sid_counts() {
    same(r#""Sid":"","Action":"a""#, r#""Action":"a""#);
    different(r#""Sid":"x","Action":"a""#, r#""Action":"a""#);
    let (named, plain) = (
        document(r#""Sid":"x","Action":"a""#),
        document(r#""Action":"a""#),
    );
    assert_eq!(
        named.statements()[0].canonical().without_sid(),
        plain.statements()[0].canonical().without_sid()
    );
}

#[test]
fn effect_is_compared_exactly() {
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"a"}]}"#;
    let deny = PolicyDocument::parse(deny).unwrap();
    assert!(!same_meaning(&deny, &document(r#""Action":"a""#)));
    let lower = r#"{"Statement":[{"Effect":"deny","Action":"a"}]}"#;
    assert!(PolicyDocument::parse(lower).is_err());
}

#[test]
fn wildcards_do_not_make_policies_equal() {
    different(
        r#""Action":["s3:Get*","s3:GetObject"]"#,
        r#""Action":"s3:Get*""#,
    );
    different(
        r#""Action":"a","Resource":["*","r"]"#,
        r#""Action":"a","Resource":"*""#,
    );
    different(r#""Action":"a""#, r#""NotAction":"a""#);
    different(r#""Action":"a""#, r#""Action":"a","Resource":"*""#);
}

#[test]
fn principals_of_deleted_roles_are_distinct_and_reported() {
    different(
        r#""Principal":{"AWS":"AROAEXAMPLEEXAMPLE12"},"Action":"a""#,
        r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/r"},"Action":"a""#,
    );
    let broken = document(
        r#""Sid":"x","Principal":{"AWS":["AIDAEXAMPLEEXAMPLE12","AROAEXAMPLEEXAMPLE12","arn:aws:iam::1:role/AROAEXAMPLEEXAMPLE12"],"Service":"AROAEXAMPLEEXAMPLE12"},"Action":"a""#,
    );
    let found = broken.broken_principals();
    let ids: Vec<&str> = found.iter().map(|broken| broken.id.as_str()).collect();
    assert_eq!(ids, ["AIDAEXAMPLEEXAMPLE12", "AROAEXAMPLEEXAMPLE12"]);
    assert_eq!((found[0].index, found[0].sid.as_deref()), (0, Some("x")));
}

proptest! {
    #[test]
    fn every_spelling_of_a_meaning_is_equal(model: ModelDocument, a: Style, b: Style) {
        let a = PolicyDocument::parse(&model.text(&a)).unwrap();
        let b = PolicyDocument::parse(&model.text(&b)).unwrap();
        prop_assert!(same_meaning(&a, &b), "{} / {}", a.to_json(), b.to_json());
        prop_assert_eq!(a.canonical_json(), b.canonical_json());
    }

    #[test]
    fn different_meanings_are_unequal(a: ModelDocument, b: ModelDocument, style: Style) {
        let left = PolicyDocument::parse(&a.text(&style)).unwrap();
        let right = PolicyDocument::parse(&b.text(&style)).unwrap();
        prop_assert_eq!(same_meaning(&left, &right), a == b);
        prop_assert_eq!(left.canonical_json() == right.canonical_json(), a == b);
    }

    #[test]
    fn one_changed_element_is_a_change(a: ModelStatement, b: ModelStatement, element in 0_usize..7, style: Style) {
        let changed = a.with_element_of(&b, element);
        let read = |model: &ModelStatement| PolicyDocument::of([statement(&model.text(&style))]);
        let (left, right) = (read(&a), read(&changed));
        prop_assert_eq!(same_meaning(&left, &right), a == changed);
        prop_assert_eq!(left.canonical_json() == right.canonical_json(), a == changed);
    }

    #[test]
    fn same_meaning_is_an_equivalence(
        models in prop::collection::vec((any::<ModelDocument>(), any::<Style>()), 3),
        picks in prop::collection::vec(0_usize..3, 3),
    ) {
        let documents: Vec<PolicyDocument> = picks
            .iter()
            .zip(&models)
            .map(|(pick, (_, style))| PolicyDocument::parse(&models[*pick].0.text(style)).unwrap())
            .collect();
        let [a, b, c] = [&documents[0], &documents[1], &documents[2]];
        prop_assert!(same_meaning(a, a));
        prop_assert_eq!(same_meaning(a, b), same_meaning(b, a));
        if same_meaning(a, b) && same_meaning(b, c) {
            prop_assert!(same_meaning(a, c));
        }
        let classes: BTreeSet<String> = documents.iter().map(PolicyDocument::canonical_json).collect();
        prop_assert_eq!(classes.len() == 1, same_meaning(a, b) && same_meaning(b, c));
    }
}
