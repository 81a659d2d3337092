//! Which version a read means, who may see that it is not there, and conditions of reads.

use std::sync::Arc;
use std::time::SystemTime;

use http::HeaderName;
use s3s::dto::ETagCondition;
use s3s::{S3Error, S3Result};

use super::access::{Asker, refused};
use super::put::check_version_id;
use crate::s3::errors::{
    access_denied, fault, method_not_allowed, no_such_key, no_such_version, precondition_failed,
    with_header,
};
use crate::s3::rules::acl_access::reaches;
use crate::s3::rules::keys::{Place, TO_READ, check};
use crate::s3::rules::target::Target;
use crate::s3::state::acl::Permission;
use crate::s3::state::version::{Object, Version};
use crate::s3::state::world::{Store, Versioning};

const DELETE_MARKER: HeaderName = HeaderName::from_static("x-amz-delete-marker");
const VERSION_ID: HeaderName = HeaderName::from_static("x-amz-version-id");

/// A version that was found, cheap to hold without the lock.
pub(crate) struct Found {
    pub(crate) version: Version,
    pub(crate) object: Object,
    /// The bucket names versions.
    pub(crate) versioned: bool,
}

/// Finds an object's version for a reader who was admitted.
pub(crate) fn find(
    store: &Store,
    asker: &Asker,
    place: (&str, &str),
    id: Option<&str>,
) -> S3Result<Found> {
    find_for(store, asker, place, (id, Permission::Read))
}

/// Finds it for somebody who needs this of its list where another account owns it; the answers for what is not there
/// depend on what else the reader may do (BC:s3 GetObject "404 ... 403").
pub(crate) fn find_for(
    store: &Store,
    asker: &Asker,
    (bucket, key): (&str, &str),
    (id, permission): (Option<&str>, Permission),
) -> S3Result<Found> {
    check_version_id(id)?;
    let found = {
        let world = store.world();
        let target = world.bucket(bucket)?;
        let versioned = target.versioning() != Versioning::Never;
        target.read(key, id).map(|version| {
            let caller = &asker.caller;
            let readable = reaches(&world, target, &version, caller, permission);
            (version, versioned, readable)
        })
    };
    let Some((version, versioned, readable)) = found else {
        return Err(missing(store, asker, bucket, id));
    };
    // An object that another account owns is out of reach for the bucket's owner and its
    // policies (UG:replication-change-owner); only its own account reads it, and whom its ACL lets.
    if !readable {
        return Err(access_denied("Access Denied"));
    }
    match version.object.clone() {
        Some(object) => Ok(Found {
            version,
            object,
            versioned,
        }),
        None => Err(marker(&version, id)),
    }
}

/// Asks for the key of an object whose bytes are read.
pub(crate) fn decrypted(
    store: &Store,
    asker: &Asker,
    (bucket, key): (&str, &str),
    object: &Object,
) -> S3Result<()> {
    let region = Arc::clone(&store.world().bucket(bucket)?.region);
    let place = Place {
        bucket,
        region: &region,
        key,
    };
    check(store, &asker.caller, place, &object.encryption, TO_READ)
}

fn missing(store: &Store, asker: &Asker, bucket: &str, id: Option<&str>) -> S3Error {
    let Ok(target) = Target::of(store, bucket) else {
        return no_such_key();
    };
    match target.authorize(
        store,
        &asker.caller,
        "s3:ListBucket",
        None,
        &asker.every_part,
    ) {
        Err(denied) => refused(&target, denied.message),
        Ok(()) if id.is_some() => no_such_version(),
        Ok(()) => no_such_key(),
    }
}

fn marker(version: &Version, id: Option<&str>) -> S3Error {
    let error = match id {
        None => no_such_key(),
        Some(_) => with_header(method_not_allowed(), http::header::ALLOW, "DELETE"),
    };
    with_header(
        with_header(error, DELETE_MARKER, "true"),
        VERSION_ID,
        &version.id,
    )
}

/// Conditions of a read.
pub(crate) struct Conditions<'a> {
    pub(crate) if_match: Option<&'a ETagCondition>,
    pub(crate) if_none_match: Option<&'a ETagCondition>,
    pub(crate) modified_since: Option<SystemTime>,
    pub(crate) unmodified_since: Option<SystemTime>,
}

impl Conditions<'_> {
    /// Checks them in the order of RFC 9110 section 13.2.2.
    pub(crate) fn check(&self, etag: &str, modified: SystemTime) -> S3Result<()> {
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(wanted) => wanted.value() == etag,
        };
        match self.if_match {
            Some(condition) if !matches(condition) => return Err(precondition_failed("If-Match")),
            None if self.unmodified_since.is_some_and(|since| modified > since) => {
                return Err(precondition_failed("If-Unmodified-Since"));
            }
            _ => {}
        }
        let unchanged = match self.if_none_match {
            Some(condition) => matches(condition),
            None => self.modified_since.is_some_and(|since| modified <= since),
        };
        if unchanged {
            let error = fault(304, "NotModified", "Not Modified");
            return Err(with_header(
                error,
                http::header::ETAG,
                &format!("\"{etag}\""),
            ));
        }
        Ok(())
    }
}
