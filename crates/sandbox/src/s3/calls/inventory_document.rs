//! PutBucketInventoryConfiguration: what S3 checks when it is put. That the destination is there, in the same Region, and
//! lets S3 in is found out when a report is delivered (unverified: that none of it is asked before).

use s3s::{S3Error, S3Result};

use super::request::Request;
use crate::s3::errors::{fault, invalid_argument, malformed_xml};
use crate::s3::state::inventory::Inventory;
use crate::s3::xml::Element;

/// The most configurations of a bucket (BC:s3 PutBucketInventoryConfiguration).
const CONFIGURATIONS: usize = 1000;

/// Checks the document.
pub(crate) fn check(request: &Request<'_>, root: &Element) -> S3Result<()> {
    let inventory = Inventory::parse(root).ok_or_else(malformed_xml)?;
    if inventory.id != request.id {
        // Seen: localstack's snapshot of AWS, test_s3_put_inventory_report_exceptions, as are the texts on ARNs and the
        // MalformedXML of unknown values.
        let text = "Document ID does not match the specified configuration ID.";
        return Err(fault(400, "IdMismatch", text));
    }
    check_id(&inventory.id)?;
    check_arn(&inventory.bucket_arn)?;
    let has_account =
        |account: &String| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if !inventory.account.as_ref().is_none_or(has_account) {
        return Err(invalid_argument("Invalid AccountId."));
    }
    let world = request.store.world();
    let bucket = world.bucket(&request.target.name)?;
    let now = request.store.environment.clock.now();
    let others = bucket.documents.keys();
    let others = others.filter(|key| key.0 == "inventory" && key.1 != request.id);
    let others = others.filter(|key| bucket.document_as_of(key, now).is_some());
    if others.count() >= CONFIGURATIONS {
        let text = "You are attempting to create a new configuration but have already reached the 1,000-configuration \
                    limit.";
        return Err(fault(400, "TooManyConfigurations", text));
    }
    Ok(())
}

/// Up to 64 letters, digits, periods, dashes and underscores (GH:aws/aws-cdk#27794).
fn check_id(id: &str) -> S3Result<()> {
    let plain = |char: char| char.is_ascii_alphanumeric() || ".-_".contains(char);
    if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
        let text = "The specified configuration id is invalid.";
        return Err(fault(400, "InvalidConfigurationId", text));
    }
    Ok(())
}

fn check_arn(arn: &str) -> S3Result<()> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "s3", region, account, name]
            if partition.starts_with("aws") && !name.is_empty() && !name.contains('/') =>
        {
            // Seen: GH:aws/aws-cli#3611.
            if region.is_empty() && account.is_empty() {
                return Ok(());
            }
            Err(invalid_destination(
                "Bucket ARN should not specify a namespace.",
            ))
        }
        _ => Err(invalid_destination("Invalid bucket ARN.")),
    }
}

fn invalid_destination(text: &'static str) -> S3Error {
    fault(400, "InvalidS3DestinationBucket", text)
}
