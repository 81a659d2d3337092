//! What ACLs let callers do, where no policy does and none denies it. A grant to an account is one that the account still has
//! to pass on by its own policies, so a list is asked as a policy is (UG:acl-overview, "Mapping of ACL permissions and access
//! policy permissions").

use serde_json::json;

use super::acl::{canonical_id, parse, private};
use super::public_access::{self, Setting};
use crate::authority::{Caller, CallerKind};
use crate::s3::state::acl::{Grant, Grantee, Group, Permission};
use crate::s3::state::version::Version;
use crate::s3::state::world::{Bucket, World};

/// Whose list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Bucket,
    Object,
}

/// Which list is asked about an action, and for which permission.
fn needed(action: &str) -> Option<(On, Permission)> {
    Some(match action {
        "s3:ListBucket" | "s3:ListBucketVersions" | "s3:ListBucketMultipartUploads" => {
            (On::Bucket, Permission::Read)
        }
        "s3:PutObject" => (On::Bucket, Permission::Write),
        "s3:GetBucketAcl" => (On::Bucket, Permission::ReadAcp),
        "s3:PutBucketAcl" => (On::Bucket, Permission::WriteAcp),
        "s3:GetObject" | "s3:GetObjectVersion" => (On::Object, Permission::Read),
        "s3:GetObjectAcl" | "s3:GetObjectVersionAcl" => (On::Object, Permission::ReadAcp),
        "s3:PutObjectAcl" | "s3:PutObjectVersionAcl" => (On::Object, Permission::WriteAcp),
        _ => return None,
    })
}

/// Returns the policy that a list amounts to for a caller; none where it lets the caller do nothing of that.
pub(crate) fn policy(
    world: &World,
    bucket: &Bucket,
    caller: &Caller,
    action: &str,
    (key, version): (Option<&str>, Option<&str>),
) -> Option<String> {
    if bucket.owner_enforced() {
        return None;
    }
    let (on, permission) = needed(action)?;
    let grants = match on {
        On::Bucket => of_bucket(bucket),
        On::Object => of_version(bucket.version(key?, version)?),
    };
    let public = !public_access::is_on(world, bucket, Setting::IgnorePublicAcls);
    let mut named = grants
        .iter()
        .filter(|grant| grant.permission.includes(permission))
        .filter(|grant| public || !grant.is_public())
        .filter_map(|grant| principal(grant, caller));
    let principal = named.next()?;
    Some(
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action, "Resource": "*",
        }] })
        .to_string(),
    )
}

/// Returns the principal that a grant names the caller by.
fn principal(grant: &Grant, caller: &Caller) -> Option<String> {
    let account = || format!("arn:aws:iam::{}:root", caller.account);
    let known = caller.kind != CallerKind::Anonymous;
    match &grant.grantee {
        Grantee::User(id) => (known && **id == *canonical_id(&caller.account)).then(account),
        Grantee::Group(Group::AllUsers) => Some("*".to_owned()),
        Grantee::Group(Group::AuthenticatedUsers) => known.then(account),
        Grantee::Group(Group::LogDelivery) => None,
    }
}

/// Returns the grants of a bucket.
fn of_bucket(bucket: &Bucket) -> Vec<Grant> {
    let stored = bucket.tree("acl").and_then(|root| parse(root).ok());
    stored.unwrap_or_else(|| private(&bucket.owner))
}

/// Returns the grants of a version.
pub(crate) fn of_version(version: &Version) -> Vec<Grant> {
    let acl = version
        .object
        .as_ref()
        .and_then(|object| object.acl.as_ref());
    acl.map_or_else(|| private(&version.owner), |acl| acl.to_vec())
}

/// Says whether a version that somebody else owns is open to a caller who was admitted: bucket policies do not reach it, and
/// only its own list does (UG:replication-change-owner).
pub(crate) fn reaches(
    world: &World,
    bucket: &Bucket,
    version: &Version,
    caller: &Caller,
    permission: Permission,
) -> bool {
    let own = *version.owner == *bucket.owner || bucket.owner_enforced();
    if own || *caller.account == *version.owner {
        return true;
    }
    let public = !public_access::is_on(world, bucket, Setting::IgnorePublicAcls);
    of_version(version)
        .iter()
        .filter(|grant| grant.permission.includes(permission))
        .filter(|grant| public || !grant.is_public())
        .any(|grant| principal(grant, caller).is_some())
}

/// Says whether the owner of a bucket may read a version and its list: "the bucket owner must have permissions to read the
/// object and the object's ACL", else it does not replicate (UG:replication-requirements).
pub(crate) fn owner_reads(bucket: &Bucket, version: &Version) -> bool {
    if *version.owner == *bucket.owner || bucket.owner_enforced() {
        return true;
    }
    let id = canonical_id(&bucket.owner);
    let grants = of_version(version);
    let reads = |permission| grants.iter().any(|grant| grant.gives(&id, permission));
    reads(Permission::Read) && reads(Permission::ReadAcp)
}
