//! What a key's policy lets the replication role do, in the sure cases and the unsure ones.

use std::collections::BTreeSet;

use crate::ids::Arn;
use crate::policy::deny::Certainty;
use crate::policy::key_use::{Granted, KeyUse, denials, granted, granted_beside};
use crate::policy::{Grant, PolicyDocument};

const ROLE: &str = "arn:aws:iam::111111111111:role/s3ferry/r";
const KEY: &str = "arn:aws:kms:eu-central-1:222222222222:key/k";

fn asked<T>(statements: &str, ask: impl FnOnce(&PolicyDocument, &KeyUse<'_>) -> T) -> T {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let policy = PolicyDocument::parse(&text).expect("a policy");
    let role = Arn::new(ROLE).expect("an ARN");
    let via = ["s3.eu-central-1.amazonaws.com".to_owned()];
    let contexts = ["arn:aws:s3:::dst", "arn:aws:s3:::dst/hot/*"].map(str::to_owned);
    let of = KeyUse {
        role: &role,
        key: KEY,
        actions: &["kms:Encrypt", "kms:GenerateDataKey"],
        via: &via,
        contexts: &contexts,
    };
    ask(&policy, &of)
}

fn statement(effect: &str, principal: &str, action: &str, rest: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{{"AWS":"{principal}"}},"Action":{action},"Resource":"*"{rest}}}"#
    )
}

const BOTH: &str = r#"["kms:encrypt","kms:GenerateDataKey*"]"#;

#[test]
fn the_role_its_account_and_everyone_are_granted() {
    for principal in [ROLE, "111111111111", "arn:aws:iam::111111111111:root", "*"] {
        let said = asked(&statement("Allow", principal, BOTH, ""), granted);
        assert_eq!(said, Granted::Surely, "{principal}");
    }
    for principal in [
        "222222222222",
        "arn:aws:iam::111111111111:role/r",
        "AROAEXAMPLEEXAMPLE123",
    ] {
        let said = asked(&statement("Allow", principal, BOTH, ""), granted);
        assert!(
            matches!(said, Granted::Not(actions) if actions.len() == 2),
            "{principal}"
        );
    }
    let one = asked(&statement("Allow", ROLE, r#""kms:Encrypt""#, ""), granted);
    assert!(matches!(one, Granted::Not(actions) if actions.contains("kms:GenerateDataKey")));
}

fn grant(grantee: &str, operations: &[&str], context: &[(&str, &str)]) -> BTreeSet<Grant> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    [Grant {
        grantee: grantee.to_owned(),
        operations: operations.iter().map(|of| (*of).to_owned()).collect(),
        context: context.iter().map(pair).collect(),
    }]
    .into()
}

#[test]
fn a_grant_lets_its_grantee_in_where_the_policy_does_not() {
    let beside = |grants: &BTreeSet<Grant>| {
        let nobody = statement("Allow", "222222222222", BOTH, "");
        asked(&nobody, |policy, of| granted_beside(policy, grants, of))
    };
    let all = ["Encrypt", "GenerateDataKey", "DescribeKey"];
    assert_eq!(beside(&grant(ROLE, &all, &[])), Granted::Surely);
    // A role that was made again is another principal, and a grant answers it by the ID that is gone.
    for other in [
        "arn:aws:iam::111111111111:role/other",
        "AROAEXAMPLEEXAMPLE123",
    ] {
        assert!(
            matches!(beside(&grant(other, &all, &[])), Granted::Not(_)),
            "{other}"
        );
    }
    let half = beside(&grant(ROLE, &["Encrypt"], &[]));
    assert!(matches!(half, Granted::Not(actions) if actions.len() == 1));
    // For the bucket's own context, as bucket keys send it, and not for objects.
    let bucket = beside(&grant(ROLE, &all, &[("AWS:S3:arn", "arn:aws:s3:::dst")]));
    assert!(matches!(bucket, Granted::Perhaps(why) if why.contains("dst/hot/*")));
    let object = beside(&grant(
        ROLE,
        &all,
        &[("aws:s3:arn", "arn:aws:s3:::dst/hot/one")],
    ));
    assert!(matches!(object, Granted::Perhaps(_)));
    let elsewhere = beside(&grant(ROLE, &all, &[("aws:s3:arn", "arn:aws:s3:::other")]));
    assert!(matches!(elsewhere, Granted::Not(_)));
    let custom = beside(&grant(ROLE, &all, &[("team", "ops")]));
    assert!(matches!(custom, Granted::Perhaps(why) if why.contains("team ops")));
}

#[test]
fn conditions_on_what_s3_says_of_itself_are_known() {
    let with = |condition: &str| {
        let rest = format!(r#","Condition":{{{condition}}}"#);
        asked(&statement("Allow", ROLE, BOTH, &rest), granted)
    };
    for surely in [
        r#""StringEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com","kms:CallerAccount":"111111111111"}"#,
        r#""StringLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"]}"#,
        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/s3ferry/*"}"#,
    ] {
        assert_eq!(with(surely), Granted::Surely, "{surely}");
    }
    for not in [
        r#""StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}"#,
        r#""StringEquals":{"kms:CallerAccount":"222222222222"}"#,
        r#""StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::other*"}"#,
    ] {
        assert!(matches!(with(not), Granted::Not(_)), "{not}");
    }
    for perhaps in [
        // Without the bucket's ARN objects under S3 Bucket Keys fail.
        r#""StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}"#,
        r#""StringLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::dst","arn:aws:s3:::dst/hot/new/*"]}"#,
        r#""StringEquals":{"aws:PrincipalOrgID":"o-1"}"#,
    ] {
        assert!(matches!(with(perhaps), Granted::Perhaps(_)), "{perhaps}");
    }
}

#[test]
fn a_deny_is_seen_as_far_as_it_reaches() {
    let hit = |rest: &str| {
        let denied = statement("Deny", "*", r#""kms:*""#, rest);
        let hits = asked(&denied, denials);
        hits.into_iter().next().map(|hit| hit.certainty)
    };
    assert_eq!(hit(""), Some(Certainty::Always));
    assert_eq!(
        hit(
            r#","Condition":{"StringNotEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com"}}"#
        ),
        None
    );
    assert!(matches!(
        hit(r#","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}"#),
        Some(Certainty::Maybe(_))
    ));
}

const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";
const OWN: &str = "222222222222";

fn admins(statements: &str) -> Vec<String> {
    asked(statements, |policy, _| {
        let all = policy.administrators(KEY, OWN);
        all.iter().map(ToString::to_string).collect()
    })
}

#[test]
fn who_may_change_the_policy_administers_the_key() {
    assert_eq!(admins(&statement("Allow", OWN, r#""kms:*""#, "")), [OWN]);
    let root = format!("arn:aws:iam::{OWN}:root");
    assert_eq!(admins(&statement("Allow", &root, r#""*""#, "")), [OWN]);
    assert_eq!(
        admins(&statement("Allow", ADMIN, r#""kms:Put*""#, "")),
        [ADMIN]
    );
    for nobody in [
        statement("Allow", ADMIN, r#""kms:Encrypt""#, ""),
        // Of another account: a key's policy is changed from its own.
        statement("Allow", ROLE, r#""kms:*""#, ""),
        statement("Deny", ADMIN, r#""kms:*""#, ""),
        // Of another key.
        statement("Allow", ADMIN, r#""kms:*""#, "").replace("\"*\"", &format!("\"{KEY}2\"")),
    ] {
        assert_eq!(admins(&nobody), Vec::<String>::new(), "{nobody}");
    }
}

#[test]
fn who_still_may_under_more_conditions_only_is_locked_out() {
    let of = |condition: &str| {
        let condition = format!(r#","Condition":{{{condition}}}"#);
        statement("Allow", ADMIN, r#""kms:*""#, &condition)
    };
    let (free, mfa) = (
        statement("Allow", ADMIN, r#""kms:*""#, ""),
        of(r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#),
    );
    let both = of(
        r#""Bool":{"aws:MultiFactorAuthPresent":"true"},"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#,
    );
    let lost = |before: &str, after: &str| {
        asked(before, |before, _| {
            asked(after, |after, _| before.locked_out(after, KEY, OWN))
        })
    };
    for (before, after) in [(&mfa, &free), (&both, &mfa), (&free, &free), (&mfa, &mfa)] {
        assert_eq!(lost(before, after), None, "{before} {after}");
    }
    for (before, after) in [(&free, &mfa), (&mfa, &both)] {
        let lost = lost(before, after).expect("somebody is locked out");
        assert_eq!(lost[0].name, ADMIN, "{before} {after}");
    }
    let nobody = statement("Allow", ADMIN, r#""kms:Encrypt""#, "");
    assert_eq!(lost(&nobody, &nobody), Some(Vec::new()));
}
