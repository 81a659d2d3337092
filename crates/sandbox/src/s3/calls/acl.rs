//! ACLs of buckets and objects: what PutBucketAcl and PutObjectAcl may say, and what is shown.

use http::HeaderMap;
use s3s::dto::{
    AccessControlPolicy, GetObjectAclInput, GetObjectAclOutput, Grant as GrantDto,
    Grantee as GranteeDto, Owner, Permission as PermissionDto, PutObjectAclInput,
    PutObjectAclOutput, Type,
};
use s3s::{S3Request, S3Response, S3Result};

use super::access::asker_of;
use super::body::{as_sent, parse};
use super::find::find_for;
use super::request::Call;
use crate::s3::errors::{invalid_request, malformed_xml};
use crate::s3::replication;
use crate::s3::rules::acl::{self, canonical_id};
use crate::s3::rules::acl_access::of_version;
use crate::s3::rules::target::Target;
use crate::s3::state::acl::{Grant, Grantee, Permission};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::AclOptions;

/// Reads the headers of a call that sets an ACL.
pub(crate) fn options_of(headers: &HeaderMap) -> AclOptions {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    AclOptions {
        canned: header("x-amz-acl"),
        read: header("x-amz-grant-read"),
        write: header("x-amz-grant-write"),
        read_acp: header("x-amz-grant-read-acp"),
        write_acp: header("x-amz-grant-write-acp"),
        full_control: header("x-amz-grant-full-control"),
    }
}

/// Checks PutBucketAcl and returns the text to store.
pub(crate) fn check(
    store: &Store,
    call: &Call<'_>,
    target: &Target,
    body: &[u8],
) -> S3Result<String> {
    let options = options_of(call.headers);
    let asked = acl::asked(&options, &target.owner, &target.owner)?;
    let world = store.world();
    let bucket = world.bucket(&target.name)?;
    if body.is_empty() {
        let grants = asked.unwrap_or_else(|| acl::private(&target.owner));
        acl::check(&world, bucket, &grants)?;
        return Ok(acl::document(&target.owner, &grants));
    }
    if asked.is_some() {
        return Err(both());
    }
    let root = parse(body, "AccessControlPolicy")?;
    let grants = acl::parse(&root)?;
    acl::check(&world, bucket, &grants)?;
    Ok(as_sent(body, &root))
}

fn both() -> s3s::S3Error {
    // BC:s3 PutBucketAcl: "You cannot specify access permission using both the body and the request headers". The words are
    // unverified.
    invalid_request("Specifying both a body and headers of an ACL is not allowed")
}

/// Answers GetObjectAcl. With ACLs off the bucket's owner has everything (UG:about-object-ownership).
pub(crate) fn get_object_acl(
    store: &Store,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let id = input.version_id.as_deref();
    let found = find_for(store, &asker, place, (id, Permission::ReadAcp))?;
    let (owner, grants) = {
        let world = store.world();
        let bucket = world.bucket(&input.bucket)?;
        match bucket.owner_enforced() {
            true => (bucket.owner.to_string(), acl::private(&bucket.owner)),
            false => (found.version.owner.to_string(), of_version(&found.version)),
        }
    };
    Ok(S3Response::new(GetObjectAclOutput {
        grants: Some(grants.iter().map(shown).collect()),
        owner: Some(Owner {
            display_name: None,
            id: Some(canonical_id(&owner)),
        }),
        ..GetObjectAclOutput::default()
    }))
}

fn shown(grant: &Grant) -> GrantDto {
    let (kind, id, uri) = match &grant.grantee {
        Grantee::User(id) => (Type::CANONICAL_USER, Some(id.to_string()), None),
        Grantee::Group(group) => (Type::GROUP, None, Some(group.uri().to_owned())),
    };
    GrantDto {
        grantee: Some(GranteeDto {
            display_name: None,
            email_address: None,
            id,
            type_: Type::from_static(kind),
            uri,
        }),
        permission: Some(PermissionDto::from_static(grant.permission.as_str())),
    }
}

/// Answers PutObjectAcl.
pub(crate) fn put_object_acl(
    store: &Store,
    request: S3Request<PutObjectAclInput>,
) -> S3Result<S3Response<PutObjectAclOutput>> {
    let asker = asker_of(&request.extensions);
    let options = options_of(&request.headers);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let id = input.version_id.as_deref();
    let found = find_for(store, &asker, place, (id, Permission::WriteAcp))?;
    let mut world = store.world();
    let bucket = world.bucket(&input.bucket)?;
    let asked = acl::asked(&options, &found.version.owner, &bucket.owner)?;
    let grants = match (asked, &input.access_control_policy) {
        (Some(_), Some(_)) => return Err(both()),
        (Some(grants), None) => grants,
        (None, Some(policy)) => grants_of(policy)?,
        (None, None) => {
            return Err(invalid_request(
                "Missing required header for this request: x-amz-acl",
            ));
        }
    };
    let off = bucket.owner_enforced();
    let canned = options.canned.as_deref();
    if off && canned.is_some_and(|name| name != "bucket-owner-full-control") {
        return Err(acl::not_supported());
    }
    acl::check(&world, bucket, &grants)?;
    if !off {
        let plain = grants == acl::private(&found.version.owner);
        let bucket = world.bucket_mut(&input.bucket)?;
        let version = bucket.version_mut(&input.key, &found.version.id);
        if let Some(object) = version.and_then(|version| version.object.as_mut()) {
            object.acl = (!plain).then(|| grants.into());
        }
        let id = &found.version.id;
        replication::plan_metadata(store, (&input.bucket, bucket), &input.key, id);
    }
    Ok(S3Response::new(PutObjectAclOutput::default()))
}

fn grants_of(policy: &AccessControlPolicy) -> S3Result<Vec<Grant>> {
    let grant = |grant: &GrantDto| {
        let grantee = grant.grantee.as_ref().ok_or_else(malformed_xml)?;
        let permission = grant.permission.as_ref().ok_or_else(malformed_xml)?;
        let named = (
            grantee.id.as_deref(),
            grantee.uri.as_deref(),
            grantee.email_address.as_deref(),
        );
        Ok(Grant {
            grantee: acl::grantee_of(named)?,
            permission: Permission::parse(permission.as_str()).ok_or_else(malformed_xml)?,
        })
    };
    policy.grants.iter().flatten().map(grant).collect()
}
