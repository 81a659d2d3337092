//! An answer that is whole: the element that the operation answers with, closed, and in it what AWS never leaves out.
//!
//! It knows nothing of the SDK, so that its fuzzer is built without it.

use super::elements::walk;

/// An operation that reads, the element that it answers with, and the elements below it that AWS never leaves out.
struct Shape(&'static str, &'static str, &'static [&'static str]);

/// Sources: the response syntax of each operation's API page. What S3 and IAM refuse to keep without is never answered without: a
/// replication configuration without role or rules, an encryption without a rule (BC:s3, "required"). A set that may be empty is there,
/// empty. `VersioningConfiguration` alone may hold nothing: of a bucket that never had versions.
#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    Shape("GetBucketReplication", "ReplicationConfiguration", &["Role", "Rule", "Rule/Status", "Rule/Destination/Bucket"]),
    Shape("GetBucketTagging", "Tagging", &["TagSet"]),
    Shape("GetObjectTagging", "Tagging", &["TagSet"]),
    Shape("GetBucketVersioning", "VersioningConfiguration", &[]),
    Shape("GetBucketEncryption", "ServerSideEncryptionConfiguration", &["Rule"]),
    Shape("GetBucketOwnershipControls", "OwnershipControls", &["Rule/ObjectOwnership"]),
    // S3 and S3 Control.
    Shape("GetPublicAccessBlock", "PublicAccessBlockConfiguration", &[]),
    Shape("ListJobs", "ListJobsResult", &[]),
    Shape("DescribeJob", "DescribeJobResult", &["Job", "Job/Status"]),
    Shape("GetJobTagging", "GetJobTaggingResult", &[]),
    Shape("CreateJob", "CreateJobResult", &["JobId"]),
    Shape("GetObjectLockConfiguration", "ObjectLockConfiguration", &[]),
    Shape("GetBucketRequestPayment", "RequestPaymentConfiguration", &["Payer"]),
    Shape("GetBucketLifecycleConfiguration", "LifecycleConfiguration", &["Rule"]),
    Shape("GetBucketLogging", "BucketLoggingStatus", &[]),
    Shape("ListBucketInventoryConfigurations", "ListInventoryConfigurationsResult", &[]),
    Shape("ListObjectVersions", "ListVersionsResult", &[]),
    Shape("ListBuckets", "ListAllMyBucketsResult", &["Buckets"]),
    Shape("GetRole", "GetRoleResponse", &["GetRoleResult/Role/RoleId", "GetRoleResult/Role/AssumeRolePolicyDocument"]),
    Shape("GetRolePolicy", "GetRolePolicyResponse", &["GetRolePolicyResult/PolicyDocument"]),
    Shape("ListRoles", "ListRolesResponse", &["ListRolesResult/Roles"]),
    Shape("ListRolePolicies", "ListRolePoliciesResponse", &["ListRolePoliciesResult/PolicyNames"]),
    Shape("ListAttachedRolePolicies", "ListAttachedRolePoliciesResponse", &["ListAttachedRolePoliciesResult/AttachedPolicies"]),
    Shape("GetTopicAttributes", "GetTopicAttributesResponse", &["GetTopicAttributesResult/Attributes"]),
    Shape("GetAccountAuthorizationDetails", "GetAccountAuthorizationDetailsResponse", &["GetAccountAuthorizationDetailsResult/RoleDetailList"]),
];

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotWhole {
    #[error("the answer is empty")]
    Empty,
    #[error("the answer is not XML that ends where it should")]
    Cut,
    #[error("the answer is not a {0}")]
    Foreign(&'static str),
    #[error("the answer lacks {0}, which AWS never leaves out")]
    Lacks(&'static str),
}

/// Whether a successful answer of an operation is whole; an operation that is not in the table answers nothing that is read.
pub(crate) fn judge(operation: &str, body: &[u8]) -> Result<(), NotWhole> {
    let shape = SHAPES.iter().find(|Shape(of, ..)| *of == operation);
    shape.map_or(Ok(()), |shape| check(body, shape))
}

fn check(body: &[u8], Shape(_, root, needed): &Shape) -> Result<(), NotWhole> {
    if body.trim_ascii().is_empty() {
        return Err(NotWhole::Empty);
    }
    let mut missing: Vec<&'static str> = needed.to_vec();
    let found = walk(body, |path| missing.retain(|needed| *needed != path));
    let found = found.map_err(|_| NotWhole::Cut)?;
    if found != *root {
        return Err(NotWhole::Foreign(root));
    }
    match missing.first() {
        None => Ok(()),
        Some(missing) => Err(NotWhole::Lacks(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(operation: &str, body: &str) -> Result<(), NotWhole> {
        assert!(SHAPES.iter().any(|Shape(of, ..)| *of == operation));
        judge(operation, body.as_bytes())
    }

    #[test]
    fn a_whole_answer_is_the_operations_own_element_with_what_is_never_left_out() {
        let of = |inner: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<ReplicationConfiguration xmlns=\"x\">{inner}</ReplicationConfiguration>\n"
            )
        };
        let rule =
            "<Rule><Status>Enabled</Status><Destination><Bucket>b</Bucket></Destination></Rule>";
        let read = |inner: &str| judged("GetBucketReplication", &of(inner));
        assert_eq!(read(&format!("<Role>r</Role>{rule}")), Ok(()));
        assert_eq!(read(rule), Err(NotWhole::Lacks("Role")));
        assert_eq!(read("<Role>r</Role>"), Err(NotWhole::Lacks("Rule")));
        assert_eq!(
            read("<Role>r</Role><rule><ID>theirs</ID></rule>"),
            Err(NotWhole::Lacks("Rule"))
        );
        assert_eq!(judged("GetBucketReplication", " \n"), Err(NotWhole::Empty));
        assert_eq!(
            judged("GetBucketReplication", "<Tagging/>"),
            Err(NotWhole::Foreign("ReplicationConfiguration"))
        );
        assert_eq!(
            judged("GetBucketTagging", "<Tagging><TagSet/></Tagging>"),
            Ok(())
        );
        let never = "<VersioningConfiguration/>";
        assert_eq!(judged("GetBucketVersioning", never), Ok(()));
    }

    #[test]
    fn what_is_cut_anywhere_is_not_whole() {
        let whole = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
        assert_eq!(judged("GetBucketTagging", whole), Ok(()));
        for end in 0..whole.len() {
            assert!(judged("GetBucketTagging", &whole[..end]).is_err(), "{end}");
        }
        for more in ["<Tagging/>", "x"] {
            let more = format!("{whole}{more}");
            assert_eq!(judged("GetBucketTagging", &more), Err(NotWhole::Cut));
        }
    }
}
