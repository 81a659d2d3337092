//! One statement of a bucket policy as PutBucketPolicy judges it: its actions, resources and condition keys, and whether
//! they go together. The words are those that AWS was seen to answer.
//!
//! Only what is sure to be refused is refused: which of a statement's keys must go with which of its actions is unverified,
//! so it is enough here that a key goes with one of them, and actions on neither buckets nor objects, as well as what
//! `NotAction` and `NotResource` leave, are not judged at all.

use serde_json::Value;

use super::policy_words::{On, actions, actions_of_key, is_known_key};
use crate::policy::{Pattern, Wildcards};

/// Checks a statement of the policy of a bucket; the error is AWS's message.
pub(crate) fn check(statement: &Value, bucket: &str, partition: &str) -> Result<(), String> {
    let either = |one: &str, other: &str| statement.get(one).or_else(|| statement.get(other));
    let missing = |name: &str| format!("Missing required field {name}");
    statement.get("Effect").ok_or_else(|| missing("Effect"))?;
    either("Principal", "NotPrincipal").ok_or_else(|| missing("Principal"))?;
    let named = either("Action", "NotAction").ok_or_else(|| missing("Action"))?;
    let resources = either("Resource", "NotResource").ok_or_else(|| missing("Resource"))?;
    if !strings(named).all(is_action) {
        return Err("Policy has invalid action".to_owned());
    }
    let resources: Vec<&str> = strings(resources).collect();
    if !resources
        .iter()
        .all(|resource| is_of(resource, bucket, partition))
    {
        return Err("Policy has invalid resource".to_owned());
    }
    let keys = condition_keys(statement);
    if !keys.iter().all(|key| is_known_key(key)) {
        return Err("Policy has an invalid condition key".to_owned());
    }
    let Some(named) = statement.get("Action") else {
        return Ok(());
    };
    let named: Vec<&str> = strings(named).collect();
    let applies =
        |pattern: &&str| statement.get("Resource").is_none() || has_resource(pattern, &resources);
    if !named.iter().all(applies) {
        return Err("Action does not apply to any resource(s) in statement".to_owned());
    }
    if keys.iter().all(|key| goes_with(key, &named)) {
        return Ok(());
    }
    let text = "Conditions do not apply to combination of actions and resources in statement";
    Err(text.to_owned())
}

/// Returns the strings of a value that is one string or a list of them.
fn strings(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten();
    value
        .as_str()
        .into_iter()
        .chain(many.filter_map(Value::as_str))
}

fn condition_keys(statement: &Value) -> Vec<&str> {
    let operators = statement.get("Condition").and_then(Value::as_object);
    let keys = operators
        .into_iter()
        .flatten()
        .filter_map(|(_, keys)| keys.as_object());
    keys.flatten().map(|(key, _)| key.as_str()).collect()
}

/// An action of S3, or a pattern that matches one.
fn is_action(pattern: &str) -> bool {
    matching(pattern).next().is_some()
}

/// Returns the actions that a pattern matches; letters compare without case (IAMUG:reference_policies_elements_action).
fn matching(pattern: &str) -> impl Iterator<Item = (&'static str, On)> {
    let name = match pattern.split_once(':') {
        Some((service, name)) if service.eq_ignore_ascii_case("s3") => Some(name),
        Some(_) => None,
        None => Some(pattern).filter(|pattern| *pattern == "*"),
    };
    let name = name.map(str::to_ascii_lowercase);
    actions().filter(move |(action, _)| {
        let action = action.to_ascii_lowercase();
        name.as_deref().is_some_and(|name| matches(name, &action))
    })
}

/// Says whether one of the resources is of the kind that one of the actions is done to.
fn has_resource(pattern: &str, resources: &[&str]) -> bool {
    matching(pattern).any(|(_, on)| match on {
        On::Bucket => resources.iter().any(|resource| covers_buckets(resource)),
        On::Object => resources.iter().any(|resource| covers_objects(resource)),
        On::Other => true,
    })
}

fn path(resource: &str) -> &str {
    resource.rsplit(":::").next().unwrap_or_default()
}

fn covers_buckets(resource: &str) -> bool {
    !path(resource).contains('/')
}

/// A `*` reaches over the slash behind the bucket's name.
fn covers_objects(resource: &str) -> bool {
    path(resource).contains(['/', '*'])
}

fn goes_with(key: &str, named: &[&str]) -> bool {
    let Some(few) = actions_of_key(key) else {
        return true;
    };
    let mut all = named.iter().flat_map(|pattern| matching(pattern));
    all.any(|(action, on)| on == On::Other || few.contains(&action))
}

/// A bucket policy speaks of its own bucket and the objects in it only, under the partition of its Region.
fn is_of(resource: &str, bucket: &str, partition: &str) -> bool {
    if resource == "*" {
        return true;
    }
    let Some((start, name)) = resource.split_once(":s3:::") else {
        return false;
    };
    let own = start
        .strip_prefix("arn:")
        .is_some_and(|named| matches(named, partition));
    let bucket_part = name.split('/').next().unwrap_or_default();
    own && matches(bucket_part, bucket)
}

/// Matches with `*` and `?`.
fn matches(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern, Wildcards::Match, None).is_some_and(|pattern| pattern.matches(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BUCKET: &str = "arn:aws:s3:::b";
    const OBJECTS: &str = "arn:aws:s3:::b/*";
    const NO_RESOURCE: &str = "Action does not apply to any resource(s) in statement";
    const NO_CONDITION: &str =
        "Conditions do not apply to combination of actions and resources in statement";

    fn checked(actions: Value, resources: Value, condition: Value) -> Result<(), String> {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": actions,
            "Resource": resources, "Condition": condition});
        check(&statement, "b", "aws")
    }

    #[test]
    fn actions_and_resources_go_together() {
        let good = [
            (json!("s3:GetObject"), json!(OBJECTS)),
            (json!("s3:ListBucket"), json!(BUCKET)),
            (
                json!(["s3:ListBucket", "s3:GetObject"]),
                json!([BUCKET, OBJECTS]),
            ),
            (json!("s3:*"), json!(BUCKET)),
            (json!("*"), json!(OBJECTS)),
            (json!("S3:getobject"), json!("*")),
            (
                json!(["s3:ListBucket", "s3:GetObject"]),
                json!("arn:aws:s3:::b*"),
            ),
            (json!("s3:List*"), json!(OBJECTS)),
            (
                json!("s3:GetObjectVersionAnnotationForReplication"),
                json!(OBJECTS),
            ),
            (json!("s3:ListAllMyBuckets"), json!(BUCKET)),
            (
                json!("s3:PutObject"),
                json!("arn:aws:s3:::b/${aws:username}/*"),
            ),
        ];
        for (actions, resources) in good {
            let what = format!("{actions} {resources}");
            assert_eq!(checked(actions, resources, json!({})), Ok(()), "{what}");
        }
        let bad = [
            (json!("s3:GetObject"), json!(BUCKET)),
            (json!("s3:ListBucket"), json!(OBJECTS)),
            (json!(["s3:ListBucket", "s3:GetObject"]), json!(OBJECTS)),
            (json!("s3:Replicate*"), json!(BUCKET)),
        ];
        for (actions, resources) in bad {
            let what = format!("{actions} {resources}");
            assert_eq!(
                checked(actions, resources, json!({})),
                Err(NO_RESOURCE.to_owned()),
                "{what}"
            );
        }
    }

    #[test]
    fn names_must_be_known() {
        let objects = || json!(OBJECTS);
        for action in ["s3:GetObjects", "s3:Foo*", "ec2:RunInstances", "s3"] {
            let error = checked(json!(action), objects(), json!({})).unwrap_err();
            assert_eq!(error, "Policy has invalid action", "{action}");
        }
        for resource in [
            "arn:aws:s3:::c/*",
            "arn:aws-cn:s3:::b/*",
            "b/*",
            "arn:aws:sqs:::b",
        ] {
            let error = checked(json!("s3:GetObject"), json!(resource), json!({})).unwrap_err();
            assert_eq!(error, "Policy has invalid resource", "{resource}");
        }
        for key in ["aws:SourceIP4", "s3:prefixes", "prefix"] {
            let condition = json!({"StringEquals": {key: "x"}});
            let error = checked(json!("s3:GetObject"), objects(), condition).unwrap_err();
            assert_eq!(error, "Policy has an invalid condition key", "{key}");
        }
        for key in [
            "AWS:securetransport",
            "aws:PrincipalTag/team",
            "s3:ExistingObjectTag/a",
            "saml:sub",
        ] {
            let condition = json!({"StringEquals": {key: "x"}});
            assert_eq!(
                checked(json!("s3:GetObject"), objects(), condition),
                Ok(()),
                "{key}"
            );
        }
    }

    #[test]
    fn keys_go_with_an_action() {
        let prefix = || json!({"StringLike": {"s3:prefix": "a/*"}});
        let acl = || json!({"StringEquals": {"s3:x-amz-acl": "private"}});
        assert_eq!(
            checked(json!("s3:ListBucket"), json!(BUCKET), prefix()),
            Ok(())
        );
        assert_eq!(
            checked(json!("s3:*"), json!([BUCKET, OBJECTS]), prefix()),
            Ok(())
        );
        assert_eq!(
            checked(json!("s3:PutObject"), json!(OBJECTS), acl()),
            Ok(())
        );
        let error = checked(json!("s3:GetObject"), json!(OBJECTS), prefix());
        assert_eq!(error, Err(NO_CONDITION.to_owned()));
        let error = checked(json!("s3:GetObject"), json!(OBJECTS), acl());
        assert_eq!(error, Err(NO_CONDITION.to_owned()));
    }

    #[test]
    fn what_is_left_by_not_is_not_judged() {
        let statement = json!({"Effect": "Deny", "Principal": "*", "NotAction": "s3:GetObject",
            "Resource": BUCKET, "Condition": {"StringLike": {"s3:prefix": "a"}}});
        assert_eq!(check(&statement, "b", "aws"), Ok(()));
        let statement = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
            "NotResource": BUCKET});
        assert_eq!(check(&statement, "b", "aws"), Ok(()));
    }
}
