//! Denies that hit the replication role, element by element.

use proptest::prelude::*;

use super::style::{ModelDocument, Style};
use crate::ids::Arn;
use crate::policy::deny::{Certainty, DenyHit, denials, denies};
use crate::policy::{Effect, PolicyDocument, Statement};

const OBJECT: &str = "arn:aws:s3:::replica/logs/a";

fn role() -> Arn {
    Arn::new("arn:aws:iam::111111111111:role/s3ferry/replicate").unwrap()
}

fn hit(members: &str) -> Option<Certainty> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny",{members}}}]}}"#);
    let document = PolicyDocument::parse(&text).unwrap();
    denies(&document, &role(), "s3:ReplicateObject", OBJECT).map(|hit| hit.certainty)
}

/// The certainty of a Deny of everything with this member beside.
fn beside(member: &str) -> Option<Certainty> {
    hit(&format!(
        r#""Principal":"*","Action":"*","Resource":"*",{member}"#
    ))
}

fn maybe(text: &str) -> Option<Certainty> {
    Some(Certainty::Maybe(text.to_owned()))
}

#[test]
fn principals_are_evaluated_exactly() {
    let with = |member: &str| hit(&format!(r#"{member},"Action":"s3:*","Resource":"*""#));
    let always = [
        r#""Principal":"*""#,
        r#""Principal":{"AWS":["x","111111111111"]}"#,
        r#""Principal":{"AWS":"arn:aws:iam::111111111111:root"}"#,
        r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/s3ferry/replicate"}"#,
        r#""NotPrincipal":{"AWS":"arn:aws:iam::111111111111:root"}"#,
        r#""NotPrincipal":{"Service":"x"}"#,
    ];
    for member in always {
        assert_eq!(with(member), Some(Certainty::Always), "{member}");
    }
    let never = [
        r#""Principal":{"AWS":"222222222222"}"#,
        r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/replicate"}"#,
        r#""Principal":{"Service":"*"}"#,
        r#""NotPrincipal":"*""#,
    ];
    for member in never {
        assert_eq!(with(member), None, "{member}");
    }
    let session = r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/replicate/s"}"#;
    assert_eq!(
        with(&format!(r#""Principal":{session}"#)),
        maybe("S3 uses the session that is named")
    );
    let exempt = maybe("NotPrincipal does not exempt the session that S3 uses");
    let lone = maybe("NotPrincipal names the role without its account, which AWS may deny whole");
    assert_eq!(with(&format!(r#""NotPrincipal":{session}"#)), lone);
    let role = r#""NotPrincipal":{"AWS":["111111111111","arn:aws:iam::111111111111:role/s3ferry/replicate"]}"#;
    assert_eq!(with(role), exempt);
}

#[test]
fn actions_and_resources_match_with_wildcards_and_negations() {
    let with = |member: &str| hit(&format!(r#""Principal":"*",{member}"#));
    let always = [
        r#""Action":"s3:*","Resource":"arn:aws:s3:::replica/*""#,
        r#""Action":["s3:Put*","S3:replicateobject"],"Resource":"*""#,
        r#""NotAction":"s3:Get*","Resource":"arn:aws:s3:::replica/logs/?""#,
        r#""Action":"*","NotResource":"arn:aws:s3:::replica/public/*""#,
        r#""Action":"*""#,
    ];
    for member in always {
        assert_eq!(with(member), Some(Certainty::Always), "{member}");
    }
    let never = [
        r#""Action":"s3:PutObject","Resource":"*""#,
        r#""Action":"*","Resource":"arn:aws:s3:::replica""#,
        r#""NotAction":"s3:Replicate*","Resource":"*""#,
        r#""Action":"*","NotResource":"arn:aws:s3:::replica/*""#,
    ];
    for member in never {
        assert_eq!(with(member), None, "{member}");
    }
    assert_eq!(
        with(r#""Action":"*","Resource":"arn:aws:s3:::replica/${aws:username}/*""#),
        maybe("the resource is arn:aws:s3:::replica/${aws:username}/*")
    );
    assert_eq!(
        with(r#""Action":"*","Resource":"arn:aws:s3:::replica/${*}""#),
        None
    );
}

#[test]
fn an_allow_denies_nothing() {
    let text = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let document = PolicyDocument::parse(text).unwrap();
    assert_eq!(
        denies(&document, &role(), "s3:ReplicateObject", OBJECT),
        None
    );
}

#[test]
fn conditions_are_known_or_quoted() {
    let cases = [
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, None),
        (
            r#"{"BoolIfExists":{"aws:securetransport":[true]}}"#,
            Some(Certainty::Always),
        ),
        (
            r#"{"StringNotEquals":{"aws:PrincipalAccount":["222222222222","111111111111"]}}"#,
            None,
        ),
        (
            r#"{"StringNotEquals":{"aws:PrincipalAccount":"222222222222"}}"#,
            Some(Certainty::Always),
        ),
        (
            r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/s3ferry/*"}}"#,
            None,
        ),
        (
            r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}}"#,
            Some(Certainty::Always),
        ),
        (
            r#"{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}}"#,
            None,
        ),
        (
            r#"{"StringNotEquals":{"aws:PrincipalOrgID":["o-1","o-2"]},"Bool":{"aws:SecureTransport":true}}"#,
            maybe("StringNotEquals aws:PrincipalOrgID o-1 | o-2"),
        ),
        (
            r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Null":{"aws:SourceVpce":"true"}}"#,
            maybe("NotIpAddress aws:SourceIp 10.0.0.0/8 and Null aws:SourceVpce true"),
        ),
        (
            r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Bool":{"aws:SecureTransport":"false"}}"#,
            None,
        ),
    ];
    for (condition, expected) in cases {
        assert_eq!(
            beside(&format!(r#""Condition":{condition}"#)),
            expected,
            "{condition}"
        );
    }
    assert_eq!(beside(r#""Extra":1"#), maybe("Extra holds"));
}

#[test]
fn a_certain_deny_is_named_before_a_possible_one() {
    let text = r#"{"Statement":[
        {"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
        {"Sid":"Perhaps","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Null":{"k":"true"}}},
        {"Sid":"Surely","Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let document = PolicyDocument::parse(text).unwrap();
    let found = denies(&document, &role(), "s3:ReplicateObject", OBJECT);
    let surely = DenyHit {
        index: 2,
        sid: Some("Surely".to_owned()),
        certainty: Certainty::Always,
    };
    assert_eq!(found, Some(surely));
    let found = denies(
        &document.without("Surely"),
        &role(),
        "s3:ReplicateObject",
        OBJECT,
    );
    assert_eq!(found.unwrap().sid.as_deref(), Some("Perhaps"));
}

#[test]
fn a_deny_of_a_part_may_hit_what_is_granted() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"Part","Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::dst/logs/secret/*"},
        {"Sid":"Tags","Effect":"Deny","Principal":"*","Action":"s3:ReplicateTags","NotResource":"arn:aws:s3:::other/*"},
        {"Sid":"Other","Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::dst/images/*"},
        {"Sid":"Star","Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::dst/${*}*"}]}"#;
    let document = PolicyDocument::parse(text).unwrap();
    let granted = |resource: &str| {
        Statement::builder(
            "x",
            Effect::Allow,
            ["s3:ReplicateObject", "s3:ReplicateTags"],
        )
        .resources([resource])
        .build()
    };
    let found = |resource: &str| -> Vec<(String, bool)> {
        let hits = denials(&document, &role(), &granted(resource)).into_iter();
        hits.map(|hit| (hit.sid.unwrap(), hit.certainty == Certainty::Always))
            .collect()
    };
    let hits = |hits: &[(&str, bool)]| -> Vec<(String, bool)> {
        hits.iter()
            .map(|(sid, always)| ((*sid).to_owned(), *always))
            .collect()
    };
    assert_eq!(
        found("arn:aws:s3:::dst/logs/*"),
        hits(&[("Part", false), ("Tags", true)])
    );
    assert_eq!(
        found("arn:aws:s3:::dst/${*}*"),
        hits(&[("Tags", true), ("Star", true)])
    );
    assert_eq!(found("arn:aws:s3:::other/*"), hits(&[]));
    let both = Statement::builder("x", Effect::Allow, ["s3:ReplicateObject"])
        .resources(["arn:aws:s3:::dst/logs/*", "arn:aws:s3:::dst/logs/secret/a"])
        .build();
    let strongest = denials(&document, &role(), &both);
    assert_eq!(strongest.len(), 1);
    assert_eq!(strongest[0].certainty, Certainty::Always);
}

proptest! {
    #[test]
    fn spelling_does_not_change_what_is_denied(model: ModelDocument, a: Style, b: Style) {
        let read = |style| PolicyDocument::parse(&model.text(style)).unwrap();
        let role = Arn::new("arn:aws:iam::111111111111:role/a").unwrap();
        let hit = |document: &PolicyDocument| {
            let hit = denies(document, &role, "s3:GetObject", "arn:aws:s3:::b/x");
            hit.map(|hit| hit.certainty == Certainty::Always)
        };
        prop_assert_eq!(hit(&read(&a)), hit(&read(&b)));
    }
}
