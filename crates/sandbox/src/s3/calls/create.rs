//! CreateBucket: who owns the name, in which Region, and with which configuration it starts.

use http::StatusCode;
use s3s::validation::{AwsNameValidation, NameValidation as _};
use s3s::{Body, S3Response, S3Result};

use super::acl::options_of;
use super::body::{empty, parse, with_header};
use super::context;
use super::request::Call;
use super::validate;
use crate::authority::Action;
use crate::s3::errors::{access_denied, fault, invalid_argument, malformed_xml};
use crate::s3::rules::acl;
use crate::s3::rules::new_bucket::empty_bucket;
use crate::s3::rules::target::keys;
use crate::s3::state::acl::Grant;
use crate::s3::state::world::{Bucket, Store};
use crate::s3::xml::Element;

const OBJECT_LOCK: &str = "<ObjectLockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
     <ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";

const VERSIONING: &str = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
     <Status>Enabled</Status></VersioningConfiguration>";

/// Creates a bucket for the caller's account.
pub(crate) fn create_bucket(
    store: &Store,
    call: &Call<'_>,
    name: &str,
    body: &[u8],
) -> S3Result<S3Response<Body>> {
    if !AwsNameValidation::new().validate_bucket_name(name) || is_reserved(name) {
        return Err(fault(
            400,
            "InvalidBucketName",
            "The specified bucket is not valid.",
        ));
    }
    let root = match body {
        [] => Element::default(),
        body => parse(body, "CreateBucketConfiguration")?,
    };
    let known = ["LocationConstraint", "Location", "Bucket", "Tags"];
    if !root.has_only(&known, &[]) {
        return Err(malformed_xml());
    }
    let region = region(call, root.text_of("LocationConstraint"))?;
    check_namespace(call, name, &region)?;
    authorize(store, call, name, &region, &root)?;
    let bucket = new_bucket(store, call, &region, &root)?;
    let mut world = store.world();
    if let Some(existing) = world.buckets.get(name) {
        return already(&existing.owner, &call.caller.account, &region, name);
    }
    world.buckets.insert(name.to_owned(), bucket);
    Ok(created(name))
}

/// Names that AWS keeps for access points, tables, directory buckets and its own examples (UG:bucketnamingrules).
fn is_reserved(name: &str) -> bool {
    const STARTS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    STARTS.iter().any(|start| name.starts_with(start)) || ENDS.iter().any(|end| name.ends_with(end))
}

fn created(name: &str) -> S3Response<Body> {
    with_header(
        empty(StatusCode::OK),
        http::header::LOCATION,
        &format!("/{name}"),
    )
}

/// The signature's Region stands for the endpoint's, which only takes its own constraint;
/// us-east-1 takes any (BC:s3 CreateBucketConfiguration; error texts as S3 answers).
fn region(call: &Call<'_>, constraint: Option<&str>) -> S3Result<String> {
    let endpoint = context::signing_region(call).unwrap_or_else(|| "us-east-1".to_owned());
    match constraint {
        Some("us-east-1") => Err(fault(
            400,
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
        )),
        Some("EU") => Ok("eu-west-1".to_owned()),
        Some(wanted) if endpoint == "us-east-1" || endpoint == wanted => Ok(wanted.to_owned()),
        None if endpoint == "us-east-1" => Ok(endpoint),
        wanted => {
            let wanted = wanted.unwrap_or("unspecified");
            let text = format!(
                "The {wanted} location constraint is incompatible for the region specific \
                 endpoint this request was sent to."
            );
            Err(fault(400, "IllegalLocationConstraintException", text))
        }
    }
}

/// Names that end in `-an` are of an account's own namespace, `NAME-ACCOUNT-REGION-an`, and the caller says with a header
/// that it means that (UG:bucketnamingrules). Codes are seen on AWS; the text of the first and the refusals of `global`
/// and of unknown values are unverified.
fn check_namespace(call: &Call<'_>, name: &str, region: &str) -> S3Result<()> {
    let namespace = call.headers.get("x-amz-bucket-namespace");
    let suffix = format!("-{}-{region}-an", call.caller.account);
    // Something must stand before the suffix.
    let own = name.len() > suffix.len() && name.ends_with(&suffix);
    match namespace.map(|value| value.as_bytes()) {
        Some(b"account-regional") if own => Ok(()),
        Some(b"account-regional") => {
            let text = format!(
                "The requested bucket name did not include the account-regional namespace suffix, but \
                 the provided x-amz-bucket-namespace header value is account-regional. Specify \
                 {suffix} as the bucket name suffix to create a bucket in your account-regional \
                 namespace, or remove the header."
            );
            Err(fault(400, "InvalidNamespaceHeader", text))
        }
        None if name.ends_with("-an") => {
            let text = "The requested bucket name includes the account-regional namespace suffix, but \
                        the x-amz-bucket-namespace header is missing.";
            Err(fault(400, "MissingNamespaceHeader", text))
        }
        None => Ok(()),
        Some(b"global") if !name.ends_with("-an") => Ok(()),
        Some(_) => {
            let text = "The provided x-amz-bucket-namespace header value is not valid for the \
                        requested bucket name.";
            Err(fault(400, "InvalidNamespaceHeader", text))
        }
    }
}

fn authorize(
    store: &Store,
    call: &Call<'_>,
    name: &str,
    region: &str,
    root: &Element,
) -> S3Result<()> {
    let tags = root.child("Tags");
    let mut context = context::of_request(call);
    context.push(("s3:LocationConstraint".into(), region.to_owned()));
    for tag in tags.iter().flat_map(|tags| &tags.children) {
        if let (Some(key), Some(value)) = (tag.text_of("Key"), tag.text_of("Value")) {
            context.push((format!("aws:RequestTag/{key}").into(), value.to_owned()));
            context.push(("aws:TagKeys".into(), key.to_owned()));
        }
    }
    let context = keys(&context);
    let resource = format!("arn:aws:s3:::{name}");
    let with_ownership = call.headers.contains_key("x-amz-object-ownership");
    let with_lock = call
        .headers
        .contains_key("x-amz-bucket-object-lock-enabled");
    let more = [
        (with_ownership, "s3:PutBucketOwnershipControls"),
        (with_acl(call), "s3:PutBucketAcl"),
        (with_lock, "s3:PutBucketObjectLockConfiguration"),
        (with_lock, "s3:PutBucketVersioning"),
        // BC:s3 CreateBucket, "Permissions": for buckets that are made with tags.
        (tags.is_some(), "s3:TagResource"),
    ];
    let more = more
        .into_iter()
        .filter(|(needed, _)| *needed)
        .map(|(_, action)| action);
    for name in std::iter::once("s3:CreateBucket").chain(more) {
        let action = Action {
            name,
            resource: &resource,
            resource_account: &call.caller.account,
            resource_policy: None,
            context: &context,
        };
        let decision = store.environment.authority.authorize(call.caller, &action);
        decision.map_err(|denied| access_denied(denied.message))?;
    }
    Ok(())
}

/// Says whether the call sets an ACL.
fn with_acl(call: &Call<'_>) -> bool {
    let is_acl = |name: &str| name == "x-amz-acl" || name.starts_with("x-amz-grant-");
    call.headers.keys().any(|name| is_acl(name.as_str()))
}

fn already(owner: &str, caller: &str, region: &str, name: &str) -> S3Result<S3Response<Body>> {
    if owner != caller {
        let text = "The requested bucket name is not available. The bucket namespace is shared by \
                    all users of the system. Please select a different name and try again.";
        return Err(fault(409, "BucketAlreadyExists", text));
    }
    if region == "us-east-1" {
        // There S3 answers 200 for compatibility (BC:s3 BucketAlreadyOwnedByYou).
        return Ok(created(name));
    }
    let text = "Your previous request to create the named bucket succeeded and you already own it.";
    Err(fault(409, "BucketAlreadyOwnedByYou", text))
}

fn new_bucket(store: &Store, call: &Call<'_>, region: &str, root: &Element) -> S3Result<Bucket> {
    let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    let ownership = header("x-amz-object-ownership").unwrap_or("BucketOwnerEnforced");
    let known = [
        "BucketOwnerEnforced",
        "BucketOwnerPreferred",
        "ObjectWriter",
    ];
    if !known.contains(&ownership) {
        return Err(invalid_argument(format!(
            "Invalid x-amz-object-ownership header: {ownership}"
        )));
    }
    let lock = header("x-amz-bucket-object-lock-enabled").is_some_and(is_true);
    let tags = root.child("Tags").map(tagging).transpose()?;
    let owner = &call.caller.account;
    let mut bucket = empty_bucket(store, owner, region, ownership);
    let now = bucket.created;
    if let Some(grants) = acl::asked(&options_of(call.headers), owner, owner)? {
        check_acl(store, &bucket, &grants)?;
        let text = acl::document(owner, &grants);
        bucket.set_document(("acl", String::new()), now, Some(&text));
    }
    if lock {
        bucket.set_document(("versioning", String::new()), now, Some(VERSIONING));
        bucket.set_document(("object-lock", String::new()), now, Some(OBJECT_LOCK));
    }
    if let Some(tags) = tags {
        bucket.set_document(("tagging", String::new()), now, Some(&tags));
    }
    Ok(bucket)
}

/// New buckets block public ACLs, and take none while their owner owns everything.
fn check_acl(store: &Store, bucket: &Bucket, grants: &[Grant]) -> S3Result<()> {
    if bucket.owner_enforced() && !acl::only_owner(grants, &bucket.owner) {
        return Err(acl::not_with_enforced());
    }
    acl::check(&store.world(), bucket, grants)
}

fn is_true(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

/// `CreateBucketConfiguration.Tags` become the bucket's tags.
fn tagging(tags: &Element) -> S3Result<String> {
    validate::check_tags(tags)?;
    let set = Element {
        name: "TagSet".to_owned(),
        ..tags.clone()
    };
    Ok(format!(
        "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{}</Tagging>",
        set.write()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_reserved() {
        for name in [
            "xn--b",
            "sthree-b",
            "amzn-s3-demo-b",
            "b-s3alias",
            "b--ol-s3",
            "b.mrap",
            "b--x-s3",
            "b--table-s3",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["b", "b-sthree-", "s3alias", "b-mrap", "b--x-s3-b"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
