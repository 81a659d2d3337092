//! Policies: what is read comes back byte for byte, means what it means however it is written, and is edited only where it is ours.
//!
//! A zero byte in an input ends one document and begins another, which is compared with the first.

use s3ferry_core::policy::containment::{Comparison, Verdict, compare};
use s3ferry_core::policy::{
    Effect, PolicyDocument, Statement, Version, same_meaning, size, union_for_growth,
};
use serde_json::Value;

/// What the Sids of ours begin with here.
const OURS: &str = "S3ferry";

/// Reads any bytes as one policy document, or as two.
pub fn policy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(2, '\0');
    let first = parts
        .next()
        .and_then(|text| Some((text, PolicyDocument::parse(text).ok()?)));
    let second = parts
        .next()
        .and_then(|text| PolicyDocument::from_iam(text).ok());
    let Some((text, first)) = first else {
        return;
    };
    comes_back(text, &first);
    means_the_same(text, &first);
    takes_ours(&first);
    let statements = first.statements().iter().take(6);
    for statement in statements {
        a_statement(statement);
        for other in second.iter().flat_map(PolicyDocument::statements).take(6) {
            two_statements(statement, other);
        }
    }
    if let Some(second) = &second {
        two_documents(&first, second);
    }
}

fn comes_back(text: &str, document: &PolicyDocument) {
    let json = document.to_json();
    let again = PolicyDocument::parse(&json).expect("what was read can be written and read");
    assert_eq!(&again, document);
    assert_eq!(again.to_json(), json);
    assert_eq!(again.canonical_json(), document.canonical_json());
    let raw = document
        .statements()
        .iter()
        .all(|statement| text.contains(statement.raw()));
    assert!(raw, "a statement is not as it was written: {json}");
    assert_eq!(
        PolicyDocument::from_iam(&encoded(&json)).as_ref(),
        Ok(document)
    );
    let _ = (size::bucket_policy(document), size::iam(document));
    let names = document.named();
    assert_eq!(names.len(), document.statements().len());
    for (place, (name, _)) in names.iter().enumerate() {
        assert_eq!(document.name_at(place), *name);
    }
}

/// As IAM encodes documents: everything but letters and digits.
fn encoded(text: &str) -> String {
    let one = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(one).collect()
}

fn means_the_same(text: &str, document: &PolicyDocument) {
    assert!(same_meaning(document, document));
    let mut turned = document.statements().to_vec();
    turned.reverse();
    turned.extend(document.statements().first().cloned());
    assert!(
        same_meaning(document, &document.with_statements(turned)),
        "statements are a set"
    );
    let value: Value = serde_json::from_str(text).expect("it was read as JSON");
    if has_numbers(&value) {
        // The spelling of a number counts, and `Value` does not keep it.
        return;
    }
    let sorted = PolicyDocument::parse(&value.to_string()).expect("it is the same JSON");
    assert!(
        same_meaning(document, &sorted),
        "the order of members means nothing: {text}"
    );
    let indented = serde_json::to_string_pretty(&value).expect("it is JSON");
    let indented = PolicyDocument::parse(&indented).expect("it is the same JSON");
    assert!(
        same_meaning(&indented, document),
        "white space means nothing: {text}"
    );
}

fn has_numbers(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(has_numbers),
        Value::Object(members) => members.values().any(has_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn a_statement(statement: &Statement) {
    let Comparison {
        verdict,
        same_reach,
        actions,
        resources,
        principals,
        conditions,
    } = compare(statement, statement);
    assert_eq!((verdict, same_reach), (Verdict::Equal, true));
    assert!(
        [actions, resources, principals, conditions]
            .iter()
            .all(|change| change.is_empty())
    );
    assert!(statement.same_meaning(statement));
    let Some(renamed) = statement.with_sid("Other") else {
        return;
    };
    assert_eq!(renamed.sid(), Some("Other"));
    let verdict = compare(statement, &renamed).verdict;
    assert_eq!(
        verdict,
        Verdict::Equal,
        "a Sid grants nothing: {} {}",
        statement.raw(),
        renamed.raw()
    );
    assert_eq!(Statement::parse(renamed.raw()).as_ref(), Ok(&renamed));
}

fn two_statements(one: &Statement, other: &Statement) {
    let (there, back) = (compare(one, other), compare(other, one));
    let turned = match there.verdict {
        Verdict::Broader => Verdict::Narrower,
        Verdict::Narrower => Verdict::Broader,
        Verdict::Equal | Verdict::Different => there.verdict,
    };
    assert_eq!(back.verdict, turned, "{} {}", one.raw(), other.raw());
    assert_eq!(back.same_reach, there.same_reach);
    let pairs = [
        (&there.actions, &back.actions),
        (&there.resources, &back.resources),
        (&there.principals, &back.principals),
        (&there.conditions, &back.conditions),
    ];
    for (there, back) in pairs {
        assert_eq!((&there.added, &there.removed), (&back.removed, &back.added));
    }
    assert_eq!(one.same_meaning(other), other.same_meaning(one));
    if one.same_meaning(other) {
        assert_eq!(there.verdict, Verdict::Equal);
    }
}

fn two_documents(one: &PolicyDocument, other: &PolicyDocument) {
    assert_eq!(same_meaning(one, other), same_meaning(other, one));
    assert_eq!(
        same_meaning(one, other),
        one.canonical_json() == other.canonical_json(),
        "a fingerprint is the meaning"
    );
    let grown = union_for_growth(one, other, is_ours);
    assert!(grown.statements().starts_with(other.statements()));
    let rights = |document: &PolicyDocument| -> Vec<_> {
        let all = document.statements().iter();
        all.map(|statement| statement.canonical().without_sid())
            .collect()
    };
    let has = rights(&grown);
    for old in one.statements().iter().filter(|old| {
        is_ours(old) && old.effect() == Effect::Allow && old.unknown_members().is_empty()
    }) {
        assert!(
            has.contains(&old.canonical().without_sid()),
            "a grant of ours is lost on the way: {}",
            old.raw()
        );
    }
}

fn is_ours(statement: &Statement) -> bool {
    statement.sid().is_some_and(|sid| sid.starts_with(OURS))
}

/// Our statements go in, and what others wrote stays byte for byte and in order.
fn takes_ours(document: &PolicyDocument) {
    let statement = |sid: &str, resource: &str| {
        Statement::builder(sid, Effect::Allow, ["s3:ReplicateObject"])
            .principals("AWS", ["arn:aws:iam::111111111111:role/s3ferry"])
            .resources([resource])
            .build()
    };
    let plain = [
        statement("S3ferryA", "arn:aws:s3:::b/*"),
        statement("S3ferryB", "arn:aws:s3:::b/\u{e9}\u{1f600}"),
    ];
    let with_variable = [statement("S3ferryA", "arn:aws:s3:::b/${*}")];
    for ours in [&plain[..], &with_variable[..], &[]] {
        let Ok(merged) = document.merged(ours, is_ours) else {
            assert_eq!(document.version(), Version::V2008);
            continue;
        };
        let theirs = |document: &PolicyDocument| -> Vec<String> {
            let all = document.statements().iter();
            all.filter(|one| !is_ours(one))
                .map(|one| one.raw().to_owned())
                .collect()
        };
        assert_eq!(theirs(&merged), theirs(document));
        assert_eq!(merged.id(), document.id());
        let kept: Vec<&Statement> = merged
            .statements()
            .iter()
            .filter(|one| is_ours(one))
            .collect();
        assert_eq!(kept.len(), ours.len());
        assert!(
            ours.iter()
                .all(|wanted| kept.iter().any(|kept| kept.same_meaning(wanted)))
        );
        assert_eq!(
            merged.merged(ours, is_ours).as_ref(),
            Ok(&merged),
            "merging twice is merging once"
        );
        assert_eq!(
            PolicyDocument::parse(&merged.to_json()).as_ref(),
            Ok(&merged)
        );
    }
}
