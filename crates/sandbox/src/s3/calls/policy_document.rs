//! PutBucketPolicy: what S3 checks of a bucket policy, and when a policy is public.

use s3s::{S3Error, S3Result};
use serde_json::Value;

use super::access::refused;
use crate::s3::errors::fault;
use crate::s3::rules::target::Target;
use crate::s3::state::world::Store;

/// "Bucket policies are limited to 20 KB in size" (UG:S3OutpostsBucketPolicy wording).
const LARGEST: usize = 20 * 1024;

/// Checks a policy and returns it with stored principals.
pub(crate) fn check(store: &Store, target: &Target, body: &[u8]) -> S3Result<String> {
    let not_json = "Policies must be valid JSON and the first byte must be '{'";
    let policy: Value = match body.first() {
        Some(b'{') => serde_json::from_slice(body).map_err(|_| malformed(not_json))?,
        _ => return Err(malformed(not_json)),
    };
    // The limit holds for the document without its layout
    // (unverified: read so in GH:MIT-LCP/physionet-build#2094; code and text unverified, too).
    if policy.to_string().len() > LARGEST {
        let text = "Policy exceeds the maximum allowed document size.";
        return Err(fault(400, "PolicyTooLarge", text));
    }
    let statements = statements(&policy);
    if statements.is_empty() {
        return Err(malformed("Could not parse the policy: Statement is empty!"));
    }
    for statement in &statements {
        check_statement(statement, &target.name)?;
    }
    let text = String::from_utf8_lossy(body);
    let authority = &store.environment.authority;
    let stored = authority.store_principals(&text).map_err(malformed)?;
    refuse_public(store, target, &policy)?;
    Ok(stored)
}

fn malformed(text: impl Into<std::borrow::Cow<'static, str>>) -> S3Error {
    fault(400, "MalformedPolicy", text)
}

fn statements(policy: &Value) -> Vec<&Value> {
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    }
}

fn check_statement(statement: &Value, bucket: &str) -> S3Result<()> {
    let either = |one: &str, other: &str| statement.get(one).or_else(|| statement.get(other));
    let missing = |name: &str| malformed(format!("Missing required field {name}"));
    statement.get("Effect").ok_or_else(|| missing("Effect"))?;
    either("Principal", "NotPrincipal").ok_or_else(|| missing("Principal"))?;
    let actions = either("Action", "NotAction").ok_or_else(|| missing("Action"))?;
    let resources = either("Resource", "NotResource").ok_or_else(|| missing("Resource"))?;
    if statement.get("Action").is_some() && !strings(actions).all(is_s3_action) {
        return Err(malformed("Policy has invalid action"));
    }
    if strings(resources).all(|resource| is_of(resource, bucket)) {
        Ok(())
    } else {
        Err(malformed("Policy has invalid resource"))
    }
}

/// Returns the strings of a value that is one string or a list of them.
fn strings(value: &Value) -> impl Iterator<Item = &str> {
    let one = value.as_str().into_iter();
    one.chain(
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str),
    )
}

fn is_s3_action(action: &str) -> bool {
    action == "*"
        || action
            .split(':')
            .next()
            .is_some_and(|service| service.eq_ignore_ascii_case("s3"))
}

/// A bucket policy speaks of its own bucket and the objects in it only.
fn is_of(resource: &str, bucket: &str) -> bool {
    if resource == "*" {
        return true;
    }
    let Some((_, name)) = resource.split_once(":s3:::") else {
        return false;
    };
    let bucket_part = name.split('/').next().unwrap_or_default();
    bucket_part == bucket || wildcard(bucket_part, bucket)
}

fn wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, _)) => text.starts_with(start),
        None => false,
    }
}

/// BlockPublicPolicy refuses a policy that grants to everyone.
fn refuse_public(store: &Store, target: &Target, policy: &Value) -> S3Result<()> {
    let world = store.world();
    let bucket = world.bucket(&target.name)?;
    let blocked = bucket.setting("publicAccessBlock", &["BlockPublicPolicy"]);
    if blocked.is_some_and(|value| value.eq_ignore_ascii_case("true")) && is_public(policy) {
        let text = "Access Denied because public policies are prevented by the BlockPublicPolicy \
                    setting in S3 Block Public Access.";
        return Err(refused(target, text.to_owned()));
    }
    Ok(())
}

/// Keys that, held to fixed values, make a grant to everyone a grant to someone
/// (UG:access-control-block-public-access "The meaning of public").
const NARROWING: [&str; 13] = [
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:userid",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
];

/// Says whether a policy is public: an Allow for everyone without a narrowing condition.
pub(crate) fn is_public(policy: &Value) -> bool {
    statements(policy).into_iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && is_everyone(statement.get("Principal"))
            && !is_narrowed(statement.get("Condition"))
    })
}

fn is_everyone(principal: Option<&Value>) -> bool {
    match principal {
        Some(Value::String(name)) => name == "*",
        Some(Value::Object(kinds)) => kinds.values().flat_map(strings).any(|name| name == "*"),
        _ => false,
    }
}

fn is_narrowed(condition: Option<&Value>) -> bool {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators
        .filter(|(operator, _)| !operator.contains("Not"))
        .any(|(_, keys)| {
            keys.as_object().into_iter().flatten().any(|(key, value)| {
                NARROWING.contains(&&*key.to_ascii_lowercase()) && strings(value).all(|v| v != "*")
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_grant_to_everyone_is_public_unless_narrowed() {
        let mut policy = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}});
        assert!(is_public(&policy));
        policy["Statement"]["Condition"] =
            json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/r"}});
        assert!(!is_public(&policy));
        policy["Statement"]["Effect"] = json!("Deny");
        policy["Statement"]["Condition"] = json!({});
        assert!(!is_public(&policy));
    }

    #[test]
    fn statements_name_their_own_bucket() {
        let statement = |resource: &str| {
            json!({"Effect": "Allow", "Principal": "*",
            "Action": "s3:GetObject", "Resource": resource})
        };
        assert!(check_statement(&statement("arn:aws:s3:::b/*"), "b").is_ok());
        let other = check_statement(&statement("arn:aws:s3:::c/*"), "b").unwrap_err();
        assert_eq!(other.message(), Some("Policy has invalid resource"));
    }
}
