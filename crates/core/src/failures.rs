//! What S3 says of objects that could not be replicated (UG:replication-failure-codes), each with what to do about it.
//! `docs/errors.md` has the same table; a test holds it to this one.

/// A failure code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureCode {
    /// The code, as reports and events have it.
    pub code: &'static str,
    /// What is wrong.
    pub cause: &'static str,
    /// What mends it.
    pub fix: &'static str,
    /// Whether such an object is missing nothing: there is nothing of it that could be copied.
    pub is_harmless: bool,
}

const fn row(code: &'static str, cause: &'static str, fix: &'static str) -> FailureCode {
    FailureCode {
        code,
        cause,
        fix,
        is_harmless: false,
    }
}

/// The way out where the replication role lacks a grant.
const GRANT: &str = "apply puts back what the spec grants; s3ferry doctor names what else is missing or denies it, with the statement to add";
const MULTIPART: &str = "as DstPutObjectNotPermitted";

/// Every code that AWS documents.
pub const FAILURE_CODES: [FailureCode; 28] = [
    row(
        "AssumeRoleNotPermitted",
        "S3 could not assume the role: it is not there, or its trust policy does not let S3 in",
        "apply puts back the spec's role and its trust policy; s3ferry doctor looks at any other role",
    ),
    row(
        "DstBucketInvalidRegion",
        "the destination bucket is in another Region than S3 was told, or in one that the account has not enabled",
        "look at the destination's Region in the spec; enable the Region in both accounts",
    ),
    row(
        "DstBucketNotFound",
        "the destination bucket is not there, or of another account than the rule says",
        "make it again, or let the spec make it (destination: { create: true }); s3ferry doctor knows a bucket of another account",
    ),
    row(
        "DstBucketObjectLockConfigMissing",
        "the source bucket has Object Lock and the destination bucket has not",
        "enable Object Lock on the destination bucket",
    ),
    row(
        "DstBucketUnversioned",
        "versioning of the destination bucket is not enabled",
        "apply switches it on again",
    ),
    row(
        "DstDelObjNotPermitted",
        "the role may not replicate delete markers (s3:ReplicateDelete on the destination's objects, in its policy and in the bucket's)",
        GRANT,
    ),
    row(
        "DstKmsKeyInvalidState",
        "the replica key is disabled, waits for deletion, or is of another kind",
        "enable the key, or name another as replica_key",
    ),
    row(
        "DstKmsKeyNotFound",
        "the replica key is not there, or in another Region",
        "name a key of the destination's Region as replica_key",
    ),
    row(
        "DstMultipartCompleteNotPermitted",
        "a multipart upload of a replica could not be completed (s3:ReplicateObject)",
        MULTIPART,
    ),
    row(
        "DstMultipartInitNotPermitted",
        "a multipart upload of a replica could not be begun (s3:ReplicateObject)",
        MULTIPART,
    ),
    row(
        "DstMultipartPartUploadNotPermitted",
        "a part of a replica could not be written (s3:ReplicateObject)",
        MULTIPART,
    ),
    row(
        "DstObjectHardDeleted",
        "the replica of this version was there and was deleted by its version; S3 does not make it again",
        "copy the object onto itself at the source, which makes a new version; an older version stays missing",
    ),
    row(
        "DstPutAclNotPermitted",
        "the role may not give replicas to the destination's account (s3:ObjectOwnerOverrideToBucketOwner on the destination's objects, in its policy and in the bucket's)",
        GRANT,
    ),
    row(
        "DstPutLegalHoldNotPermitted",
        "the role may not put a legal hold on replicas (s3:PutObjectLegalHold)",
        "allow it in the role's policy and in the destination bucket's",
    ),
    row(
        "DstPutObjectNotPermitted",
        "the role may not write replicas (s3:ReplicateObject, or the use of the replica key): its policies, its boundary, the destination bucket's policy, the replica key's, a public policy that closes the bucket, or Requester Pays",
        GRANT,
    ),
    row(
        "DstPutTaggingNotPermitted",
        "the role may not tag replicas (s3:ReplicateTags on the destination's objects, in its policy and in the bucket's)",
        GRANT,
    ),
    row(
        "DstVersionNotFound",
        "the replica whose tags or locks changed is not at the destination",
        "compare both sides with s3ferry verify; S3 Batch Replication brings what is missing",
    ),
    row(
        "InitiateReplicationNotPermitted",
        "the role of the job may not ask for replication (s3:InitiateReplication on the source's objects)",
        "apply puts back the role's policy; beyond it look at its permissions boundary, at service control policies, and at Denies of the source bucket",
    ),
    row(
        "SrcBucketInvalidRegion",
        "the source bucket is in another Region than the job, or in one that the account has not enabled",
        "look at the source's Region in the spec",
    ),
    row(
        "SrcBucketNotFound",
        "the source bucket is not there",
        "look who deleted it",
    ),
    row(
        "SrcBucketReplicationConfigMissing",
        "the source bucket has no rules, or the role may not read them (s3:GetReplicationConfiguration)",
        GRANT,
    ),
    row(
        "SrcGetAclNotPermitted",
        "the role may not read ACLs of objects (s3:GetObjectVersionAcl)",
        GRANT,
    ),
    row(
        "SrcGetObjectNotPermitted",
        "the role may not read objects (s3:GetObjectVersionForReplication): its policies, a Deny of the source bucket, locks (s3:GetObjectRetention, s3:GetObjectLegalHold), or the key that they are under",
        GRANT,
    ),
    row(
        "SrcGetTaggingNotPermitted",
        "the role may not read tags (s3:GetObjectVersionTagging)",
        GRANT,
    ),
    row(
        "SrcHeadObjectNotPermitted",
        "the role may not look at objects or see delete markers (s3:GetObjectVersionForReplication, s3:ListBucket)",
        GRANT,
    ),
    row(
        "SrcKmsKeyInvalidState",
        "the key that objects are under is disabled, waits for deletion, or is not there",
        "enable the key; what a deleted key encrypted cannot be read by anybody any more",
    ),
    row(
        "SrcObjectNotEligible",
        "no rule covers the object any more, or it is archived, or encrypted in a way that the rule does not select",
        "restore what is archived; s3ferry doctor --object KEY says which rule would take it",
    ),
    FailureCode {
        is_harmless: true,
        ..row(
            "SrcVersionNotFound",
            "the version was deleted at the source since",
            "nothing is left to replicate",
        )
    },
];

/// What a code means; none for one that AWS has not documented.
#[must_use]
pub fn failure_code(code: &str) -> Option<&'static FailureCode> {
    FAILURE_CODES.iter().find(|of| of.code == code)
}
