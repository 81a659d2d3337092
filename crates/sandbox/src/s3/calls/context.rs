//! Condition keys of a request, beyond those that IAM derives from the caller, and those that every request on a
//! bucket has ([`crate::s3::rules::target`]). None of them is given here: a key with two derivations has two values.

use http::Method;

use super::request::Call;
use crate::s3::rules::target::{Context, Target};
use crate::s3::state::world::Store;
use crate::wire::Form;

/// Headers that are condition keys under `s3:`.
const HEADERS: [(&str, &str); 17] = [
    ("x-amz-acl", "s3:x-amz-acl"),
    ("x-amz-grant-read", "s3:x-amz-grant-read"),
    ("x-amz-grant-full-control", "s3:x-amz-grant-full-control"),
    ("x-amz-grant-read-acp", "s3:x-amz-grant-read-acp"),
    ("x-amz-grant-write", "s3:x-amz-grant-write"),
    ("x-amz-grant-write-acp", "s3:x-amz-grant-write-acp"),
    ("x-amz-copy-source", "s3:x-amz-copy-source"),
    ("x-amz-metadata-directive", "s3:x-amz-metadata-directive"),
    (
        "x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption",
    ),
    (
        "x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    ),
    (
        "x-amz-server-side-encryption-customer-algorithm",
        "s3:x-amz-server-side-encryption-customer-algorithm",
    ),
    ("x-amz-storage-class", "s3:x-amz-storage-class"),
    (
        "x-amz-website-redirect-location",
        "s3:x-amz-website-redirect-location",
    ),
    ("x-amz-object-ownership", "s3:x-amz-object-ownership"),
    ("x-amz-content-sha256", "s3:x-amz-content-sha256"),
    ("x-amz-object-lock-mode", "s3:object-lock-mode"),
    ("x-amz-bucket-namespace", "s3:x-amz-bucket-namespace"),
];

/// Headers of conditional writes, which are condition keys of calls that write only (UG:conditional-writes-enforce).
const CONDITIONS: [(&str, &str); 2] = [
    ("if-match", "s3:if-match"),
    ("if-none-match", "s3:if-none-match"),
];

/// Query parameters that are condition keys.
const PARAMETERS: [(&str, &str); 4] = [
    ("prefix", "s3:prefix"),
    ("delimiter", "s3:delimiter"),
    ("max-keys", "s3:max-keys"),
    ("versionId", "s3:VersionId"),
];

/// Returns the keys that the request has whatever it is about: so does each part of it that is asked for by itself, as
/// the source of a copy and a key of DeleteObjects.
pub(crate) fn of_every_part(call: &Call<'_>) -> Context {
    let query = Form::parse(call.uri.query().unwrap_or_default());
    let auth_type = if query.has("X-Amz-Signature") {
        "REST-QUERY-STRING"
    } else {
        "REST-HEADER"
    };
    let mut context: Context = vec![
        ("s3:authType".into(), auth_type.to_owned()),
        ("s3:signatureversion".into(), "AWS4-HMAC-SHA256".to_owned()),
    ];
    if let Some(region) = signing_region(call) {
        context.push(("aws:RequestedRegion".into(), region));
    }
    context
}

/// Returns the keys that request line and headers give.
pub(crate) fn of_request(call: &Call<'_>) -> Context {
    let query = Form::parse(call.uri.query().unwrap_or_default());
    let mut context = of_every_part(call);
    let writes = !matches!(*call.method, Method::GET | Method::HEAD);
    let conditions = CONDITIONS.into_iter().filter(|_| writes);
    for (header, key) in HEADERS.into_iter().chain(conditions) {
        if let Some(value) = call
            .headers
            .get(header)
            .and_then(|value| value.to_str().ok())
        {
            context.push((key.into(), value.to_owned()));
        }
    }
    for (parameter, key) in PARAMETERS {
        if let Some(value) = query.get(parameter) {
            context.push((key.into(), value.to_owned()));
        }
    }
    context
}

/// Returns the keys of a call on a bucket or object: those of the request, and tags.
pub(crate) fn of_object(
    store: &Store,
    call: &Call<'_>,
    target: &Target,
    key: Option<&str>,
) -> Context {
    let mut context = of_request(call);
    let tagging = call
        .headers
        .get("x-amz-tagging")
        .and_then(|value| value.to_str().ok());
    for (tag, _) in Form::parse(tagging.unwrap_or_default()).iter() {
        context.push(("s3:RequestObjectTagKeys".into(), tag.to_owned()));
    }
    if let Some(key) = key {
        let query = Form::parse(call.uri.query().unwrap_or_default());
        push_object_tags(store, target, key, query.get("versionId"), &mut context);
    }
    context
}

/// Returns the keys of one part of a request, which is about a version of its own.
pub(crate) fn of_version(
    store: &Store,
    every_part: &Context,
    target: &Target,
    key: &str,
    version: Option<&str>,
) -> Context {
    let mut context = every_part.clone();
    context.extend(version.map(|id| ("s3:VersionId".into(), id.to_owned())));
    push_object_tags(store, target, key, version, &mut context);
    context
}

/// `s3:ExistingObjectTag/<key>` has the tag's key in its name.
fn push_object_tags(
    store: &Store,
    target: &Target,
    key: &str,
    version: Option<&str>,
    context: &mut Context,
) {
    let world = store.world();
    let Ok(bucket) = world.bucket(&target.name) else {
        return;
    };
    let object = bucket
        .version(key, version)
        .and_then(|version| version.object.as_ref());
    for (tag, value) in object
        .map(|object| object.tags.iter())
        .into_iter()
        .flatten()
    {
        context.push((
            format!("s3:ExistingObjectTag/{tag}").into(),
            value.to_string(),
        ));
    }
}

/// Returns the Region the request was signed for.
pub(crate) fn signing_region(call: &Call<'_>) -> Option<String> {
    let header = call
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let from_header = header.and_then(|header| {
        let credential = header.split("Credential=").nth(1)?.split(',').next()?;
        region_of(credential)
    });
    from_header.or_else(|| {
        let query = Form::parse(call.uri.query().unwrap_or_default());
        region_of(query.get("X-Amz-Credential")?)
    })
}

/// `KEY/DATE/REGION/SERVICE/aws4_request`; a key id may hold slashes.
fn region_of(credential: &str) -> Option<String> {
    credential.trim().rsplit('/').nth(2).map(str::to_owned)
}
