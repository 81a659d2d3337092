//! What a change does to access: tables, and properties against an evaluator of its own.

use proptest::prelude::*;

use super::statement;
use super::style::{ModelStatement, Style};
use crate::policy::containment::{Change, Verdict, compare};
use crate::policy::{Effect, Scope, Statement};

fn allow(members: &str) -> Statement {
    statement(&format!(r#"{{"Effect":"Allow",{members}}}"#))
}

fn deny(members: &str) -> Statement {
    statement(&format!(r#"{{"Effect":"Deny",{members}}}"#))
}

const fn mirrored(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Broader => Verdict::Narrower,
        Verdict::Narrower => Verdict::Broader,
        Verdict::Equal => Verdict::Equal,
        Verdict::Different => Verdict::Different,
    }
}

#[track_caller]
fn verdict(before: &str, after: &str, expected: Verdict) {
    let found = |before: &Statement, after: &Statement| compare(before, after).verdict;
    assert_eq!(
        found(&allow(before), &allow(after)),
        expected,
        "{before} -> {after}"
    );
    assert_eq!(
        found(&allow(after), &allow(before)),
        mirrored(expected),
        "{after} -> {before}"
    );
    assert_eq!(
        found(&deny(before), &deny(after)),
        mirrored(expected),
        "Deny {before} -> {after}"
    );
}

#[test]
fn more_is_broader_and_a_deny_turns_it_round() {
    let cases = [
        (r#""Action":"a""#, r#""Action":["a","b"]"#),
        (r#""Action":"s3:GetObject""#, r#""Action":"s3:Get*""#),
        (r#""NotAction":["a","b"]"#, r#""NotAction":"a""#),
        (r#""Action":"b""#, r#""NotAction":"a""#),
        (r#""NotAction":"a""#, r#""Action":"*""#),
        (
            r#""Action":"a","Resource":"arn:aws:s3:::b/x*""#,
            r#""Action":"a","Resource":"arn:aws:s3:::b/*""#,
        ),
        (
            r#""Action":"a","Resource":"r""#,
            r#""Action":"A","Resource":["r","s"]"#,
        ),
        (
            r#""Action":"a","Principal":{"AWS":"arn:aws:iam::111111111111:role/r"}"#,
            r#""Action":"a","Principal":{"AWS":"111111111111"}"#,
        ),
        (
            r#""Action":"a","Principal":{"AWS":"111111111111"}"#,
            r#""Action":"a","Principal":"*""#,
        ),
        (
            r#""Action":"a","NotPrincipal":{"AWS":["x","y"]}"#,
            r#""Action":"a","NotPrincipal":{"AWS":"x"}"#,
        ),
        (
            r#""Action":"a","Condition":{"Bool":{"k":"true"}}"#,
            r#""Action":"a""#,
        ),
        (
            r#""Action":"a","Condition":{"StringLike":{"k":"ab*"}}"#,
            r#""Action":"a","Condition":{"StringLike":{"k":"a*"}}"#,
        ),
        (
            r#""Action":"a","Condition":{"StringEquals":{"k":"1"}}"#,
            r#""Action":"a","Condition":{"StringEquals":{"k":["1","2"]}}"#,
        ),
        (
            r#""Action":"a","Condition":{"StringNotEquals":{"k":["1","2"]}}"#,
            r#""Action":"a","Condition":{"StringNotEquals":{"k":"1"}}"#,
        ),
        (
            r#""Action":"a","Condition":{"ForAnyValue:StringNotLikeIfExists":{"k":"a*"}}"#,
            r#""Action":"a","Condition":{"ForAnyValue:StringNotLikeIfExists":{"k":"ab*"}}"#,
        ),
    ];
    for (before, after) in cases {
        verdict(before, after, Verdict::Broader);
    }
}

#[test]
fn what_is_neither_more_nor_less_is_different() {
    let cases = [
        (r#""Action":"a""#, r#""Action":"b""#),
        (
            r#""Action":["a","b"],"Resource":"r""#,
            r#""Action":"a","Resource":["r","s"]"#,
        ),
        (r#""Action":"a","Resource":"r""#, r#""Action":"a""#),
        (
            r#""Action":"a","Principal":{"Service":"s"}"#,
            r#""Action":"a","Principal":"*""#,
        ),
        (r#""Action":"s3:GetObject""#, r#""NotAction":"s3:Get*""#),
        (
            r#""Action":"a","Condition":{"NumericLessThan":{"k":"1"}}"#,
            r#""Action":"a","Condition":{"NumericLessThan":{"k":["1","2"]}}"#,
        ),
        (r#""Action":"a","X":1"#, r#""Action":["a","b"],"X":1"#),
    ];
    for (before, after) in cases {
        verdict(before, after, Verdict::Different);
    }
    let (allowed, denied) = (allow(r#""Action":"a""#), deny(r#""Action":"a""#));
    assert_eq!(compare(&allowed, &denied).verdict, Verdict::Different);
}

#[test]
fn wildcards_explain_but_do_not_make_equal() {
    let plain = allow(r#""Action":"s3:*""#);
    let redundant = allow(r#""Action":["s3:*","s3:GetObject"]"#);
    let comparison = compare(&plain, &redundant);
    assert_eq!(comparison.verdict, Verdict::Different);
    assert!(comparison.same_reach);
    assert_eq!(comparison.actions.added, ["s3:GetObject"]);
    let named = allow(r#""Sid":"x","Action":"S3:*""#);
    assert_eq!(compare(&plain, &named).verdict, Verdict::Equal);
}

#[test]
fn changes_are_listed_in_the_spelling_of_their_text() {
    let before = allow(
        r#""Principal":{"AWS":"111111111111"},"Action":["s3:GetObject","s3:PutObject"],"Resource":"r","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
    );
    let after = allow(
        r#""Principal":{"AWS":"arn:aws:iam::111111111111:root","Service":"s"},"NotAction":["S3:getobject"],"Resource":["r","s"],"Condition":{"bool":{"aws:securetransport":[true,"false"]}}"#,
    );
    let change = |added: &[&str], removed: &[&str]| Change {
        added: added.iter().map(|&text| text.to_owned()).collect(),
        removed: removed.iter().map(|&text| text.to_owned()).collect(),
    };
    let comparison = compare(&before, &after);
    assert_eq!(comparison.principals, change(&["Service s"], &[]));
    assert_eq!(
        comparison.actions,
        change(&["all but S3:getobject"], &["s3:GetObject", "s3:PutObject"])
    );
    assert_eq!(comparison.resources, change(&["s"], &[]));
    assert_eq!(
        comparison.conditions,
        change(&["bool aws:securetransport false"], &[])
    );
    assert!(compare(&before, &before).conditions.is_empty());
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

/// Whether a statement without conditions is about a request; knows the vocabulary of the generated ones only.
fn is_about(statement: &Statement, principal: &str, action: &str, resource: &str) -> bool {
    let in_scope = |listed: bool, only: bool| listed == only;
    let actions = statement.actions();
    let action = actions
        .listed()
        .iter()
        .any(|name| matches(&name.to_ascii_lowercase(), action));
    let resources = statement.resources().unwrap();
    let resource = resources
        .listed()
        .iter()
        .any(|text| matches(text, resource));
    let principals = &statement.principals().unwrap().listed()["AWS"];
    let principal = principals.iter().any(|name| {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        let is_account = digits == *name || name.ends_with(":root");
        name == "*" || name == principal || (is_account && principal.contains(&digits))
    });
    let only = |scope: &Scope<Vec<String>>| matches!(scope, Scope::Only(_));
    in_scope(action, only(actions)) && in_scope(resource, only(resources)) && principal
}

proptest! {
    #[test]
    fn comparison_is_antisymmetric(a: ModelStatement, b: ModelStatement, element in 0_usize..8, style: Style) {
        let b = if element < 7 { a.with_element_of(&b, element) } else { b };
        let (before, after) = (statement(&a.text(&style)), statement(&b.text(&style)));
        let (there, back) = (compare(&before, &after), compare(&after, &before));
        if before.effect() == after.effect() {
            prop_assert_eq!(there.verdict, mirrored(back.verdict));
        }
        prop_assert_eq!(there.same_reach, back.same_reach);
        let pairs = [
            (&there.actions, &back.actions),
            (&there.resources, &back.resources),
            (&there.principals, &back.principals),
            (&there.conditions, &back.conditions),
        ];
        for (there, back) in pairs {
            prop_assert_eq!(&there.added, &back.removed);
            prop_assert_eq!(&there.removed, &back.added);
        }
    }

    #[test]
    fn the_verdict_is_equal_exactly_for_the_same_meaning(a: ModelStatement, b: ModelStatement, element in 0_usize..7, x: Style, y: Style) {
        let b = a.with_element_of(&b, element);
        let (before, after) = (statement(&a.text(&x)), statement(&b.text(&y)));
        let same = before.canonical().without_sid() == after.canonical().without_sid();
        let comparison = compare(&before, &after);
        prop_assert_eq!(comparison.verdict == Verdict::Equal, same);
        if same {
            let Change { added, removed } = comparison.actions;
            prop_assert!(added.is_empty() && removed.is_empty());
            prop_assert!(comparison.principals.is_empty() && comparison.conditions.is_empty());
        }
    }

    #[test]
    fn broader_and_narrower_hold_for_every_request(a: ModelStatement, b: ModelStatement, element in 2_usize..6, style: Style) {
        let plain = |model: &ModelStatement| statement(&model.without_conditions().text(&style));
        let (before, after) = (plain(&a), plain(&a.with_element_of(&b, element)));
        let verdict = compare(&before, &after).verdict;
        for principal in ["arn:aws:iam::111111111111:role/a", "arn:aws:iam::222222222222:root", "other"] {
            for action in ["s3:getobject", "s3:getx", "s3:x", "kms:decrypt", "s3:replicateobject", "iam:x"] {
                for resource in ["arn:aws:s3:::b", "arn:aws:s3:::b/x", "arn:aws:s3:::b/Xy", "arn:aws:s3:::b/z"] {
                    let about = |one: &Statement| is_about(one, principal, action, resource);
                    let allowed = |one: &Statement| about(one) == (one.effect() == Effect::Allow);
                    match verdict {
                        Verdict::Broader => prop_assert!(!allowed(&before) || allowed(&after)),
                        Verdict::Narrower => prop_assert!(!allowed(&after) || allowed(&before)),
                        Verdict::Equal => prop_assert_eq!(allowed(&before), allowed(&after)),
                        Verdict::Different => {}
                    }
                }
            }
        }
    }
}
