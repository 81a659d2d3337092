//! What S3 checks of a configuration document before it stores it.

use s3s::S3Result;

use super::request::Request;
use super::{inventory_document, logging_document};
use crate::s3::errors::{access_denied, fault, invalid_argument, malformed_xml};
use crate::s3::rules::acl;
use crate::s3::rules::mfa::{NO_MFA, is_mfa_of_root};
use crate::s3::rules::tags::has_control;
use crate::s3::state::world::Versioning;
use crate::s3::xml::Element;

/// Checks a document of a subresource that has no module of its own.
pub(crate) fn check(request: &Request<'_>, root: &Element) -> S3Result<()> {
    match request.subresource.query {
        "versioning" => versioning(request, root),
        "encryption" => encryption(root),
        "ownershipControls" => ownership(request, root),
        "publicAccessBlock" => public_access_block(root),
        "tagging" => tagging(root),
        "object-lock" => object_lock(request, root),
        "logging" => logging_document::check(request, root),
        "inventory" => inventory_document::check(request, root),
        "requestPayment" => one_of(root, "Payer", &["Requester", "BucketOwner"]),
        "accelerate" => one_of(root, "Status", &["Enabled", "Suspended"]),
        "cors" => need(!root.children.is_empty() && root.has_only(&["ID"], &["CORSRule"])),
        "analytics" | "metrics" | "intelligent-tiering" => identified(request, root),
        _ => Ok(()),
    }
}

fn need(holds: bool) -> S3Result<()> {
    if holds { Ok(()) } else { Err(malformed_xml()) }
}

fn one_of(root: &Element, name: &str, values: &[&str]) -> S3Result<()> {
    need(
        root.text_of(name)
            .is_some_and(|value| values.contains(&value)),
    )
}

fn versioning(request: &Request<'_>, root: &Element) -> S3Result<()> {
    need(root.has_only(&["Status", "MfaDelete"], &[]))?;
    let Some(status) = root.text_of("Status") else {
        let text = "The Versioning element must be specified";
        return Err(fault(400, "IllegalVersioningConfigurationException", text));
    };
    need(["Enabled", "Suspended"].contains(&status))?;
    if let Some(with_mfa) = root.text_of("MfaDelete") {
        need(["Enabled", "Disabled"].contains(&with_mfa))?;
    }
    let mfa = request.call.headers.get("x-amz-mfa");
    let mfa = mfa.and_then(|value| value.to_str().ok());
    let shown = is_mfa_of_root(request.call.caller, mfa);
    let world = request.store.world();
    let bucket = world.bucket(&request.target.name)?;
    // Versioning of a bucket with MFA Delete, and MFA Delete itself, change with a code only (BC:s3 PutBucketVersioning).
    // That Disabled needs none where it was not on is unverified.
    let needs_mfa = bucket.mfa_delete() || root.text_of("MfaDelete") == Some("Enabled");
    if needs_mfa && !shown {
        return Err(access_denied(NO_MFA));
    }
    // The other way round the lifecycle configuration is refused; that this is, too, is unverified.
    if root.text_of("MfaDelete") == Some("Enabled") && bucket.document("lifecycle").is_some() {
        let text = "Lifecycle configuration is not supported on buckets with MFA Delete.";
        return Err(fault(409, "InvalidBucketState", text));
    }
    if status == "Suspended" && bucket.document("replication").is_some() {
        return Err(fault(
            409,
            "InvalidBucketState",
            "A replication configuration is present on this bucket, so you cannot change the \
             versioning state. To change the versioning state, first delete the replication \
             configuration.",
        ));
    }
    if status == "Suspended" && bucket.object_lock() {
        return Err(fault(
            409,
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state \
             cannot be changed.",
        ));
    }
    Ok(())
}

fn encryption(root: &Element) -> S3Result<()> {
    need(!root.children.is_empty() && root.has_only(&["Rule"], &[]))?;
    let Some(default) = root
        .child("Rule")
        .and_then(|rule| rule.child("ApplyServerSideEncryptionByDefault"))
    else {
        return Ok(());
    };
    let algorithm = default.text_of("SSEAlgorithm").unwrap_or_default();
    need(["AES256", "aws:kms", "aws:kms:dsse"].contains(&algorithm))?;
    if algorithm == "AES256" && default.child("KMSMasterKeyID").is_some() {
        let text = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms \
                    or aws:kms:dsse";
        return Err(invalid_argument(text));
    }
    Ok(())
}

fn ownership(request: &Request<'_>, root: &Element) -> S3Result<()> {
    need(root.has_only(&["Rule"], &[]))?;
    let rule = root.child("Rule").ok_or_else(malformed_xml)?;
    let values = [
        "BucketOwnerEnforced",
        "BucketOwnerPreferred",
        "ObjectWriter",
    ];
    one_of(rule, "ObjectOwnership", &values)?;
    let world = request.store.world();
    let bucket = world.bucket(&request.target.name)?;
    let enforced = rule.text_of("ObjectOwnership") == Some("BucketOwnerEnforced");
    let grants = bucket.tree("acl").map(acl::parse).transpose()?;
    let others = grants.is_some_and(|grants| !acl::only_owner(&grants, &bucket.owner));
    if enforced && others {
        return Err(acl::not_with_enforced());
    }
    Ok(())
}

/// The settings of Block Public Access.
pub(crate) const PUBLIC_ACCESS_BLOCK: [&str; 4] = [
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
];

/// Checks what a bucket or an account blocks.
pub(crate) fn public_access_block(root: &Element) -> S3Result<()> {
    let is_bool = |child: &Element| ["true", "false", "TRUE", "FALSE"].contains(&&*child.text);
    need(root.has_only(&PUBLIC_ACCESS_BLOCK, &[]) && root.children.iter().all(is_bool))
}

fn tagging(root: &Element) -> S3Result<()> {
    need(root.has_only(&["TagSet"], &[]))?;
    check_tags(root.child("TagSet").ok_or_else(malformed_xml)?)
}

/// Checks a list of `Tag` elements of a bucket.
pub(crate) fn check_tags(set: &Element) -> S3Result<()> {
    need(set.has_only(&[], &["Tag"]))?;
    if set.children.len() > 50 {
        return Err(fault(
            400,
            "BadRequest",
            "Bucket tag count cannot be greater than 50",
        ));
    }
    let mut keys = std::collections::BTreeSet::new();
    for tag in &set.children {
        let (Some(key), Some(value)) = (tag.text_of("Key"), tag.text_of("Value")) else {
            return Err(malformed_xml());
        };
        let invalid = |text: &'static str| Err(fault(400, "InvalidTag", text));
        if has_control(key) {
            return invalid("The TagKey you have provided is invalid");
        }
        if has_control(value) {
            return invalid("The TagValue you have provided is invalid");
        }
        if key.starts_with("aws:") {
            let text = "System tags cannot be added/updated by requester";
            return Err(fault(400, "InvalidTag", text));
        }
        if !keys.insert(key) {
            let text = "Cannot provide multiple Tags with the same key";
            return Err(fault(400, "InvalidTag", text));
        }
    }
    Ok(())
}

fn object_lock(request: &Request<'_>, root: &Element) -> S3Result<()> {
    need(root.text_of("ObjectLockEnabled") == Some("Enabled"))?;
    let world = request.store.world();
    if world.bucket(&request.target.name)?.versioning() == Versioning::Enabled {
        return Ok(());
    }
    let text = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
    Err(fault(409, "InvalidBucketState", text))
}

/// The id in the document is the id in the request.
fn identified(request: &Request<'_>, root: &Element) -> S3Result<()> {
    if request.id.is_empty() {
        return Err(fault(
            400,
            "InvalidConfigurationId",
            "The specified configuration id is invalid.",
        ));
    }
    need(root.text_of("Id") == Some(&*request.id))
}
