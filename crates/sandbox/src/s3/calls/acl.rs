//! PutBucketAcl: what it may say.

use s3s::S3Result;

use super::body::{as_sent, parse};
use super::request::Call;
use crate::s3::rules::acl::{canonical_id, not_supported, private_acl};
use crate::s3::rules::target::Target;
use crate::s3::state::world::Store;
use crate::s3::xml::Element;

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
    let own = private_acl(&target.owner);
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
