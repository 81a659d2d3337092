//! PutBucketPolicy: what S3 checks of a bucket policy.

use s3s::{S3Error, S3Result};
use serde_json::Value;

use super::access::refused;
use super::request::Call;
use crate::s3::errors::fault;
use crate::s3::rules::public_access::{self, Setting};
use crate::s3::rules::target::Target;
use crate::s3::state::world::Store;

/// "Bucket policies are limited to 20 KB in size" (UG:S3OutpostsBucketPolicy wording).
const LARGEST: usize = 20 * 1024;

/// Checks a policy and returns it with stored principals.
pub(crate) fn check(
    store: &Store,
    call: &Call<'_>,
    target: &Target,
    body: &[u8],
) -> S3Result<String> {
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
    refuse_public(store, call, target, &stored)?;
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

/// BlockPublicPolicy, of the bucket or of the account, refuses every policy that is public, also one that only adds to
/// what was public before.
fn refuse_public(store: &Store, call: &Call<'_>, target: &Target, stored: &str) -> S3Result<()> {
    let world = store.world();
    let bucket = world.bucket(&target.name)?;
    let blocked = public_access::is_on(&world, bucket, Setting::BlockPublicPolicy);
    if blocked && store.environment.authority.is_public(stored) {
        let (who, name) = (&call.caller.arn, &target.name);
        let text = format!(
            "User: {who} is not authorized to perform: s3:PutBucketPolicy on resource: \
             \"arn:aws:s3:::{name}\" because public policies are prevented by the BlockPublicPolicy \
             setting in S3 Block Public Access."
        );
        return Err(refused(target, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
