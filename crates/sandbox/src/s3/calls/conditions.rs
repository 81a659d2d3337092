//! Conditions of writes and deletes. They are asked of the current version, a delete marker counting as nothing
//! (UG:conditional-writes, UG:conditional-deletes).

use std::borrow::Cow;

use http::HeaderMap;
use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3Result};

use super::access::{Asker, refused};
use super::context;
use crate::s3::errors::{fault, invalid_argument, no_such_key, precondition_failed};
use crate::s3::rules::target::Target;
use crate::s3::state::world::Store;

/// `If-Match` and `If-None-Match`.
pub(crate) type Both<'a> = (Option<&'a ETagCondition>, Option<&'a ETagCondition>);

/// Checks the conditions of a write.
pub(crate) fn check_write(
    store: &Store,
    asker: &Asker,
    place: (&str, &str),
    (if_match, if_none_match): Both<'_>,
) -> S3Result<()> {
    if if_match.is_none() && if_none_match.is_none() {
        return Ok(());
    }
    let etag = current(store, place)?;
    if let Some(condition) = if_none_match {
        if !matches!(condition, ETagCondition::Any) {
            return Err(not_implemented());
        }
        if etag.is_some() {
            return Err(precondition_failed("If-None-Match"));
        }
    }
    match if_match {
        Some(condition) => matches(store, asker, place, (condition, etag)),
        None => Ok(()),
    }
}

/// Checks the condition of a delete: `*` asks that there is an object.
pub(crate) fn check_delete(
    store: &Store,
    asker: &Asker,
    place: (&str, &str),
    condition: &ETagCondition,
) -> S3Result<()> {
    let etag = current(store, place)?;
    matches(store, asker, place, (condition, etag))
}

fn matches(
    store: &Store,
    asker: &Asker,
    place: (&str, &str),
    (condition, etag): (&ETagCondition, Option<String>),
) -> S3Result<()> {
    if let ETagCondition::ETag(_) = condition {
        may_read(store, asker, place)?;
    }
    match (condition, etag) {
        (_, None) => Err(no_such_key()),
        (ETagCondition::ETag(wanted), Some(etag)) if wanted.value() != etag => {
            Err(precondition_failed("If-Match"))
        }
        (ETagCondition::ETag(_) | ETagCondition::Any, Some(_)) => Ok(()),
    }
}

/// Who compares an ETag learns of the object, and needs `s3:GetObject` besides.
fn may_read(store: &Store, asker: &Asker, (bucket, key): (&str, &str)) -> S3Result<()> {
    let target = Target::of(store, bucket)?;
    let context = context::of_version(store, &asker.every_part, &target, key, None);
    let decision = target.authorize(store, &asker.caller, "s3:GetObject", Some(key), &context);
    decision.map_err(|denied| refused(&target, denied.message))
}

fn current(store: &Store, (bucket, key): (&str, &str)) -> S3Result<Option<String>> {
    let world = store.world();
    let current = world.bucket(bucket)?.version(key, None);
    let object = current.and_then(|version| version.object.as_ref());
    Ok(object.map(|object| object.etag().to_string()))
}

/// Reads the conditions of CopyObject on what it writes over, which s3s does not know.
pub(crate) fn of_copy(
    headers: &HeaderMap,
) -> S3Result<(Option<ETagCondition>, Option<ETagCondition>)> {
    let read = |name: &'static str| {
        let value = headers.get(name).map(http::HeaderValue::as_bytes);
        let condition = value.map(ETagCondition::parse_http_header).transpose();
        condition.map_err(|_| invalid_argument(format!("Invalid value of {name}")))
    };
    Ok((read("if-match")?, read("if-none-match")?))
}

/// Reads the ETag of one key of DeleteObjects, which may be a `*`.
pub(crate) fn of_element(etag: &ETag) -> ETagCondition {
    match etag.value() {
        "*" => ETagCondition::Any,
        _ => ETagCondition::ETag(etag.clone()),
    }
}

/// Returns the condition key of a condition (UG:conditional-delete-enforce: for DeleteObjects, too).
pub(crate) fn context_key(condition: &ETagCondition) -> (Cow<'static, str>, String) {
    let value = match condition {
        ETagCondition::Any => "*",
        ETagCondition::ETag(etag) => etag.value(),
    };
    ("s3:if-match".into(), value.to_owned())
}

/// Size and time as conditions are for directory buckets (BC:s3 DeleteObject; that others answer with 501 is unverified).
pub(crate) fn only_of_directory_buckets(is_there: bool) -> S3Result<()> {
    if is_there {
        return Err(not_implemented());
    }
    Ok(())
}

fn not_implemented() -> S3Error {
    let text = "A header you provided implies functionality that is not implemented";
    fault(501, "NotImplemented", text)
}
