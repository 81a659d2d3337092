//! PutBucketPolicy: what S3 checks of a bucket policy.

use s3s::{S3Error, S3Result};
use serde_json::Value;

use super::access::refused;
use super::policy_statement;
use super::request::Call;
use crate::s3::errors::fault;
use crate::s3::rules::public_access::{self, Setting};
use crate::s3::rules::target::Target;
use crate::s3::state::world::Store;

/// "Bucket policies are limited to 20 KB in size" (UG:bucket-policies).
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
        let checked = policy_statement::check(statement, &target.name, partition(&target.region));
        checked.map_err(malformed)?;
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

/// The partition that a Region is in, as ARNs name it.
fn partition(region: &str) -> &'static str {
    const PARTITIONS: [(&str, &str); 3] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
    ];
    let row = PARTITIONS
        .iter()
        .find(|(start, _)| region.starts_with(start));
    row.map_or("aws", |(_, partition)| partition)
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
