//! Policies of identities and sessions: IAM's older reader, which looks at the form alone.
//!
//! The rules and their order are those that two test suites found on AWS: versitygw's (`iamapi/policy`, "verified against a
//! live AWS IAM account") and moto's (`tests/test_iam/test_iam_policies.py`).

use serde_json::{Map, Value};

use super::arn::can_be;
use super::catalogue::catalogue;
use super::sids::repeat;
use crate::policy::SYNTAX;
use crate::policy::condition::Condition;

type Checked<T> = Result<T, String>;

/// Where a policy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the identity itself, or on a session.
    Inline,
    /// A policy with an ARN.
    Managed,
}

const LEGACY: &str = "The policy failed legacy parsing";
const PREFACED: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";

/// Those that ARNs may name (AWS's general reference, "Amazon Resource Names").
const PARTITIONS: [&str; 9] = [
    "*",
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
];

const FIELDS: [&str; 3] = ["Version", "Id", "Statement"];

const PAIRS: [(&str, &str); 3] = [
    ("Action", "NotAction"),
    ("Resource", "NotResource"),
    ("Principal", "NotPrincipal"),
];

/// Checks a policy; the error is AWS's message.
pub(crate) fn check(json: &str, place: Place) -> Checked<()> {
    let document: Value = serde_json::from_str(json).map_err(|_| SYNTAX)?;
    let document = document.as_object().ok_or(SYNTAX)?;
    let statements = form(document)?;
    if place == Place::Managed && document.get("Version") != Some(&Value::from("2012-10-17")) {
        return Err("Policy document must be version 2012-10-17 or greater.".to_owned());
    }
    let is_named = |statement: &&Map<String, Value>| values(statement, PAIRS[2]).is_some();
    if statements.iter().any(is_named) {
        return Err("Policy document should not specify a principal.".to_owned());
    }
    statements.iter().try_for_each(|one| parses(one))?;
    if repeat(statements.iter().filter_map(|one| one.get("Sid")?.as_str())) {
        return Err("Statement IDs (SID) in a single policy must be unique.".to_owned());
    }
    for (pair, words) in [
        (PAIRS[0], "Policy statement must contain actions."),
        (PAIRS[1], "Policy statement must contain resources."),
    ] {
        let is_empty =
            |one: &&Map<String, Value>| values(one, pair).is_none_or(|all| all.is_empty());
        if statements.iter().any(is_empty) {
            return Err(words.to_owned());
        }
    }
    let all = |pair| {
        statements
            .iter()
            .filter_map(move |one| values(one, pair))
            .flatten()
    };
    all(PAIRS[1]).try_for_each(resource)?;
    all(PAIRS[0]).try_for_each(action)
}

/// Checks the form of a document and returns its statements.
fn form(document: &Map<String, Value>) -> Checked<Vec<&Map<String, Value>>> {
    let known = document.keys().all(|name| FIELDS.contains(&name.as_str()));
    let version = match document.get("Version").map(Value::as_str) {
        None => true,
        Some(version) => matches!(version, Some("2008-10-17" | "2012-10-17")),
    };
    let statements: Vec<_> = match document.get("Statement") {
        Some(Value::Array(many)) => many.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let objects: Option<Vec<_>> = statements.into_iter().map(Value::as_object).collect();
    match objects {
        Some(all)
            if known && version && !all.is_empty() && all.iter().all(|one| is_statement(one)) =>
        {
            Ok(all)
        }
        _ => Err(SYNTAX.to_owned()),
    }
}

fn is_statement(statement: &Map<String, Value>) -> bool {
    let is_text = |value: &Value| value.is_string();
    let is_texts = |value: &Value| match value {
        Value::Array(many) => many.iter().all(Value::is_string),
        one => one.is_string(),
    };
    let field = |(name, value): (&String, &Value)| match name.as_str() {
        "Effect" => value.as_str().is_some_and(|effect| {
            ["allow", "deny"]
                .iter()
                .any(|known| effect.eq_ignore_ascii_case(known))
        }),
        "Sid" => is_text(value),
        "Action" | "NotAction" | "Resource" | "NotResource" => is_texts(value),
        "Principal" | "NotPrincipal" => true,
        "Condition" => are_conditions(value),
        _ => false,
    };
    let exclusive = |(one, other): &(&str, &str)| {
        !(statement.contains_key(*one) && statement.contains_key(*other))
    };
    statement.contains_key("Effect") && PAIRS.iter().all(exclusive) && statement.iter().all(field)
}

fn are_conditions(value: &Value) -> bool {
    let is_scalar = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
    let are_values = |value: &Value| match value {
        Value::Array(many) => many.iter().all(is_scalar),
        one => is_scalar(one),
    };
    let is_operator = |(name, keys): (&String, &Value)| {
        let keys = keys.as_object();
        Condition::is_operator(name) && keys.is_some_and(|keys| keys.values().all(are_values))
    };
    value
        .as_object()
        .is_some_and(|operators| operators.iter().all(is_operator))
}

/// Returns the values of a field or of its opposite; none where there is neither.
fn values<'a>(statement: &'a Map<String, Value>, pair: (&str, &str)) -> Option<Vec<&'a str>> {
    let value = statement.get(pair.0).or_else(|| statement.get(pair.1))?;
    let many = value.as_array().into_iter().flatten();
    Some(
        value
            .as_str()
            .into_iter()
            .chain(many.filter_map(Value::as_str))
            .collect(),
    )
}

/// Effect is case-sensitive, and an ARN has all its parts or none that is empty.
fn parses(statement: &Map<String, Value>) -> Checked<()> {
    let effect = matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"));
    let resources = values(statement, PAIRS[1]).unwrap_or_default();
    let is_short =
        |arn: &&str| arn.starts_with("arn:") && arn.contains("::") && arn.matches(':').count() < 5;
    if effect && !resources.iter().any(is_short) {
        Ok(())
    } else {
        Err(LEGACY.to_owned())
    }
}

fn resource(name: &str) -> Checked<()> {
    if name == "*" {
        return Ok(());
    }
    let Some((_, rest)) = name.split_once(':') else {
        return Err(format!("Resource {name} must be in ARN format or \"*\"."));
    };
    let mut parts = rest.splitn(5, ':');
    let partition = parts.next().unwrap_or_default();
    if !PARTITIONS.contains(&partition) {
        let mut part = || parts.next().unwrap_or("*");
        let arn = [part(), part(), part(), part()].join(":");
        return Err(format!(
            "Partition \"{partition}\" is not valid for resource \"arn:{partition}:{arn}\"."
        ));
    }
    let (service, region) = (parts.next(), parts.next().unwrap_or_default());
    match service {
        None => {
            Err("Resource vendor must be fully qualified and cannot contain regexes.".to_owned())
        }
        Some("") => Err(LEGACY.to_owned()),
        Some("iam") if !region.is_empty() => Err(format!(
            "IAM resource {name} cannot contain region information."
        )),
        Some("s3") if !region.is_empty() && region != "*" && !has_region(name) => Err(format!(
            "Resource {name} can not contain region information."
        )),
        Some(_) => Ok(()),
    }
}

/// Says whether an ARN of S3 can be of a type that has a Region, as access points and jobs do.
fn has_region(arn: &str) -> bool {
    let service = catalogue().service("s3");
    let mut kinds = service.into_iter().flat_map(|service| service.kinds());
    kinds.any(|kind| kind.arn.contains("${Region}") && can_be(arn, kind.arn))
}

fn action(name: &str) -> Checked<()> {
    let Some((vendor, rest)) = name.split_once(':') else {
        return if name == "*" {
            Ok(())
        } else {
            Err(PREFACED.to_owned())
        };
    };
    if rest.contains(':') {
        return Err("Actions/Condition can contain only one colon.".to_owned());
    }
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.');
    if vendor.is_empty() || !vendor.chars().all(fits) {
        return Err(format!("Vendor {vendor} is not valid"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(statement: Value) -> Checked<()> {
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        check(&document.to_string(), Place::Inline)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        statement[name] = value;
        statement
    }

    fn without(name: &str) -> Value {
        let mut statement = with("Sid", json!("a"));
        statement.as_object_mut().unwrap().remove(name);
        statement
    }

    #[test]
    fn iam_takes_what_it_need_not_understand() {
        for (name, value) in [
            ("Action", json!("totallyfakeservice:DoSomething")),
            ("Action", json!(["*", "s3:*", "S3:getobject"])),
            (
                "Resource",
                json!([
                    "arn:aws:s3:::b",
                    "arn:aws:logs:*:*:*",
                    "arn:aws:codebuild:*"
                ]),
            ),
            ("Resource", json!("arn:aws:s3:eu-west-1:111111111111:job/*")),
            ("Resource", json!("arn:aws:s3:::b/${aws:username}/*")),
            (
                "Condition",
                json!({"StringEquals": {"nosuch:Key": "x"}, "Bool": {"aws:SecureTransport": true}}),
            ),
            ("Sid", json!("")),
        ] {
            let what = value.to_string();
            assert_eq!(checked(with(name, value)), Ok(()), "{what}");
        }
        // An object on a bucket is nonsense, and IAM's to take.
        let nonsense =
            json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b/*"});
        assert_eq!(checked(nonsense), Ok(()));
        let unversioned = json!({"Statement": with("Sid", json!("a"))}).to_string();
        assert_eq!(check(&unversioned, Place::Inline), Ok(()));
        let managed = check(&unversioned, Place::Managed).unwrap_err();
        assert_eq!(
            managed,
            "Policy document must be version 2012-10-17 or greater."
        );
    }

    #[test]
    fn the_form_is_told_as_one() {
        for document in [
            "",
            "[]",
            "{}",
            r#"{"Statement":[]}"#,
            r#"{"Statement":"hello"}"#,
            r#"{"Version":"2020-01-01","Statement":[]}"#,
        ] {
            assert_eq!(
                check(document, Place::Inline),
                Err(SYNTAX.to_owned()),
                "{document}"
            );
        }
        for statement in [
            without("Effect"),
            with("Effect", json!("Maybe")),
            with("NotAction", json!("s3:PutObject")),
            with("NotResource", json!("*")),
            with("Action", json!(123)),
            with("Actions", json!("s3:*")),
            with(
                "Condition",
                json!({"Boolean": {"aws:SecureTransport": "true"}}),
            ),
            with("Condition", json!({"Bool": "true"})),
            with("Sid", json!(1)),
        ] {
            let what = statement.to_string();
            assert_eq!(checked(statement), Err(SYNTAX.to_owned()), "{what}");
        }
    }

    #[test]
    fn other_faults_have_words_of_their_own() {
        let principal = "Policy document should not specify a principal.";
        for (statement, words) in [
            (with("Principal", json!("*")), principal),
            (json!({"Effect": "Allow", "NotPrincipal": "*"}), principal),
            (with("Effect", json!("allow")), LEGACY),
            (
                with("Resource", json!("arn:awss3::example-bucket/*")),
                LEGACY,
            ),
            (without("Action"), "Policy statement must contain actions."),
            (
                with("Action", json!([])),
                "Policy statement must contain actions.",
            ),
            (
                without("Resource"),
                "Policy statement must contain resources.",
            ),
            (
                with("Resource", json!([])),
                "Policy statement must contain resources.",
            ),
            (with("Action", json!("")), PREFACED),
            (with("Action", json!("GetObject")), PREFACED),
            (
                with("Action", json!("s3:Get:Object")),
                "Actions/Condition can contain only one colon.",
            ),
            (with("Action", json!(":GetObject")), "Vendor  is not valid"),
            (
                with("Action", json!("iam :Get")),
                "Vendor iam  is not valid",
            ),
            (
                with("Resource", json!("b/*")),
                r#"Resource b/* must be in ARN format or "*"."#,
            ),
            (
                with("Resource", json!("s3::b/*")),
                r#"Partition "" is not valid for resource "arn::b/*:*:*:*"."#,
            ),
            (
                with("Resource", json!("arn:aws2:s3:::b/*")),
                r#"Partition "aws2" is not valid for resource "arn:aws2:s3:::b/*"."#,
            ),
            (
                with("Resource", json!("arn:aws:s3:eu-west-1::b/*")),
                "Resource arn:aws:s3:eu-west-1::b/* can not contain region information.",
            ),
            (
                with(
                    "Resource",
                    json!("arn:aws:iam:eu-west-1:111111111111:role/r"),
                ),
                "IAM resource arn:aws:iam:eu-west-1:111111111111:role/r cannot contain region information.",
            ),
            (
                json!([with("Sid", json!("a")), with("Sid", json!("a"))]),
                "Statement IDs (SID) in a single policy must be unique.",
            ),
        ] {
            let what = statement.to_string();
            assert_eq!(checked(statement), Err(words.to_owned()), "{what}");
        }
    }
}
