//! Who owns what, and what an access control list says: by name, by headers, and as a document.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use s3s::{S3Error, S3Result};
use sha2::Digest as _;

use super::public_access::{self, Setting};
use crate::s3::errors::{
    access_denied, fault, invalid_argument, invalid_request, malformed_xml, method_not_allowed,
};
use crate::s3::state::acl::{Grant, Grantee, Group, Permission};
use crate::s3::state::world::{Bucket, World};
use crate::s3::state::write_options::AclOptions;
use crate::s3::xml::{Element, escape};

/// Returns the canonical user id of an account: 64 hex digits that stay the same. Listings name
/// the owner of every entry, so the ids are kept.
pub(crate) fn canonical_id(account: &str) -> String {
    static KNOWN: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(id) = known.get(account) {
        return id.clone();
    }
    let id = hex::encode(sha2::Sha256::digest(format!("canonical user of {account}")));
    known.insert(account.to_owned(), id.clone());
    id
}

/// Returns the grants that give the owner everything and others nothing.
pub(crate) fn private(owner: &str) -> Vec<Grant> {
    vec![Grant::to_user(
        &canonical_id(owner),
        Permission::FullControl,
    )]
}

/// Writes the document of an ACL.
pub(crate) fn document(owner: &str, grants: &[Grant]) -> String {
    let grants: String = grants.iter().map(grant_element).collect();
    let id = canonical_id(owner);
    format!(
        "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{id}</ID>\
         </Owner><AccessControlList>{grants}</AccessControlList></AccessControlPolicy>"
    )
}

fn grant_element(grant: &Grant) -> String {
    let (kind, grantee) = match &grant.grantee {
        Grantee::User(id) => ("CanonicalUser", format!("<ID>{}</ID>", escape(id))),
        Grantee::Group(group) => ("Group", format!("<URI>{}</URI>", group.uri())),
    };
    format!(
        "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:type=\"{kind}\">{grantee}</Grantee><Permission>{}</Permission></Grant>",
        grant.permission.as_str()
    )
}

/// Reads the grants of a document.
pub(crate) fn parse(root: &Element) -> S3Result<Vec<Grant>> {
    if !root.has_only(&["Owner", "AccessControlList"], &[]) {
        return Err(malformed_xml());
    }
    let list = root.child("AccessControlList").ok_or_else(malformed_xml)?;
    let grant = |grant: &Element| {
        let permission = grant.text_of("Permission").and_then(Permission::parse);
        let grantee = grant.child("Grantee").ok_or_else(malformed_xml)?;
        let named = (
            grantee.text_of("ID"),
            grantee.text_of("URI"),
            grantee.text_of("EmailAddress"),
        );
        Ok(Grant {
            grantee: grantee_of(named)?,
            permission: permission.ok_or_else(malformed_xml)?,
        })
    };
    list.children_named("Grant").map(grant).collect()
}

/// Reads who is named: by id or by address of a group. E-mail addresses are refused with 405 since October 2025 (BC:s3
/// PutObjectAcl).
pub(crate) fn grantee_of(named: (Option<&str>, Option<&str>, Option<&str>)) -> S3Result<Grantee> {
    match named {
        (Some(id), None, None) => {
            let fits = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            let user = fits.then(|| Grantee::User(id.into()));
            user.ok_or_else(|| invalid_argument("Invalid id"))
        }
        (None, Some(uri), None) => {
            let group = Group::parse(uri).map(Grantee::Group);
            group.ok_or_else(|| invalid_argument("Invalid group uri"))
        }
        (None, None, Some(_)) => Err(method_not_allowed()),
        _ => Err(malformed_xml()),
    }
}

/// Returns what a canned ACL grants (UG:acl-overview "Canned ACL"); those for objects mean nothing on a bucket.
fn canned(name: &str, owner: &str, bucket_owner: &str) -> S3Result<Vec<Grant>> {
    use Permission::{FullControl, Read, Write};
    let all = |permission| Grant::to_group(Group::AllUsers, permission);
    let authenticated = Grant::to_group(Group::AuthenticatedUsers, Read);
    let log = |permission| Grant::to_group(Group::LogDelivery, permission);
    let others = bucket_owner != owner;
    let to_bucket_owner = |permission| {
        let grant = Grant::to_user(&canonical_id(bucket_owner), permission);
        others.then_some(grant).into_iter().collect()
    };
    let more = match name {
        // "aws-exec-read" is for Amazon EC2, which there is none of here.
        "private" | "aws-exec-read" => Vec::new(),
        "public-read" => vec![all(Read)],
        "public-read-write" => vec![all(Read), all(Write)],
        "authenticated-read" => vec![authenticated],
        "bucket-owner-read" => to_bucket_owner(Read),
        "bucket-owner-full-control" => to_bucket_owner(FullControl),
        "log-delivery-write" => vec![log(Write), log(Permission::ReadAcp)],
        _ => return Err(invalid_argument(format!("Invalid canned ACL: {name}"))),
    };
    Ok(private(owner).into_iter().chain(more).collect())
}

/// Reads `id="...", uri="..."`.
fn grantees(text: &str) -> S3Result<Vec<Grantee>> {
    let one = |text: &str| {
        let malformed = || invalid_argument("Argument format not recognized");
        let (kind, value) = text.trim().split_once('=').ok_or_else(malformed)?;
        let value = Some(value.trim().trim_matches('"'));
        match kind.trim() {
            "id" => grantee_of((value, None, None)),
            "uri" => grantee_of((None, value, None)),
            "emailAddress" => grantee_of((None, None, value)),
            _ => Err(malformed()),
        }
    };
    text.split(',').map(one).collect()
}

/// Returns what headers ask for; none where they ask for nothing.
pub(crate) fn asked(
    options: &AclOptions,
    owner: &str,
    bucket_owner: &str,
) -> S3Result<Option<Vec<Grant>>> {
    let given: Vec<(Permission, &String)> = options.grants().collect();
    match (&options.canned, given.is_empty()) {
        (None, true) => Ok(None),
        (Some(name), true) => canned(name, owner, bucket_owner).map(Some),
        (Some(_), false) => Err(invalid_request(
            "Specifying both Canned ACLs and Header Grants is not allowed",
        )),
        (None, false) => {
            let mut grants = Vec::new();
            for (permission, text) in given {
                let named = grantees(text)?.into_iter();
                grants.extend(named.map(|grantee| Grant {
                    grantee,
                    permission,
                }));
            }
            Ok(Some(grants))
        }
    }
}

/// Says whether grants give the bucket's owner everything and nobody else anything, which an ACL may say also where ACLs
/// are off (UG:about-object-ownership).
pub(crate) fn only_owner(grants: &[Grant], bucket_owner: &str) -> bool {
    let id = canonical_id(bucket_owner);
    grants
        .iter()
        .all(|grant| grant.gives(&id, Permission::FullControl))
}

/// Checks an ACL that is to be set: that ACLs are on, and that BlockPublicAcls lets it be (BC:s3
/// PublicAccessBlockConfiguration; the words are unverified).
pub(crate) fn check(world: &World, bucket: &Bucket, grants: &[Grant]) -> S3Result<()> {
    if bucket.owner_enforced() && !only_owner(grants, &bucket.owner) {
        return Err(not_supported());
    }
    let blocked = public_access::is_on(world, bucket, Setting::BlockPublicAcls);
    if blocked && grants.iter().any(Grant::is_public) {
        return Err(access_denied(
            "Access Denied because public ACLs are prevented by the BlockPublicAcls setting in S3 \
             Block Public Access.",
        ));
    }
    Ok(())
}

/// Returns the grants of a new object, checked; none for the usual ones. With ACLs off only the owner's full control may be
/// named, and `private` is not that (UG:object-ownership-error-responses).
pub(crate) fn of_write(
    world: &World,
    bucket: &Bucket,
    owner: &str,
    options: &AclOptions,
) -> S3Result<Option<Arc<[Grant]>>> {
    let Some(grants) = asked(options, owner, &bucket.owner)? else {
        return Ok(None);
    };
    let off = bucket.owner_enforced();
    let canned = options.canned.as_deref();
    if off && canned.is_some_and(|name| name != "bucket-owner-full-control") {
        return Err(not_supported());
    }
    check(world, bucket, &grants)?;
    let plain = off || grants == private(owner);
    Ok((!plain).then(|| grants.into()))
}

/// 400 AccessControlListNotSupported.
pub(crate) fn not_supported() -> S3Error {
    fault(
        400,
        "AccessControlListNotSupported",
        "The bucket does not allow ACLs",
    )
}

/// 400 where ACLs go off while the bucket's ACL lets others in (UG:object-ownership-error-responses).
pub(crate) fn not_with_enforced() -> S3Error {
    fault(
        400,
        "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )
}

/// Who owns a new object: the bucket's owner unless ACLs are on and the writer keeps it.
pub(crate) fn owner(bucket: &Bucket, writer: &str, canned: Option<&str>) -> Arc<str> {
    let ownership = bucket.setting("ownershipControls", &["Rule", "ObjectOwnership"]);
    let given = canned == Some("bucket-owner-full-control");
    match ownership {
        Some("BucketOwnerPreferred") if given => Arc::clone(&bucket.owner),
        Some("BucketOwnerEnforced") => Arc::clone(&bucket.owner),
        _ if *writer == *bucket.owner => Arc::clone(&bucket.owner),
        _ => writer.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_grantees() {
        let id = canonical_id("1");
        let options = AclOptions {
            read: Some(format!(
                "id=\"{id}\", uri=\"http://acs.amazonaws.com/groups/global/AllUsers\""
            )),
            ..AclOptions::default()
        };
        let grants = asked(&options, "1", "2").unwrap().unwrap();
        assert_eq!(grants.len(), 2);
        assert!(grants[0].gives(&id, Permission::Read) && grants[1].is_public());
        assert!(!grants[0].gives(&id, Permission::ReadAcp));
        let mail = AclOptions {
            read: Some("emailAddress=\"a@b.c\"".to_owned()),
            ..AclOptions::default()
        };
        let refused = asked(&mail, "1", "2").unwrap_err();
        assert_eq!(refused.code().as_str(), "MethodNotAllowed");
    }

    #[test]
    fn a_document_says_what_it_was_written_from() {
        let grants = canned("public-read", "1", "2").unwrap();
        let root = crate::s3::xml::parse(document("1", &grants).as_bytes()).unwrap();
        assert_eq!(parse(&root).unwrap(), grants);
    }
}
