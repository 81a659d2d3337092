//! Who owns what, and ACLs as far as a world of BucketOwnerEnforced buckets needs them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use s3s::S3Result;
use sha2::Digest as _;

use crate::s3::errors::fault;
use crate::s3::state::world::Bucket;

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
pub(crate) fn private_acl(owner: &str) -> String {
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
