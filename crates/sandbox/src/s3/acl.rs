//! Bucket and object ACLs, as far as a world of BucketOwnerEnforced buckets needs them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use s3s::S3Result;
use sha2::Digest as _;

use super::access::{Call, Target};
use super::documents::{as_sent, parse};
use super::errors::fault;
use super::world::Store;
use super::xml::Element;

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

/// Returns the ACL that gives the owner everything and others nothing.
pub(crate) fn private(owner: &str) -> String {
    let id = canonical_id(owner);
    format!(
        "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{id}</ID>\
         </Owner><AccessControlList><Grant>\
         <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:type=\"CanonicalUser\"><ID>{id}</ID></Grantee><Permission>FULL_CONTROL</Permission>\
         </Grant></AccessControlList></AccessControlPolicy>"
    )
}

/// Refuses an ACL on a bucket that has ACLs off, unless it says what holds anyway.
pub(crate) fn check_canned(owner_enforced: bool, canned: Option<&str>) -> S3Result<()> {
    match canned {
        None | Some("bucket-owner-full-control") => Ok(()),
        Some(_) if owner_enforced => Err(not_supported()),
        Some(_) => Ok(()),
    }
}

/// 400 AccessControlListNotSupported.
pub(crate) fn not_supported() -> s3s::S3Error {
    fault(
        400,
        "AccessControlListNotSupported",
        "The bucket does not allow ACLs",
    )
}

/// Checks PutBucketAcl and returns the text to store.
pub(crate) fn check(
    store: &Store,
    call: &Call<'_>,
    target: &Target,
    body: &[u8],
) -> S3Result<String> {
    let canned = call
        .headers
        .get("x-amz-acl")
        .and_then(|value| value.to_str().ok());
    let owner_enforced = store.world().bucket(&target.name)?.owner_enforced();
    let own = private(&target.owner);
    if body.is_empty() {
        return match canned {
            Some("private") | None => Ok(own),
            Some(_) if owner_enforced => Err(not_supported()),
            Some(_) => Ok(own),
        };
    }
    let root = parse(body, "AccessControlPolicy")?;
    if owner_enforced && !only_owner(&root, &target.owner) {
        return Err(not_supported());
    }
    Ok(as_sent(body, &root))
}

fn only_owner(root: &Element, owner: &str) -> bool {
    let id = canonical_id(owner);
    let grants = root.child("AccessControlList");
    grants
        .into_iter()
        .flat_map(|list| &list.children)
        .all(|grant| {
            grant
                .child("Grantee")
                .and_then(|grantee| grantee.text_of("ID"))
                == Some(&id)
        })
}
