//! Text to document and back, and what is refused.

use proptest::prelude::*;

use super::style::{ModelDocument, Style};
use super::{document, statement};
use crate::policy::{Effect, PolicyDocument, Statement, Version, same_meaning};

#[test]
fn foreign_text_comes_back_byte_for_byte() {
    let first = "{ \"Effect\" : \"Allow\", \"Principal\":{\"AWS\":[\"*\"]},\n  \"Action\":\"S3:getObject\", \"Resource\":\"arn:aws:s3:::b\\/*\" }";
    let text = format!(
        r#"{{ "Statement" : [ {first} ,{{"Sid":"x","Effect":"Deny","Action":"*","Strange":1e2}} ] }}"#
    );
    let document = PolicyDocument::parse(&text).unwrap();
    assert_eq!(
        document.to_json(),
        format!(
            r#"{{"Statement":[{first},{{"Sid":"x","Effect":"Deny","Action":"*","Strange":1e2}}]}}"#
        )
    );
}

#[test]
fn version_and_id_are_kept_as_they_are() {
    let text = r#"{"Version":"2008-10-17","Id":"a \"b\"","Statement":[]}"#;
    let document = PolicyDocument::parse(text).unwrap();
    assert_eq!(document.to_json(), text);
    assert_eq!(document.version(), Version::V2008);
    assert_eq!(document.id(), Some("a \"b\""));
}

#[test]
fn errors_name_the_place() {
    let cases = [
        ("", "policy: not valid JSON"),
        ("[]", "policy: must be an object"),
        (r#"{"Version":"2012-10-17"}"#, "Statement: is missing"),
        (
            r#"{"Version":"2013-10-17","Statement":[]}"#,
            "Version: must be",
        ),
        (
            r#"{"Statement":[],"Statement":[]}"#,
            "Statement: is given twice",
        ),
        (
            r#"{"Statement":[],"statement":[]}"#,
            "statement: is not a member",
        ),
        (r#"{"Statement":7}"#, "Statement[0]: must be an object"),
        (
            r#"{"Statement":[{"Action":"*"}]}"#,
            "Statement[0].Effect: is missing",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow"}]}"#,
            "Statement[0].Action: is missing",
        ),
        (
            r#"{"Statement":{"Effect":"allow","Action":"*"}}"#,
            "Statement[0].Effect: must be",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":["a",1]}]}"#,
            "Statement[0].Action[1]: must be a string",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a","NotAction":"b"}]}"#,
            "Statement[0].NotAction: must not stand beside Action",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a","Action":"b"}]}"#,
            "Statement[0].Action: is given twice",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a","Principal":"me"}]}"#,
            "Statement[0].Principal: must be",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a","Principal":["*"]}]}"#,
            "Statement[0].Principal: must be an object",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a","Condition":{"Bool":{"k":[{}]}}}]}"#,
            "Statement[0].Condition.Bool.k[0]: must be a string, a number or a boolean",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a","Condition":{"Bool":{"k":null}}}]}"#,
            "Statement[0].Condition.Bool.k[0]: must be",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a","Sid":null}]}"#,
            "Statement[0].Sid: must be a string",
        ),
    ];
    for (text, expected) in cases {
        let error = PolicyDocument::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

#[test]
fn deep_nesting_neither_overflows_nor_gets_lost() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        deep.clone(),
        format!(r#"{{"Statement":{deep}}}"#),
        format!(r#"{{"Id":{deep},"Statement":[]}}"#),
    ] {
        assert!(PolicyDocument::parse(&text).is_err());
    }
    let strange = document(&format!(r#""Action":"a","Extra":{deep}"#));
    assert!(strange.to_json().contains(&deep));
    assert!(!strange.canonical_json().is_empty());
}

#[test]
fn iam_documents_are_percent_decoded_and_a_plus_is_a_plus() {
    let encoded = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22a%22%2C%22Resource%22%3A%22x+y%2Bz%20%25%22%7D%7D";
    let document = PolicyDocument::from_iam(encoded).unwrap();
    let resources = document.statements()[0].resources().unwrap();
    assert_eq!(resources.listed(), &["x+y+z %"]);
    assert!(PolicyDocument::from_iam("%7").is_err());
    let plain = r#"{"Statement":{"Effect":"Allow","Action":"a","Resource":"%41"}}"#;
    let plain = PolicyDocument::from_iam(plain).unwrap();
    assert_eq!(
        plain.statements()[0].resources().unwrap().listed(),
        &["%41"]
    );
}

#[test]
fn built_statements_have_aws_order_and_single_values_as_strings() {
    let built = Statement::builder("One", Effect::Allow, ["s3:GetObject"])
        .condition("StringEquals", "aws:a", ["1", "2"])
        .condition("Bool", "aws:b", ["true"])
        .condition("StringEquals", "aws:c", ["3"])
        .resources(["r\"1", "r2", "r2"])
        .principals("AWS", ["arn:aws:iam::111111111111:role/r"])
        .build();
    assert_eq!(
        built.raw(),
        r#"{"Sid":"One","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/r"},"Action":"s3:GetObject","Resource":["r\"1","r2"],"Condition":{"StringEquals":{"aws:a":["1","2"],"aws:c":"3"},"Bool":{"aws:b":"true"}}}"#
    );
    assert_eq!(statement(built.raw()), built);
}

#[test]
fn unknown_members_make_a_statement_unmodelled_and_are_compared_by_value() {
    let a = document(r#""Action":"a","Extra":{"b":1,"a":[true]}"#);
    let spelled = document(r#""Extra" : {"a":[ true ],"b":1},"Action":"a""#);
    let other = document(r#""Action":"a","Extra":{"b":2,"a":[true]}"#);
    assert!(!a.statements()[0].is_modelled());
    assert_eq!(a.statements()[0].unknown_members(), ["Extra"]);
    assert!(same_meaning(&a, &spelled));
    assert!(!same_meaning(&a, &other));
}

fn percent_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// JSON with the members of policies, in places right and wrong.
fn any_shape() -> impl Strategy<Value = String> {
    let scalars = [
        "null",
        "true",
        "-1.5e3",
        r#""*""#,
        r#""Allow""#,
        r#""\ud800""#,
        r#""2012-10-17""#,
    ];
    let names = [
        "Statement",
        "Version",
        "Id",
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Principal",
        "NotPrincipal",
        "Resource",
        "Condition",
        "AWS",
        "Bool",
        "Other",
    ];
    let leaf = prop::sample::select(scalars.to_vec()).prop_map(str::to_owned);
    let value = leaf.prop_recursive(3, 16, 3, move |inner| {
        let member = (prop::sample::select(names.to_vec()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..4).prop_map(|members| object(&members)),
        ]
    });
    let names = [
        "Sid",
        "Effect",
        "Action",
        "Principal",
        "Resource",
        "Condition",
        "Other",
    ];
    let statement =
        prop::collection::vec((prop::sample::select(names.to_vec()), value.clone()), 0..3);
    (statement, any::<[bool; 2]>(), value).prop_map(|(mut members, [effect, action], other)| {
        members.extend(effect.then(|| ("Effect", r#""Deny""#.to_owned())));
        members.extend(action.then(|| ("Action", r#""a""#.to_owned())));
        members.push(("Condition", format!(r#"{{"Bool":{{"k":{other}}}}}"#)));
        format!(r#"{{"Statement":{}}}"#, object(&members))
    })
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    format!("{{{}}}", members.join(","))
}

proptest! {
    #[test]
    fn parse_after_emit_keeps_the_meaning(model: ModelDocument, style: Style) {
        let document = PolicyDocument::parse(&model.text(&style)).unwrap();
        let again = PolicyDocument::parse(&document.to_json()).unwrap();
        prop_assert!(same_meaning(&document, &again));
        prop_assert_eq!(&document, &again);
        let from_iam = PolicyDocument::from_iam(&percent_encode(&document.to_json())).unwrap();
        prop_assert_eq!(from_iam, again);
    }

    #[test]
    fn random_text_never_panics(text in "\\PC{0,64}", bytes: Vec<u8>) {
        let _ = PolicyDocument::parse(&text);
        let _ = PolicyDocument::from_iam(&text);
        let _ = PolicyDocument::parse(&String::from_utf8_lossy(&bytes));
        let _ = PolicyDocument::from_iam(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn json_of_any_shape_never_panics(value in any_shape()) {
        if let Ok(document) = PolicyDocument::parse(&value) {
            let _ = document.canonical_json();
            let _ = document.broken_principals();
        }
    }

    #[test]
    fn damaged_policies_never_panic(
        model: ModelDocument,
        style: Style,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "[\\PC]"), 1..4),
    ) {
        let mut text: Vec<char> = model.text(&style).chars().collect();
        for (at, with) in cuts {
            let at = at.index(text.len());
            text.splice(at..=at, with.chars());
        }
        let text: String = text.into_iter().collect();
        if let Ok(document) = PolicyDocument::parse(&text) {
            let _ = document.canonical_json();
            prop_assert!(PolicyDocument::parse(&document.to_json()).is_ok());
        }
    }
}
