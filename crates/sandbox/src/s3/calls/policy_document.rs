//! PutBucketPolicy: what S3 checks of a bucket policy.

use s3s::{S3Error, S3Result};

use super::access::refused;
use super::request::Call;
use crate::policy::validation::{self, Profile};
use crate::s3::errors::fault;
use crate::s3::rules::public_access::{self, Setting};
use crate::s3::rules::target::Target;
use crate::s3::state::world::Store;

/// Checks a policy and returns it with stored principals.
pub(crate) fn check(
    store: &Store,
    call: &Call<'_>,
    target: &Target,
    body: &[u8],
) -> S3Result<String> {
    let profile = Profile::Bucket {
        name: &target.name,
        partition: partition(&target.region),
    };
    validation::check(&profile, body).map_err(malformed)?;
    let text = String::from_utf8_lossy(body);
    let authority = &store.environment.authority;
    let stored = authority.store_principals(&text).map_err(malformed)?;
    refuse_public(store, call, target, &stored)?;
    Ok(stored)
}

fn malformed(text: impl Into<std::borrow::Cow<'static, str>>) -> S3Error {
    fault(400, "MalformedPolicy", text)
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
