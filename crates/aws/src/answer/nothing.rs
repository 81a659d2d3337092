//! "There is none": AWS's own code for it, operation by operation. Whatever is not in the table is a failure.

use crate::failure::Failure;

/// A service, an operation, and the code with which AWS says that what is asked for is not there while its whole is.
struct Row(&'static str, &'static str, &'static str);

/// Sources: API pages of the operations named, "Errors" (BC:s3, BC:iam, BC:s3control, BC:cloudwatch, BC:cloudtrail, BC:sns, BC:kms); what no model lists is quoted from where it was seen:
/// TF = terraform-provider-aws `internal/service/s3`, which tells the same codes apart.
#[rustfmt::skip]
const NOTHING: &[Row] = &[
    Row("s3", "GetBucketPolicy", "NoSuchBucketPolicy"), // UG:ErrorResponses
    Row("s3", "GetBucketReplication", "ReplicationConfigurationNotFoundError"), // BC:s3 GetBucketReplication
    Row("s3", "GetBucketTagging", "NoSuchTagSet"), // BC:s3 GetBucketTagging
    Row("s3", "GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError"), // TF bucket_server_side_encryption
    Row("s3", "GetBucketOwnershipControls", "OwnershipControlsNotFoundError"), // TF bucket_ownership_controls
    Row("s3", "GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"), // UG:ErrorResponses
    Row("s3", "GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"), // UG:ErrorResponses
    Row("s3", "GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration"), // BC:s3 GetBucketLifecycleConfiguration
    Row("s3", "DeleteBucketPolicy", "NoSuchBucketPolicy"),
    Row("s3", "DeleteBucketReplication", "ReplicationConfigurationNotFoundError"),
    Row("s3", "DeleteBucketTagging", "NoSuchTagSet"),
    Row("s3", "DeleteBucketOwnershipControls", "OwnershipControlsNotFoundError"),
    Row("s3", "DeletePublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
    Row("s3", "DeleteBucketInventoryConfiguration", "NoSuchConfiguration"), // TF bucket_inventory
    Row("s3", "DeleteObject", "NoSuchKey"),
    Row("s3", "DeleteObject", "NoSuchVersion"), // UG:ErrorResponses
    Row("s3control", "GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"), // BC:s3control, a modelled error
    Row("iam", "GetRole", "NoSuchEntity"), // BC:iam, a modelled error of each
    Row("iam", "GetRolePolicy", "NoSuchEntity"),
    Row("iam", "ListRolePolicies", "NoSuchEntity"),
    Row("iam", "ListAttachedRolePolicies", "NoSuchEntity"),
    Row("iam", "GetPolicy", "NoSuchEntity"),
    Row("iam", "GetPolicyVersion", "NoSuchEntity"),
    Row("iam", "DeleteRolePolicy", "NoSuchEntity"),
    Row("iam", "DeleteRolePermissionsBoundary", "NoSuchEntity"),
    Row("iam", "DeleteRole", "NoSuchEntity"),
    Row("cloudwatch", "DeleteAlarms", "ResourceNotFound"), // BC:cloudwatch, a modelled error
    Row("cloudtrail", "GetTrail", "TrailNotFoundException"), // BC:cloudtrail, a modelled error of each
    Row("cloudtrail", "GetTrailStatus", "TrailNotFoundException"),
    Row("cloudtrail", "GetEventSelectors", "TrailNotFoundException"),
    Row("cloudtrail", "ListTags", "ResourceNotFoundException"),
    Row("cloudtrail", "DeleteTrail", "TrailNotFoundException"),
    Row("sns", "GetTopicAttributes", "NotFound"), // BC:sns, a modelled error
    Row("kms", "DescribeKey", "NotFoundException"), // BC:kms, a modelled error of both
    Row("kms", "GetKeyPolicy", "NotFoundException"),
    Row("kms", "ListGrants", "NotFoundException"),
];

/// The status that comes with such a code: services that speak JSON answer every error of the caller's with 400 (BC:kms, "HTTP Status
/// Code: 400"; BC:cloudtrail likewise).
fn status_of(service: &str) -> u16 {
    match service {
        "kms" | "cloudtrail" => 400,
        _ => 404,
    }
}

/// The code with which every operation on a bucket says that there is no bucket (UG:ErrorResponses).
const NO_BUCKET: &str = "NoSuchBucket";

/// `Ok(None)` where the failure says, in AWS's own code for this operation, that nothing is there.
pub(crate) fn absent<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if says_nothing(&failure) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether a refusal says that the bucket is not there. A part of a bucket that says so is not believed alone.
pub(crate) fn says_no_bucket(failure: &Failure) -> bool {
    failure.status() == Some(404) && failure.is(&[NO_BUCKET])
}

fn says_nothing(failure: &Failure) -> bool {
    let call = &failure.facts().call;
    let row = |Row(service, operation, code): &Row| {
        *service == call.service && *operation == call.operation && failure.is(&[code])
    };
    failure.status() == Some(status_of(call.service)) && NOTHING.iter().any(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Call, Cause, Intent};

    fn answer(operation: &'static str, status: u16, code: Option<&str>) -> Result<(), Failure> {
        let call = Call {
            service: "s3",
            operation,
            intent: Intent::Read,
            subject: "x".to_owned(),
            region: None,
        };
        let cause = Cause::Answer {
            status,
            code: code.map(str::to_owned),
            message: None,
        };
        Err(Failure::new(call, cause))
    }

    #[test]
    fn only_the_operations_own_code_with_its_status_says_that_nothing_is_there() {
        let none = |operation, status, code| absent(answer(operation, status, code)).is_ok();
        assert!(none("GetBucketPolicy", 404, Some("NoSuchBucketPolicy")));
        for (status, code) in [
            (404, None),
            (404, Some("NotFound")),
            (404, Some("NoSuchBucket")),
            (404, Some("NoSuchTagSet")),
            (404, Some("ReplicationConfigurationNotFoundError")),
            (400, Some("NoSuchBucketPolicy")),
            (500, Some("NoSuchBucketPolicy")),
        ] {
            assert!(!none("GetBucketPolicy", status, code), "{status} {code:?}");
        }
        assert!(!none(
            "GetBucketVersioning",
            404,
            Some("NoSuchBucketPolicy")
        ));
    }
}
