//! PutBucketLogging: what S3 checks when it is put. Whether the logs may be delivered is found out at delivery (seen: a put
//! with no policy on the target bucket is taken; localstack's snapshot of AWS, test_put_bucket_logging).

use s3s::{S3Error, S3Result};

use super::request::Request;
use crate::s3::errors::{fault, malformed_xml, method_not_allowed, with_detail};
use crate::s3::state::world::Bucket;
use crate::s3::xml::Element;

const ENABLED: [&str; 4] = [
    "TargetBucket",
    "TargetGrants",
    "TargetPrefix",
    "TargetObjectKeyFormat",
];

/// READ_ACP is taken besides the three that are documented (seen: the same snapshot, accept_wrong_grants).
const PERMISSIONS: [&str; 4] = ["FULL_CONTROL", "READ", "WRITE", "READ_ACP"];

/// Checks the document.
pub(crate) fn check(request: &Request<'_>, root: &Element) -> S3Result<()> {
    need(root.has_only(&["LoggingEnabled"], &[]))?;
    let Some(enabled) = root.child("LoggingEnabled") else {
        return Ok(());
    };
    need(enabled.has_only(&ENABLED, &[]))?;
    let name = enabled.text_of("TargetBucket").ok_or_else(malformed_xml)?;
    need(enabled.child("TargetPrefix").is_some())?;
    if let Some(format) = enabled.child("TargetObjectKeyFormat") {
        key_format(format)?;
    }
    let grants = enabled.child("TargetGrants");
    grants.map_or(Ok(()), check_grants)?;
    let world = request.store.world();
    let Some(bucket) = world.buckets.get(name) else {
        return Err(invalid(
            "The target bucket for logging does not exist",
            name,
        ));
    };
    if bucket.owner != request.target.owner {
        let text = "The owner for the bucket to be logged and the target bucket must be the same.";
        return Err(invalid(text, name));
    }
    if bucket.region != request.target.region {
        return Err(elsewhere(&request.target.region, bucket));
    }
    if grants.is_some() && bucket.owner_enforced() {
        // Seen: GH:hashicorp/terraform-provider-aws#31771.
        let text = "Target grants not allowed for bucket owner enforced buckets";
        return Err(fault(400, "AccessControlListNotSupported", text));
    }
    Ok(())
}

fn need(holds: bool) -> S3Result<()> {
    if holds { Ok(()) } else { Err(malformed_xml()) }
}

/// One of the two forms (BC:s3 TargetObjectKeyFormat: "Only one format, PartitionedPrefix or SimplePrefix, is allowed").
fn key_format(format: &Element) -> S3Result<()> {
    need(format.has_only(&["SimplePrefix", "PartitionedPrefix"], &[]))?;
    need(format.children.len() == 1)?;
    let Some(partitioned) = format.child("PartitionedPrefix") else {
        return Ok(());
    };
    need(partitioned.has_only(&["PartitionDateSource"], &[]))?;
    let source = partitioned.text_of("PartitionDateSource");
    need(source.is_none_or(|source| ["EventTime", "DeliveryTime"].contains(&source)))
}

fn check_grants(grants: &Element) -> S3Result<()> {
    need(grants.has_only(&[], &["Grant"]))?;
    for grant in &grants.children {
        let grantee = grant.child("Grantee").ok_or_else(malformed_xml)?;
        let permission = grant.text_of("Permission").unwrap_or_default();
        need(PERMISSIONS.contains(&permission))?;
        // Grants by email ended on 2025-10-01 (BC:s3 PutBucketLogging).
        if grantee.child("EmailAddress").is_some() {
            return Err(method_not_allowed());
        }
        need(
            ["ID", "URI"]
                .iter()
                .any(|name| grantee.child(name).is_some()),
        )?;
    }
    Ok(())
}

fn invalid(text: &'static str, bucket: &str) -> S3Error {
    let error = fault(400, "InvalidTargetBucketForLogging", text);
    with_detail(error, "TargetBucket", bucket)
}

/// Text and details, with the space at its end, as AWS answers them (the same snapshot, test_put_bucket_logging_cross_locations):
/// a source in us-east-1 is not named.
fn elsewhere(source: &str, target: &Bucket) -> S3Error {
    let text = "Cross S3 location logging not allowed. ";
    let error = fault(403, "CrossLocationLoggingProhibitted", text);
    let error = with_detail(error, "TargetBucketLocation", &target.region);
    if source == "us-east-1" {
        return error;
    }
    with_detail(error, "SourceBucketLocation", source)
}
